//! What is recorded beside each event.

use domain::{Actor, CommandId, EventId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Who caused an event, by which command, from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// The command that it follows from; the retry key.
    #[serde(rename = "cmd")]
    pub command: CommandId,
    /// What the command asked, so that the same id with something else is noticed.
    #[serde(rename = "fp")]
    pub fingerprint: Fingerprint,
    /// Who sent the command.
    pub actor: Actor,
    /// Through what it came in, and the network it came from, shortened to a prefix (IPv4 /24, IPv6 /48) since an address
    /// is personal data: `http 192.0.2.0/24`, `cli`, `onboarding`.
    pub from: String,
    /// The event that a process manager answered with the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<EventId>,
}

/// A keyed digest of what a command asked, without its secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub u128);

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:032x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16).map(Self).map_err(serde::de::Error::custom)
    }
}
