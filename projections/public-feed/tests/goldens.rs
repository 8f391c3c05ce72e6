//! An instance of every event that was ever stored, told to other services: what comes out holds nothing personal and no text of anybody.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot have what it needs has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use domain::personal::{self, Parts};
use domain::*;
use jiff::Timestamp;
use projection_runtime::{Envelope, Fingerprint, Metadata, Position, Standalone, StreamId};
use public_events::{PublicEvent, schema};
use public_feed::{Entry, Origin, PublicFeed, Scope, Snapshot, page};
use serde::Deserialize;
use serde_json::{Value, json};
use test_support::servers::TestDatabase;

/// What a stream begins with, so that an instance of everything else can follow.
const FIRST: &[&str] = &["published.v1", "sent.v1", "started.v1", "created.v1"];

/// All instances by category and file, those that begin a stream first.
fn goldens() -> BTreeMap<(String, bool, String), Value> {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/events");
    let mut found = BTreeMap::new();
    for category in std::fs::read_dir(schemas).unwrap().map(|entry| entry.unwrap()) {
        for event in std::fs::read_dir(category.path()).unwrap().map(|entry| entry.unwrap()) {
            for file in std::fs::read_dir(event.path()).unwrap().map(|entry| entry.unwrap().path()) {
                let name = file.file_name().unwrap().to_str().unwrap().to_owned();
                let Some(version) = name.strip_suffix(".golden.json") else { continue };
                let event = format!("{}.{version}", event.file_name().to_str().unwrap());
                let golden = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
                let category = category.file_name().to_str().unwrap().to_owned();
                found.insert((category, !FIRST.contains(&event.as_str()), event), golden);
            }
        }
    }
    found
}

/// One stream for each aggregate; that of the person is the user's.
fn event(category: &str, golden: &Value) -> DomainEvent {
    let key = uuid::Uuid::from_u128(match category {
        "person" | "user" => 1,
        other => other.bytes().fold(7, |sum, byte| sum * 31 + u128::from(byte)),
    });
    let stored = json!({ golden["type"].as_str().unwrap(): golden["data"] });
    let parts = golden["personal"].as_array().unwrap().iter().map(|sealed| Parts {
        person: PersonId::deserialize(&sealed["person"]).unwrap(),
        values: Some(sealed["values"].as_array().unwrap().iter().map(|value| serde_json::value::to_raw_value(value).unwrap()).collect()),
    });
    let parts: Vec<Parts> = parts.collect();
    macro_rules! decode {
        ($(($name:ident, $id:ident, $event:ident, $category:literal))*) => {
            match category {
                $($category => {
                    let event: Result<events::$event, _> = personal::providing(parts, || Deserialize::deserialize(&stored));
                    DomainEvent::$name($id(key), event.unwrap())
                })*
                other => panic!("there is no aggregate {other}"),
            }
        };
    }
    domain::for_each_aggregate!(decode)
}

mod events {
    pub(super) use domain::access::AccessEvent;
    pub(super) use domain::application::ApplicationEvent;
    pub(super) use domain::calendar::CalendarEvent;
    pub(super) use domain::credential::CredentialEvent;
    pub(super) use domain::invitation::InvitationEvent;
    pub(super) use domain::mail::MailEvent;
    pub(super) use domain::organization::OrganizationEvent;
    pub(super) use domain::person::PersonEvent;
    pub(super) use domain::registration::RegistrationEvent;
    pub(super) use domain::relationship::RelationshipEvent;
    pub(super) use domain::reservation::ReservationEvent;
    pub(super) use domain::service::ServiceEvent;
    pub(super) use domain::staff::StaffEvent;
    pub(super) use domain::subscription::SubscriptionEvent;
    pub(super) use domain::user::UserEvent;
}

/// The person is forgotten when all else was said of them.
fn log() -> Vec<Arc<Envelope>> {
    let (of_persons, others): (Vec<_>, Vec<_>) = goldens().into_iter().partition(|((category, ..), _)| category == "person");
    let mut versions = BTreeMap::<&'static str, u64>::new();
    let all = others.into_iter().chain(of_persons);
    all.zip(1..)
        .map(|(((category, _, name), golden), position)| {
            let event = event(&category, &golden);
            let version = versions.entry(event.category()).or_default();
            *version += 1;
            Arc::new(Envelope {
                position: Position(position),
                stream: StreamId::new(event.category(), event.key()),
                version: *version - 1,
                id: EventId(uuid::Uuid::from_u128(u128::from(position))),
                event_type: format!("{category}.{name}").into(),
                recorded_at: Timestamp::from_second(1_700_000_000).unwrap(),
                metadata: Metadata {
                    command: CommandId(uuid::Uuid::nil()),
                    fingerprint: Fingerprint(0),
                    actor: Actor::System("test".to_owned()),
                    from: "cli Wanda Whitebread".to_owned(),
                    cause: None,
                },
                event,
            })
        })
        .collect()
}

async fn feed() -> (tempfile::TempDir, Standalone<PublicFeed>) {
    let folder = tempfile::tempdir().unwrap();
    let mut feed =
        Standalone::create_twice(&folder.path().join("rows"), &TestDatabase::of_this_thread().parse().unwrap(), PublicFeed).await.unwrap();
    feed.apply(&log()).await.unwrap();
    (folder, feed)
}

async fn page_of_everything(feed: &mut Standalone<PublicFeed>) -> Vec<Entry> {
    page(feed.rows(), Position::START, 1_000, &Scope::Everything).await.unwrap()
}

fn leaves(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(found.insert(text.clone())),
        Value::Array(all) => all.iter().for_each(|value| leaves(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| leaves(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_id_or_instant(text: &str) -> bool {
    text.parse::<uuid::Uuid>().is_ok() || text.parse::<Timestamp>().is_ok()
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[tokio::test]
async fn no_row_holds_a_name_an_address_a_reason_or_anything_else_that_somebody_wrote() {
    let mut written = BTreeSet::from(["Wanda Whitebread".to_owned()]);
    goldens().values().for_each(|golden| [&golden["data"], &golden["personal"]].into_iter().for_each(|part| leaves(part, &mut written)));
    // Words of the language and the code of an application are public; two letters are in everything. The name of a service is kept for
    // the operator.
    let is_known = |text: &str| text == "BSCP" || text == "sft-provisioning";
    written.retain(|text| !is_id_or_instant(text) && !is_word(text) && !is_known(text) && text.len() > 3);
    for known in ["ada@example.com", "Rotor Works GmbH", "Seen in the register of companies", "GH-4V8N-T6YC", "GH-7K3M-Q2XD"] {
        assert!(written.contains(known), "{known} is what the instances are made of");
    }

    let (_folder, mut feed) = feed().await;
    let lines = feed.lines().await.unwrap();
    for line in &lines {
        assert_eq!(written.iter().find(|text| line.contains(text.as_str())), None, "in {line}");
    }
    let cells: usize = lines.iter().map(|line| line.split(" | ").filter(|cell| !cell.is_empty()).count()).sum();
    assert!(cells > 200, "only {cells} cells were looked at");
}

#[tokio::test]
async fn the_data_of_every_public_event_are_ids_instants_codes_and_words_of_the_language() {
    let (_folder, mut feed) = feed().await;
    let told = page_of_everything(&mut feed).await;
    for entry in &told {
        let mut values = BTreeSet::new();
        leaves(&serde_json::from_str(&entry.data).unwrap(), &mut values);
        for value in values {
            let is_code = value.parse::<public_events::ApplicationCode>().is_ok();
            assert!(is_id_or_instant(&value) || is_code || is_word(&value), "{}: {value}", entry.kind);
        }
    }
    let kinds: BTreeSet<&str> = told.iter().map(|entry| entry.kind.as_str()).collect();
    let missing: Vec<_> = PublicEvent::KINDS.iter().filter(|kind| !kinds.contains(**kind)).collect();
    assert_eq!(missing, Vec::<&&str>::new(), "every public event comes of a stored one");
}

#[tokio::test]
async fn what_is_told_fits_the_schemas_that_are_published() {
    let valid = |schema: &Value, instance: &Value| {
        let validator = jsonschema::options().should_validate_formats(true).build(schema).unwrap();
        let errors: Vec<String> = validator.iter_errors(instance).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{instance:#}");
    };
    let (_folder, mut feed) = feed().await;
    let origin = Origin { source: "urn:gateway".to_owned(), schemas: "/v1/schemas".to_owned(), epoch: uuid::Uuid::from_u128(7) };
    for entry in page_of_everything(&mut feed).await {
        let message: Value = serde_json::from_slice(&entry.envelope(&origin).unwrap().to_json().unwrap()).unwrap();
        valid(&schema::envelope(), &message);
        valid(&schema::event(&entry.kind).unwrap(), &message["data"]);
    }
    let mut snapshot = Snapshot::new(Scope::Everything, origin.epoch);
    let mut kinds = BTreeSet::new();
    while let Some(lines) = snapshot.next(feed.rows(), 100).await.unwrap() {
        for line in lines {
            let line = serde_json::to_value(&line).unwrap();
            valid(&schema::snapshot(), &line);
            kinds.insert(line["kind"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(kinds.len(), 8, "{kinds:?}");
}

/// `EVENTS.md` says in its last column what other services are told of an event.
#[tokio::test]
async fn what_is_told_of_an_event_is_what_the_catalogue_says() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/EVENTS.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| [`"));
    let cells = rows.map(|row| row.trim_matches('|').split(" | ").collect::<Vec<_>>());
    let words = |cell: &str| cell.split('`').nth(1).map(ToOwned::to_owned);
    let said: BTreeMap<String, Option<String>> = cells.map(|cells| (words(cells[0]).unwrap(), words(cells.last().unwrap()))).collect();

    let (_folder, mut feed) = feed().await;
    let told = page_of_everything(&mut feed).await;
    for event in log() {
        let as_what = told.iter().find(|entry| entry.position == event.position).map(|entry| entry.kind.clone());
        // A version that is not written any more is told as the one that took its place.
        let of_any_version = |name: &str| name.rsplit_once(".v").map(|(name, _)| name.to_owned());
        let takes_its_place = || said.iter().find(|(name, _)| of_any_version(name) == of_any_version(&event.event_type));
        let expected = said.get(&*event.event_type).or_else(|| takes_its_place().map(|(_, told)| told));
        assert_eq!(expected, Some(&as_what), "{}", event.event_type);
    }
}

#[tokio::test]
async fn what_is_told_can_be_read_again_by_whoever_has_this_version_of_the_language() {
    let (_folder, mut feed) = feed().await;
    for entry in page_of_everything(&mut feed).await {
        let event = PublicEvent::decode(&entry.kind, &entry.data).unwrap().unwrap();
        assert_eq!(event.data().unwrap(), entry.data);
        assert_eq!(event.kind(), entry.kind);
    }
}
