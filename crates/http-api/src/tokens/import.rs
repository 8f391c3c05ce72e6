//! `POST /v1/tokens/imports`: puts tokens that were bought into the inventory.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use command_handlers::workflows::WorkflowError;
use serde::Serialize;
use utoipa::ToSchema;

use super::sheet::{RowOutcome, Sheet};
use crate::caller::Caller;
use crate::extract::Query;
use crate::problem::Problem;
use crate::services::Services;
use crate::upload::{self, UploadQuery};

/// What came of an import.
#[derive(Debug, Serialize, ToSchema)]
pub struct Imported {
    /// Whether nothing was done but to look.
    pub dry_run: bool,
    /// What came of each row, in their order.
    pub rows: Vec<RowOutcome>,
}

/// Import tokens
///
/// A CSV file (UTF-8, with a header) with the columns `serial`, `algorithm` (`hotp`, a token with a button, or `totp`, one that goes by the time)
/// and `seed_hex` or `seed_base32`, and perhaps `digits` (6 or 8; 6 unless told), `period` (of `totp`, in seconds; 30 unless told), `hash`
/// (`sha1`, `sha256`, `sha512`; `sha1` unless told), `counter` (of `hotp`, that of the next code; 0 unless told). If a row is not valid, nothing is
/// imported. Sent again, it imports nothing twice; a serial number that is there with another seed is refused for its row. Seeds are shown to
/// nobody ever after.
#[utoipa::path(
    post,
    path = "/v1/tokens/imports",
    tag = "Tokens",
    operation_id = "import",
    params(UploadQuery),
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, description = "What came of each row", body = Imported),
        (status = 422, description = "A row is not valid: none was imported", body = Problem),
    )
)]
pub(super) async fn import(
    State(services): State<Services>,
    caller: Caller,
    Query(query): Query<UploadQuery>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Imported>, Problem> {
    let sheet = Sheet::read(&upload::file(&headers, body)?).map_err(|error| Problem::malformed(error.pointer, error.detail))?;
    let rows = if query.dry_run {
        sheet.compare(&services.vault).await
    } else {
        let errors = sheet.errors();
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        sheet.import(&services.vault, &caller.actor(), (services.handlers.clock())()).await
    };
    Ok(Json(Imported { dry_run: query.dry_run, rows: rows.map_err(WorkflowError::from)? }))
}
