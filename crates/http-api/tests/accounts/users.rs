//! J7: the users of an organization.

use domain::StaffRole;
use domain::user::UserRole;
use http_api::caller::links;
use serde_json::{Value, json};

use crate::world::{ANOTHER_ONE_TIME_PASSWORD, ONE_TIME_PASSWORD, PASSWORD, World};

fn new_user(given_name: &str) -> Value {
    json!({
        "contact": { "given_name": given_name, "family_name": "Okafor", "email": format!("{}@fastener.example", given_name.to_lowercase()) },
        "one_time_password": ONE_TIME_PASSWORD,
    })
}

#[tokio::test]
async fn an_administrator_creates_a_user_who_can_sign_in() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let reply = world.post_keyed("/v1/users", &administrator, "lin-1", new_user("Lin")).await;
    assert!(!reply.body.to_string().contains(ONE_TIME_PASSWORD), "the one-time password is never answered");
    let created = reply.expect(201);
    let again = world.post_keyed("/v1/users", &administrator, "lin-1", new_user("Lin")).await;
    assert_eq!(again.headers.get("idempotent-replayed").unwrap(), "true");
    assert_eq!(again.expect(201), created, "sent again, it is the same user");
    let listed = world.get("/v1/users?state=pending_first_login", &administrator).await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["given_name"], "Lin");
    world.first_login(created["user_id"].as_str().unwrap(), ONE_TIME_PASSWORD).await;
}

#[tokio::test]
async fn a_weak_one_time_password_is_refused() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let mut user = new_user("Lin");
    user["one_time_password"] = json!("LinOkafor2026");
    let problem = world.post("/v1/users", &administrator, user).await.problem(422, "too-weak");
    assert_eq!(problem["errors"][0]["pointer"], "/one_time_password");
    let proposal = world.post("/v1/users/one-time-password-proposals", &administrator, json!({})).await.expect(200);
    let mut user = new_user("Lin");
    user["one_time_password"] = proposal["one_time_password"].clone();
    world.post("/v1/users", &administrator, user).await.expect(201);
}

#[tokio::test]
async fn all_that_is_wrong_with_a_user_is_said_at_once() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let wrong = json!({
        "contact": { "given_name": "Lin\r\nBcc: x", "family_name": "", "email": "nobody" },
        "one_time_password": ONE_TIME_PASSWORD,
    });
    let problem = world.post("/v1/users", &administrator, wrong).await.problem(422, "invalid-fields");
    let pointers: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/contact/given_name", "/contact/family_name", "/contact/email"]);
}

#[tokio::test]
async fn only_administrators_with_established_accounts_manage_users() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    world.administrator(&company).await;
    let (_, plain) = world.user(&company, "Bert", vec![]).await;
    world.get("/v1/users", &plain).await.problem(403, "forbidden");
    world.post("/v1/users", &plain, new_user("Lin")).await.problem(403, "forbidden");
    let other = world.company("Rivet Works").await;
    let pending = world.sign_in(&other.user_id, ONE_TIME_PASSWORD).await;
    world.post("/v1/users", &pending, new_user("Lin")).await.problem(403, "first-login-not-done");
}

#[tokio::test]
async fn the_last_active_administrator_can_be_neither_suspended_nor_closed_nor_lose_the_role() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let path = format!("/v1/users/{}", company.administrator);
    let reason = json!({ "reason": "tired" });
    for action in ["suspend", "close"] {
        world.post(&format!("{path}/{action}"), &administrator, reason.clone()).await.problem(409, "last-active-administrator");
    }
    let role = json!({ "role": { "role": "organization_administrator" }, "reason": "tired" });
    world.post(&format!("{path}/roles/revoke"), &administrator, role).await.problem(409, "last-active-administrator");
    world.get("/v1/users", &administrator).await.expect(200);
}

#[tokio::test]
async fn of_two_administrators_one_can_go() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let (second, token) = world.user(&company, "Bert", vec![UserRole::OrganizationAdministrator]).await;
    let add = domain::organization::OrganizationCommand::AddAdministrator { administrator: second, established: true };
    world.did::<domain::organization::Organization>(company.id.0, add).await;
    let reason = json!({ "reason": "left the company" });
    world.post(&format!("/v1/users/{}/suspend", company.administrator), &token, reason.clone()).await.expect(200);
    world.get("/v1/me", &administrator).await.problem(401, "unauthenticated");
    // The one who is left is the last one.
    world.post(&format!("/v1/users/{second}/close"), &token, reason).await.problem(409, "last-active-administrator");
}

#[tokio::test]
async fn a_suspended_user_is_out_at_once_and_comes_back_reinstated() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let (person, token) = world.user(&company, "Bert", vec![]).await;
    world.get("/v1/home", &token).await.expect(200);
    world.post(&format!("/v1/users/{person}/suspend"), &administrator, json!({ "reason": "on leave" })).await.expect(200);
    world.get("/v1/home", &token).await.problem(401, "unauthenticated");
    world.post(&format!("/v1/users/{person}/reinstate"), &administrator, json!({ "reason": "back" })).await.expect(200);
    let user = world.get(&format!("/v1/users/{person}"), &administrator).await.expect(200);
    assert_eq!(user["state"], "active");
    world.sign_in(user["user_id"].as_str().unwrap(), PASSWORD).await;
    world.post(&format!("/v1/users/{person}/close"), &administrator, json!({ "reason": "left" })).await.expect(200);
    world.post(&format!("/v1/users/{person}/reinstate"), &administrator, json!({ "reason": "back" })).await.problem(410, "user-closed");
}

#[tokio::test]
async fn roles_are_granted_for_applications_that_there_are() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let application = world.application("SFT", domain::Owner::Operator, |_| {}).await;
    let (person, token) = world.user(&company, "Bert", vec![]).await;
    let unknown = json!({ "role": "application_administrator", "application": uuid::Uuid::nil() });
    let problem = world.post(&format!("/v1/users/{person}/roles"), &administrator, unknown.clone()).await.problem(422, "invalid-fields");
    assert_eq!(problem["errors"][0]["pointer"], "/application");
    let mut user = new_user("Lin");
    user["roles"] = json!([{ "role": "organization_administrator" }, unknown]);
    let problem = world.post("/v1/users", &administrator, user).await.problem(422, "invalid-fields");
    assert_eq!(problem["errors"][0]["pointer"], "/roles/1/application");
    let role = json!({ "role": "application_administrator", "application": application });
    world.post(&format!("/v1/users/{person}/roles"), &administrator, role.clone()).await.expect(200);
    assert_eq!(world.get("/v1/me", &token).await.expect(200)["roles"], json!([role]));
    let revoke = json!({ "role": role, "reason": "moved on" });
    world.post(&format!("/v1/users/{person}/roles/revoke"), &administrator, revoke).await.expect(200);
    assert_eq!(world.get("/v1/me", &token).await.expect(200)["roles"], json!([]));
}

#[tokio::test]
async fn who_has_no_account_to_act_on_is_told_apart_from_who_has() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let application = world.application("SFT", domain::Owner::Operator, |_| {}).await;
    world.subscribed(&company, application).await;
    let invited = world.post("/v1/users/invitations", &administrator, json!({ "email": "lin@fastener.example" })).await.expect(201);
    let issue = format!("/v1/users/{}/one-time-password", invited["id"].as_str().unwrap());
    let body = json!({ "one_time_password": ANOTHER_ONE_TIME_PASSWORD });
    let problem = world.post(&issue, &administrator, body).await.problem(409, "no-account-yet");
    assert!(problem["detail"].as_str().unwrap().contains("confirms their registration"), "{problem:#}");
    let (person, _) = world.user(&company, "Bert", vec![]).await;
    world.post(&format!("/v1/users/{person}/suspend"), &administrator, json!({ "reason": "on leave" })).await.expect(200);
    let propose = json!({ "application": application, "user": person });
    let problem = world.post("/v1/accesses", &administrator, propose.clone()).await.problem(409, "user-suspended");
    assert!(problem["detail"].as_str().unwrap().contains("reinstates them first"), "{problem:#}");
    world.post(&format!("/v1/users/{person}/reinstate"), &administrator, json!({ "reason": "back" })).await.expect(200);
    world.post("/v1/accesses", &administrator, propose).await.expect(200);
}

#[tokio::test]
async fn the_only_administrator_who_is_locked_out_is_helped_by_the_staff() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let anna = world.administrator(&company).await;
    let staff = world.staff(&[StaffRole::Administrator]).await;
    let path = format!("/v1/users/{}", company.administrator);
    let proposal = world.post("/v1/users/one-time-password-proposals", &staff, json!({})).await.expect(200);
    world.post(&format!("{path}/one-time-password"), &staff, proposal.clone()).await.expect(200);
    world.get("/v1/me", &anna).await.problem(401, "unauthenticated");
    world.sign_in(&company.user_id, proposal["one_time_password"].as_str().unwrap()).await;
    let reason = json!({ "reason": "the phone was stolen" });
    world.post(&format!("{path}/reset-second-factors"), &staff, reason.clone()).await.expect(200);
    // What else there is to administer is not theirs, and other staff does not help.
    world.post(&format!("{path}/suspend"), &staff, reason.clone()).await.problem(403, "forbidden");
    let reviewer = world.staff(&[StaffRole::Reviewer]).await;
    world.post(&format!("{path}/one-time-password"), &reviewer, proposal).await.problem(403, "forbidden");
    world.post(&format!("{path}/reset-second-factors"), &reviewer, reason).await.problem(403, "forbidden");
}

const UPLOAD: &str = "\u{feff}given_name,family_name,email,one_time_password,role\r
Lin,Okafor,lin@fastener.example,K7PM-QX2D-9VTA-4HRB-W3CE,\r
Omar,\"Haddad, Jr.\",omar@fastener.example,T2JN-8GYC-5ZQF-X6DV-B9MK,organization_administrator\r
";

#[tokio::test]
async fn an_upload_creates_its_users_once_however_often_it_is_sent() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let dry = world.upload("/v1/users/uploads?dry_run=true", &administrator, "u-1", UPLOAD).await.expect(200);
    assert_eq!(dry["rows"], json!([{ "row": 1, "outcome": "valid" }, { "row": 2, "outcome": "valid" }]));
    assert_eq!(world.get("/v1/users", &administrator).await.expect(200)["items"].as_array().unwrap().len(), 1, "a dry run does nothing");

    let first = world.upload("/v1/users/uploads", &administrator, "u-1", UPLOAD).await.expect(200);
    assert_eq!(first["rows"][1]["outcome"], "created");
    let again = world.upload("/v1/users/uploads", &administrator, "u-1", UPLOAD).await.expect(200);
    assert_eq!(again, first);
    assert_eq!(world.get("/v1/users", &administrator).await.expect(200)["items"].as_array().unwrap().len(), 3);
    world.first_login(first["rows"][1]["user_id"].as_str().unwrap(), ANOTHER_ONE_TIME_PASSWORD).await;
    // The same key with another file is another request.
    let other = UPLOAD.replace("lin@", "lena@");
    world.upload("/v1/users/uploads", &administrator, "u-1", &other).await.problem(422, "idempotency-key-reused");
}

#[tokio::test]
async fn one_wrong_row_of_an_upload_keeps_all_from_being_created() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let csv = "given_name,family_name,email,one_time_password\nLin,Okafor,lin@fastener.example,K7PM-QX2D-9VTA-4HRB-W3CE\n\
               Omar,,nobody,weak\nLin,Okafor,LIN@fastener.example,K7PM-QX2D-9VTA-4HRB-W3CE\n";
    let dry = world.upload("/v1/users/uploads?dry_run=true", &administrator, "u-2", csv).await.expect(200);
    let outcomes: Vec<&str> = dry["rows"].as_array().unwrap().iter().map(|row| row["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["valid", "invalid", "invalid"]);
    let problem = world.upload("/v1/users/uploads", &administrator, "u-2", csv).await.problem(422, "invalid-fields");
    let pointers: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/rows/2/family_name", "/rows/2/email", "/rows/3/email"]);
    assert_eq!(world.get("/v1/users", &administrator).await.expect(200)["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_upload_with_an_unknown_column_or_too_large_is_refused() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let csv = "given_name,family_name,email,one_time_password,salary\nLin,Okafor,lin@fastener.example,K7PM-QX2D-9VTA-4HRB-W3CE,1\n";
    world.upload("/v1/users/uploads", &administrator, "u-3", csv).await.problem(400, "malformed-request");
    world.upload("/v1/users/uploads", &administrator, "u-3", "").await.problem(400, "malformed-request");
    let large = "x".repeat(1024 * 1024 + 1);
    world.upload("/v1/users/uploads", &administrator, "u-3", &large).await.problem(413, "body-too-large");
}

#[tokio::test]
async fn whoever_was_invited_registers_is_confirmed_and_signs_in() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let invited = world.post("/v1/users/invitations", &administrator, json!({ "email": "lin@fastener.example" })).await.expect(201);
    let id: uuid::Uuid = invited["id"].as_str().unwrap().parse().unwrap();
    world.post(&format!("/v1/users/{id}/confirm"), &administrator, json!({})).await.problem(409, "not-self-registered");

    let link = world.link(links::SELF_REGISTRATION, id, 0);
    let shown = world.get("/v1/self-registration", &link).await.expect(200);
    assert_eq!((shown["email"].as_str(), shown["state"].as_str()), (Some("lin@fastener.example"), Some("invited")));
    let contact = new_user("Lin");
    world.post("/v1/self-registration", &link, contact.clone()).await.expect(200);
    let hashings = world.services.vault.hashings();
    world.post("/v1/self-registration", &link, contact).await.problem(409, "already-self-registered");
    assert_eq!(world.services.vault.hashings(), hashings, "a link that was used is worth no hashing");
    let confirmed = world.post(&format!("/v1/users/{id}/confirm"), &administrator, json!({})).await.expect(200);
    world.first_login(confirmed["user_id"].as_str().unwrap(), ONE_TIME_PASSWORD).await;
    world.get("/v1/self-registration", &link).await.problem(410, "already-a-user");
}

#[tokio::test]
async fn whoever_was_refused_gets_no_account() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let invited = world.post("/v1/users/invitations", &administrator, json!({ "email": "lin@fastener.example" })).await.expect(201);
    let id: uuid::Uuid = invited["id"].as_str().unwrap().parse().unwrap();
    let link = world.link(links::SELF_REGISTRATION, id, 0);
    world.post("/v1/self-registration", &link, new_user("Lin")).await.expect(200);
    world.post(&format!("/v1/users/{id}/refuse"), &administrator, json!({ "reason": "unknown here" })).await.expect(200);
    world.post(&format!("/v1/users/{id}/confirm"), &administrator, json!({})).await.problem(410, "self-registration-refused");
}

#[tokio::test]
async fn a_link_made_for_something_else_does_not_register_anybody() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let invited = world.post("/v1/users/invitations", &administrator, json!({ "email": "lin@fastener.example" })).await.expect(201);
    let id: uuid::Uuid = invited["id"].as_str().unwrap().parse().unwrap();
    world.get("/v1/self-registration", &world.link(links::REGISTRATION, id, 0)).await.problem(403, "forbidden");
    let nobody = world.link(links::SELF_REGISTRATION, uuid::Uuid::nil(), 0);
    world.get("/v1/self-registration", &nobody).await.problem(401, "unauthenticated");
}
