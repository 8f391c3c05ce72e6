//! The served binary on a large log: how soon it is ready after a kill, how much memory it takes.

use std::path::Path;
use std::time::{Duration, Instant};

use test_support::servers::GatehouseProcess;
use test_support::wait_until;
use tokio::runtime::Runtime;

use super::Options;
use super::figure::{Aim, Figure, Report};
use super::http::caught_up;
use super::load::Load;
use super::stories::{EVENTS, Fixture, Stage};
use super::volume::rebuild_all;
use crate::seed::{Seed, gatehouse, seed};

const READY: &str = "ready_seconds_10m";
const MEMORY: &str = "rss_mib_1m";
const LIMIT: Duration = Duration::from_secs(600);

/// Both figures, on logs of registrations that are being filled in.
pub fn measure(options: &Options, report: &mut Report) {
    if !options.wants(&[READY, MEMORY]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let data = folder.path().join("data");
    let seed = seed(&data);
    fill(&data, 0, 1_000_000);
    memory(&data, &seed, report);
    let events = if options.full { 10_000_000 } else { 1_000_000 };
    if options.full && options.wants(&[READY]) {
        fill(&data, 1_000_000, events);
    }
    ready(&data, &seed, events, report);
}

/// Puts so many events into the log and builds the read models.
fn fill(data: &Path, from: u64, to: u64) {
    let runtime = Runtime::new().expect("a runtime can be made");
    let fixture = Fixture::open(data);
    runtime.block_on(async {
        fixture.fill(from / EVENTS, to / EVENTS, Stage::Draft).await;
        rebuild_all(data, &fixture).await;
    });
}

fn memory(data: &Path, seed: &Seed, report: &mut Report) {
    let service = GatehouseProcess::serve(data).within(LIMIT).start();
    wait_until("all who follow the log", LIMIT, || follows(data));
    let idle = resident(service.id(), "VmRSS");
    let seen = Load::new(64, Duration::from_secs(3)).run(service.address(), seed);
    caught_up(service.address());
    let after = resident(service.id(), "VmRSS");
    report.add(Figure {
        name: MEMORY,
        value: after,
        aim: Aim::AtMost(256.0),
        conditions: format!(
            "a log of 1,000,000 events, after {} commands of 64 clients; {idle:.0} before them, at most {:.0} at any time",
            seen.latencies.len(),
            resident(service.id(), "VmHWM")
        ),
        limit: "caches: folded streams, opened keys, pages of SQLite in each connection",
    });
    service.kill9();
}

fn ready(data: &Path, seed: &Seed, events: u64, report: &mut Report) {
    let service = GatehouseProcess::serve(data).within(LIMIT).start();
    let _load = Load::new(64, Duration::from_secs(1)).run(service.address(), seed);
    service.kill9();
    let started = Instant::now();
    let service = GatehouseProcess::serve(data).within(LIMIT).start();
    let took = started.elapsed();
    service.kill9();
    report.add(Figure {
        name: READY,
        value: took.as_secs_f64(),
        aim: Aim::AtMost(2.0),
        conditions: format!(
            "from exec until /readyz says 200, read models current, after a kill under 64 clients; a log of {events} events"
        ),
        limit: "what the read models had not taken yet when it was killed, and recovering the write-ahead logs",
    });
}

/// Whether everything that follows the log has come to its end.
fn follows(data: &Path) -> bool {
    let status: serde_json::Value = serde_json::from_str(&gatehouse(data, &["status", "--json"])).expect("the status is JSON");
    let followers = ["read_models", "consumers"].map(|kind| status[kind].as_array().cloned().unwrap_or_default());
    followers.iter().flatten().all(|follower| follower["lag_events"] == 0)
}

/// A line of the process's status, in MiB.
fn resident(process: u32, line: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':')?.split_whitespace().next()?.parse::<f64>().ok());
    found.expect("the line is there") / 1024.0
}
