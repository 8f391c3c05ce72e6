//! The maildir: whole files only, each mail once.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "in tests")]

mod support;

use std::fs;

use domain::MailId;
use mail::{Delivery, Maildir, Transport};
use notification_dispatch::{Mail, Template};
use support::{composer, now, sample};
use uuid::Uuid;

#[tokio::test]
async fn a_mail_lies_in_new_readable_and_whole() {
    let folder = tempfile::tempdir().unwrap();
    let maildir = Maildir::open(&folder.path().join("mails")).unwrap();
    let composed = composer("en").compose(&sample(Template::Invitation), now()).unwrap();
    assert_eq!(maildir.send(&composed).await, Delivery::Delivered);
    let text = fs::read_to_string(maildir.file_of(composed.id)).unwrap();
    assert!(text.contains("Subject: You're Invited to Collaborate with Boeing\n"));
    assert!(text.contains("\nhttps://gateway.example/register/invitation-7-1\n"), "the link can be copied from the file");
    assert!(text.contains("To: \"Ada Miller\" <ada@northwind.example>\n") || text.contains("To: Ada Miller <ada@northwind.example>\n"));
    assert_eq!(fs::read_dir(folder.path().join("mails/tmp")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_mail_delivered_again_replaces_itself() {
    let folder = tempfile::tempdir().unwrap();
    let maildir = Maildir::open(folder.path()).unwrap();
    let composed = composer("en").compose(&sample(Template::Approved), now()).unwrap();
    // What a crash in the middle of the first delivery leaves.
    fs::write(folder.path().join("tmp").join(maildir.file_of(composed.id).file_name().unwrap()), "half a ma").unwrap();
    for _ in 0..2 {
        assert_eq!(maildir.send(&composed).await, Delivery::Delivered);
    }
    let files: Vec<_> = fs::read_dir(folder.path().join("new")).unwrap().collect();
    assert_eq!(files.len(), 1);
    assert!(fs::read_to_string(maildir.file_of(composed.id)).unwrap().contains("GW-4T7Q-29MK"));
    assert_eq!(fs::read_dir(folder.path().join("tmp")).unwrap().count(), 0);
}

#[tokio::test]
async fn mails_delivered_together_have_an_answer_each() {
    let folder = tempfile::tempdir().unwrap();
    let maildir = Maildir::open(folder.path()).unwrap();
    let composer = composer("en");
    for count in [3, 30] {
        let mut mails: Vec<_> = (0..count)
            .map(|number| composer.compose(&Mail { id: MailId(Uuid::from_u128(number)), ..sample(Template::Approved) }, now()).unwrap())
            .collect();
        mails[1].to_address = "nobody".to_owned();
        let deliveries = maildir.send_all(&mails).await;
        for (mail, delivery) in mails.iter().zip(deliveries) {
            let is_bad = mail.to_address == "nobody";
            assert_eq!(matches!(delivery, Delivery::Refused { .. }), is_bad);
            assert_eq!((delivery == Delivery::Delivered, maildir.file_of(mail.id).exists()), (!is_bad, !is_bad));
        }
        assert_eq!(fs::read_dir(folder.path().join("tmp")).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn of_mails_delivered_together_the_one_that_cannot_be_written_fails_alone() {
    let folder = tempfile::tempdir().unwrap();
    let maildir = Maildir::open(folder.path()).unwrap();
    let composed = |number| composer("en").compose(&Mail { id: MailId(Uuid::from_u128(number)), ..sample(Template::Approved) }, now());
    let mails: Vec<_> = (0..10).map(|number| composed(number).unwrap()).collect();
    // Nothing can be moved onto a folder that is not empty.
    fs::create_dir_all(maildir.file_of(mails[4].id).join("in the way")).unwrap();
    let deliveries = maildir.send_all(&mails).await;
    for (number, delivery) in deliveries.iter().enumerate() {
        assert_eq!(matches!(delivery, Delivery::Failed { .. }), number == 4, "{delivery:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_mails() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let maildir = Maildir::open(&folder.path().join("mails")).unwrap();
    let composed = composer("en").compose(&sample(Template::Approved), now()).unwrap();
    maildir.send(&composed).await;
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.path().join("mails/new")), 0o700);
    assert_eq!(mode(&maildir.file_of(composed.id)), 0o600);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_a_failure_for_now_and_a_bad_address_is_one_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let maildir = Maildir::open(folder.path()).unwrap();
    let mut composed = composer("en").compose(&sample(Template::Approved), now()).unwrap();
    fs::remove_dir(folder.path().join("tmp")).unwrap();
    assert!(matches!(maildir.send(&composed).await, Delivery::Failed { reason } if reason.contains("not found")));
    fs::create_dir(folder.path().join("tmp")).unwrap();
    assert_eq!(maildir.send(&composed).await, Delivery::Delivered);
    composed.to_address = "nobody".to_owned();
    assert!(matches!(maildir.send(&composed).await, Delivery::Refused { answer } if !answer.contains("nobody")));
}

#[tokio::test]
async fn a_long_line_of_a_user_does_not_spoil_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let maildir = Maildir::open(folder.path()).unwrap();
    let mut mail = sample(Template::Invitation);
    mail.variables.insert("message".to_owned(), "ä".repeat(2_000).into());
    let composed = composer("en").compose(&mail, now()).unwrap();
    assert_eq!(maildir.send(&composed).await, Delivery::Delivered);
    let text = fs::read_to_string(maildir.file_of(composed.id)).unwrap();
    assert!(!text.contains("Content-Transfer-Encoding: 8bit"));
    assert!(text.lines().all(|line| line.len() <= 998));
}
