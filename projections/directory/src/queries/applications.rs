//! The application catalogue.

use domain::{ApplicationCode, ApplicationId, Owner, Slug};
use projection_runtime::sql::Database;
use projection_runtime::table::{Column, Json, load, select};

use super::{one, text};
use crate::Application;

/// An application by its id, also a retired one.
///
/// # Errors
/// When the database fails.
pub async fn application(conn: &mut impl Database, id: ApplicationId) -> Result<Option<Application>, sqlx::Error> {
    one(conn, "WHERE id = $1", vec![text(id)]).await
}

/// Applications by their ids, also retired ones, by code.
///
/// # Errors
/// When the database fails.
pub async fn applications_by_id(
    conn: &mut impl Database,
    ids: impl IntoIterator<Item = ApplicationId>,
) -> Result<Vec<Application>, sqlx::Error> {
    let ids: std::collections::BTreeSet<(ApplicationId,)> = ids.into_iter().map(|id| (id,)).collect();
    let mut found: Vec<Application> = load(conn, ids).await?;
    found.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(found)
}

/// An application by its code, also a retired one.
///
/// # Errors
/// When the database fails.
pub async fn application_by_code(conn: &mut impl Database, code: &ApplicationCode) -> Result<Option<Application>, sqlx::Error> {
    one(conn, "WHERE code = $1", vec![text(code)]).await
}

/// The application that a public link leads to, unless it is retired or not public any more.
///
/// # Errors
/// When the database fails.
pub async fn application_by_slug(conn: &mut impl Database, slug: &Slug) -> Result<Option<Application>, sqlx::Error> {
    let rest = "WHERE id IN (SELECT application FROM application_links WHERE slug = $1) AND is_public = 1 AND retired_at IS NULL
                ORDER BY published_at, id LIMIT 1";
    one(conn, rest, vec![text(slug)]).await
}

/// The whole catalogue by code, also what is retired.
///
/// # Errors
/// When the database fails.
pub async fn applications(conn: &mut impl Database) -> Result<Vec<Application>, sqlx::Error> {
    select(conn, "ORDER BY code, id", Vec::new()).await
}

/// The applications of one owner by code, also what is retired.
///
/// # Errors
/// When the database fails.
pub async fn applications_of(conn: &mut impl Database, owner: Owner) -> Result<Vec<Application>, sqlx::Error> {
    select(conn, "WHERE owner = $1 ORDER BY code, id", vec![Json(owner).value()?]).await
}

/// The applications that anybody may register for, by code. Their `ways` say where each is offered.
///
/// # Errors
/// When the database fails.
pub async fn public_catalogue(conn: &mut impl Database) -> Result<Vec<Application>, sqlx::Error> {
    select(conn, "WHERE is_public = 1 AND retired_at IS NULL ORDER BY code, id", Vec::new()).await
}
