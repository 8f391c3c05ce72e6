//! How fast read models are rebuilt, followed and read: `cargo run --release -p projection-runtime --example follow-throughput 100000`
//! with the number of registrations, of which every tenth stays open. Ten events each, in a log in memory. A second argument
//! names the one part to measure: `decode`, `each`, a read model, `rebuild`, `paced`, `live`; or `invitations`: then each read model
//! is built from as many invitations instead, with what goes before and after each (the company's name taken, the mail sent), or
//! only the one that a third argument names.
//!
//! With `GATEHOUSE_VIEWS=postgres://…` the read models are in that database, which should have nothing else in it.
//!
//! The processor time is that of the whole process, writing the log included where that goes on meanwhile.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot be made has failed")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::invitation::InvitationEvent;
use domain::mail::MailEvent;
use domain::registration::{AdministratorRole, Origin, RegistrationEvent as Event, RequestedApplication};
use domain::reservation::{ReservationEvent, ReservationKind};
use domain::{
    Actor, Address, AddressLine, Addressee, ApplicationId, CaseNumber, CommandId, CompanyName, Contact, Country, CredentialId, Due, Email,
    EventId, InvitationId, MailId, OrganizationId, OrganizationProfile, Owner, PersonId, PersonName, Personal, Reason, Registrant,
    RegistrationId, ReservationId, StaffId,
};
use event_codec::{Codec, KeysError, PersonalKeys};
use event_store::memory::MemoryStore;
use event_store::{Append, EventStore, Expected};
use jiff::Timestamp;
use postgres_schema::{Limits, Server};
use projection_runtime::{
    BUILDS, Clock, Fence, Fingerprint, Lease, Metadata, PLACES, Position, Projection, Runtime, Setup, Shared, StreamId, rebuild,
};
use review_queue::{Filter, ReviewQueue};
use uuid::Uuid;

struct OpenKeys;

impl PersonalKeys for OpenKeys {
    fn seal(&self, _person: PersonId, _binding: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeysError> {
        Ok(plain.to_vec())
    }

    fn open(&self, _person: PersonId, _binding: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, KeysError> {
        Ok(Some(sealed.to_vec()))
    }
}

fn clock() -> Clock {
    Arc::new(|| Timestamp::UNIX_EPOCH)
}

fn case_id(number: u32) -> Uuid {
    domain::derive(Uuid::from_u128(u128::from(number) << 88), "case")
}

fn due(number: u32) -> Due {
    Due {
        at: Timestamp::from_second(1_800_000_000 + i64::from(number)).unwrap(),
        soon_at: Timestamp::from_second(1_799_000_000 + i64::from(number)).unwrap(),
        counted_from: Timestamp::UNIX_EPOCH,
        business_seconds: 57_600,
        time_zone: "America/New_York".to_owned(),
        calendar_version: 1,
    }
}

fn profile(number: u32) -> OrganizationProfile {
    let line = |text: &str| AddressLine::parse(text).unwrap();
    let country = ["US", "DE", "FR", "GB", "JP"].into_iter().nth(usize::try_from(number % 5).unwrap()).unwrap();
    let address = Address {
        lines: vec![line("1 Main Street")],
        city: line("Springfield"),
        region: None,
        postal_code: Some(line("12345")),
        country: Country::parse(country).unwrap(),
    };
    let legal_name = CompanyName::parse(&format!("Company {number} Aerospace Ltd")).unwrap();
    OrganizationProfile { legal_name, trading_name: None, address, identifiers: Vec::new(), phone: None, website: None }
}

/// The ten events of a registration.
fn story(number: u32) -> Vec<Event> {
    let id = case_id(number);
    let seed = |label: &str| domain::derive(id, label);
    let (person, staff) = (PersonId(seed("person")), StaffId(Uuid::from_u128(u128::from(number % 20))));
    let application = ApplicationId(Uuid::from_u128(u128::from(number % 7)));
    let requested = RequestedApplication { application, owner: Owner::Operator, needs_administrator: false, four_eyes: false };
    let email = Email::parse("ada@example.com").unwrap();
    let name = |text| PersonName::parse(text).unwrap();
    let contact = Contact { given_name: name("Ada"), family_name: name("Lovelace"), email: email.clone(), phone: None, job_title: None };
    let organization = OrganizationId(seed("organization"));
    let reason = || Reason::parse("all in order").unwrap();
    let mut events = vec![
        Event::Started {
            origin: Origin::Public,
            case_number: CaseNumber::derive(seed("case-number")),
            registrant: Personal::new(person, Registrant { name: None, email }),
            company: None,
            applications: vec![requested],
            organization,
            expires_at: Timestamp::from_second(1_900_000_000).unwrap(),
            invited_by: vec![],
        },
        Event::HumanCheckPassed { challenge: "challenge".to_owned() },
        Event::ProfileSaved { profile: profile(number) },
        Event::AdministratorNominated {
            nominee: Personal::new(person, contact),
            is_registrant: true,
            one_time_password: CredentialId(seed("password")),
        },
        Event::AdministratorSelected { nominee: person, role: AdministratorRole::OrganizationAdministrator },
        Event::HandoverAcknowledged { nominee: person },
        Event::ReviewConfirmed {},
        Event::Submitted { dossier_version: 4, due: due(number) },
    ];
    if number.is_multiple_of(10) {
        events.push(Event::Claimed { reviewer: staff, until: Timestamp::from_second(1_700_000_000).unwrap(), taken_over_from: None });
        events.push(Event::Released { reviewer: staff, lapsed: false });
    } else {
        events.push(Event::Approved { reviewer: staff, dossier_version: 4, reason: reason(), effective_at: Timestamp::UNIX_EPOCH });
        events.push(Event::ApprovalTookEffect { organization });
    }
    events
}

/// What `InviteOrg` leaves in the log, over three streams.
async fn invite(store: &MemoryStore, codec: &Codec, from: u32, to: u32) {
    let partner = OrganizationId(Uuid::from_u128(77));
    for number in from..to {
        let command = domain::derive(Uuid::from_u128(u128::from(number) << 88), "command");
        let invitation = InvitationId(domain::derive(command, "invitation"));
        let addressee = Addressee { name: None, email: Email::parse("ada@example.com").unwrap(), message: None };
        let sent = InvitationEvent::Sent {
            inviter: Owner::Partner(partner),
            inviter_name: CompanyName::parse("Boeing").unwrap(),
            company: CompanyName::parse(&format!("Company {number} Aerospace Ltd")).unwrap(),
            addressee: Personal::new(PersonId(Uuid::from_u128(u128::from(number) + (1 << 100))), addressee),
            applications: vec![ApplicationId(Uuid::from_u128(3))],
            organization: None,
            expires_at: Timestamp::from_second(1_900_000_000).unwrap(),
            invited_by: None,
        };
        let reserved = ReservationEvent::Taken { kind: ReservationKind::OpenInvitation, owner: invitation.0 };
        let reservation = ReservationId(domain::derive(command, "reservation"));
        let cause = EventId::derive(command, "event:0");
        let mail = MailId::of(cause, &PersonId(Uuid::from_u128(u128::from(number) + (1 << 100))).to_string());
        let fate = MailEvent::Sent { cause, template: "invitation".to_owned(), attempts: 1 };
        let by = |actor| Metadata {
            command: CommandId(command),
            fingerprint: Fingerprint(0),
            actor,
            from: "http 192.0.2.0/24".to_owned(),
            cause: None,
        };
        let bytes = |metadata: Metadata| codec.encode_metadata(&metadata).unwrap();
        let (invites, mails) = (bytes(by(Actor::Partner(partner))), bytes(by(Actor::System("mail".to_owned()))));
        let streams = [("reservation", reservation.0), ("invitation", invitation.0), ("mail", mail.0)];
        let [taken, invited, told] = streams.map(|(category, key)| StreamId::new(category, key));
        for (event, stream) in [
            (codec.encode(&taken, EventId::derive(command, "reservation"), &reserved, invites.clone()), taken),
            (codec.encode(&invited, cause, &sent, invites), invited),
            (codec.encode(&told, EventId::derive(command, "mail"), &fate, mails), told),
        ] {
            let append = Append { stream, expected: Expected::NoStream, events: vec![event.unwrap()], after: None };
            store.append(append).outcome().await.unwrap();
        }
    }
}

async fn fill(store: &MemoryStore, codec: &Codec, from: u32, to: u32) {
    for number in from..to {
        let mut appends = appends(codec, number);
        let mut whole = appends.remove(0);
        whole.events.extend(appends.into_iter().flat_map(|append| append.events));
        store.append(whole).outcome().await.unwrap();
    }
}

/// A registration, each event in an append of its own.
fn appends(codec: &Codec, number: u32) -> Vec<Append> {
    let stream = StreamId::new("registration", case_id(number));
    let metadata = Metadata {
        command: CommandId(Uuid::from_u128(u128::from(number))),
        fingerprint: Fingerprint(0),
        actor: Actor::Registrant(RegistrationId(stream.key)),
        from: "http 192.0.2.0/24".to_owned(),
        cause: None,
    };
    let metadata = codec.encode_metadata(&metadata).unwrap();
    let append = |(index, event): (usize, Event)| {
        let id = EventId(domain::derive(stream.key, &format!("event {index}")));
        let expected = index.checked_sub(1).map_or(Expected::NoStream, |version| Expected::Exact(u64::try_from(version).unwrap()));
        let events = vec![codec.encode(&stream, id, &event, metadata.clone()).unwrap()];
        Append { stream: stream.clone(), expected, events, after: None }
    };
    story(number).into_iter().enumerate().map(append).collect()
}

fn read_models() -> Vec<Arc<dyn Projection>> {
    vec![
        Arc::new(ReviewQueue),
        Arc::new(registration_status::RegistrationStatus),
        Arc::new(directory::Directory),
        Arc::new(entitlements::Entitlements),
        Arc::new(audit_history::AuditHistory),
        Arc::new(notification_dispatch::NotificationDispatch),
        Arc::new(deadlines::Deadlines { invitation_reminder: jiff::SignedDuration::from_hours(7 * 24) }),
        Arc::new(public_feed::PublicFeed),
    ]
}

/// Processor time of this process so far, all threads.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks: u64 = fields.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

fn cost(events: u64, before: Duration) -> String {
    let spent = processor_time() - before;
    format!("{:.1} µs of processor time each", spent.as_secs_f64() * 1e6 / f64::from(u32::try_from(events).unwrap()))
}

fn rate(events: u64, elapsed: Duration) -> u64 {
    events * 1_000 / u64::try_from(elapsed.as_millis()).unwrap().max(1)
}

/// Where the read models are, unless in files.
async fn shared() -> Option<Shared> {
    let server: Server = std::env::var("GATEHOUSE_VIEWS").ok()?.parse().unwrap();
    let schema = server.schema("gatehouse_views", &[PLACES, BUILDS], Limits::default()).await.unwrap();
    // Greater than any before.
    let held = tokio::sync::watch::Sender::new(Some(Fence(i64::MAX)));
    Some(Shared { schema, lease: Lease::of(held.subscribe()) })
}

async fn measure_rebuild(name: &str, log: &Arc<MemoryStore>, codec: &Codec, projections: &[Arc<dyn Projection>]) {
    let folder = tempfile::tempdir().unwrap();
    let events = log.head().borrow().0;
    let (began, processor) = (Instant::now(), processor_time());
    rebuild(folder.path(), shared().await, log.clone(), codec.clone(), clock(), projections, |_| {}).await.unwrap();
    println!("rebuild of {name}: {} events/s, {}", rate(events, began.elapsed()), cost(events, processor));
}

async fn measure_decode(log: &Arc<MemoryStore>, codec: &Codec) {
    let (mut after, mut events, began, processor) = (Position::START, 0_u64, Instant::now(), processor_time());
    loop {
        let page = log.read_all(after, 1_000).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.position;
        for record in &page {
            codec.decode(record).unwrap();
            events += 1;
        }
    }
    println!("typed decode on one core, nothing else: {} events/s, {}", rate(events, began.elapsed()), cost(events, processor));
}

async fn measure_live(log: &Arc<MemoryStore>, codec: &Codec, registrations: u32) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_owned();
    rebuild(&data, shared().await, log.clone(), codec.clone(), clock(), &read_models(), |_| {}).await.unwrap();
    let setup = Setup { data, shared: shared().await, log: log.clone(), codec: codec.clone(), clock: clock(), projections: read_models() };
    let began = Instant::now();
    let runtime = Runtime::start(setup).await.unwrap();
    let head = *log.head().borrow();
    runtime.wait_for(head, Duration::from_secs(60)).await.unwrap();
    println!("ready with all read models current: {} ms", began.elapsed().as_millis());

    measure_pages(&runtime, "idle").await;
    let began = Instant::now();
    let more = registrations / 10;
    let (filling_log, filling_codec) = (log.clone(), codec.clone());
    let filling = tokio::spawn(async move { fill(&filling_log, &filling_codec, registrations, registrations + more).await });
    measure_pages(&runtime, "under writes").await;
    filling.await.unwrap();
    let head = *log.head().borrow();
    runtime.wait_for(head, Duration::from_secs(600)).await.unwrap();
    println!("live, all read models, with reads: {} events/s", rate(u64::from(more) * 10, began.elapsed()));
    runtime.shutdown().await;
}

/// Registrations that come one by one, each event in an append of its own: what following costs at a rate that it can keep up
/// with, and how far behind it is.
async fn measure_paced(log: &Arc<MemoryStore>, codec: &Codec, mut from: u32) {
    const SECONDS: u32 = 5;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_owned();
    rebuild(&data, shared().await, log.clone(), codec.clone(), clock(), &read_models(), |_| {}).await.unwrap();
    let setup = Setup { data, shared: shared().await, log: log.clone(), codec: codec.clone(), clock: clock(), projections: read_models() };
    let runtime = Runtime::start(setup).await.unwrap();
    runtime.wait_for(*log.head().borrow(), Duration::from_secs(60)).await.unwrap();
    for per_second in [200_u32, 2_000] {
        let registrations = per_second * SECONDS / 10;
        let stories: Vec<_> = (from..from + registrations).map(|number| appends(codec, number)).collect();
        from += registrations;
        let (began, processor) = (Instant::now(), processor_time());
        let (mut done, mut late) = (0_u32, Vec::new());
        for append in stories.into_iter().flatten() {
            tokio::time::sleep_until((began + Duration::from_secs(1) * done / per_second).into()).await;
            let position = log.append(append).outcome().await.unwrap().position;
            done += 1;
            if done.is_multiple_of(per_second / 10) {
                late.push(tokio::spawn(seen(runtime.clone(), position)));
            }
        }
        let spent = cost(u64::from(done), processor);
        let mut lags = Vec::new();
        for lag in late {
            lags.push(lag.await.unwrap());
        }
        lags.sort();
        let (middle, most) = (lags.get(lags.len() / 2).unwrap(), lags.last().unwrap());
        println!("live at {per_second} events/s: {spent}; in all read models after p50 {middle:?}, at most {most:?}");
    }
    let began = Instant::now();
    for append in appends(codec, from) {
        let position = log.append(append).outcome().await.unwrap().position;
        runtime.wait_for(position, Duration::from_secs(5)).await.unwrap();
    }
    println!("an event on an idle service, waited for, is in all read models after {:?}", began.elapsed() / 10);
    if let Some(shared) = shared().await {
        let shared = Some(Shared { lease: Lease::never(), ..shared });
        let data = folder.path().to_owned();
        let setup = Setup { data, shared, log: log.clone(), codec: codec.clone(), clock: clock(), projections: read_models() };
        let other = Runtime::start(setup).await.unwrap();
        other.wait_for(*log.head().borrow(), Duration::from_secs(5)).await.unwrap();
        let began = Instant::now();
        for append in appends(codec, from + 1) {
            let position = log.append(append).outcome().await.unwrap().position;
            other.wait_for(position, Duration::from_secs(5)).await.unwrap();
        }
        println!("… and is seen there by another instance after {:?}", began.elapsed() / 10);
        other.shutdown().await;
    }
    runtime.shutdown().await;
}

/// How long until all read models have come so far, without asking them to.
async fn seen(runtime: Runtime, position: Position) -> Duration {
    let began = Instant::now();
    while runtime.status().iter().any(|status| status.position < position) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    began.elapsed()
}

async fn measure_pages(runtime: &Runtime, when: &str) {
    let views = runtime.views("review-queue").unwrap();
    let deep = {
        let mut view = views.read(None, Duration::from_secs(5)).await.unwrap();
        let far = review_queue::page(view.rows(), &Filter::default(), None, 5_000).await.unwrap();
        far.next
    };
    let text = || Filter { text: Some("company 990".to_owned()), ..Filter::default() };
    let application = || Filter { application: Some(ApplicationId(Uuid::from_u128(3))), ..Filter::default() };
    let country = || Filter { country: Some(Country::parse("US").unwrap()), ..Filter::default() };
    let asked = [
        ("first", Filter::default(), None),
        ("deep", Filter::default(), deep),
        ("application", application(), deep),
        ("country", country(), deep),
        ("text", text(), None),
    ];
    for (name, filter, after) in asked {
        let mut took: Vec<Duration> = Vec::new();
        for _ in 0..300 {
            let began = Instant::now();
            let mut view = views.read(None, Duration::from_secs(5)).await.unwrap();
            review_queue::page(view.rows(), &filter, after, 50).await.unwrap();
            took.push(began.elapsed());
        }
        took.sort();
        println!("queue page of 50, {name}, {when}: p50 {:?} p99 {:?}", took.get(150).unwrap(), took.get(296).unwrap());
    }
}

#[tokio::main]
async fn main() {
    let registrations: u32 = std::env::args().nth(1).map_or(10_000, |text| text.parse().unwrap());
    let codec = Codec::new(Arc::new(OpenKeys));
    let log = Arc::new(MemoryStore::new(clock()));
    let mut part = std::env::args().nth(2);
    if part.as_deref() == Some("invitations") {
        invite(&log, &codec, 0, registrations).await;
        part = std::env::args().nth(3).or(Some("each".to_owned()));
    } else {
        fill(&log, &codec, 0, registrations).await;
    }
    println!("{} events", *log.head().borrow());
    let wants = |name: &str| part.as_deref().is_none_or(|part| part == name);
    if wants("decode") {
        measure_decode(&log, &codec).await;
    }
    for projection in read_models() {
        if wants("each") || part.as_deref() == Some(projection.name()) {
            measure_rebuild(projection.name(), &log, &codec, std::slice::from_ref(&projection)).await;
        }
    }
    if wants("rebuild") {
        measure_rebuild("all of them in one pass", &log, &codec, &read_models()).await;
    }
    if wants("paced") {
        measure_paced(&log, &codec, registrations * 2).await;
    }
    if wants("live") {
        measure_live(&log, &codec, registrations).await;
    }
}
