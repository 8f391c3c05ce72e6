//! J1, J4: a partner invites many companies at once, some of which are registered already, and one of which passes for another.

use serde_json::{Value, json};

use crate::support::cast::{Cast, PARTNER};
use crate::support::registrant::{Company, Registrant};
use crate::support::review::{approve, decides, does, look};

const HEADER: &str = "company,email,applications,name,message,cage,organization";

fn outcomes(answer: &Value) -> Vec<String> {
    answer["rows"].as_array().unwrap().iter().map(|row| row["outcome"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn many_companies_are_invited_at_once_and_duplicates_of_registered_ones_are_found_before() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let mut known = Company::named("Harbour Castings");
    known.identifier = Some(("CAGE".to_owned(), "5L0M7".to_owned()));
    let administrator = cast.registered(&known, &[&cast.parts_portal]).await;
    let organization = world.get("/v1/me").by(&administrator.token).send().await.ok().text("organization");
    let upload = |rows: &[String], path: &str, key: &str| {
        let text = format!("{HEADER}\n{}\n", rows.join("\n"));
        world.post(path).by(&cast.partner_token).csv(text).key(key)
    };
    let mut rows: Vec<String> = vec![
        "Alder Forge,sales@alder-forge.example,PARTS NOTICES,Una Okafor,\"Dear Una,\nwelcome.\",,".to_owned(),
        "HARBOUR CASTINGS Ltd.,office@harbour.example,NOTICES,,,,".to_owned(),
        "Harbour C\u{430}stings,office@harbour-c.example,NOTICES,,,,".to_owned(),
        "Castings of the Harbour,info@harbour-castings.example,NOTICES,,,5L0M7,".to_owned(),
        "Birch Tooling,no address,SOURCEPASS,,,,".to_owned(),
    ];

    // What would come of each row: nobody is invited by looking, nor as long as one row is not right.
    let dry = upload(&rows, "/v1/invitations/uploads?dry_run=true", "dry").send().await.ok();
    assert_eq!(outcomes(&dry.body), ["valid", "likely_duplicate", "likely_duplicate", "valid", "invalid"], "{dry}");
    assert_eq!(dry["rows"][1]["likely_duplicates"][0]["organization"], json!(organization), "{dry}");
    assert!(dry["rows"][2]["likely_duplicates"][0]["because"].as_array().unwrap().contains(&json!("look_alike")), "{dry}");
    let refused = upload(&rows, "/v1/invitations/uploads", "first").send().await.refused(422, "invalid-fields");
    let wrong = ["/rows/2/organization", "/rows/3/organization", "/rows/5/applications", "/rows/5/email"];
    assert_eq!(refused.pointers(), wrong, "{refused}");
    assert_eq!(world.get("/v1/invitations").by(&cast.partner_token).send().await.ok().items().len(), 1);

    // The partner says who is meant: the second is the registered one, the third is another.
    rows[1] = format!("HARBOUR CASTINGS Ltd.,office@harbour.example,NOTICES,,,,{organization}");
    rows[2].push_str("new");
    rows.remove(4);
    rows.remove(3);
    let done = upload(&rows, "/v1/invitations/uploads", "second").send().await.ok();
    assert_eq!(outcomes(&done.body), ["invited", "invited", "invited"], "{done}");
    world.kill_and_restart();
    let again = upload(&rows, "/v1/invitations/uploads", "second").send().await.ok();
    assert_eq!(again["rows"], done["rows"], "sent again, it repeats nothing");
    let twice = upload(&rows[..1], "/v1/invitations/uploads", "third").send().await.refused(422, "invalid-fields");
    assert_eq!(twice.pointers(), ["/rows/1/company"]);

    let mail = world.mail("sales@alder-forge.example", &format!("You're Invited to Collaborate with {PARTNER}")).await;
    assert!(mail.flat().contains("Dear Una, welcome."), "{}", mail.text);
    world.mail(&administrator.email, &format!("{PARTNER} offers HARBOUR CASTINGS Ltd.")).await;
    assert_eq!(world.mails_to("sales@alder-forge.example", "You're Invited").len(), 1);
    // Somebody else's applications are not theirs to invite to, and whoever owns none invites nobody.
    upload(&rows, "/v1/invitations/uploads", "fourth").by(&administrator.token).send().await.refused(403, "forbidden");
}

#[tokio::test]
async fn a_company_whose_name_passes_for_another_is_flagged_to_reviewers_and_needs_two_of_them() {
    let cast = Cast::assemble().await;
    let (world, rene) = (&cast.world, &cast.reviewer);
    cast.registered(&Company::named("Harbour Castings"), &[&cast.parts_portal]).await;
    let impostor = Company { name: "Harbour C\u{430}stings".to_owned(), ..Company::named("Harbour Trade") };
    let (_, token) = cast.invite(&impostor, &[&cast.parts_portal]).await;
    let case = Registrant::accept(world, &token).await.fill_in(&impostor).await;

    let shown = look(world, rene, &case.id).await;
    assert_eq!(shown["review"]["needs_two_people"], true, "{shown}");
    assert!(shown["review"]["risks"][0].as_str().unwrap().contains("mixes scripts"), "{shown}");
    let alike = world.get(format!("/v1/registrations/{}/likely-duplicates", case.id)).by(&rene.token).send().await.ok();
    assert_eq!(alike.items()[0]["legal_name"], "Harbour Castings", "{alike}");
    assert_eq!(alike.items()[0]["because"], json!(["look_alike"]), "{alike}");
    // The registrant is told neither.
    let own = Registrant::of(world, &case.token, &case.id).look().await;
    assert!(own["review"].is_null() && !own.to_string().contains("scripts"), "{own}");

    does(world, rene, &case.id, "claim").await.ok();
    let proposed = decides(world, rene, &case.id, "approve", &shown.etag(), json!({ "reason": "A sister company." })).await.ok();
    assert_eq!(proposed.text("stage"), "submitted", "{proposed}");
    let sana = crate::support::cast::appoint(world, "Sana", &["--role", "reviewer"]);
    assert_eq!(approve(world, &sana, &case.id).await.text("stage"), "approved");
}
