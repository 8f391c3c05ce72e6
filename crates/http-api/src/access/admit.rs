//! Lets requests through, or not, before any handler sees them.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::Actor;
use tracing::Instrument as _;

use super::{Granted, Row, Table, authorize};
use crate::caller::Caller;
use crate::command::came_from;
use crate::cookie::{Borne, OwnOrigin, SessionAs};
use crate::limits::{By, Charge, Limit, Metered};
use crate::problem::Problem;
use crate::services::Services;

/// What [`admit`] works with.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) services: Services,
    pub(crate) table: Arc<Table>,
}

/// Lets a request through if the table says that its caller may make it: what is not in the table, nobody may.
///
/// Whoever hangs up ends the waiting, not the work: what was begun is not left half done, and what counts counts.
pub(crate) async fn admit(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    if only_reads(request.method()) {
        return answered(gate, request, next).await;
    }
    match tokio::spawn(answered(gate, request, next).in_current_span()).await {
        Ok(response) => response,
        Err(ended) => match ended.try_into_panic() {
            // Answered as any other panic is.
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_cancelled) => Problem::unavailable("stopping", "the service is stopping").into_response(),
        },
    }
}

fn only_reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

async fn answered(gate: Gate, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let bears_something = parts.headers.contains_key(header::AUTHORIZATION) || Borne::by(&parts.headers) != Borne::Nothing;
    let client = gate.services.proxies.client_of(&parts.extensions, &parts.headers);
    match gate.admitted(&parts, client).await {
        Ok(Admitted { granted, held, metered, charges }) => {
            let actor = granted.caller().actor();
            parts.extensions.insert(granted);
            parts.extensions.insert(held);
            parts.extensions.insert(metered);
            let response = next.run(Request::from_parts(parts, body)).await;
            if response.status().is_client_error() {
                charges.into_iter().for_each(Charge::keep);
            }
            if response.status() == StatusCode::FORBIDDEN {
                note_refused(response.status(), Some(&actor), client);
            }
            response
        }
        Err(problem) => {
            let response = problem.into_response();
            if bears_something {
                note_refused(response.status(), None, client);
            }
            response
        }
    }
}

/// What goes with a request that is let through.
struct Admitted {
    granted: Granted,
    held: SessionAs,
    metered: Metered,
    /// What counts if the request is refused.
    charges: Vec<Charge>,
}

/// For whoever watches over the service: somebody is refused who showed something, or asked for what is not theirs to ask. The span of the
/// request says for what.
fn note_refused(status: StatusCode, actor: Option<&Actor>, client: Option<IpAddr>) {
    let from = came_from(client);
    metrics::counter!("gatehouse_refused_total", "status" => status.as_u16().to_string()).increment(1);
    tracing::info!(target: "security", what = "request", outcome = "refused", status = status.as_u16(), ?actor, from, "a request is refused");
}

impl Gate {
    async fn admitted(&self, request: &Parts, client: Option<IpAddr>) -> Result<Admitted, Problem> {
        let path = request.extensions.get::<MatchedPath>();
        let row = self.table.find(&request.method, path.map_or("", MatchedPath::as_str));
        let row = row.ok_or_else(|| Problem::forbidden("nobody may call this"))?;
        let charges = self.charges(row, client)?;
        let (caller, held) = match bearer(&request.headers)? {
            Some(token) => (self.by_token(token, client).await?, SessionAs::Token),
            None => self.by_cookie(request).await?,
        };
        let metered = Metered { limits: row.limits.clone(), client };
        let granted = authorize(&row.may, caller)?;
        self.count_actor(row, granted.caller())?;
        Ok(Admitted { granted, held, metered, charges })
    }

    /// Counts a command by who sends it: each of somebody in a session or with a link, and what the row says besides.
    fn count_actor(&self, row: &Row, caller: &Caller) -> Result<(), Problem> {
        if only_reads(&row.method) || !caller.is_by_hand() {
            return Ok(());
        }
        let of_row = row.limits.iter().copied().filter(|limit| limit.is_by_actor());
        let (actor, now) = (caller.actor(), (self.services.handlers.clock())());
        for limit in std::iter::once(Limit::CommandsPerActor).chain(of_row) {
            self.services.limits.count(limit, By::Actor(&actor), now)?;
        }
        Ok(())
    }

    /// Counts a request by where it comes from, as its row says; gives what counts only if it is refused.
    fn charges(&self, row: &Row, client: Option<IpAddr>) -> Result<Vec<Charge>, Problem> {
        let Some(client) = client else { return Ok(Vec::new()) };
        let mut of_refusals = Vec::new();
        for limit in row.limits.iter().filter(|limit| limit.is_by_network()) {
            let charge = self.services.limits.charge(*limit, By::Network(client), (self.services.handlers.clock())())?;
            if limit.is_of_refusals() {
                of_refusals.push(charge);
            } else {
                charge.keep();
            }
        }
        Ok(of_refusals)
    }

    /// Whom a token proves. One that proves nobody counts against where it comes from; one that proves somebody is never held up by others.
    async fn by_token(&self, token: &str, client: Option<IpAddr>) -> Result<Caller, Problem> {
        let proved = Caller::from_token(token, &self.services).await;
        if let (Err(problem), Some(client)) = (&proved, client)
            && problem.status == StatusCode::UNAUTHORIZED.as_u16()
        {
            self.services.limits.count(Limit::RefusedTokensPerNetwork, By::Network(client), (self.services.handlers.clock())())?;
        }
        proved
    }

    /// Who sends a request without an `Authorization` header. A cookie comes unasked: what would change something must come from a page of
    /// this service, too, whoever's the cookie may be; and one that proves nobody any more is as none, so that whoever has it can sign in anew.
    async fn by_cookie(&self, request: &Parts) -> Result<(Caller, SessionAs), Problem> {
        let borne = Borne::by(&request.headers);
        if borne != Borne::Nothing && !only_reads(&request.method) {
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
