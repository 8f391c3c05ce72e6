//! `GET /v1/tokens`: the inventory.

use axum::Json;
use axum::extract::State;
use command_handlers::workflows::WorkflowError;
use credential_vault::{OtpAlgorithm, OtpHash, Standing, StockedToken, TokenStanding};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::extract::{Query, page_size};
use crate::found::Page;
use crate::problem::Problem;
use crate::services::Services;

/// Which tokens.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TokensQuery {
    /// Those that stand so: `available`, `taken`, `withdrawn`.
    standing: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 100; 50 unless told.
    limit: Option<u32>,
}

/// A token that was bought, without its seed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PurchasedToken {
    /// Its serial number.
    #[schema(example = "SN-004217")]
    pub serial: String,
    /// How its codes are made: `hotp` or `totp`.
    pub algorithm: String,
    /// How many seconds a code lasts, of `totp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<u32>,
    /// How long its codes are.
    pub digits: u8,
    /// The hash of its codes: `sha1`, `sha256`, `sha512`.
    pub hash: String,
    /// `available`; `taken`: it is somebody's; `withdrawn`: it was somebody's, and can be released.
    pub standing: String,
    /// Which credential it is, if it is somebody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Uuid>,
}

impl From<StockedToken> for PurchasedToken {
    fn from(token: StockedToken) -> Self {
        let StockedToken { serial, algorithm, digits, hash, standing } = token;
        let (algorithm, period) = match algorithm {
            OtpAlgorithm::Hotp => ("hotp", None),
            OtpAlgorithm::Totp { period } => ("totp", Some(period)),
        };
        let hash = match hash {
            OtpHash::Sha1 => "sha1",
            OtpHash::Sha256 => "sha256",
            OtpHash::Sha512 => "sha512",
        };
        let (standing, credential) = match standing {
            TokenStanding::Available => ("available", None),
            TokenStanding::Taken(credential) => ("taken", Some(credential.0)),
            TokenStanding::Withdrawn => ("withdrawn", None),
        };
        let (algorithm, hash, standing) = (algorithm.to_owned(), hash.to_owned(), standing.to_owned());
        Self { serial, algorithm, period, digits: digits.count(), hash, standing, credential }
    }
}

/// List tokens
///
/// The inventory of tokens that were bought, by serial number. Never a seed.
#[utoipa::path(
    get,
    path = "/v1/tokens",
    tag = "Tokens",
    operation_id = "list",
    params(TokensQuery),
    responses((status = 200, description = "A page of tokens", body = Page<PurchasedToken>))
)]
pub(super) async fn list(
    State(services): State<Services>,
    Query(query): Query<TokensQuery>,
) -> Result<Json<Page<PurchasedToken>>, Problem> {
    let only = match query.standing.as_deref() {
        None => None,
        Some("available") => Some(Standing::Available),
        Some("taken") => Some(Standing::Taken),
        Some("withdrawn") => Some(Standing::Withdrawn),
        Some(_) => return Err(Problem::malformed("query:standing", "the standing is one of available, taken, withdrawn")),
    };
    let size = page_size(query.limit)?;
    let after = query.after.unwrap_or_default();
    // One more than is shown says whether there is a next page.
    let mut found = services.vault.token_inventory(&after, only, size + 1).await.map_err(WorkflowError::from)?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let is_more = found.len() > size;
    found.truncate(size);
    let next = found.last().filter(|_| is_more).map(|last| last.serial.clone());
    Ok(Json(Page { items: found.into_iter().map(PurchasedToken::from).collect(), next }))
}
