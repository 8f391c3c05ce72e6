//! The steps that the registrant takes.

use domain::RejectionKind::{Conflict, Gone, Invalid, NotFound};
use domain::registration::{
    MOST_APPLICATIONS, MOST_NOMINEES, Origin, RegistrationCommand as Command, RegistrationEvent as Event,
    RegistrationRejection as Rejected, RegistrationState, RequestedApplication, Section, Step,
};
use domain::testing::{contact, identifier, nominee, profile, registrant, text, uuid};
use domain::{ApplicationId, JobTitle, MOST_IDENTIFIERS, OrganizationProfile, Personal, Rejection};

use crate::cases::*;

#[test]
fn nothing_can_be_asked_of_a_registration_that_was_not_begun() {
    nothing().when(human()).then_refused(NotFound, "registration-not-found");
    nothing().when(Command::PassTime {}).then_refused(NotFound, "registration-not-found");
}

#[test]
fn a_public_registration_starts_without_an_invitation() {
    let start = Command::StartRegistration {
        invited_by: vec![],
        id: id(),
        origin: Origin::Public,
        registrant: registrant(ADA, "Ada"),
        company: None,
        applications: vec![requested(sft())],
    };
    let case = nothing().having(start);
    assert_eq!(case.state().case().unwrap().origin, Origin::Public);
}

#[test]
fn a_registration_asks_for_at_least_one_application_and_each_once() {
    let with = |applications| Command::StartRegistration {
        invited_by: vec![],
        id: id(),
        origin: invited(),
        registrant: registrant(ADA, "Ada"),
        company: None,
        applications,
    };
    nothing().when(with(vec![])).then_refused(Invalid, "no-application");
    nothing().when(with(vec![requested(sft()), requested(bscp()), requested(sft())])).then_rejected(Rejected::ApplicationRepeated(sft()));
}

#[test]
fn starting_again_from_the_same_invitation_by_the_same_registrant_begins_nothing_new() {
    started().when(start()).then_nothing();
    filled().when(start()).then_nothing();
}

#[test]
fn nobody_else_starts_under_the_same_id() {
    let other = Command::StartRegistration {
        invited_by: vec![],
        id: id(),
        origin: invited(),
        registrant: registrant(BO, "Bo"),
        company: None,
        applications: vec![requested(sft())],
    };
    started().when(other).then_refused(Conflict, "registration-already-started");
}

#[test]
fn the_human_check_comes_first() {
    started().when(save_profile("Rotor Works")).then_rejected(Rejected::StepOutOfOrder { missing: Step::HumanCheck });
}

#[test]
fn the_human_check_is_passed_once() {
    started().having(human()).when(Command::PassHumanCheck { challenge: "c-2".to_owned() }).then_nothing();
}

#[test]
fn the_profile_comes_before_the_administrators() {
    let case = started().having(human());
    case.when(nominate(ADA, "Ada", org_admin())).then_rejected(Rejected::StepOutOfOrder { missing: Step::Profile });
}

#[test]
fn the_organization_administrator_comes_before_the_application_administrators() {
    with_profile()
        .when(nominate(BO, "Bo", app_admin(bscp())))
        .then_rejected(Rejected::StepOutOfOrder { missing: Step::OrganizationAdministrators });
}

#[test]
fn the_review_is_confirmed_when_each_application_that_needs_an_administrator_has_one() {
    let case = with_profile().having(nominate(ADA, "Ada", org_admin())).having(acknowledge(ADA));
    case.when(Command::ConfirmReview {}).then_rejected(Rejected::StepOutOfOrder { missing: Step::ApplicationAdministrators(bscp()) });
}

#[test]
fn a_registrant_is_told_the_next_step_and_can_leave_and_come_back() {
    let next = |case: &Case| case.state().case().and_then(domain::registration::Case::next_step);
    assert_eq!(next(&started()), Some(Step::HumanCheck));
    assert_eq!(next(&started().having(human())), Some(Step::Profile));
    assert_eq!(next(&with_profile()), Some(Step::OrganizationAdministrators));
    let named = with_profile().having(nominate(ADA, "Ada", org_admin()));
    assert_eq!(next(&named), Some(Step::ApplicationAdministrators(bscp())));
    let named = named.having(nominate(BO, "Bo", app_admin(bscp())));
    assert_eq!(next(&named), Some(Step::Handover(person(ADA))));
    assert_eq!(next(&filled()), Some(Step::Review));
    assert_eq!(next(&filled().having(Command::ConfirmReview {})), Some(Step::Submit));
    assert_eq!(next(&submitted()), None);
}

#[test]
fn the_registrant_can_go_back_and_change_what_was_saved() {
    let changed = profile("Rotor Works SE");
    filled().when(Command::SaveProfile { profile: changed.clone() }).then_events([Event::ProfileSaved { profile: changed }]);
}

#[test]
fn saving_the_same_profile_again_changes_nothing() {
    with_profile().when(save_profile("Rotor Works GmbH")).then_nothing();
}

#[test]
fn every_change_makes_a_new_version_of_the_dossier_and_says_in_which_section() {
    let before = filled();
    let since = version(&before);
    let mut changed = profile("Rotor Works GmbH");
    changed.identifiers.push(identifier("CAGE", "D1234"));
    let after = before
        .having(Command::SaveProfile { profile: changed })
        .having(Command::SelectAdministrator { nominee: person(ADA), role: app_admin(bscp()) });
    assert_eq!(version(&after), since + 2);
    let state = after.state();
    let sections: Vec<Section> = state.case().unwrap().dossier.changed_since(since).collect();
    assert_eq!(sections, [Section::Identifiers, Section::ApplicationAdministrators(bscp())]);
}

#[test]
fn acknowledging_and_confirming_change_no_entry() {
    let case = with_profile().having(nominate(ADA, "Ada", org_admin()));
    let before = version(&case);
    assert_eq!(version(&case.having(acknowledge(ADA))), before);
    let case = filled();
    assert_eq!(version(&case.clone().having(Command::ConfirmReview {})), version(&case));
}

#[test]
fn the_registrant_may_name_themselves_and_only_themselves_as_such() {
    let as_registrant = |number, is_registrant| Command::NominateAdministrator {
        nominee: nominee(number, "Somebody"),
        is_registrant,
        one_time_password: password(number),
        role: org_admin(),
    };
    assert_eq!(with_profile().when(as_registrant(ADA, true)).events().len(), 2);
    with_profile().when(as_registrant(BO, true)).then_refused(Invalid, "registrant-mistaken");
    with_profile().when(as_registrant(ADA, false)).then_refused(Invalid, "registrant-mistaken");
}

#[test]
fn a_person_is_created_once_and_selected_after_that() {
    filled().when(nominate(BO, "Bo", org_admin())).then_rejected(Rejected::AlreadyNominated(person(BO)));
    let select = Command::SelectAdministrator { nominee: person(BO), role: org_admin() };
    let case = filled().when(select.clone()).then_events([Event::AdministratorSelected { nominee: person(BO), role: org_admin() }]);
    case.when(select).then_nothing();
}

#[test]
fn two_administrators_do_not_share_an_e_mail_address() {
    filled().when(nominate(CY, "BO", org_admin())).then_rejected(Rejected::EmailAlreadyNominated(person(BO)));
}

#[test]
fn each_administrator_has_a_one_time_password_of_their_own() {
    let same_password = Command::NominateAdministrator {
        nominee: nominee(CY, "Cy"),
        is_registrant: false,
        one_time_password: password(BO),
        role: org_admin(),
    };
    filled().when(same_password).then_refused(Invalid, "one-time-password-reused");
}

#[test]
fn administrators_are_named_for_applications_that_are_asked_for_and_need_them() {
    let other = domain::ApplicationId(domain::testing::uuid(0x0499));
    filled().when(nominate(CY, "Cy", app_admin(other))).then_rejected(Rejected::ApplicationNotRequested(other));
    filled().when(nominate(CY, "Cy", app_admin(sft()))).then_rejected(Rejected::ApplicationNeedsNoAdministrator(sft()));
}

#[test]
fn correcting_an_administrator_voids_the_one_time_password_before_and_its_handover() {
    let correction = |one_time_password| Command::CorrectAdministrator { nominee: nominee(BO, "Beau"), one_time_password };
    filled().when(correction(password(BO))).then_refused(Invalid, "one-time-password-reused");
    let case = filled()
        .when(correction(password(7)))
        .then_events([Event::AdministratorCorrected { nominee: nominee(BO, "Beau"), one_time_password: password(7) }]);
    assert!(!case.state().case().unwrap().dossier.nominee(person(BO)).unwrap().handover_acknowledged);
    case.when(correction(password(7))).then_nothing();
    filled()
        .when(Command::CorrectAdministrator { nominee: nominee(CY, "Cy"), one_time_password: password(7) })
        .then_rejected(Rejected::NotNominated(person(CY)));
}

#[test]
fn an_administrator_keeps_the_e_mail_address_through_a_correction() {
    let mut contact = contact("Bo");
    contact.job_title = Some(text(JobTitle::parse, "Quality lead"));
    let correct = Command::CorrectAdministrator { nominee: Personal::new(person(BO), contact), one_time_password: password(7) };
    assert_eq!(filled().when(correct).events().len(), 1);
    let taken = Command::CorrectAdministrator { nominee: nominee(BO, "Ada"), one_time_password: password(7) };
    filled().when(taken).then_rejected(Rejected::EmailAlreadyNominated(person(ADA)));
}

#[test]
fn a_profile_is_valid_as_a_whole() {
    let save = |change: fn(&mut OrganizationProfile)| {
        let mut profile = profile("Rotor Works GmbH");
        change(&mut profile);
        Command::SaveProfile { profile }
    };
    let rejected = |change| with_profile().when(save(change)).rejection();
    let without_lines = rejected(|profile| profile.address.lines.clear());
    assert_eq!((without_lines.code(), without_lines.field().as_deref()), ("address-lines", Some("/profile/address/lines")));
    let repeated = rejected(|profile| profile.identifiers.extend(profile.identifiers.clone()));
    assert_eq!((repeated.code(), repeated.field().as_deref()), ("identifier-repeated", Some("/profile/identifiers/1")));
    let too_many = rejected(|profile| profile.identifiers = (0..=MOST_IDENTIFIERS).map(|n| identifier("DUNS", &n.to_string())).collect());
    assert_eq!(too_many.code(), "too-many-identifiers");
}

#[test]
fn a_registration_asks_for_and_names_a_bounded_number() {
    let application = |number| RequestedApplication { application: ApplicationId(uuid(number)), ..requested(sft()) };
    let applications: Vec<_> = (0..=50).map(|number| application(0x1000 + number)).collect();
    assert_eq!(applications.len(), MOST_APPLICATIONS + 1);
    let start = Command::StartRegistration {
        invited_by: vec![],
        id: id(),
        origin: Origin::Public,
        registrant: registrant(ADA, "Ada"),
        company: None,
        applications,
    };
    nothing().when(start).then_refused(Invalid, "too-many-applications");
    let mut case = with_profile();
    for number in 0..50 {
        case = case.having(nominate(0x1000 + number, &format!("Somebody{number}"), org_admin()));
    }
    assert_eq!(case.state().case().unwrap().dossier.nominees.len(), MOST_NOMINEES);
    case.when(nominate(0x2000, "Another", org_admin())).then_refused(Invalid, "too-many-administrators");
}

#[test]
fn an_administrator_without_any_role_is_named_no_more() {
    let deselect = Command::DeselectAdministrator { nominee: person(BO), role: app_admin(bscp()) };
    let case =
        filled().when(deselect.clone()).then_events([Event::AdministratorDeselected { nominee: person(BO), role: app_admin(bscp()) }]);
    assert_eq!(case.state().case().unwrap().dossier.nominee(person(BO)), None);
    case.clone().when(deselect).then_nothing();
    case.when(acknowledge(BO)).then_rejected(Rejected::NotNominated(person(BO)));
}

#[test]
fn an_administrator_with_another_role_stays() {
    let case = filled().having(Command::SelectAdministrator { nominee: person(ADA), role: app_admin(bscp()) });
    let case = case.having(Command::DeselectAdministrator { nominee: person(ADA), role: org_admin() });
    assert!(case.state().case().unwrap().dossier.nominee(person(ADA)).is_some());
}

#[test]
fn nothing_is_recorded_about_somebody_who_was_forgotten() {
    let erased = filled().and([Event::AdministratorCorrected { nominee: Personal::erased(person(BO)), one_time_password: password(7) }]);
    let correct = Command::CorrectAdministrator { nominee: nominee(BO, "Bo"), one_time_password: password(8) };
    erased.when(correct).then_rejected(Rejected::NomineeForgotten(person(BO)));
}

#[test]
fn a_registration_cannot_be_filled_in_after_its_time() {
    let last_moment = filled().at("2026-05-01T09:59:59Z");
    assert_eq!(last_moment.when(Command::ConfirmReview {}).events(), [Event::ReviewConfirmed {}]);
    let late = filled().at("2026-05-01T10:00:00Z");
    late.clone().when(save_profile("Rotor Works SE")).then_refused(Gone, "registration-expired");
    late.clone().when(Command::SubmitRegistration {}).then_refused(Gone, "registration-expired");
    late.when(Command::WithdrawRegistration { reason: None }).then_refused(Gone, "registration-expired");
}

#[test]
fn an_event_before_the_beginning_means_nothing() {
    let state = domain::testing::given::<domain::registration::Registration>([Event::ReviewConfirmed {}]).state();
    assert_eq!(state, RegistrationState::Nothing);
}

#[test]
fn a_rejection_names_the_field_that_is_wrong() {
    assert_eq!(Rejected::NoApplication.field().as_deref(), Some("/applications"));
    assert_eq!(Rejected::QuestionWithoutField { index: 3 }.field().as_deref(), Some("/questions/3/field"));
    assert_eq!(Rejected::NotClaimed.field(), None);
}
