//! Who calls.

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use command_handlers::workflows::WorkflowError;
use credential_vault::{Holder, Session, SessionId};
use domain::organization::Organization;
use domain::registration::Reviewer;
use domain::service::{Registered, Sees, Service};
use domain::staff::Staff;
use domain::user::{User, UserState};
use domain::{Actor, InvitationId, OrganizationId, Owner, PersonId, RegistrationId, ServiceId, ServiceName, StaffId, StaffRole};

use crate::access::{self, Who};
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
        session: SessionId,
        /// Whether nothing of first-time login is left to do. Until then, nothing else can be done.
        established: bool,
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

    /// A session says who; the log says whether they may still sign in, and how far first-time login is.
    async fn of_session(session: &Session, services: &Services) -> Result<Self, Problem> {
        let (person, organization) = (session.person, session.organization().ok_or_else(Problem::unauthenticated)?);
        let policy = services.handlers.policy();
        let is_established =
            |state: &UserState| state.can_sign_in().map(|account| state.is_active() && account.next_step(&policy).is_none());
        let standing = services.handlers.inspect::<User, _>(person.0, |state, _| is_established(state)).await?;
        let established = standing.flatten().ok_or_else(Problem::unauthenticated)?;
        if !stands(organization, services).await? {
            return Err(Problem::unauthenticated());
        }
        Ok(Self::User { person, organization, session: session.id, established })
    }

    /// A token says who; the log says in which roles, now.
    async fn staff(staff: StaffId, services: &Services) -> Result<Self, Problem> {
        let roles = services
            .handlers
            .inspect::<Staff, _>(staff.0, |state, _| state.member().map(|member| member.roles.iter().copied().collect::<Vec<_>>()))
            .await?;
        match roles.flatten() {
            Some(roles) if !roles.is_empty() => Ok(Self::Staff { staff, roles }),
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
            Self::Staff { staff, .. } => Actor::Staff(*staff),
            Self::Partner { organization } => Actor::Partner(*organization),
            Self::Service { name, .. } => Actor::Service(name.to_string()),
            Self::User { person, organization, .. } | Self::Invitee { person, organization } => {
                Actor::User { person: *person, organization: *organization }
            }
            Self::Addressee { invitation, .. } => Actor::Addressee(*invitation),
            Self::Registrant { registration } => Actor::Registrant(*registration),
        }
    }

    /// The reviewer, with what separation of duties needs to know.
    ///
    /// # Errors
    /// 403 for anybody else.
    pub async fn reviewer(&self, services: &Services) -> Result<Reviewer, Problem> {
        let Self::Staff { staff, .. } = self else { return Err(Problem::forbidden("only staff review registrations")) };
        let reviewer = services.handlers.inspect::<Staff, _>(staff.0, |state, _| state.reviewer(*staff)).await?;
        reviewer.flatten().ok_or_else(Problem::unauthenticated)
    }

    /// For whom this caller invites: a partner's system for the partner, staff for the operator.
    #[must_use]
    pub fn inviter(&self) -> Owner {
        if let Self::Partner { organization } = self { Owner::Partner(*organization) } else { Owner::Operator }
    }

    /// The user, if it is one.
    ///
    /// # Errors
    /// 403 for anybody else.
    pub fn user(&self) -> Result<(PersonId, OrganizationId), Problem> {
        match self {
            Self::User { person, organization, .. } => Ok((*person, *organization)),
            Self::Anyone
            | Self::Staff { .. }
            | Self::Partner { .. }
            | Self::Service { .. }
            | Self::Addressee { .. }
            | Self::Registrant { .. }
            | Self::Invitee { .. } => Err(Problem::forbidden("only a user who is signed in may do this")),
        }
    }
}

/// Whether anybody may act for this organization: it is registered, and neither suspended nor closed.
async fn stands(organization: OrganizationId, services: &Services) -> Result<bool, Problem> {
    let stands = services.handlers.inspect::<Organization, _>(organization.0, |state, _| state.is_in_good_standing()).await?;
    Ok(stands == Some(true))
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    /// The caller that [`admit`] found: a route that it does not guard has none.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::unauthenticated)
    }
}

/// Lets a request through if the table of routes says that its caller may make it: what is not in the table, nobody may.
pub async fn admit(State(services): State<Services>, mut request: Request, next: Next) -> Response {
    let asked = Asked::of(&request);
    match asked.admitted(&services).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// What decides whether a request is let through.
struct Asked {
    who: Option<&'static [Who]>,
    authorization: Option<axum::http::HeaderValue>,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        Self { who: access::who(request.method(), path), authorization: request.headers().get(header::AUTHORIZATION).cloned() }
    }

    async fn admitted(self, services: &Services) -> Result<Caller, Problem> {
        let who = self.who.ok_or_else(|| Problem::forbidden("nobody may call this"))?;
        let caller = match &self.authorization {
            None => Caller::Anyone,
            Some(value) => {
                let text = value.to_str().map_err(|_| Problem::unauthenticated())?;
                let token = text.strip_prefix("Bearer ").ok_or_else(Problem::unauthenticated)?;
                Caller::from_token(token.trim(), services).await?
            }
        };
        if who.iter().any(|who| who.is(&caller)) {
            return Ok(caller);
        }
        Err(match caller {
            Caller::Anyone => Problem::unauthenticated(),
            Caller::User { established: false, .. } if who.contains(&Who::User) => Problem::new(
                StatusCode::FORBIDDEN,
                "first-login-not-done",
                "please complete first-time login first: GET /v1/first-login says which step is next",
            ),
            Caller::User { .. }
            | Caller::Staff { .. }
            | Caller::Partner { .. }
            | Caller::Service { .. }
            | Caller::Addressee { .. }
            | Caller::Registrant { .. }
            | Caller::Invitee { .. } => Problem::forbidden(access::sentence(who)),
        })
    }
}

impl Who {
    /// Whether this caller is one.
    fn is(self, caller: &Caller) -> bool {
        let has = |role| matches!(caller, Caller::Staff { roles, .. } if roles.contains(&role));
        match self {
            Self::Anyone => true,
            Self::Reviewer => has(StaffRole::Reviewer),
            Self::ReviewLead => has(StaffRole::ReviewLead),
            Self::Auditor => has(StaffRole::Auditor),
            Self::Administrator => has(StaffRole::Administrator),
            Self::Partner => matches!(caller, Caller::Partner { .. }),
            Self::Service => matches!(caller, Caller::Service { .. }),
            Self::User => matches!(caller, Caller::User { established: true, .. }),
            Self::NewUser => matches!(caller, Caller::User { established: false, .. }),
            Self::Invitee => matches!(caller, Caller::Invitee { .. }),
            Self::Addressee => matches!(caller, Caller::Addressee { .. }),
            Self::Registrant => matches!(caller, Caller::Registrant { .. }),
        }
    }
}
