//! Compares the rows of a read model as they were kept live with those that were built anew, at one event.

use std::sync::Arc;

use rusqlite::InterruptHandle;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::decode::chain;
use crate::digest::{Digest, digest};
use crate::readers::Readers;
use crate::views::ReadView;
use crate::{Position, Projection};

/// The digests of all rows at one event, as they were kept live and as they were built anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// Of those that were read until then.
    pub live: Digest,
    /// Of those that are read from then on.
    pub rebuilt: Digest,
}

/// Views of the rows before and after, at one event. They stay as they are while events go on.
pub(crate) struct Both {
    live: ReadView,
    rebuilt: ReadView,
}

impl Both {
    /// Views of the live rows and of the new ones, if both can be read and have come to `position` and no further.
    pub(crate) async fn at(position: Position, live: &Readers, rebuilt: &Readers) -> Option<Self> {
        let (live, rebuilt) = (ReadView::of(live).await.ok()?, ReadView::of(rebuilt).await.ok()?);
        (live.position() == position && rebuilt.position() == position).then_some(Self { live, rebuilt })
    }

    /// The digests of both; none if the service stops before, or one cannot be read.
    pub(crate) async fn compare(self, projection: Arc<dyn Projection>, stop: &CancellationToken) -> Option<Compared> {
        let interrupts = [self.live.interrupt_handle(), self.rebuilt.interrupt_handle()];
        let (live, rebuilt) = (digest_of(self.live, &projection), digest_of(self.rebuilt, &projection));
        let digests = tokio::select! {
            () = stop.cancelled() => {
                interrupts.iter().flatten().for_each(InterruptHandle::interrupt);
                return None;
            }
            digests = async { tokio::try_join!(live, rebuilt) } => digests,
        };
        match digests {
            Ok((live, rebuilt)) => Some(Compared { live, rebuilt }),
            Err(error) => {
                tracing::warn!(projection = projection.name(), error = %chain(&error), "what was rebuilt cannot be compared");
                None
            }
        }
    }
}

/// The digest of what a view shows: it reads every row, where that keeps a thread busy on one of its own.
async fn digest_of(mut view: ReadView, projection: &Arc<dyn Projection>) -> Result<Digest, sqlx::Error> {
    view.take_time().await?;
    if view.interrupt_handle().is_none() {
        return digest(view.rows(), &**projection).await;
    }
    let (handle, projection) = (Handle::current(), Arc::clone(projection));
    let digest = spawn_blocking(move || handle.block_on(digest(view.rows(), &*projection)));
    digest.await.map_err(|_ended_early| sqlx::Error::WorkerCrashed)?
}
