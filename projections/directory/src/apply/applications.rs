//! The application catalogue.

use std::collections::BTreeSet;

use domain::ApplicationId;
use domain::application::{ApplicationDetails, ApplicationEvent, RegistrationPolicy, Way};
use projection_runtime::sql::Value;
use projection_runtime::table::{Fold, Json, select, upsert};
use projection_runtime::{ProjectionError, Tables};

use super::Of;
use crate::{Application, ApplicationLink};

pub(super) async fn apply(conn: &mut Tables<'_>, events: &Of<'_, ApplicationId, ApplicationEvent>) -> Result<(), ProjectionError> {
    if events.is_empty() {
        return Ok(());
    }
    let mut rows = Fold::<Application>::load(conn, events.iter().map(|(id, ..)| (*id,)).collect()).await?;
    let mut amended = BTreeSet::new();
    for (id, event, envelope) in events {
        match event {
            ApplicationEvent::Published { code, owner, details } => {
                rows.put(Application {
                    id: *id,
                    code: code.to_string(),
                    owner: Json(*owner),
                    name: details.name.to_string(),
                    details: Json(details.clone()),
                    is_public: details.registration == RegistrationPolicy::Public,
                    published_at: envelope.recorded_at,
                    retired_at: None,
                    retired_because: None,
                });
                amended.insert(*id);
            }
            ApplicationEvent::Amended { details } => {
                let row = rows.expect(&(*id,), envelope)?;
                row.name = details.name.to_string();
                row.is_public = details.registration == RegistrationPolicy::Public;
                row.details = Json(details.clone());
                amended.insert(*id);
            }
            ApplicationEvent::Retired { reason } => {
                let row = rows.expect(&(*id,), envelope)?;
                row.retired_at = Some(envelope.recorded_at);
                row.retired_because = Some(reason.to_string());
            }
        }
    }
    let links: Vec<(ApplicationId, Vec<ApplicationLink>)> =
        amended.into_iter().map(|id| (id, rows.get(&(id,)).map_or_else(Vec::new, |row| links(id, &row.details.0)))).collect();
    rows.save(conn).await?;
    for (id, links) in links {
        relink(conn, id, &links).await?;
    }
    Ok(())
}

fn links(application: ApplicationId, details: &ApplicationDetails) -> Vec<ApplicationLink> {
    let slugs: BTreeSet<String> = details
        .ways
        .iter()
        .filter_map(|way| match way {
            Way::PublicLink(slug) => Some(slug.to_string()),
            Way::Invitation | Way::Account | Way::PublicRegistration => None,
        })
        .collect();
    slugs.into_iter().map(|slug| ApplicationLink { slug, application }).collect()
}

/// Puts these links in place of those that the application had. The catalogue is small and seldom changes.
async fn relink(conn: &mut Tables<'_>, application: ApplicationId, links: &[ApplicationLink]) -> Result<(), sqlx::Error> {
    let mine = vec![Value::Text(Some(application.to_string()))];
    let before: Vec<ApplicationLink> = select(conn, "WHERE application = $1", mine).await?;
    let mut fold = Fold::of(before.clone());
    for link in before.iter().filter(|link| !links.contains(link)) {
        fold.remove(&(link.slug.clone(), application));
    }
    fold.save(conn).await?;
    upsert(conn, links).await
}
