//! J4: an organization that is registered already comes to another application.

use serde_json::{Value, json};

use crate::support::SOON;
use crate::support::cast::{Cast, application};
use crate::support::registrant::{Company, Registrant};
use crate::support::review::approve;
use crate::support::user::{User, establish};

/// A company that registered by itself, for SourcePass, with its administrator's account established.
async fn by_itself(cast: &Cast, company: &Company) -> User {
    let world = &cast.world;
    let body = json!({ "name": "Ada Moreau", "email": company.registrant, "applications": ["SOURCEPASS"] });
    let started = world.post("/v1/registrations").json(body).send().await.ok();
    let submitted = Registrant::of(world, &started.text("token"), &started.text("id")).fill_in(company).await;
    approve(world, &cast.reviewer, &submitted.id).await;
    let administrator = establish(world, submitted.administrator(), "is registered").await;
    world.mail(&administrator.email, &format!("{} is subscribed to SourcePass", company.name)).await;
    administrator
}

fn solo() -> Company {
    Company { identifier: Some(("CAGE".to_owned(), "5L0M7".to_owned())), ..Company::named("Solo Machining") }
}

/// What *Home* says of an application.
async fn home(cast: &Cast, user: &User, code: &str) -> Value {
    let home = cast.world.get("/v1/home").by(&user.token).send().await.ok();
    home["applications"].as_array().unwrap().iter().find(|application| application["code"] == code).cloned().unwrap_or(Value::Null)
}

#[tokio::test]
async fn an_invitation_to_a_registered_company_is_an_offer_and_acceptance_subscribes_it() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let company = solo();
    let administrator = by_itself(&cast, &company).await;

    // Before inviting, the partner is shown who may be meant.
    let search = json!({ "company": "SOLO machining", "identifiers": [{ "scheme": "CAGE", "value": "5L0M7" }] });
    let found = world.post("/v1/invitations/likely-duplicates").by(&cast.partner_token).json(search).send().await.ok();
    assert_eq!(found.items()[0]["legal_name"], "Solo Machining", "{found}");
    assert!(found.items()[0]["because"].as_array().unwrap().contains(&json!("identifier")), "{found}");

    let invitation = json!({
        "company": "Solo Machining Inc", "email": "sales@solo-machining.example", "applications": [cast.notice_board],
        "identifiers": [{ "scheme": "CAGE", "value": "5L0M7" }],
    });
    let invited = world.post("/v1/invitations").by(&cast.partner_token).json(invitation).send().await.ok();
    let mail = world.mail(&administrator.email, "Meridian Aerostructures offers Solo Machining").await;
    assert!(mail.flat().contains("No second registration is needed"), "{}", mail.text);
    assert!(mail.flat().contains("does not mean that Meridian Aerostructures will do business"), "{}", mail.text);
    let link = mail.link("See the Offer");
    assert!(link.ends_with(&invited.text("id")), "{link}");

    // Its administrator accepts after login; nobody else can.
    let offers = world.get("/v1/offers").by(&administrator.token).send().await.ok();
    assert_eq!((&offers.items()[0]["id"], &offers.items()[0]["state"]), (&invited["id"], &json!("offered")), "{offers}");
    let accept = |user: &User| world.post(format!("/v1/offers/{}/accept", invited.text("id"))).by(&user.token);
    accept(&cast.partner_administrator).send().await.refused(404, "not-found");
    accept(&administrator).send().await.ok();
    world.mail(&administrator.email, "Solo Machining is subscribed to Notice Board").await;

    // Its users go straight to Open application.
    let shown = home(&cast, &administrator, "NOTICES").await;
    assert_eq!((&shown["subscription"], &shown["can_ask"]), (&json!("active"), &json!(true)), "{shown}");
    world.post("/v1/accesses").by(&administrator.token).json(json!({ "application": cast.notice_board })).send().await.ok();
    assert_eq!(home(&cast, &administrator, "NOTICES").await["launch_url"], "https://notices.partner.example/");
    let organization = relationship(&cast, "Solo Machining", "subscribed").await;

    // The partner ends it, and says why; what was subscribed to has an owner of its own to end it.
    let end = world.post(format!("/v1/relationships/{organization}/end")).by(&cast.partner_token);
    end.json(json!({ "reason": "No orders for years." })).send().await.ok();
    relationship(&cast, "Solo Machining", "ended").await;
    assert_eq!(home(&cast, &administrator, "NOTICES").await["launch_url"], "https://notices.partner.example/");
}

/// Waits until the partner's relationship with a company stands so; gives the company's organization.
async fn relationship(cast: &Cast, company: &str, state: &str) -> String {
    test_support::eventually(&format!("a relationship that is {state}"), SOON, async || {
        let rows = cast.world.get("/v1/relationships").by(&cast.partner_token).send().await.ok();
        let row = rows.items().iter().find(|row| row["organization_name"] == company && row["state"] == state)?;
        row["organization"].as_str().map(str::to_owned)
    })
    .await
}

#[tokio::test]
async fn an_offer_is_declined_and_nothing_is_subscribed() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let company = solo();
    let administrator = by_itself(&cast, &company).await;
    let organization = world.get("/v1/me").by(&administrator.token).send().await.ok().text("organization");
    let invitation = json!({
        "company": "Solo Machining", "email": company.registrant, "applications": [cast.notice_board], "organization": organization,
    });
    let invited = world.post("/v1/invitations").by(&cast.partner_token).json(invitation).send().await.ok();
    world.mail(&administrator.email, "Meridian Aerostructures offers Solo Machining").await;
    let decline = json!({ "reason": "We do not trade with you." });
    world.post(format!("/v1/offers/{}/decline", invited.text("id"))).by(&administrator.token).json(decline).send().await.ok();
    let late = world.post(format!("/v1/offers/{}/accept", invited.text("id"))).by(&administrator.token).send().await;
    late.refused(410, "offer-declined");
    assert!(home(&cast, &administrator, "NOTICES").await["subscription"].is_null());
}

#[tokio::test]
async fn an_administrator_subscribes_the_organization_from_inside_the_account() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let administrator = by_itself(&cast, &solo()).await;
    let platform = application(world, "BSCP").await;

    // By invitation only, or by a link of its own: not from here.
    for code in ["PARTS", "B787SCP"] {
        let closed = application(world, code).await;
        let refused = world.post("/v1/subscriptions").by(&administrator.token).json(json!({ "application": closed })).send().await;
        refused.refused(403, "not-open-this-way");
    }
    // Where the application says so, its owner reviews; the advice comes here, too.
    let asked = world.post("/v1/subscriptions").by(&administrator.token).json(json!({ "application": platform })).send().await.ok();
    assert_eq!(asked.text("outcome"), "requested");
    assert!(asked.text("notice").contains("check with your buyer"), "{asked}");
    assert_eq!(home(&cast, &administrator, "BSCP").await["subscription"], "requested");
    let id = asked.text("id");
    let waiting = world.get("/v1/subscriptions?state=requested").by(&cast.administrator.token).send().await.ok();
    assert_eq!(waiting.items()[0]["organization_name"], "Solo Machining", "{waiting}");

    // Another partner's business it is not.
    let foreign = world.post(format!("/v1/subscriptions/{id}/approve")).by(&cast.partner_token).send().await;
    foreign.refused(404, "not-found");
    let deny = json!({ "reason": "Not a supplier of the programme yet." });
    world.post(format!("/v1/subscriptions/{id}/deny")).by(&cast.administrator.token).json(deny).send().await.ok();
    let mails = world.mails_of(&administrator.email, "Not a supplier of the programme yet.").await;
    assert!(mails[0].subject.contains("Boeing Supply Chain Platform"), "{}", mails[0].subject);

    world.post("/v1/subscriptions").by(&administrator.token).json(json!({ "application": platform })).send().await.ok();
    world.post(format!("/v1/subscriptions/{id}/approve")).by(&cast.administrator.token).send().await.ok();
    world.mail(&administrator.email, "Solo Machining is subscribed to Boeing Supply Chain Platform").await;
    assert_eq!(home(&cast, &administrator, "BSCP").await["subscription"], "active");
}
