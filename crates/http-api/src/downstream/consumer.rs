//! A downstream service that asks for events.

use std::collections::BTreeSet;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use domain::ServiceId;
use domain::application::Application;
use domain::service::Sees;
use public_events::ApplicationCode;
use public_feed::Scope;

use crate::access::{By, DownstreamService};
use crate::caller::Caller;
use crate::problem::Problem;
use crate::services::Services;

/// A downstream service with what it is told, and the token that proved it: what it may is looked at again while an answer lasts.
#[derive(Clone)]
pub(crate) struct Consumer {
    /// Which service.
    pub(crate) service: ServiceId,
    /// What it is told.
    pub(crate) scope: Scope,
    token: String,
}

impl Consumer {
    /// Looks again whether the token works and what the service is told.
    ///
    /// # Errors
    /// 401 once the token or the service is no more.
    pub(crate) async fn again(&mut self, services: &Services) -> Result<(), Problem> {
        let caller = Caller::from_token(&self.token, services).await?;
        let Caller::Service { service, name: _, sees } = caller else { return Err(Problem::unauthenticated()) };
        self.scope = scope(services, &sees).await?;
        self.service = service;
        Ok(())
    }
}

impl FromRequestParts<Services> for Consumer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Problem> {
        let By(DownstreamService { service, sees, .. }) = By::from_request_parts(parts, services).await?;
        let token = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let token = token.ok_or_else(Problem::unauthenticated)?.trim().to_owned();
        Ok(Self { service, scope: scope(services, &sees).await?, token })
    }
}

/// What a service is told that is shown this: applications are told of by their codes, which never change.
async fn scope(services: &Services, sees: &Sees) -> Result<Scope, Problem> {
    let applications = match sees {
        Sees::Everything => return Ok(Scope::Everything),
        Sees::Applications(applications) => applications,
    };
    let mut codes = BTreeSet::new();
    for application in applications {
        let code = services
            .handlers
            .inspect::<Application, _>(application.0, |state, _| state.published().map(|published| published.code.to_string()))
            .await?
            .flatten();
        // An application that nobody published has no events.
        codes.extend(code.and_then(|code| ApplicationCode::try_from(code).ok()));
    }
    Ok(Scope::Applications(codes))
}
