//! The state as it was: the fold of a history up to an instant, and the difference between two of them. Pure.
//!
//! Events are folded with the domain's own `evolve`, so what is shown is what was decided on. Values about a person are shown in
//! the clear (the caller decides who may see them), and as `erased` where the person has been forgotten.

mod show;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use domain::access::Access;
use domain::application::Application;
use domain::credential::Credential;
use domain::invitation::Invitation;
use domain::organization::Organization;
use domain::registration::Registration;
use domain::relationship::Relationship;
use domain::service::Service;
use domain::staff::Staff;
use domain::subscription::Subscription;
use domain::user::User;
use domain::{Aggregate, DomainEvent};
use jiff::Timestamp;
use projection_runtime::Envelope;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// The state of everything that a history is about, as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Snapshot {
    /// Where the last event that it holds stands in the log; 0 if it holds none.
    pub position: u64,
    /// When that event was recorded.
    pub recorded_at: Option<Timestamp>,
    /// By `category/key`, such as `registration/0198c2…`. Each is a JSON object with the field `state` first in meaning.
    pub things: BTreeMap<String, Value>,
}

/// Folds whole streams, merged in the order of the log, up to an instant (and with it); all of it without one.
///
/// Of each stream that shall be shown, all events are to be given ([`streams_of`](crate::streams_of) says which streams a subject
/// has to do with). One with a gap is left out rather than shown as what it never was.
pub fn state_at<'a>(events: impl IntoIterator<Item = &'a Envelope>, until: Option<Timestamp>) -> Snapshot {
    let mut folds = Folds::default();
    let mut next: HashMap<(&str, Uuid), u64> = HashMap::new();
    let mut incomplete = HashSet::new();
    let mut snapshot = Snapshot::default();
    for envelope in events {
        if until.is_some_and(|until| envelope.recorded_at > until) {
            break;
        }
        let (category, key) = (envelope.event.category(), envelope.event.key());
        let expected = next.entry((category, key)).or_default();
        if envelope.version == *expected {
            *expected += 1;
        } else {
            incomplete.insert(name(category, key));
        }
        folds.apply(&envelope.event);
        snapshot.position = envelope.position.0;
        snapshot.recorded_at = Some(envelope.recorded_at);
    }
    snapshot.things = folds.show();
    snapshot.things.retain(|name, _| !incomplete.contains(name));
    snapshot
}

/// What a stream is called in a snapshot.
fn name(category: &str, key: Uuid) -> String {
    format!("{category}/{key}")
}

/// The states of one kind of aggregate by key.
struct Fold<A: Aggregate>(HashMap<Uuid, A::State>);

impl<A: Aggregate> Default for Fold<A> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<A: Aggregate> Fold<A> {
    fn apply(&mut self, key: Uuid, event: &A::Event) {
        let before = self.0.remove(&key).unwrap_or_default();
        self.0.insert(key, A::evolve(before, event));
    }

    fn show(&self, things: &mut BTreeMap<String, Value>, show: impl Fn(&A::State) -> Option<Value>) {
        for (key, state) in &self.0 {
            if let Some(shown) = show(state) {
                things.insert(name(A::CATEGORY, *key), shown);
            }
        }
    }
}

#[derive(Default)]
struct Folds {
    applications: Fold<Application>,
    invitations: Fold<Invitation>,
    registrations: Fold<Registration>,
    organizations: Fold<Organization>,
    users: Fold<User>,
    subscriptions: Fold<Subscription>,
    accesses: Fold<Access>,
    relationships: Fold<Relationship>,
    credentials: Fold<Credential>,
    staff: Fold<Staff>,
    services: Fold<Service>,
}

impl Folds {
    fn apply(&mut self, event: &DomainEvent) {
        match event {
            DomainEvent::Application(id, event) => self.applications.apply(id.0, event),
            DomainEvent::Invitation(id, event) => self.invitations.apply(id.0, event),
            DomainEvent::Registration(id, event) => self.registrations.apply(id.0, event),
            DomainEvent::Organization(id, event) => self.organizations.apply(id.0, event),
            DomainEvent::User(person, event) => self.users.apply(person.0, event),
            DomainEvent::Subscription(id, event) => self.subscriptions.apply(id.0, event),
            DomainEvent::Access(id, event) => self.accesses.apply(id.0, event),
            DomainEvent::Relationship(id, event) => self.relationships.apply(id.0, event),
            DomainEvent::Credential(id, event) => self.credentials.apply(id.0, event),
            DomainEvent::Staff(id, event) => self.staff.apply(id.0, event),
            DomainEvent::Service(id, event) => self.services.apply(id.0, event),
            // Reservations, mails and forgetting have no state that anybody asks for; the calendar is the operator's.
            DomainEvent::Reservation(..) | DomainEvent::Person(..) | DomainEvent::Mail(..) | DomainEvent::Calendar(..) => {}
        }
    }

    fn show(&self) -> BTreeMap<String, Value> {
        let mut things = BTreeMap::new();
        self.applications.show(&mut things, show::application);
        self.invitations.show(&mut things, show::invitation);
        self.registrations.show(&mut things, show::registration);
        self.organizations.show(&mut things, show::organization);
        self.users.show(&mut things, show::user);
        self.subscriptions.show(&mut things, show::subscription);
        self.accesses.show(&mut things, show::access);
        self.relationships.show(&mut things, show::relationship);
        self.credentials.show(&mut things, show::credential);
        self.staff.show(&mut things, show::staff);
        self.services.show(&mut things, show::service);
        things
    }
}

/// A field that differs between two snapshots.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Which thing, as in [`Snapshot::things`].
    pub thing: String,
    /// Which field, as a JSON pointer (RFC 6901); empty for the whole thing.
    pub field: String,
    /// What it was; none if it was not there.
    pub before: Option<Value>,
    /// What it is; none if it is not there any more.
    pub after: Option<Value>,
}

/// What changed from one snapshot to another, by thing and field. Objects are compared field by field, lists as a whole.
#[must_use]
pub fn difference(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    let mut changes = Vec::new();
    let things: BTreeSet<&String> = before.things.keys().chain(after.things.keys()).collect();
    for thing in things {
        compare(&mut changes, thing, "", before.things.get(thing), after.things.get(thing));
    }
    changes
}

fn compare(changes: &mut Vec<Change>, thing: &str, field: &str, before: Option<&Value>, after: Option<&Value>) {
    if before == after {
        return;
    }
    if let (Some(Value::Object(one)), Some(Value::Object(other))) = (before, after) {
        let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        for name in names {
            let inner = format!("{field}/{}", name.replace('~', "~0").replace('/', "~1"));
            compare(changes, thing, &inner, one.get(name), other.get(name));
        }
        return;
    }
    changes.push(Change { thing: thing.to_owned(), field: field.to_owned(), before: before.cloned(), after: after.cloned() });
}
