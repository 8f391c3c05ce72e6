//! Events are contracts (architecture, rule 12): every event has a golden file for each version that was ever written, and
//! every golden file can be read. `cargo xtask generate` writes those that are missing and never changes one that is there.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by a panic")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use domain::PersonId;
use domain::access::AccessEvent;
use domain::application::ApplicationEvent;
use domain::calendar::CalendarEvent;
use domain::credential::CredentialEvent;
use domain::invitation::InvitationEvent;
use domain::mail::MailEvent;
use domain::organization::OrganizationEvent;
use domain::person::PersonEvent;
use domain::personal::{Parts, collecting, providing};
use domain::registration::RegistrationEvent;
use domain::relationship::RelationshipEvent;
use domain::reservation::ReservationEvent;
use domain::service::ServiceEvent;
use domain::staff::StaffEvent;
use domain::subscription::SubscriptionEvent;
use domain::user::UserEvent;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// What a golden file holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    #[serde(rename = "type")]
    name: String,
    data: Value,
    personal: Vec<GoldenParts>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GoldenParts {
    person: PersonId,
    values: Vec<Box<RawValue>>,
}

impl Golden {
    fn event(&self) -> Value {
        Value::Object(Map::from_iter([(self.name.clone(), self.data.clone())]))
    }

    fn parts(&self) -> Vec<Parts> {
        self.personal.iter().map(|of| Parts { person: of.person, values: Some(of.values.clone()) }).collect()
    }

    fn parts_after_forgetting(&self) -> Vec<Parts> {
        self.personal.iter().map(|of| Parts { person: of.person, values: None }).collect()
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/events")
}

/// Every golden file, with the place it is in (`registration/submitted/v1`).
fn golden_files() -> Vec<(String, Golden)> {
    let mut files = Vec::new();
    let mut open = vec![folder()];
    while let Some(folder_now) = open.pop() {
        for entry in std::fs::read_dir(&folder_now).unwrap_or_else(|error| panic!("{}: {error}", folder_now.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if let Some(place) = path.strip_prefix(folder()).unwrap().to_str().unwrap().strip_suffix(".golden.json") {
                let text = std::fs::read_to_string(&path).unwrap();
                let golden = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                files.push((place.to_owned(), golden));
            }
        }
    }
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    files
}

/// What can be done with the golden files of one aggregate.
struct Checks {
    reads_and_writes_the_same: fn(&Golden),
    reads_after_forgetting: fn(&Golden),
}

/// Those for the aggregate that the event's name begins with.
fn checks(golden: &Golden) -> Checks {
    let of = golden.name.split('.').next().unwrap();
    macro_rules! each {
        ($(($name:ident, $id:ident, $event:ident, $category:literal))*) => {
            match of {
                $($category => Checks {
                    reads_and_writes_the_same: reads_and_writes_the_same::<$event>,
                    reads_after_forgetting: reads_after_forgetting::<$event>,
                },)*
                other => panic!("no aggregate {other}"),
            }
        };
    }
    domain::for_each_aggregate!(each)
}

fn reads<E: DeserializeOwned + std::fmt::Debug>(golden: &Golden) -> E {
    providing(golden.parts(), || E::deserialize(golden.event())).unwrap_or_else(|error| panic!("{}: {error}", golden.name))
}

fn reads_and_writes_the_same<E: Serialize + DeserializeOwned + std::fmt::Debug>(golden: &Golden) {
    let event: E = reads(golden);
    let (stored, collected) = collecting(|| serde_json::to_value(&event));
    assert_eq!(stored.unwrap(), golden.event());
    assert_eq!(collected.len(), golden.personal.len(), "{}", golden.name);
    for ((person, values), golden) in collected.iter().zip(&golden.personal) {
        let texts = |values: &[Box<RawValue>]| -> Vec<Value> { values.iter().map(|v| serde_json::from_str(v.get()).unwrap()).collect() };
        assert_eq!((*person, texts(values)), (golden.person, texts(&golden.values)));
    }
}

fn reads_after_forgetting<E: DeserializeOwned + std::fmt::Debug>(golden: &Golden) {
    let event = providing(golden.parts_after_forgetting(), || E::deserialize(golden.event()));
    let shown = format!("{:?}", event.unwrap_or_else(|error| panic!("{}: {error}", golden.name)));
    assert_eq!(shown.contains("erased"), !golden.personal.is_empty(), "{shown}");
}

/// The names of all events that can be written today.
fn events() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    macro_rules! each {
        ($(($name:ident, $id:ident, $event:ident, $category:literal))*) => {$(
            let schema: Value = schemars::schema_for!($event).into();
            for variant in schema["oneOf"].as_array().unwrap() {
                names.insert(variant["required"][0].as_str().unwrap().to_owned());
            }
        )*};
    }
    domain::for_each_aggregate!(each);
    names
}

#[test]
fn every_event_has_a_golden_file_and_a_schema_where_its_name_says() {
    let places: BTreeSet<String> = golden_files()
        .into_iter()
        .map(|(place, golden)| {
            assert_eq!(place, golden.name.replace('.', "/"));
            place
        })
        .collect();
    for event in events() {
        let place = event.replace('.', "/");
        assert!(places.contains(&place), "{event} has no golden file: run `cargo xtask generate`");
        assert!(folder().join(format!("{place}.json")).is_file(), "{event} has no schema: run `cargo xtask generate`");
    }
}

#[test]
fn every_golden_file_is_read_whatever_its_version() {
    let files = golden_files();
    assert!(files.len() >= events().len());
    for (_, golden) in &files {
        (checks(golden).reads_after_forgetting)(golden);
    }
}

#[test]
fn every_golden_file_of_a_version_that_is_written_today_is_written_as_it_is_read() {
    let today = events();
    for (_, golden) in golden_files().iter().filter(|(_, golden)| today.contains(&golden.name)) {
        (checks(golden).reads_and_writes_the_same)(golden);
    }
}
