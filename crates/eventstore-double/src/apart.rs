//! A server on threads of its own, for tests that do not always let their runtime run.

use std::io;
use std::net::SocketAddr;

use tokio::runtime::{Builder, Runtime};

use crate::{Node, Store};

/// A [`Node`] that serves whatever the test's own thread does. Dropping it stops it.
#[derive(Debug)]
pub struct Apart {
    node: Node,
    runtime: Option<Runtime>,
}

impl Apart {
    /// Starts a server of this log on this port (0: any free one).
    ///
    /// # Errors
    /// If the threads cannot be started or the port cannot be opened.
    pub fn start(store: &Store, port: u16) -> io::Result<Self> {
        let store = store.clone();
        // From a thread that is no runtime's, so that this may be called from within one.
        let started = std::thread::spawn(move || {
            let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
            let node = runtime.block_on(Node::start(&store, port))?;
            Ok(Self { node, runtime: Some(runtime) })
        });
        started.join().unwrap_or_else(|_| Err(io::Error::other("the server panicked while it started")))
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.node.address()
    }

    /// How a client is told to connect to it.
    #[must_use]
    pub fn url(&self) -> String {
        self.node.url()
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
