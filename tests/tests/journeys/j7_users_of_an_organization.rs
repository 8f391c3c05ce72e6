//! J7: an organization administrator creates, uploads and invites users.

use serde_json::json;

use crate::support::cast::Cast;
use crate::support::registrant::{Company, Named, Registrant};
use crate::support::review::approve;
use crate::support::user::{User, establish, sign_in};

const ONE_TIME_PASSWORD: &str = "meadow-Cobalt-58-violin-kite";

async fn harbour(cast: &Cast) -> (Company, User) {
    let company = Company::named("Harbour Castings");
    let administrator = cast.registered(&company, &[&cast.parts_portal]).await;
    (company, administrator)
}

#[tokio::test]
async fn an_administrator_creates_a_user_who_gets_a_mail_with_their_user_id() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let (company, ada) = harbour(&cast).await;

    let body = |email: &str| {
        let contact = json!({ "given_name": "Lin", "family_name": "Okafor", "email": email });
        json!({ "contact": contact, "one_time_password": ONE_TIME_PASSWORD })
    };
    let wrong = world.post("/v1/users").by(&ada.token).json(body("no address")).send().await.refused(422, "invalid-fields");
    assert_eq!(wrong.pointers(), ["/contact/email"]);
    let email = company.address_of("Lin");
    let created = world.post("/v1/users").by(&ada.token).json(body(&email)).send().await.ok();
    let mail = world.mail(&email, "Your account for Harbour Castings").await;
    assert_eq!(mail.field("Your User ID"), created.text("user_id"));
    assert!(!mail.source.contains(ONE_TIME_PASSWORD));
    let named = Named { person: created.text("id"), email, one_time_password: ONE_TIME_PASSWORD.to_owned() };
    let lin = establish(world, &named, "Your account for").await;

    // Who administers nothing creates nobody, and another company's users are not there.
    world.post("/v1/users").by(&lin.token).json(body("may@harbour-castings.example")).send().await.refused(403, "forbidden");
    let foreign = world.get(format!("/v1/users/{}", lin.person)).by(&cast.partner_administrator.token).send().await;
    foreign.refused(404, "not-found");

    // The last administrator stays; a suspended user cannot sign in, a reinstated one can.
    let suspend = |person: &str| world.post(format!("/v1/users/{person}/suspend")).by(&ada.token).json(json!({ "reason": "On leave." }));
    let last = suspend(&ada.person).send().await;
    assert_eq!(last.status, 409, "{last}");
    suspend(&lin.person).send().await.ok();
    world.get("/v1/me").by(&lin.token).send().await.refused(401, "unauthenticated");
    sign_in(world, &lin.user_id, crate::support::user::PASSWORD).await.refused(401, "sign-in-refused");
    let mails = world.mails_of(&lin.email, "On leave.").await;
    assert!(mails[0].subject.contains("suspended"), "{}", mails[0].subject);
    let back = json!({ "reason": "Back from leave." });
    world.post(format!("/v1/users/{}/reinstate", lin.person)).by(&ada.token).json(back).send().await.ok();
    sign_in(world, &lin.user_id, crate::support::user::PASSWORD).await.ok();
}

#[tokio::test]
async fn many_users_are_uploaded_whole_or_not_at_all() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let (company, ada) = harbour(&cast).await;
    let rows: Vec<String> =
        (1..=5).map(|number| format!("Una{number},Okafor,una{number}@{},orchid-{number}7-Granite-wolf-sail", company.host)).collect();
    let header = "given_name,family_name,email,one_time_password";
    let upload = |text: String, path: &str, key: &str| world.post(path).by(&ada.token).csv(text).key(key);

    // One row is wrong: each is told, none is created.
    let mut broken = rows.clone();
    broken[2] = format!("Una3,,una3@{},weak", company.host);
    let text = format!("{header}\n{}\n", broken.join("\n"));
    let dry = upload(text.clone(), "/v1/users/uploads?dry_run=true", "dry").send().await.ok();
    let outcomes: Vec<&str> = dry["rows"].as_array().unwrap().iter().map(|row| row["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["valid", "valid", "invalid", "valid", "valid"]);
    upload(text, "/v1/users/uploads", "broken").send().await.refused(422, "invalid-fields");
    assert_eq!(world.get("/v1/users").by(&ada.token).send().await.ok().items().len(), 1);

    // What leans on the company's name is too weak, and that is told before anything is done.
    let mut leaning = rows.clone();
    leaning[3] = format!("Una4,Okafor,una4@{},HarbourCastings2026!", company.host);
    let text = format!("{header}\n{}\n", leaning.join("\n"));
    let dry = upload(text.clone(), "/v1/users/uploads?dry_run=true", "dry").send().await.ok();
    assert_eq!(
        (&dry["rows"][3]["outcome"], &dry["rows"][3]["errors"][0]["pointer"]),
        (&json!("invalid"), &json!("/rows/4/one_time_password"))
    );
    let refused = upload(text, "/v1/users/uploads", "leaning").send().await.refused(422, "invalid-fields");
    assert_eq!(refused.pointers(), ["/rows/4/one_time_password"]);
    assert_eq!(world.get("/v1/users").by(&ada.token).send().await.ok().items().len(), 1);

    // All are right: all are created; sent again after a kill, nobody is created twice.
    let text = format!("{header}\n{}\n", rows.join("\n"));
    let done = upload(text.clone(), "/v1/users/uploads", "whole").send().await.ok();
    assert!(done["rows"].as_array().unwrap().iter().all(|row| row["outcome"] == "created"), "{done}");
    world.kill_and_restart();
    let again = upload(text, "/v1/users/uploads", "whole").send().await.ok();
    assert_eq!(again["rows"], done["rows"]);
    assert_eq!(world.get("/v1/users").by(&ada.token).send().await.ok().items().len(), 6);
    for (number, row) in (1..=5).zip(done["rows"].as_array().unwrap()) {
        let mail = world.mail(&format!("una{number}@{}", company.host), "Your account for").await;
        assert_eq!(json!(mail.field("Your User ID")), row["user_id"]);
        assert!(!mail.source.contains("Granite"), "a one-time password was mailed");
    }
}

#[tokio::test]
async fn invited_people_register_themselves_and_are_confirmed_or_refused() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let (company, ada) = harbour(&cast).await;
    let mut people = Vec::new();
    for given_name in ["Noor", "Ivo"] {
        let email = company.address_of(given_name);
        let invited = world.post("/v1/users/invitations").by(&ada.token).json(json!({ "email": email })).send().await.ok();
        let mail = world.mail(&email, "Harbour Castings invites you to create your account").await;
        let link = mail.token("Register as a User");
        let shown = world.get("/v1/self-registration").by(&link).send().await.ok();
        assert_eq!((shown.text("organization_name"), shown.text("state")), ("Harbour Castings".to_owned(), "invited".to_owned()));
        let early = world.post(format!("/v1/users/{}/confirm", invited.text("id"))).by(&ada.token).send().await;
        early.refused(409, "not-self-registered");
        let secret = format!("{given_name}-cobalt-58-Violin-meadow");
        let body = json!({ "contact": company.contact(given_name, "Demir"), "one_time_password": secret });
        world.post("/v1/self-registration").by(&link).json(body.clone()).send().await.ok();
        world.post("/v1/self-registration").by(&link).json(body).send().await.refused(409, "already-self-registered");
        people.push(Named { person: invited.text("id"), email, one_time_password: secret });
    }
    let (noor, ivo) = (&people[0], &people[1]);
    let confirmed = world.post(format!("/v1/users/{}/confirm", noor.person)).by(&ada.token).send().await.ok();
    let user = establish(world, noor, "You are confirmed as a user of Harbour Castings").await;
    assert_eq!(user.user_id, confirmed.text("user_id"));

    let reason = json!({ "reason": "Nobody here knows you." });
    world.post(format!("/v1/users/{}/refuse", ivo.person)).by(&ada.token).json(reason).send().await.ok();
    let mails = world.mails_of(&ivo.email, "Nobody here knows you.").await;
    assert_eq!(mails.len(), 1);
    assert!(world.mails_to(&ivo.email, "You are confirmed").is_empty());
}

#[tokio::test]
async fn the_only_administrator_whose_one_time_password_is_dead_gets_another_one_from_the_operator() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let company = Company::named("Harbour Castings");
    let (_, token) = cast.invite(&company, &[&cast.parts_portal]).await;
    let submitted = Registrant::accept(world, &token).await.fill_in(&company).await;
    approve(world, &cast.reviewer, &submitted.id).await;
    let ada = submitted.administrator();
    let user_id = world.mail(&ada.email, "Harbour Castings is registered").await.field("Your User ID");
    for _ in 0..5 {
        sign_in(world, &user_id, "somebody-Else-58-guesses").await.refused(401, "sign-in-refused");
    }
    sign_in(world, &user_id, &ada.one_time_password).await.refused(401, "sign-in-refused");

    // Nobody of the organization can help: an administrator of the service does, and nobody else on the staff.
    let issue = format!("/v1/users/{}/one-time-password", ada.person);
    let proposed = world.post("/v1/users/one-time-password-proposals").by(&cast.administrator.token).send().await.ok();
    world.post(&issue).by(&cast.reviewer.token).json(proposed.body.clone()).send().await.refused(403, "forbidden");
    world.post(&issue).by(&cast.administrator.token).json(proposed.body.clone()).send().await.ok();
    let named = Named { one_time_password: proposed.text("one_time_password"), ..ada.clone() };
    let user = establish(world, &named, "is registered").await;
    assert_eq!(user.user_id, user_id);

    // From then on they administer it themselves.
    let contact = json!({ "given_name": "Lin", "family_name": "Okafor", "email": company.address_of("Lin") });
    let another = json!({ "contact": contact, "one_time_password": ONE_TIME_PASSWORD });
    let organization = world.get("/v1/me").by(&user.token).send().await.ok().text("organization");
    let path = format!("/v1/organizations/{organization}/administrators");
    world.post(&path).by(&cast.administrator.token).json(another.clone()).send().await.refused(409, "has-administrator");
    world.post("/v1/users").by(&user.token).json(another).send().await.ok();
}
