//! A company on its way in, as far as a test wants it.

use domain::ApplicationId;
use http_api::caller::links;
use key_ring::Link;
use serde_json::{Value, json};
use uuid::Uuid;

use super::common::Api;

/// A one-time password that is strong enough.
pub(crate) const STRONG: &str = "kettle mural osprey tundra";
/// Another one.
pub(crate) const STRONGER: &str = "walnut ferry lantern quartz";

/// The token of an invitation's link, as its mail bears it.
pub(crate) fn invitation_link(api: &Api, invitation: &str, generation: u32) -> String {
    api.services.master.link_token(links::INVITATION, Link { id: invitation.parse().unwrap(), generation })
}

/// What invites a company of this name.
pub(crate) fn invitation(company: &str, applications: &[ApplicationId]) -> Value {
    let ids: Vec<String> = applications.iter().map(ToString::to_string).collect();
    json!({"company": company, "email": "ada@fastener.example", "name": "Ada Moreau", "applications": ids})
}

/// A profile with this D-U-N-S number.
pub(crate) fn profile(duns: &str) -> Value {
    json!({"profile": {
        "legal_name": "Fastener Works SARL",
        "address": {"lines": ["12 rue des Ateliers"], "city": "Toulouse", "postal_code": "31000", "country": "FR"},
        "identifiers": [{"scheme": "DUNS", "value": duns}]
    }})
}

/// Somebody to be named for a role.
pub(crate) fn nominee(given_name: &str, role: &Value) -> Value {
    json!({
        "nominee": {"given_name": given_name, "family_name": "Moreau", "email": format!("{}@fastener.example", given_name.to_lowercase())},
        "role": role,
        "one_time_password": STRONG
    })
}

/// Administrator of the organization.
pub(crate) fn of_organization() -> Value {
    json!({"role": "organization_administrator"})
}

/// Administrator of this application.
pub(crate) fn of_application(application: ApplicationId) -> Value {
    json!({"role": "application_administrator", "application": application.to_string()})
}

/// A registration and the link that its registrant holds.
pub(crate) struct Walk<'a> {
    pub(crate) api: &'a Api,
    pub(crate) token: String,
    pub(crate) id: String,
}

impl<'a> Walk<'a> {
    /// A public registration that has just begun, for one application whose access is automatic.
    pub(crate) async fn public(api: &'a Api) -> Self {
        let application = api.public_application("BSCP").await;
        Self::public_for(api, application).await
    }

    /// A public registration for this application.
    pub(crate) async fn public_for(api: &'a Api, application: ApplicationId) -> Self {
        let body = json!({"name": "Ada Moreau", "email": "ada@fastener.example", "applications": [application.to_string()]});
        let started = api.post("/v1/registrations").json(&body).send().await.ok();
        Self { api, token: started["token"].as_str().unwrap().to_owned(), id: started["id"].as_str().unwrap().to_owned() }
    }

    /// A registration that an accepted invitation has begun.
    pub(crate) async fn invited(api: &'a Api, partner: &str, applications: &[ApplicationId]) -> Self {
        let invited = api.post("/v1/invitations").by(partner).json(&invitation("Fastener Works", applications)).send().await.ok();
        let token = invitation_link(api, invited["id"].as_str().unwrap(), 0);
        let begun = api.post("/v1/invitations/current/accept").by(&token).send().await.ok();
        Self { api, token, id: begun["id"].as_str().unwrap().to_owned() }
    }

    /// The address of one of its steps.
    pub(crate) fn at(&self, step: &str) -> String {
        format!("/v1/registrations/{}{step}", self.id)
    }

    /// The registration as its registrant sees it.
    pub(crate) async fn look(&self) -> Value {
        self.api.get(self.at("")).by(&self.token).send().await.ok()
    }

    /// The version of its dossier.
    pub(crate) async fn version(&self) -> u64 {
        self.look().await["dossier_version"].as_u64().unwrap()
    }

    /// A challenge and the answer that solves it.
    pub(crate) async fn solution(&self) -> Value {
        let challenge = self.api.get(self.at("/human-check")).by(&self.token).send().await.ok();
        let text = challenge["challenge"].as_str().unwrap();
        let id = domain::RegistrationId(self.id.parse::<Uuid>().unwrap());
        let solves = |nonce: &u64| self.api.services.human_check.verify(id, text, *nonce, self.api.now()).is_ok();
        let nonce = (0..100_000_u64).find(solves).unwrap();
        json!({"challenge": text, "nonce": nonce})
    }

    /// Proves to be human.
    pub(crate) async fn human(self) -> Self {
        let solution = self.solution().await;
        self.api.post(self.at("/human-check")).by(&self.token).json(&solution).send().await.ok();
        self
    }

    /// Saves a profile with this D-U-N-S number.
    pub(crate) async fn profiled(self, duns: &str) -> Self {
        self.api.put(self.at("/profile")).by(&self.token).json(&profile(duns)).send().await.ok();
        self
    }

    /// Names an administrator: who.
    pub(crate) async fn nominate(&self, given_name: &str, role: &Value) -> String {
        let named = self.api.post(self.at("/administrators")).by(&self.token).json(&nominee(given_name, role)).send().await.ok();
        let person = named["person"].as_str().unwrap().to_owned();
        self.api.post(self.at(&format!("/administrators/{person}/handover"))).by(&self.token).send().await.ok();
        person
    }

    /// Filled in and confirmed, with this D-U-N-S number and one administrator of the organization.
    pub(crate) async fn filled(self, duns: &str) -> Self {
        let walk = self.human().await.profiled(duns).await;
        walk.nominate("Grace", &of_organization()).await;
        walk.api.post(walk.at("/confirm")).by(&walk.token).send().await.ok();
        walk
    }

    /// Filled in and submitted.
    pub(crate) async fn submitted(self, duns: &str) -> Self {
        let walk = self.filled(duns).await;
        walk.api.post(walk.at("/submit")).by(&walk.token).send().await.ok();
        walk
    }

    /// Claimed by this reviewer.
    pub(crate) async fn claimed(self, reviewer: &str) -> Self {
        self.api.post(self.at("/claim")).by(reviewer).send().await.ok();
        self
    }
}
