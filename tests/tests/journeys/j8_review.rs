//! J8: the review queue, claims, and information requested.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::SOON;
use crate::support::cast::{Cast, appoint};
use crate::support::registrant::{Company, Registrant, Submitted, instant};
use crate::support::review::{decides, does, look, queue, status};

/// A calendar on which business time always passes, so that what was submitted later is due later, whatever day it is.
pub(crate) const ALWAYS_OPEN: &[(&str, &str)] = &[
    ("GATEHOUSE_POLICY__CALENDAR__OPENS", "00:00:00"),
    ("GATEHOUSE_POLICY__CALENDAR__CLOSES", "23:59:59"),
    ("GATEHOUSE_POLICY__CALENDAR__WEEKDAYS", "[1, 2, 3, 4, 5, 6, 7]"),
];

/// A company that was invited and has submitted its registration.
pub(crate) async fn submitted(cast: &Cast, name: &str) -> Submitted {
    let company = Company::named(name);
    let (_, token) = cast.invite(&company, &[&cast.parts_portal]).await;
    Registrant::accept(&cast.world, &token).await.fill_in(&company).await
}

fn ids(queued: &[Value]) -> Vec<String> {
    queued.iter().map(|case| case["registration"].as_str().unwrap().to_owned()).collect()
}

/// A reason, as decisions have it.
pub(crate) fn because(reason: &str) -> Value {
    json!({ "reason": reason })
}

#[tokio::test]
async fn the_queue_shows_what_is_due_first_and_is_read_page_by_page() {
    let cast = Cast::assemble_with(ALWAYS_OPEN).await;
    let (world, reviewer) = (&cast.world, &cast.reviewer);
    let first = submitted(&cast, "Alder Forge").await;
    let second = submitted(&cast, "Birch Tools").await;
    let third = submitted(&cast, "Cedar Valves").await;
    assert!(first.due < second.due && second.due < third.due);
    let in_order = [first.id.clone(), second.id.clone(), third.id.clone()];
    assert_eq!(ids(&queue(world, reviewer, "").await), in_order);

    let page = world.get("/v1/review/queue?limit=2").by(&reviewer.token).send().await.ok();
    assert_eq!(ids(page.items()), in_order[..2]);
    assert_eq!(page["counts"]["submitted"], 3, "{page}");
    // What is decided meanwhile moves nothing on the next page.
    does(world, reviewer, &first.id, "claim").await.ok();
    let rest = queue(world, reviewer, &format!("?limit=2&after={}", page.text("next"))).await;
    assert_eq!(ids(&rest), in_order[2..]);

    assert_eq!(ids(&queue(world, reviewer, &format!("?claimed_by={}", reviewer.id)).await), in_order[..1]);
    assert_eq!(ids(&queue(world, reviewer, "?state=in_review").await), in_order[..1]);
    assert_eq!(ids(&queue(world, reviewer, "?text=birch").await), in_order[1..2]);
    assert_eq!(ids(&queue(world, reviewer, &format!("?text={}", third.case_number)).await), in_order[2..]);
    world.get("/v1/review/queue?state=lost").by(&reviewer.token).send().await.refused(400, "malformed-request");

    // Staff that does not review has no business here: a role never implies another.
    world.get("/v1/review/queue").by(&cast.administrator.token).send().await.refused(403, "forbidden");
    world.get("/v1/review/queue").by(&first.token).send().await.refused(403, "forbidden");
    world.get("/v1/review/queue").send().await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_case_is_claimed_by_one_reviewer_given_back_and_taken_over_by_a_lead() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let rene = &cast.reviewer;
    let sana = appoint(world, "Sana", &["--role", "reviewer"]);
    let lead = appoint(world, "Lea", &["--role", "review-lead", "--role", "reviewer"]);
    let case = submitted(&cast, "Alder Forge").await;

    // Two at once: one of them has it, the other is told.
    let (one, other) = tokio::join!(does(world, rene, &case.id, "claim"), does(world, &sana, &case.id, "claim"));
    assert_eq!([one.status, other.status].iter().filter(|status| **status == 200).count(), 1, "{one}\n{other}");
    let (holder, loser, refused) = if one.status == 200 { (rene, &sana, other) } else { (&sana, rene, one) };
    refused.refused(409, "claimed-by-another");
    let shown = look(world, loser, &case.id).await;
    assert_eq!(shown["review"]["claim"]["reviewer"], json!(holder.id), "{shown}");

    // Nobody decides on what another one has claimed, or takes it over, but a lead.
    let etag = shown.etag();
    decides(world, loser, &case.id, "approve", &etag, because("Looks good.")).await.refused(409, "claimed-by-another");
    does(world, loser, &case.id, "take-over").await.refused(403, "forbidden");
    does(world, loser, &case.id, "release").await.refused(409, "claimed-by-another");

    does(world, holder, &case.id, "release").await.ok();
    assert_eq!(status(world, &case.case_number).await.text("state"), "submitted");
    decides(world, holder, &case.id, "approve", &etag, because("Looks good.")).await.refused(409, "not-claimed");

    does(world, loser, &case.id, "claim").await.ok();
    does(world, &lead, &case.id, "take-over").await.ok();
    decides(world, loser, &case.id, "approve", &etag, because("Looks good.")).await.refused(409, "claimed-by-another");
    decides(world, &lead, &case.id, "approve", &etag, because("Looks good.")).await.ok();
    // Decided is decided.
    let again = decides(world, &lead, &case.id, "reject", &etag, because("On second thought.")).await;
    again.refused(409, "already-decided");
}

#[tokio::test]
async fn information_is_requested_field_by_field_and_the_clock_stands_until_it_comes() {
    let cast = Cast::assemble_with(ALWAYS_OPEN).await;
    let (world, reviewer) = (&cast.world, &cast.reviewer);
    let company = Company::named("Alder Forge");
    let case = submitted(&cast, &company.name).await;
    does(world, reviewer, &case.id, "claim").await.ok();
    let etag = look(world, reviewer, &case.id).await.etag();

    let ask = |questions: Value| decides(world, reviewer, &case.id, "request-information", &etag, json!({ "questions": questions }));
    ask(json!([])).await.refused(422, "no-question");
    let asked_at = jiff::Timestamp::now();
    let question = "Please add your CAGE code.";
    ask(json!([{ "field": "/profile/identifiers", "question": question }])).await.ok();
    let mail = world.mail(&company.registrant, "We have a question about your registration").await;
    assert!(mail.flat().contains(question), "{}", mail.text);
    // The link of this mail leads to the case, as the first one still does.
    let resumed = Registrant::of(world, &mail.token("Answer and Submit Again"), &case.id);
    assert_eq!(resumed.next_step().await, "resubmit");

    // The clock stands: nothing is due, and the registrant acts next.
    let stands = status(world, &case.case_number).await;
    assert_eq!((stands.text("state"), stands.text("next_actor")), ("information_requested".to_owned(), "registrant".to_owned()));
    assert!(stands["due_at"].is_null(), "{stands}");
    assert!(queue(world, reviewer, "?state=information_requested").await[0]["due_at"].is_null());
    let late = decides(world, reviewer, &case.id, "approve", &etag, because("Looks good.")).await;
    late.refused(409, "information-awaited");

    // The registrant sees what is asked, changes it, confirms, and submits again.
    let registrant = Registrant::of(world, &case.token, &case.id);
    let shown = registrant.look().await;
    assert_eq!(shown["questions"], json!([{ "field": "/profile/identifiers", "question": question }]));
    let answered = Company { identifier: Some(("CAGE".to_owned(), "7K3M2".to_owned())), ..company.clone() };
    registrant.save_profile(answered.profile()).await.ok();
    let unconfirmed = registrant.does("/resubmit", json!({ "answer": "Here it is." })).await;
    unconfirmed.refused(409, "review-not-confirmed");
    registrant.says("/confirm").await.ok();
    // Time is counted in seconds: the registrant takes some.
    let some = SignedDuration::from_secs(4);
    let back_at = test_support::eventually("the registrant to think", SOON, async || {
        let now = jiff::Timestamp::now();
        (now.duration_since(asked_at) > some).then_some(now)
    })
    .await;
    let back = registrant.does("/resubmit", json!({ "answer": "Here it is." })).await.ok();
    let due = instant(&back["due"]["at"]);
    let mail = world.mail(&company.registrant, "We received your answers").await;
    assert_eq!(mail.field("Case number"), case.case_number);

    // It is due later by the time that it waited for the registrant.
    let (moved, waited) = (due.duration_since(case.due), back_at.duration_since(asked_at));
    assert!(moved.as_secs_f64() >= waited.as_secs_f64() - 2.0, "moved by {moved:?}, waited {waited:?}");
    assert!(moved.as_secs_f64() <= waited.as_secs_f64() + 60.0, "moved by {moved:?}, waited {waited:?}");

    // The decision names the version that there is now; what changed is told.
    does(world, reviewer, &case.id, "claim").await.ok();
    let stale = decides(world, reviewer, &case.id, "approve", &etag, because("Looks good.")).await.refused(412, "dossier-changed");
    assert_eq!(stale["changed"], json!(["/profile/identifiers"]), "{stale}");
    let etag = look(world, reviewer, &case.id).await.etag();
    decides(world, reviewer, &case.id, "approve", &etag, because("The code checks out.")).await.ok();
}

#[tokio::test]
async fn a_reviewer_never_decides_on_a_company_of_their_own() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let case = submitted(&cast, "Alder Forge").await;

    let employee = appoint(world, "Emil", &["--role", "reviewer", "--role", "review-lead", "--belongs-to", "Alder Forge"]);
    for command in ["claim", "take-over"] {
        let refused = does(world, &employee, &case.id, command).await.refused(403, "reviewer-involved");
        assert!(refused.text("detail").contains("somebody else must review"), "{refused}");
    }
    // Nor on one that they submitted themselves: the address says so.
    let id = world.operator(&["staff", "appoint", "Otto", "Office", "OFFICE@alder-forge.example", "--role", "reviewer"]);
    let token = world.operator(&["token", "create", "office", "--staff", &id]);
    world.post(format!("/v1/registrations/{}/claim", case.id)).by(&token).send().await.refused(403, "reviewer-involved");
    // Nor where they are to be an administrator.
    let id = world.operator(&["staff", "appoint", "Ada", "Moreau", "ada@alder-forge.example", "--role", "reviewer"]);
    let token = world.operator(&["token", "create", "ada", "--staff", &id]);
    world.post(format!("/v1/registrations/{}/claim", case.id)).by(&token).send().await.refused(403, "reviewer-involved");
    // Nor for the partner that they belong to.
    let buyer = appoint(world, "Bela", &["--role", "reviewer", "--belongs-to", crate::support::cast::PARTNER]);
    does(world, &buyer, &case.id, "claim").await.refused(403, "reviewer-involved");

    does(world, &cast.reviewer, &case.id, "claim").await.ok();
}
