//! Puts a snapshot together in a file, so that the rows are let go however slowly it is fetched.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;

use projection_runtime::ReadView;
use public_events::snapshot::Line;
use public_feed::Snapshot;

/// How many lines are read at once.
const AT_ONCE: u32 = 1_000;

/// Why a snapshot could not be put together.
#[derive(Debug, thiserror::Error)]
pub(super) enum SpoolError {
    /// The read model cannot be read.
    #[error("the read model cannot be read")]
    Rows(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A line cannot be written as JSON.
    #[error("a line cannot be written as JSON")]
    Line(#[from] serde_json::Error),
    /// The file cannot be written.
    #[error("the file of the snapshot cannot be written")]
    File(#[from] std::io::Error),
    /// The process ends.
    #[error("the task that wrote the file ended early")]
    Ended(#[from] tokio::task::JoinError),
}

/// Writes all lines into a file in this folder that has no name and vanishes once it is closed. All are read in the one transaction of
/// the view, which ends here. `is_wanted` is asked between the parts: none, when nobody waits for the file any more.
pub(super) async fn spool(
    mut view: ReadView,
    mut snapshot: Snapshot,
    folder: &Path,
    is_wanted: impl Fn() -> bool,
) -> Result<Option<File>, SpoolError> {
    let folder = folder.to_owned();
    let mut file = tokio::task::spawn_blocking(move || tempfile::tempfile_in(folder)).await??;
    while let Some(lines) = snapshot.next(view.rows(), AT_ONCE).await.map_err(|error| SpoolError::Rows(error.into()))? {
        if !is_wanted() {
            return Ok(None);
        }
        let text = text(&lines)?;
        file = tokio::task::spawn_blocking(move || file.write_all(&text).map(|()| file)).await??;
    }
    drop(view);
    file.rewind()?;
    Ok(Some(file))
}

fn text(lines: &[Line]) -> Result<Vec<u8>, serde_json::Error> {
    let mut text = Vec::with_capacity(lines.len().saturating_mul(160));
    for line in lines {
        serde_json::to_writer(&mut text, line)?;
        text.push(b'\n');
    }
    Ok(text)
}
