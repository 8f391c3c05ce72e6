//! Events to rows.

mod mentions;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::ParseIntError;
use std::sync::Arc;

use domain::EventId;
use projection_runtime::table::{TableRow, load, select, upsert};
use projection_runtime::{Envelope, ProjectionError, Tables};
use uuid::Uuid;

use crate::narrate::introduces;
use crate::rows::{Cause, Concern, Inclusion, Kind, Membership, Thing, halves, whole};
use mentions::{Mentions, mentions};

/// A stream or a subject by name.
type Name = (Kind, Uuid);

/// Applies a batch: finds out what the events mention, reads what earlier events said of these, and writes the new rows.
pub(crate) async fn apply(conn: &mut Tables<'_>, events: &[Arc<Envelope>]) -> Result<(), ProjectionError> {
    let all: Vec<Mentions> = events.iter().map(|envelope| mentions(envelope)).collect();
    let mut known = Known::load(conn, events, &all).await?;
    let mut rows = Rows::default();
    for (envelope, mentions) in events.iter().zip(all) {
        rows.add(&mut known, envelope, mentions);
    }
    insert(conn, &known.new_things).await?;
    insert(conn, &rows.concerns).await?;
    upsert(conn, &rows.inclusions.into_iter().map(|(subject, included)| Inclusion { subject, included }).collect::<Vec<_>>()).await?;
    upsert(conn, &rows.memberships.into_iter().map(|(person, organization)| Membership { person, organization }).collect::<Vec<_>>())
        .await?;
    insert(conn, &rows.causes).await?;
    Ok(())
}

/// Rows that are certainly new: no event is applied twice.
async fn insert<R: TableRow>(conn: &mut Tables<'_>, rows: &[R]) -> Result<(), sqlx::Error> {
    let rows = rows.iter().map(TableRow::values).collect::<Result<_, _>>()?;
    R::TABLE.insert(conn, rows).await
}

/// What earlier events said, as far as the batch needs it, with what the batch adds.
struct Known {
    numbers: HashMap<Name, i64>,
    last: i64,
    new_things: Vec<Thing>,
    memberships: BTreeMap<i64, i64>,
    causes: BTreeMap<EventId, Vec<i64>>,
}

impl Known {
    async fn load(conn: &mut Tables<'_>, events: &[Arc<Envelope>], all: &[Mentions]) -> Result<Self, sqlx::Error> {
        let mut names: BTreeSet<Name> = events.iter().filter_map(|envelope| stream(envelope)).collect();
        let mut causes = BTreeSet::new();
        for mentions in all {
            names.extend(mentions.subjects.iter().chain(&mentions.maybe).copied());
            names.extend(mentions.member_of.iter().copied());
            causes.extend(mentions.mail_for);
        }
        let by_key: HashMap<_, Name> = names.into_iter().map(|name| (key(name), name)).collect();
        let numbers: HashMap<Name, i64> = load::<Thing>(conn, by_key.keys().copied())
            .await?
            .into_iter()
            .filter_map(|thing| by_key.get(&thing.key()).map(|name| (*name, thing.id)))
            .collect();
        let members: BTreeSet<(i64,)> =
            all.iter().filter_map(|mentions| mentions.member).filter_map(|member| numbers.get(&member)).map(|number| (*number,)).collect();
        let memberships = load::<Membership>(conn, members).await?.into_iter().map(|row| (row.person, row.organization)).collect();
        let last: Vec<Thing> = select(conn, "ORDER BY id DESC LIMIT 1", Vec::new()).await?;
        let last = last.first().map_or(0, |thing| thing.id);
        Ok(Self { numbers, last, new_things: Vec::new(), memberships, causes: load_causes(conn, causes).await? })
    }

    /// The number of a thing, a new one if it is mentioned for the first time. In the order of the log, so that batches of any
    /// size give the same numbers.
    fn number(&mut self, name: Name) -> i64 {
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        self.last += 1;
        self.numbers.insert(name, self.last);
        let (high, low, kind) = key(name);
        self.new_things.push(Thing { high, low, kind, id: self.last });
        self.last
    }
}

async fn load_causes(conn: &mut Tables<'_>, events: BTreeSet<EventId>) -> Result<BTreeMap<EventId, Vec<i64>>, sqlx::Error> {
    let mut found = BTreeMap::new();
    for Cause { high, low, subjects } in load::<Cause>(conn, events.into_iter().map(|event| halves(event.0))).await? {
        let subjects: Result<_, _> = subjects.split_ascii_whitespace().map(str::parse).collect();
        found.insert(EventId(whole(high, low)), subjects.map_err(|error: ParseIntError| sqlx::Error::Decode(error.into()))?);
    }
    Ok(found)
}

/// As the table of things has it.
fn key((kind, id): Name) -> (i64, i64, i64) {
    let (high, low) = halves(id);
    (high, low, kind.code())
}

/// The stream of an event, if it has a state that somebody asks for.
fn stream(envelope: &Envelope) -> Option<Name> {
    Some((Kind::of(&envelope.event), envelope.event.key())).filter(|(kind, _)| kind.has_state())
}

/// What the batch adds.
#[derive(Default)]
struct Rows {
    concerns: Vec<Concern>,
    inclusions: BTreeSet<(i64, i64)>,
    memberships: BTreeMap<i64, i64>,
    causes: Vec<Cause>,
}

impl Rows {
    fn add(&mut self, known: &mut Known, envelope: &Envelope, mentions: Mentions) {
        let position = envelope.position.0;
        let stream = stream(envelope).map_or(0, |stream| known.number(stream));
        let mut subjects: BTreeSet<i64> = mentions.subjects.iter().map(|name| known.number(*name)).collect();
        subjects.extend(mentions.maybe.iter().filter_map(|name| known.numbers.get(name)));
        if let (Some(member), Some(organization)) = (mentions.member, mentions.member_of) {
            let (member, organization) = (known.number(member), known.number(organization));
            known.memberships.insert(member, organization);
            self.memberships.insert(member, organization);
        }
        if let Some(organization) =
            mentions.member.and_then(|member| known.numbers.get(&member)).and_then(|member| known.memberships.get(member))
        {
            subjects.insert(*organization);
        }
        if let Some(concerned) = mentions.mail_for.and_then(|cause| known.causes.get(&cause)) {
            subjects.extend(concerned);
        }
        for (subject, included) in mentions.includes {
            let pair = (known.number(subject), known.number(included));
            self.inclusions.insert(pair);
        }
        if mentions.can_owe_mail {
            let ((high, low), concerned) = (halves(envelope.id.0), subjects.iter().copied().collect());
            let texts: Vec<String> = subjects.iter().map(i64::to_string).collect();
            known.causes.insert(envelope.id, concerned);
            self.causes.push(Cause { high, low, subjects: texts.join(" ") });
        }
        let introduces = introduces(&envelope.event);
        self.concerns.extend(subjects.into_iter().map(|subject| Concern { subject, position, stream, introduces }));
    }
}
