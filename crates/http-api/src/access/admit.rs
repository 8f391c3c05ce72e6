//! Lets requests through, or not, before any handler sees them.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Granted, Table, authorize};
use crate::caller::Caller;
use crate::cookie::{Borne, OwnOrigin, SessionAs};
use crate::problem::Problem;
use crate::services::Services;

/// What [`admit`] works with.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) services: Services,
    pub(crate) table: Arc<Table>,
}

/// Lets a request through if the table says that its caller may make it: what is not in the table, nobody may.
pub(crate) async fn admit(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match gate.granted(&parts).await {
        Ok((granted, held)) => {
            parts.extensions.insert(granted);
            parts.extensions.insert(held);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => problem.into_response(),
    }
}

impl Gate {
    async fn granted(&self, request: &Parts) -> Result<(Granted, SessionAs), Problem> {
        let path = request.extensions.get::<MatchedPath>();
        let may = self.table.find(&request.method, path.map_or("", MatchedPath::as_str));
        let may = may.ok_or_else(|| Problem::forbidden("nobody may call this"))?;
        let (caller, held) = match bearer(&request.headers)? {
            Some(token) => (Caller::from_token(token, &self.services).await?, SessionAs::Token),
            None => self.by_cookie(request).await?,
        };
        Ok((authorize(may, caller)?, held))
    }

    /// Who sends a request without an `Authorization` header. A cookie comes unasked: what would change something must come from a page of
    /// this service, too, whoever's the cookie may be; and one that proves nobody any more is as none, so that whoever has it can sign in anew.
    async fn by_cookie(&self, request: &Parts) -> Result<(Caller, SessionAs), Problem> {
        let borne = Borne::by(&request.headers);
        let only_reads = matches!(request.method, Method::GET | Method::HEAD);
        if borne != Borne::Nothing && !only_reads {
            OwnOrigin::of(&self.services.base_url).require(&request.headers)?;
        }
        let Borne::One(text) = borne else { return Ok((Caller::Anyone, SessionAs::Token)) };
        let caller = Caller::from_cookie(text, &self.services).await?;
        Ok(caller.map_or((Caller::Anyone, SessionAs::Token), |caller| (caller, SessionAs::Cookie)))
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
