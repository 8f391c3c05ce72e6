//! The way through everything, with people whose names nobody else has.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::people::{Canary, FREE_TEXT, People};
use crate::support::cast::Cast;
use crate::support::registrant::{Company, Named, Registrant, administrator_of, organization_administrator};
use crate::support::review::{approve, decides, does, look};
use crate::support::secrets::Kind;
use crate::support::user::{Authenticator, PASSWORD, User, establish, sign_in};

/// The company of the people.
pub(super) fn company() -> Company {
    Company { identifier: Some(("CAGE".to_owned(), "9X2Q1".to_owned())), ..Company::named("Pomander Fixtures") }
}

fn because(what: &str) -> Value {
    json!({ "reason": format!("{what} {FREE_TEXT}") })
}

/// An invitation, the registration with a correction and a question, review and approval.
pub(super) async fn invited(cast: &Cast, people: &People) -> User {
    let (world, company) = (&cast.world, company());
    let addressee = &people.addressee;
    let body = json!({
        "company": company.name, "email": addressee.email, "name": addressee.full_name(), "message": people.message,
        "applications": [cast.parts_portal],
    });
    let invited = world.post("/v1/invitations").by(&cast.partner_token).json(body).send().await.ok();
    let first = world.mail(&addressee.email, "You're Invited").await.token("Register Now");
    world.secrets.borrow_mut().add(&first, Kind::LinkToken);
    world.post(format!("/v1/invitations/{}/resend", invited.text("id"))).by(&cast.partner_token).json(json!({})).send().await.ok();
    let again = world.nth_mail(&addressee.email, "You're Invited", 2).await;
    let token = again.iter().map(|mail| mail.token("Register Now")).find(|token| *token != first).unwrap();
    world.get("/v1/invitations/current").by(&token).send().await.ok();
    let registrant = Registrant::accept(world, &token).await;
    registrant.pass_human_check().await;
    registrant.save_profile(company.profile()).await.ok();
    let admin = registrant.name_administrator(people.administrator.contact(), organization_administrator()).await;
    registrant.select(&admin.person, administrator_of(&cast.parts_portal)).await.ok();
    let mistaken = registrant.name_administrator(people.mistaken.contact(), administrator_of(&cast.parts_portal)).await;
    let body = json!({ "nominee": people.corrected.contact(), "one_time_password": "walnut-Ferry-83-sundial-moss" });
    let correct = world.put(registrant.path(&format!("/administrators/{}", mistaken.person))).by(&registrant.token).json(body);
    correct.send().await.ok();
    for person in [&admin.person, &mistaken.person] {
        registrant.hand_over(person).await;
    }
    registrant.says("/confirm").await.ok();
    let submitted = registrant.submit(vec![admin]).await;
    does(world, &cast.reviewer, &submitted.id, "claim").await.ok();
    let etag = look(world, &cast.reviewer, &submitted.id).await.etag();
    let questions = json!({ "questions": [{ "field": "/profile/phone", "question": format!("Whose is it? {FREE_TEXT}") }] });
    decides(world, &cast.reviewer, &submitted.id, "request-information", &etag, questions).await.ok();
    world.mail(&addressee.email, "We have a question about your registration").await;
    registrant.save_profile(company.profile()).await.ok();
    registrant.says("/confirm").await.ok();
    registrant.does("/resubmit", json!({ "answer": format!("It is ours. {FREE_TEXT}") })).await.ok();
    world.get(format!("/v1/review/queue?text={}", people.administrator.family_name)).by(&cast.reviewer.token).send().await;
    approve(world, &cast.reviewer, &submitted.id).await;
    establish(world, submitted.administrator(), "is registered").await
}

/// Users who are created, uploaded, invited; their roles, requests, suspension, sign-in, factors.
pub(super) async fn colleagues(cast: &Cast, people: &People, administrator: &User) -> User {
    let world = &cast.world;
    let proposed = world.post("/v1/users/one-time-password-proposals").by(&administrator.token).send().await.ok();
    let one_time_password = proposed.text("one_time_password");
    let body = json!({ "contact": people.colleague.contact(), "one_time_password": one_time_password });
    let created = world.post("/v1/users").by(&administrator.token).json(body).send().await.ok();
    let named = Named { person: created.text("id"), email: people.colleague.email.clone(), one_time_password };
    let colleague = establish(world, &named, "Your account for").await;
    uploaded(cast, people, administrator).await;
    came_by_themselves(cast, people, administrator).await;
    granted(cast, administrator, &colleague).await;
    let token = factors(cast, &colleague).await;
    let path = |what: &str| format!("/v1/users/{}/{what}", colleague.person);
    let does = async |what: &str, body: Value| {
        world.post(path(what)).by(&administrator.token).json(body).send().await.ok();
    };
    let role = json!({ "role": "application_administrator", "application": cast.parts_portal });
    does("roles", role.clone()).await;
    does("roles/revoke", json!({ "role": role, "reason": FREE_TEXT })).await;
    does("suspend", because("On leave.")).await;
    does("reinstate", because("Back.")).await;
    world.get("/v1/me").by(&token).send().await.refused(401, "unauthenticated");
    colleague
}

async fn uploaded(cast: &Cast, people: &People, administrator: &User) {
    let table = |person: &Canary, secret: &str| {
        let Canary { given_name, family_name, email, phone, job_title, .. } = person;
        format!(
            "given_name,family_name,email,phone,job_title,one_time_password\n{given_name},{family_name},{email},{phone},{job_title},{secret}\n"
        )
    };
    let secret = "orchid-37-Granite-wolf-sail";
    cast.world.secrets.borrow_mut().add(secret, Kind::Credential);
    let upload = |text: String, key: &str| cast.world.post("/v1/users/uploads").by(&administrator.token).csv(text).key(key);
    // Once with what is not valid: weak, and in the wrong column.
    upload(table(&people.uploaded, "weak"), "weak").send().await.refused(422, "invalid-fields");
    let swapped = Canary { phone: secret.to_owned(), ..people.uploaded.clone() };
    let refused = upload(table(&swapped, secret), "swapped").send().await.refused(422, "invalid-fields");
    assert!(!refused.to_string().contains(secret), "{refused}");
    upload(table(&people.uploaded, secret), "right").send().await.ok();
    cast.world.mail(&people.uploaded.email, "Your account for").await;
}

async fn came_by_themselves(cast: &Cast, people: &People, administrator: &User) {
    let world = &cast.world;
    for (person, is_confirmed) in [(&people.newcomer, true), (&people.stranger, false)] {
        let invite = world.post("/v1/users/invitations").by(&administrator.token).json(json!({ "email": person.email }));
        let invited = invite.send().await.ok();
        let mail = world.mail(&person.email, "Pomander Fixtures invites you to create your account").await;
        let link = mail.token("Register as a User");
        let body = json!({ "contact": person.contact(), "one_time_password": format!("{}-cobalt-58-Violin-meadow", person.job_title) });
        world.post("/v1/self-registration").by(&link).json(body).send().await.ok();
        let decide = |what: &str| world.post(format!("/v1/users/{}/{what}", invited.text("id"))).by(&administrator.token);
        if is_confirmed {
            decide("confirm").send().await.ok();
            world.mail(&person.email, "You are confirmed").await;
        } else {
            decide("refuse").json(because("Nobody knows you.")).send().await.ok();
        }
    }
}

async fn granted(cast: &Cast, administrator: &User, colleague: &User) {
    let world = &cast.world;
    world.mail(&administrator.email, "Pomander Fixtures is subscribed to Parts Portal").await;
    let ask = json!({ "application": cast.parts_portal, "reason": FREE_TEXT });
    let asked = world.post("/v1/accesses").by(&colleague.token).json(ask).send().await.ok().text("id");
    world.mails_of(&administrator.email, FREE_TEXT).await;
    for decision in ["grant", "revoke"] {
        world.post(format!("/v1/accesses/{asked}/{decision}")).by(&administrator.token).json(because("Decided.")).send().await.ok();
    }
}

/// Wrong and right passwords and codes, recovery codes, a changed password. Gives the newest session's token.
async fn factors(cast: &Cast, colleague: &User) -> String {
    let world = &cast.world;
    let (phone, token) = Authenticator::register(world, &colleague.token, "Phone").await;
    let made = world.post("/v1/me/credentials/recovery-codes").by(&token).json(json!({ "label": "In the safe" })).send().await.ok();
    let recovery = made["codes"][0].as_str().unwrap().to_owned();
    sign_in(world, &colleague.user_id, "mistyped-Cobalt-99-pelican").await.refused(401, "sign-in-refused");
    let half = sign_in(world, &colleague.user_id, PASSWORD).await.ok().text("token");
    let prove = |code: &str| world.post("/v1/sign-in/second-factor").by(&half).json(json!({ "code": code }));
    prove("AAAAA-BBBBB").send().await.refused(422, "code-refused");
    let token = prove(&recovery).send().await.ok().text("token");
    let body = json!({ "current_password": PASSWORD, "password": "tundra-Ribbon-64-plateau" });
    world.post("/v1/me/password").by(&token).json(body).send().await.ok();
    let half = sign_in(world, &colleague.user_id, "tundra-Ribbon-64-plateau").await.ok().text("token");
    let prove = world.post("/v1/sign-in/second-factor").by(&half).json(json!({ "code": phone.code() }));
    prove.send().await.ok().text("token")
}

/// A registration that nobody invited to, given up before it is reviewed.
pub(super) async fn public(cast: &Cast, people: &People) {
    let world = &cast.world;
    let walker = &people.walker;
    let body = json!({ "name": walker.full_name(), "email": walker.email, "applications": ["SOURCEPASS"] });
    let started = world.post("/v1/registrations").json(body).send().await.ok();
    let registrant = Registrant::of(world, &started.text("token"), &started.text("id"));
    let company = Company { host: walker.email.split_once('@').unwrap().1.to_owned(), ..Company::named("Wicket Tooling") };
    let submitted = registrant.fill_in(&Company { registrant: walker.email.clone(), ..company }).await;
    world.mail(&walker.email, "We received your registration").await;
    does(world, &cast.reviewer, &submitted.id, "claim").await.ok();
    let etag = look(world, &cast.reviewer, &submitted.id).await.etag();
    decides(world, &cast.reviewer, &submitted.id, "reject", &etag, because("Unknown.")).await.ok();
    world.mails_of(&walker.email, FREE_TEXT).await;
}

/// Somebody on the staff, who signs in with two factors.
pub(super) async fn staff(cast: &Cast, people: &People) -> String {
    let world = &cast.world;
    let clerk = &people.clerk;
    let id = world.operator(&["staff", "appoint", &clerk.given_name, &clerk.family_name, &clerk.email, "--role", "auditor"]);
    let shown = world.operator(&["staff", "account", &id]);
    let word_after = |what: &str| shown.lines().find(|line| line.starts_with(what)).unwrap().split_whitespace().last().unwrap().to_owned();
    let token = sign_in(world, &word_after("User ID"), &word_after("One-time password")).await.ok().text("token");
    let body = json!({ "password": "cinder-Almanac-29-rowboat" });
    world.post("/v1/first-login/password").by(&token).json(body).send().await.ok();
    let (_, token) = Authenticator::register(world, &token, "Phone").await;
    world.get("/v1/erasures").by(&token).send().await.ok();
    id
}

/// The ids under which the record knows these people: as an administrator finds them, by the address that a mail went to.
pub(super) async fn found(cast: &Cast, people: &People) -> BTreeSet<String> {
    let (world, mut found, mut after) = (&cast.world, BTreeSet::new(), String::new());
    let addresses: Vec<String> = people.all().iter().map(|person| person.email.to_lowercase()).collect();
    loop {
        let page = world.get(format!("/v1/mails?limit=100{after}")).by(&cast.administrator.token).send().await.ok();
        for mail in page.items() {
            let to = mail["to"].as_str().unwrap_or_default().to_lowercase();
            if addresses.contains(&to) {
                found.insert(mail["recipient"].as_str().unwrap().to_owned());
            }
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return found,
        }
    }
}
