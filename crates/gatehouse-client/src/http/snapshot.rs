//! What is so at a position: where an application begins that does not replay from the first event.

use std::time::Duration;

use public_events::snapshot::Line;
use reqwest::Method;

use super::error::HttpError;
use super::lines::Lines;
use super::{ANSWER, Gatehouse};
use crate::progress::Progress;

/// After how long of silence a snapshot is taken for broken.
const SILENCE: Duration = Duration::from_secs(60);

/// A snapshot that is being read, line by line: it is never in memory as a whole.
#[derive(Debug)]
pub struct Snapshot {
    lines: Lines,
    progress: Progress,
    read: u64,
    whole: bool,
}

impl Gatehouse {
    /// Begins to read what is so now, as far as this service may see it.
    ///
    /// # Errors
    /// [`HttpError`].
    pub async fn snapshot(&self) -> Result<Snapshot, HttpError> {
        let request = self.request(Method::GET, "/v1/snapshot");
        let response = tokio::time::timeout(ANSWER, Self::sent(request)).await;
        let response = response.map_err(|_elapsed| HttpError::CutShort("the snapshot did not begin in time"))??;
        let mut lines = Lines::of(response, SILENCE);
        let first = lines.next().await?.ok_or(HttpError::CutShort("the snapshot is empty"))?;
        let Line::Begin(begin) = serde_json::from_str(&first).map_err(HttpError::Answer)? else {
            return Err(HttpError::CutShort("the snapshot does not begin with its first line"));
        };
        let progress = Progress { epoch: begin.epoch, position: begin.position };
        Ok(Snapshot { lines, progress, read: 1, whole: false })
    }
}

impl Snapshot {
    /// Where it was taken: the progress to be kept with what is made of it, **once it was read to its end**. The events after it go on
    /// from there.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// The next line; none at the end. Lines of kinds that are not known are left out.
    ///
    /// # Errors
    /// [`HttpError::CutShort`] when the end is missing: throw away what was made of it and begin anew.
    pub async fn next(&mut self) -> Result<Option<Line>, HttpError> {
        while !self.whole {
            let line = self.lines.next().await?.ok_or(HttpError::CutShort("the end of the snapshot is missing"))?;
            if line.is_empty() {
                continue;
            }
            self.read = self.read.saturating_add(1);
            match serde_json::from_str(&line).map_err(HttpError::Answer)? {
                Line::End(end) if end.lines == self.read => self.whole = true,
                Line::End(_) => return Err(HttpError::CutShort("lines of the snapshot are missing")),
                Line::Unknown => tracing::debug!("a line of the snapshot is of a kind that is newer than this version of gatehouse-client"),
                known @ (Line::Begin(_)
                | Line::Application(_)
                | Line::Organization(_)
                | Line::User(_)
                | Line::Subscription(_)
                | Line::Access(_)
                | Line::Relationship(_)) => return Ok(Some(known)),
            }
        }
        Ok(None)
    }
}
