//! Users: how they come to an established account.

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
    assert_eq!(done["established"], true, "{done}");
    User { person: named.person.clone(), user_id, email: named.email.clone(), token }
}
