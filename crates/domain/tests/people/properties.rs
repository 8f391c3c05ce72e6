//! What no sequence of commands can break.

use domain::access::{Access, AccessCommand};
use domain::application::{Application, ApplicationCommand, RegistrationPolicy, Way};
use domain::credential::{Credential, CredentialCommand, CredentialKind};
use domain::invitation::{Invitation, InvitationCommand, InvitationEvent, InvitationState};
use domain::organization::{Organization, OrganizationCommand};
use domain::person::{Person, PersonCommand};
use domain::relationship::{Relationship, RelationshipCommand};
use domain::reservation::{Reservation, ReservationCommand, ReservationEvent, ReservationKind};
use domain::service::{Sees, Service, ServiceCommand};
use domain::sign_in::LoginStep;
use domain::staff::{Staff, StaffCommand};
use domain::subscription::{Subscription, SubscriptionCommand, SubscriptionOrigin};
use domain::testing::{context, email, later, nominee, profile, reason, text, uuid};
use domain::user::{User, UserCommand, UserEvent, UserRole, UserState};
use domain::{
    Aggregate, ApplicationCode, Context, CredentialLabel, OrganizationProfile, Owner, Personal, Phone, Policy, ServiceId, ServiceName,
    StaffRole,
};
use proptest::prelude::*;

use crate::cases::{
    application, create_user, credential, details, invite_org, invite_org_as, organization, person, registration, reviewer, terms, user_id,
};

/// Commands with the minutes that pass before each.
type Steps<C> = Vec<(i64, C)>;

fn steps<C: std::fmt::Debug>(command: impl Strategy<Value = C>) -> impl Strategy<Value = Steps<C>> {
    let minutes = prop_oneof![3 => Just(0_i64), 2 => 1..600_i64, 1 => 600..40_000_i64];
    proptest::collection::vec((minutes, command), 1..40)
}

/// Runs the commands one after the other. After each that is accepted: the same asked again on the state that it led to yields
/// nothing new (unless `is_new_each_time`), and `check` sees the state before, the events and the state after.
fn run<A>(
    steps: Steps<A::Command>,
    is_new_each_time: fn(&A::Command) -> bool,
    mut check: impl FnMut(&A::State, &[A::Event], &A::State, &Context),
) where
    A: Aggregate,
    A::Command: Clone + std::fmt::Debug,
{
    let mut context = context();
    let mut state = A::State::default();
    for (minutes, command) in steps {
        context.now = later(context.now, minutes);
        let Ok(events) = A::decide(&state, command.clone(), &context) else { continue };
        let after = events.iter().fold(state.clone(), A::evolve);
        if !is_new_each_time(&command) {
            let again = A::decide(&after, command.clone(), &context).unwrap_or_default();
            assert!(again.is_empty(), "{command:?} again yields {again:?}");
        }
        check(&state, &events, &after, &context);
        state = after;
    }
}

fn never<C>(_: &C) -> bool {
    false
}

fn invitation_commands() -> impl Strategy<Value = InvitationCommand> {
    let generation = 0..3_u32;
    let org = (2..4_u128).prop_map(organization);
    prop_oneof![
        4 => Just(invite_org()),
        1 => Just(invite_org_as(Some(organization(2)), Some(10), vec![application(1)])),
        1 => (0..100_u32).prop_map(|days| InvitationCommand::ResendInvitation { expires_in_days: Some(days) }),
        1 => Just(InvitationCommand::RevokeInvitation { reason: None }),
        2 => generation.clone().prop_map(|generation| InvitationCommand::OpenInvitation { generation }),
        3 => (generation, 1..3_u128)
            .prop_map(|(generation, case)| InvitationCommand::AcceptInvitation { generation, registration: registration(case) }),
        1 => org.clone().prop_map(|organization| InvitationCommand::LinkInvitationToOrganization { organization }),
        1 => org.clone().prop_map(|organization| InvitationCommand::AcceptOffer { organization }),
        1 => org.prop_map(|organization| InvitationCommand::DeclineOffer { organization, reason: None }),
        2 => Just(InvitationCommand::RemindInvitation {}),
        2 => Just(InvitationCommand::ExpireInvitation {}),
    ]
}

fn organization_commands() -> impl Strategy<Value = OrganizationCommand> {
    let administrator = || (1..5_u128).prop_map(person);
    let why = || reason("Why not");
    let profiles = prop_oneof![
        Just(profile("Rotor Works")),
        Just(profile("Rotor Works SE")),
        Just(profile("Rotor Works AG")),
        Just(OrganizationProfile { phone: Some(text(Phone::parse, "+49 40 555 0100")), ..profile("Rotor Works") }),
        Just(OrganizationProfile { phone: Some(text(Phone::parse, "+49 40 555 0100")), ..profile("Rotor Works SE") }),
    ];
    prop_oneof![
        4 => (1..3_u128, proptest::collection::vec(administrator(), 0..3)).prop_map(|(case, administrators)| {
            OrganizationCommand::ApproveOrg { registration: registration(case), profile: profile("Rotor Works"), administrators }
        }),
        3 => profiles.prop_map(|profile| OrganizationCommand::AmendProfile { profile }),
        1 => Just(OrganizationCommand::ApproveAmendment { id: organization(2), reviewer: reviewer(1), reason: why() }),
        1 => Just(OrganizationCommand::RefuseAmendment { id: organization(2), reviewer: reviewer(1), reason: why() }),
        1 => Just(OrganizationCommand::SuspendOrg { reason: why() }),
        1 => Just(OrganizationCommand::ReinstateOrg { reason: why() }),
        3 => (administrator(), any::<bool>())
            .prop_map(|(administrator, established)| OrganizationCommand::AddAdministrator { administrator, established }),
        4 => administrator().prop_map(|administrator| OrganizationCommand::EstablishAdministrator { administrator }),
        6 => administrator()
            .prop_map(|administrator| OrganizationCommand::RemoveAdministrator { administrator, reason: reason("Moved on") }),
    ]
}

fn user_commands() -> impl Strategy<Value = UserCommand> {
    let id = || (1..5_u128).prop_map(credential);
    let role = || prop_oneof![Just(UserRole::OrganizationAdministrator), Just(UserRole::ApplicationAdministrator(application(1)))];
    let why = || reason("Why not");
    let address = Personal::new(person(1), email("ada@example.com"));
    let login = prop_oneof![
        2 => id().prop_map(|one_time_password| UserCommand::IssueOneTimePassword { one_time_password }),
        6 => id().prop_map(|one_time_password| UserCommand::RedeemOneTimePassword { one_time_password }),
        1 => id().prop_map(|one_time_password| UserCommand::LockOneTimePassword { one_time_password }),
        4 => id().prop_map(|password| UserCommand::SetPassword { password }),
        4 => prop_oneof![Just("Ada"), Just("Adele")].prop_map(|name| UserCommand::ConfirmProfile { contact: nominee(1, name) }),
        4 => prop_oneof![Just("2026-01"), Just("2021-01")].prop_map(|version| UserCommand::AcceptTerms { version: terms(version) }),
        2 => prop_oneof![Just(1), Just(2)].prop_map(|number| UserCommand::AskSecondFactor { application: application(number) }),
        2 => prop_oneof![Just(1), Just(2)].prop_map(|number| UserCommand::StopAskingSecondFactor { application: application(number) }),
        3 => id().prop_map(|credential| UserCommand::AddSecondFactor { credential }),
        2 => id().prop_map(|credential| UserCommand::RemoveSecondFactor { credential }),
        1 => Just(UserCommand::ResetSecondFactors {}),
        2 => Just(UserCommand::CompleteFirstLogin {}),
    ];
    let coming = prop_oneof![
        3 => Just(create_user(vec![UserRole::OrganizationAdministrator])),
        2 => Just(UserCommand::InviteUser {
            organization: organization(2),
            organization_name: domain::testing::company("Rotor Works"),
            email: address,
        }),
        2 => id().prop_map(|one_time_password| UserCommand::SelfRegister { contact: nominee(1, "Ada"), one_time_password }),
        2 => prop_oneof![Just("GH-7K3M-Q2XD"), Just("GH-OTHER")].prop_map(|id| UserCommand::ConfirmSelfRegistration {
            user_id: user_id(id),
            administrator: person(9),
        }),
        1 => Just(UserCommand::RefuseSelfRegistration { reason: why() }),
        1 => Just(UserCommand::ExpireUserInvitation {}),
    ];
    let life = prop_oneof![
        2 => role().prop_map(|role| UserCommand::GrantRole { role }),
        2 => role().prop_map(|role| UserCommand::RevokeRole { role, reason: reason("Why not") }),
        2 => Just(UserCommand::SuspendUser { reason: why() }),
        3 => Just(UserCommand::ReinstateUser { reason: why() }),
        1 => Just(UserCommand::CloseUser { reason: why() }),
    ];
    prop_oneof![4 => login, 2 => coming, 1 => life]
}

proptest! {
    #[test]
    fn an_invitation_is_accepted_at_most_once_and_never_after_its_end(steps in steps(invitation_commands())) {
        let mut registrations = 0;
        let mut offers = 0;
        run::<Invitation>(steps, |command| matches!(command, InvitationCommand::ResendInvitation { .. }), |before, events, after, context| {
            for event in events {
                if let InvitationEvent::Accepted { .. } = event {
                    registrations += 1;
                    assert!(before.is_open_at(context.now), "accepted when it was not open");
                }
                if let InvitationEvent::OfferAccepted { .. } = event {
                    offers += 1;
                    assert!(before.is_open_at(context.now), "accepted when it was not open");
                }
            }
            assert!(registrations <= 1 && offers <= 1);
            let generation = |state: &InvitationState| state.invited().map(|invited| invited.generation);
            assert!(generation(before) <= generation(after), "an old link works again");
        });
    }

    #[test]
    fn an_organization_that_had_an_active_administrator_always_has_one(steps in steps(organization_commands())) {
        run::<Organization>(steps, never, |before, _, after, _| {
            if before.active_administrators().next().is_some() {
                assert!(after.active_administrators().next().is_some(), "nobody is left who can act");
            }
            if let Some(registered) = after.registered() {
                assert!(!registered.administrators.is_empty(), "nobody is left");
            }
            if let (Some(was), Some(is)) = (before.registered(), after.registered()) {
                assert_eq!(was.registration, is.registration);
            }
        });
    }

    #[test]
    fn a_user_is_established_only_by_the_whole_of_first_time_login_and_keeps_the_user_id(steps in steps(user_commands())) {
        let mut redeemed = std::collections::BTreeSet::new();
        run::<User>(steps, never, |before, events, after, context| {
            for event in events {
                if let UserEvent::OneTimePasswordRedeemed { one_time_password } = event {
                    // Issuing the same id anew is the handler's to avoid: ids derive from commands.
                    redeemed.insert(*one_time_password);
                }
            }
            if let UserState::Active(account) = after {
                assert!(account.means.password.is_some() && account.is_profile_confirmed && account.terms.is_some());
                assert!(!redeemed.is_empty(), "established without a one-time password");
                assert!(!matches!(account.next_step(&Policy::default(), context.now), Some(LoginStep::ConfirmProfile | LoginStep::AcceptTerms)));
            }
            if let (Some(was), Some(is)) = (before.account(), after.account()) {
                assert_eq!((&was.user_id, was.organization), (&is.user_id, is.organization));
            }
            if events.contains(&UserEvent::Activated {}) {
                let account = after.account().unwrap();
                assert!(!account.needs_second_factor(&Policy::default()) || !account.means.second_factors.is_empty());
            }
            if let UserState::Closed(_) = before {
                assert!(events.is_empty(), "something happened after closing");
            }
            assert!(!after.can_administer() || after.is_active());
        });
    }

    #[test]
    fn a_value_has_one_owner_until_it_is_given_back(
        kind in prop_oneof![
            Just(ReservationKind::UserId),
            Just(ReservationKind::RegisteredIdentifier),
            Just(ReservationKind::OpenInvitation),
            Just(ReservationKind::StaffIdentity),
            Just(ReservationKind::ApplicationCode)
        ],
        asked in proptest::collection::vec((any::<bool>(), 1..4_u128, proptest::option::of(0..10_u64)), 1..40),
    ) {
        let steps = asked.into_iter().map(|(takes, owner, seen)| {
            let owner = uuid(owner);
            (0, if takes { ReservationCommand::Reserve { kind, owner } } else { ReservationCommand::Release { owner, seen } })
        });
        // Who has it takes it once more, so that nobody gives it back for what was before.
        let is_new_each_time = |command: &_| matches!(command, ReservationCommand::Reserve { kind, .. } if kind.is_given_back());
        run::<Reservation>(steps.collect(), is_new_each_time, |before, events, _, _| {
            for event in events {
                match event {
                    ReservationEvent::Taken { owner, .. } => {
                        assert!(before.owner().is_none_or(|by| by == *owner && kind.is_given_back()));
                    }
                    ReservationEvent::Released { owner } => {
                        assert_eq!(before.owner(), Some(*owner));
                        assert!(kind.is_given_back());
                    }
                }
            }
        });
    }

    #[test]
    fn what_is_asked_of_subscription_access_or_relationship_again_yields_nothing_new(
        subscription in steps(subscription_commands()),
        access in steps(access_commands()),
        relationship in steps(relationship_commands()),
    ) {
        run::<Subscription>(subscription, never, |before, events, after, _| {
            assert!(events.len() <= 1);
            assert_eq!(events.is_empty(), before == after);
        });
        run::<Access>(access, never, |before, events, after, _| {
            assert!(events.len() <= 1);
            assert_eq!(events.is_empty(), before == after);
        });
        run::<Relationship>(relationship, never, |before, events, after, _| assert_eq!(events.is_empty(), before == after));
    }

    #[test]
    fn what_is_asked_of_application_credential_staff_service_or_person_again_yields_nothing_new(
        application in steps(application_commands()),
        credential in steps(credential_commands()),
        staff in steps(staff_commands()),
        service in steps(service_commands()),
        person in steps(person_commands()),
    ) {
        run::<Application>(application, never, |before, _, after, _| {
            if let (Some(was), Some(is)) = (before.published(), after.published()) {
                assert_eq!((&was.code, was.owner), (&is.code, is.owner));
            }
        });
        run::<Credential>(credential, never, |before, events, after, _| {
            assert_eq!(events.is_empty(), before == after);
        });
        run::<Staff>(staff, never, |before, events, after, _| assert_eq!(events.is_empty(), before == after));
        run::<Service>(service, never, |before, events, after, _| {
            assert_eq!(events.is_empty(), before == after);
            if let Some(service) = after.registered() {
                assert!(service.sees != Sees::Applications(vec![]), "registered and shown nothing");
            }
        });
        run::<Person>(person, never, |before, events, after, _| {
            assert_eq!(events.is_empty(), before == after);
            assert!(before.is_known() || !after.is_known(), "who was forgotten is known again");
        });
    }
}

fn subscription_commands() -> impl Strategy<Value = SubscriptionCommand> {
    prop_oneof![
        any::<bool>().prop_map(|needs_review| SubscriptionCommand::SubscribeApp {
            organization: organization(2),
            application: application(1),
            origin: SubscriptionOrigin::Account,
            needs_review,
        }),
        Just(SubscriptionCommand::ApproveSubscription { reviewer: None }),
        Just(SubscriptionCommand::DenySubscription { reviewer: None, reason: reason("Why not") }),
        Just(SubscriptionCommand::EndSubscription { reason: reason("Why not") }),
    ]
}

fn access_commands() -> impl Strategy<Value = AccessCommand> {
    prop_oneof![
        any::<bool>().prop_map(|automatic| AccessCommand::RequestAccess {
            user: person(1),
            organization: organization(2),
            application: application(1),
            proposed_by: None,
            reason: None,
            automatic,
        }),
        Just(AccessCommand::GrantAccess {
            user: person(1),
            organization: organization(2),
            application: application(1),
            administrator: person(9),
            reason: None,
        }),
        Just(AccessCommand::DenyAccess { administrator: person(9), reason: reason("Why not") }),
        any::<bool>().prop_map(|by| AccessCommand::RevokeAccess { administrator: by.then(|| person(9)), reason: reason("Why not") }),
    ]
}

fn relationship_commands() -> impl Strategy<Value = RelationshipCommand> {
    prop_oneof![
        Just(RelationshipCommand::EstablishRelationship { organization: organization(2), partner: organization(1) }),
        Just(RelationshipCommand::EndRelationship { reason: reason("Why not") }),
    ]
}

fn application_commands() -> impl Strategy<Value = ApplicationCommand> {
    let ways = proptest::collection::vec(prop_oneof![Just(Way::Invitation), Just(Way::Account), Just(Way::PublicRegistration)], 0..3);
    let policy = prop_oneof![Just(RegistrationPolicy::InvitationOnly), Just(RegistrationPolicy::Public)];
    (0..8_u8, policy, ways).prop_map(|(which, policy, ways)| match which {
        0..3 => ApplicationCommand::PublishApplication {
            code: text(ApplicationCode::parse, "BSCP"),
            owner: Owner::Operator,
            details: details(policy, ways),
        },
        3 => ApplicationCommand::RetireApplication { reason: reason("Why not") },
        4.. => ApplicationCommand::AmendApplication { details: details(policy, ways) },
    })
}

fn credential_commands() -> impl Strategy<Value = CredentialCommand> {
    prop_oneof![
        Just(CredentialCommand::RegisterCredential {
            user: person(1),
            kind: CredentialKind::Authenticator,
            label: text(CredentialLabel::parse, "Phone"),
        }),
        Just(CredentialCommand::ActivateCredential {}),
        prop_oneof![Just("Phone"), Just("Old phone")]
            .prop_map(|label| CredentialCommand::RenameCredential { label: text(CredentialLabel::parse, label) }),
        Just(CredentialCommand::RevokeCredential { reason: reason("Lost") }),
    ]
}

fn staff_commands() -> impl Strategy<Value = StaffCommand> {
    let role = || prop_oneof![Just(StaffRole::Reviewer), Just(StaffRole::ReviewLead), Just(StaffRole::Auditor)];
    prop_oneof![
        2 => proptest::collection::vec(role(), 0..3).prop_map(|roles| StaffCommand::AppointStaff { contact: nominee(1, "Ada"), roles }),
        3 => role().prop_map(|role| StaffCommand::GrantStaffRole { role }),
        3 => role().prop_map(|role| StaffCommand::RevokeStaffRole { role, reason: reason("Why not") }),
        1 => Just(StaffCommand::DeclareAffiliations { affiliations: vec![] }),
        1 => Just(StaffCommand::DismissStaff { reason: reason("Left") }),
    ]
}

fn service_commands() -> impl Strategy<Value = ServiceCommand> {
    let sees = || {
        prop_oneof![
            1 => Just(Sees::Everything),
            3 => proptest::collection::vec((1..4_u128).prop_map(application), 0..4).prop_map(Sees::Applications),
        ]
    };
    prop_oneof![
        3 => sees().prop_map(|sees| ServiceCommand::RegisterService { name: text(ServiceName::parse, "sft-provisioning"), sees }),
        4 => sees().prop_map(|sees| ServiceCommand::ChangeScope { sees }),
        1 => Just(ServiceCommand::RetireService { reason: reason("Replaced") }),
    ]
}

fn person_commands() -> impl Strategy<Value = PersonCommand> {
    prop_oneof![
        1 => Just(PersonCommand::ForgetPerson { reason: reason("Asked for it") }),
        1 => Just(PersonCommand::CompleteForgetting {}),
        2 => (1..4_u128).prop_map(|number| PersonCommand::AcknowledgeErasure { service: ServiceId(uuid(number)) }),
    ]
}
