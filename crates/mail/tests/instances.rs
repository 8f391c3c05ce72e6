//! Several instances with one outbox: the one that holds the lease sends, and each mail is sent once however the lease moves.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in tests")]

#[allow(dead_code, reason = "these tests use a part of it")]
mod bed;
#[allow(dead_code, reason = "these tests use a part of it")]
mod support;

use std::collections::HashMap;

use bed::{Bed, LONG, Running, Slow, sent};
use domain::MailId;
use mail::{ATTEMPTS, Attempts, Maildir};
use postgres_schema::{Limits, Schema, Server, Step};
use projection_runtime::leases::{self, DISPATCH};
use projection_runtime::{Fence, Lease, LeaseSettings, Leases};
use test_support::eventually;
use test_support::servers::{Behaviour, SmtpServer, TestDatabase};
use tokio::sync::watch;

const STEPS: &[Step] = &[leases::STEP, ATTEMPTS];

async fn schema(database: &TestDatabase) -> Schema {
    let server: Server = database.url().parse().unwrap();
    server.schema("gatehouse_views", STEPS, Limits::default()).await.unwrap()
}

async fn bed(schema: &Schema) -> Bed {
    Bed::with(Attempts::shared(schema.pool().clone()), tempfile::tempdir().unwrap()).await
}

/// An instance that sends over this server when it holds the lease.
struct Instance {
    leases: Leases,
    dispatcher: Running,
}

impl Instance {
    async fn start(bed: &Bed, schema: &Schema, server: &SmtpServer, name: &str) -> Self {
        let leases = Leases::start(schema.clone(), name, &[DISPATCH], LeaseSettings::default());
        let dispatcher = bed.dispatch_under(leases.lease(DISPATCH), bed.smtp(server), 4).await;
        Self { leases, dispatcher }
    }

    async fn holds(&self) {
        tokio::time::timeout(LONG, self.leases.lease(DISPATCH).acquired()).await.unwrap();
    }

    /// As `gatehouse serve` stops.
    async fn stop(self) {
        self.dispatcher.stop().await;
        self.leases.release().await;
    }
}

/// How often each mail was sent, by its Message-ID.
fn times(server: &SmtpServer) -> HashMap<String, usize> {
    let mut times = HashMap::new();
    for mail in server.received() {
        *times.entry(mail.header("Message-ID").unwrap()).or_default() += 1;
    }
    times
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_are_stopped_one_after_the_other_send_each_mail_once() {
    let (database, server) = (TestDatabase::create(), SmtpServer::start());
    let schema = schema(&database).await;
    let bed = bed(&schema).await;
    bed.owe_many(200).await;
    let mut at_work = Instance::start(&bed, &schema, &server, "instance 0").await;
    at_work.holds().await;
    for number in 1..=4 {
        let next = Instance::start(&bed, &schema, &server, &format!("instance {number}")).await;
        bed.wait_for_fates(number * 40).await;
        at_work.stop().await;
        next.holds().await;
        at_work = next;
    }
    bed.wait_for_fates(200).await;
    at_work.stop().await;
    let times = times(&server);
    assert_eq!((times.len(), times.values().max()), (200, Some(&1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_a_killed_instance_had_in_hand_is_sent_again_and_bears_the_same_message_id() {
    let (database, server) = (TestDatabase::create(), SmtpServer::start());
    let schema = schema(&database).await;
    let bed = bed(&schema).await;
    bed.owe_many(100).await;
    let first = Instance::start(&bed, &schema, &server, "first").await;
    first.holds().await;
    let second = Instance::start(&bed, &schema, &server, "second").await;
    bed.wait_for_fates(20).await;
    // From here on no fate is recorded: at most four mails are sent without one.
    bed.refuse_fates(true);
    bed.wait_for_refused_fates(1).await;
    let Instance { leases, dispatcher } = first;
    dispatcher.kill();
    drop(leases);
    bed.refuse_fates(false);
    bed.wait_for_fates(100).await;
    second.stop().await;
    let times = times(&server);
    let again = times.values().filter(|times| **times > 1).count();
    assert_eq!((times.len(), times.values().max()), (100, Some(&2)));
    assert!((1..=4).contains(&again), "{again} mails were sent twice");
}

#[tokio::test]
async fn once_the_lease_is_lost_what_was_handed_over_gets_its_fate_and_nothing_else_is_sent() {
    let (folder, bed) = (tempfile::tempdir().unwrap(), Bed::new().await);
    let (slow, gate) = Slow::new(Maildir::open(folder.path()).unwrap());
    let keeper = watch::Sender::new(Some(Fence(1)));
    bed.owe_many(5).await;
    let running = bed.dispatch_under(Lease::of(keeper.subscribe()), slow, 2).await;
    gate.wait_for_started(2).await;
    keeper.send_replace(None);
    gate.open();
    bed.wait_for_fates(2).await;
    // Another instance is at work meanwhile.
    let other = bed.dispatch(Maildir::open(folder.path()).unwrap()).await;
    bed.wait_for_fates(5).await;
    other.stop().await;
    keeper.send_replace(Some(Fence(2)));
    let mail = bed.owe("ada@northwind.example").await;
    bed.wait_for_fates(6).await;
    running.stop().await;
    assert!(sent(&bed.fate(mail)));
    assert_eq!((bed.recorded(), std::fs::read_dir(folder.path().join("new")).unwrap().count()), (6, 6), "each once");
}

#[tokio::test]
async fn whoever_gains_the_lease_sends_nothing_before_the_outbox_has_the_fates_of_whoever_held_it() {
    let server = SmtpServer::start();
    let bed = Bed::new().await;
    let mail = bed.owe("ada@northwind.example").await;
    let (one, other) = (watch::Sender::new(Some(Fence(1))), watch::Sender::new(None));
    let first = bed.dispatch_under(Lease::of(one.subscribe()), bed.smtp(&server), 1).await;
    let second = bed.dispatch_under(Lease::of(other.subscribe()), bed.smtp(&server), 1).await;
    bed.hold_back_fates(true);
    bed.wait_for_fates(1).await;
    one.send_replace(None);
    other.send_replace(Some(Fence(2)));
    // The read model still says that the mail is owed; the log does not.
    assert_eq!(bed.owed_count().await, 1);
    bed.hold_back_fates(false);
    bed.owe("bob@northwind.example").await;
    bed.wait_for_fates(2).await;
    // And back, to whoever has sent the first mail itself.
    other.send_replace(None);
    one.send_replace(Some(Fence(3)));
    bed.owe("cleo@northwind.example").await;
    bed.wait_for_fates(3).await;
    first.stop().await;
    second.stop().await;
    assert!(sent(&bed.fate(mail)));
    assert_eq!((server.received().len(), times(&server).len()), (3, 3), "one for each");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_instance_goes_on_with_the_pauses_of_the_one_before() {
    let (database, server) = (TestDatabase::create(), SmtpServer::start());
    let schema = schema(&database).await;
    let bed = bed(&schema).await;
    server.behave(Behaviour::RefuseRecipientForNow);
    let mail: MailId = bed.owe("ada@northwind.example").await;
    let first = Instance::start(&bed, &schema, &server, "first").await;
    let attempt = bed.wait_for_attempts(mail, 1).await;
    first.stop().await;
    server.behave(Behaviour::Accept);
    let second = Instance::start(&bed, &schema, &server, "second").await;
    // Something else is sent meanwhile: the first mail waits.
    bed.owe("bob@northwind.example").await;
    bed.wait_for_fates(1).await;
    assert_eq!((bed.attempts().all().await.unwrap().get(&mail), server.received().len()), (Some(&attempt), 1));
    bed.advance_to(attempt.next_at);
    bed.wait_for_fates(2).await;
    let forgotten = async || bed.attempts().all().await.unwrap().is_empty().then_some(());
    eventually("the attempts to be forgotten", LONG, forgotten).await;
    second.stop().await;
    assert!(sent(&bed.fate(mail)));
}
