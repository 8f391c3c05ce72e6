//! Registrants whose companies go all the way from the invitation to the approval, each step sent again with the same idempotency key
//! until it is answered.

use std::io::Result;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use key_ring::{Link, MasterKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::http::Connection;
use tests::seed::{Seed, fresh_key, gatehouse};
use uuid::Uuid;

use crate::kill9_clients::{Acknowledged, Sent};

/// Far beyond the companies of the other clients.
const FIRST_COMPANY: u64 = 1_000_000_000;

/// The steps, in their order, each with the event of the registration that it brings about.
const STEPS: &[(Step, &str)] = &[
    (Step::Invite, ""),
    (Step::Accept, "registration.started.v2"),
    (Step::HumanCheck, "registration.human_check_passed.v1"),
    (Step::Profile, "registration.profile_saved.v1"),
    (Step::Nominate, "registration.administrator_nominated.v1"),
    (Step::Select, "registration.administrator_selected.v1"),
    (Step::HandOver, "registration.handover_acknowledged.v1"),
    (Step::Confirm, "registration.review_confirmed.v1"),
    (Step::Submit, "registration.submitted.v1"),
    (Step::Claim, "registration.claimed.v1"),
    (Step::Approve, "registration.approved.v1"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Invite,
    Accept,
    HumanCheck,
    Profile,
    Nominate,
    Select,
    HandOver,
    Confirm,
    Submit,
    Claim,
    Approve,
}

/// How far one company is.
#[derive(Debug, Clone)]
struct Journey {
    company: u64,
    /// How many of [`STEPS`] were answered.
    answered: usize,
    /// The key of the step that comes next.
    key: Uuid,
    link: String,
    registration: String,
    administrator: String,
    /// What the next step needs that is asked for only once: a solved challenge, the version of the dossier.
    prepared: Option<String>,
}

/// Registers one company after the other; is the reviewer, too.
pub(crate) struct Registrant {
    seed: Seed,
    reviewer: String,
    master: Arc<MasterKey>,
    journey: Journey,
    /// Invitations that were answered.
    pub(crate) acknowledged: Vec<Acknowledged>,
    /// Registrations, with the events that were acknowledged.
    pub(crate) done: Vec<(Uuid, Vec<&'static str>)>,
    /// Companies whose approval was answered.
    pub(crate) approved: Vec<u64>,
}

/// So many registrants, and a reviewer for them.
pub(crate) fn registrants(seed: &Seed, data: &Path, count: u64) -> Vec<Registrant> {
    let staff = gatehouse(data, &["staff", "appoint", "Rene", "Reviewer", "rene@gateway.example", "--role", "reviewer"]);
    let reviewer = gatehouse(data, &["token", "create", "review", "--staff", staff.trim()]).trim().to_owned();
    let key = std::fs::read_to_string(data.join("master.key")).expect("the service has made its key");
    let master = Arc::new(MasterKey::parse(key.trim(), "master.key").expect("it is one"));
    let registrant = |number| Registrant {
        seed: seed.clone(),
        reviewer: reviewer.clone(),
        master: Arc::clone(&master),
        journey: Journey::of(FIRST_COMPANY + number * FIRST_COMPANY),
        acknowledged: Vec::new(),
        done: Vec::new(),
        approved: Vec::new(),
    };
    (0..count).map(registrant).collect()
}

/// The registrant's address.
pub(crate) fn registrant_of(company: u64) -> String {
    format!("office.{company}@guild.example")
}

/// The address of who administers the organization.
pub(crate) fn administrator_of(company: u64) -> String {
    format!("ada.{company}@guild.example")
}

impl Journey {
    fn of(company: u64) -> Self {
        let (link, registration, administrator) = Default::default();
        Self { company, answered: 0, key: fresh_key(), link, registration, administrator, prepared: None }
    }
}

impl Registrant {
    /// The invitation that waits for its answer: it may be there.
    pub(crate) fn open(&self) -> Option<Sent> {
        (self.journey.answered == 0).then_some(Sent { company: self.journey.company, key: self.journey.key })
    }

    /// Goes from step to step until the connection breaks; counts answers.
    pub(crate) async fn until_killed(mut self, address: SocketAddr, answered: Arc<AtomicUsize>) -> Self {
        // Whatever breaks the connection: the service is gone, and the step is sent again.
        let _: Result<()> = async {
            let mut connection = Connection::open(address).await?;
            loop {
                self.go(&mut connection).await?;
                answered.fetch_add(1, Ordering::Relaxed);
            }
        }
        .await;
        self
    }

    /// Brings the company to its end.
    pub(crate) async fn settle(mut self, address: SocketAddr) -> Self {
        let mut connection = Connection::open(address).await.expect("the service listens");
        let approved = self.approved.len();
        while self.approved.len() == approved {
            self.go(&mut connection).await.expect("the service answers");
        }
        self
    }

    /// The next step, until it is answered.
    async fn go(&mut self, connection: &mut Connection) -> Result<()> {
        let (step, event) = STEPS[self.journey.answered];
        self.prepare(step, connection).await?;
        let reply = loop {
            let reply = connection.exchange(self.request(step).as_bytes()).await?;
            match reply.status {
                200..300 => break (reply.json(), reply.header("gatehouse-position").unwrap_or_default().to_owned()),
                503 => {}
                other => panic!("{step:?} was answered {other}: {}", String::from_utf8_lossy(reply.body())),
            }
        };
        self.take(step, event, &reply.0, reply.1);
        Ok(())
    }

    /// Asks for what a step needs, once: a step that is sent again is the same.
    async fn prepare(&mut self, step: Step, connection: &mut Connection) -> Result<()> {
        let is_check = step == Step::HumanCheck;
        if self.journey.prepared.is_some() || !(is_check || step == Step::Approve) {
            return Ok(());
        }
        let (part, token) = if is_check { ("/human-check", &self.journey.link) } else { ("", &self.reviewer) };
        let registration = &self.journey.registration;
        let look =
            format!("GET /v1/registrations/{registration}{part} HTTP/1.1\r\nhost: gatehouse\r\nauthorization: Bearer {token}\r\n\r\n");
        let reply = connection.exchange(look.as_bytes()).await?;
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(reply.body()));
        let version = || reply.header("etag").expect("a registration has a version").to_owned();
        self.journey.prepared = Some(if is_check { solved(&reply.json()).to_string() } else { version() });
        Ok(())
    }

    fn request(&self, step: Step) -> String {
        let Journey { company, key, link, registration, administrator, prepared, .. } = &self.journey;
        let of = |part: &str| format!("/v1/registrations/{registration}{part}");
        let prepared = prepared.as_deref().unwrap_or_default();
        let (name, application) = (format!("Guild {company} Works"), self.seed.application);
        let (path, token, body) = match step {
            Step::Invite => {
                let body = json!({ "company": name, "email": registrant_of(*company), "applications": [application] });
                ("/v1/invitations".to_owned(), &self.seed.token, body)
            }
            Step::Accept => ("/v1/invitations/current/accept".to_owned(), link, Value::Null),
            Step::HumanCheck => (of("/human-check"), link, serde_json::from_str(prepared).expect("it was solved")),
            Step::Profile => {
                let address = json!({ "lines": ["12 rue des Ateliers"], "city": "Toulouse", "postal_code": "31000", "country": "FR" });
                let identifiers = json!([{ "scheme": "DUNS", "value": duns(*company) }]);
                (of("/profile"), link, json!({ "profile": { "legal_name": name, "address": address, "identifiers": identifiers } }))
            }
            Step::Nominate => {
                let nominee = json!({ "given_name": "Ada", "family_name": "Moreau", "email": administrator_of(*company) });
                let role = json!({ "role": "organization_administrator" });
                let secret = "quilt-Harbor-92-tundra-fox";
                (of("/administrators"), link, json!({ "nominee": nominee, "role": role, "one_time_password": secret }))
            }
            Step::Select => {
                let role = json!({ "role": "application_administrator", "application": application });
                (of(&format!("/administrators/{administrator}/roles")), link, json!({ "role": role }))
            }
            Step::HandOver => (of(&format!("/administrators/{administrator}/handover")), link, Value::Null),
            Step::Confirm => (of("/confirm"), link, Value::Null),
            Step::Submit => (of("/submit"), link, Value::Null),
            Step::Claim => (of("/claim"), &self.reviewer, Value::Null),
            Step::Approve => (of("/approve"), &self.reviewer, json!({ "reason": "The register entry checks out." })),
        };
        let method = if step == Step::Profile { "PUT" } else { "POST" };
        let version = if step == Step::Approve { format!("if-match: {prepared}\r\n") } else { String::new() };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let kind = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
        format!(
            "{method} {path} HTTP/1.1\r\nhost: gatehouse\r\nauthorization: Bearer {token}\r\nidempotency-key: {key}\r\n{version}{kind}content-length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// A step was answered.
    fn take(&mut self, step: Step, event: &'static str, body: &Value, position: String) {
        let journey = &mut self.journey;
        let text = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}")).to_owned();
        match step {
            Step::Invite => {
                let id: Uuid = text("id").parse().expect("the answer has an id");
                journey.link = self.master.link_token("invitation", Link { id, generation: 0 });
                let sent = Sent { company: journey.company, key: journey.key };
                self.acknowledged.push(Acknowledged { sent, id, position });
            }
            Step::Accept => {
                journey.registration = text("id");
                self.done.push((text("id").parse().expect("the answer has an id"), Vec::new()));
            }
            Step::Nominate => journey.administrator = text("person"),
            Step::HumanCheck
            | Step::Profile
            | Step::Select
            | Step::HandOver
            | Step::Confirm
            | Step::Submit
            | Step::Claim
            | Step::Approve => {}
        }
        if let (Some((_, done)), false) = (self.done.last_mut(), step == Step::Invite) {
            done.push(event);
        }
        journey.answered += 1;
        journey.key = fresh_key();
        journey.prepared = None;
        if step == Step::Approve {
            self.approved.push(journey.company);
            *journey = Journey::of(journey.company + 1);
        }
    }
}

/// A number that no other company has.
fn duns(company: u64) -> String {
    format!("{:09}", company / FIRST_COMPANY * 100_000_000 + company % FIRST_COMPANY)
}

/// A solved challenge, as the human check takes it.
fn solved(task: &Value) -> Value {
    let challenge = task["challenge"].as_str().expect("a challenge");
    let difficulty = task["difficulty"].as_u64().expect("how hard it is");
    let zeros = |nonce: &u64| {
        let digest = Sha256::digest(format!("{challenge}:{nonce}"));
        let front = digest.iter().take(8).fold(0_u64, |front, byte| front << 8 | u64::from(*byte));
        u64::from(front.leading_zeros())
    };
    let nonce = (0..).find(|nonce| zeros(nonce) >= difficulty).expect("some number solves it");
    json!({ "challenge": challenge, "nonce": nonce })
}
