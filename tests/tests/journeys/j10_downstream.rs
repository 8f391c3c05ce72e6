//! J10: a service of another team subscribes, stops, replays from any position, and misses nothing.

use std::collections::{BTreeMap, BTreeSet};

use gatehouse_client::Source;
use gatehouse_client::nats::async_nats::ConnectOptions;
use gatehouse_client::nats::{Consumer, ConsumerOptions};
use serde_json::{Value, json};
use test_support::servers::NatsServer;

use crate::support::SOON;
use crate::support::cast::Cast;
use crate::support::downstream::{Begin, Language, Provisioner, Registered, Row, Via, events, register};
use crate::support::registrant::{Company, Named};
use crate::support::user::{User, establish};

const EVERYTHING: &str = "gatehouse.v1.>";

/// A user whom the organization's administrator created, with an established account.
async fn colleague(cast: &Cast, administrator: &User, company: &Company, given_name: &str) -> User {
    let one_time_password = format!("{given_name}-juniper-71-Anvil-brook");
    let body = json!({ "contact": company.contact(given_name, "Okafor"), "one_time_password": one_time_password });
    let created = cast.world.post("/v1/users").by(&administrator.token).json(body).send().await.ok();
    let named = Named { person: created.text("id"), email: company.address_of(given_name), one_time_password };
    establish(&cast.world, &named, "Your account for").await
}

/// A user asks for access to the application, and an application administrator grants it; gives back which access.
async fn granted(cast: &Cast, administrator: &User, user: &User) -> String {
    let ask = json!({ "application": cast.parts_portal, "reason": "I answer the drawings." });
    let id = cast.world.post("/v1/accesses").by(&user.token).json(ask).send().await.ok().text("id");
    let grant = cast.world.post(format!("/v1/accesses/{id}/grant")).by(&administrator.token).json(json!({}));
    grant.send().await.ok();
    id
}

async fn decide(cast: &Cast, administrator: &User, path: String) {
    cast.world.post(path).by(&administrator.token).json(json!({ "reason": "As agreed." })).send().await.ok();
}

/// The position of the last event.
async fn last(cast: &Cast, service: &Registered) -> u64 {
    position(events(&cast.world, service).await.last().unwrap())
}

fn position(event: &Value) -> u64 {
    event["position"].as_str().unwrap().parse().unwrap()
}

/// The row of somebody: access, account, name.
fn row<'a>(rows: &'a [Row], user: &User) -> [Option<&'a str>; 3] {
    let found = rows.iter().filter(|row| row[0].as_deref() == Some(&user.person)).collect::<Vec<_>>();
    assert_eq!(found.len(), 1, "{} is there once: {rows:?}", user.person);
    [2, 3, 5].map(|column| found[0][column].as_deref())
}

/// Every event once, none left out, in an order that tells each life from its beginning, and nothing personal.
fn assert_whole(events: &[Value], secrets: &[&str]) {
    let (mut previous, mut ids, mut lives) = (0, BTreeSet::new(), BTreeMap::<String, Vec<&str>>::new());
    for event in events {
        assert_eq!(event["previous"], json!(previous.to_string()), "{event}");
        assert!(position(event) > previous, "{event}");
        assert!(ids.insert(event["id"].to_string()), "{event}");
        previous = position(event);
        let about = event["organization"]
            .as_str()
            .map_or_else(|| event["subject"].to_string(), |organization| format!("organization {organization}"));
        lives.entry(about).or_default().push(event["type"].as_str().unwrap());
        let text = event.to_string();
        assert!(!secrets.iter().any(|secret| text.contains(secret)), "{text}");
    }
    // Of each organization: nobody has an account before it is approved, and nobody access before the subscription.
    for (about, kinds) in lives.iter().filter(|(about, _)| about.starts_with("organization")) {
        let first = |kind: &str| kinds.iter().position(|found| *found == kind);
        for (before, after) in [
            ("registration.submitted.v1", "registration.approved.v1"),
            ("organization.approved.v1", "user.created.v1"),
            ("user.created.v1", "user.activated.v1"),
            ("subscription.activated.v1", "access.granted.v1"),
        ] {
            if let Some(after) = first(after) {
                assert!(first(before).is_some_and(|before| before < after), "{about}: {before} comes first in {kinds:?}");
            }
        }
    }
}

/// Two services follow from the first day on, are killed while much happens, and start again. Gives back one of them, and what both have
/// provisioned in the end.
async fn a_service_misses_nothing(cast: &Cast, via: impl Fn(Language, &str) -> Via) -> (Registered, Vec<Row>) {
    let world = &cast.world;
    let services = [register(world, "accounts-rust", &[]), register(world, "accounts-python", &[])];
    let provisioner = |language: Language, begin: Begin, name: &str| {
        let service = &services[usize::from(language == Language::Python)];
        Provisioner::new(world, service, "PARTS", language, begin, &via(language, name))
    };
    let mut rust = provisioner(Language::Rust, Begin::Snapshot, "rust");
    let mut python = provisioner(Language::Python, Begin::FirstEvent, "python");
    rust.start();
    python.start();

    let company = Company::named("Harbour Castings");
    let ada = cast.registered(&company, &[&cast.parts_portal]).await;
    world.mail(&ada.email, "Harbour Castings is subscribed to Parts Portal").await;
    let mut users = Vec::new();
    for name in ["Lin", "May", "Noor", "Omar"] {
        let user = colleague(cast, &ada, &company, name).await;
        let access = granted(cast, &ada, &user).await;
        users.push((user, access));
    }
    let [(lin, _), (may, may_access), (noor, _), (omar, _)] = &users[..] else { panic!("four were created") };
    let now = last(cast, &services[0]).await;
    let before = rust.provisioned_at(now).await;
    assert_eq!(python.provisioned_at(now).await, before);
    assert_eq!(row(&before, lin), [Some("granted"), Some("active"), Some("Lin Okafor")]);
    let whole = before.iter().find(|row| row[0].as_deref() == Some(&lin.person)).unwrap();
    assert_eq!((whole[4].as_deref(), whole[6].as_deref()), (Some(&*lin.user_id), Some(&*lin.email)));
    assert_eq!(whole[7].as_deref(), Some("Harbour Castings"));

    // They are killed, and a week goes by.
    rust.kill();
    python.kill();
    decide(cast, &ada, format!("/v1/users/{}/suspend", lin.person)).await;
    decide(cast, &ada, format!("/v1/accesses/{may_access}/revoke")).await;
    world.operator(&["forget", &noor.person, "--reason", "Asked to be forgotten.", "--yes"]);
    decide(cast, &ada, format!("/v1/users/{}/suspend", omar.person)).await;
    decide(cast, &ada, format!("/v1/users/{}/reinstate", omar.person)).await;
    let pia = colleague(cast, &ada, &company, "Pia").await;
    granted(cast, &ada, &pia).await;
    let now = erased_at(cast, &services[0], noor).await;
    assert!(rust.progress() < Some(now));

    // They are killed again and again while they catch up, and are where they would be had they never stopped.
    for _ in 0..3 {
        for service in [&mut rust, &mut python] {
            let was = service.progress();
            service.start();
            eventually_moves(service, was, now).await;
            service.kill();
        }
    }
    rust.start();
    python.start();
    let after = rust.provisioned_at(now).await;
    assert_eq!(python.provisioned_at(now).await, after);
    assert_eq!(row(&after, lin), [Some("granted"), Some("suspended"), Some("Lin Okafor")]);
    assert_eq!(row(&after, may), [Some("revoked"), Some("active"), None]);
    assert_eq!(row(&after, omar), [Some("granted"), Some("active"), Some("Omar Okafor")]);
    assert_eq!(row(&after, &pia), [Some("granted"), Some("active"), Some("Pia Okafor")]);

    // Who was forgotten is gone from both, and both have said so.
    assert_eq!(row(&after, noor)[1..], [Some("erased"), None]);
    assert!(after.iter().any(|row| row[0].as_deref() == Some(&noor.person) && row[4..].iter().all(Option::is_none)));
    let erasures = world.get("/v1/erasures").by(&cast.administrator.token).send().await.ok();
    let said: Vec<&Value> = erasures.items()[0]["services"].as_array().unwrap().iter().collect();
    assert_eq!(said.len(), services.len(), "{erasures}");
    for service in &services {
        assert!(said.iter().any(|it| it["service"] == json!(service.name) && it["acknowledged_at"].is_string()), "{erasures}");
    }

    // Whoever replays from the first event, or begins with a snapshot, comes to the same.
    for (language, begin, name) in [
        (Language::Rust, Begin::FirstEvent, "rust-again"),
        (Language::Python, Begin::FirstEvent, "python-again"),
        (Language::Rust, Begin::Snapshot, "rust-from-now"),
        (Language::Python, Begin::Snapshot, "python-from-now"),
    ] {
        let mut another = provisioner(language, begin, name);
        another.start();
        assert_eq!(another.provisioned_at(now).await, after, "{name}");
    }
    assert_whole(&events(world, &services[0]).await, &["Okafor", "Moreau", "Harbour", "As agreed.", "@"]);
    let [service, _] = services;
    (service, after)
}

/// Waits until somebody's erasure was told; gives back the position of the last event by then.
async fn erased_at(cast: &Cast, service: &Registered, person: &User) -> u64 {
    test_support::eventually("the erasure to be told", SOON, async || {
        let events = events(&cast.world, service).await;
        let told = events.iter().any(|event| event["type"] == "person.erased.v1" && event["data"]["person"] == json!(person.person));
        told.then(|| position(events.last().unwrap()))
    })
    .await
}

/// Waits until a service has come further, if there is further to come.
async fn eventually_moves(service: &Provisioner, was: Option<u64>, end: u64) {
    test_support::eventually("a service to move", SOON, async || (service.progress() > was || was >= Some(end)).then_some(())).await;
}

#[tokio::test]
async fn a_service_follows_over_http_stops_for_a_week_and_misses_nothing() {
    let cast = Cast::assemble().await;
    a_service_misses_nothing(&cast, |language, _| if language == Language::Rust { Via::Stream } else { Via::Http }).await;
}

/// Makes a durable consumer, as an operator does, once the publisher has made the stream.
async fn durable(url: &str, name: &str, subjects: &str) -> Consumer {
    test_support::eventually("the stream to be there", SOON, async || {
        let options = ConsumerOptions { create: Some(vec![subjects.to_owned()]), ..ConsumerOptions::named(name) };
        Consumer::connect(url, ConnectOptions::new(), options).await.ok()
    })
    .await
}

#[tokio::test]
async fn a_service_follows_over_nats_stops_for_a_week_and_misses_nothing() {
    let nats = NatsServer::start();
    let url = nats.url();
    let cast = Cast::assemble_with(&[("GATEHOUSE_NATS__URL", &url)]).await;
    for name in ["rust", "python", "rust-again", "python-again", "rust-from-now", "python-from-now"] {
        durable(&url, name, EVERYTHING).await;
    }
    let via = |_, name: &str| Via::Nats { url: url.clone(), consumer: name.to_owned() };
    let (service, provisioned) = a_service_misses_nothing(&cast, via).await;

    // What is in the stream is what is to be had over HTTP: each event once, in the same order, the same to the last field.
    let told = events(&cast.world, &register(&cast.world, "comparer", &[])).await;
    let mut stream = Source::from(durable(&url, "comparer", EVERYTHING).await);
    for expected in &told {
        let delivery = tokio::time::timeout(SOON, stream.next()).await.unwrap().unwrap();
        let found: Value = serde_json::from_slice(&delivery.event.envelope.to_json().unwrap()).unwrap();
        assert_eq!(&found, expected);
        delivery.done().await;
    }

    // A consumer that leaves events out is noticed by the next one that it is sent: they are fetched over HTTP.
    assert!(told.last().is_some_and(|event| event["type"] == "access.granted.v1"), "{:?}", told.last());
    for (language, name) in [(Language::Rust, "rust-with-gaps"), (Language::Python, "python-with-gaps")] {
        durable(&url, name, "gatehouse.v1.access.>").await;
        let mut with_gaps = Provisioner::new(&cast.world, &service, "PARTS", language, Begin::FirstEvent, &via(language, name));
        with_gaps.start();
        assert_eq!(with_gaps.provisioned_at(position(told.last().unwrap())).await, provisioned, "{name}");
        assert!(with_gaps.log().contains("fetching them over HTTP"), "{}", with_gaps.log());
    }
}
