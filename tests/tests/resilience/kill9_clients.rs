//! Clients that invite companies, and try again with the same idempotency key until they are answered.

use std::io::Result;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tests::http::{Connection, Post};
use tests::seed::{Seed, fresh_key};
use tokio::time::timeout;
use uuid::Uuid;

/// A command, and the key under which it is sent until it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Which company is invited.
    pub(crate) company: u64,
    /// The idempotency key.
    pub(crate) key: Uuid,
}

/// What an accepted command was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    pub(crate) sent: Sent,
    /// The invitation.
    pub(crate) id: Uuid,
    /// Where its effect can be read, as the header has it.
    pub(crate) position: String,
}

impl Acknowledged {
    /// The number in the position.
    pub(crate) fn position(&self) -> u64 {
        self.position.rsplit('-').next().and_then(|number| number.parse().ok()).expect("a position ends in a number")
    }
}

/// Invites one company after the other, each until it is answered.
#[derive(Debug)]
pub(crate) struct Client {
    seed: Seed,
    post: Post,
    body: String,
    number: u64,
    clients: u64,
    count: u64,
    /// What was sent and not answered yet.
    pub(crate) open: Option<Sent>,
    /// What was answered.
    pub(crate) acknowledged: Vec<Acknowledged>,
}

impl Client {
    /// Client `number` of so many, which share out the companies.
    pub(crate) fn new(seed: &Seed, number: u64, clients: u64) -> Self {
        let post = seed.post();
        Self { seed: seed.clone(), post, body: String::new(), number, clients, count: 0, open: None, acknowledged: Vec::new() }
    }

    /// Invites until the connection breaks; counts answers.
    pub(crate) async fn until_killed(mut self, address: SocketAddr, answered: Arc<AtomicUsize>) -> Self {
        // Whatever breaks the connection: the service is gone, and what is open stays open.
        let _: Result<()> = async {
            let mut connection = Connection::open(address).await?;
            self.ask_again(&mut connection).await?;
            loop {
                self.invite(&mut connection).await?;
                answered.fetch_add(1, Ordering::Relaxed);
            }
        }
        .await;
        self
    }

    /// Invites until it is told to stop, the connection breaks or an answer takes longer than this; counts answers. What is open stays open, and may be sent to
    /// another instance.
    pub(crate) async fn until_unanswered(
        mut self,
        address: SocketAddr,
        answered: Arc<AtomicUsize>,
        patience: Duration,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let _: Result<()> = async {
            let mut connection = timeout(patience, Connection::open(address)).await??;
            while !stop.load(Ordering::Relaxed) {
                timeout(patience, self.invite(&mut connection)).await??;
                answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        }
        .await;
        self
    }

    /// Brings what is open to its answer, and asks for every answer once more.
    pub(crate) async fn settle(mut self, address: SocketAddr) -> Self {
        let mut connection = Connection::open(address).await.expect("the service listens");
        if self.open.is_some() {
            self.invite(&mut connection).await.expect("the service answers");
        }
        for index in 0..self.acknowledged.len() {
            self.ask_for(index, &mut connection).await.expect("the service answers");
        }
        self
    }

    /// Sends the open command, or else the next one, until it is accepted.
    async fn invite(&mut self, connection: &mut Connection) -> Result<()> {
        let sent = self.open.unwrap_or_else(|| Sent { company: self.count * self.clients + self.number, key: fresh_key() });
        if self.open.is_none() {
            self.count += 1;
            self.open = Some(sent);
        }
        let (acknowledged, _) = self.send(sent, connection).await?;
        self.acknowledged.push(acknowledged);
        self.open = None;
        Ok(())
    }

    /// One of the commands answered before a kill, sent again.
    async fn ask_again(&mut self, connection: &mut Connection) -> Result<()> {
        match self.acknowledged.len() {
            0 => Ok(()),
            answers => self.ask_for(answers - 1, connection).await,
        }
    }

    /// A command that was answered, sent again, gets the same answer, and says that it is no new one.
    async fn ask_for(&mut self, index: usize, connection: &mut Connection) -> Result<()> {
        let first = self.acknowledged[index].clone();
        let (again, repeated) = self.send(first.sent, connection).await?;
        assert_eq!(again, first, "the same command got another answer");
        assert!(repeated, "a command that had been answered was taken for a new one: {first:?}");
        Ok(())
    }

    async fn send(&mut self, sent: Sent, connection: &mut Connection) -> Result<(Acknowledged, bool)> {
        self.seed.body(sent.company, &mut self.body);
        let key = sent.key.to_string();
        loop {
            let reply = connection.exchange(self.post.write(&key, &self.body)).await?;
            match reply.status {
                201 => {
                    let id = reply.json()["id"].as_str().and_then(|id| Uuid::try_parse(id).ok()).expect("the answer has an id");
                    let position = reply.header("gatehouse-position").expect("the answer has a position").to_owned();
                    return Ok((Acknowledged { sent, id, position }, reply.header("idempotent-replayed").is_some()));
                }
                503 => {}
                other => panic!("an invitation was answered {other}: {}", String::from_utf8_lossy(reply.body())),
            }
        }
    }
}
