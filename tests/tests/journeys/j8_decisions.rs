//! J8: decisions of two people, rejections and what mends them, withdrawal, approvals that are undone.

use serde_json::json;

use crate::j8_review::{because, submitted};
use crate::support::SOON;
use crate::support::cast::{Cast, appoint};
use crate::support::registrant::{Company, Registrant};
use crate::support::review::{approve, decides, does, look, queue, status};

#[tokio::test]
async fn where_a_risk_was_raised_a_second_person_approves() {
    let cast = Cast::assemble().await;
    let (world, rene) = (&cast.world, &cast.reviewer);
    let sana = appoint(world, "Sana", &["--role", "reviewer"]);
    let case = submitted(&cast, "Alder Forge").await;

    does(world, rene, &case.id, "claim").await.ok();
    let risk = json!({ "signal": "The register shows another address." });
    world.post(format!("/v1/registrations/{}/risks", case.id)).by(&rene.token).json(risk).send().await.ok();
    let shown = look(world, rene, &case.id).await;
    assert_eq!(shown["review"]["needs_two_people"], true, "{shown}");

    // The first approval is a proposal: nothing is created, and the registrant is told nothing of it.
    let proposed = decides(world, rene, &case.id, "approve", &shown.etag(), because("Explained by their move.")).await.ok();
    assert_eq!(proposed.text("stage"), "submitted", "{proposed}");
    assert_eq!(status(world, &case.case_number).await.text("state"), "in_review");
    assert_eq!(Registrant::of(world, &case.token, &case.id).look().await.text("stage"), "in_review");
    assert!(world.mails_to(&case.administrator().email, "Alder Forge").is_empty());
    let waiting = queue(world, &sana, "?state=awaiting_second_approval").await;
    assert_eq!(waiting[0]["first_approver"], json!(rene.id), "{waiting:?}");

    // One person is not two.
    let claimed = does(world, rene, &case.id, "claim").await;
    if claimed.status == 200 {
        let again = decides(world, rene, &case.id, "approve", &shown.etag(), because("Still.")).await;
        again.refused(403, "second-approval-by-same-person");
        does(world, rene, &case.id, "release").await.ok();
    } else {
        claimed.refused(403, "second-approval-by-same-person");
    }

    let approved = approve(world, &sana, &case.id).await;
    assert_eq!(approved.text("stage"), "approved");
    world.mail(&case.administrator().email, "Alder Forge is registered").await;
}

#[tokio::test]
async fn a_mistaken_rejection_is_reopened_by_a_lead_and_decided_anew() {
    let cast = Cast::assemble().await;
    let (world, rene) = (&cast.world, &cast.reviewer);
    let lead = appoint(world, "Lea", &["--role", "review-lead"]);
    let company = Company::named("Alder Forge");
    let case = submitted(&cast, &company.name).await;

    does(world, rene, &case.id, "claim").await.ok();
    let etag = look(world, rene, &case.id).await.etag();
    // A rejection needs a reason, which the registrant is told.
    let silent = decides(world, rene, &case.id, "reject", &etag, because("")).await.refused(422, "invalid-fields");
    assert_eq!(silent.pointers(), ["/reason"]);
    decides(world, rene, &case.id, "reject", &etag, because("The register does not know this company.")).await.ok();
    let mail = world.mail(&company.registrant, "Your registration was not approved").await;
    assert!(mail.flat().contains("The register does not know this company."), "{}", mail.text);
    let stands = status(world, &case.case_number).await;
    assert_eq!((stands.text("state"), stands.text("next_actor")), ("rejected".to_owned(), "nobody".to_owned()));
    assert!(queue(world, rene, "").await.is_empty());
    let shown = Registrant::of(world, &case.token, &case.id).look().await;
    assert_eq!(shown.text("rejected_because"), "The register does not know this company.");

    // A lead takes it back.
    let reopen = |token: &str| {
        let call = world.post(format!("/v1/registrations/{}/reopen", case.id)).by(token);
        call.json(because("It is registered under its former name."))
    };
    reopen(&rene.token).send().await.refused(403, "forbidden");
    reopen(&lead.token).send().await.ok();
    world.mail(&company.registrant, "Your registration is being reviewed again").await;
    assert_eq!(queue(world, rene, "").await.len(), 1);
    approve(world, rene, &case.id).await;
    world.mail(&case.administrator().email, "Alder Forge is registered").await;
    reopen(&lead.token).send().await.refused(409, "not-rejected");
}

#[tokio::test]
async fn a_registrant_withdraws_while_it_is_reviewed() {
    let cast = Cast::assemble().await;
    let (world, rene) = (&cast.world, &cast.reviewer);
    let case = submitted(&cast, "Alder Forge").await;
    does(world, rene, &case.id, "claim").await.ok();
    let etag = look(world, rene, &case.id).await.etag();

    let registrant = Registrant::of(world, &case.token, &case.id);
    registrant.does("/withdraw", json!({ "reason": "We were sold." })).await.ok();
    assert_eq!(status(world, &case.case_number).await.text("state"), "withdrawn");
    assert!(queue(world, rene, "").await.is_empty());
    let late = decides(world, rene, &case.id, "approve", &etag, because("Looks good.")).await;
    assert!(late.status == 409 || late.status == 410, "{late}");
    registrant.says("/submit").await.refused(410, "registration-withdrawn");
    // The same link shows what became of it.
    assert_eq!(registrant.look().await.text("stage"), "withdrawn");
}

#[tokio::test]
async fn an_approval_is_undone_within_its_window_and_takes_effect_after_it() {
    let cast = Cast::assemble().await;
    // The partner itself was approved without a window; from now on there is one.
    let cast = Cast { world: cast.world.with_setting("GATEHOUSE_POLICY__UNDO_WINDOW_MINUTES", "1"), ..cast };
    let (world, rene) = (&cast.world, &cast.reviewer);
    let case = submitted(&cast, "Alder Forge").await;

    let approved = approve(world, rene, &case.id).await;
    assert_eq!(approved.text("stage"), "approval_pending");
    // That it can still be undone is not the registrant's to know.
    assert_eq!(status(world, &case.case_number).await.text("state"), "in_review");
    let shown = Registrant::of(world, &case.token, &case.id).look().await;
    assert_eq!(shown.text("stage"), "in_review");

    let undo = || world.post(format!("/v1/registrations/{}/undo-approval", case.id)).by(&rene.token).json(because("Wrong company."));
    undo().send().await.ok();
    undo().send().await.refused(409, "no-approval-pending");
    let administrator = &case.administrator().email;
    assert!(world.mails_to(administrator, "Alder Forge").is_empty(), "nothing was mailed");

    // Approved again, killed meanwhile: when the window is over, it takes effect.
    approve(world, rene, &case.id).await;
    world.kill_and_restart();
    let limit = SOON.saturating_mul(3);
    test_support::eventually("the approval to take effect", limit, async || {
        (!world.mails_to(administrator, "Alder Forge is registered").is_empty()).then_some(())
    })
    .await;
    // The read model of the status page follows the log by itself, the mails do too.
    test_support::eventually("the status page to say so", limit, async || {
        (status(world, &case.case_number).await.text("state") == "approved").then_some(())
    })
    .await;
    undo().send().await.refused(409, "no-approval-pending");
}
