//! The events that other services are told of: the same over HTTP as over NATS (domain, J10).

mod following;
pub mod list;
pub mod stream;

use axum::http::StatusCode;
use projection_runtime::Position;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::access::{Endpoints, Role, Scope};
use crate::problem::Problem;
use crate::services::Services;

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .add(routes!(list::events), [Role::Service.of(Scope::Shown)])
        .add(routes!(stream::stream), [Role::Service.of(Scope::Shown)])
}

/// The header with the history that positions belong to.
pub(crate) const EPOCH: &str = "gatehouse-epoch";

/// Where a consumer begins: after this position of this epoch, if it names one.
///
/// # Errors
/// 409: the position is of another history, or of none yet.
fn start(services: &Services, after: u64, epoch: Option<Uuid>, pointer: &str) -> Result<Position, Problem> {
    let current = services.downstream.origin.epoch;
    if epoch.is_some_and(|epoch| epoch != current) {
        let detail = format!(
            "this position is of another history, since the log was restored from a backup; the epoch is {current} now: start again from \
             a snapshot (GET /v1/snapshot)"
        );
        return Err(Problem::new(StatusCode::CONFLICT, "position-of-another-epoch", detail.clone()).of_epoch(current).at(pointer, detail));
    }
    let head = *services.handlers.store().head().borrow();
    if after > head.0 {
        let detail = format!(
            "there is no position {after} yet, the last is {head}: it may be of a history that was lost; the epoch is {current}: start \
             again from a snapshot (GET /v1/snapshot)"
        );
        return Err(Problem::new(StatusCode::CONFLICT, "position-beyond-the-last", detail.clone()).of_epoch(current).at(pointer, detail));
    }
    Ok(Position(after))
}
