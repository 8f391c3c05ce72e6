//! Second factors that somebody has lost and an administrator takes away: killed anywhere, nothing is left that lets in who found them.

use command_handlers::Sent;
use command_handlers::workflows::{AccountHolder, OpenAccount};
use credential_vault::{CredentialKind, Session, SessionHolder, Verification};
use domain::organization::{Organization, OrganizationCommand};
use domain::staff::{Staff, StaffCommand};
use domain::testing::{contact, profile, reason, text};
use domain::user::{User, UserCommand};
use domain::{CredentialId, CredentialLabel, OrganizationId, Personal, RegistrationId, StaffId, StaffRole};

use super::world::{ONE_TIME_PASSWORD, World};

const PASSWORD: &str = "granite-Lantern-77-meadow-fox";

/// Somebody with an authenticator and recovery codes, who is signed in with both factors.
struct Somebody {
    session: Session,
    authenticator: CredentialId,
    codes: CredentialId,
    code: String,
}

impl Somebody {
    /// Who has just signed in with a one-time password.
    async fn with(world: &World, session: &Session, add: impl AsyncFn(CredentialId)) -> Self {
        let workflows = &world.desk.workflows;
        workflows.set_password(session, PASSWORD, &world.sent()).await.unwrap();
        let (holder, label) = (AccountHolder::from(session), text(CredentialLabel::parse, "Phone"));
        let (begun, _) = workflows.begin_authenticator(holder, label.clone(), &world.sent()).await.unwrap();
        world.vault.activate(begun.credential).await.unwrap();
        add(begun.credential).await;
        let (made, _) = workflows.make_recovery_codes(holder, label, &world.sent()).await.unwrap();
        let code = made.codes.unwrap()[0].to_string();
        Self { session: session.clone(), authenticator: begun.credential, codes: made.credential, code }
    }

    async fn account(&self, world: &World) -> OpenAccount {
        world.desk.workflows.open_account((&self.session).into()).await.unwrap().unwrap()
    }

    /// If the second factors are gone from the log, so is all that stands in for them, and every session.
    async fn has_nothing_left_where_the_factors_are_gone(&self, world: &World, when: &str) -> bool {
        let account = self.account(world).await;
        if !account.means.second_factors.is_empty() {
            return false;
        }
        assert_eq!(world.vault.list_sessions(self.session.person, world.now()).await.unwrap(), [], "{when}");
        let owned = world.desk.workflows.credentials_of(&account).await.unwrap();
        assert!(owned.iter().all(|owned| owned.factor.kind != CredentialKind::RecoveryCodes), "{when}: {owned:?}");
        let proved = world.vault.prove(self.codes, &self.code, world.now()).await.unwrap();
        assert_ne!(proved, Verification::Ok, "{when}");
        true
    }
}

async fn user(world: &World) -> Somebody {
    let (organization, person) = (OrganizationId(world.fresh()), world.person());
    let registration = RegistrationId(world.fresh());
    let approve = OrganizationCommand::ApproveOrg { registration, profile: profile("Rotor Works"), administrators: vec![person] };
    world.ask::<Organization>(organization.0, approve).await;
    let workflows = &world.desk.workflows;
    let created = workflows.create_user_of(organization, person, contact("Bo"), vec![], ONE_TIME_PASSWORD, &world.sent()).await;
    let (person, user_id, _) = created.unwrap();
    let session = workflows.sign_in(Some(&user_id), ONE_TIME_PASSWORD, "", &world.sent()).await.unwrap().session;
    let add = async |credential| {
        world.ask::<User>(person.0, UserCommand::AddSecondFactor { credential }).await;
    };
    Somebody::with(world, &session, add).await
}

async fn member(world: &World) -> Somebody {
    let staff = StaffId(world.fresh());
    let appoint = StaffCommand::AppointStaff { contact: Personal::new(world.person(), contact("Rita")), roles: vec![StaffRole::Reviewer] };
    world.ask::<Staff>(staff.0, appoint).await;
    let workflows = &world.desk.workflows;
    let (user_id, _) = workflows.issue_staff_one_time_password(staff, ONE_TIME_PASSWORD, &world.sent()).await.unwrap();
    let session = workflows.sign_in(Some(&user_id), ONE_TIME_PASSWORD, "", &world.sent()).await.unwrap().session;
    let add = async |credential| {
        world.ask::<Staff>(staff.0, StaffCommand::AddStaffSecondFactor { credential }).await;
    };
    Somebody::with(world, &session, add).await
}

/// Kills this after any number of appends, then sends it again.
async fn killed_anywhere(set_up: impl AsyncFn(&World) -> Somebody, reset: impl AsyncFn(&World, &Somebody, &Sent) -> bool) {
    let mut gone_in_between = 0;
    for kills in 0.. {
        let mut world = World::new();
        let somebody = set_up(&world).await;
        let sent = world.sent();
        world.disk.fail_after(kills);
        let is_done = reset(&world, &somebody, &sent).await;
        world.restart();
        let when = format!("after {kills} appends");
        let is_gone = somebody.has_nothing_left_where_the_factors_are_gone(&world, &when).await;
        if is_done {
            assert!(is_gone, "{when}");
            break;
        }
        gone_in_between += usize::from(is_gone);
        assert!(reset(&world, &somebody, &sent).await, "{when}");
        assert!(somebody.has_nothing_left_where_the_factors_are_gone(&world, &when).await, "{when}, sent again");
        let owned = world.desk.workflows.credentials_of(&somebody.account(&world).await).await.unwrap();
        assert!(owned.iter().all(|owned| owned.factor.id != somebody.authenticator), "{when}, sent again");
    }
    assert!(gone_in_between > 0, "it was never killed after the event");
}

#[tokio::test]
async fn a_reset_that_is_killed_anywhere_leaves_a_user_no_recovery_code_and_no_session() {
    let reset = async |world: &World, somebody: &Somebody, sent: &Sent| {
        let because = reason("Lost the phone");
        world.desk.workflows.reset_second_factors(somebody.session.person, &because, sent).await.is_ok()
    };
    killed_anywhere(user, reset).await;
}

#[tokio::test]
async fn a_reset_that_is_killed_anywhere_leaves_staff_no_recovery_code_and_no_session() {
    let reset = async |world: &World, somebody: &Somebody, sent: &Sent| {
        let SessionHolder::Staff { staff } = somebody.session.holder else { return false };
        world.desk.workflows.reset_staff_second_factors(staff, &reason("Lost the phone"), sent).await.is_ok()
    };
    killed_anywhere(member, reset).await;
}
