//! The connection to the cluster: a client that is made anew when it has failed.
//!
//! The client gives up for good after one failed connection, and stays with a server that is gone, so it lives from one failure to
//! the next. It does follow a leader that moved, when it is asked again.

use std::future::Future;
use std::time::Duration;

use eventstore::{Client, ClientSettings};
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use crate::OpenError;
use crate::error::{Trouble, trouble};

pub(crate) struct Connection {
    settings: ClientSettings,
    attempt: Duration,
    current: Mutex<Current>,
}

#[derive(Default)]
struct Current {
    client: Option<Client>,
    /// Counts clients, so that the many requests that fail with one make only one new one.
    number: u64,
}

impl Connection {
    /// Reads the address. Nothing is sent yet.
    pub(crate) fn new(address: &str, attempt: Duration) -> Result<Self, OpenError> {
        let settings = with_defaults(address).parse::<ClientSettings>().map_err(|error| OpenError::Address(error.message().to_owned()))?;
        Ok(Self { settings, attempt, current: Mutex::default() })
    }

    /// Asks the server once. The question ends in time by itself: see [`Connection::in_time`].
    pub(crate) async fn ask<T, F>(&self, question: impl FnOnce(Client) -> F) -> Result<T, Trouble>
    where
        F: Future<Output = eventstore::Result<T>>,
    {
        let (client, number) = self.client().await?;
        let error = match question(client).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let trouble = trouble(&error);
        // A client that is told of a new leader connects to it by itself; and an answer is no reason for a new connection.
        let failed = matches!(trouble, Trouble::NotDone(_) | Trouble::Unknown(_));
        if failed && !matches!(error, eventstore::Error::NotLeaderException(_)) {
            self.give_up(number).await;
        }
        Err(trouble)
    }

    /// What comes within the time of one attempt. The client's own deadlines are only told to the server.
    pub(crate) async fn in_time<T>(&self, answer: impl Future<Output = eventstore::Result<T>>) -> eventstore::Result<T> {
        tokio::time::timeout(self.attempt, answer).await.unwrap_or(Err(eventstore::Error::DeadlineExceeded))
    }

    async fn client(&self) -> Result<(Client, u64), Trouble> {
        let mut current = self.current.lock().await;
        if let Some(client) = &current.client {
            return Ok((client.clone(), current.number));
        }
        let (runtime, settings) = (Handle::current(), self.settings.clone());
        // It reads the certificates that the machine trusts.
        let made = tokio::task::spawn_blocking(move || Client::with_runtime_handle(runtime, settings)).await;
        let client = match made {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => return Err(Trouble::NotDone(format!("no client can be made: {error}").into())),
            Err(_) => return Err(Trouble::NotDone("no client can be made: certificate or key are not readable".into())),
        };
        current.number += 1;
        current.client = Some(client.clone());
        Ok((client, current.number))
    }

    /// The client of this number failed: the next request makes a new one, unless another request did already.
    async fn give_up(&self, number: u64) {
        let mut current = self.current.lock().await;
        if current.number == number && current.client.take().is_some() {
            metrics::counter!("gatehouse_log_reconnects_total").increment(1);
        }
    }
}

/// The client waits for `discoveryInterval` even before it connects for the first time: half a second unless told otherwise.
/// A random server of a cluster would send us on to the leader.
fn with_defaults(address: &str) -> String {
    let mut address = address.to_owned();
    for (name, value) in
        [("discoveryInterval", "10"), ("maxDiscoverAttempts", "10"), ("gossipTimeout", "2000"), ("nodePreference", "leader")]
    {
        if !address.to_ascii_lowercase().contains(&format!("{}=", name.to_ascii_lowercase())) {
            address.push(if address.contains('?') { '&' } else { '?' });
            address.push_str(name);
            address.push('=');
            address.push_str(value);
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_address_says_counts_and_the_rest_has_our_defaults() {
        for address in
            ["esdb://host", "esdb://host:2113?tls=false", "kurrentdb://user:secret@one:1,two:2?gossipTimeout=9", "esdb+discover://host"]
        {
            let settings = with_defaults(address).parse::<ClientSettings>().unwrap();
            assert_eq!(settings.discovery_interval(), Duration::from_millis(10), "{address}");
            assert_eq!(settings.node_preference(), eventstore::NodePreference::Leader, "{address}");
        }
        let told = with_defaults("esdb://one,two?gossiptimeout=9&NodePreference=follower").parse::<ClientSettings>().unwrap();
        assert_eq!(told.gossip_timeout(), Duration::from_millis(9));
        assert_eq!(told.node_preference(), eventstore::NodePreference::Follower);
    }
}
