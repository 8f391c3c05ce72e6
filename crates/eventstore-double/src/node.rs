//! A server: it accepts connections, and can be stopped as if the machine had gone.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::Store;
use crate::quick::Quick;
use crate::service::Server;

/// One server of a cluster, on the loopback interface. Dropping it stops it.
#[derive(Debug)]
pub struct Node {
    address: SocketAddr,
    store: Store,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Node {
    /// Starts a server of this log on this port (0: any free one). The first server of a log leads.
    ///
    /// # Errors
    /// If the port cannot be opened.
    pub async fn start(store: &Store, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        let mut log = store.shared.log.lock();
        if !log.nodes.contains(&address) {
            log.nodes.push(address);
        }
        log.leader.get_or_insert(address);
        drop(log);
        let running = Some(serve(listener, store.clone(), address));
        Ok(Self { address, store: store.clone(), running })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How a client is told to connect to it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("esdb://{}?tls=false", self.address)
    }

    /// Stops it and cuts its connections, as when the process is killed. What was appended stays in the [`Store`].
    pub async fn stop(&mut self) {
        if let Some(Running { stop, task }) = self.running.take() {
            stop.send_replace(true);
            drop(task.await);
        }
    }

    /// Starts it again on the same port.
    ///
    /// # Errors
    /// If the port cannot be opened.
    pub async fn restart(&mut self) -> io::Result<()> {
        self.stop().await;
        let listener = TcpListener::bind(self.address).await?;
        self.running = Some(serve(listener, self.store.clone(), self.address));
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.stop.send_replace(true);
            running.task.abort();
        }
    }
}

fn serve(listener: TcpListener, store: Store, address: SocketAddr) -> Running {
    let (stop, mut stopped) = watch::channel(false);
    let task = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    if let Ok((stream, _)) = accepted {
                        connections.spawn(connection(stream, store.clone(), address));
                    }
                }
                Some(_) = connections.join_next() => {}
                _ = stopped.changed() => break,
            }
        }
        drop(listener);
        connections.shutdown().await;
    });
    Running { stop, task }
}

async fn connection(stream: TcpStream, store: Store, address: SocketAddr) {
    let cut = Arc::new(Notify::new());
    drop(stream.set_nodelay(true));
    let server = Server { store, address, cut: Arc::clone(&cut) };
    let service = service_fn(move |request| {
        let server = server.clone();
        async move { Ok::<_, Infallible>(server.answer(request).await) }
    });
    tokio::select! {
        // The client is gone, or spoke something else: its business.
        _ = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(Quick(stream)), service) => {}
        () = cut.notified() => {}
    }
}
