//! J2: from User ID and one-time password to an established account.

use serde_json::json;

use crate::support::cast::Cast;
use crate::support::registrant::{Company, Named, Registrant};
use crate::support::review::approve;
use crate::support::user::{PASSWORD, User, establish, sign_in};

/// A company that was approved, whose administrator has not logged in yet; with their User ID.
async fn approved_administrator(cast: &Cast, company: &Company) -> (Named, String) {
    let (_, token) = cast.invite(company, &[&cast.parts_portal]).await;
    let submitted = Registrant::accept(&cast.world, &token).await.fill_in(company).await;
    approve(&cast.world, &cast.reviewer, &submitted.id).await;
    let named = submitted.administrator().clone();
    let mail = cast.world.mail(&named.email, &format!("{} is registered", company.name)).await;
    (named, mail.field("Your User ID"))
}

#[tokio::test]
async fn a_user_logs_in_for_the_first_time_and_goes_on_where_they_were_interrupted() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let (named, user_id) = approved_administrator(&cast, &Company::named("Harbour Castings")).await;

    // User ID and one-time password; until the password is set, this can be repeated.
    let first = sign_in(world, &user_id, &named.one_time_password).await.ok();
    assert_eq!(first.text("next"), "password");
    let again = sign_in(world, &user_id, &named.one_time_password).await.ok().text("token");
    // Nothing else can be done before.
    world.get("/v1/home").by(&again).send().await.refused(403, "first-login-not-done");
    let early = world.post("/v1/first-login/terms").by(&again).json(json!({ "version": "2026-01" })).send().await;
    early.refused(409, "login-step-out-of-order");

    // A new password, with feedback on its strength.
    let weak = world.post("/v1/first-login/password").by(&again).json(json!({ "password": "harbour castings" })).send().await;
    let weak = weak.refused(422, "too-weak");
    assert!(weak.text("detail").len() > 40, "it says what would make it stronger: {weak}");
    world.post("/v1/first-login/password").by(&again).json(json!({ "password": PASSWORD })).send().await.ok();
    sign_in(world, &user_id, &named.one_time_password).await.refused(401, "sign-in-refused");

    // Interrupted: the server keeps the step.
    world.kill_and_restart();
    let resumed = sign_in(world, &user_id, PASSWORD).await.ok();
    assert_eq!(resumed.text("next"), "profile");
    let token = resumed.text("token");
    assert_eq!(world.get("/v1/first-login").by(&token).send().await.ok().text("next"), "profile");

    // The profile is confirmed, with a correction.
    let mut profile = world.get("/v1/first-login/profile").by(&token).send().await.ok().body;
    assert_eq!(profile["email"], json!(named.email));
    profile["phone"] = json!("+33199005551");
    world.put("/v1/first-login/profile").by(&token).json(profile).send().await.ok();

    world.kill_and_restart();
    let token = sign_in(world, &user_id, PASSWORD).await.ok().text("token");
    assert_eq!(world.get("/v1/first-login").by(&token).send().await.ok().text("next"), "terms");

    // Terms: which version, and when.
    let terms = world.get("/v1/first-login/terms").by(&token).send().await.ok();
    assert!(terms["accepted"].is_null(), "{terms}");
    let other = world.post("/v1/first-login/terms").by(&token).json(json!({ "version": "1999-12" })).send().await;
    other.refused(422, "terms-not-in-force");
    assert!(world.mails_to(&named.email, "Login Success").is_empty());
    let version = terms.text("version");
    let done = world.post("/v1/first-login/terms").by(&token).json(json!({ "version": version })).send().await.ok();
    assert_eq!(done["established"], true, "{done}");
    let terms = world.get("/v1/first-login/terms").by(&token).send().await.ok();
    assert_eq!(terms.text("accepted"), version);

    let mail = world.mail(&named.email, "Login Success").await;
    assert_eq!(mail.link("Back to Credentialing"), "https://gateway.example/account/credentials");
    assert!(!mail.source.contains(&named.one_time_password) && !mail.source.contains(PASSWORD));
    let me = world.get("/v1/me").by(&token).send().await.ok();
    assert_eq!((me.text("user_id"), me.text("organization_name")), (user_id, "Harbour Castings".to_owned()));
    assert_eq!(me["contact"]["phone"], "+33199005551");
}

#[tokio::test]
async fn five_wrong_one_time_passwords_end_it_until_the_administrator_issues_another() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let company = Company::named("Harbour Castings");
    let administrator = cast.registered(&company, &[&cast.parts_portal]).await;

    let contact = company.contact("Lin", "Okafor");
    let proposed = world.post("/v1/users/one-time-password-proposals").by(&administrator.token).send().await.ok();
    let one_time_password = proposed.text("one_time_password");
    let body = json!({ "contact": contact, "one_time_password": one_time_password });
    let created = world.post("/v1/users").by(&administrator.token).json(body).send().await.ok();
    let (person, user_id) = (created.text("id"), created.text("user_id"));

    let unknown = sign_in(world, "GU-2222-2222", "whatever it may be 12").await.refused(401, "sign-in-refused");
    for guess in 1..=5 {
        // A restart forgets no guess.
        if guess == 3 {
            world.kill_and_restart();
        }
        let wrong = sign_in(world, &user_id, &format!("wrong-guess-number-{guess}")).await.refused(401, "sign-in-refused");
        assert_eq!(wrong.body, unknown.body, "a wrong guess must not tell whether there is such a user");
    }
    sign_in(world, &user_id, &one_time_password).await.refused(401, "sign-in-refused");
    // Whoever watches over the service sees who it was that somebody tried to be, and nothing of what was typed.
    let log = world.logged();
    let refused = log.lines().filter(|line| line.contains(r#""target":"security""#) && line.contains(r#""outcome":"refused""#));
    assert_eq!(refused.clone().filter(|line| line.contains(&person)).count(), 6, "{log}");
    assert!(refused.clone().all(|line| line.contains(r#""from":"http 127.0.0.0/24""#)), "{log}");
    assert!(!log.contains("wrong-guess") && !log.contains("GU-2222-2222") && !log.contains(&one_time_password));

    // Not locked out for good: the administrator issues another one, which is handed over likewise.
    let another = "meadow-Cobalt-58-violin-kite";
    let weak = json!({ "one_time_password": "12345678" });
    world.post(format!("/v1/users/{person}/one-time-password")).by(&administrator.token).json(weak).send().await.refused(422, "too-weak");
    let body = json!({ "one_time_password": another });
    world.post(format!("/v1/users/{person}/one-time-password")).by(&administrator.token).json(body).send().await.ok();
    sign_in(world, &user_id, &one_time_password).await.refused(401, "sign-in-refused");
    let named = Named { person, email: company.address_of("Lin"), one_time_password: another.to_owned() };
    let lin = establish(world, &named, "Your account for Harbour Castings").await;
    assert_eq!(lin.user_id, user_id);
    world.mail(&named.email, "Login Success").await;

    // Signed out is out.
    world.post("/v1/sign-out").by(&lin.token).send().await.ok();
    world.get("/v1/me").by(&lin.token).send().await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn whoever_accepted_other_terms_accepts_those_in_force_before_anything_else() {
    let mut cast = Cast::assemble().await;
    let company = Company::named("Harbour Castings");
    let administrator: User = cast.registered(&company, &[&cast.parts_portal]).await;
    cast.world = cast.world.with_setting("GATEHOUSE_POLICY__TERMS_VERSION", "2031-01");
    let world = &cast.world;

    // The session goes on, but leads to the terms only.
    world.get("/v1/home").by(&administrator.token).send().await.refused(403, "first-login-not-done");
    let signed_in = sign_in(world, &administrator.user_id, PASSWORD).await.ok();
    assert_eq!(signed_in.text("next"), "terms");
    let token = signed_in.text("token");
    let shown = world.get("/v1/first-login/terms").by(&token).send().await.ok();
    assert_eq!((shown.text("version"), shown.text("accepted")), ("2031-01".to_owned(), "2026-01".to_owned()));
    world.post("/v1/first-login/terms").by(&token).json(json!({ "version": "2031-01" })).send().await.ok();
    world.get("/v1/home").by(&token).send().await.ok();
    world.get("/v1/home").by(&administrator.token).send().await.ok();
    // First-time login was long ago: its mail does not come again.
    assert_eq!(world.mails_to(&administrator.email, "Login Success").len(), 1);
}
