//! Handlers on a log in memory.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test binary uses a part of it")]

use std::sync::Arc;

use command_handlers::{CommandHandlers, Reserve, Sent, Settings};
use domain::invitation::InvitationCommand;
use domain::reservation::Reservation;
use domain::{Actor, Addressee, ApplicationId, CommandId, CompanyName, Email, Owner, Personal, Policy};
use event_codec::{Codec, Fingerprint};
use event_store::memory::MemoryStore;
use event_store::{Clock, EventStore, Position, Recorded};
use key_ring::{KeyRing, MasterKey};
use uuid::Uuid;

pub fn clock() -> Clock {
    Arc::new(|| "2026-03-02T10:00:00Z".parse().unwrap())
}

/// Handlers with what they need.
pub struct House {
    pub disk: Arc<MemoryStore>,
    pub keys: Arc<KeyRing>,
    pub handlers: Arc<CommandHandlers>,
    _folder: tempfile::TempDir,
}

impl House {
    pub fn new() -> Self {
        Self::on(MemoryStore::new(clock()))
    }

    pub fn on(store: MemoryStore) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = Arc::new(KeyRing::open(&folder.path().join("keys.db"), &MasterKey::from_bytes([1; 32])).unwrap());
        let disk = Arc::new(store);
        let handlers = handlers(&disk, &keys);
        Self { disk, keys, handlers, _folder: folder }
    }

    /// As after a restart: nothing is left but what is on disk.
    pub fn restart(&mut self) {
        self.handlers = handlers(&self.disk, &self.keys);
    }

    pub fn invite(&self, company: &str) -> InvitationCommand {
        InvitationCommand::InviteOrg {
            inviter: Owner::Operator,
            inviter_name: CompanyName::parse("Northwind Avionics").unwrap(),
            company: CompanyName::parse(company).unwrap(),
            addressee: Personal::new(self.keys.allot().unwrap(), addressee()),
            applications: vec![ApplicationId(Uuid::from_u128(7))],
            organization: None,
            expires_in_days: None,
        }
    }

    pub async fn owner(&self, value: Reserve) -> Option<Uuid> {
        self.handlers.inspect::<Reservation, _>(value.id.0, |state, _| state.owner()).await.unwrap().flatten()
    }

    pub async fn events(&self) -> Vec<Recorded> {
        self.disk.read_all(Position::START, 1000).await.unwrap()
    }
}

pub fn handlers(disk: &Arc<MemoryStore>, keys: &Arc<KeyRing>) -> Arc<CommandHandlers> {
    Arc::new(CommandHandlers::new(disk.clone(), Codec::new(keys.clone()), clock(), Policy::default(), Settings::default()))
}

pub fn addressee() -> Addressee {
    Addressee { name: None, email: Email::parse("ada@fastener.example").unwrap(), message: None }
}

pub fn sent(id: u128, fingerprint: u128) -> Sent {
    Sent {
        id: CommandId(Uuid::from_u128(id)),
        fingerprint: Fingerprint(fingerprint),
        actor: Actor::Operator,
        from: "test".to_owned(),
        cause: None,
    }
}
