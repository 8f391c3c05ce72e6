//! `gatehouse service`.

use super::instant;
use serde_json::json;

use crate::admin::client::Client;
use crate::admin::services::{Changed, Granted, Listed, Registration, Retirement, Scope};
use crate::cli::Service;
use crate::failure::Failure;
use crate::output;

/// Registers, limits or retires downstream services.
pub(super) async fn run(client: &mut Client, command: Service) -> Result<(), Failure> {
    match command {
        Service::Register { name, applications } => {
            let shown = shown(&applications);
            let changed: Changed = client.post("/services", &Registration { name: name.clone(), applications }).await?;
            output::line(changed.id)?;
            output::note(if changed.changed {
                format!("registered; it sees {shown}. `gatehouse token create LABEL --service {}` makes a token for it", name.trim())
            } else {
                "it was registered before, just so".to_owned()
            });
            Ok(())
        }
        Service::List => list(client).await,
        Service::Scope { name, applications, everything: _ } => {
            let shown = shown(&applications);
            let changed: Changed = client.post(&format!("/services/{}/scope", segment(&name)?), &Scope { applications }).await?;
            output::note(if changed.changed {
                format!("it sees {shown} from now on; what it was not told before, a snapshot shows it")
            } else {
                format!("it sees {shown} already")
            });
            output::note(format_args!("over NATS once its consumer says so: `gatehouse service nats {} --make`", segment(&name)?));
            Ok(())
        }
        Service::Nats { name, make } => {
            let path = format!("/services/{}/nats", segment(&name)?);
            let Granted { account, consumer, made_in } =
                if make { client.post(&path, &json!({})).await? } else { client.get(&path).await? };
            if let Some(stream) = made_in {
                return output::line(format_args!("the stream {stream} has the consumer {} for it", segment(&name)?));
            }
            let consumer = serde_json::to_string_pretty(&consumer).map_err(|error| Failure::from_error(&error))?;
            output::line(format_args!("# The servers' accounts, as deploy/nats/accounts.conf has them.\n\n{account}"))?;
            output::line(format_args!("# Its consumer, which `gatehouse service nats {} --make` makes.\n\n{consumer}", segment(&name)?))
        }
        Service::Retire { name, reason } => {
            let changed: Changed = client.post(&format!("/services/{}/retire", segment(&name)?), &Retirement { reason }).await?;
            output::note(if changed.changed { "retired; its name is never given again" } else { "it was retired before" });
            output::note(match changed.tokens_revoked {
                0 => "it had no token that worked".to_owned(),
                1 => "one token of it was revoked".to_owned(),
                many => format!("{many} tokens of it were revoked"),
            });
            output::note("its account and consumer at NATS, if it has them, are for the operator of the servers to remove");
            Ok(())
        }
    }
}

async fn list(client: &mut Client) -> Result<(), Failure> {
    let services: Vec<Listed> = client.get("/services").await?;
    if services.is_empty() {
        output::note("no service consumes events: `gatehouse service register` lets one");
        return Ok(());
    }
    let rows: Vec<_> = services.iter().map(row).collect();
    output::line(output::table(&["NAME", "SEES", "REGISTERED", "RETIRED"], &rows))
}

fn row(service: &Listed) -> Vec<String> {
    vec![
        service.name.clone(),
        service.applications.as_ref().map_or_else(|| "everything".to_owned(), |codes| codes.join(", ")),
        instant(service.registered_at),
        service.retired_at.map(instant).unwrap_or_default(),
    ]
}

/// What a service with these applications sees, in words.
fn shown(applications: &[String]) -> String {
    if applications.is_empty() { "everything that is public".to_owned() } else { format!("what is about {}", applications.join(", ")) }
}

/// The name as a part of an address.
fn segment(name: &str) -> Result<String, Failure> {
    let name = domain::ServiceName::parse(name).map_err(|invalid| Failure::Usage(invalid.problem))?;
    Ok(name.as_str().to_owned())
}
