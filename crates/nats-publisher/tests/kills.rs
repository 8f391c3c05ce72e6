//! Many events, while publisher and server are killed at random.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::hash::{BuildHasher, RandomState};

use nats_publisher::StreamSettings;
use test_support::servers::{NatsCluster, NatsServer};

use common::*;

const STREAM: &str = "GATEHOUSE_EVENTS";

/// Random numbers that a failed run can be repeated with.
struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    /// From `GATEHOUSE_TEST_SEED`, if it is set.
    fn new() -> Self {
        let given = std::env::var("GATEHOUSE_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        Self { seed: given.unwrap_or_else(|| RandomState::new().hash_one(0)), thrown: 0 }
    }

    /// SplitMix64.
    fn below(&mut self, end: u64) -> u64 {
        self.thrown += 1;
        let mut x = self.seed.wrapping_add(self.thrown.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % end
    }
}

async fn stored_up_to(server: &NatsServer) -> u64 {
    info(&context(&[server.url()]).await, STREAM).await.state.last_sequence
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_is_in_the_stream_once_and_in_order_whatever_is_killed() {
    let full = std::env::var_os("GATEHOUSE_TEST_FULL").is_some();
    let (events, kills) = if full { (100_000, 40) } else { (20_000, 12) };
    let mut dice = Dice::new();
    println!("GATEHOUSE_TEST_SEED={} repeats this run", dice.seed);
    let started = std::time::Instant::now();
    // What a killed process has written is not lost, synced or not: only a power cut would lose it.
    let mut server = NatsServer::builder().lazy().start();
    let (feed, folder, mut settings) = (MemoryFeed::of(10), folder(), settings(&[server.url()]));
    // The server forgets at once what was sent before: nothing may lean on its memory.
    settings.stream.duplicate_window = std::time::Duration::from_millis(100);
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    let file = cursor_file(folder.path(), &settings);
    let (mut of_publisher, mut of_server, mut of_cursor) = (0, 0, 0);
    for kill in 1..=kills {
        feed.add(events * kill / kills - feed.count());
        let at = publisher.status.borrow().sequence;
        let target = at + dice.below(feed.count() - at);
        publisher.until("at a random point", |status| status.sequence >= target).await;
        let cursor = file.read().unwrap().unwrap();
        let target = feed.count().min(target + dice.below(300));
        publisher.until("a little further", |status| status.sequence >= target).await;
        let victim = dice.below(3);
        if victim != 1 {
            of_publisher += 1;
            publisher.crash().await;
            if dice.below(2) == 0 && stored_up_to(&server).await <= cursor.sequence + settings.batch {
                // The cursor of before: as old as a crash can leave it.
                of_cursor += 1;
                // What the aborted task was just writing is still being written, unlike that of a killed process.
                until("the cursor of before to be written", async || file.write(&cursor).is_ok()).await;
            }
        } else {
            of_server += 1;
            server.kill();
            server.restart();
            continue;
        }
        if victim == 2 {
            of_server += 1;
            server.kill();
            server.restart();
        }
        publisher = Running::start(&feed, &settings, folder.path());
    }
    publisher.drained(&feed).await;
    publisher.stop().await;
    let published = started.elapsed();
    stored(&context(&[server.url()]).await, STREAM).await.assert_is(&feed);
    println!(
        "{events} events, publisher killed {of_publisher} times ({of_cursor} with an old cursor), server {of_server} times: {published:?}, read back {:?}",
        started.elapsed() - published
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_whose_leader_is_killed_while_it_is_published_to_gets_every_event_once_and_in_order() {
    let full = std::env::var_os("GATEHOUSE_TEST_FULL").is_some();
    let (events, kills) = if full { (60_000, 12) } else { (6_000, 2) };
    let mut dice = Dice::new();
    println!("GATEHOUSE_TEST_SEED={} repeats this run", dice.seed);
    let started = std::time::Instant::now();
    let mut cluster = NatsCluster::start_with(&NatsServer::builder().lazy());
    let (feed, folder, mut settings) = (MemoryFeed::of(10), folder(), settings(&cluster.urls()));
    settings.stream = StreamSettings { replicas: 3, duplicate_window: std::time::Duration::from_millis(100), ..StreamSettings::default() };
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    let context = context(&cluster.urls()).await;
    for kill in 1..=kills {
        feed.add(events * kill / kills - feed.count());
        let at = publisher.status.borrow().sequence;
        let target = at + dice.below(feed.count() - at);
        publisher.until("at a random point", |status| status.sequence >= target).await;
        let leader = info(&context, STREAM).await.cluster.and_then(|cluster| cluster.leader).expect("the stream has a leader");
        if dice.below(2) == 0 {
            publisher.crash().await;
            publisher = Running::start(&feed, &settings, folder.path());
        }
        cluster.server(&leader).kill();
        publisher.until("at work with another leader", |status| status.sequence > target).await;
        cluster.heal();
    }
    publisher.drained(&feed).await;
    publisher.stop().await;
    let published = started.elapsed();
    stored(&context, STREAM).await.assert_is(&feed);
    println!("{events} events, leader killed {kills} times: {published:?}, read back {:?}", started.elapsed() - published);
}
