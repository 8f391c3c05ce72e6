//! Whole commands through the served binary: authorization, validation, idempotency, one sealed person, durable.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use test_support::servers::GatehouseProcess;

use super::Options;
use super::figure::{Aim, Figure, Report};
use super::load::{Load, Seen};
use super::log::{bare_pairs, fdatasync, pair_of};
use super::parse_only::ParseOnly;
use super::peers;
use super::processor::Processor;
use crate::http::Connection;
use crate::seed::{Seed, seed};

const SUSTAINED: &str = "http_256_sustained_over_parse_only";
const ALL: &[&str] = &[
    "http_256_over_parse_only",
    "http_64_over_parse_only",
    SUSTAINED,
    "http_256_over_bare_log",
    "http_64_p99_over_p50",
    "one_in_flight_p50_over_fdatasync",
];
/// What needs the bursts.
const BURSTS: &[&str] =
    &["http_256_over_parse_only", "http_64_over_parse_only", SUSTAINED, "http_256_over_bare_log", "http_64_p99_over_p50"];
/// What a burst is held up by.
const SHARED_CORES: &str = "processor time, which is spent on the request (HTTP, two decisions, a sealed person), on two appends, and on what follows although it yields";

/// All figures over HTTP.
pub fn measure(options: &Options, report: &mut Report) {
    let peers = options.peers && options.wants(peers::NAMES);
    if !options.wants(ALL) && !peers {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let data = folder.path().join("data");
    let seed = seed(&data);
    let time = Duration::from_secs(if options.full { 10 } else { 4 });
    let service = GatehouseProcess::serve(&data).start();
    let bare = ParseOnly::start();
    let warm = Load::new(64, Duration::from_millis(500));
    let _warmed = (warm.run(bare.address, &seed), warm.run(service.address(), &seed));
    one_in_flight(&service, &seed, folder.path(), time, report);
    if !options.wants(BURSTS) && !peers {
        return;
    }
    let with_64 = burst(64, &service, &bare, &seed, time, report);
    let with_256 = burst(256, &service, &bare, &seed, time, report);
    report.add(Figure {
        name: "http_64_p99_over_p50",
        value: with_64.quantile(0.99).as_secs_f64() / with_64.quantile(0.5).as_secs_f64(),
        aim: Aim::AtMost(3.0),
        conditions: format!("64 clients, {time:.0?}: {}", with_64.text()),
        limit: "threads wait for a core: clients, workers, log writer and read models are more than the machine has cores",
    });
    drop(service);
    over_bare_log(&data, folder.path(), &with_256, time, report);
    if options.wants(&[SUSTAINED]) {
        sustained(&data, &bare, &seed, Duration::from_secs(if options.full { 60 } else { 10 }), report);
    }
}

/// A burst, with one of the peer before and after it.
fn burst(clients: usize, service: &GatehouseProcess, bare: &ParseOnly, seed: &Seed, time: Duration, report: &mut Report) -> Seen {
    let load = Load::new(clients, time);
    let half = Load::new(clients, time / 2);
    let before = half.run(bare.address, seed);
    let idle = Processor::of(service.id());
    let whole = load.run(service.address(), seed);
    let used = Processor::of(service.id()).text_since(&idle, whole.latencies.len());
    caught_up(service.address());
    let after = half.run(bare.address, seed);
    let parsed = f64::midpoint(before.rate(), after.rate());
    report.keep_burst(clients, whole.rate());
    report.add(Figure {
        name: if clients == 64 { "http_64_over_parse_only" } else { "http_256_over_parse_only" },
        value: whole.rate() / parsed,
        aim: Aim::AtLeast(0.5),
        conditions: format!(
            "{clients} clients, burst of {time:.0?}: {}; processor time per command meanwhile: {used}; only parsed: {parsed:.0}/s",
            whole.text()
        ),
        limit: SHARED_CORES,
    });
    whole
}

fn one_in_flight(service: &GatehouseProcess, seed: &Seed, folder: &Path, time: Duration, report: &mut Report) {
    let before = fdatasync(folder, time / 8);
    let seen = Load::new(1, time / 2).run(service.address(), seed);
    let synced = before.min(fdatasync(folder, time / 8));
    report.add(Figure {
        name: "one_in_flight_p50_over_fdatasync",
        value: seen.quantile(0.5).as_secs_f64() / synced.as_secs_f64(),
        aim: Aim::AtMost(3.0),
        conditions: format!("one client over HTTP: {}; fdatasync of 4 KiB in place: p50 {synced:.2?}", seen.text()),
        limit: "handing the request to the log's writer and back, a write-ahead log that grows, and the mail of the command before, which is synced meanwhile",
    });
}

fn over_bare_log(data: &Path, folder: &Path, whole: &Seen, time: Duration, report: &mut Report) {
    if !report_wants(report, "http_256_over_bare_log") {
        return;
    }
    let pair = pair_of(&data.join("log").join("events.db"));
    let bare = bare_pairs(&folder.join("bare.db"), &pair, 256, time);
    report.add(Figure {
        name: "http_256_over_bare_log",
        value: whole.rate() / bare,
        aim: Aim::AtLeast(0.6),
        conditions: format!(
            "256 clients: {}; the same records (a reservation and an invitation each, {} bytes) put into a log of their own by 256 tasks: {bare:.0}/s",
            whole.text(),
            pair.bytes()
        ),
        limit: "processor time: HTTP on both sides and what follows, while the bare log has the cores to itself",
    });
}

fn report_wants(report: &Report, name: &str) -> bool {
    report.options().wants(&[name])
}

/// As many commands as the read models keep up with: when one is half a second behind, the clients wait.
fn sustained(data: &Path, bare: &ParseOnly, seed: &Seed, time: Duration, report: &mut Report) {
    let service = GatehouseProcess::serve(data).within(Duration::from_secs(120)).start();
    caught_up(service.address());
    let load = Load::new(256, time);
    let done = Arc::new(AtomicBool::new(false));
    let watcher = std::thread::spawn({
        let (address, hold, done) = (service.address(), Arc::clone(&load.hold), Arc::clone(&done));
        move || watch(address, &hold, &done)
    });
    let whole = load.run(service.address(), seed);
    done.store(true, Ordering::Relaxed);
    let worst = watcher.join().expect("the watcher comes to its end");
    let parsed = Load::new(256, Duration::from_secs(3)).run(bare.address, seed).rate();
    report.add(Figure {
        name: SUSTAINED,
        value: if worst <= 1.0 { whole.rate() / parsed } else { 0.0 },
        aim: Aim::AtLeast(0.3),
        conditions: format!(
            "256 clients for {time:.0?}, who wait while a read model is more than half a second behind: {:.0}/s, read models at most {worst:.2} s behind; only parsed: {parsed:.0}/s{}",
            whole.rate(),
            if worst <= 1.0 { "" } else { "; 0, since more than a second is too far behind" }
        ),
        limit: "processor time: the read models and the mails take as much of it as the commands, and then the clients wait for them",
    });
}

/// Samples how far behind the read models are, and holds the clients back; the most seconds it saw.
fn watch(address: SocketAddr, hold: &AtomicBool, done: &AtomicBool) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    runtime.block_on(async {
        let mut connection = Connection::open(address).await.expect("the service listens");
        let mut worst = 0.0_f64;
        while !done.load(Ordering::Relaxed) {
            let lag = lag_seconds(&mut connection).await;
            worst = worst.max(lag);
            hold.store(lag > 0.5, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        worst
    })
}

/// How long the event that waits longest for a read model has been waiting.
async fn lag_seconds(connection: &mut Connection) -> f64 {
    let reply = connection.exchange(b"GET /metrics HTTP/1.1\r\nhost: gatehouse\r\n\r\n").await.expect("the service answers");
    let text = String::from_utf8_lossy(reply.body()).into_owned();
    let lags = text.lines().filter(|line| line.starts_with("gatehouse_projection_lag_seconds{") && is_read_model(line));
    lags.filter_map(|line| line.rsplit(' ').next()?.parse().ok()).fold(0.0, f64::max)
}

/// The gauge is also set for what sends mails and commands: those are no read models.
fn is_read_model(line: &str) -> bool {
    let names = [
        "review-queue",
        "registration-status",
        "directory",
        "entitlements",
        "notification-dispatch",
        "audit-history",
        "deadlines",
        "public-feed",
    ];
    names.iter().any(|name| line.contains(&format!("\"{name}\"")))
}

/// Waits until the read models have come to the end of the log: what follows shall not pay for what was before.
pub fn caught_up(address: SocketAddr) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    runtime.block_on(async {
        let mut connection = Connection::open(address).await.expect("the service listens");
        let started = Instant::now();
        // The gauges are set once a second.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        while lag_seconds(&mut connection).await > 0.0 && started.elapsed() < Duration::from_secs(120) {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
}
