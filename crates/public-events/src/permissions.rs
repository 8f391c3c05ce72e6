//! What a service is let see, as NATS has it: one rule for consumers, permissions, HTTP and tests.

use crate::{ApplicationCode, PREFIX};

/// The subjects of all that a service is told: every public event, or, limited to applications, the events that are about exactly one
/// of these, and every erasure of a person. None of them overlaps another one, as filters of a consumer have to be.
#[must_use]
pub fn subjects_for(applications: Option<&[ApplicationCode]>) -> Vec<String> {
    let Some(applications) = applications else { return vec![format!("{PREFIX}.>")] };
    let own = applications.iter().map(|code| format!("{PREFIX}.*.*.{code}.*"));
    // No application's: a person is erased everywhere.
    own.chain([format!("{PREFIX}.person.erased._.*")]).collect()
}

/// What of JetStream in the stream's account is lent to a service's account, so that the service fetches from its own durable consumer
/// and does nothing else: what it is told is in the consumer's filters, which it cannot change.
#[must_use]
pub fn lent_to(stream: &str, consumer: &str) -> [String; 3] {
    [
        format!("$JS.API.CONSUMER.INFO.{stream}.{consumer}"),
        format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"),
        format!("$JS.ACK.{stream}.{consumer}.>"),
    ]
}

/// All that a service may publish in its own account, where JetStream's API is lent to it under the prefix `api`. It may subscribe to
/// [`inbox_of`] only.
#[must_use]
pub fn may_publish(api: &str, stream: &str, consumer: &str) -> [String; 3] {
    lent_to(stream, consumer).map(|subject| subject.replacen("$JS.API", api, 1))
}

/// The prefix of the inboxes of a user, which nobody else may subscribe to.
#[must_use]
pub fn inbox_of(user: &str) -> String {
    format!("_INBOX_{user}")
}
