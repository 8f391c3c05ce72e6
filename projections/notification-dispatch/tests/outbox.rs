//! Which events owe which mails, to whom, with what in them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::wildcard_enum_match_arm, clippy::panic, reason = "in tests")]

mod support;

use domain::access::AccessEvent;
use domain::application::{AccessPolicy, ApplicationDetails, ApplicationEvent, CredentialStrength, RegistrationPolicy, Way};
use domain::credential::{CredentialEvent, CredentialKind};
use domain::invitation::InvitationEvent;
use domain::mail::MailEvent;
use domain::organization::OrganizationEvent;
use domain::person::PersonEvent;
use domain::registration::{Origin, Question, RegistrationEvent, RequestedApplication};
use domain::staff::StaffEvent;
use domain::subscription::{SubscriptionEvent, SubscriptionOrigin};
use domain::user::{UserEvent, UserOrigin, UserRole};
use domain::*;
use notification_dispatch::{Cursor, Link, MailState, Obstacle, Template};
use support::{Outbox, id, start};

fn company(name: &str) -> CompanyName {
    CompanyName::parse(name).unwrap()
}

fn reason(text: &str) -> Reason {
    Reason::parse(text).unwrap()
}

fn contact(person: PersonId, given: &str, email: &str) -> Personal<Contact> {
    let contact = Contact {
        given_name: PersonName::parse(given).unwrap(),
        family_name: PersonName::parse("Miller").unwrap(),
        email: Email::parse(email).unwrap(),
        phone: None,
        job_title: None,
    };
    Personal::new(person, contact)
}

fn profile() -> OrganizationProfile {
    OrganizationProfile {
        legal_name: company("Northwind Castings Ltd"),
        trading_name: None,
        address: Address {
            lines: vec![AddressLine::parse("1 Foundry Road").unwrap()],
            city: AddressLine::parse("Leeds").unwrap(),
            region: None,
            postal_code: None,
            country: Country::parse("GB").unwrap(),
        },
        identifiers: vec![],
        phone: None,
        website: None,
    }
}

fn due(at: &str) -> Due {
    Due {
        at: at.parse().unwrap(),
        soon_at: at.parse().unwrap(),
        counted_from: start(),
        business_seconds: 57_600,
        time_zone: "America/New_York".to_owned(),
        calendar_version: 1,
    }
}

const APPLICATION: u128 = 1;
const INVITATION: u128 = 2;
const REGISTRATION: u128 = 3;
const ORGANIZATION: u128 = 4;
const PARTNER: u128 = 5;

fn application() -> ApplicationId {
    ApplicationId(id(APPLICATION))
}
fn invitation() -> InvitationId {
    InvitationId(id(INVITATION))
}
fn registration() -> RegistrationId {
    RegistrationId(id(REGISTRATION))
}
fn organization() -> OrganizationId {
    OrganizationId(id(ORGANIZATION))
}
fn partner() -> OrganizationId {
    OrganizationId(id(PARTNER))
}
fn person(number: u128) -> PersonId {
    PersonId(id(100 + number))
}
const REGISTRANT: u128 = 0;
const ADA: u128 = 1;
const GRACE: u128 = 2;
const USER: u128 = 3;

fn published() -> DomainEvent {
    let details = ApplicationDetails {
        name: ApplicationName::parse("Boeing Supply Chain Platform").unwrap(),
        description: Description::parse("Orders and forecasts").unwrap(),
        registration: RegistrationPolicy::Public,
        access: AccessPolicy::ApplicationAdministrator,
        ways: vec![Way::Invitation],
        credential_strength: CredentialStrength::Password,
        prerequisites: None,
        launch_url: WebAddress::parse("https://bscp.example/").unwrap(),
        subscription_review: false,
        four_eyes: false,
    };
    let code = ApplicationCode::parse("BSCP").unwrap();
    (application(), ApplicationEvent::Published { code, owner: Owner::Partner(partner()), details }).into()
}

fn invited() -> DomainEvent {
    let addressee = Addressee {
        name: Some(PersonName::parse("Rae Registrant").unwrap()),
        email: Email::parse("rae@northwind.example").unwrap(),
        message: Some(Message::parse("Looking forward to it").unwrap()),
    };
    let event = InvitationEvent::Sent {
        inviter: Owner::Partner(partner()),
        inviter_name: company("Boeing"),
        company: company("Northwind Castings"),
        addressee: Personal::new(person(REGISTRANT), addressee),
        applications: vec![application()],
        organization: None,
        expires_at: "2026-12-02T09:00:00Z".parse().unwrap(),
        invited_by: None,
    };
    (invitation(), event).into()
}

fn resent() -> DomainEvent {
    (invitation(), InvitationEvent::Resent { generation: 1, expires_at: "2026-12-10T09:00:00Z".parse().unwrap(), invited_by: None }).into()
}

fn registered() -> Vec<DomainEvent> {
    let registrant = Registrant { name: None, email: Email::parse("rae@northwind.example").unwrap() };
    let requested =
        RequestedApplication { application: application(), owner: Owner::Partner(partner()), needs_administrator: true, four_eyes: false };
    let started = RegistrationEvent::Started {
        origin: Origin::Invitation { invitation: invitation(), inviter: Owner::Partner(partner()) },
        case_number: CaseNumber::parse("GH-7K3M-Q2XD").unwrap(),
        registrant: Personal::new(person(REGISTRANT), registrant),
        company: Some(company("Northwind Castings")),
        applications: vec![requested],
        organization: organization(),
        expires_at: "2027-01-02T09:00:00Z".parse().unwrap(),
        invited_by: vec![],
    };
    let nominated = |number: u128, given: &str, email: &str| RegistrationEvent::AdministratorNominated {
        nominee: contact(person(number), given, email),
        is_registrant: false,
        one_time_password: CredentialId(id(500 + number)),
    };
    [
        started,
        RegistrationEvent::ProfileSaved { profile: profile() },
        nominated(ADA, "Ada", "ada@northwind.example"),
        nominated(GRACE, "Grace", "grace@northwind.example"),
        RegistrationEvent::Submitted { dossier_version: 1, due: due("2026-11-04T22:00:00Z") },
    ]
    .into_iter()
    .map(|event| (registration(), event).into())
    .collect()
}

fn created(number: u128, given: &str, roles: Vec<UserRole>, origin: UserOrigin) -> DomainEvent {
    let email = format!("{}@northwind.example", given.to_lowercase());
    let event = UserEvent::Created {
        organization: organization(),
        organization_name: company("Northwind Castings Ltd"),
        user_id: UserId::parse(&format!("GW-{number:04}")).unwrap(),
        contact: contact(person(number), given, &email),
        roles,
        one_time_password: CredentialId(id(500 + number)),
        origin,
    };
    (person(number), event).into()
}

fn approved() -> Vec<DomainEvent> {
    let origin = UserOrigin::Approval(registration());
    let approved =
        OrganizationEvent::Approved { registration: registration(), profile: profile(), administrators: vec![person(ADA), person(GRACE)] };
    let activated = SubscriptionEvent::Activated {
        organization: organization(),
        application: application(),
        origin: SubscriptionOrigin::Registration(registration()),
    };
    vec![
        (organization(), approved).into(),
        (SubscriptionId::of(organization(), application()), activated).into(),
        created(ADA, "Ada", vec![UserRole::OrganizationAdministrator], origin),
        created(GRACE, "Grace", vec![UserRole::ApplicationAdministrator(application())], origin),
    ]
}

fn the_way_to_an_account() -> Vec<DomainEvent> {
    let mut events = vec![published(), invited()];
    events.extend(registered());
    events.extend(approved());
    events
}

fn fate(mail: MailId, event: MailEvent) -> DomainEvent {
    (mail, event).into()
}

fn sent(mail: &notification_dispatch::Mail) -> DomainEvent {
    fate(mail.id, MailEvent::Sent { cause: mail.cause, template: mail.template.to_string(), attempts: 1 })
}

#[tokio::test]
async fn from_invitation_to_approval_each_gets_the_mails_of_their_part() {
    let mut outbox = Outbox::empty().await;
    outbox.apply(the_way_to_an_account()).await;
    assert_eq!(
        outbox.summary().await,
        [
            "invitation to rae@northwind.example",
            "registration_acknowledged to rae@northwind.example",
            "organization_subscribed to ada@northwind.example",
            "organization_subscribed to grace@northwind.example",
            "approved to ada@northwind.example",
            "approved to grace@northwind.example",
        ]
    );
    let mails = outbox.mails().await;
    let invitation_mail = &mails[0];
    assert_eq!(invitation_mail.link, Link::Invitation { invitation: invitation(), generation: 0 });
    assert_eq!(invitation_mail.variables["partner"], "Boeing");
    assert_eq!(invitation_mail.variables["message"], "Looking forward to it");
    assert_eq!(invitation_mail.recipient_name, "Rae Registrant");
    let acknowledged = &mails[1];
    assert_eq!(acknowledged.variables["case_number"], "GH-7K3M-Q2XD");
    assert_eq!(acknowledged.variables["due_at"], "2026-11-04T22:00:00Z");
    assert_eq!(acknowledged.variables["time_zone"], "America/New_York");
    assert_eq!(acknowledged.link, Link::CaseStatus { case_number: "GH-7K3M-Q2XD".to_owned() });
    let approved: Vec<_> = mails.iter().filter(|mail| mail.template == Template::Approved).collect();
    assert!(approved.iter().all(|mail| mail.link == Link::FirstTimeLogin));
    assert_eq!(approved.iter().filter(|mail| mail.variables["user_id"] == "GW-0001").count(), 1);
    let everything = outbox.dump().await.join("\n");
    assert!(!everything.contains(&CredentialId(id(500 + ADA)).to_string()), "a one-time password's id has no business in a mail");
}

#[tokio::test]
async fn rows_do_not_depend_on_how_events_are_batched() {
    let (mut together, mut singly) = (Outbox::empty().await, Outbox::empty().await);
    together.apply(the_way_to_an_account()).await;
    singly.apply_singly(the_way_to_an_account()).await;
    assert_eq!(together.dump().await, singly.dump().await);
}

#[tokio::test]
async fn a_mail_with_a_fate_is_owed_no_more_and_the_first_fate_stands() {
    let mut outbox = Outbox::empty().await;
    outbox.apply(the_way_to_an_account()).await;
    let mail = outbox.mails().await.remove(0);
    let refused =
        MailEvent::Refused { cause: mail.cause, template: "invitation".to_owned(), answer: "550 no such mailbox".to_owned(), attempts: 2 };
    outbox.apply(vec![fate(mail.id, refused), sent(&mail)]).await;
    let settled = notification_dispatch::by_ids(outbox.rows.rows(), &[mail.id]).await.unwrap().pop().unwrap();
    assert_eq!((settled.state, settled.attempts, settled.answer.as_deref()), (MailState::Refused, 2, Some("550 no such mailbox")));
    let owed = notification_dispatch::owed_after(outbox.rows.rows(), Cursor::default(), 100).await.unwrap();
    assert_eq!(owed.len(), 5);
    assert!(owed.iter().all(|owed| owed.id != mail.id));
    let counts = notification_dispatch::counts(outbox.rows.rows()).await.unwrap();
    assert_eq!((counts[&MailState::Owed], counts[&MailState::Refused], counts[&MailState::Sent]), (5, 1, 0));
}

#[tokio::test]
async fn owed_mails_are_paged_without_gap_or_repetition() {
    let mut outbox = Outbox::empty().await;
    outbox.apply(the_way_to_an_account()).await;
    let mut seen = Vec::new();
    let mut after = Cursor::default();
    loop {
        let page = notification_dispatch::owed_after(outbox.rows.rows(), after, 1).await.unwrap();
        let Some(owed) = page.first() else { break };
        seen.push(owed.id);
        after = owed.cursor();
    }
    let all: Vec<MailId> = outbox.mails().await.iter().map(|mail| mail.id).collect();
    assert_eq!(seen, all);
    let first = notification_dispatch::page(outbox.rows.rows(), Some(MailState::Owed), None, 4).await.unwrap();
    let second = notification_dispatch::page(outbox.rows.rows(), Some(MailState::Owed), first.next, 4).await.unwrap();
    assert_eq!((first.mails.len(), second.mails.len(), second.next), (4, 2, None));
}

#[tokio::test]
async fn a_mail_whose_link_was_replaced_is_to_be_given_up() {
    for in_one_batch in [true, false] {
        let mut outbox = Outbox::empty().await;
        let events = vec![published(), invited(), resent()];
        if in_one_batch {
            outbox.apply(events).await
        } else {
            outbox.apply_singly(events).await
        }
        let mails = outbox.mails().await;
        assert!(matches!(&mails[0].obstacle, Some(Obstacle::Superseded(why)) if why.contains("new link")));
        assert_eq!(mails[1].obstacle, None);
        assert_eq!(mails[1].link, Link::Invitation { invitation: invitation(), generation: 1 });
        assert_eq!(mails[1].variables["message"], "Looking forward to it");
    }
}

#[tokio::test]
async fn what_was_sent_is_not_superseded_and_a_revocation_is_told() {
    let mut outbox = Outbox::empty().await;
    outbox.apply(vec![published(), invited()]).await;
    let first = outbox.mails().await.remove(0);
    let revoked = InvitationEvent::Revoked { reason: Some(reason("wrong company")) };
    outbox.apply(vec![sent(&first), (invitation(), revoked).into()]).await;
    let mails = outbox.mails().await;
    assert_eq!((mails[0].state, mails[0].obstacle.clone()), (MailState::Sent, None));
    assert_eq!((mails[1].template, mails[1].to_address.as_str()), (Template::InvitationRevoked, "rae@northwind.example"));
}

#[tokio::test]
async fn an_offer_goes_to_the_organizations_administrators_and_tells_the_addressee() {
    let mut outbox = Outbox::empty().await;
    outbox.apply(the_way_to_an_account()).await;
    let other = InvitationId(id(77));
    let event = InvitationEvent::Sent {
        inviter: Owner::Partner(partner()),
        inviter_name: company("Airbus"),
        company: company("Northwind Castings"),
        addressee: Personal::new(
            person(9),
            Addressee {
                name: None,
                email: Email::parse("sales@northwind.example").unwrap(),
                message: Some(Message::parse("Only for sales").unwrap()),
            },
        ),
        applications: vec![application()],
        organization: Some(organization()),
        expires_at: "2026-12-02T09:00:00Z".parse().unwrap(),
        invited_by: None,
    };
    outbox.apply(vec![(other, event).into()]).await;
    let offers: Vec<_> = outbox.mails().await.into_iter().filter(|mail| mail.template == Template::InvitationOffer).collect();
    assert_eq!(offers.len(), 3);
    for offer in offers {
        if offer.to_address == "sales@northwind.example" {
            assert_eq!((offer.link, &offer.variables["message"]), (Link::Nowhere, &"Only for sales".into()));
        } else {
            assert_eq!((offer.link, offer.variables.get("message")), (Link::Offer { invitation: other }, None));
        }
    }
}

#[tokio::test]
async fn the_forgotten_get_no_mail_and_nobody_is_told_their_name() {
    let request = AccessEvent::Requested {
        user: person(USER),
        organization: organization(),
        application: application(),
        proposed_by: None,
        reason: None,
    };
    let mut events = the_way_to_an_account();
    events.push(created(USER, "Uma", vec![], UserOrigin::Administrator(person(ADA))));
    events.push((AccessId::of(person(USER), application()), request).into());
    let mut outbox = Outbox::empty().await;
    outbox.apply(events).await;
    let asked = outbox.mails().await.pop().unwrap();
    assert_eq!(
        (asked.template, asked.to_address.as_str(), asked.about_name.as_str()),
        (Template::AccessAsked, "grace@northwind.example", "Uma Miller")
    );
    outbox.apply(vec![(person(USER), PersonEvent::ForgettingStarted { reason: reason("asked for it") }).into()]).await;
    let mails = outbox.mails().await;
    let account = mails.iter().find(|mail| mail.template == Template::AccountCreated).unwrap();
    assert_eq!(account.obstacle, Some(Obstacle::RecipientForgotten));
    assert_eq!((account.to_address.as_str(), account.recipient_name.as_str(), account.variables.len()), ("", "", 0));
    assert_eq!((mails.last().unwrap().about_name.as_str(), mails.last().unwrap().obstacle.clone()), ("", None));
    assert!(!outbox.dump().await.join("\n").to_lowercase().contains("uma"));
}

/// What the log reads like once the key of `forgotten` is destroyed.
fn erased(event: DomainEvent, forgotten: PersonId) -> DomainEvent {
    match event {
        DomainEvent::Invitation(
            id,
            InvitationEvent::Sent { inviter, inviter_name, company, addressee, applications, organization, expires_at, invited_by },
        ) if addressee.person() == forgotten => {
            let addressee = Personal::erased(forgotten);
            (id, InvitationEvent::Sent { inviter, inviter_name, company, addressee, applications, organization, expires_at, invited_by })
                .into()
        }
        DomainEvent::Registration(
            id,
            RegistrationEvent::Started { origin, case_number, registrant, company, applications, organization, expires_at, invited_by },
        ) if registrant.person() == forgotten => {
            let registrant = Personal::erased(forgotten);
            (
                id,
                RegistrationEvent::Started { origin, case_number, registrant, company, applications, organization, expires_at, invited_by },
            )
                .into()
        }
        other => other,
    }
}

#[tokio::test]
async fn a_rebuild_after_forgetting_gives_the_rows_of_the_live_one() {
    let forgotten: DomainEvent = (person(REGISTRANT), PersonEvent::Forgotten {}).into();
    let mut live = Outbox::empty().await;
    live.apply(the_way_to_an_account()).await;
    let first = sent(&live.mails().await[0]);
    live.apply(vec![first.clone(), forgotten.clone()]).await;

    let mut events: Vec<DomainEvent> = the_way_to_an_account().into_iter().map(|event| erased(event, person(REGISTRANT))).collect();
    events.extend([first, forgotten]);
    let mut rebuilt = Outbox::empty().await;
    rebuilt.apply(events).await;
    assert_eq!(live.dump().await, rebuilt.dump().await);
}

#[tokio::test]
async fn access_is_asked_of_application_administrators_and_answered_to_the_user() {
    let access = AccessId::of(person(USER), application());
    let (user, organization, application) = (person(USER), organization(), application());
    let mut outbox = Outbox::empty().await;
    outbox.apply(the_way_to_an_account()).await;
    outbox.apply(vec![created(USER, "Uma", vec![], UserOrigin::Administrator(person(ADA)))]).await;
    let before = outbox.mails().await.len();
    let suspended = UserEvent::Suspended { reason: reason("on leave") };
    let requested = AccessEvent::Requested { user, organization, application, proposed_by: None, reason: None };
    let denied = AccessEvent::Denied { user, organization, application, denied_by: person(GRACE), reason: reason("not needed") };
    let granted = AccessEvent::Granted { user, organization, application, granted_by: Some(person(GRACE)), reason: None };
    let revoked = AccessEvent::Revoked { user, organization, application, revoked_by: None, reason: reason("subscription ended") };
    outbox
        .apply(vec![
            (access, requested.clone()).into(),
            (access, denied).into(),
            (access, granted).into(),
            (access, revoked).into(),
            (person(GRACE), suspended).into(),
            (access, requested).into(),
        ])
        .await;
    assert_eq!(
        outbox.summary().await[before..],
        [
            "access_asked to grace@northwind.example",
            "access_denied to uma@northwind.example",
            "access_granted to uma@northwind.example",
            "access_revoked to uma@northwind.example",
            "account_suspended to grace@northwind.example",
            // Grace cannot answer any more: the organization's administrators are asked.
            "access_asked to ada@northwind.example",
            "access_asked to grace@northwind.example",
        ]
    );
}

#[tokio::test]
async fn a_user_is_told_of_what_happens_to_their_account() {
    let user = person(USER);
    let credential = CredentialId(id(900));
    let codes = CredentialId(id(901));
    let label = || CredentialLabel::parse("Phone").unwrap();
    let set = |replaces| UserEvent::PasswordSet { password: credential, replaces };
    let mut outbox = Outbox::empty().await;
    outbox
        .apply(vec![
            created(USER, "Uma", vec![], UserOrigin::SelfRegistration(person(ADA))),
            (user, set(None)).into(),
            (user, UserEvent::Activated {}).into(),
            (user, set(Some(credential))).into(),
            (credential, CredentialEvent::Registered { user, kind: CredentialKind::Authenticator, label: label() }).into(),
            (credential, CredentialEvent::Activated { user }).into(),
            (codes, CredentialEvent::Registered { user, kind: CredentialKind::RecoveryCodes, label: label() }).into(),
            (codes, CredentialEvent::Activated { user }).into(),
            (credential, CredentialEvent::Revoked { user, reason: reason("lost phone") }).into(),
        ])
        .await;
    let templates: Vec<Template> = outbox.mails().await.iter().map(|mail| mail.template).collect();
    assert_eq!(
        templates,
        [
            Template::SelfRegistrationConfirmed,
            Template::LoginSuccess,
            Template::PasswordChanged,
            Template::CredentialAdded,
            Template::CredentialAdded,
            Template::CredentialRemoved,
        ]
    );
}

#[tokio::test]
async fn reviews_due_are_told_to_the_reviewer_at_work_or_to_all_and_breaches_to_leads_too() {
    let (rob, lea) = (StaffId(id(301)), StaffId(id(302)));
    let appointed = |number: u128, given: &str, role| StaffEvent::Appointed {
        contact: contact(person(number), given, &format!("{}@operator.example", given.to_lowercase())),
        roles: vec![role],
    };
    let second = StaffId(id(303));
    let at = "2026-11-04T22:00:00Z".parse().unwrap();
    let mut outbox = Outbox::empty().await;
    outbox.apply(the_way_to_an_account()).await;
    let before = outbox.mails().await.len();
    let claimed = RegistrationEvent::Claimed { reviewer: rob, until: at, taken_over_from: None };
    outbox
        .apply(vec![
            (rob, appointed(11, "Rob", StaffRole::Reviewer)).into(),
            (lea, appointed(12, "Lea", StaffRole::ReviewLead)).into(),
            (second, appointed(13, "Sid", StaffRole::Reviewer)).into(),
            (registration(), RegistrationEvent::ReviewDueSoon { due_at: at }).into(),
            (registration(), claimed).into(),
            (registration(), RegistrationEvent::ReviewOverdue { due_at: at }).into(),
        ])
        .await;
    assert_eq!(
        outbox.summary().await[before..],
        [
            "review_due_soon to rob@operator.example",
            "review_due_soon to sid@operator.example",
            "review_overdue to lea@operator.example",
            "review_overdue to rob@operator.example",
        ]
    );
}

#[tokio::test]
async fn questions_reach_the_registrant_and_are_pointless_once_answered() {
    let question = Question { field: "/profile/identifiers".to_owned(), question: Message::parse("Which CAGE code?").unwrap() };
    let asked = RegistrationEvent::InformationRequested { questions: vec![question], business_seconds_left: 7_200 };
    let again = RegistrationEvent::Resubmitted { dossier_version: 2, answer: None, due: due("2026-11-06T22:00:00Z") };
    let rejected = RegistrationEvent::Rejected { reviewer: StaffId(id(301)), dossier_version: 2, reason: reason("not a company") };
    let mut outbox = Outbox::empty().await;
    outbox.apply(vec![published(), invited()]).await;
    outbox.apply(registered()).await;
    outbox.apply(vec![(registration(), asked).into()]).await;
    let mail = outbox.mails().await.pop().unwrap();
    assert_eq!((mail.template, mail.link), (Template::InformationRequested, Link::Registration { registration: registration() }));
    assert_eq!(mail.variables["questions"][0]["question"], "Which CAGE code?");
    outbox.apply(vec![(registration(), again).into(), (registration(), rejected).into()]).await;
    let mails = outbox.mails().await;
    assert!(matches!(mails[2].obstacle, Some(Obstacle::Superseded(_))));
    assert_eq!((mails[3].template, &mails[3].variables["occasion"]), (Template::RegistrationAcknowledged, &"resubmitted".into()));
    assert_eq!((mails[4].template, &mails[4].variables["reason"]), (Template::Rejected, &"not a company".into()));
}
