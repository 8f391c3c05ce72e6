//! The files of `deploy/nats`, with real servers started from them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests: what cannot go on fails the test")]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event};
use gatehouse_client::Source;
use gatehouse_client::nats::{Consumer, ConsumerOptions};
use gatehouse_client::public_events::{inbox_of, lent_to, may_publish, subjects_for};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::eventually;
use test_support::servers::{free_port, nats_server};
use tokio::sync::mpsc;

const STREAM: &str = "GATEHOUSE_EVENTS";
/// What JetStream's API is called in the account of a service.
const API: &str = "GATEHOUSE.API";
const SOON: Duration = Duration::from_secs(60);

fn deployed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/nats")
}

fn definition(file: &str) -> String {
    std::fs::read_to_string(deployed().join(file)).unwrap()
}

/// What a file of environment variables says.
fn variables(file: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect()
}

/// A server from the deployed files and what is its own.
struct Server {
    child: Child,
    name: String,
    port: u16,
    monitor: u16,
    folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// With the deployed files as they are, and what is this server's own in its environment.
    fn start(config: &str, name: &str, secrets: &Path, more: &[(&str, String)]) -> Self {
        let folder = TempDir::new().unwrap();
        let (port, monitor) = (free_port(), free_port());
        let log = std::fs::File::create(folder.path().join("server.log")).unwrap();
        let mut command = Command::new(nats_server());
        command.arg("--config").arg(deployed().join(config)).stdout(Stdio::null()).stderr(log);
        command.envs(variables(&deployed().join("server.env"))).envs(variables(&secrets.join("secrets.env")));
        command.env("SERVER_NAME", name).env("LISTEN", format!("127.0.0.1:{port}")).env("MONITOR", format!("127.0.0.1:{monitor}"));
        command.env("STORE_FOLDER", folder.path().join("store")).env("STORE_LIMIT", "1G");
        command.env("CERTIFICATE", secrets.join("server.pem")).env("CERTIFICATE_KEY", secrets.join("server.key"));
        command.env("AUTHORITY", secrets.join("authority.pem")).envs(more.iter().map(|(name, value)| (name, value)));
        Self { child: command.spawn().unwrap(), name: name.to_owned(), port, monitor, folder }
    }

    async fn ready(&mut self) {
        let log = || std::fs::read_to_string(self.folder.path().join("server.log")).unwrap();
        let mut ended = false;
        eventually(&format!("{} to be healthy", self.name), SOON, async || {
            ended = self.child.try_wait().unwrap().is_some();
            (ended || healthy(self.monitor)).then_some(())
        })
        .await;
        assert!(!ended, "{} ended: {}", self.name, log());
    }

    fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }
}

fn healthy(monitor: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", monitor)) else { return false };
    stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).is_ok_and(|_| line.contains(" 200 "))
}

/// Passwords and certificates as the README says that they are made.
fn secrets(folder: &Path) {
    let run = |script: &str, arguments: &[&OsStr]| {
        let made = Command::new("sh").arg(deployed().join(script)).args(arguments).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    };
    run("certificates.sh", &[folder.as_os_str(), "127.0.0.1".as_ref(), "localhost".as_ref()]);
    run("secrets.sh", &[folder.join("secrets.env").as_os_str()]);
}

/// The password of a user of `accounts.conf`.
fn password_of(user: &str, secrets: &Path) -> String {
    let name = format!("{}_PASSWORD", user.to_uppercase());
    variables(&secrets.join("secrets.env")).into_iter().find_map(|(of, password)| (of == name).then_some(password)).unwrap()
}

/// Connects as a user of `accounts.conf`; what the server refuses comes over the channel.
async fn connect(urls: &[String], user: &str, secrets: &Path) -> (Client, mpsc::UnboundedReceiver<String>) {
    let (refusals, refused) = mpsc::unbounded_channel();
    let options = options(user, secrets).event_callback(move |event| {
        let refusals = refusals.clone();
        async move {
            if let Event::ServerError(error) = event {
                let _ = refusals.send(error.to_string());
            }
        }
    });
    (options.connect(urls).await.unwrap(), refused)
}

fn options(user: &str, secrets: &Path) -> ConnectOptions {
    let inbox = if ["operator", "publisher"].contains(&user) { "_INBOX".to_owned() } else { inbox_of(user) };
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    ConnectOptions::with_user_and_password(user.into(), password_of(user, secrets))
        .add_root_certificates(secrets.join("authority.pem"))
        .custom_inbox_prefix(inbox)
}

/// What JetStream's API answers, as the operator sends it a file.
async fn api(operator: &Client, subject: &str, body: String) -> Value {
    let answer = operator.request(format!("$JS.API.{subject}"), body.into()).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
    assert!(answer.get("error").is_none(), "{subject}: {answer}");
    answer
}

fn event(kind: &str, position: u64) -> String {
    json!({
        "specversion": "1.0", "id": uuid::Uuid::from_u128(u128::from(position)), "source": "https://gateway.example", "type": kind,
        "subject": "access/0192d0c5-0000-7000-8000-000000000002", "time": "2026-11-21T15:00:00.000001Z",
        "datacontenttype": "application/json", "dataschema": "https://gateway.example/v1/schemas",
        "position": position.to_string(), "previous": (position - 1).to_string(), "epoch": "0192d0c5-0000-7000-8000-00000000000e",
        "data": {
            "user": "0192d0c5-0000-7000-8000-00000000000a", "organization": "0192d0c5-0000-7000-8000-00000000000b",
            "application": "0192d0c5-0000-7000-8000-00000000000c", "person": "0192d0c5-0000-7000-8000-00000000000a",
        }
    })
    .to_string()
}

async fn publish(publisher: &Client, subject: &str, position: u64) -> Result<(), async_nats::jetstream::context::PublishError> {
    let kind = subject.split('.').skip(2).take(2).collect::<Vec<_>>().join(".") + ".v1";
    async_nats::jetstream::new(publisher.clone()).publish(subject.to_owned(), event(&kind, position).into()).await?.await.map(drop)
}

#[tokio::test]
async fn a_limited_service_is_sent_what_it_was_granted_and_can_do_nothing_else() {
    let keys = TempDir::new().unwrap();
    secrets(keys.path());
    let mut server = Server::start("single.conf", "nats-one", keys.path(), &[]);
    server.ready().await;
    let urls = [server.url()];
    let (operator, _) = connect(&urls, "operator", keys.path()).await;
    api(&operator, &format!("STREAM.CREATE.{STREAM}"), definition("stream/single.json")).await;
    for name in ["accounts", "parts"] {
        let subject = format!("CONSUMER.DURABLE.CREATE.{STREAM}.{name}");
        api(&operator, &subject, definition(&format!("consumers/{name}.json"))).await;
    }
    let (publisher, _) = connect(&urls, "publisher", keys.path()).await;
    let subjects = [
        "gatehouse.v1.access.granted.PARTS.0192d0c5-0000-7000-8000-00000000000b",
        "gatehouse.v1.access.granted.NOTICES.0192d0c5-0000-7000-8000-00000000000b",
        "gatehouse.v1.user.suspended._.0192d0c5-0000-7000-8000-00000000000b",
        "gatehouse.v1.person.erased._.0192d0c5-0000-7000-8000-00000000000b",
        "gatehouse.v1.access.revoked.PARTS.0192d0c5-0000-7000-8000-00000000000b",
    ];
    for (position, subject) in (1..).zip(subjects) {
        publish(&publisher, subject, position).await.unwrap();
    }

    for (user, expected) in [("parts", vec![1, 4, 5]), ("accounts", vec![1, 2, 3, 4, 5])] {
        let consumer = Consumer::connect(
            &server.url(),
            options(user, keys.path()),
            ConsumerOptions { api: API.to_owned(), ..ConsumerOptions::named(user) },
        )
        .await
        .unwrap();
        let mut source = Source::from(consumer);
        for position in expected {
            let delivery = tokio::time::timeout(SOON, source.next()).await.unwrap().unwrap();
            assert_eq!(delivery.event.envelope.position.0, position, "{user}");
            delivery.done().await;
        }
        source.close().await;
        eventually("everything to be acknowledged", SOON, async || {
            let info = api(&operator, &format!("CONSUMER.INFO.{STREAM}.{user}"), String::new()).await;
            (info["num_pending"] == 0 && info["num_ack_pending"] == 0).then_some(())
        })
        .await;
    }

    let (parts, mut refused) = connect(&urls, "parts", keys.path()).await;
    for subject in ["gatehouse.v1.>", "_INBOX_accounts.>", "_INBOX.>", "$JS.ACK.>", ">"] {
        let _held = parts.subscribe(subject).await.unwrap();
        let told = tokio::time::timeout(SOON, refused.recv()).await.unwrap().unwrap();
        assert!(told.to_lowercase().contains("permissions violation for subscription"), "{subject}: {told}");
    }
    for subject in [
        "gatehouse.v1.access.granted.PARTS.0192d0c5-0000-7000-8000-00000000000b",
        "$JS.API.CONSUMER.DURABLE.CREATE.GATEHOUSE_EVENTS.parts",
        "$JS.API.CONSUMER.CREATE.GATEHOUSE_EVENTS.mine",
        "$JS.API.CONSUMER.MSG.NEXT.GATEHOUSE_EVENTS.accounts",
        "GATEHOUSE.API.CONSUMER.MSG.NEXT.GATEHOUSE_EVENTS.accounts",
        "GATEHOUSE.API.CONSUMER.DURABLE.CREATE.GATEHOUSE_EVENTS.parts",
        "$JS.ACK.GATEHOUSE_EVENTS.accounts.1.1.1.1.1",
        "$JS.API.STREAM.MSG.GET.GATEHOUSE_EVENTS",
        "$JS.API.DIRECT.GET.GATEHOUSE_EVENTS",
        "$JS.API.STREAM.DELETE.GATEHOUSE_EVENTS",
        "anything.else",
    ] {
        parts.publish(subject, definition("consumers/accounts.json").into()).await.unwrap();
        let told = tokio::time::timeout(SOON, refused.recv()).await.unwrap().unwrap();
        assert!(told.to_lowercase().contains("permissions violation for publish"), "{subject}: {told}");
    }
    // Nor is a request whose answer would go to the stream: an event is not published again on a service's behalf.
    publish(&publisher, subjects[0], 6).await.unwrap();
    let request = json!({ "batch": 1, "no_wait": true }).to_string();
    parts.publish_with_reply(format!("{API}.CONSUMER.MSG.NEXT.{STREAM}.parts"), subjects[4], request.into()).await.unwrap();
    // It was dealt with once the next one is answered.
    let options = ConsumerOptions { api: API.to_owned(), ..ConsumerOptions::named("parts") };
    let mut source = Source::from(Consumer::bind(parts, options).await.unwrap());
    let delivery = tokio::time::timeout(SOON, source.next()).await.unwrap().unwrap();
    assert_eq!(delivery.event.envelope.position.0, 6);
    delivery.done().await;
    let info = api(&operator, &format!("STREAM.INFO.{STREAM}"), String::new()).await;
    assert_eq!(info["state"]["messages"], 6, "{info}");
}

#[tokio::test]
async fn nobody_gets_in_without_tls_the_right_authority_and_a_password() {
    let (keys, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    secrets(keys.path());
    secrets(other.path());
    let mut server = Server::start("single.conf", "nats-one", keys.path(), &[]);
    server.ready().await;

    let mut plain = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    let password = password_of("operator", keys.path());
    write!(plain, "CONNECT {{\"user\":\"operator\",\"pass\":\"{password}\"}}\r\nPING\r\n").unwrap();
    let said: Vec<String> = BufReader::new(plain).lines().map_while(Result::ok).collect();
    assert!(said[0].contains("\"tls_required\":true"), "{said:?}");
    assert!(!said.iter().any(|line| line == "PONG"), "{said:?}");

    assert!(options("operator", other.path()).connect(server.url()).await.is_err());
    let wrong = options("operator", keys.path()).user_and_password("operator".into(), password_of("parts", keys.path()));
    assert!(wrong.connect(server.url()).await.is_err());
    assert!(options("operator", keys.path()).connect(server.url()).await.is_ok());
}

#[tokio::test]
async fn three_servers_keep_a_stream_on_all_three_and_go_on_without_its_leader() {
    let keys = TempDir::new().unwrap();
    secrets(keys.path());
    let ports = [free_port(), free_port(), free_port()];
    let routes = ports.map(|port| format!("nats://127.0.0.1:{port}")).join(", ");
    let mut servers: Vec<Server> = ["nats-one", "nats-two", "nats-three"]
        .iter()
        .zip(ports)
        .map(|(name, port)| {
            let more = [("ROUTE_LISTEN", format!("127.0.0.1:{port}")), ("ROUTES", format!("[{routes}]"))];
            Server::start("cluster.conf", name, keys.path(), &more)
        })
        .collect();
    for server in &mut servers {
        server.ready().await;
    }
    let urls: Vec<String> = servers.iter().map(Server::url).collect();
    let (operator, _) = connect(&urls, "operator", keys.path()).await;
    let (publisher, _) = connect(&urls, "publisher", keys.path()).await;
    let made = eventually("the stream to be made", SOON, async || {
        let subject = format!("$JS.API.STREAM.CREATE.{STREAM}");
        let answer = operator.request(subject, definition("stream/cluster.json").into()).await.ok()?;
        let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
        answer.get("error").is_none().then_some(answer)
    })
    .await;
    assert_eq!(made["config"]["num_replicas"], 3);
    publish(&publisher, "gatehouse.v1.access.granted.PARTS._", 1).await.unwrap();

    let info = eventually("all replicas to be current", SOON, async || {
        let info = api(&operator, &format!("STREAM.INFO.{STREAM}"), String::new()).await;
        let replicas = info["cluster"]["replicas"].as_array().unwrap();
        (replicas.len() == 2 && replicas.iter().all(|replica| replica["current"] == true)).then_some(info)
    })
    .await;
    let leader = info["cluster"]["leader"].as_str().unwrap().to_owned();
    servers.retain(|server| server.name != leader);
    eventually("an event to be accepted by the other two", SOON, async || {
        publish(&publisher, "gatehouse.v1.access.granted.PARTS._", 2).await.ok()
    })
    .await;
    let info = eventually("a new leader to answer", SOON, async || {
        let answer = operator.request(format!("$JS.API.STREAM.INFO.{STREAM}"), "".into()).await.ok()?;
        serde_json::from_slice::<Value>(&answer.payload).ok().filter(|info| info.get("error").is_none())
    })
    .await;
    assert_ne!(info["cluster"]["leader"], json!(leader));
    assert!(info["state"]["messages"].as_u64() >= Some(2), "{info}");
}

/// The files say what the rule says, so that NATS, HTTP and tests agree.
#[test]
fn the_files_follow_the_one_rule_of_who_sees_what() {
    let codes = ["PARTS".parse().unwrap()];
    for (name, applications) in [("parts", Some(&codes[..])), ("accounts", None)] {
        let consumer: Value = serde_json::from_str(&definition(&format!("consumers/{name}.json"))).unwrap();
        assert_eq!(consumer["config"]["filter_subjects"], json!(subjects_for(applications)), "{name}");
        assert_eq!((&consumer["config"]["durable_name"], &consumer["stream_name"]), (&json!(name), &json!(STREAM)));
        let accounts = definition("accounts.conf");
        for (lent, may) in lent_to(STREAM, name).into_iter().zip(may_publish(API, STREAM, name)) {
            assert!(accounts.contains(&format!("{{ service: \"{lent}\"")), "{lent} is not lent in accounts.conf");
            assert!(accounts.contains(&format!("              \"{may}\"\n")), "{may} is not granted in accounts.conf");
        }
        assert!(accounts.contains(&format!("\"{}.>\"", inbox_of(name))));
    }
    let single: Value = serde_json::from_str(&definition("stream/single.json")).unwrap();
    let mut cluster: Value = serde_json::from_str(&definition("stream/cluster.json")).unwrap();
    assert_eq!(cluster["num_replicas"].take(), json!(3));
    cluster["num_replicas"] = json!(1);
    assert_eq!(single, cluster, "the two differ in their replicas only");
}
