//! J9: the whole history of an organization, a person, a case; the state as it was; what changed; what is left after forgetting.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::SOON;
use crate::support::cast::{Cast, PARTNER, Staff, appoint};
use crate::support::registrant::{Company, Named, Registrant, Submitted, administrator_of, instant, organization_administrator};
use crate::support::review::approve;
use crate::support::user::establish;

/// The lines of a history.
async fn history(cast: &Cast, auditor: &Staff, subject: &str, id: &str) -> Vec<Value> {
    cast.world.get(format!("/v1/history/{subject}/{id}?limit=100")).by(&auditor.token).send().await.ok().items().clone()
}

fn types(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["event_type"].as_str().unwrap()).collect()
}

/// A company with two administrators, approved; and when each step had been done.
async fn approved(cast: &Cast, company: &Company) -> (Submitted, Timestamp, Timestamp) {
    let world = &cast.world;
    let (_, token) = cast.invite(company, &[&cast.parts_portal]).await;
    let registrant = Registrant::accept(world, &token).await;
    registrant.pass_human_check().await;
    registrant.save_profile(company.profile()).await.ok();
    let ada = registrant.name_administrator(company.contact("Ada", "Moreau"), organization_administrator()).await;
    let ben = registrant.name_administrator(company.contact("Ben", "Okafor"), administrator_of(&cast.parts_portal)).await;
    for named in [&ada, &ben] {
        registrant.hand_over(&named.person).await;
    }
    registrant.says("/confirm").await.ok();
    let submitted = registrant.submit(vec![ada, ben]).await;
    let then = Timestamp::now();
    approve(world, &cast.reviewer, &submitted.id).await;
    for named in &submitted.administrators {
        world.mail(&named.email, &format!("{} is registered", company.name)).await;
    }
    (submitted, then, Timestamp::now())
}

#[tokio::test]
async fn an_auditor_reads_who_did_what_when_why_and_from_where() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let auditor = appoint(world, "Aude", &["--role", "auditor"]);
    let company = Company::named("Fastener Works");
    let (submitted, then, now) = approved(&cast, &company).await;

    // The case: every step, in order.
    let lines = history(&cast, &auditor, "case", &submitted.id).await;
    let steps = ["started", "human_check_passed", "profile_saved", "administrator_nominated", "submitted", "claimed", "approved"];
    let mut wanted = steps.iter().map(|step| format!("registration.{step}.v")).peekable();
    for kind in types(&lines) {
        wanted.next_if(|next| kind.starts_with(next));
    }
    assert_eq!(wanted.next(), None, "in {:?}", types(&lines));
    let positions: Vec<u64> = lines.iter().map(|line| line["position"].as_u64().unwrap()).collect();
    assert!(positions.is_sorted(), "{positions:?}");
    let approval = lines.iter().find(|line| line["event_type"] == "registration.approved.v1").unwrap();
    assert_eq!(approval["who"], "Rene Staff of the staff", "{approval}");
    assert_eq!(approval["why"], "The register entry checks out.");
    assert!(approval["from"].as_str().unwrap().starts_with("http 127.0.0.0/24"), "{approval}");
    assert!(instant(&approval["at"]) > then && instant(&approval["at"]) < now);
    // Page by page it is the same.
    let path = format!("/v1/history/case/{}", submitted.id);
    let first = world.get(format!("{path}?limit=3")).by(&auditor.token).send().await.ok();
    let second = world.get(format!("{path}?limit=3&after={}", first["next"].as_str().unwrap())).by(&auditor.token).send().await.ok();
    assert_eq!([first.items().clone(), second.items().clone()].concat(), lines[..6]);

    // The state as it was before the decision, and after; what the decision changed.
    let state = async |at: Timestamp| {
        let answer = world.get(format!("{path}/state?at={at}")).by(&auditor.token).send().await.ok();
        answer["things"][&format!("registration/{}", submitted.id)].clone()
    };
    let (before, after) = (state(then).await, state(now).await);
    assert_eq!((&before["state"], &after["state"]), (&json!("submitted"), &json!("approved")));
    assert_eq!(before["dossier"]["profile"]["legal_name"], "Fastener Works");
    let changes = world.get(format!("{path}/changes?from={then}&until={now}")).by(&auditor.token).send().await.ok();
    let change =
        changes.items().iter().find(|change| change["thing"].as_str().unwrap().starts_with("registration/") && change["field"] == "/state");
    assert_eq!((&change.unwrap()["before"], &change.unwrap()["after"]), (&json!("submitted"), &json!("approved")), "{changes}");

    // An operator reads the same at the terminal.
    let told = world.operator(&["history", "case", &submitted.case_number]);
    assert!(told.contains("Rene Staff") && told.contains("The register entry checks out."), "{told}");
    let told = world.operator(&["history", "case", &submitted.case_number, "--at", &then.to_string()]);
    assert!(told.contains("state: submitted"), "{told}");
    let told = world.operator(&["history", "case", &submitted.case_number, "--at", &then.to_string(), "--until", &now.to_string()]);
    assert!(told.lines().any(|line| line.contains("/state: submitted -> approved")), "{told}");
    let told = world.operator(&["history", "organization", "Fastener Works"]);
    assert!(told.contains("Fastener Works"), "{told}");
}

#[tokio::test]
async fn who_may_read_a_history_and_who_may_not() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let auditor = appoint(world, "Aude", &["--role", "auditor"]);
    let company = Company::named("Fastener Works");
    let (submitted, ..) = approved(&cast, &company).await;
    let ada = establish(world, submitted.administrator(), "is registered").await;
    let organization = world.get("/v1/me").by(&ada.token).send().await.ok().text("organization");

    // The organization's history: its users, its subscription, and the case that it came from.
    let lines = test_support::eventually("the subscription in the history", SOON, async || {
        let lines = history(&cast, &auditor, "organization", &organization).await;
        types(&lines).contains(&"subscription.activated.v1").then_some(lines)
    })
    .await;
    let kinds = types(&lines);
    for kind in ["organization.approved.v1", "user.created.v1", "user.terms_accepted.v2"] {
        assert!(kinds.contains(&kind), "{kind} is not in {kinds:?}");
    }
    // Of a person.
    let lines = history(&cast, &auditor, "person", &ada.person).await;
    assert!(types(&lines).contains(&"user.password_set.v1"), "{:?}", types(&lines));
    assert!(!json!(lines).to_string().contains(&submitted.administrator().one_time_password));

    // Its administrator reads its own history, without who of the staff did what; nobody else's.
    let own = world.get(format!("/v1/history/organization/{organization}?limit=100")).by(&ada.token).send().await.ok();
    assert!(!own.items().is_empty() && !own.to_string().contains("Rene"), "{own}");
    // How its registration was reviewed is not theirs to read; each page is full all the same.
    assert!(lines_of(&history(&cast, &auditor, "organization", &organization).await, "registration") > 5);
    assert_eq!(lines_of(own.items(), "registration"), 0, "{own}");
    let (mut paged, mut next) = (Vec::new(), String::new());
    loop {
        let page = world.get(format!("/v1/history/organization/{organization}?limit=3{next}")).by(&ada.token).send().await.ok();
        paged.extend(page.items().clone());
        let Some(after) = page["next"].as_str() else { break };
        assert_eq!(page.items().len(), 3);
        next = format!("&after={after}");
    }
    // More may have happened since.
    assert!(paged.starts_with(own.items()), "{paged:?}");
    let path = format!("/v1/history/organization/{}", cast.partner);
    world.get(&path).by(&ada.token).send().await.refused(404, "not-found");
    world.get(format!("/v1/history/case/{}", submitted.id)).by(&ada.token).send().await.refused(404, "not-found");
    // A role never implies another: a reviewer is no auditor, nor is an administrator.
    for token in [&cast.reviewer.token, &cast.administrator.token, &cast.partner_token] {
        world.get(&path).by(token).send().await.refused(403, "forbidden");
    }
}

/// How many lines are about things of this kind.
fn lines_of(lines: &[serde_json::Value], category: &str) -> usize {
    lines.iter().filter(|line| line["category"] == category).count()
}

#[tokio::test]
async fn a_forgotten_person_reads_as_erased_while_the_history_stays() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let auditor = appoint(world, "Aude", &["--role", "auditor"]);
    let company = Company::named("Fastener Works");
    let (submitted, then, _) = approved(&cast, &company).await;
    let ben: &Named = &submitted.administrators[1];
    let before = history(&cast, &auditor, "case", &submitted.id).await;
    assert!(json!(before).to_string().contains("Okafor"), "{before:?}");

    let forget =
        |token: &str| world.post(format!("/v1/persons/{}/forget", ben.person)).by(token).json(json!({ "reason": "Asked for it." }));
    forget(&auditor.token).send().await.refused(403, "forbidden");
    forget(&cast.administrator.token).send().await.ok();
    let after = test_support::eventually("Ben to be forgotten", SOON, async || {
        let lines = history(&cast, &auditor, "case", &submitted.id).await;
        (!json!(lines).to_string().contains("Okafor")).then_some(lines)
    })
    .await;
    // Every line is there still, and says what happened.
    assert_eq!(types(&after)[..before.len()], types(&before)[..]);
    let nominated = after.iter().filter(|line| line["event_type"] == "registration.administrator_nominated.v1");
    assert!(nominated.clone().any(|line| line["what"].as_str().unwrap().contains("erased")), "{after:#?}");
    assert!(nominated.clone().any(|line| line["what"].as_str().unwrap().contains("Ada Moreau")), "{after:#?}");

    // As it was then, without him; and not in any answer, or read model, or after a restart.
    world.kill_and_restart();
    let state = world.get(format!("/v1/history/case/{}/state?at={then}", submitted.id)).by(&auditor.token).send().await.ok();
    let nominee = &state["things"][&format!("registration/{}", submitted.id)]["dossier"]["nominees"][&ben.person];
    assert_eq!(nominee["contact"], "erased", "{state}");
    let told = world.operator(&["history", "case", &submitted.case_number]);
    assert!(told.contains("erased") && !told.contains("Okafor") && !told.contains(&ben.email), "{told}");
    let person = history(&cast, &auditor, "person", &ben.person).await;
    assert!(types(&person).contains(&"person.forgotten.v1"), "{:?}", types(&person));
    assert!(json!(before).to_string().contains(PARTNER) == json!(after).to_string().contains(PARTNER));
}
