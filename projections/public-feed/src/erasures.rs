//! Downstream services, who was erased, and which of the services say that they keep nothing of them any more.
//!
//! An erasure that was told is to be acknowledged by every service that was registered then, until the service is retired. What was not
//! told (of somebody who never was a user) is owed by nobody.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::person::PersonEvent;
use domain::service::{Sees, ServiceEvent};
use domain::{DomainEvent, PersonId, ServiceId};
use jiff::Timestamp;
use projection_runtime::sql::{Database, Value};
use projection_runtime::table;
use projection_runtime::table::{Column as _, Fold, Json, select, select_column};
use projection_runtime::{Envelope, Position, ProjectionError, Tables};
use public_events::PublicEvent;

table! {
    /// A downstream service.
    pub struct Service in "services" {
        key {
            /// Which.
            pub service: ServiceId,
        }
        /// Its name.
        pub name: String,
        /// What it is shown.
        pub sees: Json<Sees>,
        /// Since when it is registered.
        pub registered_at: Timestamp,
        /// Since when it is retired.
        pub retired_at: Option<Timestamp>,
    }
}

table! {
    /// A person whose erasure other services were told of.
    pub struct Erasure in "erasures" {
        key {
            /// Who it was.
            pub person: PersonId,
        }
        /// Where that stands in the log.
        pub position: u64,
        /// When it was recorded.
        pub erased_at: Timestamp,
    }
}

table! {
    /// That a service is to acknowledge an erasure, or has.
    pub struct Acknowledgement in "acknowledgements" {
        key {
            /// Who was erased.
            pub person: PersonId,
            /// By which service.
            pub service: ServiceId,
        }
        /// Where the erasure stands in the log.
        pub position: u64,
        /// Whether the service was registered when the person was erased, and so has to.
        pub owed: bool,
        /// When it did.
        pub acknowledged_at: Option<Timestamp>,
    }
}

/// Applies a batch. `told`: what other services are told of it.
pub(crate) async fn apply(
    conn: &mut Tables<'_>,
    events: &[Arc<Envelope>],
    told: &[(&Envelope, PublicEvent)],
) -> Result<(), ProjectionError> {
    let erased: BTreeSet<Position> =
        told.iter().filter(|(_, event)| matches!(event, PublicEvent::PersonErased(_))).map(|(envelope, _)| envelope.position).collect();
    let acknowledged: BTreeSet<(PersonId, ServiceId)> = events.iter().filter_map(|envelope| acknowledgement(envelope)).collect();
    let is_of_services = events.iter().any(|envelope| matches!(envelope.event, DomainEvent::Service(..)));
    if erased.is_empty() && acknowledged.is_empty() && !is_of_services {
        return Ok(());
    }
    let mut rows = Rows {
        services: Fold::of(select(conn, "ORDER BY service", Vec::new()).await?),
        erasures: Fold::load(conn, acknowledged.iter().map(|(person, _)| (*person,)).collect()).await?,
        acknowledgements: Fold::load(conn, acknowledged).await?,
    };
    for envelope in events {
        if let DomainEvent::Service(id, event) = &envelope.event {
            rows.service(*id, event, envelope)?;
        }
        if erased.contains(&envelope.position) {
            rows.erased(PersonId(envelope.event.key()), envelope);
        }
        if let Some((person, service)) = acknowledgement(envelope) {
            rows.acknowledged(person, service, envelope.recorded_at);
        }
    }
    rows.services.save(conn).await?;
    rows.erasures.save(conn).await?;
    rows.acknowledgements.save(conn).await?;
    Ok(())
}

/// Who acknowledges whose erasure, if the event says so.
fn acknowledgement(envelope: &Envelope) -> Option<(PersonId, ServiceId)> {
    let DomainEvent::Person(person, PersonEvent::ErasureAcknowledged { service }) = &envelope.event else { return None };
    Some((*person, *service))
}

struct Rows {
    /// All of them: there are few.
    services: Fold<Service>,
    erasures: Fold<Erasure>,
    acknowledgements: Fold<Acknowledgement>,
}

impl Rows {
    fn service(&mut self, service: ServiceId, event: &ServiceEvent, envelope: &Envelope) -> Result<(), ProjectionError> {
        match event {
            ServiceEvent::Registered { name, sees } => self.services.put(Service {
                service,
                name: name.to_string(),
                sees: Json(sees.clone()),
                registered_at: envelope.recorded_at,
                retired_at: None,
            }),
            ServiceEvent::ScopeChanged { sees } => self.services.expect(&(service,), envelope)?.sees = Json(sees.clone()),
            ServiceEvent::Retired { reason: _ } => self.services.expect(&(service,), envelope)?.retired_at = Some(envelope.recorded_at),
        }
        Ok(())
    }

    fn erased(&mut self, person: PersonId, envelope: &Envelope) {
        let position = envelope.position.0;
        self.erasures.put(Erasure { person, position, erased_at: envelope.recorded_at });
        for service in self.services.iter().filter(|service| service.retired_at.is_none()) {
            let service = service.service;
            self.acknowledgements.put(Acknowledgement { person, service, position, owed: true, acknowledged_at: None });
        }
    }

    /// Of an erasure that was told of, by a service that owed it or came later.
    fn acknowledged(&mut self, person: PersonId, service: ServiceId, at: Timestamp) {
        let Some(position) = self.erasures.get(&(person,)).map(|erasure| erasure.position) else { return };
        let unless = || Acknowledgement { person, service, position, owed: false, acknowledged_at: None };
        self.acknowledgements.change_or(&(person, service), unless).acknowledged_at = Some(at);
    }
}

/// All services by name, also those that were retired.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn services(rows: &mut impl Database) -> Result<Vec<Service>, sqlx::Error> {
    select(rows, "ORDER BY name", Vec::new()).await
}

/// A service, also one that was retired.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn service(rows: &mut impl Database, service: ServiceId) -> Result<Option<Service>, sqlx::Error> {
    Ok(select(rows, "WHERE service = $1", vec![service.value()?]).await?.pop())
}

/// An acknowledgement that somebody still waits for.
const OUTSTANDING: &str = "acknowledgements.acknowledged_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM services WHERE services.service = acknowledgements.service AND services.retired_at IS NOT NULL)";

/// The erasures after a position, the oldest first, at most `limit`; of all, or those that some service has not acknowledged yet.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn erasures(rows: &mut impl Database, only_outstanding: bool, after: Position, limit: u32) -> Result<Vec<Erasure>, sqlx::Error> {
    let outstanding = format!("EXISTS (SELECT 1 FROM acknowledgements WHERE acknowledgements.person = erasures.person AND {OUTSTANDING})");
    let condition = if only_outstanding { outstanding.as_str() } else { "1 = 1" };
    select(rows, &format!("WHERE position > $1 AND {condition} ORDER BY position LIMIT $2"), vec![after.into(), limit.into()]).await
}

/// Who has to acknowledge the erasures of these people, or has, in no order. A retired service is among them only if it had done so.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn acknowledgements_of(rows: &mut impl Database, people: &[PersonId]) -> Result<Vec<Acknowledgement>, sqlx::Error> {
    let mut found = Vec::new();
    for person in people {
        let rest = format!("WHERE person = $1 AND (acknowledged_at IS NOT NULL OR ({OUTSTANDING}))");
        found.extend(select(rows, &rest, vec![person.value()?]).await?);
    }
    Ok(found)
}

/// The erasures after a position that this service has not acknowledged yet, the oldest first, at most `limit`.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn outstanding_of(
    rows: &mut impl Database,
    service: ServiceId,
    after: Position,
    limit: u32,
) -> Result<Vec<Erasure>, sqlx::Error> {
    let rest = "WHERE position > $1
        AND EXISTS (
            SELECT 1 FROM acknowledgements
            WHERE acknowledgements.person = erasures.person AND service = $2 AND acknowledged_at IS NULL
        )
        ORDER BY position
        LIMIT $3";
    select(rows, rest, vec![after.into(), service.value()?, limit.into()]).await
}

/// How many acknowledgements are still waited for.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn outstanding(rows: &mut impl Database) -> Result<u64, sqlx::Error> {
    let none: Vec<Value> = Vec::new();
    let counted = select_column(rows, &format!("SELECT COUNT(*) FROM acknowledgements WHERE {OUTSTANDING}"), none).await?;
    Ok(counted.first().copied().unwrap_or_default())
}
