//! Where a case stands, step by step, and what is told to whom.
#![allow(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use std::sync::Arc;

use domain::registration::{
    AdministratorRole, Origin, Question, Registration, RegistrationEvent as Event, RegistrationState, RequestedApplication, Step,
};
use domain::{
    Actor, Address, AddressLine, Aggregate, ApplicationId, CaseNumber, CommandId, CompanyName, Contact, Country, CredentialId, DomainEvent,
    Due, Email, EventId, Message, OrganizationId, OrganizationProfile, Owner, PersonId, PersonName, Personal, Reason, Registrant,
    RegistrationId, StaffId,
};
use jiff::Timestamp;
use projection_runtime::{Envelope, Fingerprint, Metadata, Position, Standalone, StreamId};
use proptest::prelude::*;
use registration_status::{CaseState, NextActor, PublicState, RegistrationStatus, Status, by_case_number, get, public};
use tempfile::TempDir;
use test_support::servers::TestDatabase;
use uuid::Uuid;

const CASE: RegistrationId = RegistrationId(Uuid::from_u128(1));
const STAFF: StaffId = StaffId(Uuid::from_u128(2));

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn number() -> CaseNumber {
    CaseNumber::parse("GH-7K3M-Q2XD").unwrap()
}

fn reason() -> Reason {
    Reason::parse("the VAT number is another company's").unwrap()
}

fn application(number: u128) -> ApplicationId {
    ApplicationId(Uuid::from_u128(0xA0 + number))
}

fn person(number: u128) -> PersonId {
    PersonId(Uuid::from_u128(0xB0 + number))
}

fn due(second: i64) -> Due {
    Due {
        at: at(second),
        soon_at: at(second - 100),
        counted_from: at(0),
        business_seconds: second,
        time_zone: "UTC".to_owned(),
        calendar_version: 1,
    }
}

fn started() -> Event {
    let requested = |number, needs_administrator| RequestedApplication {
        application: application(number),
        owner: Owner::Operator,
        needs_administrator,
        four_eyes: false,
    };
    Event::Started {
        origin: Origin::Public,
        case_number: number(),
        registrant: Personal::new(person(0), Registrant { name: None, email: Email::parse("ada@example.com").unwrap() }),
        company: None,
        applications: vec![requested(1, true), requested(2, false), requested(3, true)],
        organization: OrganizationId(Uuid::from_u128(3)),
        expires_at: at(9_000),
        invited_by: vec![],
    }
}

fn profile() -> Event {
    let line = |text| AddressLine::parse(text).unwrap();
    let address = Address {
        lines: vec![line("1 Main Street")],
        city: line("Springfield"),
        region: None,
        postal_code: None,
        country: Country::parse("US").unwrap(),
    };
    let legal_name = CompanyName::parse("Acme Ltd").unwrap();
    Event::ProfileSaved {
        profile: OrganizationProfile { legal_name, trading_name: None, address, identifiers: Vec::new(), phone: None, website: None },
    }
}

fn contact(number: u128) -> Personal<Contact> {
    let name = |text| PersonName::parse(text).unwrap();
    let email = Email::parse("grace@example.com").unwrap();
    let contact = Contact { given_name: name("Grace"), family_name: name("Hopper"), email, phone: None, job_title: None };
    Personal::new(person(number), contact)
}

fn nominated(number: u128) -> Event {
    Event::AdministratorNominated {
        nominee: contact(number),
        is_registrant: false,
        one_time_password: CredentialId(Uuid::from_u128(number)),
    }
}

fn role(number: u128) -> AdministratorRole {
    if number == 0 {
        AdministratorRole::OrganizationAdministrator
    } else {
        AdministratorRole::ApplicationAdministrator(application(number))
    }
}

fn submitted() -> Event {
    Event::Submitted { dossier_version: 8, due: due(5_000) }
}

fn claimed() -> Event {
    Event::Claimed { reviewer: STAFF, until: at(60), taken_over_from: None }
}

fn approved() -> Event {
    Event::Approved { reviewer: STAFF, dossier_version: 8, reason: reason(), effective_at: at(99) }
}

fn asked() -> Event {
    let question = Question { field: "/profile/identifiers".to_owned(), question: Message::parse("Which VAT number?").unwrap() };
    Event::InformationRequested { questions: vec![question], business_seconds_left: 4_000 }
}

struct Page {
    view: Standalone<RegistrationStatus>,
    position: u64,
    _folder: TempDir,
}

impl Page {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let view = Standalone::create_twice(
            &folder.path().join("status.db"),
            &TestDatabase::of_this_thread().parse().unwrap(),
            RegistrationStatus,
        )
        .await
        .unwrap();
        Self { view, position: 0, _folder: folder }
    }

    fn envelope(&mut self, event: Event) -> Arc<Envelope> {
        self.position += 1;
        let metadata = Metadata {
            command: CommandId(Uuid::nil()),
            fingerprint: Fingerprint(0),
            actor: Actor::Operator,
            from: "cli".to_owned(),
            cause: None,
        };
        Arc::new(Envelope {
            position: Position(self.position),
            stream: StreamId::new("registration", CASE.0),
            version: self.position,
            id: EventId(Uuid::from_u128(u128::from(self.position))),
            event_type: "registration.test.v1".into(),
            recorded_at: at(i64::try_from(self.position).unwrap()),
            metadata,
            event: DomainEvent::Registration(CASE, event),
        })
    }

    async fn after(&mut self, events: Vec<Event>) -> Status {
        let batch: Vec<_> = events.into_iter().map(|event| self.envelope(event)).collect();
        self.view.apply(&batch).await.unwrap();
        get(self.view.rows(), CASE).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn a_registrant_who_comes_back_is_led_to_the_next_step() {
    let mut page = Page::new().await;
    let status = page.after(vec![started()]).await;
    assert_eq!((status.state, status.next_step()), (CaseState::Filling, Some(Step::HumanCheck)));
    let status = page.after(vec![Event::HumanCheckPassed { challenge: "c".to_owned() }, profile()]).await;
    assert_eq!(status.next_step(), Some(Step::OrganizationAdministrators));
    let selected = |number| Event::AdministratorSelected { nominee: person(1), role: role(number) };
    let status = page.after(vec![nominated(1), selected(0), selected(1)]).await;
    assert_eq!(status.next_step(), Some(Step::ApplicationAdministrators(application(3))));
    let status = page.after(vec![selected(3)]).await;
    assert_eq!(status.next_step(), Some(Step::Handover(person(1))));
    let status = page.after(vec![Event::HandoverAcknowledged { nominee: person(1) }]).await;
    assert_eq!(status.next_step(), Some(Step::Review));
    let status = page.after(vec![Event::ReviewConfirmed {}]).await;
    assert_eq!(status.next_step(), Some(Step::Submit));
    let steps: Vec<Step> = status.filling.0.steps().iter().filter(|step| step.is_done).map(|step| step.step).collect();
    assert_eq!(steps.len(), 7, "{steps:?}");
    let status = page.after(vec![submitted()]).await;
    assert_eq!((status.state, status.next_step(), status.due_at), (CaseState::Submitted, None, Some(at(5_000))));
    assert_eq!(status.state.next_actor(), NextActor::Reviewer);
}

#[tokio::test]
async fn questions_are_there_until_they_are_answered() {
    let mut page = Page::new().await;
    let status = page.after(vec![started(), submitted(), claimed(), asked()]).await;
    assert_eq!((status.state, status.state.next_actor()), (CaseState::InformationRequested, NextActor::Registrant));
    assert_eq!(status.questions.0[0].field, "/profile/identifiers");
    assert_eq!((status.due_at, status.answer_asked_at), (None, Some(at(4))));
    let status = page.after(vec![Event::Resubmitted { dossier_version: 9, answer: None, due: due(6_000) }]).await;
    assert_eq!((status.state, status.questions.0.len(), status.due_at), (CaseState::Submitted, 0, Some(at(6_000))));
    assert_eq!(status.submitted_at, Some(at(2)));
}

#[tokio::test]
async fn an_approval_is_told_outside_only_when_it_takes_effect() {
    let mut page = Page::new().await;
    let status = page.after(vec![started(), submitted(), claimed(), approved()]).await;
    assert_eq!((status.state, status.effective_at), (CaseState::ApprovalPending, Some(at(99))));
    let told = public(page.view.rows(), &number()).await.unwrap().unwrap();
    assert_eq!((told.state, told.next_actor, told.due_at), (PublicState::InReview, NextActor::Reviewer, Some(at(5_000))));

    let status = page.after(vec![Event::ApprovalUndone { reviewer: STAFF, reason: reason(), due: due(7_000) }]).await;
    assert_eq!((status.state, status.effective_at), (CaseState::Submitted, None));
    let organization = OrganizationId(Uuid::from_u128(3));
    let status = page.after(vec![claimed(), approved(), Event::ApprovalTookEffect { organization }]).await;
    assert_eq!((status.state, status.organization, status.decided_at), (CaseState::Approved, Some(organization), Some(at(8))));
    let told = public(page.view.rows(), &number()).await.unwrap().unwrap();
    assert_eq!((told.state, told.next_actor, told.due_at), (PublicState::Approved, NextActor::Nobody, None));
}

#[tokio::test]
async fn a_second_approval_is_awaited_without_anybody_outside_knowing() {
    let mut page = Page::new().await;
    let proposed = Event::ApprovalProposed { reviewer: STAFF, dossier_version: 8, reason: reason() };
    let released = Event::Released { reviewer: STAFF, lapsed: false };
    let status = page.after(vec![started(), submitted(), claimed(), proposed, released]).await;
    assert_eq!((status.state, status.state.next_actor()), (CaseState::AwaitingSecondApproval, NextActor::SecondReviewer));
    assert_eq!(status.public().state, PublicState::InReview);
    assert_eq!(status.public().next_actor, NextActor::Reviewer);
}

#[tokio::test]
async fn the_reason_of_a_rejection_is_for_the_registrant_and_goes_when_it_is_taken_back() {
    let mut page = Page::new().await;
    let rejected = Event::Rejected { reviewer: STAFF, dossier_version: 8, reason: reason() };
    let status = page.after(vec![started(), submitted(), claimed(), rejected]).await;
    assert_eq!(status.reason.as_deref(), Some(reason().as_str()));
    let found = by_case_number(page.view.rows(), &number()).await.unwrap().unwrap();
    assert_eq!(found, status);
    let told = format!("{:?}", public(page.view.rows(), &number()).await.unwrap().unwrap());
    assert!(told.contains("Rejected") && !told.contains("VAT"), "{told}");
    let status = page.after(vec![Event::Reopened { reviewer: STAFF, reason: reason(), due: due(8_000) }]).await;
    assert_eq!((status.state, status.reason, status.decided_at), (CaseState::Submitted, None, None));
    let unknown = CaseNumber::parse("GH-0000-0000").unwrap();
    assert_eq!(public(page.view.rows(), &unknown).await.unwrap(), None);
}

#[tokio::test]
async fn an_event_of_a_case_that_never_began_stops_the_read_model() {
    let mut page = Page::new().await;
    let early = page.envelope(submitted());
    assert!(page.view.apply(&[early]).await.is_err());
}

fn any_filling() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::HumanCheckPassed { challenge: "c".to_owned() }),
        Just(profile()),
        Just(Event::ReviewConfirmed {}),
        (0..4_u128, 0..4_u128).prop_map(|(who, what)| Event::AdministratorSelected { nominee: person(who), role: role(what) }),
        (0..4_u128, 0..4_u128).prop_map(|(who, what)| Event::AdministratorDeselected { nominee: person(who), role: role(what) }),
        (0..4_u128).prop_map(|who| Event::HandoverAcknowledged { nominee: person(who) }),
        (0..4_u128).prop_map(|who| Event::AdministratorCorrected { nominee: contact(who), one_time_password: CredentialId(Uuid::nil()) }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_next_step_is_the_one_that_the_domain_names(
        nominees in prop::collection::btree_set(0..4_u128, 0..4),
        events in prop::collection::vec(any_filling(), 0..40),
    ) {
        let process = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        process.block_on(async {
            let mut page = Page::new().await;
            let mut state = Registration::evolve(RegistrationState::default(), &started());
            page.after(vec![started()]).await;
            let nominations = nominees.iter().map(|number| nominated(*number));
            for event in nominations.chain(events) {
                state = Registration::evolve(state, &event);
                let next = page.after(vec![event]).await.next_step();
                prop_assert_eq!(next, state.case().and_then(domain::registration::Case::next_step));
            }
            Ok(())
        })?;
    }
}
