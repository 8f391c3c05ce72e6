//! `kill -9` in a loop, under load.

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

const CLIENTS: u64 = 64;
/// Longer than anything takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(600);

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
    let mut clients: Vec<_> = (0..CLIENTS).map(|number| Client::new(&seed, number, CLIENTS)).collect();
    let mut starts = Vec::new();
    let kills = kills();
    for cycle in 0..kills {
        let (process, took) = start(&data, cycle);
        starts.extend(took);
        clients = kill_under_load(&runtime, process, clients, answers_before(cycle));
        // Reading the whole log takes longer the longer it gets.
        if cycle % (kills / 8).max(1) == 0 {
            looks_right(&runtime, &data, &clients);
        }
    }
    looks_right(&runtime, &data, &clients);
    let (process, took) = start(&data, 0);
    starts.extend(took);
    let clients = settle(&runtime, &process, clients);
    every_mail_is_sent_once(&data, process, &all_acknowledged(&clients));
    looks_right(&runtime, &data, &clients);
    starts.sort_unstable();
    println!(
        "{kills} kills under {CLIENTS} clients, {} commands acknowledged; restart to ready: median {:.2?}, longest {:.2?}",
        all_acknowledged(&clients).len(),
        starts[starts.len() / 2],
        starts.last().unwrap()
    );
}

/// Starts the service; in some cycles it is killed before it is ready. How long it took to be ready.
fn start(data: &Path, cycle: usize) -> (GatehouseProcess, Option<Duration>) {
    let early = cycle % 7 == 6;
    let started = Instant::now();
    let process = GatehouseProcess::serve(data).env("GATEHOUSE_LOG", "warn").ready_when(if early { None } else { Some("/readyz") }).start();
    (process, (!early).then(|| started.elapsed()))
}

/// Lets all clients invite, kills the service once it has answered so often, and gives the clients back.
fn kill_under_load(runtime: &Runtime, process: GatehouseProcess, clients: Vec<Client>, answers: usize) -> Vec<Client> {
    let answered = Arc::new(AtomicUsize::new(0));
    let address = process.address();
    let load: JoinSet<_> = {
        let _runtime = runtime.enter();
        clients.into_iter().map(|client| client.until_killed(address, Arc::clone(&answered))).collect()
    };
    wait_until("enough answers", LIMIT, || answered.load(Ordering::Relaxed) >= answers);
    process.kill9();
    runtime.block_on(load.join_all())
}

fn settle(runtime: &Runtime, process: &GatehouseProcess, clients: Vec<Client>) -> Vec<Client> {
    let address = process.address();
    let _runtime = runtime.enter();
    let settling: JoinSet<_> = clients.into_iter().map(|client| client.settle(address)).collect();
    runtime.block_on(settling.join_all())
}

fn all_acknowledged(clients: &[Client]) -> Vec<Acknowledged> {
    clients.iter().flat_map(|client| client.acknowledged.iter().cloned()).collect()
}

fn looks_right(runtime: &Runtime, data: &Path, clients: &[Client]) {
    let open: Vec<Sent> = clients.iter().filter_map(|client| client.open).collect();
    let history = runtime.block_on(History::of_copy(data));
    let acknowledged = all_acknowledged(clients);
    history.has(&acknowledged, &open);
    assert!(history.events() >= u64::try_from(acknowledged.len()).unwrap() * 2, "each invitation has a reservation");
}

/// Once nothing is owed any more, there is one mail for each invitation, and no other.
fn every_mail_is_sent_once(data: &Path, process: GatehouseProcess, acknowledged: &[Acknowledged]) {
    wait_until("every mail to be sent", LIMIT, || mails_owed(data) == 0);
    let mut wanted: Vec<_> = acknowledged.iter().map(|answer| email(answer.sent.company)).collect();
    wanted.sort_unstable();
    assert_eq!(process.terminate().code(), Some(0));
    let mut message_ids = BTreeMap::new();
    let mut found = Vec::new();
    for entry in fs::read_dir(data.join("mail").join("new")).unwrap() {
        let mail = fs::read_to_string(entry.unwrap().path()).unwrap();
        found.push(address_in(header(&mail, "To")).to_owned());
        *message_ids.entry(header(&mail, "Message-ID").to_owned()).or_insert(0) += 1;
    }
    found.sort_unstable();
    assert_eq!(found, wanted, "each invitation has its one mail");
    assert_eq!(message_ids.len(), found.len(), "two mails have one Message-ID");
}

/// How many mails wait to be sent, once the outbox has seen the whole log.
fn mails_owed(data: &Path) -> u64 {
    let status: serde_json::Value = serde_json::from_str(&gatehouse(data, &["status", "--json"])).unwrap();
    let head = status["log"]["position"].as_u64().unwrap();
    let outbox = status["read_models"].as_array().unwrap().iter().find(|model| model["name"] == "notification-dispatch").unwrap();
    let counts = status["mails"].as_array().unwrap();
    let owed = counts.iter().find(|count| count[0] == "owed").and_then(|count| count[1].as_u64()).unwrap();
    owed + (head - outbox["position"].as_u64().unwrap())
}

fn header<'a>(mail: &'a str, name: &str) -> &'a str {
    let head = mail.split("\n\n").next().unwrap();
    let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("a mail without {name}:\n{head}"))
}

fn address_in(mailbox: &str) -> &str {
    mailbox.split(['<', '>']).nth(1).unwrap_or(mailbox)
}
