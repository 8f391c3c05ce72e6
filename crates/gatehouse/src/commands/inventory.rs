//! `gatehouse inventory`.

use std::path::Path;

use http_api::tokens::list::PurchasedToken;
use http_api::tokens::sheet::{Outcome, RowOutcome};
use serde_json::json;

use crate::admin::client::Client;
use crate::admin::inventory::{Import, sentence};
use crate::cli::Inventory;
use crate::failure::Failure;
use crate::output;

/// Imports, lists or releases tokens that were bought elsewhere.
pub(super) async fn run(client: &mut Client, command: Inventory) -> Result<(), Failure> {
    match command {
        Inventory::Import { file, dry_run } => import(client, &file, dry_run).await,
        Inventory::List => {
            let tokens: Vec<PurchasedToken> = client.get("/inventory").await?;
            if tokens.is_empty() {
                output::note("the inventory is empty: `gatehouse inventory import FILE` fills it");
                return Ok(());
            }
            let rows: Vec<_> = tokens.iter().map(row).collect();
            output::line(output::table(&["SERIAL", "ALGORITHM", "DIGITS", "HASH", "STANDING", "CREDENTIAL"], &rows))
        }
        Inventory::Release { serial } => {
            let can_be_one = !serial.is_empty() && serial.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            if !can_be_one {
                return Err(Failure::Usage("a serial number is 1 to 40 letters, digits and dashes".to_owned()));
            }
            let released: PurchasedToken = client.post(&format!("/inventory/{serial}/release"), &json!({})).await?;
            output::note(format_args!("{} can be registered again", released.serial));
            Ok(())
        }
    }
}

async fn import(client: &mut Client, path: &Path, dry_run: bool) -> Result<(), Failure> {
    let file = std::fs::read_to_string(path).map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", path.display())))?;
    let rows: Vec<RowOutcome> =
        client.post("/inventory", &Import { file, dry_run }).await.map_err(|error| error.about(&path.display().to_string()))?;
    let mut refused = 0_usize;
    for row in &rows {
        let deed = match (row.outcome, dry_run) {
            (Outcome::Imported, false) => "imported",
            (Outcome::Imported, true) => "would be imported",
            (Outcome::Same, _) => "there already",
            (Outcome::Differs | Outcome::Invalid, _) => "refused",
        };
        output::line(format_args!("row {}: {} {deed}", row.row, row.serial.as_deref().unwrap_or("?")))?;
        for error in &row.errors {
            output::note(sentence(error));
        }
        refused += usize::from(deed == "refused");
    }
    match refused {
        0 => Ok(()),
        refused => Err(Failure::Refused(format!("{refused} of {} rows {} refused", rows.len(), if dry_run { "would be" } else { "were" }))),
    }
}

fn row(token: &PurchasedToken) -> Vec<String> {
    let algorithm = token.period.map_or_else(|| token.algorithm.clone(), |period| format!("{}, {period} s", token.algorithm));
    let credential = token.credential.map(|credential| credential.to_string()).unwrap_or_default();
    vec![token.serial.clone(), algorithm, token.digits.to_string(), token.hash.clone(), token.standing.clone(), credential]
}
