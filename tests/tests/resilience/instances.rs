//! Two instances on one PostgreSQL, as `deploy/instances` has them, and NATS: killed, paused, stopped, and the database crashed under them,
//! while clients go on with whichever answers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use event_store_postgres::{Options, PostgresLog};
use tempfile::TempDir;
use test_support::servers::{GatehouseProcess, PostgresServer, gatehouse_command};
use test_support::wait_until;
use tests::seed::{Seed, email, gatehouse};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::history::History;
use crate::kill9::{LIMIT, address_in, header, left_to_do};
use crate::kill9_clients::{Acknowledged, Client};
use crate::kill9_stream::Broker;

const CLIENTS: u64 = 24;

/// A client that is not answered for so long asks the other instance.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long until the other instance does what one did that is dead, or was told to stop.
const TAKE_OVER: Duration = Duration::from_secs(5);

/// What the instances share.
struct Site {
    folder: TempDir,
    postgres: PostgresServer,
    config: PathBuf,
}

impl Site {
    /// With the deployed configuration, in which only the addresses are others.
    fn new(broker: &Broker) -> Self {
        let (folder, postgres) = (TempDir::new().unwrap(), PostgresServer::start());
        postgres.sql("postgres", "CREATE DATABASE gatehouse");
        let deployed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/instances/gatehouse.toml");
        let text = fs::read_to_string(deployed).unwrap();
        let (stores, rest) = text.split_once("[nats]").unwrap();
        assert_eq!(stores.matches("gatehouse@postgres:5432/gatehouse").count(), 3, "log, secrets and views");
        assert!(rest.contains("[mail]"));
        let master_key = folder.path().join("master.key");
        fs::write(&master_key, format!("gatehouse-master-key-1:{}\n", "07".repeat(32))).unwrap();
        let stores = stores
            .replace("postgres://gatehouse@postgres:5432/gatehouse", &postgres.url("gatehouse"))
            .replace("/run/secrets/master.key", &master_key.display().to_string());
        let maildir = folder.path().join("mail");
        let own = format!("[nats]\nurl = \"{}\"\n[mail]\ntransport = \"maildir\"\nmaildir = \"{}\"\n", broker.url(), maildir.display());
        let config = folder.path().join("gatehouse.toml");
        fs::write(&config, stores + &own).unwrap();
        Self { folder, postgres, config }
    }

    /// The data folder of an instance: nothing but its socket is in it.
    fn data(&self, instance: usize) -> PathBuf {
        self.folder.path().join(format!("instance-{instance}"))
    }

    fn start(&self, instance: usize) -> GatehouseProcess {
        GatehouseProcess::serve(&self.data(instance))
            .args(["--instance", &format!("gatehouse-{instance}")])
            .env("GATEHOUSE_CONFIG", &self.config)
            .env("GATEHOUSE_LOG_FILTER", "warn")
            .stderr_to(&self.folder.path().join(format!("stderr-{instance}.log")))
            .start()
    }

    /// Types a command to an instance that runs.
    fn operator(&self, instance: usize, arguments: &[&str]) -> String {
        gatehouse(&self.data(instance), arguments)
    }

    fn seed(&self) -> Seed {
        tests::seed::furnish(&self.data(0))
    }

    async fn log(&self) -> PostgresLog {
        let server = self.postgres.url("gatehouse").parse().unwrap();
        PostgresLog::open(&server, Options::new(Arc::new(jiff::Timestamp::now))).await.unwrap()
    }
}

/// Which instance holds this lease, as another one says it.
fn holder(site: &Site, asked: usize, lease: &str) -> Option<String> {
    let status: serde_json::Value = serde_json::from_str(&site.operator(asked, &["status", "--json"])).unwrap();
    let leases = status["leases"].as_array()?;
    let held = leases.iter().find(|held| held["name"] == lease)?;
    held["instance"].as_str().map(str::to_owned)
}

/// Whether this instance, which is asked, does all that only one may do. One that is too busy to say so does not.
fn holds_everything(site: &Site, asked: usize, name: &str) -> bool {
    let answer = gatehouse_command().args(["status", "--json", "--data"]).arg(site.data(asked)).output().unwrap();
    let Ok(status) = serde_json::from_slice::<serde_json::Value>(&answer.stdout) else { return false };
    let leases = status["leases"].as_array().map_or(&[][..], Vec::as_slice);
    leases.len() == 4 && leases.iter().all(|held| held["instance"] == name)
}

fn signal(process: &GatehouseProcess, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), process.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "SIG{name} cannot be sent");
}

/// Clients that work until they are told to stop, with whichever instance answers.
struct Crowd {
    addresses: Arc<Mutex<Vec<SocketAddr>>>,
    answered: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    clients: JoinSet<Client>,
}

impl Crowd {
    fn new(runtime: &Runtime, seed: &Seed, addresses: Vec<SocketAddr>) -> Self {
        let crowd =
            Self { addresses: Arc::new(Mutex::new(addresses)), answered: Arc::default(), stop: Arc::default(), clients: JoinSet::new() };
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let (addresses, answered, stop) = (crowd.addresses.clone(), crowd.answered.clone(), crowd.stop.clone());
            let mut client = Client::new(seed, number, CLIENTS);
            let work = async move {
                for turn in usize::try_from(number).unwrap().. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let address = {
                        let addresses = addresses.lock().unwrap();
                        addresses[turn % addresses.len()]
                    };
                    client = client.until_unanswered(address, answered.clone(), PATIENCE, stop.clone()).await;
                    // Nobody listens at the place of an instance that is away.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                client
            };
            clients.spawn_on(work, runtime.handle());
        }
        Self { clients, ..crowd }
    }

    /// Waits until so many more commands were answered.
    fn works(&self, commands: usize) {
        let before = self.answered.load(Ordering::Relaxed);
        wait_until("commands to be answered", LIMIT, || self.answered.load(Ordering::Relaxed) >= before + commands);
    }

    fn move_to(&self, instance: usize, process: &GatehouseProcess) {
        self.addresses.lock().unwrap()[instance] = process.address();
    }

    fn end(self, runtime: &Runtime) -> Vec<Client> {
        self.stop.store(true, Ordering::Relaxed);
        runtime.block_on(self.clients.join_all())
    }
}

/// What happens to an instance, or under both.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    Killed,
    Stopped,
    Paused,
    DatabaseCrashed,
    BrokerKilled,
}

fn rounds() -> Vec<Trouble> {
    use Trouble::{BrokerKilled, DatabaseCrashed, Killed, Paused, Stopped};
    let round = [Killed, Paused, DatabaseCrashed, Killed, Stopped, BrokerKilled];
    let set = std::env::var("GATEHOUSE_TEST_KILLS").ok().and_then(|text| text.parse().ok());
    round.into_iter().cycle().take(set.unwrap_or(round.len())).collect()
}

#[test]
fn two_instances_do_everything_once_whatever_happens_to_one_of_them_or_to_the_database() {
    let mut broker = Broker::start();
    let mut site = Site::new(&broker);
    let runtime = Runtime::new().unwrap();
    let mut instances = vec![site.start(0)];
    let seed = site.seed();
    instances.push(site.start(1));
    let crowd = Crowd::new(&runtime, &seed, instances.iter().map(GatehouseProcess::address).collect());
    let (mut take_overs, mut left) = (Vec::new(), Vec::new());
    for (number, trouble) in rounds().into_iter().enumerate() {
        crowd.works(300);
        // Whoever sends the mails: the other one has to take over.
        let victim = usize::from(holder(&site, 0, "dispatch").as_deref() == Some("gatehouse-1"));
        let other = 1 - victim;
        match trouble {
            Trouble::Killed | Trouble::Stopped => {
                let process = instances.remove(victim);
                let began = Instant::now();
                if matches!(trouble, Trouble::Killed) {
                    process.kill9()
                } else {
                    signal(&process, "TERM");
                    left.push(process);
                }
                let name = format!("gatehouse-{other}");
                wait_until("the other to take over", LIMIT, || holds_everything(&site, other, &name));
                take_overs.push((began.elapsed(), trouble));
                // It may still answer what it was asked before.
                assert!(left.drain(..).all(|process| process.ended().success()));
                crowd.works(300);
                let process = site.start(victim);
                crowd.move_to(victim, &process);
                instances.insert(victim, process);
            }
            Trouble::Paused => {
                signal(&instances[victim], "STOP");
                let name = format!("gatehouse-{other}");
                wait_until("the other to take over", LIMIT, || holder(&site, other, "dispatch").as_deref() == Some(&name));
                crowd.works(300);
                signal(&instances[victim], "CONT");
            }
            Trouble::DatabaseCrashed => {
                site.postgres.crash();
                site.postgres.restart();
            }
            Trouble::BrokerKilled => {
                broker.suffer(1);
                crowd.works(300);
                broker.suffer(0);
            }
        }
        println!("{number}: {trouble:?}");
    }
    crowd.works(300);
    let mut clients = crowd.end(&runtime);
    let address = instances[0].address();
    let entered = runtime.enter();
    clients = runtime.block_on(clients.into_iter().map(|client| client.settle(address)).collect::<JoinSet<_>>().join_all());
    drop(entered);
    wait_until("everything that follows the log", LIMIT, || left_to_do(&site.data(0)) == 0 && left_to_do(&site.data(1)) == 0);
    let published = runtime.block_on(broker.has_each_event_once(&site.data(0), &instances[0]));
    for read_model in ["review-queue", "directory", "notification-dispatch", "public-feed"] {
        let said = rebuilt(&site, read_model);
        assert!(said.contains("equal"), "{read_model} differs from what it is built anew: {said}");
    }
    for process in instances {
        assert_eq!(process.terminate().code(), Some(0));
    }
    let acknowledged: Vec<Acknowledged> = clients.iter().flat_map(|client| client.acknowledged.clone()).collect();
    runtime.block_on(async {
        let log = site.log().await;
        assert_eq!(log.check().await.unwrap().problems, Vec::<String>::new());
        History::of(&log).await.has(&acknowledged, &[]);
        log.close().await;
    });
    each_has_its_mail(&site, &acknowledged);
    println!("{} invitations acknowledged, {published} events in the stream, take-overs {take_overs:.2?}", acknowledged.len());
    // Starting a command line to look takes its own time.
    assert!(take_overs.iter().all(|(took, _)| *took < TAKE_OVER + Duration::from_secs(3)), "{take_overs:?}");
}

/// Builds a read model anew, on the instance that keeps them, and says what came out.
fn rebuilt(site: &Site, name: &str) -> String {
    let keeper = usize::from(holder(site, 0, "projections").as_deref() == Some("gatehouse-1"));
    site.operator(keeper, &["rebuild", name])
}

/// Each invitation has its mail. One that was sent when its sender was paused or killed may have come again, as the same mail.
fn each_has_its_mail(site: &Site, acknowledged: &[Acknowledged]) {
    let mut message_ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in fs::read_dir(site.folder.path().join("mail").join("new")).unwrap() {
        let mail = fs::read_to_string(entry.unwrap().path()).unwrap();
        message_ids.entry(address_in(header(&mail, "To")).to_owned()).or_default().insert(header(&mail, "Message-ID").to_owned());
    }
    for answer in acknowledged {
        let mails = message_ids.remove(&email(answer.sent.company)).unwrap_or_default();
        assert_eq!(mails.len(), 1, "{answer:?} has these mails: {mails:?}");
    }
    assert!(message_ids.is_empty(), "mails that nobody was to get: {message_ids:?}");
}
