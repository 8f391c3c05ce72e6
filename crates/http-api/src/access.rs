//! Who may call what: one table, default deny. A route that is not in it answers 403 to everybody; a test holds it against
//! the routes that the API's description names.

use axum::http::Method;

/// A kind of caller. A staff role never implies another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody, without a token.
    Anyone,
    /// Staff that reviews.
    Reviewer,
    /// Staff that leads reviews.
    ReviewLead,
    /// Staff that reads history.
    Auditor,
    /// Staff that runs the service.
    Administrator,
    /// A partner's own system.
    Partner,
    /// A downstream service.
    Service,
    /// A user with an established account; which one, and in which role, the endpoint looks at.
    User,
    /// A user who has signed in and is still in first-time login, or sets a new password by a one-time password.
    NewUser,
    /// The holder of a self-registration invitation's link.
    Invitee,
    /// The holder of an invitation's link.
    Addressee,
    /// The holder of a registration's link.
    Registrant,
}

/// Method, path as routed, who may call it.
pub type Row = (Method, &'static str, &'static [Who]);

/// All routes. Each resource names its own, beside its endpoints.
pub const ROUTES: &[&[Row]] = &[
    SERVICE,
    crate::invitations::ACCESS,
    crate::sign_in::ACCESS,
    crate::first_login::ACCESS,
    crate::account::ACCESS,
    crate::users::ACCESS,
    crate::applications::ACCESS,
    crate::offers::ACCESS,
    crate::registrations::ACCESS,
    crate::review::ACCESS,
    crate::status::ACCESS,
    crate::organizations::ACCESS,
    crate::subscriptions::ACCESS,
    crate::accesses::ACCESS,
    crate::relationships::ACCESS,
    crate::history::ACCESS,
    crate::mails::ACCESS,
    crate::persons::ACCESS,
    crate::events::ACCESS,
    crate::snapshot::ACCESS,
    crate::erasures::ACCESS,
    crate::schemas::ACCESS,
];

/// The service itself.
const SERVICE: &[Row] = &[
    (Method::GET, "/livez", &[Who::Anyone]),
    (Method::GET, "/readyz", &[Who::Anyone]),
    (Method::GET, "/v1/openapi.json", &[Who::Anyone]),
    (Method::GET, "/docs", &[Who::Anyone]),
    (Method::GET, "/docs/", &[Who::Anyone]),
    (Method::GET, "/docs/{*rest}", &[Who::Anyone]),
];

/// Who may make this request; none: it is not in the table.
pub(crate) fn who(method: &Method, path: &str) -> Option<&'static [Who]> {
    ROUTES.iter().copied().flatten().find(|(of, at, _)| of == method && *at == path).map(|(_, _, who)| *who)
}

/// Who may, in a sentence.
pub(crate) fn sentence(who: &[Who]) -> String {
    let names: Vec<&str> = who.iter().map(|who| who.name()).collect();
    format!("this may be done by {} only", names.join(" or "))
}

impl Who {
    fn name(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Reviewer => "a reviewer",
            Self::ReviewLead => "a review lead",
            Self::Auditor => "an auditor",
            Self::Administrator => "an administrator of the service",
            Self::Partner => "a partner",
            Self::Service => "a downstream service",
            Self::User => "a user who is signed in",
            Self::NewUser => "a user in first-time login",
            Self::Invitee => "the holder of a self-registration invitation's link",
            Self::Addressee => "the holder of an invitation's link",
            Self::Registrant => "the holder of a registration's link",
        }
    }
}
