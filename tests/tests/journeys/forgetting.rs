//! Somebody asks to be forgotten: what is erased, what stays, what is certified, and that no crash leaves it half done.

use event_store::{EventStore as _, LogDigest, Position};
use event_store_sqlite::{Options, SqliteLog};
use serde_json::{Value, json};

use crate::support::SOON;
use crate::support::call::Answer;
use crate::support::cast::{Cast, Staff, appoint};
use crate::support::downstream::{Registered, register};
use crate::support::registrant::{Company, Named};
use crate::support::user::{User, establish};

struct Stage {
    cast: Cast,
    auditor: Staff,
    mirror: Registered,
    administrator: User,
    company: Company,
}

async fn stage() -> Stage {
    let cast = Cast::assemble().await;
    let auditor = appoint(&cast.world, "Aude", &["--role", "auditor"]);
    let mirror = register(&cast.world, "mirror", &[]);
    let company = Company::named("Harbour Castings");
    let administrator = cast.registered(&company, &[&cast.parts_portal]).await;
    Stage { cast, auditor, mirror, administrator, company }
}

impl Stage {
    /// A user who was created, and has not logged in yet.
    async fn user(&self, given_name: &str) -> Named {
        let one_time_password = format!("{given_name}-juniper-71-Anvil-brook");
        let body = json!({ "contact": self.company.contact(given_name, "Okafor"), "one_time_password": one_time_password });
        let created = self.cast.world.post("/v1/users").by(&self.administrator.token).json(body).send().await.ok();
        Named { person: created.text("id"), email: self.company.address_of(given_name), one_time_password }
    }

    async fn forget(&self, person: &str) {
        let forget = self.cast.world.post(format!("/v1/persons/{person}/forget")).by(&self.cast.administrator.token);
        forget.json(json!({ "reason": "Asked for it." })).send().await.ok();
    }

    async fn certificate(&self, person: &str, token: &str) -> Answer {
        self.cast.world.get(format!("/v1/erasures/{person}/certificate")).by(token).send().await
    }

    async fn completed(&self, person: &str) -> Answer {
        test_support::eventually(&format!("{person} to be forgotten"), SOON, async || {
            let certificate = self.certificate(person, &self.auditor.token).await.ok();
            (certificate["state"] == "complete").then_some(certificate)
        })
        .await
    }
}

/// Everything is done, and says so.
fn assert_whole(certificate: &Answer) {
    assert_eq!(certificate["key"]["destroyed"], true, "{certificate}");
    let stores = certificate["stores"].as_array().unwrap();
    assert!(stores.len() >= 9 && stores.iter().all(|store| store["purged"] == true), "{certificate}");
    assert!(certificate["unreadable"]["events"].as_u64() > Some(0), "{certificate}");
    assert!(certificate["done"]["position"].as_u64() > certificate["asked"]["position"].as_u64(), "{certificate}");
    assert_eq!(certificate["backups"]["hold_the_key_if_made_before"], certificate["done"]["at"], "{certificate}");
}

#[tokio::test]
async fn a_certificate_says_what_was_erased_and_how_an_outsider_can_check_it() {
    let stage = stage().await;
    let world = &stage.cast.world;
    let named = stage.user("Lin").await;
    let lin = establish(world, &named, "Your account for").await;
    // Nobody has asked yet.
    stage.certificate(&lin.person, &stage.auditor.token).await.refused(404, "not-found");
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("before");
    let has_backup = world.can_back_up();
    if has_backup {
        world.operator(&["backup", &backup.to_string_lossy()]);
    }

    stage.forget(&lin.person).await;
    let certificate = stage.completed(&lin.person).await;
    assert_whole(&certificate);
    assert_eq!(certificate["asked"]["by"], json!(format!("staff {}", stage.cast.administrator.id)));
    assert_eq!(certificate.text("reason"), "Asked for it.");
    // It names nobody, and only those see it who may.
    let text = certificate.body.to_string();
    assert!(!text.contains("Okafor") && !text.contains(&lin.email) && !text.contains("Alma"), "{text}");
    for token in [&stage.cast.reviewer.token, &stage.administrator.token, &stage.mirror.token] {
        stage.certificate(&lin.person, token).await.refused(403, "forbidden");
    }
    stage.certificate(&lin.person, &stage.cast.administrator.token).await.ok();
    // Signed in she is no more, and her sessions are gone.
    world.get("/v1/me").by(&lin.token).send().await.refused(401, "unauthenticated");

    // The service that was told has not acknowledged it, then has.
    assert_eq!(certificate["services"], json!([{ "service": "mirror" }]), "{certificate}");
    world.post(format!("/v1/erasures/{}/acknowledge", lin.person)).by(&stage.mirror.token).send().await.ok();
    let certificate = stage.certificate(&lin.person, &stage.auditor.token).await.ok();
    assert!(certificate["services"][0]["acknowledged_at"].is_string(), "{certificate}");

    // What an outsider computes from a backup of before is what the certificate says: the record is as it was.
    if has_backup {
        let positions = certificate["unreadable"]["positions"].as_array().unwrap();
        let digest = digest_of(&backup.join("events.db"), positions).await;
        assert_eq!(certificate["unreadable"]["records_sha256"], json!(digest));
    }
    let printed = world.operator(&["erasures", "certificate", &lin.person]);
    for part in ["State:      complete", "destroyed", "mirror", "acknowledged", "those made before"] {
        assert!(printed.contains(part), "{part:?} is not in {printed}");
    }
    let printed: Value = serde_json::from_str(&world.operator(&["erasures", "certificate", &lin.person, "--json"])).unwrap();
    assert_eq!(printed["unreadable"], certificate["unreadable"]);
}

/// SHA-256 over the records at these positions of the log in this file, as the certificate describes it.
async fn digest_of(file: &std::path::Path, positions: &[Value]) -> String {
    let log = SqliteLog::open(file, Options::new(std::sync::Arc::new(jiff::Timestamp::now))).unwrap();
    let mut digest = LogDigest::default();
    for position in positions {
        let before = Position(position.as_u64().unwrap() - 1);
        digest.add(&log.read_all(before, 1).await.unwrap()[0]).unwrap();
    }
    log.close();
    digest.text()
}

#[tokio::test]
async fn forgetting_goes_on_wherever_the_service_is_killed() {
    let stage = stage().await;
    let world = &stage.cast.world;
    let mut users = Vec::new();
    for name in ["Ava", "Bea", "Cleo", "Dina", "Elsa", "Fay", "Gwen", "Hope"] {
        users.push(stage.user(name).await.person);
    }
    let mut begun = 0;
    for (looks, person) in users.iter().enumerate() {
        stage.forget(person).await;
        // Killed after so many looks: each time somewhere else on the way from the promise to its end.
        for _ in 0..looks {
            let certificate = stage.certificate(person, &stage.auditor.token).await.ok();
            begun += u32::from(certificate["state"] == "begun");
        }
        world.kill_and_restart();
        assert_whole(&stage.completed(person).await);
    }
    assert!(begun > 0, "it was never seen on its way");
    // Several at once, killed twice in a row.
    let mut more = Vec::new();
    for name in ["Iris", "Jane", "Kaya"] {
        more.push(stage.user(name).await.person);
    }
    for person in &more {
        stage.forget(person).await;
    }
    world.kill_and_restart();
    world.kill_and_restart();
    for person in users.iter().chain(&more) {
        assert_whole(&stage.completed(person).await);
    }
    // Asked again, nothing new happens.
    let before = stage.certificate(&more[0], &stage.auditor.token).await.ok();
    stage.forget(&more[0]).await;
    let after = stage.certificate(&more[0], &stage.auditor.token).await.ok();
    assert_eq!((&before["asked"], &before["done"]), (&after["asked"], &after["done"]));
}
