//! J1, J4: the links of invitations: resent, revoked, followed again, and made up.

use serde_json::json;

use crate::support::cast::{Cast, PARTNER};
use crate::support::registrant::{Company, Registrant};

#[tokio::test]
async fn a_resent_invitation_has_a_new_link_and_the_old_one_stops_working() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let company = Company::named("Fastener Works");
    let (id, first) = cast.invite(&company, &[&cast.parts_portal]).await;
    world.post(format!("/v1/invitations/{id}/resend")).by(&cast.partner_token).json(json!({})).send().await.ok();
    let mails = world.nth_mail(&company.registrant, "You're Invited", 2).await;
    let second = mails.iter().map(|mail| mail.token("Register Now")).find(|token| *token != first).unwrap();

    world.get("/v1/invitations/current").by(&first).send().await.refused(410, "invitation-link-replaced");
    world.post("/v1/invitations/current/accept").by(&first).send().await.refused(410, "invitation-link-replaced");
    // However often the new one is followed, it leads to one registration, where it was left.
    let registrant = Registrant::accept(world, &second).await;
    registrant.pass_human_check().await;
    let again = Registrant::accept(world, &second).await;
    assert_eq!(again.id, registrant.id);
    assert_eq!(again.next_step().await, "profile");
    world.get(registrant.path("")).by(&first).send().await.refused(410, "invitation-link-replaced");
}

#[tokio::test]
async fn a_revoked_invitation_cannot_be_accepted_and_its_addressee_is_told() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let company = Company::named("Fastener Works");
    let (id, token) = cast.invite(&company, &[&cast.parts_portal]).await;
    let reason = json!({ "reason": "We meant your sister company." });
    // It is the inviter's to take back: to whoever is not, there is none to be taken back.
    let foreign = world.post(format!("/v1/invitations/{id}/revoke")).by(&cast.administrator.token).json(reason.clone()).send().await;
    foreign.refused(404, "not-found");
    world.post(format!("/v1/invitations/{id}/revoke")).by(&cast.partner_token).json(reason).send().await.ok();
    let mail = world.mail(&company.registrant, &format!("Your invitation to collaborate with {PARTNER} was withdrawn")).await;
    assert!(mail.flat().contains("We meant your sister company."), "{}", mail.text);
    world.post("/v1/invitations/current/accept").by(&token).send().await.refused(410, "invitation-revoked");
    // The company can be invited again at once.
    let again = json!({ "company": company.name, "email": company.registrant, "applications": [cast.parts_portal] });
    world.post("/v1/invitations").by(&cast.partner_token).json(again).send().await.ok();
}

#[tokio::test]
async fn a_link_is_for_one_purpose_and_an_invitation_for_applications_of_the_inviter() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let company = Company::named("Fastener Works");
    let (_, token) = cast.invite(&company, &[&cast.parts_portal]).await;

    let forged = format!("{}{}{}", &token[..20], if &token[20..21] == "A" { "B" } else { "A" }, &token[21..]);
    world.get("/v1/invitations/current").by(&forged).send().await.refused(401, "unauthenticated");
    world.get("/v1/self-registration").by(&token).send().await.refused(403, "forbidden");
    world.get("/v1/review/queue").by(&token).send().await.refused(403, "forbidden");
    world.post("/v1/invitations/current/accept").by(&cast.partner_token).send().await.refused(403, "forbidden");

    // A partner invites to its own applications, and is told what is wrong, field by field.
    let operators = crate::support::cast::application(world, "BSCP").await;
    let invite = |body| world.post("/v1/invitations").by(&cast.partner_token).json(body);
    let other = json!({ "company": "Birch Tools", "email": "office@birch.example", "applications": [operators] });
    invite(other).send().await.refused(403, "not-your-application");
    let wrong = json!({ "company": "Birch\nTools", "email": "office", "applications": [cast.parts_portal] });
    assert_eq!(invite(wrong).send().await.refused(422, "invalid-fields").pointers(), ["/company", "/email"]);
    let unknown =
        json!({ "company": "Birch Tools", "email": "office@birch.example", "applications": [cast.parts_portal], "role": "owner" });
    invite(unknown).send().await.refused(400, "malformed-request");
    // The same key with the same body is the same invitation; with another body it is refused.
    let body = json!({ "company": "Birch Tools", "email": "office@birch.example", "applications": [cast.parts_portal] });
    let once = invite(body.clone()).key("birch").send().await.ok();
    let twice = invite(body.clone()).key("birch").send().await.ok();
    assert_eq!((once.text("id"), twice.header("idempotent-replayed")), (twice.text("id"), Some("true".to_owned())));
    let mut another = body;
    another["company"] = json!("Cedar Valves");
    invite(another).key("birch").send().await.refused(422, "idempotency-key-reused");
}
