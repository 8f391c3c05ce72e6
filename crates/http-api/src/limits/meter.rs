//! What a handler counts by: what stands in the request.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use uuid::Uuid;

use super::{By, Charge, Limit};
use crate::problem::Problem;
use crate::services::Services;

/// The limits that were declared with the route, for the handler to count by what it finds. Put there by the gate.
#[derive(Debug, Clone)]
pub(crate) struct Metered {
    pub(crate) limits: Vec<Limit>,
    pub(crate) client: Option<IpAddr>,
}

impl Metered {
    /// A refused sign-in as this, unless the charge is dropped.
    ///
    /// # Errors
    /// 429 if there were too many.
    pub(crate) fn sign_in(&self, services: &Services, user_id: &str) -> Result<Charge, Problem> {
        self.charge(services, Limit::SignInsPerAccount, By::Account(user_id, self.client))
    }

    /// A mail to this address, unless the charge is dropped.
    ///
    /// # Errors
    /// 429 if there were too many.
    pub(crate) fn mail(&self, services: &Services, address: &str) -> Result<Charge, Problem> {
        self.charge(services, Limit::MailsPerAddress, By::Address(address))
    }

    /// An answer of the human check of this registration.
    ///
    /// # Errors
    /// 429 if there were too many.
    pub(crate) fn human_check(&self, services: &Services, registration: Uuid) -> Result<(), Problem> {
        self.charge(services, Limit::HumanChecksPerRegistration, By::Registration(registration)).map(Charge::keep)
    }

    fn charge(&self, services: &Services, limit: Limit, by: By<'_>) -> Result<Charge, Problem> {
        if !self.limits.contains(&limit) {
            return Err(Problem::internal(&Undeclared(limit.name())));
        }
        services.limits.charge(limit, by, (services.handlers.clock())())
    }
}

/// A handler counts what its route does not say it does.
#[derive(Debug, thiserror::Error)]
#[error("the limit {0} is not declared with this route")]
struct Undeclared(&'static str);

impl<S: Send + Sync> FromRequestParts<S> for Metered {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::unauthenticated)
    }
}
