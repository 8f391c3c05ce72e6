//! The application catalogue.

use axum::Json;
use axum::extract::State;
use command_handlers::Sent;
use domain::application::{
    AccessPolicy, Application, ApplicationCommand, ApplicationDetails, ApplicationState, CredentialStrength, RegistrationPolicy, Way,
};
use domain::{Aggregate, ApplicationCode, ApplicationId, ApplicationName, Context, Description, Owner, Reason, Slug, WebAddress};
use serde::{Deserialize, Serialize};

use super::staff::typed;
use super::{Admin, Answer, Typed, resolve};
use crate::failure::Failure;
use crate::read_models;
use crate::service::Service;

/// A catalogue as a file has it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// The applications.
    #[serde(default, rename = "application")]
    pub(crate) applications: Vec<Entry>,
}

/// An application as a file has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// Its code, by which it is known for good.
    pub(crate) code: String,
    /// Whose it is, for good: `operator`, or an organization by legal name, registered identifier (`DUNS 123456789`) or id.
    pub(crate) owner: String,
    /// Its name.
    pub(crate) name: String,
    /// What it is for.
    pub(crate) description: String,
    /// Who may register for it: `invitation_only` or `public`.
    pub(crate) registration: RegistrationPolicy,
    /// How users get access: `automatic` or `application_administrator`.
    pub(crate) access: AccessPolicy,
    /// Which ways lead in: `invitation`, `account`, `public_registration`, `{ public_link = "slug" }`.
    pub(crate) ways: Vec<EntryWay>,
    /// Which credential opens it: `password` or `one_time_password`.
    pub(crate) credential_strength: CredentialStrength,
    /// What to have or install first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) prerequisites: Option<String>,
    /// Where *Open application* leads.
    pub(crate) launch_url: String,
    /// Whether a subscription asked for from inside an account is reviewed by the owner first.
    #[serde(default)]
    pub(crate) subscription_review: bool,
    /// Whether a registration that asks for it needs two people to approve.
    #[serde(default)]
    pub(crate) four_eyes: bool,
    /// Takes it out of the catalogue, for this reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retired: Option<String>,
}

/// A way into an application as a file has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EntryWay {
    /// By invitation of its owner.
    Invitation,
    /// From inside an account.
    Account,
    /// By the general public registration page.
    PublicRegistration,
    /// By a public link of its own.
    PublicLink(String),
}

/// A catalogue is to be applied.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Wanted {
    /// The applications.
    pub(crate) applications: Vec<Entry>,
    /// Only say what would change.
    pub(crate) dry_run: bool,
}

/// What was done, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Deed {
    /// It came into the catalogue.
    Published,
    /// Its details changed.
    Amended,
    /// It was taken out.
    Retired,
    /// It is so already.
    Unchanged,
}

/// What became of an application.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Which.
    pub(crate) id: ApplicationId,
    /// Its code.
    pub(crate) code: String,
    /// What was done.
    pub(crate) deed: Deed,
}

/// An application of the catalogue.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Listed {
    /// Its id.
    pub(crate) id: ApplicationId,
    /// Its code.
    pub(crate) code: String,
    /// Its name.
    pub(crate) name: String,
    /// Whose it is: `operator`, or the legal name.
    pub(crate) owner: String,
    /// What the catalogue says of it.
    pub(crate) details: ApplicationDetails,
    /// When it was taken out.
    pub(crate) retired_at: Option<jiff::Timestamp>,
}

/// Makes the catalogue as a file has it.
pub(crate) async fn apply(State(admin): State<Admin>, command: Typed, Json(wanted): Json<Wanted>) -> Answer<Vec<Outcome>> {
    let sent = command.sent(&admin.service, "catalogue apply", &wanted);
    Ok(Json(apply_all(&admin.service, &wanted.applications, wanted.dry_run, &sent).await?))
}

/// Publishes what is new, amends what differs, retires what shall go; leaves the rest. All entries are looked at before the first
/// is applied, so that a mistake in one changes nothing.
///
/// # Errors
/// An entry is not valid or breaks a rule; then nothing changed. The log cannot be written; then those before it are applied, and
/// applying the file again does the rest.
pub(crate) async fn apply_all(service: &Service, entries: &[Entry], dry_run: bool, sent: &Sent) -> Result<Vec<Outcome>, Failure> {
    let mut plans: Vec<Plan> = Vec::with_capacity(entries.len());
    for entry in entries {
        let plan = plan(service, entry, sent).await.map_err(|failure| failure.about(&format!("application {}", entry.code)))?;
        if plans.iter().any(|other| other.code == plan.code) {
            return Err(Failure::Usage(format!("application {} is in the file twice", plan.code)));
        }
        plans.push(plan);
    }
    let mut outcomes = Vec::with_capacity(plans.len());
    for plan in plans {
        if !dry_run {
            for (step, command) in plan.commands.iter().enumerate() {
                carry_out(service, &plan, command.clone(), &step_of(sent, &plan.code, step))
                    .await
                    .map_err(|failure| failure.about(&format!("application {}", plan.code)))?;
            }
        }
        outcomes.push(Outcome { id: plan.id, code: plan.code.to_string(), deed: plan.deed });
    }
    Ok(outcomes)
}

/// What an entry comes to.
struct Plan {
    id: ApplicationId,
    code: ApplicationCode,
    deed: Deed,
    commands: Vec<ApplicationCommand>,
}

async fn plan(service: &Service, entry: &Entry, sent: &Sent) -> Result<Plan, Failure> {
    let code = typed(&entry.code, ApplicationCode::parse)?;
    let details = details(entry)?;
    let retired = entry.retired.as_deref().map(|reason| typed(reason, Reason::parse)).transpose()?;
    let owner = if entry.owner.trim().eq_ignore_ascii_case("operator") {
        Owner::Operator
    } else {
        Owner::Partner(resolve::organization(service, &entry.owner).await?)
    };
    let mut view = service.read_now(read_models::DIRECTORY).await?;
    let known = directory::application_by_code(view.rows(), &code).await.map_err(|error| Failure::from_error(&error))?;
    drop(view);
    let id = known.map_or_else(|| ApplicationId(step_of(sent, &code, 0).derive("application")), |known| known.id);
    let state = service.handlers.state::<Application>(id.0).await?.map(|(state, _)| state).unwrap_or_default();
    let (mut deed, mut commands) = match &state {
        ApplicationState::NotPublished => {
            (Deed::Published, vec![ApplicationCommand::PublishApplication { code: code.clone(), owner, details }])
        }
        ApplicationState::Published(published) | ApplicationState::Retired(published) if published.owner != owner => {
            return Err(Failure::Refused(
                "it belongs to somebody else, for good: retire it and publish another under a new code".to_owned(),
            ));
        }
        ApplicationState::Published(published) if published.details != details => {
            (Deed::Amended, vec![ApplicationCommand::AmendApplication { details }])
        }
        ApplicationState::Published(_) => (Deed::Unchanged, Vec::new()),
        ApplicationState::Retired(_) if retired.is_some() => return Ok(Plan { id, code, deed: Deed::Unchanged, commands: Vec::new() }),
        ApplicationState::Retired(_) => {
            return Err(Failure::Refused("it was retired, for good: publish another under a new code, or say `retired` here".to_owned()));
        }
    };
    if let Some(reason) = retired {
        deed = Deed::Retired;
        commands.push(ApplicationCommand::RetireApplication { reason });
    }
    rehearse(service, state, &commands, sent)?;
    Ok(Plan { id, code, deed, commands })
}

/// Whether the domain would take the commands, without taking them.
fn rehearse(service: &Service, mut state: ApplicationState, commands: &[ApplicationCommand], sent: &Sent) -> Result<(), Failure> {
    let context = Context { command_id: sent.id, now: (service.clock)(), actor: sent.actor.clone(), policy: service.handlers.policy() };
    for command in commands {
        let events = Application::decide(&state, command.clone(), &context).map_err(|rejection| Failure::Refused(rejection.to_string()))?;
        state = events.iter().fold(state, Application::evolve);
    }
    Ok(())
}

async fn carry_out(service: &Service, plan: &Plan, command: ApplicationCommand, sent: &Sent) -> Result<(), Failure> {
    match command {
        ApplicationCommand::PublishApplication { code, owner, details } => {
            service.workflows.publish_application(code, owner, details, sent).await?;
        }
        ApplicationCommand::AmendApplication { .. } | ApplicationCommand::RetireApplication { .. } => {
            service.handlers.handle::<Application>(plan.id.0, command, sent).await?;
        }
    }
    Ok(())
}

/// The part of the command that carries out this step of an entry.
fn step_of(sent: &Sent, code: &ApplicationCode, step: usize) -> Sent {
    sent.part(&format!("{code}:{step}"))
}

fn details(entry: &Entry) -> Result<ApplicationDetails, Failure> {
    let way = |way: &EntryWay| {
        Ok(match way {
            EntryWay::Invitation => Way::Invitation,
            EntryWay::Account => Way::Account,
            EntryWay::PublicRegistration => Way::PublicRegistration,
            EntryWay::PublicLink(slug) => Way::PublicLink(typed(slug, Slug::parse)?),
        })
    };
    Ok(ApplicationDetails {
        name: typed(&entry.name, ApplicationName::parse)?,
        description: typed(&entry.description, Description::parse)?,
        registration: entry.registration,
        access: entry.access,
        ways: entry.ways.iter().map(way).collect::<Result<_, Failure>>()?,
        credential_strength: entry.credential_strength,
        prerequisites: entry.prerequisites.as_deref().map(|text| typed(text, Description::parse)).transpose()?,
        launch_url: typed(&entry.launch_url, WebAddress::parse)?,
        subscription_review: entry.subscription_review,
        four_eyes: entry.four_eyes,
    })
}

/// Lists the catalogue, also what was taken out.
pub(crate) async fn list(State(admin): State<Admin>) -> Answer<Vec<Listed>> {
    let database = |error: sqlx::Error| Failure::from_error(&error);
    let mut view = admin.service.read_now(read_models::DIRECTORY).await?;
    let applications = directory::applications(view.rows()).await.map_err(database)?;
    let mut listed = Vec::with_capacity(applications.len());
    for application in applications {
        let owner = match application.owner.0 {
            Owner::Operator => "operator".to_owned(),
            Owner::Partner(partner) => {
                let partner = directory::organization(view.rows(), partner).await.map_err(database)?.map(|partner| partner.legal_name);
                partner.unwrap_or_else(|| "an organization that is not there any more".to_owned())
            }
        };
        listed.push(Listed {
            id: application.id,
            code: application.code,
            name: application.name,
            owner,
            details: application.details.0,
            retired_at: application.retired_at,
        });
    }
    Ok(Json(listed))
}
