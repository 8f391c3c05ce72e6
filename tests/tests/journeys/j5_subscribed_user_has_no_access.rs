//! J5: the organization is subscribed; a user asks for access, and an application administrator decides.

use serde_json::{Value, json};

use crate::support::cast::Cast;
use crate::support::registrant::{Company, Named};
use crate::support::user::{User, establish};

/// A user whom the organization's administrator created, with an established account.
async fn colleague(cast: &Cast, administrator: &User, company: &Company, given_name: &str) -> User {
    let one_time_password = format!("{given_name}-juniper-71-Anvil-brook");
    let body = json!({ "contact": company.contact(given_name, "Okafor"), "one_time_password": one_time_password });
    let created = cast.world.post("/v1/users").by(&administrator.token).json(body).send().await.ok();
    let named = Named { person: created.text("id"), email: company.address_of(given_name), one_time_password };
    establish(&cast.world, &named, "Your account for").await
}

/// What *Home* says of an application.
async fn home(cast: &Cast, user: &User, code: &str) -> Value {
    let home = cast.world.get("/v1/home").by(&user.token).send().await.ok();
    let found = home["applications"].as_array().unwrap().iter().find(|application| application["code"] == code).cloned();
    found.unwrap_or(Value::Null)
}

#[tokio::test]
async fn a_user_asks_for_access_is_denied_asks_again_and_opens_the_application() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let company = Company::named("Harbour Castings");
    let ada = cast.registered(&company, &[&cast.parts_portal]).await;
    world.mail(&ada.email, "Harbour Castings is subscribed to Parts Portal").await;
    let lin = colleague(&cast, &ada, &company, "Lin").await;

    let before = home(&cast, &lin, "PARTS").await;
    assert_eq!((&before["subscription"], &before["can_ask"]), (&json!("active"), &json!(true)), "{before}");
    assert!(before["launch_url"].is_null() && before["access"].is_null(), "{before}");

    let ask = json!({ "application": cast.parts_portal, "reason": "I answer the drawings." });
    let asked = world.post("/v1/accesses").by(&lin.token).json(ask.clone()).send().await.ok();
    assert_eq!(asked.text("outcome"), "requested");
    let id = asked.text("id");
    let mail = world.mail(&ada.email, "Lin Okafor asks for access to Parts Portal").await;
    assert!(mail.flat().contains("I answer the drawings."), "{}", mail.text);
    assert_eq!(mail.link("Grant or Deny"), "https://gateway.example/access/requests");

    // The application administrator finds it; who is none, does not.
    let requests = world.get("/v1/accesses/requests").by(&ada.token).send().await.ok();
    assert_eq!((&requests.items()[0]["id"], &requests.items()[0]["name"]), (&json!(id), &json!("Lin Okafor")), "{requests}");
    world.get("/v1/accesses/requests").by(&lin.token).send().await.refused(403, "forbidden");
    let grant = |token: &str| world.post(format!("/v1/accesses/{id}/grant")).by(token).json(json!({ "reason": "Welcome." }));
    grant(&lin.token).send().await.refused(403, "forbidden");
    grant(&cast.partner_administrator.token).send().await.refused(404, "not-found");

    // A denial needs a reason, which the user is told.
    let deny = |reason: &str| world.post(format!("/v1/accesses/{id}/deny")).by(&ada.token).json(json!({ "reason": reason }));
    let refused = deny(" ").send().await.refused(422, "invalid-fields");
    assert_eq!(refused.pointers(), ["/reason"]);
    deny("Please take the training first.").send().await.ok();
    let mail = world.mail(&lin.email, "Your request for access to Parts Portal was denied").await;
    assert!(mail.flat().contains("Please take the training first."), "{}", mail.text);
    let denied = home(&cast, &lin, "PARTS").await;
    assert_eq!((&denied["access"], &denied["can_ask"]), (&json!("denied"), &json!(true)), "{denied}");
    assert_eq!(denied["reason"], "Please take the training first.");
    assert!(denied["launch_url"].is_null(), "{denied}");

    // Asked again and granted: Home lists it, to be opened, with what to install before.
    world.post("/v1/accesses").by(&lin.token).json(ask).send().await.ok();
    world.nth_mail(&ada.email, "Lin Okafor asks for access to Parts Portal", 2).await;
    grant(&ada.token).send().await.ok();
    let mail = world.mail(&lin.email, "You have access to Parts Portal").await;
    assert!(mail.flat().contains("Install the drawing viewer first."), "{}", mail.text);
    let granted = home(&cast, &lin, "PARTS").await;
    assert_eq!(granted["launch_url"], "https://parts.partner.example/", "{granted}");
    assert_eq!(granted["prerequisites"], "Install the drawing viewer first.");

    // Revoked with a reason: it is told, and the application is closed.
    let revoke = json!({ "reason": "Changed departments." });
    world.post(format!("/v1/accesses/{id}/revoke")).by(&ada.token).json(revoke).send().await.ok();
    let mails = world.nth_mail(&lin.email, "Your access to Parts Portal", 1).await;
    assert!(mails[0].flat().contains("Changed departments."), "{}", mails[0].text);
    assert!(home(&cast, &lin, "PARTS").await["launch_url"].is_null());
}

#[tokio::test]
async fn access_is_proposed_by_an_administrator_and_automatic_where_the_application_says_so() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let company = Company::named("Harbour Castings");
    let ada = cast.registered(&company, &[&cast.parts_portal, &cast.notice_board]).await;
    world.mail(&ada.email, "Harbour Castings is subscribed to Parts Portal").await;
    world.mail(&ada.email, "Harbour Castings is subscribed to Notice Board").await;
    let lin = colleague(&cast, &ada, &company, "Lin").await;
    let may = colleague(&cast, &ada, &company, "May").await;

    // A user proposes for nobody else; an administrator does.
    let proposal = json!({ "application": cast.parts_portal, "user": may.person, "reason": "She replaces me." });
    world.post("/v1/accesses").by(&lin.token).json(proposal.clone()).send().await.refused(403, "forbidden");
    let proposed = world.post("/v1/accesses").by(&ada.token).json(proposal).send().await.ok();
    let grant = world.post(format!("/v1/accesses/{}/grant", proposed.text("id"))).by(&ada.token).json(json!({}));
    grant.send().await.ok();
    world.mail(&may.email, "You have access to Parts Portal").await;
    assert!(home(&cast, &may, "PARTS").await["launch_url"].is_string());

    // Automatic access is granted as soon as it is asked for.
    let asked = world.post("/v1/accesses").by(&lin.token).json(json!({ "application": cast.notice_board })).send().await.ok();
    assert_eq!(asked.text("outcome"), "granted");
    assert_eq!(home(&cast, &lin, "NOTICES").await["launch_url"], "https://notices.partner.example/");

    // No subscription, no access.
    let other = crate::support::cast::application(world, "BSCP").await;
    world.post("/v1/accesses").by(&lin.token).json(json!({ "application": other })).send().await.refused(409, "not-subscribed");
}
