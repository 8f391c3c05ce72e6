//! What lets a downstream service follow the stream: a durable consumer, which says what it is sent, and an account of its own, in which it
//! can fetch from that consumer and do nothing else (ADR 0029, `deploy/nats`).

use async_nats::jetstream::consumer;
use async_nats::jetstream::response::Response;
use public_events::{ApplicationCode, inbox_of, lent_to, may_publish, subjects_for};
use serde_json::{Value, json};

use crate::connection::{Connection, ConnectionError};
use crate::settings::{Settings, StreamName};
use crate::worker::causes;

/// Where JetStream's API is in the account of a service.
const API: &str = "GATEHOUSE.API";

/// What a service is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its name: that of its consumer and of its user.
    pub service: String,
    /// The stream that it follows.
    pub stream: StreamName,
    /// What it is limited to; none: it sees everything.
    pub applications: Option<Vec<ApplicationCode>>,
}

/// Why a consumer was not made.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// No server can be reached.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The servers do not answer, or refuse.
    #[error("the consumer {service} of the stream {stream} cannot be made: {reason}")]
    Refused {
        /// Its name.
        service: String,
        /// The stream.
        stream: String,
        /// What the client or the server says.
        reason: String,
    },
}

impl Grant {
    /// The definition of the consumer, as JetStream's API takes it.
    #[must_use]
    pub fn consumer(&self) -> Value {
        let description = match &self.applications {
            None => "A service that sees every public event".to_owned(),
            Some(codes) => {
                let codes: Vec<&str> = codes.iter().map(ApplicationCode::as_str).collect();
                let noun = if codes.len() == 1 { "application" } else { "applications" };
                format!("A service that is limited to the {noun} {}", codes.join(", "))
            }
        };
        json!({
            "stream_name": self.stream.as_str(),
            // No action: made, or changed if it is there.
            "config": {
                "durable_name": self.service,
                "name": self.service,
                "description": description,
                "filter_subjects": subjects_for(self.applications.as_deref()),
                "deliver_policy": "all",
                "ack_policy": "explicit",
                "ack_wait": 15_000_000_000_i64,
                "max_deliver": -1,
                "max_ack_pending": 256,
                "max_waiting": 16,
                "replay_policy": "instant",
            },
        })
    }

    /// The lines for the servers' configuration: what Gatehouse's account lends to it, and its own account with its user.
    #[must_use]
    pub fn account(&self) -> String {
        let (service, stream) = (self.service.as_str(), self.stream.as_str());
        let account = service.to_uppercase().replace('-', "_");
        let lent = lent_to(stream, service);
        let exports: String = lent
            .iter()
            .map(|subject| {
                let stream = if subject.contains("MSG.NEXT") { ", response_type: \"stream\"" } else { "" };
                format!("      {{ service: \"{subject}\"{stream}, accounts: [{account}] }}\n")
            })
            .collect();
        let own = may_publish(API, stream, service);
        let imports: String = lent
            .iter()
            .zip(&own)
            .map(|(lent, own)| {
                let to = if lent == own { String::new() } else { format!(", to: \"{own}\"") };
                format!("      {{ service: {{ account: GATEHOUSE, subject: \"{lent}\" }}{to} }}\n")
            })
            .collect();
        let publish: String = own.iter().map(|subject| format!("              \"{subject}\"\n")).collect();
        let inbox = inbox_of(service);
        format!(
            "      # Into the exports of the account GATEHOUSE.\n{exports}
  # Beside the account GATEHOUSE.
  {account} {{
    imports: [
{imports}    ]
    users: [
      {{
        user: \"{service}\"
        password: ${account}_PASSWORD
        permissions {{
          publish: {{
            allow: [
{publish}            ]
          }}
          subscribe: {{ allow: [\"{inbox}.>\"] }}
        }}
      }}
    ]
  }}
"
        )
    }

    /// Makes the consumer, or changes the one that is there to what is granted now; how far it has come stays.
    ///
    /// # Errors
    /// [`GrantError`].
    pub async fn make_consumer(&self, settings: &Settings) -> Result<(), GrantError> {
        let refused = |reason: String| GrantError::Refused { service: self.service.clone(), stream: self.stream.to_string(), reason };
        let connection = Connection::open(settings).await?;
        let subject = format!("CONSUMER.CREATE.{}.{}", self.stream, self.service);
        let answer: Response<consumer::Info> =
            connection.context.request(subject, &self.consumer()).await.map_err(|error| refused(causes(&error)))?;
        match answer {
            Response::Ok(_) => Ok(()),
            Response::Err { error } => Err(refused(causes(&error))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn grants() -> [Grant; 2] {
        let stream = StreamName::default();
        let parts = Some(vec!["PARTS".parse().unwrap()]);
        [
            Grant { service: "accounts".to_owned(), stream: stream.clone(), applications: None },
            Grant { service: "parts".to_owned(), stream, applications: parts },
        ]
    }

    fn deployed(file: &str) -> String {
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/nats").join(file)).unwrap()
    }

    fn lines(text: &str) -> Vec<&str> {
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
    }

    #[test]
    fn a_consumer_is_defined_as_the_deployed_files_have_it() {
        for grant in grants() {
            let mut deployed: Value = serde_json::from_str(&deployed(&format!("consumers/{}.json", grant.service))).unwrap();
            deployed.as_object_mut().unwrap().remove("action");
            assert_eq!(grant.consumer(), deployed);
        }
    }

    #[test]
    fn an_account_is_what_the_deployed_file_has() {
        let file = deployed("accounts.conf");
        let file = lines(&file);
        for grant in grants() {
            let text = grant.account();
            for line in lines(&text) {
                assert!(file.contains(&line), "{line}");
            }
        }
    }
}
