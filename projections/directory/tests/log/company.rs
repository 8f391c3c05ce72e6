//! The life of one company, from the invitation to the end, with everything that can happen to it.

use domain::access::AccessEvent;
use domain::credential::{CredentialEvent, CredentialKind};
use domain::invitation::InvitationEvent;
use domain::mail::MailEvent;
use domain::organization::OrganizationEvent;
use domain::person::PersonEvent;
use domain::registration::{AdministratorRole, Origin, Question, RegistrationEvent, RequestedApplication};
use domain::relationship::RelationshipEvent;
use domain::reservation::{ReservationEvent, ReservationKind};
use domain::subscription::{SubscriptionEvent, SubscriptionOrigin};
use domain::user::{UserEvent, UserOrigin, UserRole};
use domain::*;

use super::{Said, by, contact, event_id, id, identity, partner, profile, reason, reviewer, said, transfer};

/// The ids of one company.
#[derive(Debug, Clone, Copy)]
pub struct Company {
    number: u128,
}

impl Company {
    pub fn new(number: u128) -> Self {
        Self { number }
    }

    fn id(self, what: u128) -> uuid::Uuid {
        id((self.number + 1) * 1000 + what)
    }

    pub fn organization(self) -> OrganizationId {
        OrganizationId(self.id(1))
    }

    pub fn invitation(self) -> InvitationId {
        InvitationId(self.id(2))
    }

    pub fn case(self) -> RegistrationId {
        RegistrationId(self.id(3))
    }

    /// The registrant, who is organization administrator too.
    pub fn anna(self) -> PersonId {
        PersonId(self.id(4))
    }

    /// The administrator of the application.
    pub fn bert(self) -> PersonId {
        PersonId(self.id(5))
    }

    /// A user who registers themselves.
    pub fn cleo(self) -> PersonId {
        PersonId(self.id(6))
    }

    /// An offer that is declined.
    pub fn declined_offer(self) -> InvitationId {
        InvitationId(self.id(7))
    }

    /// An invitation that turns out to be an offer, and is accepted.
    pub fn late_offer(self) -> InvitationId {
        InvitationId(self.id(8))
    }

    pub fn credential(self, what: u128) -> CredentialId {
        CredentialId(self.id(100 + what))
    }

    pub fn name(self) -> String {
        format!("Müller & Söhne {} GmbH", self.number)
    }

    pub fn email(self, who: &str) -> String {
        format!("{who}@mueller{}.example", self.number)
    }

    pub fn identifier(self) -> String {
        format!("{:09}", self.number)
    }

    pub fn user_id(self, what: u128) -> UserId {
        UserId::parse(&format!("GH-{:04}-{what}", self.number)).unwrap()
    }

    /// The administrator at work.
    pub fn admin(self) -> Actor {
        Actor::User { person: self.anna(), organization: self.organization() }
    }

    fn registrant(self) -> Actor {
        Actor::Registrant(self.case())
    }

    pub fn sent(self, invitation: InvitationId, addressee: PersonId, organization: Option<OrganizationId>) -> Said {
        let name = if addressee == self.bert() { "Bert" } else { "Anna" };
        let addressed = Addressee {
            name: Some(PersonName::parse(&format!("{name} Berg")).unwrap()),
            email: Email::parse(&self.email(&name.to_lowercase())).unwrap(),
            message: Some(Message::parse("Please join us").unwrap()),
        };
        by(
            Actor::Partner(partner()),
            (
                invitation,
                InvitationEvent::Sent {
                    inviter: Owner::Partner(partner()),
                    inviter_name: CompanyName::parse("Partner Aerospace, Inc.").unwrap(),
                    company: CompanyName::parse(&self.name()).unwrap(),
                    addressee: Personal::new(addressee, addressed),
                    applications: vec![transfer()],
                    organization,
                    expires_at: super::recorded_at(1_000_000),
                    invited_by: None,
                },
            ),
        )
    }

    pub fn invited(self) -> Vec<Said> {
        let invitation = self.invitation();
        vec![
            self.sent(invitation, self.anna(), None),
            said((ReservationId(self.id(20)), ReservationEvent::Taken { kind: ReservationKind::OpenInvitation, owner: invitation.0 })),
            said((invitation, InvitationEvent::Reminded {})),
            by(
                Actor::Partner(partner()),
                (invitation, InvitationEvent::Resent { generation: 1, expires_at: super::recorded_at(2_000_000), invited_by: None }),
            ),
            by(Actor::Addressee(invitation), (invitation, InvitationEvent::Opened {})),
            by(Actor::Addressee(invitation), (invitation, InvitationEvent::Accepted { registration: self.case() })),
            said((ReservationId(self.id(20)), ReservationEvent::Released { owner: invitation.0 })),
        ]
    }

    pub fn due(self) -> Due {
        Due {
            at: super::recorded_at(500),
            soon_at: super::recorded_at(400),
            time_zone: "UTC".to_owned(),
            calendar_version: 1,
            counted_from: super::recorded_at(300),
            business_seconds: 3_600,
        }
    }

    pub fn started(self) -> RegistrationEvent {
        let registrant = Registrant { name: None, email: Email::parse(&self.email("anna")).unwrap() };
        RegistrationEvent::Started {
            origin: Origin::Invitation { invitation: self.invitation(), inviter: Owner::Partner(partner()) },
            case_number: CaseNumber::parse(&format!("GH-CASE-{:04}", self.number)).unwrap(),
            registrant: Personal::new(self.anna(), registrant),
            company: Some(CompanyName::parse(&self.name()).unwrap()),
            applications: vec![RequestedApplication {
                application: transfer(),
                owner: Owner::Partner(partner()),
                needs_administrator: true,
                four_eyes: false,
            }],
            organization: self.organization(),
            expires_at: super::recorded_at(3_000_000),
            invited_by: vec![],
        }
    }

    pub fn registered(self) -> Vec<Said> {
        let role = AdministratorRole::ApplicationAdministrator(transfer());
        let questions = vec![Question { field: "/profile/identifiers".to_owned(), question: Message::parse("Which one?").unwrap() }];
        let nominate = |person, name: &str, is_registrant, one_time_password| RegistrationEvent::AdministratorNominated {
            nominee: contact(person, name, &self.email(&name.to_lowercase())),
            is_registrant,
            one_time_password,
        };
        let filled_in = [
            self.started(),
            RegistrationEvent::HumanCheckPassed { challenge: "c".to_owned() },
            RegistrationEvent::ProfileSaved { profile: profile(&self.name(), &self.identifier()) },
            nominate(self.anna(), "Anna", true, self.credential(1)),
            RegistrationEvent::AdministratorSelected { nominee: self.anna(), role: AdministratorRole::OrganizationAdministrator },
            nominate(self.bert(), "Bert", false, self.credential(2)),
            RegistrationEvent::AdministratorSelected { nominee: self.bert(), role },
            RegistrationEvent::HandoverAcknowledged { nominee: self.bert() },
            RegistrationEvent::ReviewConfirmed {},
            RegistrationEvent::Submitted { dossier_version: 3, due: self.due() },
        ];
        let reviewed = [
            RegistrationEvent::Claimed { reviewer: reviewer(), until: super::recorded_at(900), taken_over_from: None },
            RegistrationEvent::InformationRequested { questions, business_seconds_left: 3_725 },
        ];
        let answered = [RegistrationEvent::Resubmitted { dossier_version: 4, answer: None, due: self.due() }];
        let approved = [RegistrationEvent::Approved {
            reviewer: reviewer(),
            dossier_version: 4,
            reason: reason("all in order"),
            effective_at: super::recorded_at(0),
        }];
        let took_effect = [RegistrationEvent::ApprovalTookEffect { organization: self.organization() }];
        let of = |actor: Actor, events: Vec<RegistrationEvent>| {
            events.into_iter().map(move |event| by(actor.clone(), (self.case(), event))).collect::<Vec<_>>()
        };
        [
            of(self.registrant(), filled_in.into()),
            of(Actor::Staff(reviewer()), reviewed.into()),
            of(self.registrant(), answered.into()),
            of(Actor::Staff(reviewer()), approved.into()),
            of(Actor::System("onboarding".to_owned()), took_effect.into()),
        ]
        .concat()
    }

    /// The id of the event by which the case was submitted.
    pub fn submitted(self) -> EventId {
        event_id(self.case().0, "registration", 9)
    }

    pub fn created(self, person: PersonId, name: &str, number: u128, roles: Vec<UserRole>, origin: UserOrigin) -> UserEvent {
        UserEvent::Created {
            organization: self.organization(),
            organization_name: CompanyName::parse(&self.name()).unwrap(),
            user_id: self.user_id(number),
            contact: contact(person, name, &self.email(&name.to_lowercase())),
            roles,
            one_time_password: self.credential(number),
            origin,
        }
    }

    pub fn onboarded(self) -> Vec<Said> {
        let (organization, origin) = (self.organization(), UserOrigin::Approval(self.case()));
        let application = transfer();
        vec![
            said((
                organization,
                OrganizationEvent::Approved {
                    registration: self.case(),
                    profile: profile(&self.name(), &self.identifier()),
                    administrators: vec![self.anna()],
                },
            )),
            said((
                ReservationId(self.id(21)),
                ReservationEvent::Taken { kind: ReservationKind::RegisteredIdentifier, owner: organization.0 },
            )),
            said((self.anna(), self.created(self.anna(), "Anna", 1, vec![UserRole::OrganizationAdministrator], origin))),
            said((self.bert(), self.created(self.bert(), "Bert", 2, vec![UserRole::ApplicationAdministrator(application)], origin))),
            said((RelationshipId::of(organization, partner()), RelationshipEvent::Established { organization, partner: partner() })),
            said((
                SubscriptionId::of(organization, application),
                SubscriptionEvent::Activated { organization, application, origin: SubscriptionOrigin::Registration(self.case()) },
            )),
            said((
                MailId::of(self.submitted(), "registrant"),
                MailEvent::Sent { cause: self.submitted(), template: "registration_acknowledged".to_owned(), attempts: 1 },
            )),
        ]
    }

    pub fn first_login(self) -> Vec<Said> {
        let terms = TermsVersion::parse("2026-01").unwrap();
        [
            UserEvent::OneTimePasswordRedeemed { one_time_password: self.credential(1) },
            UserEvent::PasswordSet { password: self.credential(3), replaces: None },
            UserEvent::ProfileConfirmed { contact: contact(self.anna(), "Anna", &self.email("anna")) },
            UserEvent::TermsAccepted { version: terms, renew_from: "2031-01-05T09:00:00Z".parse().unwrap() },
            UserEvent::Activated {},
        ]
        .into_iter()
        .map(|event| by(self.admin(), (self.anna(), event)))
        .chain([said((self.organization(), OrganizationEvent::AdministratorEstablished { administrator: self.anna() }))])
        .collect()
    }

    pub fn access(self, event: AccessEvent) -> Said {
        by(self.admin(), (AccessId::of(self.cleo(), transfer()), event))
    }

    pub fn at_work(self) -> Vec<Said> {
        let (user, organization, application) = (self.cleo(), self.organization(), transfer());
        let mut amended = profile(&self.name(), &self.identifier());
        amended.trading_name = Some(CompanyName::parse("MS Aero").unwrap());
        let mut renamed = amended.clone();
        renamed.identifiers = vec![super::duns(&format!("1{:08}", self.number))];
        let token = self.credential(9);
        vec![
            by(self.admin(), (organization, OrganizationEvent::ProfileAmended { profile: amended })),
            by(
                self.admin(),
                (organization, OrganizationEvent::AmendmentRequested { profile: renamed.clone(), requested_by: Some(self.anna()) }),
            ),
            by(
                Actor::Staff(reviewer()),
                (
                    organization,
                    OrganizationEvent::AmendmentApproved { reviewer: reviewer(), profile: renamed, reason: reason("as in the register") },
                ),
            ),
            by(
                self.admin(),
                (
                    user,
                    UserEvent::Invited {
                        organization,
                        organization_name: CompanyName::parse(&self.name()).unwrap(),
                        email: Personal::new(user, Email::parse(&self.email("cleo")).unwrap()),
                        expires_at: super::recorded_at(5_000),
                    },
                ),
            ),
            said((
                user,
                UserEvent::SelfRegistered { contact: contact(user, "Cleo", &self.email("cleo")), one_time_password: self.credential(4) },
            )),
            by(self.admin(), (user, self.created(user, "Cleo", 4, vec![], UserOrigin::SelfRegistration(self.anna())))),
            self.access(AccessEvent::Requested { user, organization, application, proposed_by: None, reason: Some(reason("a project")) }),
            self.access(AccessEvent::Denied { user, organization, application, denied_by: self.bert(), reason: reason("not yet") }),
            self.access(AccessEvent::Requested { user, organization, application, proposed_by: Some(self.anna()), reason: None }),
            self.access(AccessEvent::Granted { user, organization, application, granted_by: Some(self.bert()), reason: None }),
            by(self.admin(), (user, UserEvent::RoleGranted { role: UserRole::OrganizationAdministrator })),
            by(self.admin(), (user, UserEvent::RoleRevoked { role: UserRole::OrganizationAdministrator, reason: reason("by mistake") })),
            said((
                token,
                CredentialEvent::Registered {
                    user: self.anna(),
                    kind: CredentialKind::Authenticator,
                    label: CredentialLabel::parse("phone").unwrap(),
                },
            )),
            said((token, CredentialEvent::Activated { user: self.anna() })),
            by(self.admin(), (token, CredentialEvent::Renamed { label: CredentialLabel::parse("new phone").unwrap() })),
        ]
    }

    pub fn offered(self) -> Vec<Said> {
        let organization = self.organization();
        let (declined, late) = (self.declined_offer(), self.late_offer());
        vec![
            self.sent(declined, self.anna(), Some(organization)),
            by(self.admin(), (declined, InvitationEvent::OfferDeclined { organization, reason: Some(reason("we have it")) })),
            self.sent(late, self.bert(), None),
            by(
                Actor::Staff(reviewer()),
                (late, InvitationEvent::LinkedToOrganization { organization, expires_at: super::recorded_at(9_000) }),
            ),
            by(self.admin(), (late, InvitationEvent::OfferAccepted { organization })),
            said((
                SubscriptionId::of(organization, identity()),
                SubscriptionEvent::Requested { organization, application: identity(), origin: SubscriptionOrigin::Account },
            )),
        ]
    }

    pub fn ended(self) -> Vec<Said> {
        let (user, organization, application) = (self.cleo(), self.organization(), transfer());
        vec![
            said((self.bert(), UserEvent::Suspended { reason: reason("left") })),
            said((self.bert(), UserEvent::Closed { reason: reason("left for good") })),
            self.access(AccessEvent::Revoked { user, organization, application, revoked_by: None, reason: reason("the project ended") }),
            said((
                SubscriptionId::of(organization, application),
                SubscriptionEvent::Ended { organization, application, reason: reason("not needed") },
            )),
            by(
                Actor::Partner(partner()),
                (
                    RelationshipId::of(organization, partner()),
                    RelationshipEvent::Ended { organization, partner: partner(), reason: reason("contract over") },
                ),
            ),
            said((self.bert(), PersonEvent::ForgettingStarted { reason: reason("asked for") })),
            said((self.bert(), PersonEvent::Forgotten {})),
        ]
    }

    /// All of it.
    pub fn life(self) -> Vec<Said> {
        [self.invited(), self.registered(), self.onboarded(), self.first_login(), self.at_work(), self.offered(), self.ended()].concat()
    }
}
