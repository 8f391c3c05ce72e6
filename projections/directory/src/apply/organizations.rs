//! Organizations.

use std::collections::{BTreeMap, BTreeSet};

use domain::application::ApplicationEvent;
use domain::names::{comparable_name, look_alike_name};
use domain::organization::OrganizationEvent;
use domain::{ApplicationId, OrganizationId, OrganizationProfile, Owner};
use projection_runtime::sql::Value;
use projection_runtime::table::{Fold, Json, execute, upsert};
use projection_runtime::{Envelope, ProjectionError, Tables};

use super::Of;
use crate::queries::partners;
use crate::{Administrator, Organization, OrganizationIdentifier, OrganizationState};

pub(super) async fn apply(
    conn: &mut Tables<'_>,
    events: &Of<'_, OrganizationId, OrganizationEvent>,
    catalogue: &Of<'_, ApplicationId, ApplicationEvent>,
) -> Result<(), ProjectionError> {
    if events.is_empty() && catalogue.is_empty() {
        return Ok(());
    }
    let owners: BTreeSet<OrganizationId> = catalogue.iter().filter_map(|(_, event, _)| new_owner(event)).collect();
    let touched = owners.iter().copied().chain(events.iter().map(|(id, ..)| *id)).map(|id| (id,)).collect();
    let mut rows = Fold::<Organization>::load(conn, touched).await?;
    let before = identifiers(&rows);
    for (id, event, envelope) in events {
        fold(&mut rows, *id, event, envelope)?;
    }
    // Whether an organization owns applications is asked where that can have changed: when it comes to be, or gets one.
    let partners = partners(conn).await?;
    for id in owners.into_iter().chain(events.iter().map(|(id, ..)| *id)) {
        let is_partner = partners.contains(&id);
        if rows.get(&(id,)).is_some_and(|row| row.is_partner != is_partner)
            && let Some(row) = rows.change(&(id,))
        {
            row.is_partner = is_partner;
        }
    }
    let after = identifiers(&rows);
    rows.save(conn).await?;
    save_identifiers(conn, &before, &after).await?;
    Ok(())
}

fn new_owner(event: &ApplicationEvent) -> Option<OrganizationId> {
    match event {
        ApplicationEvent::Published { owner: Owner::Partner(partner), .. } => Some(*partner),
        ApplicationEvent::Published { owner: Owner::Operator, .. }
        | ApplicationEvent::Amended { .. }
        | ApplicationEvent::Retired { .. } => None,
    }
}

fn fold(rows: &mut Fold<Organization>, id: OrganizationId, event: &OrganizationEvent, envelope: &Envelope) -> Result<(), ProjectionError> {
    if let OrganizationEvent::Approved { registration, profile, administrators } = event {
        let administrators = administrators.iter().map(|person| Administrator { person: *person, established: false }).collect();
        let mut row = Organization {
            id,
            legal_name: String::new(),
            trading_name: None,
            name_key: String::new(),
            trading_key: None,
            seen_name: String::new(),
            seen_trading_name: None,
            country: String::new(),
            profile: Json(profile.clone()),
            state: OrganizationState::Active,
            reason: None,
            registration: *registration,
            approved_at: envelope.recorded_at,
            is_partner: false,
            amendment: None,
            amendment_requested_at: None,
            administrators: Json(administrators),
        };
        set_profile(&mut row, profile);
        rows.put(row);
        return Ok(());
    }
    change(rows.expect(&(id,), envelope)?, event, envelope);
    Ok(())
}

fn change(row: &mut Organization, event: &OrganizationEvent, envelope: &Envelope) {
    match event {
        // Makes the row; nothing of it is left to change.
        OrganizationEvent::Approved { .. } => {}
        OrganizationEvent::ProfileAmended { profile } => {
            // What changed at once is not undone when the change that waits is approved: that one is about these fields only.
            if let Some(Json(amendment)) = &mut row.amendment {
                let mut merged = profile.clone();
                merged.legal_name = amendment.legal_name.clone();
                merged.address.country = amendment.address.country.clone();
                merged.identifiers.clone_from(&amendment.identifiers);
                *amendment = merged;
            }
            set_profile(row, profile);
        }
        OrganizationEvent::AmendmentRequested { profile, requested_by: _ } => {
            row.amendment = Some(Json(profile.clone()));
            row.amendment_requested_at = Some(envelope.recorded_at);
        }
        OrganizationEvent::AmendmentApproved { reviewer: _, profile, reason: _ } => {
            set_profile(row, profile);
            row.amendment = None;
            row.amendment_requested_at = None;
        }
        OrganizationEvent::AmendmentRefused { reviewer: _, reason: _ } => {
            row.amendment = None;
            row.amendment_requested_at = None;
        }
        OrganizationEvent::Suspended { reason } => set_state(row, OrganizationState::Suspended, reason),
        OrganizationEvent::Reinstated { reason } => set_state(row, OrganizationState::Active, reason),
        OrganizationEvent::Closed { reason } => set_state(row, OrganizationState::Closed, reason),
        OrganizationEvent::AdministratorAdded { administrator } => {
            if row.administrators.0.iter().all(|known| known.person != *administrator) {
                row.administrators.0.push(Administrator { person: *administrator, established: false });
            }
        }
        OrganizationEvent::AdministratorEstablished { administrator } => {
            match row.administrators.0.iter_mut().find(|known| known.person == *administrator) {
                Some(known) => known.established = true,
                None => row.administrators.0.push(Administrator { person: *administrator, established: true }),
            }
        }
        OrganizationEvent::AdministratorRemoved { administrator, reason: _ } => {
            row.administrators.0.retain(|known| known.person != *administrator);
        }
    }
}

fn set_state(row: &mut Organization, state: OrganizationState, reason: &domain::Reason) {
    row.state = state;
    row.reason = Some(reason.to_string());
}

fn set_profile(row: &mut Organization, profile: &OrganizationProfile) {
    row.legal_name = profile.legal_name.to_string();
    row.name_key = comparable_name(profile.legal_name.as_str());
    row.trading_name = profile.trading_name.as_ref().map(ToString::to_string);
    row.trading_key = profile.trading_name.as_ref().map(|name| comparable_name(name.as_str()));
    row.seen_name = look_alike_name(profile.legal_name.as_str());
    row.seen_trading_name = profile.trading_name.as_ref().map(|name| look_alike_name(name.as_str()));
    row.country = profile.address.country.to_string();
    row.profile = Json(profile.clone());
}

type Identifiers = BTreeMap<OrganizationId, BTreeSet<(String, String)>>;

fn identifiers(rows: &Fold<Organization>) -> Identifiers {
    let of = |row: &Organization| {
        row.profile.0.identifiers.iter().map(|identifier| (identifier.scheme.to_string(), identifier.value.to_string())).collect()
    };
    rows.iter().map(|row| (row.id, of(row))).collect()
}

/// Writes what changed. Removals first, and each only while it is still of that organization: an identifier can go from one
/// organization to another within a batch.
async fn save_identifiers(conn: &mut Tables<'_>, before: &Identifiers, after: &Identifiers) -> Result<(), sqlx::Error> {
    let none = BTreeSet::new();
    for (organization, had) in before {
        let has = after.get(organization).unwrap_or(&none);
        for (scheme, value) in had.difference(has) {
            let parameters = [scheme.clone(), value.clone(), organization.to_string()].map(|text| Value::Text(Some(text))).into();
            let sql = "DELETE FROM organization_identifiers WHERE scheme = $1 AND value = $2 AND organization = $3";
            execute(conn, sql, parameters).await?;
        }
    }
    let mut added = BTreeMap::new();
    for (organization, has) in after {
        let had = before.get(organization).unwrap_or(&none);
        for (scheme, value) in has.difference(had) {
            let row = OrganizationIdentifier { scheme: scheme.clone(), value: value.clone(), organization: *organization };
            added.insert((scheme, value), row);
        }
    }
    upsert(conn, added.values()).await
}
