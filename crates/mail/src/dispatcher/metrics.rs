//! What operators see of the dispatcher.

/// Says what the metrics mean.
pub(super) fn describe() {
    metrics::describe_gauge!("gatehouse_mail_queue", "Mails that are owed and have no fate yet");
    metrics::describe_counter!(
        "gatehouse_mail_sent_total",
        "Attempts at sending mails by outcome: sent, refused, given_up, retry (to be tried again)"
    );
}

/// How many mails are owed.
pub(super) fn queue(mails: usize) {
    metrics::gauge!("gatehouse_mail_queue").set(f64::from(u32::try_from(mails).unwrap_or(u32::MAX)));
}

/// An attempt ended so.
pub(super) fn settled(outcome: &'static str) {
    metrics::counter!("gatehouse_mail_sent_total", "outcome" => outcome).increment(1);
}
