//! Secrets in the vault: those that nothing names go, the others stay.

use command_handlers::workflows::{NewUser, Nominate};
use credential_vault::{FactorState, NamedBy, Put, Verification};
use domain::credential::{Credential, CredentialCommand, CredentialKind};
use domain::registration::{AdministratorRole, Origin, Registration, RegistrationCommand, RequestedApplication};
use domain::testing::{company, contact, email, profile, reason};
use domain::user::{User, UserCommand, UserOrigin, UserRole};
use domain::{CredentialId, CredentialLabel, OrganizationId, Owner, PersonId, Personal, Registrant, RegistrationId};
use jiff::SignedDuration;

use crate::world::{ONE_TIME_PASSWORD, World};

const A_DAY: SignedDuration = SignedDuration::from_hours(25);

impl World {
    async fn put(&self, person: PersonId, named_by: NamedBy) -> CredentialId {
        let id = CredentialId(self.fresh());
        let put = self.vault.put_one_time_password(id, person, named_by, ONE_TIME_PASSWORD, None, self.now()).await.unwrap();
        assert_eq!(put, Put::Stored);
        id
    }

    async fn create_user(&self, person: PersonId, one_time_password: CredentialId) {
        let new = NewUser {
            organization: OrganizationId(self.fresh()),
            organization_name: company("Fastener Works"),
            contact: Personal::new(person, contact("Ada")),
            roles: vec![UserRole::OrganizationAdministrator],
            one_time_password,
            origin: UserOrigin::Administrator(person),
        };
        self.desk.workflows.create_user(new, &self.sent()).await.unwrap();
    }

    async fn works(&self, id: CredentialId) -> bool {
        self.vault.verify(id, ONE_TIME_PASSWORD, self.now()).await.unwrap() == Verification::Ok
    }

    /// What a sweep removes and lets work.
    async fn sweep(&self) -> (usize, usize) {
        let left = self.desk.workflows.credentials_left().await.unwrap();
        let swept = self.desk.workflows.sweep_credentials().await.unwrap();
        assert_eq!(swept.removed, left, "what the doctor counts is what is removed");
        (swept.removed, swept.activated)
    }

    /// Whether there is a row that could be made to work.
    async fn is_kept(&self, id: CredentialId) -> bool {
        self.vault.activate(id).await.unwrap()
    }
}

#[tokio::test]
async fn a_secret_whose_command_never_came_to_its_event_is_removed_after_a_day() {
    let world = World::new();
    let person = world.person();
    let id = world.put(person, NamedBy::User(person)).await;
    assert_eq!(world.sweep().await, (0, 0), "its event may still come");
    world.pass(A_DAY);
    assert_eq!(world.sweep().await, (1, 0));
    assert!(!world.is_kept(id).await);
    assert_eq!(world.sweep().await, (0, 0));
}

#[tokio::test]
async fn a_secret_that_an_account_has_stays_and_works_even_if_its_activation_was_cut_off() {
    let world = World::new();
    let (first, second) = (world.person(), world.person());
    let activated = world.put(first, NamedBy::User(first)).await;
    world.create_user(first, activated).await;
    // The event comes, as late as it may, and the process dies before the vault hears of it.
    let named = world.put(second, NamedBy::User(second)).await;
    world.pass(SignedDuration::from_hours(23));
    world.create_user(second, named).await;
    let cut_off = world.put(second, NamedBy::User(second)).await;
    let command = UserCommand::IssueOneTimePassword { one_time_password: cut_off };
    world.ask::<User>(second.0, command).await;
    assert!(!world.works(cut_off).await);
    world.pass(A_DAY);
    assert_eq!(world.sweep().await, (0, 1));
    assert!(world.works(cut_off).await && world.works(activated).await);
}

#[tokio::test]
async fn a_second_factor_waits_for_being_shown_to_work_once_it_is_registered() {
    let world = World::new();
    let person = world.person();
    let mut ids = Vec::new();
    for _ in 0..4 {
        let id = CredentialId(world.fresh());
        world.vault.put_authenticator(id, person, world.now()).await.unwrap().unwrap();
        ids.push(id);
    }
    let [unnamed, registered, cut_off, given_up] = ids[..] else { panic!("{ids:?}") };
    for id in [registered, cut_off, given_up] {
        let label = CredentialLabel::parse("Phone").unwrap();
        let command = CredentialCommand::RegisterCredential { user: person, kind: CredentialKind::Authenticator, label };
        world.ask::<Credential>(id.0, command).await;
    }
    world.ask::<Credential>(cut_off.0, CredentialCommand::ActivateCredential {}).await;
    world.ask::<Credential>(given_up.0, CredentialCommand::RevokeCredential { reason: reason("A new phone.") }).await;
    world.pass(A_DAY);
    assert_eq!(world.sweep().await, (2, 1));
    assert!(!world.is_kept(unnamed).await && !world.is_kept(given_up).await);
    let states: Vec<_> = world.vault.factors_of(person).await.unwrap().into_iter().map(|factor| (factor.id, factor.state)).collect();
    assert!(states.contains(&(registered, FactorState::Pending)) && states.contains(&(cut_off, FactorState::Active)));
}

#[tokio::test]
async fn one_time_passwords_of_nominees_wait_as_long_as_their_case_can_be_approved() {
    let world = World::new();
    let partner = OrganizationId(world.fresh());
    let applications = [world.publish("SFT").await, world.publish("BSCP").await];
    let case = world.submitted(partner, applications, "123456789").await;
    let left_behind = world.put(case.ada, NamedBy::Stream(case.id.0)).await;
    let of = |person| {
        let world = &world;
        async move {
            let state = world.state::<Registration>(case.id.0).await;
            state.case().unwrap().dossier.nominees.iter().find(|nominee| nominee.person() == person).unwrap().one_time_password
        }
    };
    let (ada, bo) = (of(case.ada).await, of(case.bo).await);
    world.pass(A_DAY);
    assert_eq!(world.sweep().await, (1, 0), "only what the case does not name");
    assert!(!world.is_kept(left_behind).await);

    world.approve(&case).await;
    world.pass(A_DAY);
    assert_eq!(world.sweep().await, (0, 0), "the accounts are yet to come");
    world.settle().await;
    assert!(world.works(ada).await && world.works(bo).await);
    world.pass(A_DAY);
    assert_eq!(world.sweep().await, (0, 0));
    assert!(world.works(ada).await && world.works(bo).await);
}

#[tokio::test]
async fn what_a_correction_replaced_and_what_a_withdrawn_case_leaves_is_removed() {
    let world = World::new();
    let partner = OrganizationId(world.fresh());
    let application = world.publish("SFT").await;
    let id = RegistrationId(world.fresh());
    let requested = RequestedApplication { application, owner: Owner::Partner(partner), needs_administrator: false, four_eyes: false };
    let registrant = Registrant { name: None, email: email("ada@fastener.example") };
    let begin = RegistrationCommand::StartRegistration {
        invited_by: vec![],
        id,
        origin: Origin::Public,
        registrant: Personal::new(world.person(), registrant),
        company: Some(company("Fastener Works")),
        applications: vec![requested],
    };
    world.ask::<Registration>(id.0, begin).await;
    world.ask::<Registration>(id.0, RegistrationCommand::PassHumanCheck { challenge: "solved".to_owned() }).await;
    world.ask::<Registration>(id.0, RegistrationCommand::SaveProfile { profile: profile("Fastener Works GmbH") }).await;
    let role = AdministratorRole::OrganizationAdministrator;
    let nominate = Nominate { contact: contact("Ada"), is_registrant: false, one_time_password: ONE_TIME_PASSWORD.to_owned(), role };
    let (ada, _) = world.desk.workflows.nominate(id, nominate, &world.sent()).await.unwrap();
    world.desk.workflows.correct_nominee(id, ada, contact("Ada"), ONE_TIME_PASSWORD, &world.sent()).await.unwrap();
    world.pass(A_DAY);
    assert_eq!(world.sweep().await, (1, 0), "the one that was replaced");
    world.ask::<Registration>(id.0, RegistrationCommand::WithdrawRegistration { reason: None }).await;
    assert_eq!(world.sweep().await, (1, 0), "the other one");
}
