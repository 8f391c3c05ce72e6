//! Users: how they come to an established account.

use std::cell::Cell;

use serde_json::json;

use super::call::Answer;
use super::registrant::Named;
use super::world::World;

/// A password that nobody guesses.
pub(crate) const PASSWORD: &str = "gravel-Tuesday-lantern-47";

/// A user who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct User {
    /// Their id.
    pub(crate) person: String,
    /// Their User ID.
    pub(crate) user_id: String,
    /// Their address.
    pub(crate) email: String,
    /// The token of their session.
    pub(crate) token: String,
}

/// Tries to sign in.
pub(crate) async fn sign_in(world: &World, user_id: &str, secret: &str) -> Answer {
    world.post("/v1/sign-in").json(json!({ "user_id": user_id, "secret": secret })).send().await
}

/// First-time login from the mail (whose subject has this in it) to the established account.
pub(crate) async fn establish(world: &World, named: &Named, subject: &str) -> User {
    let mail = test_support::eventually(&format!("the mail with the User ID of {}", named.email), super::SOON, async || {
        world.mails().into_iter().find(|mail| mail.to == named.email && mail.subject.contains(subject))
    })
    .await;
    let user_id = mail.field("Your User ID");
    let token = sign_in(world, &user_id, &named.one_time_password).await.ok().text("token");
    world.post("/v1/first-login/password").by(&token).json(json!({ "password": PASSWORD })).send().await.ok();
    let profile = world.get("/v1/first-login/profile").by(&token).send().await.ok();
    world.put("/v1/first-login/profile").by(&token).json(profile.body).send().await.ok();
    let version = world.get("/v1/first-login/terms").by(&token).send().await.ok().text("version");
    let done = world.post("/v1/first-login/terms").by(&token).json(json!({ "version": version })).send().await.ok();
    // Where an application needs one, a second factor is the last step.
    let token = if done["next"] == "second_factor" { Authenticator::register(world, &token, "Phone").await.1 } else { token };
    assert_eq!(world.get("/v1/first-login").by(&token).send().await.ok()["established"], true);
    User { person: named.person.clone(), user_id, email: named.email.clone(), token }
}

/// A token with a button, bought elsewhere.
pub(crate) struct PurchasedToken {
    /// What is printed on it.
    pub(crate) serial: &'static str,
    /// How often its button was pressed.
    pressed: Cell<u64>,
}

impl PurchasedToken {
    /// A new one.
    pub(crate) fn new(serial: &'static str) -> Self {
        Self { serial, pressed: Cell::new(0) }
    }

    /// The operator puts it into the inventory.
    pub(crate) fn imported(self, world: &World) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("serial,algorithm,seed_hex\n{},hotp,{}\n", self.serial, self.seed())).unwrap();
        let import = |more: &[&str]| world.operator(&[&["inventory", "import", &file.path().to_string_lossy()], more].concat());
        assert_eq!(import(&["--dry-run"]), format!("row 1: {} would be imported", self.serial));
        assert_eq!(import(&[]), format!("row 1: {} imported", self.serial));
        self
    }

    /// Its seed in hexadecimal digits, as its maker tells it.
    pub(crate) fn seed(&self) -> String {
        self.secret().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Each has its own.
    fn secret(&self) -> Vec<u8> {
        format!("{:->20}", self.serial).into_bytes()
    }

    /// Its button is pressed: the next code.
    pub(crate) fn code(&self) -> String {
        let counter = self.pressed.replace(self.pressed.get() + 1);
        totp_rs::Builder::new().with_step_duration(1).with_secret(self.secret()).build().unwrap().generate(counter).to_string()
    }
}

/// An authenticator app, as a phone has it.
pub(crate) struct Authenticator {
    /// Its id.
    pub(crate) id: String,
    secret: String,
    /// The half minute of the last code that was used: the next one must be of a later one.
    used: Cell<u64>,
}

impl Authenticator {
    /// Begins to register one, which waits to be shown to work.
    pub(crate) async fn begin(world: &World, token: &str, label: &str) -> Self {
        let body = json!({ "label": label });
        let begun = world.post("/v1/me/credentials/authenticators").by(token).json(body).send().await.ok();
        assert!(begun.text("uri").starts_with("otpauth://totp/"), "{begun}");
        Self { id: begun.text("id"), secret: begun.text("secret"), used: Cell::new(0) }
    }

    /// Shows that it works; gives the session's token from then on.
    pub(crate) async fn confirm(&self, world: &World, token: &str) -> String {
        let confirm = format!("/v1/me/credentials/{}/confirm", self.id);
        world.post(confirm).by(token).json(json!({ "code": self.code() })).send().await.ok().text("token")
    }

    /// Registers one and shows that it works; gives the session's token from then on.
    pub(crate) async fn register(world: &World, token: &str, label: &str) -> (Self, String) {
        let app = Self::begin(world, token, label).await;
        let token = app.confirm(world, token).await;
        (app, token)
    }

    /// The code that works now. Each works once, and so does that of the next half minute already: a third one would have to be waited for.
    pub(crate) fn code(&self) -> String {
        let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap() / 30;
        let step = now.max(self.used.get() + 1);
        assert!(step <= now + 1, "three codes within half a minute");
        self.used.set(step);
        let secret = totp_rs::Secret::try_from_base32(&self.secret).unwrap();
        totp_rs::Builder::new().with_secret(secret).build().unwrap().generate(step * 30).to_string()
    }
}
