//! `gatehouse token`.

use credential_vault::Holder;
use domain::{OrganizationId, StaffId};
use serde_json::json;

use super::{instant, role_names};
use crate::admin::client::Client;
use crate::admin::tokens::{ListedToken, MadeToken, NewHolder, NewToken};
use crate::cli::Token;
use crate::failure::Failure;
use crate::output;

/// Makes, lists or revokes tokens.
pub(super) async fn run(client: &mut Client, command: Token) -> Result<(), Failure> {
    match command {
        Token::Create { name, staff, partner, service, days } => {
            let holder = match (staff, partner) {
                (Some(staff), _) => NewHolder::Staff(StaffId(staff)),
                (None, Some(partner)) => NewHolder::Partner(OrganizationId(partner)),
                (None, None) => NewHolder::Service(service.unwrap_or_default()),
            };
            let made: MadeToken = client.post("/tokens", &NewToken { name, holder, days }).await?;
            output::line(&made.secret)?;
            let until = made.expires_at.map_or_else(String::new, |at| format!(", works until {}", instant(at)));
            output::note(format_args!("token {}{until}; it is not shown again, and only its hash is kept", made.id));
            Ok(())
        }
        Token::List => {
            let tokens: Vec<ListedToken> = client.get("/tokens").await?;
            if tokens.is_empty() {
                output::note("there are no tokens: `gatehouse token create` makes one");
                return Ok(());
            }
            let rows: Vec<_> = tokens.iter().map(row).collect();
            output::line(output::table(&["ID", "NAME", "HOLDER", "CREATED", "STATE"], &rows))
        }
        Token::Revoke { id } => {
            let revoked: bool = client.post(&format!("/tokens/{id}/revoke"), &json!({})).await?;
            output::note(if revoked { "revoked: it does not work any more" } else { "it was revoked before" });
            Ok(())
        }
    }
}

fn row(token: &ListedToken) -> Vec<String> {
    let holder = match &token.holder {
        Holder::Staff { staff, roles } => format!("staff {staff} ({})", role_names(roles)),
        Holder::Partner { organization } => format!("partner {organization}"),
        Holder::Service { name } => format!("service {name}"),
    };
    let state = match (token.revoked_at, token.expires_at) {
        (Some(at), _) => format!("revoked {}", instant(at)),
        (None, Some(at)) => format!("until {}", instant(at)),
        (None, None) => "until revoked".to_owned(),
    };
    vec![token.id.to_string(), token.name.clone(), holder, instant(token.created_at), state]
}
