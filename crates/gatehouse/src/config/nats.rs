//! Where events are published for other services.

use std::path::PathBuf;

use anyhow::bail;
use serde::{Deserialize, Serialize};

/// Where events are published for other services (ADR 0027). Over HTTP they always are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NatsConfig {
    /// The servers of one cluster, separated by commas, such as `nats://10.0.0.1:4222` or `tls://…`. None: nothing is published there.
    pub(crate) url: Option<String>,
    /// The stream that events go into.
    pub(crate) stream: String,
    /// How many servers keep each event, when the stream is made: 1, 3 or 5.
    pub(crate) replicas: u8,
    /// The user name, if the servers want one.
    pub(crate) user: Option<String>,
    /// A file with the password. There is no key for the password itself: it would be shown.
    pub(crate) password_file: Option<PathBuf>,
    /// A file with a user's credentials (JWT and seed), instead of user and password.
    pub(crate) credentials_file: Option<PathBuf>,
    /// A file with certificates (PEM) of authorities to trust beside the public ones.
    pub(crate) authority_file: Option<PathBuf>,
}

impl Default for NatsConfig {
    fn default() -> Self {
        Self {
            url: None,
            stream: "GATEHOUSE_EVENTS".to_owned(),
            replicas: 1,
            user: None,
            password_file: None,
            credentials_file: None,
            authority_file: None,
        }
    }
}

impl NatsConfig {
    /// What can be seen to be wrong before anything is opened.
    pub(super) fn validate(&self) -> anyhow::Result<()> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if self.stream.is_empty() || !self.stream.chars().all(fits) {
            bail!("nats.stream must consist of letters, digits, dashes and underscores (found {:?})", self.stream);
        }
        // A password in an address, or a token, would be shown and logged with it.
        if self.url.iter().flat_map(|url| url.split(',')).any(|server| server.contains('@')) {
            bail!("nats.url names servers only: the user goes into nats.user, the password into nats.password_file");
        }
        if ![1, 3, 5].contains(&self.replicas) {
            bail!("nats.replicas must be 1, 3 or 5 (found {})", self.replicas);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_or_token_in_an_address_is_refused_and_not_repeated() {
        for url in ["nats://anna:hunter2@127.0.0.1:4222", "nats://127.0.0.1:4222,tls://hunter2@db", "hunter2@db"] {
            let refused = NatsConfig { url: Some(url.to_owned()), ..NatsConfig::default() }.validate().unwrap_err().to_string();
            assert!(refused.contains("nats.password_file") && !refused.contains("hunter2"), "{refused}");
        }
        let url = Some("nats://127.0.0.1:4222, tls://db:4222".to_owned());
        assert!(NatsConfig { url, ..NatsConfig::default() }.validate().is_ok());
    }
}
