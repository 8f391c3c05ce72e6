//! Organizations and their likely duplicates.

use std::collections::{BTreeMap, BTreeSet};

use domain::names::{comparable_name, look_alike_name, words};
use domain::{OrganizationId, Owner, RegisteredIdentifier};
use projection_runtime::sql::{Database, Value};
use projection_runtime::table::{Json, load, select, select_column};
use serde::Serialize;

use super::{Conditions, one, text};
use crate::{Organization, OrganizationIdentifier, OrganizationState, User, names};

/// An organization by its id.
///
/// # Errors
/// When the database fails.
pub async fn organization(conn: &mut impl Database, id: OrganizationId) -> Result<Option<Organization>, sqlx::Error> {
    one(conn, "WHERE id = $1", vec![text(id)]).await
}

/// The organization that a registered identifier belongs to.
///
/// # Errors
/// When the database fails.
pub async fn organization_by_identifier(
    conn: &mut impl Database,
    identifier: &RegisteredIdentifier,
) -> Result<Option<Organization>, sqlx::Error> {
    let found: Option<OrganizationIdentifier> =
        one(conn, "WHERE scheme = $1 AND value = $2", vec![text(&identifier.scheme), text(&identifier.value)]).await?;
    match found {
        Some(found) => organization(conn, found.organization).await,
        None => Ok(None),
    }
}

/// Which organizations to list.
#[derive(Debug, Clone, Default)]
pub struct OrganizationFilter {
    /// Those whose legal or trading name holds these words, whatever their case, accents and punctuation.
    pub name: Option<String>,
    /// Those in this state.
    pub state: Option<OrganizationState>,
    /// Those that own applications.
    pub partners_only: bool,
    /// Those with a change of profile that waits for review.
    pub amendment_pending: bool,
}

/// What to look for inside a comparable name, from what somebody typed.
fn needle(typed: &str) -> String {
    words(typed).concat()
}

impl OrganizationFilter {
    /// Whether an organization is one of those.
    #[must_use]
    pub fn admits(&self, organization: &Organization) -> bool {
        let name = self.name.as_deref().map(needle).unwrap_or_default();
        let is_called = |key: &str| key.contains(&name);
        (is_called(&organization.name_key) || organization.trading_key.as_deref().is_some_and(is_called))
            && self.state.is_none_or(|state| organization.state == state)
            && (!self.partners_only || organization.is_partner)
            && (!self.amendment_pending || organization.amendment_requested_at.is_some())
    }
}

/// Organizations by their ids, in the order of ids.
///
/// # Errors
/// When the database fails.
pub async fn organizations_by_id(
    conn: &mut impl Database,
    ids: impl IntoIterator<Item = OrganizationId>,
) -> Result<Vec<Organization>, sqlx::Error> {
    let ids: BTreeSet<(OrganizationId,)> = ids.into_iter().map(|id| (id,)).collect();
    let mut found: Vec<Organization> = load(conn, ids).await?;
    found.sort_by_key(|organization| organization.id);
    Ok(found)
}

/// Organizations by name, without regard to case, accents, punctuation and legal form.
///
/// # Errors
/// When the database fails.
pub async fn organizations(
    conn: &mut impl Database,
    filter: &OrganizationFilter,
    after: Option<OrganizationId>,
    limit: u32,
) -> Result<Vec<Organization>, sqlx::Error> {
    let mut conditions = Conditions::default();
    if let Some(name) = filter.name.as_deref().map(needle).filter(|needle| !needle.is_empty()) {
        // A needle is letters and digits only, so it holds nothing that LIKE takes for a sign.
        conditions.and("(name_key LIKE ? OR trading_key LIKE ?)", text(format!("%{name}%")));
    }
    if let Some(state) = filter.state {
        conditions.and("state = ?", text(state));
    }
    if filter.partners_only {
        conditions.and("is_partner = ?", Value::Int(Some(1)));
    }
    if filter.amendment_pending {
        conditions.all.push("amendment_requested_at IS NOT NULL".to_owned());
    }
    if let Some(after) = after {
        conditions.and("(name_key, id) > (SELECT name_key, id FROM organizations WHERE id = ?)", text(after));
    }
    let (rest, parameters) = conditions.finish("name_key, id", limit);
    select(conn, &rest, parameters).await
}

/// The organizations that own applications.
///
/// # Errors
/// When the database fails.
pub(crate) async fn partners(conn: &mut impl Database) -> Result<BTreeSet<OrganizationId>, sqlx::Error> {
    let owners: Vec<Json<Owner>> = select_column(conn, "SELECT DISTINCT owner FROM applications", Vec::new()).await?;
    let partner = |Json(owner)| match owner {
        Owner::Partner(partner) => Some(partner),
        Owner::Operator => None,
    };
    Ok(owners.into_iter().filter_map(partner).collect())
}

/// Why an organization may be the one that somebody is about to invite or register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Likeness {
    /// A registered identifier is the same: it is that organization.
    Identifier,
    /// The legal or trading name is the same but for case, accents, punctuation and legal form.
    Name,
    /// The legal or trading name looks the same in passing, and is another: somebody may mean to pass for it (UTS 39).
    LookAlike,
    /// One of its users has an e-mail address of the same company.
    EmailDomain,
}

/// An organization that may be the one meant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LikelyDuplicate {
    /// Which organization.
    pub organization: Organization,
    /// Why, the strongest first.
    pub because: BTreeSet<Likeness>,
}

/// At most this many organizations are found by each likeness.
const DUPLICATES: i64 = 20;

/// Registered organizations, not closed, that may be the company of this name, these identifiers, this e-mail address; the
/// likeliest first. Addresses of public mail services say nothing.
///
/// # Errors
/// When the database fails.
pub async fn likely_duplicates(
    conn: &mut impl Database,
    name: &str,
    identifiers: &[RegisteredIdentifier],
    email: Option<&str>,
) -> Result<Vec<LikelyDuplicate>, sqlx::Error> {
    let mut because: BTreeMap<OrganizationId, BTreeSet<Likeness>> = BTreeMap::new();
    let keys: BTreeSet<(String, String)> =
        identifiers.iter().map(|identifier| (identifier.scheme.to_string(), identifier.value.to_string())).collect();
    for found in load::<OrganizationIdentifier>(conn, keys).await? {
        because.entry(found.organization).or_default().insert(Likeness::Identifier);
    }
    let key = comparable_name(name);
    if !key.is_empty() {
        let sql = "WHERE name_key = $1 OR trading_key = $1 ORDER BY id LIMIT $2";
        for found in select::<Organization>(conn, sql, vec![text(key), Value::Int(Some(DUPLICATES))]).await? {
            because.entry(found.id).or_default().insert(Likeness::Name);
        }
    }
    let seen = look_alike_name(name);
    if !seen.is_empty() {
        let sql = "WHERE seen_name = $1 OR seen_trading_name = $1 ORDER BY id LIMIT $2";
        for found in select::<Organization>(conn, sql, vec![text(seen), Value::Int(Some(DUPLICATES))]).await? {
            let likenesses = because.entry(found.id).or_default();
            if !likenesses.contains(&Likeness::Name) {
                likenesses.insert(Likeness::LookAlike);
            }
        }
    }
    if let Some(domain) = email.and_then(names::company_domain) {
        for organization in organizations_with_domain(conn, &domain).await? {
            because.entry(organization).or_default().insert(Likeness::EmailDomain);
        }
    }
    let mut found: Vec<LikelyDuplicate> = load::<Organization>(conn, because.keys().map(|id| (*id,)))
        .await?
        .into_iter()
        .filter(|organization| organization.state != OrganizationState::Closed)
        .map(|organization| LikelyDuplicate { because: because.remove(&organization.id).unwrap_or_default(), organization })
        .collect();
    // The strongest reason decides, then how many there are, then the name.
    found.sort_by(|a, b| {
        let rank = |one: &LikelyDuplicate| (one.because.first().copied(), std::cmp::Reverse(one.because.len()));
        rank(a)
            .cmp(&rank(b))
            .then_with(|| (&a.organization.name_key, a.organization.id).cmp(&(&b.organization.name_key, b.organization.id)))
    });
    Ok(found)
}

async fn organizations_with_domain(conn: &mut impl Database, domain: &str) -> Result<Vec<OrganizationId>, sqlx::Error> {
    let sql = "SELECT DISTINCT organization FROM users WHERE email_domain = $1 ORDER BY organization LIMIT $2";
    select_column(conn, sql, vec![domain.into(), DUPLICATES.into()]).await
}

/// The users of an organization who administer it, and can act: established and neither suspended nor closed.
///
/// # Errors
/// When the database fails.
pub async fn administrators_of(conn: &mut impl Database, organization: OrganizationId) -> Result<Vec<User>, sqlx::Error> {
    super::users_with_role(conn, organization, domain::user::UserRole::OrganizationAdministrator).await
}
