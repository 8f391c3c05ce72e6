//! Many events, while publisher and server are killed at random.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::hash::{BuildHasher, RandomState};

use test_support::servers::NatsServer;

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
    let (mut of_publisher, mut of_server) = (0, 0);
    for kill in 1..=kills {
        feed.add(events * kill / kills - feed.count());
        let at = publisher.status.borrow().sequence;
        let target = at + dice.below(feed.count() - at);
        publisher.until("at a random point", |status| status.sequence >= target).await;
        let victim = dice.below(3);
        if victim != 1 {
            of_publisher += 1;
            publisher.crash().await;
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
        "{events} events, publisher killed {of_publisher} times, server {of_server} times: {published:?}, read back {:?}",
        started.elapsed() - published
    );
}
