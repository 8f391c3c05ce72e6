//! `kill -9` in a loop, under load: clients that invite, and registrants whose commands span several aggregates.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use test_support::servers::GatehouseProcess;
use test_support::wait_until;
use tests::seed::{email, gatehouse, seed};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::history::History;
use crate::kill9_clients::{Acknowledged, Client, Sent};
use crate::kill9_registrants::{Registrant, administrator_of, registrant_of, registrants};
use crate::kill9_stream::Broker;

const CLIENTS: u64 = 64;
/// Beside them, so many register companies from the invitation to the approval.
const REGISTRANTS: u64 = 6;
/// Longer than anything takes on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(600);

/// How many kills: `GATEHOUSE_TEST_KILLS`, else 200 of a full run, else 12.
fn kills() -> usize {
    let set = std::env::var("GATEHOUSE_TEST_KILLS").ok();
    let usual = if std::env::var_os("GATEHOUSE_TEST_FULL").is_some() { 200 } else { 12 };
    set.map_or(usual, |text| text.parse().expect("GATEHOUSE_TEST_KILLS is a number"))
}

/// After how many answers the service is killed in this cycle: from the very first to well into the load, the same in each run.
fn answers_before(cycle: usize) -> usize {
    if cycle % 6 == 5 { 0 } else { 1 + cycle * 389 % 1800 }
}

#[test]
fn what_was_acknowledged_is_done_once_however_often_the_service_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let seed = seed(&data);
    let runtime = Runtime::new().unwrap();
    let clients = (0..CLIENTS).map(|number| Client::new(&seed, number, CLIENTS)).collect();
    let mut crowd = Crowd { clients, registrants: registrants(&seed, &data, REGISTRANTS) };
    let (mut starts, mut broker) = (Vec::new(), Broker::start());
    let kills = kills();
    for cycle in 0..kills {
        let (process, took) = start(&data, &broker, cycle);
        starts.extend(took);
        crowd = kill_under_load(&runtime, process, crowd, answers_before(cycle));
        broker.suffer(cycle);
        // Reading the whole log takes longer the longer it gets.
        if cycle % (kills / 4).max(1) == 0 {
            looks_right(&runtime, &data, &crowd);
        }
    }
    looks_right(&runtime, &data, &crowd);
    let (process, took) = start(&data, &broker, 0);
    starts.extend(took);
    let crowd = settle(&runtime, &process, crowd);
    wait_until("everything that follows the log", LIMIT, || left_to_do(&data) == 0);
    let published = runtime.block_on(broker.has_each_event_once(&data, &process));
    every_mail_is_sent_once(&data, process, &crowd);
    looks_right(&runtime, &data, &crowd).has_onboarded(&crowd.registrants);
    starts.sort_unstable();
    println!(
        "{kills} kills under {CLIENTS} clients and {REGISTRANTS} registrants, {} invitations and {} approvals acknowledged, {published} events in the stream; restart to ready: median {:.2?}, longest {:.2?}",
        crowd.acknowledged().len(),
        crowd.registrants.iter().map(|registrant| registrant.approved.len()).sum::<usize>(),
        starts[starts.len() / 2],
        starts.last().unwrap()
    );
}

/// Starts the service; in some cycles it is killed before it is ready. How long it took to be ready.
fn start(data: &Path, broker: &Broker, cycle: usize) -> (GatehouseProcess, Option<Duration>) {
    let early = cycle % 7 == 6;
    let started = Instant::now();
    let process = GatehouseProcess::serve(data)
        .args(["--nats", &broker.url()])
        .env("GATEHOUSE_LOG_FILTER", "warn")
        .ready_when(if early { None } else { Some("/readyz") })
        .start();
    (process, (!early).then(|| started.elapsed()))
}

/// Everybody who uses the service.
struct Crowd {
    clients: Vec<Client>,
    registrants: Vec<Registrant>,
}

impl Crowd {
    /// All invitations that were answered.
    fn acknowledged(&self) -> Vec<Acknowledged> {
        let of_clients = self.clients.iter().flat_map(|client| &client.acknowledged);
        of_clients.chain(self.registrants.iter().flat_map(|registrant| &registrant.acknowledged)).cloned().collect()
    }

    /// All invitations that wait for their answer.
    fn open(&self) -> Vec<Sent> {
        let of_clients = self.clients.iter().filter_map(|client| client.open);
        of_clients.chain(self.registrants.iter().filter_map(Registrant::open)).collect()
    }
}

/// Lets everybody work, kills the service once it has answered so often, and gives them back.
fn kill_under_load(runtime: &Runtime, process: GatehouseProcess, crowd: Crowd, answers: usize) -> Crowd {
    let answered = Arc::new(AtomicUsize::new(0));
    let address = process.address();
    let _runtime = runtime.enter();
    let clients: JoinSet<_> = crowd.clients.into_iter().map(|client| client.until_killed(address, Arc::clone(&answered))).collect();
    let registrants: JoinSet<_> =
        crowd.registrants.into_iter().map(|registrant| registrant.until_killed(address, Arc::clone(&answered))).collect();
    wait_until("enough answers", LIMIT, || answered.load(Ordering::Relaxed) >= answers);
    process.kill9();
    Crowd { clients: runtime.block_on(clients.join_all()), registrants: runtime.block_on(registrants.join_all()) }
}

fn settle(runtime: &Runtime, process: &GatehouseProcess, crowd: Crowd) -> Crowd {
    let address = process.address();
    let _runtime = runtime.enter();
    let clients: JoinSet<_> = crowd.clients.into_iter().map(|client| client.settle(address)).collect();
    let registrants: JoinSet<_> = crowd.registrants.into_iter().map(|registrant| registrant.settle(address)).collect();
    Crowd { clients: runtime.block_on(clients.join_all()), registrants: runtime.block_on(registrants.join_all()) }
}

fn looks_right(runtime: &Runtime, data: &Path, crowd: &Crowd) -> History {
    let history = runtime.block_on(History::of_copy(data));
    let acknowledged = crowd.acknowledged();
    history.has(&acknowledged, &crowd.open());
    crowd.registrants.iter().for_each(|registrant| history.has_steps(registrant));
    assert!(history.events() >= u64::try_from(acknowledged.len()).unwrap() * 2, "each invitation has a reservation");
    history
}

/// Once nothing is owed any more, there is one mail for each cause, and no other.
fn every_mail_is_sent_once(data: &Path, process: GatehouseProcess, crowd: &Crowd) {
    wait_until("every mail to be sent", LIMIT, || left_to_do(data) == 0);
    let mut wanted: Vec<_> =
        crowd.clients.iter().flat_map(|client| &client.acknowledged).map(|answer| email(answer.sent.company)).collect();
    wanted.sort_unstable();
    assert_eq!(process.terminate().code(), Some(0));
    let mut message_ids = BTreeMap::new();
    let mut found = Vec::new();
    let mut of_registrations = BTreeMap::new();
    for entry in fs::read_dir(data.join("mail").join("new")).unwrap() {
        let mail = fs::read_to_string(entry.unwrap().path()).unwrap();
        let (to, subject) = (address_in(header(&mail, "To")).to_owned(), header(&mail, "Subject").to_owned());
        if to.ends_with("@guild.example") {
            *of_registrations.entry((to, subject)).or_insert(0) += 1;
        } else {
            found.push(to);
        }
        *message_ids.entry(header(&mail, "Message-ID").to_owned()).or_insert(0) += 1;
    }
    found.sort_unstable();
    assert_eq!(found, wanted, "each invitation has its one mail");
    assert!(message_ids.values().all(|times| *times == 1), "two mails have one Message-ID");
    assert!(of_registrations.values().all(|times| *times == 1), "a mail was sent twice: {of_registrations:?}");
    for company in crowd.registrants.iter().flat_map(|registrant| &registrant.approved) {
        let mails_to = |address: String| of_registrations.keys().filter(|(to, _)| *to == address).count();
        // The invitation is accepted at once: its own mail may be pointless before it is sent.
        assert!((1..=2).contains(&mails_to(registrant_of(*company))), "the acknowledgement: {of_registrations:?}");
        assert_eq!(mails_to(administrator_of(*company)), 2, "approved, and subscribed: {of_registrations:?}");
    }
}

/// How many mails wait to be sent, and how many events wait for the outbox or for a process manager.
pub(crate) fn left_to_do(data: &Path) -> u64 {
    let status: serde_json::Value = serde_json::from_str(&gatehouse(data, &["status", "--json"])).unwrap();
    let head = status["log"]["position"].as_u64().unwrap();
    let followers = |kind: &str| status[kind].as_array().unwrap().clone();
    let is_here = |follower: &serde_json::Value| follower["state"] != "elsewhere";
    let needed = |follower: &serde_json::Value| follower["name"] == "notification-dispatch" || follower["name"] == "public-feed";
    let read_models = followers("read_models").into_iter().filter(needed);
    // The publisher rests at the last event that is public: whether the stream has all is looked at in the stream.
    let managers =
        followers("consumers").into_iter().filter(is_here).filter(|consumer| !consumer["name"].as_str().unwrap().starts_with("nats "));
    // The head was read before them: they may have come further since.
    let behind = read_models.chain(managers).map(|follower| head.saturating_sub(follower["position"].as_u64().unwrap()));
    let counts = status["mails"].as_array().unwrap();
    let owed = counts.iter().find(|count| count[0] == "owed").and_then(|count| count[1].as_u64()).unwrap();
    owed + behind.sum::<u64>()
}

pub(crate) fn header<'a>(mail: &'a str, name: &str) -> &'a str {
    let head = mail.split("\n\n").next().unwrap();
    let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("a mail without {name}:\n{head}"))
}

pub(crate) fn address_in(mailbox: &str) -> &str {
    mailbox.split(['<', '>']).nth(1).unwrap_or(mailbox)
}
