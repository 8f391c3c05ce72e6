//! J1: a company without an account is invited, registers, is reviewed, approved and subscribed.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::support::cast::{Cast, PARTNER, uuid_in};
use crate::support::mails::Mail;
use crate::support::registrant::{Company, Named, Registrant, Submitted, administrator_of, instant, organization_administrator};
use crate::support::review::{decides, does, look, queue, status};
use crate::support::user::sign_in;
use crate::support::{SOON, call::Answer};

/// A one-time password that the registrant typed: as strong as a proposed one.
const TYPED: &str = "quilt-Harbor-92-tundra-fox";

#[tokio::test]
async fn an_invited_company_registers_and_its_administrators_can_log_in() {
    let cast = Cast::assemble().await;
    travel(&cast).await;
    assert_eq!(cast.world.killed.get(), 0);
}

#[tokio::test]
async fn an_invited_company_registers_though_the_service_is_killed_after_every_step() {
    let cast = Cast::assemble().await;
    cast.world.kill_after_every_command();
    travel(&cast).await;
    assert!(cast.world.killed.get() >= 15, "killed only {} times", cast.world.killed.get());
}

/// The whole way.
async fn travel(cast: &Cast) {
    let company = Company { identifier: Some(("CAGE".to_owned(), "1F9K2".to_owned())), ..Company::named("Fastener Works") };
    let token = invited(cast, &company).await;
    let registrant = begun(cast, &company, &token).await;
    profile_saved(&registrant, &company).await;
    let ada = organization_administrator_named(&registrant, &company).await;
    let ben = application_administrator_named(cast, &registrant, &company, &ada).await;
    let submitted = submitted(cast, &registrant, &company, vec![ada, ben]).await;
    approved(cast, &submitted).await;
    told(cast, &company, &submitted).await;
}

/// The partner invites; the mail comes in the partner's name, with a link that is the addressee's token.
async fn invited(cast: &Cast, company: &Company) -> String {
    let world = &cast.world;
    let body = json!({
        "company": company.name, "email": company.registrant, "name": "Ada Moreau",
        "message": "We want to place our orders with you here.", "applications": [cast.parts_portal, cast.notice_board],
    });
    let invited = world.post("/v1/invitations").by(&cast.partner_token).json(body.clone()).send().await.ok();
    assert_eq!(invited.status, 201);
    // One open invitation per partner and company.
    world.post("/v1/invitations").by(&cast.partner_token).json(body).send().await.refused(409, "taken");

    let mail = world.mail(&company.registrant, "You're Invited").await;
    assert_eq!(mail.subject, format!("You're Invited to Collaborate with {PARTNER}"));
    let flat = mail.flat();
    for part in ["Parts Portal", "Notice Board", "We want to place our orders with you here.", "Hello Ada Moreau,"] {
        assert!(flat.contains(part), "{part:?} is not in {flat}");
    }
    assert!(flat.contains(&format!("that is {PARTNER}'s decision alone")), "{flat}");
    assert!(mail.link("Register Now").starts_with("https://gateway.example/register/"), "{flat}");
    mail.token("Register Now")
}

/// Whoever follows the link sees who invites to what, and begins the registration.
async fn begun<'a>(cast: &'a Cast, company: &Company, token: &str) -> Registrant<'a> {
    let world = &cast.world;
    let shown = world.get("/v1/invitations/current").by(token).send().await.ok();
    assert_eq!((shown.text("inviter_name"), shown.text("company")), (PARTNER.to_owned(), company.name.clone()));
    assert_eq!(shown["applications"].as_array().unwrap().len(), 2);
    assert_eq!(shown.text("next"), "register");
    assert!(shown.text("advice").contains("says nothing of whether they will do business with you"), "{shown}");

    let registrant = Registrant::accept(world, token).await;
    assert_eq!(registrant.next_step().await, "human_check");
    // No step is skipped.
    registrant.save_profile(company.profile()).await.refused(409, "step-out-of-order");
    registrant.says("/submit").await.refused(409, "step-out-of-order");
    let foreign = json!({ "challenge": "made.up.challenge", "nonce": 1 });
    registrant.does("/human-check", foreign).await.refused(422, "human-check-foreign");
    registrant.pass_human_check().await;
    assert_eq!(registrant.next_step().await, "profile");
    registrant
}

/// What is required is asked for, field by field; the same link resumes where it was left.
async fn profile_saved(registrant: &Registrant<'_>, company: &Company) {
    let mut nameless = company.profile();
    nameless["legal_name"] = json!(" ");
    nameless["address"] = json!({ "lines": [], "city": "", "country": "Atlantis" });
    let refused = registrant.save_profile(nameless).await.refused(422, "invalid-fields");
    for pointer in ["/profile/legal_name", "/profile/address/city", "/profile/address/country"] {
        assert!(refused.pointers().contains(&pointer.to_owned()), "{pointer} is not in {refused}");
    }
    let mut forged = company.profile();
    forged["legal_name"] = json!("Fastener\r\nBcc: all@example.org");
    let refused = registrant.save_profile(forged).await.refused(422, "invalid-fields");
    assert_eq!(refused.pointers(), ["/profile/legal_name"]);
    assert_eq!(registrant.next_step().await, "profile");

    registrant.save_profile(company.profile()).await.ok();
    let resumed = registrant.look().await;
    assert_eq!(resumed["profile"]["legal_name"], json!(company.name));
    assert_eq!(resumed["next_step"]["step"], "organization_administrators");
}

/// The organization administrator, whose one-time password the page proposed.
async fn organization_administrator_named(registrant: &Registrant<'_>, company: &Company) -> Named {
    let contact = company.contact("Ada", "Moreau");
    for weak in ["password", "Fastener Works 1", "aaaaaaaaaaaaaaaa", "Ada Moreau 2026"] {
        let body = json!({ "nominee": contact, "role": organization_administrator(), "one_time_password": weak });
        let refused = registrant.does("/administrators", body).await.refused(422, "too-weak");
        assert_eq!(refused.pointers(), ["/one_time_password"]);
        assert!(!refused.to_string().contains(&format!("\"{weak}\"")), "{refused}");
    }
    assert_ne!(registrant.proposed_one_time_password().await, registrant.proposed_one_time_password().await);
    let ada = registrant.name_administrator(contact, organization_administrator()).await;
    let shown = registrant.look().await;
    assert!(!shown.to_string().contains(&ada.one_time_password), "shown once only: {shown}");
    assert_eq!(shown["administrators"][0]["handover_acknowledged"], false);
    ada
}

/// An administrator for the application that needs one: created with a typed one-time password, and another one selected.
async fn application_administrator_named(cast: &Cast, registrant: &Registrant<'_>, company: &Company, ada: &Named) -> Named {
    let next = registrant.look().await["next_step"].clone();
    assert_eq!((&next["step"], &next["application"]), (&json!("application_administrators"), &json!(cast.parts_portal)));
    // The one whose access is automatic needs none.
    let refused = registrant.select(&ada.person, administrator_of(&cast.notice_board)).await;
    refused.refused(422, "application-needs-no-administrator");

    let contact = company.contact("Ben", "Okafor");
    let body = json!({ "nominee": contact, "role": administrator_of(&cast.parts_portal), "one_time_password": TYPED });
    let ben = registrant.does("/administrators", body).await.ok().text("person");
    registrant.select(&ada.person, administrator_of(&cast.parts_portal)).await.ok();

    for person in [&ada.person, &ben] {
        assert_eq!(registrant.look().await["next_step"]["person"], json!(person));
        let early = registrant.says("/submit").await;
        assert_eq!(early.status, 409, "{early}");
        registrant.hand_over(person).await;
    }
    Named { person: ben, email: company.address_of("Ben"), one_time_password: TYPED.to_owned() }
}

/// Looked through, confirmed in the version that was shown, submitted and acknowledged.
async fn submitted(cast: &Cast, registrant: &Registrant<'_>, company: &Company, administrators: Vec<Named>) -> Submitted {
    let world = &cast.world;
    assert_eq!(registrant.next_step().await, "review");
    registrant.says("/submit").await.refused(409, "step-out-of-order");
    let looked_at = registrant.look().await.etag();
    let confirm = || world.post(registrant.path("/confirm")).by(&registrant.token);
    confirm().if_match("\"1\"").send().await.refused(412, "dossier-changed");
    confirm().if_match(&looked_at).send().await.ok();
    assert_eq!(registrant.next_step().await, "submit");

    let submitted = registrant.submit(administrators).await;
    let mail = world.mail(&company.registrant, "We received your registration").await;
    assert_eq!(mail.field("Case number"), submitted.case_number);
    assert!(mail.subject.ends_with(&format!("({})", submitted.case_number)), "{}", mail.subject);
    assert!(mail.flat().contains("Decided by:"), "{}", mail.text);
    assert_eq!(mail.link("See Where It Stands"), format!("https://gateway.example/status/{}", submitted.case_number));
    // Frozen until a reviewer asks.
    registrant.save_profile(company.profile()).await.refused(409, "dossier-frozen");

    let stands = status(world, &submitted.case_number).await;
    assert_eq!((stands.text("state"), stands.text("next_actor")), ("submitted".to_owned(), "reviewer".to_owned()));
    assert!(!stands.to_string().contains(&company.name), "a case number tells no names: {stands}");
    // The same link still leads to the case.
    let again = world.get("/v1/invitations/current").by(&registrant.token).send().await.ok();
    assert_eq!((again.text("next"), again.text("registration")), ("resume_registration".to_owned(), submitted.id.clone()));
    submitted
}

/// A reviewer finds it in the queue and approves what they looked at.
async fn approved(cast: &Cast, submitted: &Submitted) {
    let (world, reviewer) = (&cast.world, &cast.reviewer);
    let queued = queue(world, reviewer, "?state=submitted").await;
    let case = queued.iter().find(|case| case["registration"] == json!(submitted.id)).unwrap();
    assert_eq!(case["case_number"], json!(submitted.case_number));
    assert_eq!(case["company"], "Fastener Works");
    assert_eq!(instant(&case["due_at"]), submitted.due);

    let looked_at = look(world, reviewer, &submitted.id).await.etag();
    let reason = json!({ "reason": "The register entry checks out." });
    let decide = |etag: String| decides(world, reviewer, &submitted.id, "approve", etag.leak(), reason.clone());
    decide(looked_at.clone()).await.refused(409, "not-claimed");
    does(world, reviewer, &submitted.id, "claim").await.ok();
    // A decision names its version, and the version is the one that there is.
    let unnamed = world.post(format!("/v1/registrations/{}/approve", submitted.id)).by(&reviewer.token).json(reason.clone()).send().await;
    unnamed.refused(428, "version-required");
    decide("\"2\"".to_owned()).await.refused(412, "dossier-changed");
    let stale = decide("\"2\"".to_owned()).await;
    assert!(!stale["changed"].as_array().unwrap().is_empty(), "what changed is told: {stale}");
    let approved: Answer = decide(looked_at).await.ok();
    assert_eq!(approved.text("stage"), "approved");
    assert_eq!(status(world, &submitted.case_number).await.text("state"), "approved");
    let rest = queue(world, reviewer, "").await;
    assert!(rest.iter().all(|case| case["registration"] != json!(submitted.id)), "{rest:?}");
}

/// Each administrator gets a mail with their own User ID, and can log in with the one-time password that no mail has.
async fn told(cast: &Cast, company: &Company, submitted: &Submitted) {
    let world = &cast.world;
    let mut user_ids = Vec::new();
    for named in &submitted.administrators {
        let mail = world.mail(&named.email, "Fastener Works is registered").await;
        assert_eq!(mail.link("Log In for the First Time"), "https://gateway.example/first-login");
        let user_id = mail.field("Your User ID");
        let signed_in = sign_in(world, &user_id, &named.one_time_password).await.ok();
        assert_eq!(signed_in.text("next"), "password");
        user_ids.push(user_id);
    }
    assert_ne!(user_ids[0], user_ids[1]);
    // Drawn by lot: four letters and digits, twice. A short name may be among them, an address never.
    let is_drawn = |part: &str| part.len() == 4 && part.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
    let is_id = |id: &String| id.strip_prefix("GU-").and_then(|rest| rest.split_once('-')).is_some_and(|(a, b)| is_drawn(a) && is_drawn(b));
    assert!(user_ids.iter().all(is_id), "{user_ids:?}");

    // The organization is subscribed, and its administrator told, for each application.
    let ada = &submitted.administrators[0];
    for application in ["Parts Portal", "Notice Board"] {
        let mail = world.mail(&ada.email, &format!("Fastener Works is subscribed to {application}")).await;
        assert!(mail.flat().contains("does not mean that"), "{}", mail.text);
    }
    related(cast).await;
    nothing_twice(&world.mails(), company, &submitted.administrators);
}

/// The partner sees who subscribed.
async fn related(cast: &Cast) {
    let what = "the relationship of the partner with the company";
    let relationship = test_support::eventually(what, SOON, async || {
        let rows = cast.world.get("/v1/relationships").by(&cast.partner_token).send().await.ok();
        rows.items().iter().find(|row| row["organization_name"] == "Fastener Works" && row["state"] == "subscribed").cloned()
    })
    .await;
    assert!(uuid_in(relationship["organization"].as_str().unwrap()).is_some());
    assert!(instant(&relationship["since"]) > Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24));
}

/// Every mail was sent once for its cause, and none has a one-time password.
fn nothing_twice(mails: &[Mail], company: &Company, administrators: &[Named]) {
    let mut met = std::collections::BTreeSet::new();
    for mail in mails.iter().filter(|mail| mail.to.ends_with(&company.host)) {
        assert!(met.insert((mail.to.clone(), mail.subject.clone())), "{} was sent to {} twice", mail.subject, mail.to);
        for named in administrators {
            assert!(!mail.source.contains(&named.one_time_password), "a one-time password was mailed: {}", mail.source);
        }
    }
    assert!(met.len() >= 6, "{met:?}");
}
