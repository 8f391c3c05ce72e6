//! Who may call what: one table, default deny, and one function that decides.
//!
//! Each resource declares its endpoints with who may call them ([`Endpoints::add`]): in which [`Role`], and of what ([`Scope`]). A
//! request is let through by [`authorize`] before its handler runs: the caller's roles are as the log has them at that moment.
//! What a handler then gets at is decided by the same row: the thing that the address names comes to it by way of
//! [`The`] only, which looks in the log whether it is within the caller's reach, and answers for somebody else's as for
//! none; lists ask [`Granted::reach`]. `schemas/ACCESS.md` is this table as a document.
//!
//! - 401: no token where one is needed, or one that proves nobody.
//! - 403: none of the roles.
//! - 404: what the address names is not within reach.

mod admit;
mod document;
mod endpoints;
mod proof;
mod role;
mod scope;
mod thing;
mod things;

pub(crate) use admit::{Gate, admit};
pub use document::document;
pub use endpoints::{Endpoints, May, Row};
pub(crate) use endpoints::{OVER_THE_LIMIT, Table};
pub(crate) use proof::{
    Addressee, AsReviewer, By, DownstreamService, InSession, Invitee, OrganizationAdministrator, Owns, ServiceAdministrator, SignedIn,
};
pub use role::Role;
pub use scope::{Belongs, HeldLink, Reach, Scope};
pub(crate) use thing::{Address, The, Thing};
pub(crate) use things::{
    AskedAccess, CatalogueEntry, Company, DesiredSubscription, Member, Offer, OwnCase, OwnCredential, OwnRelationship, SentInvitation,
    TokenOfInventory,
};

use axum::http::StatusCode;
use command_handlers::workflows::Stage;

use crate::caller::Caller;
use crate::problem::Problem;

/// What the table grants a caller on a route: the proof that a handler works with.
#[derive(Debug, Clone)]
pub struct Granted {
    caller: Caller,
    reaches: Vec<Reach>,
}

/// Decides whether somebody may make a request, by the row of its route.
///
/// # Errors
/// 401 for nobody in particular, 403 for anybody else who has none of the roles.
pub fn authorize(may: &[May], caller: Caller) -> Result<Granted, Problem> {
    let granted = may.iter().filter(|may| may.role.is_of(&caller));
    let reaches: Vec<Reach> = granted.filter_map(|may| Reach::new(may.scope, &caller)).collect();
    if !reaches.is_empty() {
        return Ok(Granted { caller, reaches });
    }
    Err(match caller {
        Caller::Anyone => Problem::unauthenticated(),
        Caller::User { stage: Stage::ProveSecondFactor, .. } | Caller::NewStaff { stage: Stage::ProveSecondFactor, .. } => Problem::new(
            StatusCode::FORBIDDEN,
            "second-factor-not-shown",
            "please show your second factor first: POST /v1/sign-in/second-factor, or /v1/sign-in/passkey",
        ),
        Caller::User { stage: Stage::Step(_), .. } | Caller::NewStaff { stage: Stage::Step(_), .. }
            if may.iter().any(|may| may.role.is_of_the_established()) =>
        {
            Problem::new(
                StatusCode::FORBIDDEN,
                "first-login-not-done",
                "please complete first-time login first: GET /v1/first-login says which step is next",
            )
        }
        Caller::User { .. }
        | Caller::Staff { .. }
        | Caller::NewStaff { .. }
        | Caller::Partner { .. }
        | Caller::Service { .. }
        | Caller::Addressee { .. }
        | Caller::Registrant { .. }
        | Caller::Invitee { .. } => Problem::forbidden(sentence(may)),
    })
}

/// Who may, in a sentence.
fn sentence(may: &[May]) -> String {
    let mut names: Vec<&str> = may.iter().map(|may| may.role.words()).collect();
    names.dedup();
    format!("this may be done by {} only", names.join(" or "))
}

impl Granted {
    /// Who calls.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// How far they reach by the first of their roles that the row names: what a list shows.
    #[must_use]
    pub fn reach(&self) -> Option<&Reach> {
        self.reaches.first()
    }

    /// How far they reach, by each of their roles that the row names.
    #[must_use]
    pub fn reaches(&self) -> &[Reach] {
        &self.reaches
    }

    /// Whether what belongs so is within their reach by any of their roles.
    #[must_use]
    pub fn covers(&self, belongs: &Belongs) -> bool {
        self.reaches.iter().any(|reach| reach.covers(belongs))
    }
}
