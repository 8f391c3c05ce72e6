//! Positions as the outside knows them (architecture, rules 2 and 6): `<epoch>-<number>`, opaque to callers.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use projection_runtime::{Epoch, Position};

use crate::problem::Problem;
use crate::services::Services;

/// The header that says for which position an answer is good: sent with every answer to a command and every read.
pub const POSITION: &str = "gatehouse-position";
/// The header by which a read asks for an answer at this position or later.
pub const MIN_POSITION: &str = "gatehouse-min-position";

/// The position that a read asks for, if any.
#[derive(Debug, Clone, Copy)]
pub struct ReadAt(pub Option<Position>);

/// The first eight digits of the epoch tell histories apart well enough and keep the text short.
fn epoch_text(epoch: Epoch) -> String {
    epoch.0.simple().to_string().chars().take(8).collect()
}

pub(crate) fn to_text(epoch: Epoch, position: Position) -> String {
    format!("{}-{position}", epoch_text(epoch))
}

/// Reads a position of this epoch.
pub(crate) fn parse(text: &str, epoch: Epoch, pointer: &str) -> Result<Position, Problem> {
    let wrong = || Problem::malformed(pointer, "a position must be one that this service answered with, such as 1f0c9a2e-4711");
    let (of, number) = text.split_once('-').ok_or_else(wrong)?;
    let number = number.parse().map_err(|_| wrong())?;
    if of != epoch_text(epoch) {
        let detail = "this position is of another history: the log has been restored from a backup since; start over";
        return Err(Problem::new(StatusCode::CONFLICT, "position-of-another-epoch", detail).at(pointer, detail));
    }
    Ok(Position(number))
}

impl FromRequestParts<Services> for ReadAt {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(MIN_POSITION) else { return Ok(Self(None)) };
        parse(value.to_str().unwrap_or_default(), services.epoch, "header:Gatehouse-Min-Position").map(|position| Self(Some(position)))
    }
}
