//! What a session is good for while an established account has a step to do: terms that are accepted anew, a second factor that is newly asked
//! for. It sets no password and corrects no address without more than itself.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests fail the test")]

use domain::application::{AccessPolicy, ApplicationDetails, CredentialStrength};
use domain::staff::{Staff, StaffCommand};
use domain::testing::uuid;
use domain::user::{User, UserCommand};
use domain::{Owner, Personal, StaffId, StaffRole};
use serde_json::{Value, json};

use crate::world::{ANOTHER_PASSWORD, Company, ONE_TIME_PASSWORD, PASSWORD, World};

/// A user with an established account.
async fn established(world: &World) -> Company {
    let company = world.company("Fastener Works").await;
    world.first_login(&company.user_id, ONE_TIME_PASSWORD).await;
    company
}

/// As the process manager does when access is granted to an application that wants a second factor.
async fn second_factor_is_asked_of(world: &World, company: &Company) {
    let needs = |details: &mut ApplicationDetails| {
        details.credential_strength = CredentialStrength::OneTimePassword;
        details.access = AccessPolicy::Automatic;
    };
    let application = world.application("SFT", Owner::Operator, needs).await;
    world.did::<User>(company.administrator.0, UserCommand::AskSecondFactor { application }).await;
}

/// Signs in; the session's token, at this step.
async fn signed_in_at(world: &World, step: &str, user_id: &str, secret: &str) -> String {
    let signed_in = world.post_public("/v1/sign-in", json!({ "user_id": user_id, "secret": secret })).await.expect(200);
    assert_eq!(signed_in["next"], step);
    signed_in["token"].as_str().unwrap().to_owned()
}

/// A session that sets a password without the current one does not: the password of before signs in, the other one does not.
async fn sets_no_password(world: &World, token: &str, user_id: &str) {
    let refused = world.post("/v1/first-login/password", token, json!({ "password": ANOTHER_PASSWORD })).await;
    refused.problem(409, "login-step-out-of-order");
    let stolen = json!({ "user_id": user_id, "secret": ANOTHER_PASSWORD });
    world.post_public("/v1/sign-in", stolen).await.problem(401, "sign-in-refused");
    world.sign_in(user_id, PASSWORD).await;
}

/// Somebody on the staff with a password and no second factor: their User ID.
async fn staff_without_second_factor(world: &World) -> String {
    let staff = StaffId(uuid(0x57_0000 + u128::from(world.number())));
    let contact = Personal::new(world.services.keys.allot().unwrap(), world.somebody("Rita"));
    world.did::<Staff>(staff.0, StaffCommand::AppointStaff { contact, roles: vec![StaffRole::Reviewer] }).await;
    let issued = world.services.workflows.issue_staff_one_time_password(staff, ONE_TIME_PASSWORD, &world.sent()).await;
    let user_id = issued.unwrap().0.to_string();
    let token = signed_in_at(world, "password", &user_id, ONE_TIME_PASSWORD).await;
    let set = world.post("/v1/first-login/password", &token, json!({ "password": PASSWORD })).await.expect(200);
    assert_eq!(set["next"], "second_factor");
    user_id
}

#[tokio::test]
async fn a_session_whose_user_has_terms_to_accept_sets_no_password() {
    let world = World::new().await;
    let company = established(&world).await;
    world.pass_minutes(5 * 366 * 24 * 60);
    let token = signed_in_at(&world, "terms", &company.user_id, PASSWORD).await;
    sets_no_password(&world, &token, &company.user_id).await;
    // They go on to the terms with it.
    assert_eq!(world.get("/v1/first-login", &token).await.expect(200)["next"], "terms");
}

#[tokio::test]
async fn a_session_whose_user_is_newly_asked_for_a_second_factor_sets_no_password() {
    let world = World::new().await;
    let company = established(&world).await;
    second_factor_is_asked_of(&world, &company).await;
    let token = signed_in_at(&world, "second_factor", &company.user_id, PASSWORD).await;
    sets_no_password(&world, &token, &company.user_id).await;
}

#[tokio::test]
async fn a_session_of_staff_who_have_a_second_factor_to_register_sets_no_password() {
    let world = World::new().await;
    let user_id = staff_without_second_factor(&world).await;
    let token = signed_in_at(&world, "second_factor", &user_id, PASSWORD).await;
    sets_no_password(&world, &token, &user_id).await;
}

#[tokio::test]
async fn a_session_that_sets_the_first_password_sets_no_second_one() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let token = signed_in_at(&world, "password", &company.user_id, ONE_TIME_PASSWORD).await;
    let first = json!({ "password": PASSWORD });
    world.post_keyed("/v1/first-login/password", &token, "first", first.clone()).await.expect(200);
    sets_no_password(&world, &token, &company.user_id).await;
    // The first one, sent again as after a lost answer, is answered again.
    let again = world.post_keyed("/v1/first-login/password", &token, "first", first).await.expect(200);
    assert_eq!(again["next"], "profile");
}

#[tokio::test]
async fn a_profile_that_was_confirmed_is_corrected_by_who_proved_lately_who_they_are_whatever_step_is_due() {
    let world = World::new().await;
    let company = established(&world).await;
    second_factor_is_asked_of(&world, &company).await;
    let token = signed_in_at(&world, "second_factor", &company.user_id, PASSWORD).await;
    let mut profile: Value = world.get("/v1/first-login/profile", &token).await.expect(200);
    profile["email"] = json!("thief@elsewhere.example");
    world.pass_minutes(16);
    world.put("/v1/first-login/profile", &token, profile.clone()).await.problem(403, "prove-again");
    let fresh = signed_in_at(&world, "second_factor", &company.user_id, PASSWORD).await;
    world.put("/v1/first-login/profile", &fresh, profile).await.expect(200);
}

#[tokio::test]
async fn a_profile_that_was_confirmed_is_not_corrected_by_an_old_session_while_terms_are_due() {
    let world = World::new().await;
    let company = established(&world).await;
    world.pass_minutes(5 * 366 * 24 * 60);
    let token = signed_in_at(&world, "terms", &company.user_id, PASSWORD).await;
    let profile = world.get("/v1/first-login/profile", &token).await.expect(200);
    world.pass_minutes(16);
    world.put("/v1/first-login/profile", &token, profile).await.problem(403, "prove-again");
}

#[tokio::test]
async fn a_profile_is_confirmed_for_the_first_time_however_long_that_takes() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let token = signed_in_at(&world, "password", &company.user_id, ONE_TIME_PASSWORD).await;
    world.post("/v1/first-login/password", &token, json!({ "password": PASSWORD })).await.expect(200);
    world.pass_minutes(16);
    let profile = world.get("/v1/first-login/profile", &token).await.expect(200);
    let after = world.put("/v1/first-login/profile", &token, profile).await.expect(200);
    assert_eq!(after["next"], "terms");
}
