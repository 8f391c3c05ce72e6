//! The operator's staff.

use axum::Json;
use axum::extract::{Path, State};
use command_handlers::Answer as Accepted;
use command_handlers::workflows::ProviderIdentity;
use directory::StaffMember;
use domain::registration::Affiliation;
use domain::staff::{Staff, StaffCommand, StaffEvent};
use domain::{CompanyName, Contact, Email, PersonName, Personal, Reason, StaffId, StaffRole};
use serde::{Deserialize, Serialize};

use super::{Admin, Answer, Typed, resolve};
use crate::failure::Failure;
use crate::read_models;

/// Somebody to be taken onto the staff.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Appointment {
    /// Given name.
    pub(crate) given_name: String,
    /// Family name.
    pub(crate) family_name: String,
    /// E-mail address.
    pub(crate) email: String,
    /// Roles, at least one.
    pub(crate) roles: Vec<StaffRole>,
    /// Names of companies that they belong to.
    pub(crate) belongs_to: Vec<String>,
}

/// A role to be given.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Granting {
    /// Which.
    pub(crate) role: StaffRole,
}

/// A role to be taken.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Revoking {
    /// Which.
    pub(crate) role: StaffRole,
    /// Why.
    pub(crate) reason: String,
}

/// A membership to be ended.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Dismissal {
    /// Why.
    pub(crate) reason: String,
}

/// An identity to be linked.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Linking {
    /// Who they are at the provider.
    pub(crate) subject: String,
}

/// What became of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Changed {
    /// Of whom.
    pub(crate) id: StaffId,
    /// Whether anything changed; otherwise it was so already.
    pub(crate) changed: bool,
    /// How many tokens stopped working.
    pub(crate) tokens_revoked: usize,
}

/// A member of staff.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Listed {
    /// Their id.
    pub(crate) id: StaffId,
    /// Their name; none: erased.
    pub(crate) name: Option<String>,
    /// Their e-mail address; none: erased.
    pub(crate) email: Option<String>,
    /// Their roles.
    pub(crate) roles: Vec<StaffRole>,
    /// Companies that they belong to.
    pub(crate) belongs_to: Vec<Affiliation>,
    /// When they left.
    pub(crate) dismissed_at: Option<jiff::Timestamp>,
}

/// A text that the operator typed, as the domain has it.
pub(crate) fn typed<T>(text: &str, parse: impl FnOnce(&str) -> Result<T, domain::Invalid>) -> Result<T, Failure> {
    parse(text).map_err(|invalid| Failure::Usage(invalid.problem))
}

/// What ties somebody to these companies: the name, under which a company may come, and the organization, if one is registered under it.
async fn affiliations(admin: &Admin, names: &[String]) -> Result<Vec<Affiliation>, Failure> {
    let mut affiliations = Vec::with_capacity(names.len());
    for name in names {
        affiliations.push(Affiliation::Company(typed(name, CompanyName::parse)?));
        match resolve::organization(&admin.service, name).await {
            Ok(organization) => affiliations.push(Affiliation::Organization(organization)),
            // None of this name, or several: the name ties them all.
            Err(Failure::Refused(_)) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(affiliations)
}

/// Takes somebody onto the staff.
pub(crate) async fn appoint(State(admin): State<Admin>, command: Typed, Json(new): Json<Appointment>) -> Answer<Changed> {
    let contact = Contact {
        given_name: typed(&new.given_name, PersonName::parse)?,
        family_name: typed(&new.family_name, PersonName::parse)?,
        email: typed(&new.email, Email::parse)?,
        phone: None,
        job_title: None,
    };
    let affiliations = affiliations(&admin, &new.belongs_to).await?;
    let sent = command.sent(&admin.service, "staff appoint", &new);
    let staff = StaffId(sent.derive("staff"));
    let person = admin.service.workflows.person_of(&sent).await?;
    let appoint = StaffCommand::AppointStaff { contact: Personal::new(person, contact), roles: new.roles };
    admin.service.handlers.create::<Staff>(staff.0, appoint, &sent, &[]).await?;
    if !affiliations.is_empty() {
        let declare = StaffCommand::DeclareAffiliations { affiliations };
        admin.service.handlers.handle::<Staff>(staff.0, declare, &sent.part("affiliations")).await?;
    }
    Ok(Json(Changed { id: staff, changed: true, tokens_revoked: 0 }))
}

/// Gives a role.
pub(crate) async fn grant(
    State(admin): State<Admin>,
    Path(id): Path<StaffId>,
    command: Typed,
    Json(asked): Json<Granting>,
) -> Answer<Changed> {
    let sent = command.sent(&admin.service, &format!("staff grant {id}"), &asked);
    let answer = admin.service.handlers.handle::<Staff>(id.0, StaffCommand::GrantStaffRole { role: asked.role }, &sent).await?;
    Ok(changed(id, &answer))
}

/// Takes a role.
pub(crate) async fn revoke(
    State(admin): State<Admin>,
    Path(id): Path<StaffId>,
    command: Typed,
    Json(asked): Json<Revoking>,
) -> Answer<Changed> {
    let reason = typed(&asked.reason, Reason::parse)?;
    let sent = command.sent(&admin.service, &format!("staff revoke {id}"), &asked);
    let answer = admin.service.handlers.handle::<Staff>(id.0, StaffCommand::RevokeStaffRole { role: asked.role, reason }, &sent).await?;
    Ok(changed(id, &answer))
}

/// Ends a membership, and revokes the tokens that go with it. Done again, it revokes what was left.
pub(crate) async fn dismiss(
    State(admin): State<Admin>,
    Path(id): Path<StaffId>,
    command: Typed,
    Json(asked): Json<Dismissal>,
) -> Answer<Changed> {
    let reason = typed(&asked.reason, Reason::parse)?;
    let sent = command.sent(&admin.service, &format!("staff dismiss {id}"), &asked);
    let answer = admin.service.handlers.handle::<Staff>(id.0, StaffCommand::DismissStaff { reason }, &sent).await?;
    let tokens_revoked = admin.service.workflows.revoke_staff_tokens(id).await?;
    Ok(Json(Changed { id, changed: !answer.events.is_empty(), tokens_revoked }))
}

fn changed(id: StaffId, answer: &Accepted<StaffEvent>) -> Json<Changed> {
    Json(Changed { id, changed: !answer.events.is_empty(), tokens_revoked: 0 })
}

/// A one-time password to sign in with.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    /// The User ID to sign in with.
    pub(crate) user_id: String,
    /// The one-time password, shown this once; none if the command was sent before.
    pub(crate) one_time_password: Option<String>,
}

/// Opens somebody's account, or issues a new one-time password for it.
pub(crate) async fn account(State(admin): State<Admin>, Path(id): Path<StaffId>, command: Typed) -> Answer<Account> {
    let sent = command.sent(&admin.service, &format!("staff account {id}"), &());
    let proposed = credential_vault::propose_one_time_password().map_err(|error| Failure::from_error(&error))?;
    let (user_id, answer) = admin.service.workflows.issue_staff_one_time_password(id, &proposed, &sent).await?;
    let one_time_password = (!answer.repeated).then(|| proposed.to_string());
    Ok(Json(Account { user_id: user_id.to_string(), one_time_password }))
}

/// Lets somebody sign in by the configured identity provider.
pub(crate) async fn link(
    State(admin): State<Admin>,
    Path(id): Path<StaffId>,
    command: Typed,
    Json(asked): Json<Linking>,
) -> Answer<Changed> {
    let Some(issuer) = admin.service.config.staff_openid.issuer.clone() else {
        return Err(Failure::Refused("there is no identity provider: the configuration names one as staff_openid.issuer".to_owned()).into());
    };
    if asked.subject.is_empty() || asked.subject.len() > 255 || !asked.subject.chars().all(|c| c.is_ascii() && !c.is_ascii_control()) {
        return Err(Failure::Usage("a subject has 1 to 255 ASCII characters, letter for letter as the provider has it".to_owned()).into());
    }
    let sent = command.sent(&admin.service, &format!("staff link {id}"), &asked);
    let identity = ProviderIdentity { issuer, subject: asked.subject };
    let answer = admin.service.workflows.link_staff_identity(id, &identity, &sent).await?;
    Ok(changed(id, &answer))
}

/// Lets somebody sign in by the identity provider no more, and ends their sessions.
pub(crate) async fn unlink(State(admin): State<Admin>, Path(id): Path<StaffId>, command: Typed) -> Answer<Changed> {
    let sent = command.sent(&admin.service, &format!("staff unlink {id}"), &());
    let answer = admin.service.handlers.handle::<Staff>(id.0, StaffCommand::UnlinkStaffIdentity {}, &sent).await?;
    Ok(changed(id, &answer))
}

/// Takes the second factors of somebody away who has lost them.
pub(crate) async fn reset_second_factors(
    State(admin): State<Admin>,
    Path(id): Path<StaffId>,
    command: Typed,
    Json(asked): Json<Dismissal>,
) -> Answer<Changed> {
    let reason = typed(&asked.reason, Reason::parse)?;
    let sent = command.sent(&admin.service, &format!("staff reset {id}"), &asked);
    admin.service.workflows.reset_staff_second_factors(id, &reason, &sent).await?;
    Ok(Json(Changed { id, changed: true, tokens_revoked: 0 }))
}

/// Lists the staff, also who left.
pub(crate) async fn list(State(admin): State<Admin>) -> Answer<Vec<Listed>> {
    let mut view = admin.service.read_now(read_models::DIRECTORY).await?;
    let members = directory::staff(view.rows()).await.map_err(|error| Failure::from_error(&error))?;
    Ok(Json(members.into_iter().map(listed).collect()))
}

fn listed(member: StaffMember) -> Listed {
    let name = match (member.given_name, member.family_name) {
        (Some(given), Some(family)) => Some(format!("{given} {family}")),
        (given, family) => given.or(family),
    };
    Listed {
        id: member.id,
        name,
        email: member.email,
        roles: member.roles.0,
        belongs_to: member.affiliations.0,
        dismissed_at: member.dismissed_at,
    }
}
