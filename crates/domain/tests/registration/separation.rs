//! A staff member never decides on a registration of an organization to which they belong, and never on one that they
//! submitted or invited.

use domain::registration::{
    Affiliation, Origin, Registration, RegistrationCommand as Command, RegistrationRejection as Rejected, Reviewer, Tie, same_company,
};
use domain::testing::{company, email, given, identifier, reason, uuid};
use domain::{InvitationId, OrganizationId, Owner, RejectionKind::Forbidden};

use crate::cases::*;

#[track_caller]
fn is_tied(reviewer: Reviewer, tie: Tie) {
    submitted().when(Command::ClaimRegistration { reviewer }).then_rejected(Rejected::ReviewerInvolved { tie });
}

#[track_caller]
fn is_free(reviewer: Reviewer) {
    assert_eq!(submitted().when(Command::ClaimRegistration { reviewer }).events().len(), 1);
}

fn with_email(address: &str) -> Reviewer {
    Reviewer { email: Some(email(address)), ..reviewer(9) }
}

#[test]
fn nobody_reviews_what_they_submitted() {
    is_tied(with_email("ADA@Example.com"), Tie::Registrant);
}

#[test]
fn nobody_reviews_a_company_that_they_are_to_administer() {
    is_tied(with_email("Bo@example.com"), Tie::Nominee);
}

#[test]
fn nobody_reviews_a_company_that_they_belong_to_by_identifier() {
    is_tied(belonging_to(Affiliation::Identifier(identifier("DUNS", "15-048-3782"))), Tie::Identifier);
    is_free(belonging_to(Affiliation::Identifier(identifier("CAGE", "150483782"))));
    is_free(belonging_to(Affiliation::Identifier(identifier("DUNS", "150483783"))));
}

#[test]
fn nobody_reviews_a_company_that_they_belong_to_by_name() {
    // The name in the invitation, and the one in the profile.
    is_tied(belonging_to(Affiliation::Company(company("ROTOR-WORKS"))), Tie::CompanyName);
    is_tied(belonging_to(Affiliation::Company(company("Rotor Works GmbH & Co. KG"))), Tie::CompanyName);
    is_free(belonging_to(Affiliation::Company(company("Rotor Workshop GmbH"))));
}

#[test]
fn nobody_reviews_for_the_partner_that_they_belong_to() {
    is_tied(belonging_to(Affiliation::Organization(partner())), Tie::Inviter);
    is_tied(belonging_to(Affiliation::Organization(organization())), Tie::Organization);
    is_free(belonging_to(Affiliation::Organization(OrganizationId(uuid(0x0299)))));
}

#[test]
fn nobody_reviews_a_company_that_they_invited() {
    let Command::StartRegistration { id, registrant, company, applications, .. } = start() else { unreachable!() };
    let origin = Origin::Invitation { invitation: InvitationId(uuid(0x0500)), inviter: Owner::Operator };
    let started = Command::StartRegistration { id, origin, invited_by: vec![staff(1), staff(2)], registrant, company, applications };
    let submitted =
        filled_in(given::<Registration>([]).having(started)).having(Command::ConfirmReview {}).having(Command::SubmitRegistration {});
    for number in [1, 2] {
        submitted.clone().when(claim(number)).then_rejected(Rejected::ReviewerInvolved { tie: Tie::Invited });
    }
    assert_eq!(submitted.when(claim(3)).events().len(), 1);
}

#[test]
fn nobody_links_a_case_to_an_organization_that_they_belong_to() {
    let elsewhere = OrganizationId(uuid(0x0299));
    let tied = belonging_to(Affiliation::Organization(elsewhere));
    let case = submitted().having(Command::ClaimRegistration { reviewer: tied.clone() });
    let dossier_version = version(&case);
    case.when(Command::LinkToOrganization { reviewer: tied, dossier_version, organization: elsewhere, reason: reason("the same") })
        .then_rejected(Rejected::ReviewerInvolved { tie: Tie::Organization });
}

#[test]
fn a_tie_that_is_found_after_the_claim_forbids_every_decision() {
    let tied = || Reviewer { affiliations: vec![Affiliation::Organization(partner())], ..reviewer(1) };
    let dossier_version = version(&in_review());
    let reason = || reason("all checked");
    let forbidden = [
        Command::ClaimRegistration { reviewer: tied() },
        Command::TakeOverRegistration { reviewer: tied() },
        Command::RequestInformation { reviewer: tied(), dossier_version, questions: vec![] },
        Command::ApproveRegistration { reviewer: tied(), dossier_version, reason: reason() },
        Command::RejectRegistration { reviewer: tied(), dossier_version, reason: reason() },
    ];
    for command in forbidden {
        in_review().when(command).then_refused(Forbidden, "reviewer-involved");
    }
    let rejected = in_review().having(reject(1, dossier_version));
    rejected.when(Command::ReopenRegistration { reviewer: tied(), reason: reason() }).then_refused(Forbidden, "reviewer-involved");
    let pending = in_review().under(policy(|policy| policy.undo_window_minutes = 60)).having(approve(1, dossier_version));
    pending.when(Command::UndoApproval { reviewer: tied(), reason: reason() }).then_refused(Forbidden, "reviewer-involved");
}

#[test]
fn company_names_are_compared_without_case_punctuation_and_legal_form() {
    for (a, b) in [
        ("Rotor Works, Inc.", "rotor works"),
        ("Rotor & Works Ltd", "ROTOR AND WORKS LIMITED"),
        ("Müller Luftfahrt GmbH & Co. KG", "Müller-Luftfahrt"),
        ("Aéro S.A.R.L.", "aero sarl"),
        ("O'Neill Aerospace plc", "ONEILL AEROSPACE"),
        ("The Rotor Company", "The Rotor Company Inc."),
    ] {
        assert!(same_company(&company(a), &company(b)), "{a} and {b}");
    }
    for (a, b) in [("Rotor Works", "Rotor Work"), ("Rotor Works North Ltd", "Rotor Works South Ltd"), ("SA Aero", "Aero")] {
        assert!(!same_company(&company(a), &company(b)), "{a} and {b}");
    }
}
