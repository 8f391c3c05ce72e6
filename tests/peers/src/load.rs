//! Tasks that send one command after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// About 420 bytes of JSON.
pub(crate) fn note() -> String {
    "Turbine Works of Springfield; ".repeat(13)
}

/// Commands per second of so many tasks, each with the number of its task and a number that no other command has.
pub(crate) async fn commands_per_second<F, C>(tasks: u64, time: Duration, command: F) -> f64
where
    F: Fn(u64, u64) -> C + Send + Sync + 'static,
    C: Future<Output = ()> + Send,
{
    let (command, number) = (Arc::new(command), Arc::new(AtomicU64::new(0)));
    let started = Instant::now();
    let tasks: Vec<_> = (0..tasks)
        .map(|task| {
            let (command, number) = (Arc::clone(&command), Arc::clone(&number));
            tokio::spawn(async move {
                let mut done = 0_u32;
                while started.elapsed() < time {
                    command(task, number.fetch_add(1, Ordering::Relaxed)).await;
                    done += 1;
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await.expect("a task comes to its end");
    }
    f64::from(done) / started.elapsed().as_secs_f64()
}
