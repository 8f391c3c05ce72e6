//! What the log of a service that was killed holds, looked at without the service.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use domain::{CommandId, EventId};
use event_store::{EventStore, Position};
use event_store_sqlite::{Options, SqliteLog};
use serde_json::Value;
use uuid::Uuid;

use crate::kill9_clients::{Acknowledged, Sent};
use crate::kill9_registrants::Registrant;

const PAGE: usize = 1024;

/// The invitations in a log, each with the position of its first event.
#[derive(Debug, Default)]
pub(crate) struct History {
    invitations: HashMap<Uuid, u64>,
    /// How often each event happened to each registration.
    registrations: HashMap<Uuid, HashMap<Arc<str>, usize>>,
    /// Organizations, by the registration that they come from.
    organizations: HashMap<Uuid, Uuid>,
    /// How often events that an approval brings about happened.
    onboarding: HashMap<Arc<str>, usize>,
    events: u64,
}

/// What has to hold event by event while the log is read.
#[derive(Debug, Default)]
struct Reading {
    history: History,
    ids: HashSet<Uuid>,
    versions: HashMap<(Arc<str>, Uuid), u64>,
    /// How many events of a command a stream has: the next one derives its id from this.
    of_command: HashMap<(Uuid, CommandId), u32>,
    /// Owners of taken reservations.
    owners: HashSet<Uuid>,
}

impl History {
    /// Reads a copy of the log (so that the service itself recovers from what the kill left) and checks of every event that it
    /// is there once, in its place, and that no invitation is there without its reservation.
    pub(crate) async fn of_copy(data: &Path) -> Self {
        let copy = tempfile::tempdir().expect("a temporary folder can be made");
        for name in ["events.db", "events.db-wal"] {
            let from = data.join("log").join(name);
            if from.exists() {
                fs::copy(&from, copy.path().join(name)).expect("the log can be copied");
            }
        }
        let log = SqliteLog::open(copy.path().join("events.db"), Options::new(Arc::new(jiff::Timestamp::now))).expect("the log opens");
        assert_eq!(log.check().await.expect("the log can be checked").problems, Vec::<String>::new());
        Self::of(&log).await
    }

    /// Reads a log, and checks the same of every event.
    pub(crate) async fn of(log: &dyn EventStore) -> Self {
        let mut reading = Reading::default();
        let mut after = Position::START;
        loop {
            let page = log.read_all(after, PAGE).await.expect("the log can be read");
            let Some(last) = page.last() else { return reading.history };
            after = last.position;
            page.iter().for_each(|event| reading.take(event));
        }
    }

    /// Every acknowledged command is there, in the place that was told; what else is there was sent, and waits for its answer.
    pub(crate) fn has(&self, acknowledged: &[Acknowledged], open: &[Sent]) {
        let mut told = HashSet::new();
        for answer in acknowledged {
            assert!(told.insert(answer.id), "two commands made one invitation: {answer:?}");
            assert_eq!(
                self.invitations.get(&answer.id),
                Some(&answer.position()),
                "an acknowledged command is not in its place: {answer:?}"
            );
        }
        let untold = self.invitations.len() - told.len();
        assert!(untold <= open.len(), "{untold} invitations that nobody was told of, but only {} commands unanswered", open.len());
    }

    /// Every acknowledged step of a registration is there once, and none of them twice.
    pub(crate) fn has_steps(&self, registrant: &Registrant) {
        for (registration, steps) in &registrant.done {
            let happened = self.registrations.get(registration).unwrap_or_else(|| panic!("the registration {registration} is not there"));
            for step in steps {
                assert!(happened.contains_key(*step), "{step} of {registration} was acknowledged and is not there");
            }
            for (event, times) in happened {
                // Nominating gives a role, too.
                let allowed = if &**event == "registration.administrator_selected.v1" { 2 } else { 1 };
                assert!(*times <= allowed, "{event} of {registration} is there {times} times");
            }
        }
    }

    /// What so many approvals bring about is there, whole and once.
    pub(crate) fn has_onboarded(&self, registrants: &[Registrant]) {
        let approved: usize = registrants.iter().map(|registrant| registrant.approved.len()).sum();
        let is_approved = |registration: &&Uuid| self.registrations[*registration].contains_key("registration.approval_took_effect.v1");
        assert_eq!(self.registrations.keys().filter(is_approved).count(), approved);
        assert_eq!(self.organizations.len(), approved);
        for event in ["organization.approved.v1", "user.created.v1", "subscription.activated.v1"] {
            assert_eq!(self.onboarding.get(event), Some(&approved), "{event}: {:?}", self.onboarding);
        }
    }

    /// How many events there are.
    pub(crate) fn events(&self) -> u64 {
        self.events
    }
}

impl Reading {
    fn take(&mut self, event: &event_store::Recorded) {
        self.history.events += 1;
        assert_eq!(event.position.0, self.history.events, "positions have a gap");
        assert!(self.ids.insert(event.id), "an event is there twice: {event:?}");
        let next = self.versions.entry((event.stream.category.clone(), event.stream.key)).or_default();
        assert_eq!(event.version, *next, "a stream has a gap: {event:?}");
        *next += 1;
        let metadata = event_codec::Metadata::decode(&event.metadata).expect("the metadata can be read");
        let place = self.of_command.entry((event.stream.key, metadata.command)).or_default();
        assert_eq!(EventId(event.id), EventId::derive(metadata.command.0, &format!("event:{place}")), "half a command: {event:?}");
        *place += 1;
        match &*event.event_type {
            "reservation.taken.v1" => {
                let data: Value = serde_json::from_slice(&event.data).expect("the data can be read");
                let owner = data["owner"].as_str().and_then(|owner| Uuid::try_parse(owner).ok());
                self.owners.insert(owner.expect("a reservation has an owner"));
            }
            "invitation.sent.v2" => {
                assert!(self.owners.contains(&event.stream.key), "an invitation without its reservation: {event:?}");
                self.history.invitations.insert(event.stream.key, event.position.0);
            }
            "organization.approved.v1" => {
                let data: Value = serde_json::from_slice(&event.data).expect("the data can be read");
                let registration = data["registration"].as_str().and_then(|id| Uuid::try_parse(id).ok()).expect("it comes from a case");
                let before = self.history.organizations.insert(registration, event.stream.key);
                assert_eq!(before, None, "two organizations come from one case: {event:?}");
            }
            _ => {}
        }
        match &*event.stream.category {
            "registration" => {
                let happened = self.history.registrations.entry(event.stream.key).or_default();
                *happened.entry(event.event_type.clone()).or_default() += 1;
            }
            "organization" | "user" | "subscription" => *self.history.onboarding.entry(event.event_type.clone()).or_default() += 1,
            _ => {}
        }
    }
}
