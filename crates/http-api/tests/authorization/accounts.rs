//! What people sign in with, and where they are signed in, of everybody in the matrix.

use credential_vault::{Assurance, NewSessionOf, SessionHolder, SessionLifetime};
use domain::credential::{Credential, CredentialCommand, CredentialKind};
use domain::staff::{Staff, StaffCommand};
use domain::testing::text;
use domain::user::{User, UserCommand};
use domain::{CredentialId, CredentialLabel, OrganizationId, PersonId, StaffId, StaffRole, UserId};
use uuid::Uuid;

use super::common::Api;

/// Somebody's credential and session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Own {
    pub(crate) credential: Uuid,
    pub(crate) session: Uuid,
}

impl Own {
    pub(crate) async fn of(api: &Api, person: PersonId, holder: SessionHolder) -> Self {
        let credential = CredentialId(api.id());
        let label = text(CredentialLabel::parse, "Phone");
        let register = CredentialCommand::RegisterCredential { user: person, kind: CredentialKind::Authenticator, label };
        api.services.handlers.handle::<Credential>(credential.0, register, &api.sent()).await.unwrap();
        let (_, session) = session(api, person, holder, Assurance::TwoFactors).await;
        Self { credential: credential.0, session }
    }
}

/// A session: its token and its id.
pub(crate) async fn session(api: &Api, person: PersonId, holder: SessionHolder, assurance: Assurance) -> (String, Uuid) {
    let opened_by = api.opened_by(person, holder).await;
    let new =
        NewSessionOf { person, holder, opened_by, assurance, proved_at: None, lifetime: SessionLifetime::STAFF, label: String::new() };
    let issued = api.services.vault.create_session(new, api.now()).await.unwrap();
    (issued.secret.to_string(), issued.session.id.0)
}

/// A user with a second factor.
pub(crate) async fn with_second_factor(api: &Api, organization: OrganizationId) -> PersonId {
    let (person, _) = api.user(organization, "Una", &[]).await;
    let add = UserCommand::AddSecondFactor { credential: CredentialId(api.id()) };
    api.services.handlers.handle::<User>(person.0, add, &api.sent()).await.unwrap();
    person
}

/// Somebody on the staff with an account, whose password is set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signer {
    pub(crate) person: PersonId,
    pub(crate) holder: SessionHolder,
    pub(crate) own: Own,
}

impl Signer {
    pub(crate) async fn new(api: &Api, name: &str, role: StaffRole, has_second_factor: bool) -> Self {
        let (staff, _) = api.staff(name, &[role]).await;
        let [one_time_password, password, credential] = [api.id(), api.id(), api.id()].map(CredentialId);
        let mut commands = vec![
            StaffCommand::IssueStaffOneTimePassword { user_id: UserId::derive(staff.0), one_time_password },
            StaffCommand::RedeemStaffOneTimePassword { one_time_password },
            StaffCommand::SetStaffPassword { password },
        ];
        if has_second_factor {
            commands.push(StaffCommand::AddStaffSecondFactor { credential });
        }
        for command in commands {
            api.services.handlers.handle::<Staff>(staff.0, command, &api.sent()).await.unwrap();
        }
        let (person, holder) = (person_of(api, staff).await, SessionHolder::Staff { staff });
        Self { person, holder, own: Own::of(api, person, holder).await }
    }
}

async fn person_of(api: &Api, staff: StaffId) -> PersonId {
    let state = api.services.handlers.state::<Staff>(staff.0).await.unwrap().unwrap().0;
    state.member().unwrap().contact.person()
}
