//! Lets requests through, or not, before any handler sees them.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Granted, Table, authorize};
use crate::caller::Caller;
use crate::problem::Problem;
use crate::services::Services;

/// What [`admit`] works with.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) services: Services,
    pub(crate) table: Arc<Table>,
}

/// Lets a request through if the table says that its caller may make it: what is not in the table, nobody may.
pub(crate) async fn admit(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    match gate.granted(&mut request).await {
        Ok(granted) => {
            request.extensions_mut().insert(granted);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

impl Gate {
    async fn granted(&self, request: &mut Request) -> Result<Granted, Problem> {
        let path = request.extensions().get::<MatchedPath>().cloned();
        let may = self.table.find(request.method(), path.as_ref().map_or("", MatchedPath::as_str));
        let may = may.ok_or_else(|| Problem::forbidden("nobody may call this"))?;
        let caller = match bearer(request.headers())? {
            None => Caller::Anyone,
            Some(token) => Caller::from_token(token, &self.services).await?,
        };
        authorize(may, caller)
    }
}

/// The token that a request bears, if any.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let token = value.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
    token.map(|token| Some(token.trim())).ok_or_else(Problem::unauthenticated)
}

impl<S: Send + Sync> FromRequestParts<S> for Granted {
    type Rejection = Problem;

    /// What [`admit`] granted: a route that it does not guard grants nothing.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::unauthenticated)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Granted::from_request_parts(parts, state).await.map(|granted| granted.caller)
    }
}
