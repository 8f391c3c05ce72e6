//! Values that are unique are given back, kept and taken again.

use command_handlers::CommandError;
use command_handlers::workflows::{Approve, Invite, ProviderIdentity};
use domain::invitation::{Invitation, InvitationCommand, InvitationState};
use domain::organization::{Organization, OrganizationCommand, OrganizationState};
use domain::registration::{Question, Registration, RegistrationCommand, Stage};
use domain::reservation::{Reservation, ReservationCommand, ReservationKind};
use domain::staff::{Staff, StaffCommand};
use domain::testing::{company, contact, profile, reason, uuid};
use domain::{ApplicationId, CredentialId, OrganizationId, Owner, Personal, Policy, StaffId, StaffRole, UserId};
use jiff::SignedDuration;

use super::world::{Case, World};

const DUNS: &str = "150483782";
const OTHER_DUNS: &str = "123456789";

impl World {
    async fn case_naming(&self, identifier: &str) -> Case {
        let applications = [ApplicationId(uuid(1)), ApplicationId(uuid(2))];
        self.submitted(OrganizationId(uuid(3)), applications, identifier).await
    }

    /// Whose a DUNS number is.
    async fn owner_of(&self, number: &str) -> Option<uuid::Uuid> {
        let identifier = domain::testing::identifier("DUNS", number);
        let reservation = self.desk.workflows.registered_identifier(&identifier);
        self.state::<Reservation>(reservation.0).await.owner()
    }

    /// An approval of a claimed case in a process that dies after so many appends. Whether it was on record then.
    async fn approve_until_killed(&mut self, case: &Case, appends: i64) -> bool {
        let dossier_version = self.state::<Registration>(case.id.0).await.case().unwrap().dossier.version;
        let approve = Approve { reviewer: Self::reviewer(), dossier_version, reason: reason("All is well.") };
        self.disk.fail_after(appends);
        let approved = self.desk.workflows.approve(case.id, approve, &self.sent()).await;
        self.restart();
        let stage = self.state::<Registration>(case.id.0).await.case().unwrap().stage.clone();
        let is_approved = matches!(stage, Stage::ApprovalPending { .. } | Stage::Approved { .. });
        assert_eq!(approved.is_ok(), is_approved);
        is_approved
    }

    async fn let_claim_lapse(&self, case: &Case) {
        self.pass(SignedDuration::from_hours(24));
        self.ask::<Registration>(case.id.0, RegistrationCommand::PassTime {}).await;
    }
}

#[tokio::test]
async fn a_company_whose_invitation_was_revoked_can_be_invited_anew() {
    let world = World::new();
    let application = world.publish("SFT").await;
    let invitation = world.invited("Fastener Works", application).await;
    let second = world.desk.workflows.invite_org(world.invite("Fastener Works", application), &world.sent()).await;
    assert!(matches!(second, Err(CommandError::Taken(ReservationKind::OpenInvitation))));
    world.ask::<Invitation>(invitation.0, InvitationCommand::RevokeInvitation { reason: None }).await;
    world.settle().await;
    world.settle().await;
    world.invited("Fastener Works", application).await;
    assert_eq!(world.count("reservation.released.v1").await, 1);
}

#[tokio::test]
async fn an_expired_invitation_that_is_resent_takes_the_company_s_name_again() {
    let world = World::new();
    let application = world.publish("SFT").await;
    let invitation = world.invited("Fastener Works", application).await;
    world.pass(SignedDuration::from_hours(31 * 24));
    world.ask::<Invitation>(invitation.0, InvitationCommand::ExpireInvitation {}).await;
    world.settle().await;
    world.desk.workflows.resend_invitation(invitation, None, &world.sent()).await.unwrap();
    assert!(matches!(world.invitation(invitation).await, InvitationState::Open(_)));
    let second = world.desk.workflows.invite_org(world.invite("Fastener Works", application), &world.sent()).await;
    assert!(matches!(second, Err(CommandError::Taken(ReservationKind::OpenInvitation))));
}

#[tokio::test]
async fn an_expired_invitation_is_not_resent_when_the_company_was_invited_anew() {
    let world = World::new();
    let application = world.publish("SFT").await;
    let invitation = world.invited("Fastener Works", application).await;
    world.pass(SignedDuration::from_hours(31 * 24));
    world.ask::<Invitation>(invitation.0, InvitationCommand::ExpireInvitation {}).await;
    world.settle().await;
    world.invited("Fastener Works", application).await;
    let resent = world.desk.workflows.resend_invitation(invitation, None, &world.sent()).await;
    assert!(matches!(resent, Err(CommandError::Taken(ReservationKind::OpenInvitation))), "{resent:?}");
    assert!(matches!(world.invitation(invitation).await, InvitationState::Expired(_)));
}

#[tokio::test]
async fn an_invitation_resent_before_its_expiry_was_handled_keeps_the_company_s_name() {
    let world = World::new();
    let application = world.publish("SFT").await;
    let invitation = world.invited("Fastener Works", application).await;
    world.pass(SignedDuration::from_hours(31 * 24));
    world.ask::<Invitation>(invitation.0, InvitationCommand::ExpireInvitation {}).await;
    world.desk.workflows.resend_invitation(invitation, None, &world.sent()).await.unwrap();
    world.settle().await;
    let reservation = world.desk.workflows.open_invitation(Owner::Operator, &company("Fastener Works"));
    assert_eq!(world.state::<Reservation>(reservation.0).await.owner(), Some(invitation.0));
}

#[tokio::test]
async fn an_invitation_that_was_being_sent_again_when_the_process_was_killed_keeps_the_company_s_name_for_a_minute() {
    let mut world = World::new();
    let application = world.publish("SFT").await;
    let first = world.invited("Fastener Works", application).await;
    world.pass(SignedDuration::from_hours(31 * 24));
    world.ask::<Invitation>(first.0, InvitationCommand::ExpireInvitation {}).await;
    // Between the name and what it is taken for.
    world.disk.fail_after(1);
    world.desk.workflows.resend_invitation(first, None, &world.sent()).await.unwrap_err();
    world.restart();
    world.settle().await;
    let reservation = world.desk.workflows.open_invitation(Owner::Operator, &company("Fastener Works"));
    let early = world.desk.workflows.invite_org(world.invite("Fastener Works", application), &world.sent()).await;
    assert!(matches!(early, Err(CommandError::Taken(ReservationKind::OpenInvitation))), "it may be under way still");
    assert_eq!(world.state::<Reservation>(reservation.0).await.owner(), Some(first.0));
    world.pass(SignedDuration::from_mins(1));
    let second = world.invited("Fastener Works", application).await;
    assert_eq!(world.state::<Reservation>(reservation.0).await.owner(), Some(second.0));
    let late = world.desk.workflows.resend_invitation(first, None, &world.sent()).await;
    assert!(matches!(late, Err(CommandError::Taken(ReservationKind::OpenInvitation))), "{late:?}");
}

#[tokio::test]
async fn a_name_taken_for_an_invitation_that_never_came_to_be_is_given_back_after_a_minute() {
    let world = World::new();
    let application = world.publish("SFT").await;
    let reservation = world.desk.workflows.open_invitation(Owner::Operator, &company("Fastener Works"));
    let reserve = ReservationCommand::Reserve { kind: ReservationKind::OpenInvitation, owner: uuid(0xdead) };
    world.ask::<Reservation>(reservation.0, reserve).await;
    world.pass(SignedDuration::from_secs(59));
    let early = world.desk.workflows.invite_org(world.invite("Fastener Works", application), &world.sent()).await;
    assert!(matches!(early, Err(CommandError::Taken(ReservationKind::OpenInvitation))));
    world.pass(SignedDuration::from_secs(2));
    let invitation = world.invited("Fastener Works", application).await;
    assert_eq!(world.state::<Reservation>(reservation.0).await.owner(), Some(invitation.0));
}

#[tokio::test]
async fn the_identifiers_of_an_undone_approval_are_given_back_and_those_of_one_approved_again_are_not() {
    let world = World::under(Policy { undo_window_minutes: 30, ..Policy::default() });
    let applications = [ApplicationId(uuid(1)), ApplicationId(uuid(2))];
    let case = world.submitted(OrganizationId(uuid(3)), applications, "150483782").await;
    world.approve(&case).await;
    let identifier = domain::testing::identifier("DUNS", "150483782");
    let reservation = world.desk.workflows.registered_identifier(&identifier);
    assert_eq!(world.state::<Reservation>(reservation.0).await.owner(), Some(case.organization.0));
    let undo = || RegistrationCommand::UndoApproval { reviewer: World::reviewer(), reason: reason("Too soon.") };
    world.ask::<Registration>(case.id.0, undo()).await;
    world.approve(&case).await;
    world.settle().await;
    assert_eq!(world.state::<Reservation>(reservation.0).await.owner(), Some(case.organization.0));
    world.ask::<Registration>(case.id.0, undo()).await;
    world.settle().await;
    assert_eq!(world.state::<Reservation>(reservation.0).await.owner(), None);
}

#[tokio::test]
async fn identifiers_of_an_approval_that_was_killed_are_given_back_when_its_claim_ends() {
    let mut outcomes = Vec::new();
    for appends in 0..=3 {
        let mut world = World::new();
        let case = world.case_naming(DUNS).await;
        world.claim(&case).await;
        let is_approved = world.approve_until_killed(&case, appends).await;
        outcomes.push((world.owner_of(DUNS).await.is_some(), is_approved));
        world.let_claim_lapse(&case).await;
        world.settle().await;
        world.settle().await;
        assert_eq!(world.owner_of(DUNS).await, is_approved.then_some(case.organization.0), "killed after {appends} appends");
        if !is_approved {
            let rival = world.case_naming(DUNS).await;
            world.approve(&rival).await;
            assert_eq!(world.owner_of(DUNS).await, Some(rival.organization.0));
        }
    }
    assert_eq!(outcomes, [(false, false), (true, false), (true, true), (true, true)], "every way to be killed was seen");
}

#[tokio::test]
async fn an_approval_that_was_killed_and_is_sent_again_has_its_identifiers() {
    let mut world = World::new();
    let case = world.case_naming(DUNS).await;
    world.claim(&case).await;
    assert!(!world.approve_until_killed(&case, 1).await);
    world.settle().await;
    world.approve(&case).await;
    world.settle().await;
    world.settle().await;
    assert_eq!(world.owner_of(DUNS).await, Some(case.organization.0));
}

#[tokio::test]
async fn identifiers_that_a_case_named_before_it_was_corrected_are_given_back_and_the_others_kept() {
    let mut world = World::new();
    let case = world.case_naming(DUNS).await;
    world.claim(&case).await;
    assert!(!world.approve_until_killed(&case, 1).await);
    assert_eq!(world.owner_of(DUNS).await, Some(case.organization.0));
    let dossier_version = world.state::<Registration>(case.id.0).await.case().unwrap().dossier.version;
    let text = domain::testing::text(domain::Message::parse, "Is this number right?");
    let questions = vec![Question { field: "/profile/identifiers".to_owned(), question: text }];
    let ask = RegistrationCommand::RequestInformation { reviewer: World::reviewer(), dossier_version, questions };
    world.ask::<Registration>(case.id.0, ask).await;
    let mut corrected = profile("Fastener Works GmbH");
    corrected.identifiers = vec![domain::testing::identifier("DUNS", OTHER_DUNS)];
    world.ask::<Registration>(case.id.0, RegistrationCommand::SaveProfile { profile: corrected }).await;
    world.ask::<Registration>(case.id.0, RegistrationCommand::ConfirmReview {}).await;
    world.ask::<Registration>(case.id.0, RegistrationCommand::ResubmitRegistration { answer: None }).await;
    world.approve(&case).await;
    // Only now is any of it handled.
    world.settle().await;
    assert_eq!((world.owner_of(DUNS).await, world.owner_of(OTHER_DUNS).await), (None, Some(case.organization.0)));
}

#[tokio::test]
async fn identifiers_of_a_killed_change_of_profile_are_given_back_and_those_that_an_organization_has_never() {
    for (appends, refused) in [(0, true), (1, true), (1, false), (2, false), (3, false)] {
        let mut world = World::new();
        let case = world.case_naming(DUNS).await;
        world.approve(&case).await;
        world.settle().await;
        let mut changed = profile("Fastener Works GmbH");
        changed.identifiers = vec![domain::testing::identifier("DUNS", OTHER_DUNS)];
        world.ask::<Organization>(case.organization.0, OrganizationCommand::AmendProfile { profile: changed }).await;
        world.disk.fail_after(appends);
        let why = || reason("All is well.");
        let sent = world.sent();
        let first = world.desk.workflows.approve_amendment(case.organization, World::reviewer(), why(), &sent).await;
        world.restart();
        world.settle().await;
        let kept = if refused {
            let refuse = OrganizationCommand::RefuseAmendment { id: case.organization, reviewer: World::reviewer(), reason: why() };
            world.ask::<Organization>(case.organization.0, refuse).await;
            DUNS
        } else {
            if first.is_err() {
                world.desk.workflows.approve_amendment(case.organization, World::reviewer(), why(), &sent).await.unwrap();
            }
            OTHER_DUNS
        };
        // All events of the past are handled again, too, as after a restore.
        world.settle().await;
        world.settle().await;
        for number in [DUNS, OTHER_DUNS] {
            assert_eq!(world.owner_of(number).await, (number == kept).then_some(case.organization.0), "{number} after {appends} appends");
        }
    }
}

impl World {
    async fn close(&self, organization: OrganizationId) {
        self.ask::<Organization>(organization.0, OrganizationCommand::CloseOrg { reason: reason("Out of business.") }).await;
    }
}

#[tokio::test]
async fn a_closed_organization_gives_back_its_identifiers_and_the_company_registers_anew() {
    let world = World::new();
    let before = world.case_naming(DUNS).await;
    world.approve(&before).await;
    world.settle().await;
    let mut changed = profile("Fastener Works GmbH");
    changed.identifiers = [DUNS, OTHER_DUNS].map(|number| domain::testing::identifier("DUNS", number)).to_vec();
    world.ask::<Organization>(before.organization.0, OrganizationCommand::AmendProfile { profile: changed }).await;
    let approved = world.desk.workflows.approve_amendment(before.organization, World::reviewer(), reason("Seen."), &world.sent()).await;
    approved.unwrap();
    world.close(before.organization).await;
    world.settle().await;
    assert_eq!((world.owner_of(DUNS).await, world.owner_of(OTHER_DUNS).await), (None, None));
    let anew = world.case_naming(DUNS).await;
    world.approve(&anew).await;
    // All events of the past are handled again, too, as after a restore.
    world.settle().await;
    world.settle().await;
    assert_eq!(world.owner_of(DUNS).await, Some(anew.organization.0));
    assert!(world.state::<Organization>(anew.organization.0).await.is_in_good_standing());
    assert!(matches!(world.state::<Organization>(before.organization.0).await, OrganizationState::Closed(_)));
}

#[tokio::test]
async fn a_company_whose_organization_is_closed_registers_anew_before_anybody_came_by() {
    let world = World::new();
    let before = world.case_naming(DUNS).await;
    world.approve(&before).await;
    world.settle().await;
    world.close(before.organization).await;
    let anew = world.case_naming(DUNS).await;
    world.approve(&anew).await;
    world.settle().await;
    assert_eq!(world.owner_of(DUNS).await, Some(anew.organization.0));
}

#[tokio::test]
async fn identifiers_of_a_change_that_was_killed_while_its_organization_was_closed_are_free_after_a_minute() {
    let world = World::new();
    let before = world.case_naming(DUNS).await;
    world.approve(&before).await;
    world.settle().await;
    world.close(before.organization).await;
    world.settle().await;
    // Taken by an approval that was decided on before the closing, and never came to be.
    let reservation = world.desk.workflows.registered_identifier(&domain::testing::identifier("DUNS", OTHER_DUNS));
    let reserve = ReservationCommand::Reserve { kind: ReservationKind::RegisteredIdentifier, owner: before.organization.0 };
    world.ask::<Reservation>(reservation.0, reserve).await;
    let anew = world.case_naming(OTHER_DUNS).await;
    world.claim(&anew).await;
    let dossier_version = world.state::<Registration>(anew.id.0).await.case().unwrap().dossier.version;
    let approve = Approve { reviewer: World::reviewer(), dossier_version, reason: reason("All is well.") };
    let early = world.desk.workflows.approve(anew.id, approve, &world.sent()).await;
    assert!(matches!(early, Err(CommandError::Rejected(_))), "it may be under way still: {early:?}");
    world.pass(SignedDuration::from_mins(1));
    world.approve(&anew).await;
    assert_eq!(world.owner_of(OTHER_DUNS).await, Some(anew.organization.0));
}

#[tokio::test]
async fn an_invitation_is_an_offer_only_to_an_organization_that_can_answer_it() {
    let world = World::under(Policy { undo_window_minutes: 30, ..Policy::default() });
    let application = world.publish("SFT").await;
    let case = world.case_naming(DUNS).await;
    world.approve(&case).await;
    let offered_to = async |company: &str| {
        let identifiers = vec![domain::testing::identifier("DUNS", DUNS)];
        let invite = Invite { identifiers, ..world.invite(company, application) };
        let (invitation, _) = world.desk.workflows.invite_org(invite, &world.sent()).await.unwrap();
        world.invitation(invitation).await.invited().unwrap().organization
    };
    assert_eq!(offered_to("Fastener Works").await, None, "its approval can still be undone");
    world.pass(SignedDuration::from_mins(30));
    world.ask::<Registration>(case.id.0, RegistrationCommand::PassTime {}).await;
    world.settle().await;
    assert_eq!(offered_to("Fastener Works Hamburg").await, Some(case.organization));
    let suspend = OrganizationCommand::SuspendOrg { reason: reason("Sanctions check.") };
    world.ask::<Organization>(case.organization.0, suspend).await;
    assert_eq!(offered_to("Fastener Works Bremen").await, None, "nobody of it can sign in");
    world.close(case.organization).await;
    assert_eq!(offered_to("Fastener Works Kiel").await, None, "it is closed");
}

impl World {
    /// A reviewer with an account.
    async fn staff(&self, number: u128) -> StaffId {
        let staff = StaffId(uuid(0x57af_0000 + number));
        let appoint =
            StaffCommand::AppointStaff { contact: Personal::new(self.person(), contact("Rita")), roles: vec![StaffRole::Reviewer] };
        self.ask::<Staff>(staff.0, appoint).await;
        let one_time_password = CredentialId(self.fresh());
        let issue = StaffCommand::IssueStaffOneTimePassword { user_id: UserId::derive(staff.0), one_time_password };
        self.ask::<Staff>(staff.0, issue).await;
        staff
    }

    async fn link(&self, staff: StaffId) -> bool {
        let identity = ProviderIdentity { issuer: "https://id.example".to_owned(), subject: "rita".to_owned() };
        match self.desk.workflows.link_staff_identity(staff, &identity, &self.sent()).await {
            Ok(_) => true,
            Err(CommandError::Taken(ReservationKind::StaffIdentity)) => false,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn who_somebody_is_at_the_provider_can_be_somebody_else_once_it_is_unlinked_or_they_left() {
    let world = World::new();
    let (rita, eve) = (world.staff(1).await, world.staff(2).await);
    assert!(world.link(rita).await && !world.link(eve).await);
    world.ask::<Staff>(rita.0, StaffCommand::UnlinkStaffIdentity {}).await;
    world.settle().await;
    assert!(world.link(eve).await && !world.link(rita).await);
    world.ask::<Staff>(eve.0, StaffCommand::DismissStaff { reason: reason("Left") }).await;
    world.settle().await;
    assert!(world.link(rita).await);
    assert_eq!(world.count("reservation.released.v1").await, 2);
}

#[tokio::test]
async fn an_identity_whose_linking_was_killed_can_be_linked_to_somebody_else_after_a_minute() {
    let mut world = World::new();
    let (rita, eve) = (world.staff(1).await, world.staff(2).await);
    world.disk.fail_after(1);
    let identity = ProviderIdentity { issuer: "https://id.example".to_owned(), subject: "rita".to_owned() };
    world.desk.workflows.link_staff_identity(rita, &identity, &world.sent()).await.unwrap_err();
    world.restart();
    assert!(!world.link(eve).await);
    world.pass(SignedDuration::from_mins(1));
    assert!(world.link(eve).await && !world.link(rita).await);
}

#[tokio::test]
async fn who_is_linked_again_before_the_unlinking_was_followed_stays_linked() {
    let world = World::new();
    let (rita, eve) = (world.staff(1).await, world.staff(2).await);
    world.link(rita).await;
    world.ask::<Staff>(rita.0, StaffCommand::UnlinkStaffIdentity {}).await;
    assert!(world.link(rita).await);
    world.settle().await;
    assert!(!world.link(eve).await);
    assert_eq!(world.count("reservation.released.v1").await, 0);
}
