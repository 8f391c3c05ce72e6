//! The registrant: follows a link and fills in a registration, step by step.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::call::Answer;
use super::world::World;

/// A company that is to be registered.
#[derive(Debug, Clone)]
pub(crate) struct Company {
    /// Its legal name.
    pub(crate) name: String,
    /// The address of who registers it.
    pub(crate) registrant: String,
    /// The host name of its addresses.
    pub(crate) host: String,
    /// Its registered identifier.
    pub(crate) identifier: Option<(String, String)>,
}

impl Company {
    /// A company of this name.
    pub(crate) fn named(name: &str) -> Self {
        let host = format!("{}.example", name.to_lowercase().replace(' ', "-"));
        Self { name: name.to_owned(), registrant: format!("office@{host}"), host, identifier: None }
    }

    /// Its profile.
    pub(crate) fn profile(&self) -> Value {
        let identifiers: Vec<Value> = self.identifier.iter().map(|(scheme, value)| json!({ "scheme": scheme, "value": value })).collect();
        json!({
            "legal_name": self.name,
            "address": { "lines": ["12 rue des Ateliers"], "city": "Toulouse", "postal_code": "31000", "country": "FR" },
            "identifiers": identifiers,
            "phone": "+33 1 99 00 55 50",
        })
    }

    /// The address of somebody there.
    pub(crate) fn address_of(&self, given_name: &str) -> String {
        format!("{}@{}", given_name.to_lowercase(), self.host)
    }

    /// How to reach somebody there.
    pub(crate) fn contact(&self, given_name: &str, family_name: &str) -> Value {
        json!({ "given_name": given_name, "family_name": family_name, "email": self.address_of(given_name) })
    }
}

/// An administrator who was named, with the one-time password that only the registrant knows.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    /// Their id.
    pub(crate) person: String,
    /// Their address.
    pub(crate) email: String,
    /// Their one-time password.
    pub(crate) one_time_password: String,
}

/// A registration that was submitted.
#[derive(Debug, Clone)]
pub(crate) struct Submitted {
    /// Its id.
    pub(crate) id: String,
    /// Its case number.
    pub(crate) case_number: String,
    /// The registrant's token.
    pub(crate) token: String,
    /// By when it is decided.
    pub(crate) due: jiff::Timestamp,
    /// Who was named.
    pub(crate) administrators: Vec<Named>,
}

impl Submitted {
    /// The organization administrator, who was named first.
    pub(crate) fn administrator(&self) -> &Named {
        &self.administrators[0]
    }
}

/// The role of an organization administrator, as registrations have it.
pub(crate) fn organization_administrator() -> Value {
    json!({ "role": "organization_administrator" })
}

/// The role of an administrator of this application.
pub(crate) fn administrator_of(application: &str) -> Value {
    json!({ "role": "application_administrator", "application": application })
}

/// Whoever holds the link of a registration.
pub(crate) struct Registrant<'a> {
    world: &'a World,
    /// The token of the link.
    pub(crate) token: String,
    /// The registration.
    pub(crate) id: String,
}

impl<'a> Registrant<'a> {
    /// Accepts the invitation of this token.
    pub(crate) async fn accept(world: &'a World, token: &str) -> Self {
        let started = world.post("/v1/invitations/current/accept").by(token).send().await.ok();
        Self { world, token: token.to_owned(), id: started.text("id") }
    }

    /// Goes on with a registration that was begun without an invitation.
    pub(crate) fn of(world: &'a World, token: &str, id: &str) -> Self {
        Self { world, token: token.to_owned(), id: id.to_owned() }
    }

    /// The address of a part of the registration.
    pub(crate) fn path(&self, part: &str) -> String {
        format!("/v1/registrations/{}{part}", self.id)
    }

    /// The whole dossier.
    pub(crate) async fn look(&self) -> Answer {
        self.world.get(self.path("")).by(&self.token).send().await.ok()
    }

    /// The step that the service says comes next.
    pub(crate) async fn next_step(&self) -> String {
        self.look().await["next_step"]["step"].as_str().unwrap_or("none").to_owned()
    }

    /// A command of the registrant.
    pub(crate) async fn does(&self, part: &str, body: Value) -> Answer {
        self.world.post(self.path(part)).by(&self.token).json(body).send().await
    }

    /// A command of the registrant without a body.
    pub(crate) async fn says(&self, part: &str) -> Answer {
        self.world.post(self.path(part)).by(&self.token).send().await
    }

    /// Solves a challenge as a browser would.
    pub(crate) async fn pass_human_check(&self) {
        let task = self.world.get(self.path("/human-check")).by(&self.token).send().await.ok();
        assert_eq!(task.text("kind"), "proof-of-work");
        let (challenge, difficulty) = (task.text("challenge"), task["difficulty"].as_u64().unwrap());
        let nonce = solve(&challenge, u32::try_from(difficulty).unwrap());
        self.does("/human-check", json!({ "challenge": challenge, "nonce": nonce })).await.ok();
    }

    /// Saves the profile.
    pub(crate) async fn save_profile(&self, profile: Value) -> Answer {
        self.world.put(self.path("/profile")).by(&self.token).json(json!({ "profile": profile })).send().await
    }

    /// A one-time password that the page proposes.
    pub(crate) async fn proposed_one_time_password(&self) -> String {
        self.world.get(self.path("/one-time-password")).by(&self.token).send().await.ok().text("one_time_password")
    }

    /// Names an administrator with a proposed one-time password.
    pub(crate) async fn name_administrator(&self, contact: Value, role: Value) -> Named {
        let one_time_password = self.proposed_one_time_password().await;
        let body = json!({ "nominee": contact, "role": role, "one_time_password": one_time_password });
        let named = self.does("/administrators", body).await.ok();
        Named { person: named.text("person"), email: contact["email"].as_str().unwrap().to_owned(), one_time_password }
    }

    /// Gives an administrator-to-be another role.
    pub(crate) async fn select(&self, person: &str, role: Value) -> Answer {
        self.does(&format!("/administrators/{person}/roles"), json!({ "role": role })).await
    }

    /// Acknowledges that a one-time password will be handed over.
    pub(crate) async fn hand_over(&self, person: &str) {
        self.says(&format!("/administrators/{person}/handover")).await.ok();
    }

    /// Fills in what the service asks for, one step after the other, and submits: the first administrator administers everything.
    pub(crate) async fn fill_in(&self, company: &Company) -> Submitted {
        self.pass_human_check().await;
        self.save_profile(company.profile()).await.ok();
        let administrator = self.name_administrator(company.contact("Ada", "Moreau"), organization_administrator()).await;
        for application in self.look().await["applications"].as_array().unwrap() {
            if application["needs_administrator"] == true {
                self.select(&administrator.person, administrator_of(application["id"].as_str().unwrap())).await.ok();
            }
        }
        self.hand_over(&administrator.person).await;
        self.says("/confirm").await.ok();
        self.submit(vec![administrator]).await
    }

    /// Submits.
    pub(crate) async fn submit(&self, administrators: Vec<Named>) -> Submitted {
        let submitted = self.says("/submit").await.ok();
        Submitted {
            id: self.id.clone(),
            case_number: submitted.text("case_number"),
            token: self.token.clone(),
            due: instant(&submitted["due"]["at"]),
            administrators,
        }
    }
}

/// An instant of an answer.
#[track_caller]
pub(crate) fn instant(value: &Value) -> jiff::Timestamp {
    value.as_str().unwrap_or_else(|| panic!("no instant: {value}")).parse().unwrap()
}

/// The first number that solves a challenge.
fn solve(challenge: &str, difficulty: u32) -> u64 {
    let zeros = |nonce: &u64| {
        let digest = Sha256::digest(format!("{challenge}:{nonce}"));
        let front = digest.iter().take(4).fold(0_u32, |front, byte| front << 8 | u32::from(*byte));
        front.leading_zeros()
    };
    (0..).find(|nonce| zeros(nonce) >= difficulty).unwrap()
}
