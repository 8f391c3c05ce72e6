//! `gatehouse status`.

use super::instant;
use crate::admin::client::Client;
use crate::admin::status::{Follower, Held, Status};
use crate::failure::Failure;
use crate::output;

/// Shows how the service is.
pub(super) async fn run(client: &mut Client, json: bool) -> Result<(), Failure> {
    let status: Status = client.get("/status").await?;
    if json {
        return output::line(serde_json::to_string_pretty(&status).map_err(|error| Failure::from_error(&error))?);
    }
    let runs = if status.running { "runs" } else { "does not run" };
    output::line(format_args!("Gatehouse {} {runs}; data folder {}", status.version, status.data))?;
    output::line(format_args!("log: {} events, epoch {}", status.log.position, status.log.epoch))?;
    if let Some(failure) = &status.log.failure {
        output::line(format_args!("log: TAKES NO MORE EVENTS: {failure}"))?;
    }
    if let Some(mails) = &status.mails {
        let mails: Vec<String> = mails.iter().map(|(state, count)| format!("{count} {}", state.replace('_', " "))).collect();
        output::line(format_args!("mails: {}", mails.join(", ")))?;
    }
    output::line("")?;
    output::line(output::table(&["READ MODEL", "STATE", "POSITION", "BEHIND", "SINCE"], &rows(&status.read_models)))?;
    if !status.consumers.is_empty() {
        output::line("")?;
        output::line(output::table(&["FOLLOWS THE LOG", "STATE", "POSITION", "BEHIND", "SINCE"], &rows(&status.consumers)))?;
    }
    if !status.leases.is_empty() {
        let row = |held: &Held| {
            let instance = if held.is_own { format!("{} (this one)", held.instance) } else { held.instance.clone() };
            vec![held.name.clone(), instance, instant(held.since)]
        };
        output::line("")?;
        output::line(output::table(&["DONE BY ONE", "INSTANCE", "SINCE"], &status.leases.iter().map(row).collect::<Vec<_>>()))?;
    }
    let elsewhere = |follower: &&Follower| follower.state != "elsewhere";
    for follower in status.read_models.iter().chain(&status.consumers).filter(elsewhere) {
        if let Some(reason) = &follower.reason {
            output::line(format_args!("\n{} ({}): {reason}", follower.name, follower.state))?;
        }
    }
    Ok(())
}

fn rows(followers: &[Follower]) -> Vec<Vec<String>> {
    let row = |follower: &Follower| {
        let state = if follower.state == "stopped" { "STOPPED".to_owned() } else { follower.state.clone() };
        let events = match follower.lag_events {
            0 => "-".to_owned(),
            1 => "1 event".to_owned(),
            many => format!("{many} events"),
        };
        let seconds = if follower.lag_seconds > 0.0 { format!("{:.1} s", follower.lag_seconds) } else { "-".to_owned() };
        let position = if follower.state == "elsewhere" { "-".to_owned() } else { follower.position.to_string() };
        vec![follower.name.clone(), state, position, events, seconds]
    };
    followers.iter().map(row).collect()
}
