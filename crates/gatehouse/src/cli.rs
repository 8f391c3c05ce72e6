//! What can be typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{LogFormat, Role};

/// Registration service for managed access gateways.
///
/// Companies register, people get accounts, organizations subscribe to applications, users get access; everything that
/// happens is kept for good in an event log.
#[derive(Debug, Parser)]
#[command(name = "gatehouse", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands. Flags win over the environment, the environment over the file.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// The configuration file (TOML); `gatehouse config` shows all keys.
    #[arg(long, global = true, env = "GATEHOUSE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The data folder [default: gatehouse-data].
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// Where the event log is: postgres://user@host/database or esdb://host:2113 [default: in the data folder].
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(crate) log: Option<String>,
    /// Where the key ring and the vault are: postgres://user@host/database [default: in the data folder].
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(crate) secrets: Option<String>,
    /// Where the read models are: postgres://user@host/database [default: in the data folder].
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(crate) views: Option<String>,
    /// How log lines look [default: json for serve, text otherwise].
    #[arg(long, global = true, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
    /// What is logged, such as `info` or `info,sqlx=debug` [default: info for serve, warn otherwise].
    #[arg(long, global = true, value_name = "FILTER")]
    pub(crate) log_filter: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the service.
    Serve(Serve),
    /// Run the service on a fresh data folder with a partner, a reviewer and some hundred registrations, and say what to try.
    Demo(Demo),
    /// Show what happened to an organization, a person, a case, an invitation, an application, a member of staff or a downstream service.
    History(History),
    /// Build a read model anew, beside the live one.
    Rebuild {
        /// Which, such as review-queue; `gatehouse status` lists them.
        name: String,
    },
    /// Show how the service is: log, read models, mails.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make, list and revoke API tokens.
    #[command(subcommand)]
    Token(Token),
    /// Import, list and release one-time-password tokens that were bought elsewhere.
    #[command(subcommand)]
    Inventory(Inventory),
    /// Appoint, list and dismiss staff.
    #[command(subcommand)]
    Staff(Staff),
    /// Register, list, limit and retire downstream services, which consume events.
    #[command(subcommand)]
    Service(Service),
    /// Put applications into the catalogue.
    #[command(subcommand)]
    Catalogue(Catalogue),
    /// Erase the personal data of a person, for good. History stays, with `erased` in its place.
    Forget {
        /// Who: their person id or User ID, or the id of a member of staff.
        person: String,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Show which downstream services have not acknowledged which erasures, and since when.
    #[command(args_conflicts_with_subcommands = true)]
    Erasures {
        /// Also those that every service has acknowledged.
        #[arg(long)]
        all: bool,
        #[command(subcommand)]
        what: Option<Erasures>,
    },
    /// Copy log, key ring and vault into a folder, together, while the service runs.
    Backup {
        /// The folder; must not be there yet.
        folder: PathBuf,
    },
    /// Put a backup into the configured stores, which must be empty. Starts a new epoch of the log: cursors of the old one are refused.
    Restore {
        /// The backup's folder.
        backup: PathBuf,
        /// The list of persons who were forgotten (forgotten.list of the data folder that is lost): those are forgotten again, also if the
        /// backup is older than that.
        #[arg(long, value_name = "FILE")]
        forgotten: Option<PathBuf>,
    },
    /// Say that a database was put back from a backup of its own: starts a new epoch, and forgets again whom the list says was forgotten.
    Restored {
        /// As of `restore`; without it, the list in the data folder.
        #[arg(long, value_name = "FILE")]
        forgotten: Option<PathBuf>,
    },
    /// Copy log, key ring and vault from one kind of store to another, while no service runs on either. Can be interrupted and run again.
    Copy {
        /// Where everything is: sqlite:FOLDER or postgres://user@host/database.
        #[arg(long, value_name = "STORES")]
        from: String,
        /// Where everything goes: sqlite:FOLDER or postgres://user@host/database.
        #[arg(long, value_name = "STORES")]
        to: String,
    },
    /// Compare what was published to NATS with the log and repair it, or fill a new stream.
    Publish(Publish),
    /// Look for what is wrong: files, keys, the log's integrity, read models.
    Doctor,
    /// Show the configuration in force, as a file would have it.
    Config,
}

/// Flags of `serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where HTTP is served; port 0 takes a free one [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// How the outside reaches the service; all links in mails begin with it [default: http:// and the address served].
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Where events are published for other services, such as nats://127.0.0.1:4222; several servers of a cluster with commas
    /// [default: nowhere, they are to be had over HTTP].
    #[arg(long, value_name = "URL")]
    pub(crate) nats: Option<String>,
    /// What this instance does, where several share everything; with commas [default: everything].
    #[arg(long, value_name = "ROLE", value_delimiter = ',')]
    pub(crate) role: Vec<Role>,
    /// What people call this instance [default: the machine's name and the process id].
    #[arg(long, value_name = "NAME")]
    pub(crate) instance: Option<String>,
}

/// Flags of `publish`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["reconcile", "into"]))]
pub(crate) struct Publish {
    /// Compare the stream with the log, message by message: what it lacks at its end is published, a stream that is gone is made
    /// anew, everything else is told.
    #[arg(long, conflicts_with = "from")]
    pub(crate) reconcile: bool,
    /// With --into: the position after which the new stream begins [default: 0, the beginning].
    #[arg(long, value_name = "POSITION", requires = "into")]
    pub(crate) from: Option<u64>,
    /// Fill this stream, which must be new or begun by this command, with all events after --from.
    #[arg(long, value_name = "STREAM")]
    pub(crate) into: Option<String>,
}

/// Flags of `demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where HTTP is served; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Where events are published, such as nats://127.0.0.1:4222.
    #[arg(long, value_name = "URL")]
    pub(crate) nats: Option<String>,
    /// How many registrations.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    pub(crate) registrations: u32,
    /// The same seed makes the same companies and people.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Fill the folder, print what to try, and end instead of serving.
    #[arg(long)]
    pub(crate) no_serve: bool,
}

/// Flags of `history`.
#[derive(Debug, Args)]
pub(crate) struct History {
    /// Of what.
    pub(crate) subject: SubjectKind,
    /// Which: its id, or a case number (GH-…), a User ID, an application's code, a service's name, an organization's legal name or registered identifier.
    pub(crate) id: String,
    /// The state as it was at this instant instead, such as 2026-03-31T12:00:00Z.
    #[arg(long, value_name = "INSTANT")]
    pub(crate) at: Option<jiff::Timestamp>,
    /// With --at: what changed from then until this instant.
    #[arg(long, value_name = "INSTANT", requires = "at")]
    pub(crate) until: Option<jiff::Timestamp>,
    /// As JSON, one event a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What has a history.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SubjectKind {
    /// An organization, with its case, users, subscriptions.
    Organization,
    /// A person.
    Person,
    /// A registration case.
    Case,
    /// An invitation.
    Invitation,
    /// An application of the catalogue.
    Application,
    /// A member of the staff.
    Staff,
    /// A downstream service.
    Service,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Erasures {
    /// Show what was erased of a person, by whose wish, which services have acknowledged it, what backups may still hold, and how to check it.
    Certificate {
        /// Who: the id that `forget` printed.
        person: uuid::Uuid,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token; it is shown once, and only its hash is kept.
    #[command(group = clap::ArgGroup::new("holder").required(true).args(["staff", "partner", "service"]))]
    Create {
        /// What it is for, such as "review console" or "northwind erp".
        name: String,
        /// For a member of staff, with the roles they have.
        #[arg(long, value_name = "STAFF_ID")]
        staff: Option<uuid::Uuid>,
        /// For a partner's own system.
        #[arg(long, value_name = "ORGANIZATION_ID")]
        partner: Option<uuid::Uuid>,
        /// For a downstream service, by its name.
        #[arg(long, value_name = "SERVICE")]
        service: Option<String>,
        /// Days until it expires.
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: u32,
    },
    /// List tokens, without their secrets.
    List,
    /// Revoke a token; it stops working at once.
    Revoke {
        /// Its id, as `list` shows it.
        id: uuid::Uuid,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Inventory {
    /// Put tokens into the inventory, so that their users can register them by serial number. Imported again, nothing changes.
    Import {
        /// A CSV file with the columns serial, algorithm (hotp or totp), and seed_hex or seed_base32; perhaps digits, period, hash, counter. Remove it
        /// afterwards: who has a seed has the token.
        file: PathBuf,
        /// Only say what would come of each row.
        #[arg(long)]
        dry_run: bool,
    },
    /// List the inventory; never a seed.
    List,
    /// Let a token be registered again whose credential was revoked or whose user was forgotten.
    Release {
        /// The serial number that is printed on it.
        serial: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Staff {
    /// Take somebody onto the staff.
    Appoint {
        /// Given name.
        given_name: String,
        /// Family name.
        family_name: String,
        /// E-mail address.
        email: String,
        /// A role; may be given more than once. No role implies another.
        #[arg(long = "role", required = true)]
        roles: Vec<StaffRoleName>,
        /// The name of a company that they belong to, whose cases they never decide; may be given more than once.
        #[arg(long = "belongs-to", value_name = "COMPANY")]
        belongs_to: Vec<String>,
    },
    /// List the staff.
    List,
    /// Give a role.
    Grant {
        /// Who.
        id: uuid::Uuid,
        /// Which.
        role: StaffRoleName,
    },
    /// Take a role.
    Revoke {
        /// Who.
        id: uuid::Uuid,
        /// Which.
        role: StaffRoleName,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
    },
    /// Let somebody sign in: gives their User ID and a one-time password. Again, it gives a new one, for a password that was forgotten.
    Account {
        /// Who.
        id: uuid::Uuid,
    },
    /// Let somebody sign in by the configured identity provider (staff_openid), beside their password. They need an account first.
    Link {
        /// Who.
        id: uuid::Uuid,
        /// Who they are at the provider, as its ID tokens have it (`sub`), letter for letter.
        #[arg(long)]
        subject: String,
    },
    /// Let somebody sign in by the identity provider no more; their sessions end.
    Unlink {
        /// Who.
        id: uuid::Uuid,
    },
    /// Take the second factors of somebody away who has lost them; they register another one when they sign in next.
    ResetSecondFactors {
        /// Who.
        id: uuid::Uuid,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
    },
    /// End somebody's membership; their tokens stop working.
    Dismiss {
        /// Who.
        id: uuid::Uuid,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
    },
}

/// The staff roles, as they are typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum StaffRoleName {
    /// Reviews registrations.
    Reviewer,
    /// Takes over cases, reopens, undoes.
    ReviewLead,
    /// Reads history.
    Auditor,
    /// Runs the service.
    Administrator,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Service {
    /// Let a service consume events: all that are public, or those about some applications.
    Register {
        /// Its name, for good: 2 to 40 lower-case letters, digits and dashes, such as sft-provisioning.
        name: String,
        /// An application that it is limited to, by its code; may be given more than once. Without any, it sees everything.
        #[arg(long = "application", value_name = "CODE")]
        applications: Vec<String>,
    },
    /// List services, also those that were retired.
    List,
    /// Show a service more or less from now on.
    #[command(group = clap::ArgGroup::new("what").required(true).args(["applications", "everything"]))]
    Scope {
        /// Which.
        name: String,
        /// An application that it is limited to, by its code; may be given more than once.
        #[arg(long = "application", value_name = "CODE")]
        applications: Vec<String>,
        /// Everything that is public.
        #[arg(long)]
        everything: bool,
    },
    /// Show what lets a service follow the stream in NATS: its consumer, and an account in which it can do nothing else.
    Nats {
        /// Which.
        name: String,
        /// Make the consumer, or change it to what the service sees now; how far it has come stays.
        #[arg(long)]
        make: bool,
    },
    /// End a service; its tokens stop working, and its name is never given again.
    Retire {
        /// Which.
        name: String,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Catalogue {
    /// Make the catalogue as this file has it: publishes what is new, amends what changed, leaves the rest.
    Apply {
        /// A TOML file; deploy/catalogue/demo.toml is one.
        file: PathBuf,
        /// Only say what would change.
        #[arg(long)]
        dry_run: bool,
    },
    /// List the catalogue.
    List,
}
