//! The commands as they are typed: each finds the service, asks it, and prints what it answered.

mod backup;
pub(crate) mod catalogue;
mod copy;
mod doctor;
mod erasures;
mod forget;
mod history;
mod inventory;
mod publish;
mod rebuild;
mod service;
mod staff;
mod status;
mod token;

use domain::StaffRole;

use crate::admin::client::Client;
use crate::cli::{Cli, Command, Erasures, Global, StaffRoleName};
use crate::config::{self, Config};
use crate::failure::Failure;
use crate::telemetry::{self, Voice};
use crate::{clock, demo, output, serve};

/// Runs the command that was typed.
///
/// # Errors
/// Why it failed.
pub(crate) async fn run(cli: Cli) -> Result<(), Failure> {
    let mut config = configured(&cli.global)?;
    match cli.command {
        Command::Serve(flags) => {
            config.listen = flags.listen.unwrap_or(config.listen);
            config.base_url = flags.base_url.or(config.base_url);
            config.nats.url = flags.nats.or(config.nats.url);
            config.instance = flags.instance.or(config.instance);
            if !flags.role.is_empty() {
                config.roles = flags.role;
                config.validate_stores().map_err(|error| Failure::Usage(format!("{error:#}")))?;
            }
            if let Some(base_url) = &config.base_url {
                config::check_base_url(base_url).map_err(|error| Failure::Usage(format!("{error:#}")))?;
            }
            telemetry::start_logging(&config, Voice::Service)?;
            serve::run(config, clock::system()).await
        }
        Command::Demo(flags) => {
            telemetry::start_logging(&config, Voice::Command)?;
            demo::run(flags, config, cli.global.config.as_deref()).await
        }
        Command::Config => output::line(config.to_toml()?.trim_end()),
        Command::Restore { backup, forgotten } => {
            telemetry::start_logging(&config, Voice::Command)?;
            backup::restore(&config, &backup, forgotten.as_deref()).await
        }
        Command::Restored { forgotten } => {
            telemetry::start_logging(&config, Voice::Command)?;
            backup::restored(config, forgotten.as_deref()).await
        }
        Command::Copy { from, to } => {
            telemetry::start_logging(&config, Voice::Command)?;
            copy::run(&config, &from, &to).await
        }
        Command::Doctor => {
            telemetry::start_logging(&config, Voice::Command)?;
            doctor::run(config).await
        }
        Command::History(command) => asking(config, async |client| history::run(client, command).await).await,
        Command::Rebuild { name } => asking(config, async |client| rebuild::run(client, &name).await).await,
        Command::Status { json } => asking(config, async |client| status::run(client, json).await).await,
        Command::Token(command) => asking(config, async |client| token::run(client, command).await).await,
        Command::Inventory(command) => asking(config, async |client| inventory::run(client, command).await).await,
        Command::Staff(command) => asking(config, async |client| staff::run(client, command).await).await,
        Command::Service(command) => asking(config, async |client| service::run(client, command).await).await,
        Command::Catalogue(command) => asking(config, async |client| catalogue::run(client, command).await).await,
        Command::Forget { person, reason, yes } => asking(config, async |client| forget::run(client, &person, reason, yes).await).await,
        Command::Erasures { all, what: None } => asking(config, async |client| erasures::run(client, all).await).await,
        Command::Erasures { what: Some(Erasures::Certificate { person, json }), .. } => {
            asking(config, async |client| erasures::certificate(client, person, json).await).await
        }
        Command::Publish(command) => asking(config, async |client| publish::run(client, command).await).await,
        Command::Backup { folder } => asking(config, async |client| backup::make(client, &folder).await).await,
    }
}

/// The configuration from file, environment and flags.
fn configured(global: &Global) -> Result<Config, Failure> {
    let mut config = Config::load(global.config.as_deref(), std::env::vars()).map_err(|error| Failure::Usage(format!("{error:#}")))?;
    if let Some(data) = &global.data {
        config.data.clone_from(data);
    }
    config.log = global.log.clone().or(config.log);
    config.secrets = global.secrets.clone().or(config.secrets);
    config.views = global.views.clone().or(config.views);
    config.log_filter = global.log_filter.clone().or(config.log_filter);
    config.log_format = global.log_format.or(config.log_format);
    config.validate_stores().map_err(|error| Failure::Usage(format!("{error:#}")))?;
    Ok(config)
}

/// Runs a command that asks the service: the one that runs, or the folder opened for this command.
async fn asking(config: Config, ask: impl AsyncFnOnce(&mut Client) -> Result<(), Failure>) -> Result<(), Failure> {
    telemetry::start_logging(&config, Voice::Command)?;
    let mut client = Client::connect(config, clock::system()).await?;
    let result = ask(&mut client).await;
    client.close().await;
    result
}

/// The role of this name.
fn role(name: StaffRoleName) -> StaffRole {
    match name {
        StaffRoleName::Reviewer => StaffRole::Reviewer,
        StaffRoleName::ReviewLead => StaffRole::ReviewLead,
        StaffRoleName::Auditor => StaffRole::Auditor,
        StaffRoleName::Administrator => StaffRole::Administrator,
    }
}

/// The name of this role.
fn role_name(role: StaffRole) -> &'static str {
    match role {
        StaffRole::Reviewer => "reviewer",
        StaffRole::ReviewLead => "review-lead",
        StaffRole::Auditor => "auditor",
        StaffRole::Administrator => "administrator",
    }
}

/// Several roles, as a person reads them.
fn role_names(roles: &[StaffRole]) -> String {
    roles.iter().map(|role| role_name(*role)).collect::<Vec<_>>().join(", ")
}

/// An instant to the second, in UTC.
fn instant(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}
