//! An answer that is a stream, line by line.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use reqwest::Response;

use super::error::HttpError;

/// The longest line that is accepted: many times an event.
const LONGEST: usize = 1 << 20;

/// The lines of an answer.
pub(super) struct Lines {
    bytes: BoxStream<'static, reqwest::Result<Vec<u8>>>,
    buffer: Vec<u8>,
    /// How much of the buffer was handed over.
    taken: usize,
    silence: Duration,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines").field("buffered", &self.buffer.len()).finish_non_exhaustive()
    }
}

impl Lines {
    /// Of this answer, which breaks off when nothing came for so long.
    pub(super) fn of(response: Response, silence: Duration) -> Self {
        let bytes = response.bytes_stream().map(|part| part.map(|bytes| bytes.to_vec())).boxed();
        Self { bytes, buffer: Vec::new(), taken: 0, silence }
    }

    /// The next line without its end; none at the end of the answer. May be dropped while it waits.
    pub(super) async fn next(&mut self) -> Result<Option<String>, HttpError> {
        loop {
            if let Some(line) = self.buffered() {
                return Ok(Some(line));
            }
            if self.buffer.len().saturating_sub(self.taken) > LONGEST {
                return Err(HttpError::CutShort("a line is longer than a mebibyte"));
            }
            match tokio::time::timeout(self.silence, self.bytes.next()).await {
                Ok(Some(Ok(part))) => {
                    self.buffer.drain(..self.taken);
                    self.taken = 0;
                    self.buffer.extend_from_slice(&part);
                }
                Ok(Some(Err(error))) => return Err(HttpError::Unreachable(error)),
                Ok(None) => return Ok(None),
                Err(_elapsed) => return Err(HttpError::CutShort("nothing came for long")),
            }
        }
    }

    fn buffered(&mut self) -> Option<String> {
        let rest = self.buffer.get(self.taken..)?;
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let line = rest.get(..end)?;
        let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
        self.taken = self.taken.saturating_add(end).saturating_add(1);
        Some(line)
    }
}
