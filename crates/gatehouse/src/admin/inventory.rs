//! The inventory of one-time-password tokens that were bought elsewhere.

use axum::Json;
use axum::extract::{Path, State};
use domain::Actor;
use http_api::problem::FieldError;
use http_api::tokens::list::PurchasedToken;
use http_api::tokens::sheet::{RowOutcome, Sheet};
use serde::{Deserialize, Serialize};

use super::{Admin, Answer};
use crate::failure::Failure;

/// Tokens to be put into the inventory. Holds their seeds: it goes over the socket, which only the folder's owner opens, and is not logged.
#[derive(Serialize, Deserialize)]
pub(crate) struct Import {
    /// The CSV file, as `POST /v1/tokens/imports` takes it.
    pub(crate) file: String,
    /// Only say what would come of each row.
    pub(crate) dry_run: bool,
}

/// Imports tokens; says of each row what came of it.
pub(crate) async fn import(State(admin): State<Admin>, Json(import): Json<Import>) -> Answer<Vec<RowOutcome>> {
    let sheet = Sheet::read(import.file.as_bytes()).map_err(|error| Failure::Usage(sentence(&error)))?;
    let vault = &admin.service.vault;
    let rows = if import.dry_run {
        sheet.compare(vault).await
    } else {
        let errors: Vec<_> = sheet.errors().iter().map(sentence).collect();
        if !errors.is_empty() {
            return Err(Failure::Refused(format!("nothing was imported:\n{}", errors.join("\n"))).into());
        }
        sheet.import(vault, &Actor::Operator, (admin.service.clock)()).await
    };
    Ok(Json(rows.map_err(|error| Failure::from_error(&error))?))
}

/// What is wrong, and where.
pub(crate) fn sentence(error: &FieldError) -> String {
    let place = error.pointer.trim_start_matches("/rows/").replace('/', ", ");
    if place.is_empty() { error.detail.clone() } else { format!("row {place}: {}", error.detail) }
}

/// Lists the inventory, without seeds.
pub(crate) async fn list(State(admin): State<Admin>) -> Answer<Vec<PurchasedToken>> {
    let found = admin.service.vault.token_inventory("", None, u32::MAX).await.map_err(|error| Failure::from_error(&error))?;
    Ok(Json(found.into_iter().map(PurchasedToken::from).collect()))
}

/// Lets a token be registered again that is nobody's any more.
pub(crate) async fn release(State(admin): State<Admin>, Path(serial): Path<String>) -> Answer<PurchasedToken> {
    let vault = &admin.service.vault;
    let wrong = |error: credential_vault::VaultError| Failure::from_error(&error);
    let is_released = vault.release_token(&serial).await.map_err(wrong)?;
    let Some(token) = vault.inventory_token(&serial).await.map_err(wrong)? else {
        return Err(Failure::Refused("no token has this serial number: `gatehouse inventory list` shows them".to_owned()).into());
    };
    let token = PurchasedToken::from(token);
    if is_released {
        tracing::info!(serial = token.serial, by = ?Actor::Operator, "a token of the inventory was released");
        return Ok(Json(token));
    }
    let why = match token.credential {
        Some(credential) => format!("it is somebody's, as credential {credential}, which is to be revoked first"),
        None => "it is nobody's already".to_owned(),
    };
    Err(Failure::Refused(why).into())
}
