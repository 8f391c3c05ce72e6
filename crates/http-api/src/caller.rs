//! Who calls.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use command_handlers::workflows::{ActsAs, Stage, WorkflowError};
use credential_vault::{Holder, Session};
use domain::organization::Organization;
use domain::service::{Registered, Sees, Service};
use domain::staff::Staff;
use domain::user::{User, UserRole};
use domain::{Actor, InvitationId, OrganizationId, PersonId, RegistrationId, ServiceId, ServiceName, StaffId, StaffRole};

use crate::problem::Problem;
use crate::services::Services;

/// Who calls, as the request's token proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Nobody in particular.
    Anyone,
    /// A member of staff, with the roles that they have now.
    Staff {
        /// Who.
        staff: StaffId,
        /// In which roles.
        roles: Vec<StaffRole>,
        /// The session by which they are signed in, with both factors shown; none: an API token of theirs.
        session: Option<Session>,
    },
    /// A member of staff who is signed in and has a factor to show or a step to do first.
    NewStaff {
        /// Who.
        staff: StaffId,
        /// By which session.
        session: Session,
        /// What comes next.
        stage: Stage,
    },
    /// A partner's own system.
    Partner {
        /// The partner.
        organization: OrganizationId,
    },
    /// A downstream service.
    Service {
        /// Which.
        service: ServiceId,
        /// Its name.
        name: ServiceName,
        /// What it is shown now.
        sees: Sees,
    },
    /// A user, signed in; perhaps still in first-time login.
    User {
        /// Who.
        person: PersonId,
        /// Of which organization.
        organization: OrganizationId,
        /// By which session.
        session: Session,
        /// What comes next. Until nothing does, nothing else can be done.
        stage: Stage,
        /// The roles that they have now.
        roles: BTreeSet<UserRole>,
    },
    /// Whoever holds the link of a self-registration invitation.
    Invitee {
        /// Who was invited to become a user.
        person: PersonId,
        /// Of which organization.
        organization: OrganizationId,
    },
    /// Whoever holds the link of an invitation.
    Addressee {
        /// Which one.
        invitation: InvitationId,
        /// Which link.
        generation: u32,
    },
    /// Whoever holds the link of a public registration.
    Registrant {
        /// Which one.
        registration: RegistrationId,
    },
}

/// What the links in mails are for: a token made for one purpose is refused for another.
pub mod links {
    /// The link of an invitation.
    pub const INVITATION: &str = "invitation";
    /// The link of a registration that began without an invitation.
    pub const REGISTRATION: &str = "registration";
    /// The link of a self-registration invitation.
    pub const SELF_REGISTRATION: &str = "self-registration";
}

impl Caller {
    /// Who a bearer token proves.
    ///
    /// # Errors
    /// 401 if it proves nobody; 503 if the vault cannot be asked.
    pub(crate) async fn from_token(token: &str, services: &Services) -> Result<Self, Problem> {
        let now = (services.handlers.clock())();
        if let Some(token) = services.vault.authenticate_token(token, now).await.map_err(WorkflowError::from)? {
            return match &token.holder {
                Holder::Staff { staff, .. } => Self::staff(*staff, services).await,
                Holder::Partner { organization } if stands(*organization, services).await? => {
                    Ok(Self::Partner { organization: *organization })
                }
                Holder::Partner { .. } => Err(Problem::unauthenticated()),
                Holder::Service { name } => Self::service(name, services).await,
            };
        }
        if let Some(session) = services.vault.find_session(token, now).await.map_err(WorkflowError::from)? {
            return Self::of_session(&session, services).await;
        }
        if let Some(link) = services.master.read_link_token(links::INVITATION, token) {
            return Ok(Self::Addressee { invitation: InvitationId(link.id), generation: link.generation });
        }
        if let Some(link) = services.master.read_link_token(links::REGISTRATION, token) {
            return Ok(Self::Registrant { registration: RegistrationId(link.id) });
        }
        if let Some(link) = services.master.read_link_token(links::SELF_REGISTRATION, token) {
            let organization = services.handlers.inspect::<User, _>(link.id, |state, _| state.organization()).await?;
            let organization = organization.flatten().ok_or_else(Problem::unauthenticated)?;
            return Ok(Self::Invitee { person: PersonId(link.id), organization });
        }
        Err(Problem::unauthenticated())
    }

    /// Whom a session in a cookie proves; none if it is over, or its holder may not sign in any more. Nothing else than a session counts there.
    ///
    /// # Errors
    /// 503 if the vault or the log cannot be asked.
    pub(crate) async fn from_cookie(text: &str, services: &Services) -> Result<Option<Self>, Problem> {
        let now = (services.handlers.clock())();
        let Some(session) = services.vault.find_session(text, now).await.map_err(WorkflowError::from)? else { return Ok(None) };
        match Self::of_session(&session, services).await {
            Ok(caller) => Ok(Some(caller)),
            Err(problem) if problem.status == StatusCode::UNAUTHORIZED.as_u16() => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    /// A session says who; the log says whether what opened it still opens the account, whether they may sign in, in which roles, and what they
    /// have to show or to do first.
    async fn of_session(session: &Session, services: &Services) -> Result<Self, Problem> {
        let account = services.workflows.account_in(session).await?.ok_or_else(Problem::unauthenticated)?;
        let stage = Stage::of(&account, session.assurance);
        let (person, session) = (session.person, session.clone());
        match account.acts_as {
            ActsAs::User { organization, roles } => Ok(Self::User { person, organization, session, stage, roles }),
            ActsAs::Staff { staff, .. } if stage != Stage::Done => Ok(Self::NewStaff { staff, session, stage }),
            ActsAs::Staff { roles, .. } if roles.is_empty() => Err(Problem::unauthenticated()),
            ActsAs::Staff { staff, roles } => Ok(Self::Staff { staff, roles: roles.into_iter().collect(), session: Some(session) }),
        }
    }

    /// The session by which somebody is signed in; none for those who bear another kind of token.
    #[must_use]
    pub fn session(&self) -> Option<&Session> {
        match self {
            Self::User { session, .. } | Self::NewStaff { session, .. } | Self::Staff { session: Some(session), .. } => Some(session),
            Self::Anyone
            | Self::Staff { session: None, .. }
            | Self::Partner { .. }
            | Self::Service { .. }
            | Self::Invitee { .. }
            | Self::Addressee { .. }
            | Self::Registrant { .. } => None,
        }
    }

    /// Whether it is a person at a page, by a session or a link; not a program by an API token.
    #[must_use]
    pub fn is_by_hand(&self) -> bool {
        match self {
            Self::User { .. }
            | Self::NewStaff { .. }
            | Self::Staff { session: Some(_), .. }
            | Self::Invitee { .. }
            | Self::Addressee { .. }
            | Self::Registrant { .. } => true,
            Self::Anyone | Self::Staff { session: None, .. } | Self::Partner { .. } | Self::Service { .. } => false,
        }
    }

    /// What somebody who is signed in has to show or to do next.
    #[must_use]
    pub fn stage(&self) -> Option<Stage> {
        match self {
            Self::User { stage, .. } | Self::NewStaff { stage, .. } => Some(*stage),
            Self::Staff { session: Some(_), .. } => Some(Stage::Done),
            Self::Anyone
            | Self::Staff { session: None, .. }
            | Self::Partner { .. }
            | Self::Service { .. }
            | Self::Invitee { .. }
            | Self::Addressee { .. }
            | Self::Registrant { .. } => None,
        }
    }

    /// A token says who; the log says in which roles, now.
    async fn staff(staff: StaffId, services: &Services) -> Result<Self, Problem> {
        let roles = services
            .handlers
            .inspect::<Staff, _>(staff.0, |state, _| state.member().map(|member| member.roles.iter().copied().collect::<Vec<_>>()))
            .await?;
        match roles.flatten() {
            Some(roles) if !roles.is_empty() => Ok(Self::Staff { staff, roles, session: None }),
            Some(_) | None => Err(Problem::unauthenticated()),
        }
    }

    /// A token says which service; the log says whether it is registered, and what it is shown, now.
    async fn service(name: &str, services: &Services) -> Result<Self, Problem> {
        let service = ServiceId::of(&ServiceName::parse(name).map_err(|_| Problem::unauthenticated())?);
        let registered = services.handlers.inspect::<Service, _>(service.0, |state, _| state.registered().cloned()).await?;
        let Registered { name, sees } = registered.flatten().ok_or_else(Problem::unauthenticated)?;
        Ok(Self::Service { service, name, sees })
    }

    /// As history records them. Nobody in particular cannot change anything but begin a registration, whose registrant they
    /// then are.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self {
            Self::Anyone => Actor::Service("public".to_owned()),
            Self::Staff { staff, .. } | Self::NewStaff { staff, .. } => Actor::Staff(*staff),
            Self::Partner { organization } => Actor::Partner(*organization),
            Self::Service { name, .. } => Actor::Service(name.to_string()),
            Self::User { person, organization, .. } | Self::Invitee { person, organization } => {
                Actor::User { person: *person, organization: *organization }
            }
            Self::Addressee { invitation, .. } => Actor::Addressee(*invitation),
            Self::Registrant { registration } => Actor::Registrant(*registration),
        }
    }

    /// Whether they have this role of the staff.
    #[must_use]
    pub fn is_staff(&self, role: StaffRole) -> bool {
        matches!(self, Self::Staff { roles, .. } if roles.contains(&role))
    }
}

/// Whether anybody may act for this organization: it is registered, and neither suspended nor closed.
async fn stands(organization: OrganizationId, services: &Services) -> Result<bool, Problem> {
    let stands = services.handlers.inspect::<Organization, _>(organization.0, |state, _| state.is_in_good_standing()).await?;
    Ok(stands == Some(true))
}
