//! Events in, rows out.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot have what it needs has failed")]

mod log;

use directory::*;
use domain::user::{UserEvent, UserRole};
use domain::*;
use log::{
    Company, Log, Said, by, contact, duns, id, identity, interleave, partner, prelude, profile, reason, reviewer, said, slug, transfer,
};
use projection_runtime::Standalone;
use test_support::servers::TestDatabase;

async fn directory_of(events: Vec<Said>) -> (tempfile::TempDir, Standalone<Directory>) {
    let folder = tempfile::tempdir().unwrap();
    let mut standalone =
        Standalone::create_twice(&folder.path().join("rows"), &TestDatabase::of_this_thread().parse().unwrap(), Directory).await.unwrap();
    standalone.apply(&Log::of(events).events).await.unwrap();
    (folder, standalone)
}

fn a_company() -> Company {
    Company::new(7)
}

fn up_to_first_login() -> Vec<Said> {
    let company = a_company();
    [prelude(), company.invited(), company.registered(), company.onboarded(), company.first_login()].concat()
}

#[tokio::test]
async fn an_approved_organization_is_found_by_its_id_its_identifier_and_its_name() {
    let (_folder, mut rows) = directory_of(up_to_first_login()).await;
    let (conn, company) = (rows.rows(), a_company());

    let found = organization(conn, company.organization()).await.unwrap().unwrap();
    assert_eq!(found.legal_name, company.name());
    assert_eq!(found.state, OrganizationState::Active);
    assert_eq!(found.registration, company.case());
    assert!(!found.is_partner);
    assert_eq!(found.administrators.0, [Administrator { person: company.anna(), established: true }]);

    let by_identifier = organization_by_identifier(conn, &duns(&company.identifier())).await.unwrap();
    assert_eq!(by_identifier.as_ref(), Some(&found));
    assert_eq!(organization_by_identifier(conn, &duns("42")).await.unwrap(), None);

    let named = |name: &str| OrganizationFilter { name: Some(name.to_owned()), ..OrganizationFilter::default() };
    assert_eq!(organizations(conn, &named("MULLER & sohne"), None, 10).await.unwrap(), std::slice::from_ref(&found));
    assert_eq!(organizations(conn, &named("nobody"), None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn organizations_are_listed_by_name_page_by_page() {
    let lives = (0..5).map(|number| [Company::new(number).invited(), Company::new(number).onboarded()].concat()).collect();
    let (_folder, mut rows) = directory_of([prelude(), interleave(lives, &[0, 3, 1])].concat()).await;
    let conn = rows.rows();
    let mut names = Vec::new();
    let mut after = None;
    loop {
        let page = organizations(conn, &OrganizationFilter::default(), after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        names.extend(page.into_iter().map(|organization| organization.name_key));
    }
    assert_eq!(names.len(), 6);
    assert!(names.is_sorted(), "{names:?}");

    let partners_only = OrganizationFilter { partners_only: true, ..OrganizationFilter::default() };
    let partners: Vec<_> = organizations(conn, &partners_only, None, 10).await.unwrap().into_iter().map(|one| one.id).collect();
    assert_eq!(partners, [partner()]);
}

#[tokio::test]
async fn likely_duplicates_share_an_identifier_a_name_or_the_domain_of_an_address() {
    let (_folder, mut rows) = directory_of(up_to_first_login()).await;
    let (conn, company) = (rows.rows(), a_company());
    let because =
        |found: Vec<LikelyDuplicate>| found.into_iter().map(|one| one.because.into_iter().collect::<Vec<_>>()).collect::<Vec<_>>();

    let all = likely_duplicates(conn, "MULLER, SOHNE 7", &[duns(&company.identifier())], Some(&company.email("x"))).await.unwrap();
    assert_eq!(because(all), [[Likeness::Identifier, Likeness::Name, Likeness::EmailDomain]]);
    let by_domain = likely_duplicates(conn, "Something else", &[], Some(&company.email("x"))).await.unwrap();
    assert_eq!(because(by_domain), [[Likeness::EmailDomain]]);
    assert_eq!(likely_duplicates(conn, "Something else", &[], Some("x@gmail.com")).await.unwrap(), []);
    let look_alike =
        likely_duplicates(conn, "Mu\u{308}ller & S\u{f6}hne 7 GmbH".replace('e', "\u{435}").as_str(), &[], None).await.unwrap();
    assert_eq!(because(look_alike), [[Likeness::LookAlike]], "Cyrillic letters among Latin ones");
}

#[tokio::test]
async fn a_change_of_identifiers_waits_and_then_moves_the_identifier() {
    let company = a_company();
    let asked = company.at_work().into_iter().take(2);
    let (_folder, mut rows) = directory_of(up_to_first_login().into_iter().chain(asked).collect()).await;
    let pending = OrganizationFilter { amendment_pending: true, ..OrganizationFilter::default() };
    let waiting = organizations(rows.rows(), &pending, None, 10).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert!(waiting[0].amendment.is_some());

    let (_folder, mut rows) = directory_of([up_to_first_login(), company.at_work()].concat()).await;
    let conn = rows.rows();
    assert_eq!(organizations(conn, &pending, None, 10).await.unwrap(), []);
    assert_eq!(organization_by_identifier(conn, &duns(&company.identifier())).await.unwrap(), None);
    let now = organization_by_identifier(conn, &duns("100000007")).await.unwrap().unwrap();
    assert_eq!(now.id, company.organization());
    assert_eq!(now.trading_name.as_deref(), Some("MS Aero"));
    let known = likely_duplicates(conn, "M.S. Aero", &[], None).await.unwrap();
    assert_eq!(known.len(), 1, "the trading name counts");
}

#[tokio::test]
async fn what_is_amended_at_once_is_not_undone_by_the_change_that_waits() {
    let company = a_company();
    let mut phone = profile(&company.name(), &company.identifier());
    phone.phone = Some(Phone::parse("+49 40 7654321").unwrap());
    let waits = company.at_work().into_iter().take(2);
    let amended = said((company.organization(), domain::organization::OrganizationEvent::ProfileAmended { profile: phone.clone() }));
    let (_folder, mut rows) = directory_of(up_to_first_login().into_iter().chain(waits).chain([amended]).collect()).await;
    let found = organization(rows.rows(), company.organization()).await.unwrap().unwrap();
    let amendment = found.amendment.unwrap().0;
    assert_eq!(amendment.phone, phone.phone);
    assert_eq!(amendment.identifiers, [duns("100000007")]);
}

#[tokio::test]
async fn sign_in_finds_the_user_by_user_id_with_the_credentials_that_work() {
    let company = a_company();
    let before = [prelude(), company.onboarded()].concat();
    let (_folder, mut rows) = directory_of(before).await;
    let found = sign_in(rows.rows(), &company.user_id(1)).await.unwrap().unwrap();
    assert_eq!(found.organization_state, Some(OrganizationState::Active));
    assert_eq!(found.user.state, UserState::PendingFirstLogin);
    assert_eq!(found.user.usable_one_time_password(), Some(company.credential(1)));
    assert_eq!(found.user.next_login_step(), Some(LoginStep::OneTimePassword));
    assert_eq!(found.user.password, None);

    let (_folder, mut rows) = directory_of(up_to_first_login()).await;
    let found = sign_in(rows.rows(), &company.user_id(1)).await.unwrap().unwrap().user;
    assert_eq!(found.state, UserState::Active);
    assert_eq!(found.usable_one_time_password(), None);
    assert_eq!(found.password, Some(company.credential(3)));
    assert_eq!(found.terms_version.as_deref(), Some("2026-01"));
    assert_eq!(found.next_login_step(), None);
    assert_eq!(sign_in(rows.rows(), &UserId::parse("GH-NONE").unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn first_time_login_resumes_at_the_step_where_it_stopped() {
    let company = a_company();
    let steps = [Some(LoginStep::OneTimePassword), Some(LoginStep::Password), Some(LoginStep::Profile), Some(LoginStep::Terms), None];
    for (done, step) in steps.into_iter().enumerate() {
        let events = [prelude(), company.onboarded()].concat().into_iter().chain(company.first_login().into_iter().take(done));
        let (_folder, mut rows) = directory_of(events.collect()).await;
        let found = user(rows.rows(), company.anna()).await.unwrap().unwrap();
        assert_eq!(found.next_login_step(), step, "after {done} steps");
    }
}

#[tokio::test]
async fn a_new_or_a_locked_one_time_password_comes_first_again() {
    let company = a_company();
    let issued = said((company.anna(), UserEvent::OneTimePasswordIssued { one_time_password: company.credential(50) }));
    let locked = said((company.anna(), UserEvent::OneTimePasswordLocked { one_time_password: company.credential(50) }));
    let (_folder, mut rows) = directory_of([up_to_first_login(), vec![issued.clone()]].concat()).await;
    let found = user(rows.rows(), company.anna()).await.unwrap().unwrap();
    assert_eq!(found.usable_one_time_password(), Some(company.credential(50)));
    assert_eq!(found.next_login_step(), Some(LoginStep::OneTimePassword));
    let (_folder, mut rows) = directory_of([up_to_first_login(), vec![issued, locked]].concat()).await;
    let found = user(rows.rows(), company.anna()).await.unwrap().unwrap();
    assert_eq!(found.usable_one_time_password(), None);
}

#[tokio::test]
async fn a_reinstated_user_is_what_they_were_before() {
    let company = a_company();
    for (person, state) in [(company.anna(), UserState::Active), (company.bert(), UserState::PendingFirstLogin)] {
        let suspended = said((person, UserEvent::Suspended { reason: reason("holiday") }));
        let reinstated = said((person, UserEvent::Reinstated { reason: reason("back") }));
        let (_folder, mut rows) = directory_of([up_to_first_login(), vec![suspended.clone()]].concat()).await;
        assert_eq!(user(rows.rows(), person).await.unwrap().unwrap().state, UserState::Suspended);
        let (_folder, mut rows) = directory_of([up_to_first_login(), vec![suspended, reinstated]].concat()).await;
        assert_eq!(user(rows.rows(), person).await.unwrap().unwrap().state, state);
    }
}

#[tokio::test]
async fn users_of_an_organization_are_paged_and_asked_by_role() {
    let company = a_company();
    let (_folder, mut rows) = directory_of([up_to_first_login(), company.at_work()].concat()).await;
    let conn = rows.rows();
    let first = users_of(conn, company.organization(), None, None, 2).await.unwrap();
    let second = users_of(conn, company.organization(), None, first.last().map(|user| user.person), 2).await.unwrap();
    let people: Vec<_> = first.iter().chain(&second).map(|user| user.person).collect();
    assert_eq!(people, [company.anna(), company.bert(), company.cleo()]);
    let administrators = administrators_of(conn, company.organization()).await.unwrap();
    assert_eq!(administrators.iter().map(|user| user.person).collect::<Vec<_>>(), [company.anna()]);
    // Bert is one, but his first-time login is not done: there is nobody to ask yet.
    let role = UserRole::ApplicationAdministrator(transfer());
    assert_eq!(users_with_role(conn, company.organization(), role).await.unwrap(), []);
    let credentials = credentials_of(conn, company.anna()).await.unwrap();
    assert_eq!(credentials.len(), 1);
    assert_eq!((credentials[0].label.as_str(), credentials[0].state), ("new phone", CredentialState::Active));
}

#[tokio::test]
async fn a_self_registered_user_waits_to_be_confirmed() {
    let company = a_company();
    let came = company.at_work().into_iter().skip(3).take(2);
    let (_folder, mut rows) = directory_of(up_to_first_login().into_iter().chain(came).collect()).await;
    let waiting = users_of(rows.rows(), company.organization(), Some(UserState::SelfRegistered), None, 10).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].full_name().as_deref(), Some("Cleo Berg"));
    assert_eq!(waiting[0].user_id, None);
    assert_eq!(waiting[0].next_login_step(), None);
}

#[tokio::test]
async fn the_catalogue_is_found_by_code_link_and_owner_and_loses_what_is_retired_to_the_public() {
    let (_folder, mut rows) = directory_of(prelude()).await;
    let conn = rows.rows();
    let by_code = application_by_code(conn, &ApplicationCode::parse("FIS").unwrap()).await.unwrap().unwrap();
    assert_eq!(by_code.id, identity());
    assert_eq!(application_by_slug(conn, &slug()).await.unwrap(), Some(by_code.clone()));
    assert_eq!(public_catalogue(conn).await.unwrap(), std::slice::from_ref(&by_code));
    let mine = applications_of(conn, Owner::Partner(partner())).await.unwrap();
    assert_eq!(mine.iter().map(|one| one.id).collect::<Vec<_>>(), [transfer()]);
    assert_eq!(applications(conn).await.unwrap().len(), 2);

    let retired = said((identity(), domain::application::ApplicationEvent::Retired { reason: reason("replaced") }));
    let (_folder, mut rows) = directory_of([prelude(), vec![retired]].concat()).await;
    let conn = rows.rows();
    assert_eq!(public_catalogue(conn).await.unwrap(), []);
    assert_eq!(application_by_slug(conn, &slug()).await.unwrap(), None);
    assert_eq!(application(conn, identity()).await.unwrap().unwrap().retired_because.as_deref(), Some("replaced"));
}

#[tokio::test]
async fn an_amended_application_gives_up_its_link() {
    let mut details = by_slug_details();
    details.ways.clear();
    let amended = said((identity(), domain::application::ApplicationEvent::Amended { details }));
    let (_folder, mut rows) = directory_of([prelude(), vec![amended]].concat()).await;
    assert_eq!(application_by_slug(rows.rows(), &slug()).await.unwrap(), None);
}

fn by_slug_details() -> domain::application::ApplicationDetails {
    log::details("Federated Identity Service", domain::application::RegistrationPolicy::Public, Vec::new())
}

#[tokio::test]
async fn staff_act_by_their_roles_until_they_are_dismissed() {
    let (_folder, mut rows) = directory_of(prelude()).await;
    let reviewers = staff_with_role(rows.rows(), StaffRole::Reviewer).await.unwrap();
    assert_eq!(reviewers.iter().map(|member| member.id).collect::<Vec<_>>(), [reviewer()]);
    assert_eq!(reviewers[0].full_name().as_deref(), Some("Rita Berg"));
    let dismissed = by(Actor::Operator, (reviewer(), domain::staff::StaffEvent::Dismissed { reason: reason("retired") }));
    let (_folder, mut rows) = directory_of([prelude(), vec![dismissed]].concat()).await;
    assert_eq!(staff_with_role(rows.rows(), StaffRole::Reviewer).await.unwrap(), []);
    assert!(staff_member(rows.rows(), reviewer()).await.unwrap().unwrap().dismissed_at.is_some());
}

#[tokio::test]
async fn a_partner_sees_its_invitations_newest_first_and_an_organization_its_offers() {
    let company = a_company();
    let (_folder, mut rows) = directory_of([up_to_first_login(), company.offered()].concat()).await;
    let conn = rows.rows();
    let of_partner = InvitationFilter { inviter: Some(Owner::Partner(partner())), ..InvitationFilter::default() };
    let all = invitations(conn, &of_partner, None, 10).await.unwrap();
    assert_eq!(all.iter().map(|one| one.id).collect::<Vec<_>>(), [company.late_offer(), company.declined_offer(), company.invitation()]);
    let states: Vec<_> = all.iter().map(|one| one.state).collect();
    assert_eq!(states, [InvitationState::OfferAccepted, InvitationState::OfferDeclined, InvitationState::Accepted]);
    let older = projection_runtime::Position(all[0].position);
    assert_eq!(invitations(conn, &of_partner, Some(older), 10).await.unwrap(), all[1..]);
    let accepted = invitations(conn, &InvitationFilter { state: Some(InvitationState::Accepted), ..of_partner }, None, 10).await.unwrap();
    assert_eq!(accepted, all[2..]);
    assert_eq!((accepted[0].generation, accepted[0].registration), (1, Some(company.case())));
    let offers = InvitationFilter { organization: Some(company.organization()), ..InvitationFilter::default() };
    assert_eq!(invitations(conn, &offers, None, 10).await.unwrap(), all[..2]);
    let of_operator = InvitationFilter { inviter: Some(Owner::Operator), ..InvitationFilter::default() };
    assert_eq!(invitations(conn, &of_operator, None, 10).await.unwrap(), []);
    let of_all = InvitationFilter::default();
    assert_eq!(invitations(conn, &of_all, None, 2).await.unwrap(), all[..2]);
    let declined = InvitationFilter { state: Some(InvitationState::OfferDeclined), ..of_all };
    assert_eq!(invitations(conn, &declined, None, 10).await.unwrap(), all[1..2]);
}

#[tokio::test]
async fn an_invitation_to_a_registered_company_is_an_offer_from_the_start_and_stays_one_when_opened() {
    let company = a_company();
    let sent = company.offered().into_iter().take(1);
    let opened = said((company.declined_offer(), domain::invitation::InvitationEvent::Opened {}));
    let (_folder, mut rows) = directory_of(up_to_first_login().into_iter().chain(sent).chain([opened]).collect()).await;
    let offer = invitation(rows.rows(), company.declined_offer()).await.unwrap().unwrap();
    assert_eq!(offer.state, InvitationState::Offered);
    assert!(offer.opened_at.is_some());
}

#[tokio::test]
async fn an_event_that_changes_what_is_not_there_stops_the_projection_with_its_position() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows =
        Standalone::create_twice(&folder.path().join("rows"), &TestDatabase::of_this_thread().parse().unwrap(), Directory).await.unwrap();
    let profile_confirmed = UserEvent::ProfileConfirmed { contact: contact(PersonId(id(77)), "Nobody", "nobody@x.example") };
    let log = Log::of([prelude(), vec![said((PersonId(id(77)), profile_confirmed))]].concat());
    let error = rows.apply(&log.events).await.unwrap_err();
    assert!(error.to_string().starts_with("the event at 5 cannot be applied"), "{error}");
}
