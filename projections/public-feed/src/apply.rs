//! Events to rows.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use projection_runtime::sql::Value;
use projection_runtime::table::{TableRow, load, select_column};
use projection_runtime::{Envelope, ProjectionError, Tables};
use public_events::PublicEvent;
use uuid::Uuid;

use crate::erasures;
use crate::rows::{Application, Event, Invitation, Registration, User};
use crate::state::{Keys, State};
use crate::translate::{Known, Missing, translate};

pub(crate) async fn apply(conn: &mut Tables<'_>, events: &[Arc<Envelope>]) -> Result<(), ProjectionError> {
    let mut state = State::load(conn, Wanted::of(events)).await?;
    let mut told = Vec::new();
    for envelope in events {
        let translated = translate(&envelope.event, &mut state);
        if let Some(event) = translated.map_err(|Missing(what)| unappliable(envelope, &format!("its {what} is not known")))? {
            if !state.fold(&event) {
                return Err(unappliable(envelope, &format!("what {} changes is not known", event.kind())));
            }
            told.push((&**envelope, event));
        }
    }
    state.save(conn).await?;
    erasures::apply(conn, events, &told).await?;
    record(conn, told).await
}

fn unappliable(envelope: &Envelope, why: &str) -> ProjectionError {
    let reason = format!("{} of {} cannot be told to other services: {why}", envelope.event_type, envelope.stream);
    ProjectionError::Unappliable { position: envelope.position, reason }
}

/// Writes the events, each with the place of the one before it.
async fn record(conn: &mut Tables<'_>, told: Vec<(&Envelope, PublicEvent)>) -> Result<(), ProjectionError> {
    if told.is_empty() {
        return Ok(());
    }
    let named = told.iter().filter_map(|(_, event)| event.application().map(|application| (domain::ApplicationId(application.0),)));
    let applications: Vec<Application> = load(conn, named.collect::<BTreeSet<_>>()).await?;
    let codes: BTreeMap<_, _> = applications.into_iter().map(|row| (row.application.0, row.code)).collect();
    let last = select_column(conn, "SELECT position FROM public_events ORDER BY position DESC LIMIT 1", Vec::new()).await?;
    let mut previous = last.first().copied().unwrap_or(0);
    let mut rows: Vec<Vec<Value>> = Vec::with_capacity(told.len());
    for (envelope, event) in told {
        let row = Event {
            position: envelope.position.0,
            previous,
            id: envelope.id,
            kind: event.kind().to_owned(),
            subject: format!("{}/{}", envelope.event.category(), envelope.event.key()),
            recorded_at: envelope.recorded_at,
            application: event.application().and_then(|application| codes.get(&application.0).cloned()),
            organization: event.organization().map(|organization| domain::OrganizationId(organization.0)),
            data: event.data().map_err(|error| unappliable(envelope, &error.to_string()))?,
        };
        previous = row.position;
        rows.push(row.values()?);
    }
    Event::TABLE.insert(conn, rows).await?;
    Ok(())
}

/// Knows nothing, and notes what was asked for: which rows a batch needs follows from its translation alone. What a stream that begins
/// within the batch is asked for is in no row yet.
#[derive(Default)]
struct Wanted {
    keys: Keys,
    begun: HashSet<(&'static str, Uuid)>,
}

impl Wanted {
    fn of(events: &[Arc<Envelope>]) -> Keys {
        let mut wanted = Self::default();
        for envelope in events {
            if envelope.version == 0 {
                wanted.begun.insert((envelope.event.category(), envelope.event.key()));
            }
            // The answer is that of nobody who knows anything; the one that counts comes when the rows are there.
            drop(translate(&envelope.event, &mut wanted));
        }
        wanted.keys
    }

    fn is_new(&self, category: &'static str, key: Uuid) -> bool {
        self.begun.contains(&(category, key))
    }
}

impl Known for Wanted {
    fn application(&mut self, id: domain::ApplicationId) -> Result<&Application, Missing> {
        if !self.is_new("application", id.0) {
            self.keys.applications.insert((id,));
        }
        Err(Missing("application"))
    }

    fn invitation(&mut self, id: domain::InvitationId) -> Result<&Invitation, Missing> {
        if !self.is_new("invitation", id.0) {
            self.keys.invitations.insert((id,));
        }
        Err(Missing("invitation"))
    }

    fn registration(&mut self, id: domain::RegistrationId) -> Result<&Registration, Missing> {
        if !self.is_new("registration", id.0) {
            self.keys.registrations.insert((id,));
        }
        Err(Missing("registration"))
    }

    fn user(&mut self, id: domain::PersonId) -> Result<&User, Missing> {
        if !self.is_new("user", id.0) {
            self.keys.users.insert((id,));
        }
        Err(Missing("user"))
    }
}
