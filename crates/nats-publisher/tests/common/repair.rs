//! Repairs, as the command line asks for them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nats_publisher::{Progress, Reconciled, Refilled, Settings, reconcile, refill};
use public_events::Position;
use tokio_util::sync::CancellationToken;

use super::{Hurried, LONG, MemoryFeed, cursor_file};

pub async fn reconciled(feed: &Arc<MemoryFeed>, settings: &Settings, folder: &Path) -> Reconciled {
    let file = cursor_file(folder, settings);
    let told = AtomicU64::new(0);
    let progress = |progress: &Progress| {
        told.fetch_max(progress.published, Ordering::Relaxed);
    };
    let stop = CancellationToken::new();
    let work = reconcile(feed.clone(), settings.clone(), file, Hurried::new(1), &stop, &progress);
    let report = tokio::time::timeout(LONG, work).await.expect("a repair ends").unwrap();
    assert_eq!(told.into_inner(), report.published, "the progress says what was published");
    report
}

pub async fn refilled(feed: &Arc<MemoryFeed>, from: Position, settings: &Settings, folder: &Path) -> Refilled {
    let (file, stop) = (cursor_file(folder, settings), CancellationToken::new());
    let work = refill(feed.clone(), from, settings.clone(), file, Hurried::new(1), &stop, &|_| ());
    tokio::time::timeout(LONG, work).await.expect("a repair ends").unwrap()
}
