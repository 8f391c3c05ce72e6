//! The whole way.

use domain::registration::{RegistrationCommand as Command, RegistrationEvent as Event, Stage};
use domain::testing::{NOW, at, later, nominee, profile, reason, registrant};
use domain::{CaseNumber, Due};

use crate::cases::*;

#[test]
fn from_the_first_step_to_the_organization() {
    let case = nothing().when(start()).then_events([Event::Started {
        origin: invited(),
        case_number: CaseNumber::parse("GH-4HNV-6J9Q-BKNC").unwrap(),
        registrant: registrant(ADA, "Ada"),
        company: Some(domain::testing::company("Rotor Works")),
        applications: vec![requested(sft()), requested(bscp())],
        organization: organization(),
        expires_at: at("2026-05-01T10:00:00Z"),
        invited_by: vec![],
    }]);
    let case = case.when(human()).then_events([Event::HumanCheckPassed { challenge: "c-1".to_owned() }]);
    let case = case.when(save_profile("Rotor Works GmbH")).then_events([Event::ProfileSaved { profile: profile("Rotor Works GmbH") }]);
    let case = case.when(nominate(ADA, "Ada", org_admin())).then_events([
        Event::AdministratorNominated { nominee: nominee(ADA, "Ada"), is_registrant: true, one_time_password: password(ADA) },
        Event::AdministratorSelected { nominee: person(ADA), role: org_admin() },
    ]);
    let case = case.when(acknowledge(ADA)).then_events([Event::HandoverAcknowledged { nominee: person(ADA) }]);
    let case = case.having(Command::SelectAdministrator { nominee: person(ADA), role: app_admin(bscp()) });
    let case = case.when(Command::ConfirmReview {}).then_events([Event::ReviewConfirmed {}]);
    let due = Due {
        at: at("2026-03-04T10:00:00Z"),
        soon_at: at("2026-03-03T14:00:00Z"),
        counted_from: at(NOW),
        business_seconds: 16 * 3_600,
        time_zone: "UTC".to_owned(),
        calendar_version: 1,
    };
    let dossier_version = version(&case);
    let case = case.when(Command::SubmitRegistration {}).then_events([Event::Submitted { dossier_version, due }]);
    let case = case.when(claim(1)).then_events([Event::Claimed { reviewer: staff(1), until: later(at(NOW), 60), taken_over_from: None }]);
    let case = case.when(approve(1, dossier_version)).then_events([
        Event::Approved { reviewer: staff(1), dossier_version, reason: reason("all checked"), effective_at: at(NOW) },
        Event::ApprovalTookEffect { organization: organization() },
    ]);
    assert_eq!(case.state().case().unwrap().stage, Stage::Approved { organization: organization() });
}
