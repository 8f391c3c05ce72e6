//! Who plays: the operator's staff, and the partner with its applications.

use std::sync::OnceLock;

use command_handlers::Sent;
use credential_vault::{Holder, TokenRequest};
use domain::organization::Organization;
use domain::service::{Sees, ServiceCommand};
use domain::staff::{Staff, StaffCommand};
use domain::{
    Actor, ApplicationId, CommandId, CompanyName, Contact, Email, OrganizationId, PersonName, Personal, ServiceId, ServiceName, StaffId,
    StaffRole, derive,
};
use event_codec::Fingerprint;
use jiff::SignedDuration;
use uuid::Uuid;

use super::PATIENCE;
use super::dice::{Company, Dice};
use super::registrar::{Registrar, refused};
use crate::admin::catalogue::{self, File};
use crate::failure::Failure;
use crate::service::Service;

/// The catalogue that comes with the sources; an operator may apply it too.
const CATALOGUE: &str = include_str!("../../../../deploy/catalogue/demo.toml");
/// Whose applications they are in the story: the partner that invites.
const PARTNER: &str = "Boeing";

/// The tokens that are shown at the end.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) reviewer: String,
    pub(super) review_lead: String,
    pub(super) auditor: String,
    pub(super) administrator: String,
    pub(super) partner: String,
    pub(super) service: String,
}

/// Who plays.
#[derive(Debug)]
pub(super) struct Cast {
    pub(super) reviewers: Vec<StaffId>,
    pub(super) partner: OrganizationId,
    /// The partner's applications that it invites to.
    pub(super) invited_to: Vec<ApplicationId>,
    /// What anybody may register for.
    pub(super) public: Vec<ApplicationId>,
    pub(super) tokens: Tokens,
}

impl Cast {
    /// Appoints the staff, registers the partner, fills the catalogue.
    ///
    /// # Errors
    /// A store refuses.
    pub(super) async fn engage(service: &Service) -> Result<Self, Failure> {
        let mut reviewers = Vec::new();
        for (given, family) in [("Maya", "Okonkwo"), ("Lars", "Berg"), ("Rin", "Takeda")] {
            reviewers.push(appoint(service, given, family, &[StaffRole::Reviewer]).await?);
        }
        let lead = appoint(service, "Helena", "Marques", &[StaffRole::ReviewLead, StaffRole::Reviewer]).await?;
        let auditor = appoint(service, "Tobias", "Feld", &[StaffRole::Auditor]).await?;
        let administrator = appoint(service, "Noor", "Rahman", &[StaffRole::Administrator]).await?;
        let operators = publish(service, "operator", |code| code == "FIS").await?;
        let reviewer = reviewers.first().copied().unwrap_or(lead);
        let partner = register_partner(service, reviewer, &operators).await?;
        let partners = publish(service, &partner.to_string(), |code| code != "FIS").await?;
        let of = |codes: &[&str]| -> Vec<ApplicationId> {
            operators.iter().chain(&partners).filter(|(code, _)| codes.contains(&code.as_str())).map(|(_, id)| *id).collect()
        };
        let tokens = Tokens {
            reviewer: token(service, "demo reviewer", Holder::Staff { staff: reviewer, roles: vec![StaffRole::Reviewer] }).await?,
            review_lead: token(
                service,
                "demo review lead",
                Holder::Staff { staff: lead, roles: vec![StaffRole::ReviewLead, StaffRole::Reviewer] },
            )
            .await?,
            auditor: token(service, "demo auditor", Holder::Staff { staff: auditor, roles: vec![StaffRole::Auditor] }).await?,
            administrator: token(
                service,
                "demo administrator",
                Holder::Staff { staff: administrator, roles: vec![StaffRole::Administrator] },
            )
            .await?,
            partner: token(service, "demo partner system", Holder::Partner { organization: partner }).await?,
            service: token(service, "demo provisioning", Holder::Service { name: downstream(service).await? }).await?,
        };
        reviewers.push(lead);
        Ok(Self { reviewers, partner, invited_to: of(&["SFT", "BSCP"]), public: of(&["FIS"]), tokens })
    }
}

/// What all ids of one demonstration derive from.
static RUN: OnceLock<Uuid> = OnceLock::new();

#[expect(clippy::disallowed_methods, reason = "the demonstration is the edge where its ids begin")]
fn this_run() -> Uuid {
    Uuid::now_v7()
}

/// A command of the story: sent by whom, under an id that the label names.
pub(super) fn sent(label: &str, actor: Actor) -> Sent {
    Sent {
        id: CommandId::derive(*RUN.get_or_init(this_run), &format!("demo {label}")),
        fingerprint: Fingerprint(0),
        actor,
        from: "demo".to_owned(),
        cause: None,
    }
}

async fn appoint(service: &Service, given: &str, family: &str, roles: &[StaffRole]) -> Result<StaffId, Failure> {
    let sent = sent(&format!("appoint {given} {family}"), Actor::Operator);
    let staff = StaffId(derive(sent.id.0, "staff"));
    let contact = Contact {
        given_name: PersonName::parse(given).map_err(refused)?,
        family_name: PersonName::parse(family).map_err(refused)?,
        email: Email::parse(&format!("{}.{}@gateway.example", given.to_lowercase(), family.to_lowercase())).map_err(refused)?,
        phone: None,
        job_title: None,
    };
    let person = service.ring.allot().map_err(|error| Failure::from_error(&error))?;
    let command = StaffCommand::AppointStaff { contact: Personal::new(person, contact), roles: roles.to_vec() };
    service.handlers.create::<Staff>(staff.0, command, &sent, &[]).await?;
    Ok(staff)
}

/// Registers a downstream service that sees everything that is public. Its name.
async fn downstream(service: &Service) -> Result<String, Failure> {
    let name = ServiceName::parse("provisioning").map_err(refused)?;
    let command = ServiceCommand::RegisterService { name: name.clone(), sees: Sees::Everything };
    let sent = sent("register a downstream service", Actor::Operator);
    service.handlers.handle::<domain::service::Service>(ServiceId::of(&name).0, command, &sent).await?;
    Ok(name.to_string())
}

async fn token(service: &Service, name: &str, holder: Holder) -> Result<String, Failure> {
    let now = (service.clock)();
    let expires_at = now.saturating_add(SignedDuration::from_hours(24 * 90)).ok();
    let request = TokenRequest { name: name.to_owned(), holder, scopes: Vec::new(), expires_at };
    let issued = service.vault.issue_token(request, now).await.map_err(|error| Failure::from_error(&error))?;
    Ok(issued.secret.to_string())
}

/// Publishes those of the catalogue whose code is wanted, as this owner's. Their codes and ids.
async fn publish(service: &Service, owner: &str, wanted: impl Fn(&str) -> bool) -> Result<Vec<(String, ApplicationId)>, Failure> {
    let file: File = toml::from_str(CATALOGUE).map_err(|error| Failure::from_error(&error))?;
    let mut entries: Vec<_> = file.applications.into_iter().filter(|entry| wanted(&entry.code)).collect();
    for entry in &mut entries {
        owner.clone_into(&mut entry.owner);
    }
    let outcomes = catalogue::apply_all(service, &entries, false, &sent(&format!("catalogue of {owner}"), Actor::Operator)).await?;
    Ok(outcomes.into_iter().map(|outcome| (outcome.code, outcome.id)).collect())
}

/// The partner registers like everybody else: by the public page, for the operator's own application.
async fn register_partner(service: &Service, reviewer: StaffId, public: &[(String, ApplicationId)]) -> Result<OrganizationId, Failure> {
    let mut company = Company::throw(0, &mut Dice::new(0, u64::MAX)).map_err(refused)?;
    company.name = CompanyName::parse(PARTNER).map_err(refused)?;
    company.profile.legal_name = CompanyName::parse("The Boeing Company").map_err(refused)?;
    company.profile.trading_name = Some(company.name.clone());
    company.profile.website = None;
    let applications: Vec<ApplicationId> = public.iter().map(|(_, id)| *id).collect();
    let registrar = Registrar { service, label: "partner".to_owned(), company: &company };
    let registration = registrar.start_public(&applications).await?;
    registrar.fill_profile(registration).await?;
    registrar.name_administrators(registration).await?;
    registrar.submit(registration).await?;
    registrar.claim(registration, reviewer, "first").await?;
    registrar.approve(registration, reviewer, "The operator knows this company.").await?;
    let head = *service.log.head().borrow();
    if !service.runtime.wait_for_consumers(head, PATIENCE).await {
        return Err(Failure::Unavailable("the partner's onboarding has not come to its end in two minutes".to_owned()));
    }
    let organization = OrganizationId::derive(registration.0, "organization");
    let registered = service.handlers.inspect::<Organization, _>(organization.0, |state, _| state.is_in_good_standing()).await?;
    if registered != Some(true) {
        return Err(Failure::failed("the partner was approved, and is not registered"));
    }
    Ok(organization)
}
