//! Measures allotting, sealing and opening: `cargo run --release -p key-ring --example key-ring-speed [FOLDER | postgres://…]`. The
//! database must be empty.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use key_ring::{KeyRing, MasterKey};

const PEOPLE: usize = 400_000;

fn rate<R>(what: &str, count: u32, run: impl FnOnce() -> R) -> R {
    let (start, before) = (Instant::now(), on_cpu());
    let result = run();
    let (seconds, on_cpu) = (start.elapsed().as_secs_f64(), on_cpu() - before);
    let count = f64::from(count);
    println!(
        "{what:<44} {:>10.0} /s  {:>7.2} µs each, {:>7.2} on this thread",
        count / seconds,
        seconds * 1e6 / count,
        on_cpu * 1e6 / count
    );
    result
}

/// Seconds that this thread has had a processor: on a busy machine the wall clock says little.
fn on_cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

/// Allots at 50,000 people a second for two seconds and says how long the slowest waited.
fn paced(ring: &KeyRing) {
    let start = Instant::now();
    let mut waits: Vec<f64> = (0..100_000)
        .map(|number| {
            let due = std::time::Duration::from_micros(20 * number);
            while start.elapsed() < due {
                std::hint::spin_loop();
            }
            let asked = Instant::now();
            ring.allot().unwrap();
            asked.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    waits.sort_by(f64::total_cmp);
    let at = |part: usize| waits[waits.len() * part / 10_000 - 1];
    println!("allot at 50,000/s, one after the other: p50 {:.2} µs, p99.9 {:.1} µs, slowest {:.0} µs", at(5_000), at(9_990), at(10_000));
}

fn main() {
    let place = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let folder = tempfile::tempdir_in(if place.starts_with("postgres://") { "." } else { &place }).unwrap();
    let path = folder.path().join(KeyRing::FILE_NAME);
    let master = MasterKey::from_bytes([7; 32]);
    let open = |cache_bytes| {
        if !place.starts_with("postgres://") {
            return KeyRing::open_with_cache(&path, &master, cache_bytes).unwrap();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(KeyRing::open_postgres_with_cache(&place.parse().unwrap(), &master, cache_bytes)).unwrap()
    };
    let ring = open(64 << 20);
    let count = u32::try_from(PEOPLE).unwrap();
    let text = [b'x'; 120];
    let aad = [1; 32];

    paced(&ring);
    let mut slowest = std::time::Duration::ZERO;
    let people: Vec<_> = rate("allot, one thread, as fast as it goes", count, || {
        (0..PEOPLE)
            .map(|_| {
                let start = Instant::now();
                let person = ring.allot().unwrap();
                slowest = slowest.max(start.elapsed());
                person
            })
            .collect()
    });
    println!("{:<44} {:>10.2} ms", "  slowest allot", slowest.as_secs_f64() * 1e3);
    let sealed: Vec<_> =
        rate("seal 120 bytes, one thread", count, || people.iter().map(|person| ring.seal(*person, &aad, &text).unwrap()).collect());
    rate("open 120 bytes, one thread, in order", count, || {
        for (person, sealed) in people.iter().zip(&sealed) {
            ring.open_sealed(*person, &aad, sealed).unwrap().unwrap();
        }
    });
    let next = AtomicUsize::new(0);
    rate("open 120 bytes, two threads", count, || {
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(64, Ordering::Relaxed);
                        if at >= PEOPLE {
                            return;
                        }
                        for at in at..PEOPLE.min(at + 64) {
                            ring.open_sealed(people[at], &aad, &sealed[at]).unwrap().unwrap();
                        }
                    }
                });
            }
        });
    });
    rate("reservation id", 100_000, || {
        for number in 0..100_000 {
            std::hint::black_box(master.reservation_id("user-id", if number % 2 == 0 { "acme.17" } else { "acme.18" }));
        }
    });
    drop(ring);
    let ring = open(1);
    rate("open with nothing cached (a block each)", 2_000, || {
        for at in 0..2_000 {
            let at = (at * 4099) % PEOPLE;
            ring.open_sealed(people[at], &aad, &sealed[at]).unwrap().unwrap();
        }
    });
    rate("destroy", 100, || people[5000..].iter().step_by(3).take(100).for_each(|person| ring.destroy(*person).unwrap()));
}
