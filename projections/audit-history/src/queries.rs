//! What can be asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use projection_runtime::sql::{Database, Value};
use projection_runtime::table::{Column, load, select, select_column};
use projection_runtime::{Position, StreamId};

use crate::Subject;
use crate::rows::{Concern, Inclusion, Kind, Thing, halves, select_any, whole};

/// Which way a history is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// The oldest first.
    #[default]
    Forward,
    /// The newest first.
    Backward,
}

/// The positions of the events that concern a subject, in order, beyond `after` (`None`: from the beginning, or the end when
/// read backward): at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn positions(
    conn: &mut impl Database,
    subject: Subject,
    after: Option<Position>,
    limit: u32,
    direction: Direction,
) -> Result<Vec<Position>, sqlx::Error> {
    let (rest, start) = match direction {
        Direction::Forward => ("WHERE subject = $1 AND position > $2 ORDER BY position LIMIT $3", Position::START),
        Direction::Backward => ("WHERE subject = $1 AND position < $2 ORDER BY position DESC LIMIT $3", Position(i64::MAX.unsigned_abs())),
    };
    let after = after.unwrap_or(start).0.value()?;
    let mut found = BTreeSet::new();
    // A page of each is more than a page of all: few subjects are part of one, so this stays cheap however long they are.
    for part in parts(conn, subject).await? {
        let parameters = vec![Value::Int(Some(part)), after.clone(), Value::Int(Some(i64::from(limit)))];
        found.extend(select::<Concern>(conn, rest, parameters).await?.into_iter().map(|row| Position(row.position)));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(match direction {
        Direction::Forward => found.into_iter().take(limit).collect(),
        Direction::Backward => found.into_iter().rev().take(limit).collect(),
    })
}

/// The numbers of a subject and of all whose histories are part of its own: of an organization, its case and its invitations.
async fn parts(conn: &mut impl Database, subject: Subject) -> Result<BTreeSet<i64>, sqlx::Error> {
    let (kind, key) = subject.thing();
    let (high, low) = halves(key);
    let found: Vec<Thing> = load(conn, [(high, low, kind.code())]).await?;
    let mut open: Vec<i64> = found.into_iter().map(|thing| thing.id).collect();
    let mut parts = BTreeSet::new();
    while let Some(next) = open.pop() {
        if parts.insert(next) {
            let inner: Vec<Inclusion> = select(conn, "WHERE subject = $1", vec![Value::Int(Some(next))]).await?;
            open.extend(inner.into_iter().map(|row| row.included));
        }
    }
    Ok(parts)
}

/// Among how many of a history's first events introductions are looked for. Most histories are shorter.
const BEGINNING: i64 = 200;

/// The positions of those among the first events of a history that say what later ones name by id, in order: to be learned from
/// before any page of it is told.
///
/// # Errors
/// When the database fails.
pub async fn introductions(conn: &mut impl Database, subject: Subject) -> Result<Vec<Position>, sqlx::Error> {
    let mut found = BTreeSet::new();
    for part in parts(conn, subject).await? {
        let rest = "WHERE subject = $1 ORDER BY position LIMIT $2";
        let rows: Vec<Concern> = select(conn, rest, vec![Value::Int(Some(part)), Value::Int(Some(BEGINNING))]).await?;
        found.extend(rows.into_iter().filter(|row| row.introduces).map(|row| Position(row.position)));
    }
    Ok(found.into_iter().collect())
}

/// The names of streams by their numbers.
async fn streams(conn: &mut impl Database, ids: BTreeSet<i64>) -> Result<BTreeMap<i64, StreamId>, sqlx::Error> {
    let ids: Vec<i64> = ids.into_iter().collect();
    let mut names = BTreeMap::new();
    for thing in select_any::<Thing>(conn, "id", &ids).await? {
        let category = Kind::category(thing.kind).unwrap_or_default();
        names.insert(thing.id, StreamId::new(Arc::from(category), whole(thing.high, thing.low)));
    }
    Ok(names)
}

/// The streams with a state to show that the history of a subject touches up to a position: first its own and those that are part of it, then the
/// others in the order of their first mention; at most `limit`. To show a state as it was, read each of them whole: of a stream
/// that merely mentions the subject, the history holds only some events.
///
/// # Errors
/// When the database fails.
pub async fn streams_of(
    conn: &mut impl Database,
    subject: Subject,
    until: Option<Position>,
    limit: u32,
) -> Result<Vec<StreamId>, sqlx::Error> {
    let sql = "SELECT DISTINCT stream FROM concerns WHERE subject = $1 AND position <= $2 AND stream <> 0 ORDER BY stream LIMIT $3";
    let until = i64::try_from(until.map_or(u64::MAX, |until| until.0)).unwrap_or(i64::MAX);
    let parts = parts(conn, subject).await?;
    let mut found = BTreeSet::new();
    for part in &parts {
        found.extend(select_column::<i64>(conn, sql, vec![(*part).into(), until.into(), i64::from(limit).into()]).await?);
    }
    let names = streams(conn, found.clone()).await?;
    let (own, others): (Vec<i64>, Vec<i64>) = found.into_iter().partition(|stream| parts.contains(stream));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(own.iter().chain(&others).filter_map(|stream| names.get(stream)).take(limit).cloned().collect())
}
