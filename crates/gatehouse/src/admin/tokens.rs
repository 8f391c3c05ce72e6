//! API tokens.

use axum::Json;
use axum::extract::{Path, State};
use credential_vault::{Holder, Token, TokenId, TokenRequest};
use domain::organization::Organization;
use domain::service::Service;
use domain::staff::Staff;
use domain::{OrganizationId, StaffId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Admin, Answer};
use crate::failure::Failure;

/// A token to be made.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NewToken {
    /// What people call it.
    pub(crate) name: String,
    /// Who acts with it.
    pub(crate) holder: NewHolder,
    /// Days until it expires.
    pub(crate) days: u32,
}

/// Who acts with a token.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NewHolder {
    /// A member of staff, with the roles that they have at each moment.
    Staff(StaffId),
    /// A partner's own system.
    Partner(OrganizationId),
    /// A downstream service, by its name.
    Service(String),
}

/// A token that was made just now.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MadeToken {
    /// Its id.
    pub(crate) id: TokenId,
    /// Its text, shown this once.
    pub(crate) secret: String,
    /// Until when it works.
    pub(crate) expires_at: Option<Timestamp>,
}

/// A token, without its text.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ListedToken {
    /// Its id.
    pub(crate) id: TokenId,
    /// What people call it.
    pub(crate) name: String,
    /// Who acts with it.
    pub(crate) holder: Holder,
    /// When it was made.
    pub(crate) created_at: Timestamp,
    /// Until when it works.
    pub(crate) expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub(crate) revoked_at: Option<Timestamp>,
}

/// Makes a token.
pub(crate) async fn create(State(admin): State<Admin>, Json(new): Json<NewToken>) -> Answer<MadeToken> {
    let name = new.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(
            Failure::Usage("the token needs a name of 1 to 100 characters on one line, such as \"review console\"".to_owned()).into()
        );
    }
    let handlers = &admin.service.handlers;
    let holder = match new.holder {
        NewHolder::Staff(staff) => {
            let roles = handlers.inspect::<Staff, _>(staff.0, |state, _| state.member().map(|member| member.roles.clone())).await?;
            let roles = roles
                .flatten()
                .ok_or_else(|| Failure::Refused(format!("nobody on the staff has the id {staff}: `gatehouse staff list` shows them")))?;
            Holder::Staff { staff, roles: roles.into_iter().collect() }
        }
        NewHolder::Partner(organization) => {
            handlers
                .inspect::<Organization, _>(organization.0, |_, _| ())
                .await?
                .ok_or_else(|| Failure::Refused(format!("no organization has the id {organization}")))?;
            Holder::Partner { organization }
        }
        NewHolder::Service(service) => Holder::Service { name: registered(&admin, &service).await? },
    };
    let now = (admin.service.clock)();
    let expires_at = now.checked_add(SignedDuration::from_hours(i64::from(new.days) * 24)).ok();
    let request = TokenRequest { name, holder, scopes: Vec::new(), expires_at };
    let issued = admin.service.vault.issue_token(request, now).await.map_err(|error| Failure::from_error(&error))?;
    tracing::info!(token = %issued.token.id, "a token was made");
    Ok(Json(MadeToken { id: issued.token.id, secret: issued.secret.to_string(), expires_at }))
}

/// The name of a downstream service that is registered and not retired.
async fn registered(admin: &Admin, name: &str) -> Result<String, Failure> {
    let (id, name) = super::resolve::service(&admin.service, name).await?;
    let stands = admin.service.handlers.inspect::<Service, _>(id.0, |state, _| state.registered().is_some()).await?;
    if stands == Some(true) { Ok(name.to_string()) } else { Err(Failure::Refused(format!("the service {name} was retired"))) }
}

/// Lists all tokens.
pub(crate) async fn list(State(admin): State<Admin>) -> Answer<Vec<ListedToken>> {
    let tokens = admin.service.vault.list_tokens().await.map_err(|error| Failure::from_error(&error))?;
    let listed = tokens.into_iter().map(|Token { id, name, holder, scopes: _, created_at, expires_at, revoked_at }| ListedToken {
        id,
        name,
        holder,
        created_at,
        expires_at,
        revoked_at,
    });
    Ok(Json(listed.collect()))
}

/// Revokes a token. False: it was revoked before.
pub(crate) async fn revoke(State(admin): State<Admin>, Path(id): Path<TokenId>) -> Answer<bool> {
    let vault = &admin.service.vault;
    let wrong = |error: credential_vault::VaultError| Failure::from_error(&error);
    let revoked = vault.revoke_token(id, (admin.service.clock)()).await.map_err(wrong)?;
    if !revoked && !vault.list_tokens().await.map_err(wrong)?.iter().any(|token| token.id == id) {
        return Err(Failure::Refused(format!("no token has the id {id}: `gatehouse token list` shows them")).into());
    }
    if revoked {
        tracing::info!(token = %id, "a token was revoked");
    }
    Ok(Json(revoked))
}
