//! Public events from memory: every third position of the log is public, and organizations take turns.

use std::sync::Arc;

use async_trait::async_trait;
use nats_publisher::{Feed, FeedError};
use public_events::{ApplicationCode, Envelope, OrganizationId, Position};
use serde_json::value::RawValue;
use tokio::sync::watch;
use uuid::Uuid;

const GAP: u64 = 3;
const ORGANIZATIONS: u64 = 17;

/// So many events, of which more can be made.
#[derive(Debug)]
pub struct MemoryFeed {
    epoch: Uuid,
    /// Events up to this one are those of the history before.
    kept: u64,
    before: Uuid,
    count: watch::Sender<u64>,
}

impl MemoryFeed {
    pub fn of(count: u64) -> Arc<Self> {
        let epoch = Uuid::from_u128(0xe0c);
        Arc::new(Self { epoch, kept: 0, before: epoch, count: watch::Sender::new(count) })
    }

    /// The log restored from a backup that held the first `kept` events: it then goes its own way, in another epoch.
    pub fn restored(&self, kept: u64, count: u64) -> Arc<Self> {
        let epoch = Uuid::from_u128(self.epoch.as_u128() + 1);
        Arc::new(Self { epoch, kept, before: self.epoch, count: watch::Sender::new(count) })
    }

    pub fn add(&self, more: u64) {
        self.count.send_modify(|count| *count += more);
    }

    pub fn count(&self) -> u64 {
        *self.count.borrow()
    }

    /// The position of the last event.
    pub fn end(&self) -> Position {
        Position(self.count() * GAP)
    }

    /// The position of the nth event, from 1.
    pub fn position(nth: u64) -> Position {
        Position(nth * GAP)
    }

    /// The id of the nth event, from 1.
    pub fn id(&self, nth: u64) -> Uuid {
        let history = if nth <= self.kept { self.before } else { self.epoch };
        Uuid::from_u64_pair(u64::try_from(history.as_u128() & 0xffff).unwrap(), nth)
    }

    fn event(&self, nth: u64) -> Envelope {
        let id = self.id(nth);
        let organization = OrganizationId(Uuid::from_u128(u128::from(nth % ORGANIZATIONS)));
        let data = format!("{{\"user\":\"{id}\",\"organization\":\"{organization}\",\"state\":\"active\"}}");
        Envelope {
            specversion: "1.0".to_owned(),
            id,
            source: "https://gatehouse.example.test".to_owned(),
            kind: "user.activated.v1".to_owned(),
            subject: format!("user/{id}"),
            time: jiff::Timestamp::UNIX_EPOCH,
            datacontenttype: "application/json".to_owned(),
            dataschema: "https://gatehouse.example.test/schemas/user.activated.v1.json".to_owned(),
            position: Self::position(nth),
            previous: Self::position(nth - 1),
            epoch: self.epoch,
            organization: Some(organization),
            application: nth.is_multiple_of(5).then(|| ApplicationCode::try_from("BSCP".to_owned()).unwrap()),
            data: RawValue::from_string(data).unwrap(),
        }
    }
}

#[async_trait]
impl Feed for MemoryFeed {
    fn epoch(&self) -> Uuid {
        self.epoch
    }

    fn reached(&self) -> Position {
        Position(self.end().0 + GAP - 1)
    }

    async fn page(&self, after: Position, limit: usize) -> Result<Vec<Envelope>, FeedError> {
        let first = after.0 / GAP + 1;
        Ok((first..=self.count()).take(limit).map(|nth| self.event(nth)).collect())
    }

    async fn moved(&self, after: Position) {
        let _ = self.count.subscribe().wait_for(|count| Self::position(*count) > after).await;
    }
}
