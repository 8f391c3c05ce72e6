//! Canaries: secrets and personal values that occur nowhere else go through every flow, and are looked for afterwards in everything that the
//! service wrote, in every notation.
//!
//! *Secrets* are nowhere at all; the tokens of links are in the mails that bring them, and nowhere else. *Personal values* are in read models
//! and mails only, and gone from the read models' files once the person is forgotten. *Free texts* (reasons, questions, answers) are part of
//! the record, and are neither logged nor published.

mod bad_input;
mod finder;
mod people;
mod walk;

use std::collections::BTreeSet;
use std::path::Path;

use finder::Finder;
use people::{FREE_TEXT, People};
use serde_json::json;
use test_support::servers::NatsServer;

use crate::support::SOON;
use crate::support::cast::Cast;
use crate::support::downstream::{Registered, events, register};
use crate::support::secrets::Kind;
use crate::support::world::World;

const MASTER_KEY: &str = "gatehouse-master-key-1:4be1d00dfeedfacec0ffee0123456789abcdef98765432100fedcba987654321";

#[tokio::test]
async fn secrets_are_nowhere_and_personal_values_are_gone_once_the_person_is_forgotten() {
    let nats = NatsServer::builder().lazy().start();
    let url = nats.url();
    let settings = [("GATEHOUSE_LOG_FILTER", "trace"), ("GATEHOUSE_MASTER_KEY", MASTER_KEY), ("GATEHOUSE_NATS__URL", &url)];
    let (cast, people) = (Cast::assemble_with(&settings).await, People::new());
    let world = &cast.world;
    let service = register(world, "mirror", &[]);
    world.secrets.borrow_mut().add(MASTER_KEY.rsplit_once(':').unwrap().1, Kind::Credential);
    // Begins first: time is counted in seconds, and codes in half minutes.
    let clerk = walk::staff(&cast, &people).await;
    let administrator = walk::invited(&cast, &people).await;
    walk::colleagues(&cast, &people, &administrator).await;
    walk::public(&cast, &people).await;
    let mut faults = bad_input::echoed(&cast, &administrator).await;

    let backups = tempfile::tempdir().unwrap();
    backed_up(world, backups.path(), "before");
    published(&cast, &service, &nats).await;
    let secrets = Searches::of(world, &people);
    faults.extend(secrets.where_they_do_not_belong(&cast, &service, &nats, backups.path()).await);

    // Everything is known of everybody until they are forgotten.
    let known = secrets.personal_in_read_models(world);
    let texts: BTreeSet<String> = people.texts().into_iter().collect();
    let unknown: Vec<_> = texts.difference(&known).filter(|text| !never_kept(text)).collect();
    assert!(unknown.is_empty(), "not looked for in earnest: {unknown:?} in no read model");

    let persons = walk::found(&cast, &people).await;
    assert!(persons.len() >= 8, "{persons:?}");
    world.operator(&["forget", &clerk, "--yes", "--reason", "Has left."]);
    for person in &persons {
        let forget = world.post(format!("/v1/persons/{person}/forget")).by(&cast.administrator.token);
        forget.json(json!({ "reason": "Asked for it." })).send().await.ok();
    }
    let what = format!("the read models to forget {} people", persons.len());
    test_support::eventually(&what, SOON, async || secrets.personal_in_read_models(world).is_empty().then_some(())).await;
    backed_up(world, backups.path(), "after");
    faults.extend(secrets.where_they_do_not_belong(&cast, &service, &nats, backups.path()).await);
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    // Nor when it is started again on what is there, nor when a read model is built anew.
    world.kill_and_restart();
    // Where there may be several instances, what the killed one alone was to do is nobody's until its lease is over.
    test_support::eventually("a rebuild", SOON, async || world.operator_tries(&["rebuild", "directory"], &[]).0.then_some(())).await;
    assert_eq!(secrets.personal_in_read_models(world), BTreeSet::new());
}

/// What no read model keeps: who was named by mistake was corrected in the same entry, and of some nobody asks for a number.
fn never_kept(text: &str) -> bool {
    ["Mispeltina", "Grubenvold"].iter().any(|name| text.starts_with(name))
        || ["4101", "4103", "4109", "4110"].iter().any(|end| text.ends_with(end))
}

fn backed_up(world: &World, folder: &Path, name: &str) {
    if world.can_back_up() {
        world.operator(&["backup", &folder.join(name).to_string_lossy()]);
    }
}

/// Waits until all that there is to be published was.
async fn published(cast: &Cast, service: &Registered, nats: &NatsServer) {
    let last = events(&cast.world, service).await.last().unwrap()["id"].as_str().unwrap().to_owned();
    let finder = Finder::of([last.as_str()]);
    test_support::eventually("the last event to be published", SOON, async || {
        (!finder.in_folder(nats.data_folder()).is_empty()).then_some(())
    })
    .await;
}

/// What is looked for.
struct Searches {
    credentials: Finder,
    links: Finder,
    personal: Finder,
    free: Finder,
    codes: Vec<String>,
}

impl Searches {
    fn of(world: &World, people: &People) -> Self {
        let secrets = world.secrets.borrow();
        let of = |kinds: &[Kind]| Finder::of(secrets.all().filter(|(_, kind)| kinds.contains(kind)).map(|(text, _)| text));
        let count = |wanted: Kind| secrets.all().filter(|(_, kind)| *kind == wanted).count();
        assert!(
            count(Kind::Credential) > 25 && count(Kind::Token) > 12 && count(Kind::LinkToken) > 4 && count(Kind::Code) > 2,
            "{secrets:?}"
        );
        Self {
            credentials: of(&[Kind::Credential, Kind::Token]),
            links: of(&[Kind::LinkToken]),
            personal: Finder::of(people.texts().iter().map(String::as_str)),
            free: Finder::of([FREE_TEXT, "Snibbletop"]),
            codes: secrets.all().filter(|(_, kind)| *kind == Kind::Code).map(|(code, _)| code.to_owned()).collect(),
        }
    }

    /// The personal values that are in read models, wherever those are.
    fn personal_in_read_models(&self, world: &World) -> BTreeSet<String> {
        let in_files = world.data().flat_map(|data| self.personal.in_folder(&data.join("views")).into_values()).flatten();
        let tables = world.tables("gatehouse_views").into_iter().chain(world.tables("view_"));
        let in_database = tables.flat_map(|(_, rows)| self.personal.in_bytes(rows.as_bytes()));
        in_files.chain(in_database).map(|(text, _)| text).collect()
    }

    /// What is found where it does not belong.
    async fn where_they_do_not_belong(&self, cast: &Cast, service: &Registered, nats: &NatsServer, backups: &Path) -> Vec<String> {
        let (world, mut faults) = (&cast.world, Faults(Vec::new()));
        for folder in world.data() {
            self.in_folder(&mut faults, folder, "data folder", &["views", "mail"], &["views", "mail", "log/events.db"]);
        }
        self.in_folder(&mut faults, world.logs(), "log", &[], &[]);
        self.in_folder(&mut faults, nats.data_folder(), "NATS", &[], &[]);
        for backup in std::fs::read_dir(backups).unwrap() {
            self.in_folder(&mut faults, &backup.unwrap().path(), "backup", &[], &["events.db"]);
        }
        for schema in ["gatehouse_log", "gatehouse_keys", "gatehouse_vault", "gatehouse_views"] {
            let (is_views, is_log) = (schema == "gatehouse_views", schema == "gatehouse_log");
            for (table, rows) in world.tables(schema) {
                self.in_text(&mut faults, &rows, &format!("{schema}.{table}"), is_views, is_views || is_log);
            }
        }
        self.in_text(&mut faults, &world.text("/metrics").await, "metrics", false, false);
        self.in_text(&mut faults, &json!(events(world, service).await).to_string(), "events over HTTP", false, false);
        self.in_text(&mut faults, &world.operator(&["status", "--json"]), "status", false, false);
        self.in_text(&mut faults, &world.operator(&["config"]), "configuration", false, false);
        let logs: String =
            finder::files(world.logs()).iter().map(|file| String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned()).collect();
        assert!(logs.contains("\"level\":\"TRACE\""), "it was to be logged in full");
        for code in &self.codes {
            let logged = [format!("\"{code}\""), format!("\\\"{code}\\\""), format!("code={code}"), format!("code: {code}")];
            faults.unless(!logged.iter().any(|text| logs.contains(text)), || format!("the code {code} is in the log"));
        }
        faults.0
    }

    /// Of a folder, personal values may be in the first, free texts in the second.
    fn in_folder(&self, faults: &mut Faults, folder: &Path, what: &str, personal: &[&str], free: &[&str]) {
        assert!(!finder::files(folder).is_empty(), "there is no {what}");
        let searches = [
            ("secrets", &self.credentials, &[][..]),
            ("tokens of links", &self.links, if personal.is_empty() { &[] } else { &["mail"] }),
            ("personal values", &self.personal, personal),
            ("free texts", &self.free, free),
        ];
        for (kind, finder, allowed) in searches {
            for (file, found) in finder.in_folder(folder) {
                let belongs = allowed.iter().any(|name| file.to_string_lossy().starts_with(name));
                faults.unless(belongs, || format!("{kind} in the {what}, in {}: {found:?}", file.display()));
            }
        }
    }

    fn in_text(&self, faults: &mut Faults, text: &str, what: &str, personal: bool, free: bool) {
        for (finder, is_allowed) in [(&self.credentials, false), (&self.links, false), (&self.personal, personal), (&self.free, free)] {
            let found = finder.in_bytes(text.as_bytes());
            faults.unless(is_allowed || found.is_empty(), || format!("in the {what}: {found:?}"));
        }
    }
}

/// What was found where it does not belong.
struct Faults(Vec<String>);

impl Faults {
    fn unless(&mut self, holds: bool, fault: impl FnOnce() -> String) {
        if !holds {
            self.0.push(fault());
        }
    }
}
