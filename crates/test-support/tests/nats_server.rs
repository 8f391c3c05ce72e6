//! The NATS servers that tests of other crates lean on, spoken to in NATS' own lines.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use test_support::servers::{NatsCluster, NatsProxy, NatsServer};
use test_support::wait_until;

/// A connection that publishes and hears what is answered.
struct Client {
    stream: TcpStream,
    heard: BufReader<TcpStream>,
}

impl Client {
    fn connect(url: &str) -> Self {
        let stream = TcpStream::connect(url.strip_prefix("nats://").unwrap()).unwrap();
        let heard = BufReader::new(stream.try_clone().unwrap());
        let mut client = Self { stream, heard };
        client.say("CONNECT {\"verbose\":false}\r\nSUB answers 1\r\n");
        client
    }

    fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    fn publish(&mut self, subject: &str, body: &str) {
        self.say(&format!("PUB {subject} answers {}\r\n{body}\r\n", body.len()));
    }

    /// The next line that holds this; other lines are passed over.
    fn hears(&mut self, what: &str) -> String {
        let mut line = String::new();
        while !line.contains(what) {
            line.clear();
            assert!(self.heard.read_line(&mut line).unwrap() > 0, "the connection ended before {what}");
        }
        line
    }

    fn creates_stream(&mut self, replicas: u8) {
        let config = format!("{{\"name\":\"S\",\"subjects\":[\"s.>\"],\"storage\":\"file\",\"num_replicas\":{replicas}}}");
        self.publish("$JS.API.STREAM.CREATE.S", &config);
        self.hears("stream_create_response");
    }
}

#[test]
fn a_killed_server_starts_again_where_it_was_with_what_it_kept() {
    let mut server = NatsServer::start();
    let mut client = Client::connect(&server.url());
    client.creates_stream(1);
    client.publish("s.a", "one");
    client.hears("\"seq\":1");
    let url = server.url();
    server.kill();
    assert!(!server.is_running());
    server.restart();
    assert_eq!(server.url(), url);
    let mut client = Client::connect(&url);
    client.publish("s.a", "two");
    client.hears("\"seq\":2");
}

#[test]
fn a_server_is_put_back_to_what_it_kept_before() {
    let mut server = NatsServer::start();
    let mut client = Client::connect(&server.url());
    client.creates_stream(1);
    client.publish("s.a", "one");
    client.hears("\"seq\":1");
    let saved = server.save();
    server.restart();
    let mut client = Client::connect(&server.url());
    client.publish("s.a", "two");
    client.hears("\"seq\":2");
    server.restore(&saved);
    server.restart();
    let mut client = Client::connect(&server.url());
    client.publish("s.a", "another two");
    client.hears("\"seq\":2");
}

#[test]
fn an_acknowledgement_that_the_proxy_swallows_is_missing_and_the_message_is_not() {
    let server = NatsServer::start();
    let proxy = NatsProxy::before(server.port());
    let mut client = Client::connect(&proxy.url());
    client.creates_stream(1);
    proxy.drop_acks(1);
    client.publish("s.a", "one");
    wait_until("an acknowledgement to be swallowed", Duration::from_secs(10), || proxy.acks_dropped() == 1);
    client.publish("s.a", "two");
    let next = client.hears("\"seq\":");
    assert!(next.contains("\"seq\":2"), "{next}");
    assert_eq!(proxy.acks_passed(), 1);
}

#[test]
fn a_cluster_of_three_goes_on_without_one() {
    let mut cluster = NatsCluster::start();
    let urls = cluster.urls();
    let mut client = Client::connect(&urls[0]);
    client.creates_stream(3);
    client.publish("s.a", "one");
    client.hears("\"seq\":1");
    cluster.server("three").kill();
    // While the two that are left have no leader, there may be no answer at all.
    client.stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    wait_until("the two that are left to have a leader", Duration::from_secs(60), || {
        client.publish("s.a", "two");
        let mut line = String::new();
        while client.heard.read_line(&mut line).is_ok_and(|length| length > 0) {
            if line.contains("\"seq\":") {
                return true;
            }
            line.clear();
        }
        false
    });
    cluster.heal();
    assert!(cluster.server("three").is_running());
}
