//! Who the publisher is to the servers: encryption, credentials, and the least that it must be permitted.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::Path;

use nats_publisher::{Credentials, PublisherState, Settings, StreamSettings};
use test_support::servers::{NatsServer, SmtpServer};

use common::*;

/// All that a publisher is permitted, for `GATEHOUSE_EVENTS` and a stream that is filled beside it.
const PERMISSIONS: &str = r#"
    permissions: {
      publish: { allow: [
        "gatehouse.v1.>", "gatehouse.refill.EVENTS_2.>",
        "$JS.API.STREAM.NAMES",
        "$JS.API.STREAM.INFO.GATEHOUSE_EVENTS", "$JS.API.STREAM.CREATE.GATEHOUSE_EVENTS", "$JS.API.STREAM.MSG.GET.GATEHOUSE_EVENTS",
        "$JS.API.STREAM.INFO.EVENTS_2", "$JS.API.STREAM.CREATE.EVENTS_2", "$JS.API.STREAM.MSG.GET.EVENTS_2",
        "$JS.API.CONSUMER.CREATE.GATEHOUSE_EVENTS", "$JS.API.CONSUMER.CREATE.GATEHOUSE_EVENTS.>", "$JS.API.CONSUMER.MSG.NEXT.GATEHOUSE_EVENTS.>"
      ] }
      subscribe: { allow: ["_INBOX.>"] }
    }
"#;

/// The pair of keys of the NATS documentation.
const NKEY: &str = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";
const SEED: &str = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";

fn file(folder: &Path, name: &str, text: &str) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn a_publisher_with_a_password_over_tls_needs_no_more_than_it_is_permitted() {
    // As the service does first thing: the workspace has two providers, and rustls cannot choose.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let folder = folder();
    let certificate = concat!(env!("CARGO_MANIFEST_DIR"), "/../test-support/src/servers/smtp_server.pem");
    let config = format!(
        "tls {{ cert_file: \"{certificate}\", key_file: \"{certificate}\" }}\n\
         authorization {{ users: [{{ user: publisher, password: \"a secret\", {PERMISSIONS} }}, {{ user: admin, password: admin }}] }}"
    );
    let server = NatsServer::builder().lazy().config(&config).start();
    let authorities = file(folder.path(), "authority.pem", SmtpServer::authority_pem());
    let url = server.url().replace("nats://", "tls://");
    let settings = Settings {
        credentials: Credentials::Password { user: "publisher".to_owned(), password_file: file(folder.path(), "password", "a secret\n") },
        authorities_file: Some(authorities),
        ..settings(&[url])
    };
    let feed = MemoryFeed::of(300);
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    publisher.stop().await;
    let report = reconciled(&feed, &settings, folder.path()).await;
    assert_eq!((report.compared, report.published), (300, 0));
    let new = Settings { stream: StreamSettings { name: "EVENTS_2".parse().unwrap(), ..StreamSettings::default() }, ..settings.clone() };
    assert_eq!(refilled(&feed, MemoryFeed::position(1), &new, folder.path()).await.sequence, 300);

    // What it is not permitted is said.
    let other = Settings { stream: StreamSettings { name: "EVENTS_3".parse().unwrap(), ..StreamSettings::default() }, ..settings.clone() };
    let mut publisher = Running::start(&feed, &other, folder.path());
    let status = publisher.until("not permitted", |status| reason(status).contains("the server objects")).await;
    assert!(reason(&status).contains("STREAM.INFO.EVENTS_3"), "{status:?}");
    publisher.stop().await;

    let wrong = Settings {
        credentials: Credentials::Password { user: "publisher".to_owned(), password_file: file(folder.path(), "wrong", "another secret") },
        ..settings
    };
    let mut publisher = Running::start(&feed, &wrong, folder.path());
    let status = publisher.until("refused", |status| matches!(status.state, PublisherState::Waiting { .. })).await;
    assert!(reason(&status).contains("authorization violation"), "{status:?}");
    assert!(!format!("{status:?}{wrong:?}").contains("another secret"));
    publisher.stop().await;
}

#[tokio::test]
async fn a_publisher_with_an_nkey_is_let_in_and_a_file_that_is_missing_is_said() {
    let folder = folder();
    let config = format!("authorization {{ users: [{{ nkey: {NKEY} }}] }}");
    let server = NatsServer::builder().lazy().config(&config).start();
    let seed = folder.path().join("seed");
    let settings = Settings { credentials: Credentials::NKey(seed.clone()), ..settings(&[server.url()]) };
    let feed = MemoryFeed::of(30);
    let mut publisher = Running::start(&feed, &settings, folder.path());
    let status = publisher.until("without a seed", |status| matches!(status.state, PublisherState::Waiting { .. })).await;
    assert!(reason(&status).contains("cannot be used"), "{status:?}");
    // Read again with each attempt.
    std::fs::write(&seed, SEED).unwrap();
    publisher.drained(&feed).await;
    publisher.stop().await;
}
