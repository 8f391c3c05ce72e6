//! Threads of their own for what follows the log: read models, process managers, mails.
//!
//! They have a lower priority than those that answer requests, so that under load a command is answered first and what follows
//! from it comes after. Where there are cores to spare it makes no difference.

use tokio::runtime::{Handle, Runtime};
use tokio::task::JoinHandle;

use crate::failure::Failure;

/// How much nicer than the others these threads are. At 10 a thread gets a tenth of a core that it shares with one at 0, and there
/// are more of them than of the others: they fall behind under load, but never stand still.
const NICER: i32 = 10;

/// The threads. Dropping it ends them without waiting for what they do.
#[derive(Debug)]
pub(crate) struct Background(Option<Runtime>);

impl Background {
    /// Starts them.
    ///
    /// # Errors
    /// The operating system gives no threads.
    pub(crate) fn start() -> Result<Self, Failure> {
        // Absolute, since threads inherit the priority of the one that starts them.
        let priority = rustix::process::getpriority_process(None).map_or(NICER, |own| own.saturating_add(NICER).min(19));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("background")
            .on_thread_start(move || {
                // On Linux each thread has a priority of its own. Without it all still works.
                let _ = rustix::process::setpriority_process(None, priority);
            })
            .build()
            .map_err(|error| Failure::failed(format!("the service cannot start its threads: {error}")))?;
        Ok(Self(Some(runtime)))
    }

    /// Runs something there, with all that it spawns.
    pub(crate) fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.0.as_ref().map_or_else(Handle::current, |runtime| runtime.handle().clone()).spawn(work)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
