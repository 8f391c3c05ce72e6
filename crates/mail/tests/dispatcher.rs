//! The dispatcher: each mail once for its cause, whatever the server, the log and the machine do.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "in tests")]

mod bed;
#[allow(dead_code, reason = "each test binary uses its part")]
mod support;

use std::time::Duration;

use bed::{Bed, LONG, sent};
use domain::mail::MailEvent;
use jiff::SignedDuration;
use mail::{Maildir, Retry};
use test_support::servers::{Behaviour, SmtpServer};

fn reason_of(fate: &MailEvent) -> &str {
    match fate {
        MailEvent::Sent { .. } => "",
        MailEvent::Refused { answer, .. } => answer,
        MailEvent::GivenUp { reason, .. } => reason,
    }
}

fn attempts_of(fate: &MailEvent) -> u32 {
    match fate {
        MailEvent::Sent { attempts, .. } | MailEvent::Refused { attempts, .. } | MailEvent::GivenUp { attempts, .. } => *attempts,
    }
}

#[tokio::test]
async fn what_is_owed_is_sent_once_and_its_fate_recorded() {
    let server = SmtpServer::start();
    let bed = Bed::new().await;
    let before = bed.owe("ada@northwind.example").await;
    let running = bed.dispatch(bed.smtp(&server)).await;
    let after = bed.owe("bob@northwind.example").await;
    bed.wait_for_fates(2).await;
    assert!(sent(&bed.fate(before)) && sent(&bed.fate(after)));
    // More happens in the log; nothing is sent again.
    bed.owe("eve@northwind.example").await;
    bed.wait_for_fates(3).await;
    running.stop().await;
    let received = server.received();
    let recipients: Vec<&str> = received.iter().map(|mail| mail.recipients[0].as_str()).collect();
    assert_eq!(recipients, ["ada@northwind.example", "bob@northwind.example", "eve@northwind.example"]);
    assert_eq!(received[0].header("Message-ID").unwrap(), format!("<{before}@gateway.example>"));
}

#[tokio::test]
async fn a_mail_whose_fate_is_recorded_but_not_yet_in_the_read_model_is_not_sent_again() {
    let server = SmtpServer::start();
    let bed = Bed::new().await;
    bed.hold_back_fates(true);
    let running = bed.dispatch(bed.smtp(&server)).await;
    for address in ["ada@northwind.example", "bob@northwind.example", "eve@northwind.example"] {
        bed.owe(address).await;
        let expected = bed.owed_count().await;
        bed.wait_for_fates(expected).await;
    }
    running.stop().await;
    assert_eq!(server.received().len(), 3);
    assert_eq!(bed.owed_count().await, 3, "the read model knows of none of it");
}

#[tokio::test]
async fn a_refusal_for_good_is_a_fate_and_holds_up_nobody() {
    let server = SmtpServer::start();
    server.behave_towards("gone@northwind.example", Behaviour::RefuseRecipient);
    server.behave_towards("spam@northwind.example", Behaviour::RefuseMessage);
    let bed = Bed::new().await;
    let gone = bed.owe("gone@northwind.example").await;
    let spam = bed.owe("spam@northwind.example").await;
    let ada = bed.owe("ada@northwind.example").await;
    let running = bed.dispatch(bed.smtp(&server)).await;
    bed.wait_for_fates(3).await;
    running.stop().await;
    assert!(matches!(bed.fate(gone), MailEvent::Refused { answer, attempts: 1, .. } if answer.starts_with("550") && !answer.contains('@')));
    assert!(matches!(bed.fate(spam), MailEvent::Refused { answer, .. } if answer.starts_with("554")));
    assert!(sent(&bed.fate(ada)));
}

#[tokio::test]
async fn a_refusal_for_now_is_tried_again_with_growing_pauses() {
    let server = SmtpServer::start();
    server.behave(Behaviour::RefuseRecipientForNow);
    let bed = Bed::new().await;
    let mail = bed.owe("ada@northwind.example").await;
    let running = bed.dispatch(bed.smtp(&server)).await;
    let first = bed.wait_for_attempts(mail, 1).await;
    assert!(first.problem.starts_with("450"));
    let pause = first.next_at.duration_since(bed.now());
    assert!((SignedDuration::from_secs(24)..=SignedDuration::from_secs(36)).contains(&pause), "{pause}");
    bed.advance_to(first.next_at);
    let second = bed.wait_for_attempts(mail, 2).await;
    let pause = second.next_at.duration_since(bed.now());
    assert!((SignedDuration::from_secs(48)..=SignedDuration::from_secs(72)).contains(&pause), "{pause}");
    server.behave(Behaviour::Accept);
    bed.advance_to(second.next_at);
    bed.wait_for_fates(1).await;
    running.stop().await;
    assert_eq!((sent(&bed.fate(mail)), attempts_of(&bed.fate(mail))), (true, 3));
    assert!(bed.attempts().all().await.unwrap().is_empty(), "what has a fate needs no memory");
}

#[tokio::test]
async fn mails_survive_a_dead_server() {
    let mut server = SmtpServer::start();
    server.stop();
    let bed = Bed::new().await;
    let mails = [bed.owe("ada@northwind.example").await, bed.owe("bob@northwind.example").await];
    let running = bed.dispatch(bed.smtp(&server)).await;
    let mut next_at = bed.now();
    for mail in mails {
        next_at = next_at.max(bed.wait_for_attempts(mail, 1).await.next_at);
    }
    server.restart();
    bed.advance_to(next_at);
    bed.wait_for_fates(2).await;
    running.stop().await;
    assert!(mails.iter().all(|mail| sent(&bed.fate(*mail))));
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn a_mail_that_nobody_takes_is_given_up_after_three_days() {
    let server = SmtpServer::start();
    server.behave(Behaviour::Busy);
    let bed = Bed::new().await;
    let mail = bed.owe("ada@northwind.example").await;
    let running = bed.dispatch(bed.smtp(&server)).await;
    bed.wait_for_attempts(mail, 1).await;
    bed.advance_to(bed.now() + SignedDuration::from_hours(73));
    // Three attempts at least: this could have been a standstill of our own.
    let second = bed.wait_for_attempts(mail, 2).await;
    bed.advance_to(second.next_at);
    bed.wait_for_fates(1).await;
    running.stop().await;
    let fate = bed.fate(mail);
    assert!(matches!(fate, MailEvent::GivenUp { attempts: 3, .. }));
    assert!(reason_of(&fate).starts_with("421"));
}

#[tokio::test]
async fn addresses_on_which_the_server_hangs_stall_no_other_mail() {
    let server = SmtpServer::start();
    let bed = Bed::new().await;
    for number in 0..3 {
        let address = format!("slow{number}@northwind.example");
        server.behave_towards(&address, Behaviour::HangAfterData);
        bed.owe(&address).await;
    }
    let mut quick = Vec::new();
    for number in 0..20 {
        quick.push(bed.owe(&format!("quick{number}@northwind.example")).await);
    }
    // Four at once: three hang until the test ends, for longer than the test waits for the others.
    let running = bed.dispatch_at_once(bed.smtp_with(&server, LONG * 10), 4).await;
    bed.wait_for_fates(20).await;
    assert!(quick.iter().all(|mail| sent(&bed.fate(*mail))));
    running.kill();
}

#[tokio::test]
async fn mails_that_failed_before_leave_room_for_new_ones() {
    let server = SmtpServer::start();
    let bed = Bed::new().await;
    let mut failing = Vec::new();
    for number in 0..6 {
        let address = format!("slow{number}@northwind.example");
        server.behave_towards(&address, Behaviour::RefuseRecipientForNow);
        failing.push((bed.owe(&address).await, address));
    }
    let running = bed.dispatch_at_once(bed.smtp_with(&server, LONG * 10), 4).await;
    let mut last = bed.now();
    for (mail, address) in &failing {
        last = last.max(bed.wait_for_attempts(*mail, 1).await.next_at);
        server.behave_towards(address, Behaviour::HangAfterData);
    }
    bed.advance_to(last);
    let fresh = bed.owe("ada@northwind.example").await;
    bed.wait_for_fates(1).await;
    assert!(sent(&bed.fate(fresh)));
    running.kill();
}

#[tokio::test]
async fn a_mail_taken_without_an_answer_is_sent_again_under_the_same_message_id() {
    let server = SmtpServer::start();
    server.behave(Behaviour::DropAfterData);
    let bed = Bed::new().await;
    let mail = bed.owe("ada@northwind.example").await;
    let running = bed.dispatch(bed.smtp(&server)).await;
    let attempt = bed.wait_for_attempts(mail, 1).await;
    server.behave(Behaviour::Accept);
    bed.advance_to(attempt.next_at);
    bed.wait_for_fates(1).await;
    running.stop().await;
    let ids: Vec<String> = server.received().iter().map(|mail| mail.header("Message-ID").unwrap()).collect();
    assert_eq!(ids, [format!("<{mail}@gateway.example>"), format!("<{mail}@gateway.example>")]);
}

#[tokio::test]
async fn while_the_log_cannot_be_written_no_mail_is_sent_twice() {
    let server = SmtpServer::start();
    let bed = Bed::new().await;
    bed.refuse_fates(true);
    let mail = bed.owe("ada@northwind.example").await;
    let running = bed.dispatch(bed.smtp(&server)).await;
    bed.wait_for_refused_fates(1).await;
    for refused in 2..4 {
        bed.advance_to(bed.now() + SignedDuration::from_mins(1));
        bed.wait_for_refused_fates(refused).await;
    }
    bed.refuse_fates(false);
    bed.advance_to(bed.now() + SignedDuration::from_mins(1));
    bed.wait_for_fates(1).await;
    running.stop().await;
    assert!(sent(&bed.fate(mail)));
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn only_a_crash_between_the_servers_250_and_the_fate_repeats_a_mail() {
    let server = SmtpServer::start();
    let bed = Bed::new().await;
    bed.refuse_fates(true);
    let mail = bed.owe("ada@northwind.example").await;
    let killed = bed.dispatch(bed.smtp(&server)).await;
    bed.wait_for_refused_fates(1).await;
    killed.kill();
    bed.refuse_fates(false);
    let running = bed.dispatch(bed.smtp(&server)).await;
    bed.wait_for_fates(1).await;
    running.stop().await;
    // A third start sends nothing: the fate is on record.
    bed.owe("bob@northwind.example").await;
    let running = bed.dispatch(bed.smtp(&server)).await;
    bed.wait_for_fates(2).await;
    running.stop().await;
    let ids: Vec<String> = server.received().iter().map(|mail| mail.header("Message-ID").unwrap()).collect();
    assert_eq!(ids.iter().filter(|id| id.contains(&mail.to_string())).count(), 2);
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn a_restart_does_not_begin_the_pauses_anew() {
    let server = SmtpServer::start();
    server.behave(Behaviour::RefuseRecipientForNow);
    let bed = Bed::new().await;
    let mail = bed.owe("ada@northwind.example").await;
    let first = bed.dispatch(bed.smtp(&server)).await;
    let attempt = bed.wait_for_attempts(mail, 1).await;
    first.stop().await;
    let connections = server.connections();
    let second = bed.dispatch(bed.smtp(&server)).await;
    // Something else is sent meanwhile: the dispatcher is at work, and lets the first mail wait.
    server.behave(Behaviour::Accept);
    bed.owe("bob@northwind.example").await;
    bed.wait_for_fates(1).await;
    assert_eq!((server.received().len(), server.connections()), (1, connections + 1));
    bed.advance_to(attempt.next_at);
    bed.wait_for_fates(2).await;
    second.stop().await;
    assert_eq!((sent(&bed.fate(mail)), attempts_of(&bed.fate(mail))), (true, 2));
}

#[tokio::test]
async fn nothing_is_sent_before_the_outbox_has_caught_up() {
    let server = SmtpServer::start();
    let bed = Bed::new().await;
    let mail = bed.owe("ada@northwind.example").await;
    bed.hold_back_fates(true);
    let first = bed.dispatch(bed.smtp(&server)).await;
    bed.wait_for_fates(1).await;
    first.stop().await;
    // The read model is behind: it still says that the mail is owed. The head of the log is beyond.
    assert_eq!(bed.owed_count().await, 1);
    let second = bed.dispatch(bed.smtp(&server)).await;
    bed.hold_back_fates(false);
    bed.owe("bob@northwind.example").await;
    bed.wait_for_fates(2).await;
    second.stop().await;
    assert!(sent(&bed.fate(mail)));
    assert_eq!(server.received().len(), 2, "one for each");
}

#[tokio::test]
async fn a_mail_to_somebody_forgotten_is_given_up_unsent() {
    let server = SmtpServer::start();
    let bed = Bed::new().await;
    let mail = bed.owe("ada@northwind.example").await;
    bed.forget(mail).await;
    let running = bed.dispatch(bed.smtp(&server)).await;
    bed.wait_for_fates(1).await;
    running.stop().await;
    assert!(matches!(bed.fate(mail), MailEvent::GivenUp { reason, attempts: 0, .. } if reason == "recipient forgotten"));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_shutdown_finishes_what_is_being_sent_and_begins_nothing_new() {
    let folder = tempfile::tempdir().unwrap();
    let bed = Bed::new().await;
    let (slow, gate) = bed::Slow::new(Maildir::open(folder.path()).unwrap());
    let mut mails = Vec::new();
    for number in 0..5 {
        mails.push(bed.owe(&format!("user{number}@northwind.example")).await);
    }
    let running = bed.dispatch_at_once(slow, 2).await;
    gate.wait_for_started(2).await;
    let stopping = running.begin_to_stop();
    gate.open();
    stopping.await.unwrap();
    assert_eq!(bed.fates(), 2);
    assert_eq!(std::fs::read_dir(folder.path().join("new")).unwrap().count(), 2);
    // The rest is sent after the next start.
    let running = bed.dispatch(Maildir::open(folder.path()).unwrap()).await;
    bed.wait_for_fates(5).await;
    running.stop().await;
    assert!(mails.iter().all(|mail| sent(&bed.fate(*mail))));
}

#[tokio::test]
async fn more_mails_than_a_page_are_all_sent_each_once() {
    let folder = tempfile::tempdir().unwrap();
    let bed = Bed::new().await;
    bed.owe_many(1_200).await;
    let running = bed.dispatch(Maildir::open(folder.path()).unwrap()).await;
    bed.wait_for_fates(1_200).await;
    running.stop().await;
    assert_eq!(std::fs::read_dir(folder.path().join("new")).unwrap().count(), 1_200);
    assert_eq!(bed.recorded(), 1_200, "one fate for each");
}

#[test]
fn the_default_is_to_try_for_three_days() {
    assert_eq!(Retry::default().give_up_after, Duration::from_hours(72));
}
