//! Leases between instances, on a real PostgreSQL that goes away and comes back.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::dice::Dice;
use postgres_schema::{Limits, Schema, Server, Step};
use projection_runtime::leases::{DISPATCH, PROCESSES, PROJECTIONS, PUBLISH, STEP};
use projection_runtime::{Fence, Lease, LeaseSettings, Leases};
use test_support::eventually;
use test_support::servers::{PostgresServer, TcpProxy, TestDatabase};

const STEPS: &[Step] = &[STEP];

/// Long enough for anything that a test waits for, on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// What a take-over may take at most.
const TAKE_OVER: Duration = Duration::from_secs(5);

/// Short leases, where a test waits for many of them to end.
const SHORT: LeaseSettings = LeaseSettings { ttl: Duration::from_millis(1_000), beat: Duration::from_millis(250) };

async fn schema(url: &str) -> Schema {
    let server: Server = url.parse().unwrap();
    server.schema("gatehouse_views", STEPS, Limits::default()).await.unwrap()
}

async fn start(url: &str, instance: &str, settings: LeaseSettings) -> Leases {
    Leases::start(schema(url).await, instance, &[PROJECTIONS, PUBLISH], settings)
}

async fn held(lease: &mut Lease) -> Fence {
    tokio::time::timeout(LONG, lease.acquired()).await.unwrap()
}

async fn holder_of(leases: &Leases, lease: &str) -> Option<String> {
    leases.holders().await.unwrap().into_iter().find(|holder| holder.lease == lease).map(|holder| holder.instance)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_instance_holds_a_lease_and_a_clean_stop_hands_it_over_at_once() {
    let database = TestDatabase::create();
    let first = start(&database.url(), "first", LeaseSettings::default()).await;
    let before = held(&mut first.lease(PUBLISH)).await;
    let second = start(&database.url(), "second", LeaseSettings::default()).await;
    let mut waiting = second.lease(PUBLISH);
    eventually("the second to have asked", LONG, async || (holder_of(&second, PUBLISH).await? == "first").then_some(())).await;
    assert_eq!((first.lease(PUBLISH).held(), waiting.held()), (Some(before), None));
    let own: Vec<bool> = first.holders().await.unwrap().iter().map(|holder| holder.is_own).collect();
    assert_eq!(own, [true, true], "both leases are its own");

    let released = Instant::now();
    first.release().await;
    assert_eq!(first.lease(PUBLISH).held(), None);
    let after = held(&mut waiting).await;
    println!("handed over within {:?}", released.elapsed());
    assert!(after > before, "a new holding has a greater fence");
    assert!(released.elapsed() < LeaseSettings::default().ttl, "before the lease would have run out");
    second.release().await;
    assert_eq!(second.holders().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_lease_is_given_back_while_the_others_are_kept() {
    let database = TestDatabase::create();
    let first = start(&database.url(), "first", LeaseSettings::default()).await;
    let (mut kept, given) = (first.lease(PUBLISH), first.lease(PROJECTIONS));
    let fence = held(&mut kept).await;
    let second = start(&database.url(), "second", LeaseSettings::default()).await;
    eventually("the second to have asked", LONG, async || (holder_of(&second, PROJECTIONS).await? == "first").then_some(())).await;

    let began = Instant::now();
    first.give_back(PROJECTIONS);
    held(&mut second.lease(PROJECTIONS)).await;
    assert!(began.elapsed() < LeaseSettings::default().ttl, "before the lease would have run out");
    assert_eq!((given.held(), kept.held(), second.lease(PUBLISH).held()), (None, Some(fence), None));
    // It is free again, and the first takes part no more.
    second.release().await;
    eventually("nobody but the first to hold anything", LONG, async || (first.holders().await.unwrap().len() == 1).then_some(())).await;
    tokio::time::sleep(LeaseSettings::default().beat * 2).await;
    assert_eq!(holder_of(&first, PROJECTIONS).await, None);
    assert_eq!((given.held(), kept.held()), (None, Some(fence)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_takes_part_only_in_the_leases_of_its_roles() {
    let database = TestDatabase::create();
    let schema = schema(&database.url()).await;
    let api = Leases::start(schema.clone(), "api", &[PROCESSES], SHORT);
    let mails = Leases::start(schema, "mails", &[DISPATCH], SHORT);
    held(&mut api.lease(PROCESSES)).await;
    held(&mut mails.lease(DISPATCH)).await;
    assert_eq!((api.lease(DISPATCH).held(), mails.lease(PROCESSES).held()), (None, None));
    let holders = api.holders().await.unwrap();
    let told: Vec<(&str, &str)> = holders.iter().map(|holder| (holder.lease.as_str(), holder.instance.as_str())).collect();
    assert_eq!(told, [(DISPATCH, "mails"), (PROCESSES, "api")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_instance_takes_over_within_five_seconds_of_a_holder_that_ended_without_a_word() {
    let database = TestDatabase::create();
    let first = start(&database.url(), "first", LeaseSettings::default()).await;
    let mut view = first.lease(PUBLISH);
    let before = held(&mut view).await;
    let second = start(&database.url(), "second", LeaseSettings::default()).await;
    // Its keeper ends, and says nothing to the database. What it told its own is believed until the time is over.
    let killed = Instant::now();
    drop(first);
    view.lost(before).await;
    assert_eq!(second.lease(PUBLISH).held(), None, "nobody else holds it while the first could believe that it does");
    let after = held(&mut second.lease(PUBLISH)).await;
    println!("taken over after {:?}", killed.elapsed());
    assert!(after > before && killed.elapsed() <= TAKE_OVER, "taken over after {:?}", killed.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_cannot_renew_stops_by_itself_and_comes_back_with_the_database() {
    let mut server = PostgresServer::start();
    let database = server.database();
    let url = database.url();
    let leases = start(&url, "only", LeaseSettings::default()).await;
    let mut lease = leases.lease(PUBLISH);
    let before = held(&mut lease).await;
    server.crash();
    let crashed = Instant::now();
    tokio::time::timeout(LONG, lease.lost(before)).await.unwrap();
    assert!(crashed.elapsed() < LeaseSettings::default().ttl, "before the database could give it to another: {:?}", crashed.elapsed());
    server.restart();
    assert!(held(&mut lease).await > before, "another holding");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_whose_database_does_not_answer_stops_before_another_one_begins() {
    let server = PostgresServer::start();
    let database = server.database();
    let proxy = TcpProxy::before(server.address());
    let through_proxy = format!("postgres://gatehouse@{}/{}", proxy.address(), database.name());
    let first = start(&through_proxy, "first", LeaseSettings::default()).await;
    let mut view = first.lease(PUBLISH);
    let before = held(&mut view).await;
    let second = start(&database.url(), "second", LeaseSettings::default()).await;
    // What it says arrives; what it is told does not.
    proxy.hold();
    let held_up = Instant::now();
    view.lost(before).await;
    assert_eq!(second.lease(PUBLISH).held(), None);
    let after = held(&mut second.lease(PUBLISH)).await;
    println!("taken over {:?} after the last answer", held_up.elapsed());
    // Its last renewal may have arrived a beat later than its last answer.
    let limit = TAKE_OVER + LeaseSettings::default().beat;
    assert!(after > before && held_up.elapsed() <= limit, "taken over after {:?}", held_up.elapsed());
    proxy.release();
    second.release().await;
    assert!(held(&mut view).await > after, "it takes part again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_for_a_moment_costs_no_lease() {
    let mut server = PostgresServer::start();
    let database = server.database();
    let url = database.url();
    let leases = start(&url, "only", LeaseSettings { ttl: LONG, beat: Duration::from_millis(50) }).await;
    let mut lease = leases.lease(PUBLISH);
    let before = held(&mut lease).await;
    server.restart();
    let renewed = async || leases.holders().await.ok()?.iter().any(|holder| holder.is_own).then_some(());
    eventually("the database to answer again", LONG, renewed).await;
    let fence = leases.holders().await.unwrap().into_iter().find(|holder| holder.lease == PUBLISH).map(|holder| holder.fence);
    assert_eq!((fence, lease.held()), (Some(before), Some(before)));
    leases.release().await;
    let next = start(&url, "next", SHORT).await;
    assert!(held(&mut next.lease(PUBLISH)).await > before, "given back through a new connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_holding_has_a_greater_fence_than_those_that_the_database_has_forgotten() {
    let database = TestDatabase::create();
    let first = start(&database.url(), "first", SHORT).await;
    let forgotten = held(&mut first.lease(PUBLISH)).await;
    first.release().await;
    // As on a standby that took over without the last moments, or after a restore.
    database.sql("UPDATE gatehouse_views.lease SET fence = 1");
    let second = start(&database.url(), "second", SHORT).await;
    assert!(held(&mut second.lease(PUBLISH)).await > forgotten);
    // A clock that was set back makes no difference to those that are known.
    second.release().await;
    let ahead = 1_i64 << 60;
    database.sql(&format!("UPDATE gatehouse_views.lease SET fence = {ahead}"));
    let third = start(&database.url(), "third", SHORT).await;
    assert_eq!(held(&mut third.lease(PUBLISH)).await, Fence(ahead + 1));
}

/// A register as a resource that takes part in fencing keeps it: what comes with a smaller fence than was seen is refused.
#[derive(Default)]
struct Register {
    fence: parking_lot::Mutex<Fences>,
}

#[derive(Default)]
struct Fences {
    greatest: i64,
    taken: u64,
    refused: u64,
}

impl Register {
    fn write(&self, fence: Fence) {
        let mut seen = self.fence.lock();
        if fence.0 < seen.greatest {
            seen.refused += 1;
        } else {
            seen.greatest = fence.0;
            seen.taken += 1;
        }
    }
}

/// Whether one was held while another was: seen held under the same fence before and after the other was seen held.
fn overlap(views: &[Lease]) -> Option<(usize, usize)> {
    for (one, first) in views.iter().enumerate() {
        let Some(fence) = first.held() else { continue };
        for (other, second) in views.iter().enumerate() {
            if one != other && second.held().is_some() && first.held() == Some(fence) {
                return Some((one, other));
            }
        }
    }
    None
}

/// An instance that works under its lease as long as it runs: looks whether it holds it, dawdles, and writes with its fence.
async fn work(mut lease: Lease, register: Arc<Register>, mut dice: Dice, end: Arc<AtomicBool>) {
    while !end.load(Ordering::Relaxed) {
        let Ok(fence) = tokio::time::timeout(Duration::from_millis(50), lease.acquired()).await else { continue };
        // Now and then it is stopped between the look and the write, for longer than the lease lasts.
        let pause = if dice.below(40) == 0 { 1_500 } else { dice.below(20) };
        tokio::time::sleep(Duration::from_millis(pause)).await;
        register.write(fence);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_never_hold_a_lease_at_once_whatever_is_killed() {
    let full = std::env::var_os("GATEHOUSE_TEST_FULL").is_some();
    let (instances, rounds) = if full { (8, 60) } else { (4, 2) };
    let mut dice = Dice::new();
    println!("GATEHOUSE_TEST_SEED={} repeats this run", dice.seed());
    let mut server = PostgresServer::start();
    let database = server.database();
    let url = database.url();
    let register = Arc::new(Register::default());
    let overlaps = Arc::new(AtomicU64::new(0));
    let (mut ended, mut crashed) = (0, 0);
    for round in 0..rounds {
        let end = Arc::new(AtomicBool::new(false));
        let mut running = Vec::new();
        for number in 0..instances {
            running.push(Some(start(&url, &format!("instance {round}.{number}"), SHORT).await));
        }
        let views: Vec<Lease> = running.iter().flatten().map(|leases| leases.lease(PUBLISH)).collect();
        let work = |lease: &Lease| tokio::spawn(work(lease.clone(), register.clone(), dice.fork(), end.clone()));
        let workers: Vec<_> = views.iter().map(work).collect();
        let (watched, seen, over) = (views.clone(), overlaps.clone(), end.clone());
        let watcher = tokio::task::spawn_blocking(move || {
            while !over.load(Ordering::Relaxed) {
                if overlap(&watched).is_some() {
                    seen.fetch_add(1, Ordering::Relaxed);
                }
                std::thread::yield_now();
            }
        });
        for _ in 0..3 {
            let somebody = || views.iter().position(|view| view.held().is_some());
            let holder = eventually("somebody to hold the lease", LONG, async || somebody()).await;
            match dice.below(4) {
                0 => {
                    ended += 1;
                    if let Some(leases) = running[holder].take() {
                        leases.release().await;
                    }
                }
                1 => {
                    // Its keeper ends without a word. Who works under the lease goes on as long as the lease can be believed.
                    ended += 1;
                    running[holder] = None;
                }
                2 => {
                    crashed += 1;
                    server.crash();
                    eventually("nobody to hold it", LONG, async || somebody().is_none().then_some(())).await;
                    server.restart();
                }
                _ => server.restart(),
            }
        }
        end.store(true, Ordering::Relaxed);
        watcher.await.unwrap();
        for worker in workers {
            worker.await.unwrap();
        }
    }
    let seen = register.fence.lock();
    println!("{} writes taken, {} refused, fence {}, {ended} ended, {crashed} crashes", seen.taken, seen.refused, seen.greatest);
    assert_eq!(overlaps.load(Ordering::Relaxed), 0, "two views held at once");
    assert!(seen.taken > 0 && seen.greatest > 1, "the lease was held, and changed hands");
}
