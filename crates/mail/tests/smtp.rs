//! The mail server as a transport, against a real one that misbehaves.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in tests")]

mod support;

use std::time::Duration;

use mail::{Composed, Delivery, Smtp, SmtpCredentials, SmtpError, SmtpSettings, SmtpTls, Transport};
use notification_dispatch::Template;
use support::{composer, now, sample};
use test_support::servers::{Behaviour, Encryption, SmtpServer};

fn mail() -> Composed {
    composer("en").compose(&sample(Template::Invitation), now()).unwrap()
}

fn settings(server: &SmtpServer, tls: SmtpTls) -> SmtpSettings {
    let authorities = vec![SmtpServer::authority_pem().as_bytes().to_vec()];
    SmtpSettings { tls, authorities, timeout: Duration::from_secs(20), ..SmtpSettings::new("localhost", server.port()) }
}

fn plain(server: &SmtpServer) -> Smtp {
    Smtp::new(&SmtpSettings { host: "127.0.0.1".to_owned(), ..settings(server, SmtpTls::None) }).unwrap()
}

fn hasty(server: &SmtpServer) -> Smtp {
    let settings = settings(server, SmtpTls::None);
    Smtp::new(&SmtpSettings { host: "127.0.0.1".to_owned(), timeout: Duration::from_millis(1_500), ..settings }).unwrap()
}

fn account() -> Option<SmtpCredentials> {
    Some(SmtpCredentials { user: "gateway".to_owned(), password: "open sesame".to_owned() })
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_composed() {
    let server = SmtpServer::start();
    let composed = mail();
    assert_eq!(plain(&server).send(&composed).await, Delivery::Delivered);
    let received = server.received().remove(0);
    assert_eq!(
        (received.sender.as_str(), received.recipients.as_slice()),
        ("no-reply@gateway.example", ["ada@northwind.example".to_owned()].as_slice())
    );
    assert_eq!(received.header("Message-ID").unwrap(), composed.message_id());
    assert_eq!(received.header("Subject").unwrap(), "You're Invited to Collaborate with Boeing");
    assert_eq!(received.header("Auto-Submitted").unwrap(), "auto-generated");
    assert_eq!(received.text().matches("Content-Transfer-Encoding: base64").count(), 2);
}

#[tokio::test]
async fn many_mails_share_few_connections() {
    let server = SmtpServer::start();
    let smtp = plain(&server);
    for _ in 0..5 {
        assert_eq!(smtp.send(&mail()).await, Delivery::Delivered);
    }
    assert_eq!((server.received().len(), server.connections()), (5, 1));
}

#[tokio::test]
async fn what_the_server_says_is_refused_or_failed() {
    let server = SmtpServer::start();
    for (behaviour, code) in [(Behaviour::RefuseRecipient, "550"), (Behaviour::RefuseMessage, "554")] {
        server.behave(behaviour);
        match plain(&server).send(&mail()).await {
            Delivery::Refused { answer } => assert!(answer.starts_with(code) && !answer.contains('@'), "{behaviour:?}: {answer}"),
            other @ (Delivery::Delivered | Delivery::Failed { .. }) => panic!("{behaviour:?}: {other:?}"),
        }
    }
    for (behaviour, code) in [(Behaviour::RefuseRecipientForNow, "450"), (Behaviour::RefuseMessageForNow, "451"), (Behaviour::Busy, "421")]
    {
        server.behave(behaviour);
        match plain(&server).send(&mail()).await {
            Delivery::Failed { reason } => assert!(reason.starts_with(code) && !reason.contains('@'), "{behaviour:?}: {reason}"),
            other @ (Delivery::Delivered | Delivery::Refused { .. }) => panic!("{behaviour:?}: {other:?}"),
        }
    }
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
async fn a_server_that_says_nothing_or_hangs_up_is_a_failure_for_now() {
    let server = SmtpServer::start();
    for behaviour in [Behaviour::HangBeforeGreeting, Behaviour::HangAfterData] {
        server.behave(behaviour);
        let delivery = hasty(&server).send(&mail()).await;
        assert!(matches!(&delivery, Delivery::Failed { reason } if reason.contains("in time")), "{behaviour:?}: {delivery:?}");
    }
    server.behave(Behaviour::DropAfterData);
    assert!(matches!(plain(&server).send(&mail()).await, Delivery::Failed { .. }));
    assert_eq!(server.received().len(), 1, "the server has kept it, which nobody could know");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_failure_for_now_and_a_kept_connection_that_died_is_replaced() {
    let mut server = SmtpServer::start();
    let smtp = plain(&server);
    assert_eq!(smtp.send(&mail()).await, Delivery::Delivered);
    server.stop();
    assert!(matches!(smtp.send(&mail()).await, Delivery::Failed { .. }));
    assert!(smtp.check().await.is_err());
    server.restart();
    assert_eq!(smtp.send(&mail()).await, Delivery::Delivered);
    assert_eq!(smtp.check().await, Ok(()));
}

#[tokio::test]
async fn mails_go_encrypted_with_name_and_password() {
    for (encryption, tls) in [(Encryption::StartTls, SmtpTls::StartTls), (Encryption::Implicit, SmtpTls::Implicit)] {
        let server = SmtpServer::builder().encryption(encryption).account("gateway", "open sesame").start();
        let smtp = Smtp::new(&SmtpSettings { credentials: account(), ..settings(&server, tls) }).unwrap();
        assert_eq!(smtp.send(&mail()).await, Delivery::Delivered, "{tls:?}");
        let received = server.received().remove(0);
        assert_eq!((received.encrypted, received.authenticated_as.as_deref()), (true, Some("gateway")));
    }
}

#[tokio::test]
async fn a_wrong_password_makes_mails_wait_and_does_not_refuse_them() {
    let server = SmtpServer::builder().encryption(Encryption::StartTls).account("gateway", "something else").start();
    let wrong = Smtp::new(&SmtpSettings { credentials: account(), ..settings(&server, SmtpTls::StartTls) }).unwrap();
    let missing = Smtp::new(&settings(&server, SmtpTls::StartTls)).unwrap();
    for smtp in [wrong, missing] {
        let delivery = smtp.send(&mail()).await;
        assert!(matches!(&delivery, Delivery::Failed { reason } if reason.starts_with("53")), "{delivery:?}");
    }
}

#[tokio::test]
async fn a_mail_never_goes_in_the_clear_where_encryption_is_required() {
    let without = SmtpServer::start();
    let smtp = Smtp::new(&settings(&without, SmtpTls::StartTls)).unwrap();
    assert!(matches!(smtp.send(&mail()).await, Delivery::Failed { .. }));
    let stranger = SmtpServer::builder().encryption(Encryption::StartTls).start();
    let smtp = Smtp::new(&SmtpSettings { authorities: vec![], ..settings(&stranger, SmtpTls::StartTls) }).unwrap();
    assert!(matches!(smtp.send(&mail()).await, Delivery::Failed { .. }), "an authority that nobody trusts");
    assert_eq!((without.received().len(), stranger.received().len()), (0, 0));
}

#[tokio::test]
async fn opportunistic_encryption_takes_what_there_is() {
    let without = SmtpServer::start();
    let with = SmtpServer::builder().encryption(Encryption::StartTls).start();
    for (server, encrypted) in [(without, false), (with, true)] {
        let smtp = Smtp::new(&settings(&server, SmtpTls::Opportunistic)).unwrap();
        assert_eq!(smtp.send(&mail()).await, Delivery::Delivered);
        assert_eq!(server.received().remove(0).encrypted, encrypted);
    }
}

#[test]
fn a_password_is_never_configured_to_go_in_the_clear() {
    for tls in [SmtpTls::None, SmtpTls::Opportunistic] {
        let settings = SmtpSettings { tls, credentials: account(), ..SmtpSettings::new("localhost", 25) };
        assert!(matches!(Smtp::new(&settings), Err(SmtpError::PasswordInTheClear)));
        assert!(!format!("{settings:?}").contains("sesame"));
    }
}
