//! `gatehouse erasures`.

use http_api::erasures::certificate::Certificate;

use super::instant;
use crate::admin::client::Client;
use crate::admin::erasures::{Asked, Listed, PAGE};
use crate::failure::Failure;
use crate::output;

/// Lists the erasures that some service has not acknowledged, or all.
pub(super) async fn run(client: &mut Client, all: bool) -> Result<(), Failure> {
    let mut found: Vec<Listed> = Vec::new();
    loop {
        let after = found.last().map_or(0, |erasure| erasure.position);
        let page: Vec<Listed> = client.post(&format!("/erasures/{after}"), &Asked { all }).await?;
        let is_last = u32::try_from(page.len()).is_ok_and(|length| length < PAGE);
        found.extend(page);
        if is_last {
            break;
        }
    }
    if found.is_empty() {
        output::note(if all { "nobody was erased whom other services knew" } else { "every service has acknowledged every erasure" });
        return Ok(());
    }
    let rows: Vec<_> = found.iter().map(row).collect();
    output::line(output::table(&["PERSON", "ERASED", "NOT ACKNOWLEDGED BY", "ACKNOWLEDGED BY"], &rows))
}

fn row(erasure: &Listed) -> Vec<String> {
    let acknowledged: Vec<_> = erasure.acknowledged.iter().map(|(name, at)| format!("{name} ({})", instant(*at))).collect();
    vec![erasure.person.to_string(), instant(erasure.erased_at), erasure.outstanding.join(", "), acknowledged.join(", ")]
}

/// Shows the certificate of an erasure.
pub(super) async fn certificate(client: &mut Client, person: uuid::Uuid, json: bool) -> Result<(), Failure> {
    let certificate: Certificate = client.post(&format!("/erasure-certificates/{person}"), &()).await?;
    if json {
        return output::line(serde_json::to_string_pretty(&certificate).map_err(|error| Failure::from_error(&error))?);
    }
    output::line(certificate.text())
}
