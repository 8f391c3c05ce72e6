//! `POST /v1/tokens/{serial}/release`: lets a token be registered again that is nobody's any more.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use command_handlers::workflows::WorkflowError;

use super::list::PurchasedToken;
use crate::access::{The, TokenOfInventory};
use crate::caller::Caller;
use crate::problem::Problem;
use crate::services::Services;

/// Release a token
///
/// One whose credential was revoked, or whose person was forgotten: it is back in the operator's hands, and somebody may register it again. Its
/// codes go on where they were.
#[utoipa::path(
    post,
    path = "/v1/tokens/{serial}/release",
    tag = "Tokens",
    operation_id = "release",
    params(("serial" = String, Path, description = "The serial number that is printed on it")),
    responses(
        (status = 200, description = "It can be registered again", body = PurchasedToken),
        (status = 404, description = "The inventory has no such token", body = Problem),
        (status = 409, description = "It is somebody's, or was nobody's already", body = Problem),
    )
)]
pub(super) async fn release(
    State(services): State<Services>,
    The(TokenOfInventory(serial)): The<TokenOfInventory>,
    caller: Caller,
) -> Result<Json<PurchasedToken>, Problem> {
    if !services.vault.release_token(&serial).await.map_err(WorkflowError::from)? {
        let detail = "only a token can be released whose credential was revoked, or whose person was forgotten";
        return Err(Problem::new(StatusCode::CONFLICT, "token-not-withdrawn", detail));
    }
    tracing::info!(serial, by = ?caller.actor(), "a token of the inventory was released");
    let released = services.vault.inventory_token(&serial).await.map_err(WorkflowError::from)?;
    released.map(|token| Json(token.into())).ok_or_else(|| Problem::not_found("token"))
}
