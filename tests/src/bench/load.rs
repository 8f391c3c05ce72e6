//! Clients that send one request after the other, each over a connection of its own, all on one thread: what they cost is the
//! same for whatever they are compared with.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::LocalSet;

use crate::http::Connection;
use crate::seed::{Seed, fresh_key};

/// No two commands of a run invite the same company.
static COMPANY: AtomicU64 = AtomicU64::new(0);

/// What the clients saw.
#[derive(Debug, Default)]
pub struct Seen {
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// How long each answer took, in order of size.
    pub latencies: Vec<Duration>,
}

impl Seen {
    /// Answers per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        f64::from(u32::try_from(self.latencies.len()).unwrap_or(u32::MAX)) / self.elapsed.as_secs_f64()
    }

    /// So much of all answers (0 to 1) took this long or less.
    #[must_use]
    pub fn quantile(&self, part: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        #[expect(
            clippy::as_conversions,
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index"
        )]
        let index = (last as f64 * part) as usize;
        self.latencies.get(index).copied().unwrap_or_default()
    }

    /// Rate and latencies, to be read.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{:.0}/s, p50 {:.2?}, p99 {:.2?}", self.rate(), self.quantile(0.5), self.quantile(0.99))
    }
}

/// How long, how many, and whether they hold back.
#[derive(Debug, Clone)]
pub struct Load {
    /// How many clients.
    pub clients: usize,
    /// For how long.
    pub time: Duration,
    /// While this is set, no client sends.
    pub hold: Arc<AtomicBool>,
}

impl Load {
    /// So many clients for so long.
    #[must_use]
    pub fn new(clients: usize, time: Duration) -> Self {
        Self { clients, time, hold: Arc::default() }
    }

    /// Invites one new company after the other.
    ///
    /// # Panics
    /// When something other than 201 is answered.
    #[must_use]
    pub fn run(&self, address: SocketAddr, seed: &Seed) -> Seen {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
        let load = Rc::new((self.clone(), seed.clone(), address));
        LocalSet::new().block_on(&runtime, async move {
            let started = Instant::now();
            let clients: Vec<_> = (0..load.0.clients).map(|_| tokio::task::spawn_local(client(Rc::clone(&load), started))).collect();
            let mut latencies = Vec::new();
            for client in clients {
                latencies.extend(client.await.expect("a client comes to its end"));
            }
            latencies.sort_unstable();
            Seen { elapsed: started.elapsed(), latencies }
        })
    }
}

async fn client(load: Rc<(Load, Seed, SocketAddr)>, started: Instant) -> Vec<Duration> {
    let (Load { time, hold, .. }, seed, address) = &*load;
    let mut connection = Connection::open(*address).await.expect("somebody listens");
    let (mut post, mut body, mut latencies) = (seed.post(), String::new(), Vec::new());
    while started.elapsed() < *time {
        if hold.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(2)).await;
            continue;
        }
        seed.body(COMPANY.fetch_add(1, Ordering::Relaxed), &mut body);
        let key = fresh_key();
        let mut text = [0; 36];
        let request = post.write(key.hyphenated().encode_lower(&mut text), &body);
        let sent = Instant::now();
        let reply = connection.exchange(request).await.expect("the connection lasts");
        latencies.push(sent.elapsed());
        assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(reply.body()));
    }
    latencies
}
