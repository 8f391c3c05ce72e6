//! Sessions whose password or one-time password was followed by another: over by the event, wherever the service was killed after it
//! (ASVS 5.0, 7.4.3).
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests fail the test")]

use credential_vault::{NamedBy, Session};
use domain::staff::{Staff, StaffCommand};
use domain::testing::uuid;
use domain::user::{User, UserCommand};
use domain::{CredentialId, Personal, StaffId, StaffRole};
use serde_json::json;

use crate::world::{ANOTHER_ONE_TIME_PASSWORD, ANOTHER_PASSWORD, Company, ONE_TIME_PASSWORD, PASSWORD, World};

/// A new one-time password as far as it is issued before the event is followed by anything.
async fn issue_and_be_killed(world: &World, company: &Company) {
    let (person, one_time_password) = (company.administrator, CredentialId(uuid(0x071b)));
    let vault = &world.services.vault;
    let secret = ANOTHER_ONE_TIME_PASSWORD;
    vault.put_one_time_password(one_time_password, person, NamedBy::User(person), secret, None, world.now()).await.unwrap();
    world.did::<User>(person.0, UserCommand::IssueOneTimePassword { one_time_password }).await;
}

/// A new password as far as it is set before the event is followed by anything.
async fn set_password_and_be_killed(world: &World, company: &Company) {
    let (person, password) = (company.administrator, CredentialId(uuid(0x9a55)));
    world.services.vault.put_password(password, person, NamedBy::User(person), ANOTHER_PASSWORD, world.now()).await.unwrap();
    world.did::<User>(person.0, UserCommand::SetPassword { password }).await;
}

async fn session(world: &World, token: &str) -> Session {
    world.services.vault.find_session(token, world.now()).await.unwrap().unwrap()
}

async fn is_over(world: &World, token: &str) {
    world.get("/v1/me", token).await.problem(401, "unauthenticated");
    world.get("/v1/first-login", token).await.problem(401, "unauthenticated");
    let password = json!({ "password": ANOTHER_PASSWORD });
    world.post("/v1/first-login/password", token, password).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_new_one_time_password_ends_the_sessions_of_before_though_the_service_is_killed_right_after_the_event() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let token = world.first_login(&company.user_id, ONE_TIME_PASSWORD).await;
    world.get("/v1/me", &token).await.expect(200);
    issue_and_be_killed(&world, &company).await;
    // Here, and on an instance that knows the log and the vault only.
    is_over(&world, &token).await;
    let world = world.started_again().await;
    is_over(&world, &token).await;
    let token = world.sign_in(&company.user_id, ANOTHER_ONE_TIME_PASSWORD).await;
    world.post("/v1/first-login/password", &token, json!({ "password": ANOTHER_PASSWORD })).await.expect(200);
    world.get("/v1/me", &token).await.expect(200);
}

#[tokio::test]
async fn a_new_password_ends_the_sessions_of_before_though_the_service_is_killed_right_after_the_event() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let mine = world.first_login(&company.user_id, ONE_TIME_PASSWORD).await;
    let thief = world.sign_in(&company.user_id, PASSWORD).await;
    set_password_and_be_killed(&world, &company).await;
    // Its own session, too: it may be lost, and nobody else's goes on.
    for token in [&mine, &thief] {
        is_over(&world, token).await;
    }
    let world = world.started_again().await;
    is_over(&world, &thief).await;
    let token = world.sign_in(&company.user_id, ANOTHER_PASSWORD).await;
    let listed = world.get("/v1/me/sessions", &token).await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "those that are over are not shown: {listed:#}");
}

#[tokio::test]
async fn a_new_one_time_password_of_staff_ends_their_sessions_though_the_service_is_killed_right_after_the_event() {
    let world = World::new().await;
    let staff = StaffId(uuid(0x57_0000 + u128::from(world.number())));
    let contact = Personal::new(world.services.keys.allot().unwrap(), world.somebody("Rita"));
    world.did::<Staff>(staff.0, StaffCommand::AppointStaff { contact, roles: vec![StaffRole::Reviewer] }).await;
    let issued = world.services.workflows.issue_staff_one_time_password(staff, ONE_TIME_PASSWORD, &world.sent()).await;
    let user_id = issued.unwrap().0;
    let token = world.sign_in(user_id.as_str(), ONE_TIME_PASSWORD).await;
    world.post("/v1/first-login/password", &token, json!({ "password": PASSWORD })).await.expect(200);
    world.get("/v1/first-login", &token).await.expect(200);
    let one_time_password = CredentialId(uuid(0x071b));
    world.did::<Staff>(staff.0, StaffCommand::IssueStaffOneTimePassword { user_id, one_time_password }).await;
    is_over(&world, &token).await;
}

#[tokio::test]
async fn a_session_that_was_there_before_does_not_use_up_a_new_one_time_password_that_it_never_saw() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let token = world.first_login(&company.user_id, ONE_TIME_PASSWORD).await;
    // As one that was let in a moment before the new one-time password was issued.
    let before = session(&world, &token).await;
    issue_and_be_killed(&world, &company).await;
    let stolen = world.services.workflows.set_password(&before, ANOTHER_PASSWORD, &world.sent()).await;
    assert_eq!(stolen.unwrap_err().to_string(), "Please enter the one-time password first.");
    world.sign_in(&company.user_id, ANOTHER_ONE_TIME_PASSWORD).await;
}

#[tokio::test]
async fn a_session_goes_on_in_which_the_password_is_set_or_changed_also_when_the_service_starts_again() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let token = world.first_login(&company.user_id, ONE_TIME_PASSWORD).await;
    let world = world.started_again().await;
    world.get("/v1/me", &token).await.expect(200);
    let change = json!({ "current_password": PASSWORD, "password": ANOTHER_PASSWORD });
    world.post("/v1/me/password", &token, change).await.expect(200);
    world.get("/v1/me", &token).await.expect(200);
    let world = world.started_again().await;
    world.get("/v1/me", &token).await.expect(200);
}

#[tokio::test]
async fn a_first_password_whose_one_time_password_was_used_up_before_a_kill_is_set_by_the_same_session() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let token = world.sign_in(&company.user_id, ONE_TIME_PASSWORD).await;
    let account = world.services.handlers.inspect::<User, _>(company.administrator.0, |state, _| state.account().cloned()).await;
    let one_time_password = account.unwrap().flatten().unwrap().means.one_time_password.id();
    world.did::<User>(company.administrator.0, UserCommand::RedeemOneTimePassword { one_time_password }).await;
    let world = world.started_again().await;
    world.post("/v1/first-login/password", &token, json!({ "password": PASSWORD })).await.expect(200);
    assert_eq!(world.get("/v1/first-login", &token).await.expect(200)["next"], "profile");
}
