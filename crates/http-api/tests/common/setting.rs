//! Who and what there is when a test begins: staff, partners, applications, users.

use command_handlers::workflows::AccountHolder;
use credential_vault::{Assurance, Holder, NewSessionOf, OpenedBy, SessionHolder, SessionLifetime, TokenRequest};
use domain::application::{AccessPolicy, Application, ApplicationCommand, ApplicationDetails, CredentialStrength, RegistrationPolicy, Way};
use domain::organization::{Organization, OrganizationCommand};
use domain::registration::Affiliation;
use domain::service::{Sees, Service, ServiceCommand};
use domain::staff::{Staff, StaffCommand};
use domain::testing::{contact, profile, text};
use domain::user::{User, UserCommand, UserOrigin, UserRole};
use domain::{
    ApplicationCode, ApplicationId, ApplicationName, CredentialId, Description, OrganizationId, Owner, PersonId, Personal,
    RegisteredIdentifier, RegistrationId, ServiceId, ServiceName, StaffId, StaffRole, TermsVersion, UserId, WebAddress,
};

use super::Api;

impl Api {
    /// A member of the staff with these roles: their id and their token.
    pub async fn staff(&self, given_name: &str, roles: &[StaffRole]) -> (StaffId, String) {
        let staff = StaffId(self.id());
        let contact = Personal::new(self.services.keys.allot().unwrap(), contact(given_name));
        let command = StaffCommand::AppointStaff { contact, roles: roles.to_vec() };
        self.services.handlers.handle::<Staff>(staff.0, command, &self.sent()).await.unwrap();
        (staff, self.token(Holder::Staff { staff, roles: roles.to_vec() }).await)
    }

    /// A reviewer's token.
    pub async fn reviewer(&self, given_name: &str) -> String {
        self.staff(given_name, &[StaffRole::Reviewer]).await.1
    }

    /// Says to which organization somebody of the staff belongs.
    pub async fn affiliate(&self, staff: StaffId, affiliation: Affiliation) {
        let command = StaffCommand::DeclareAffiliations { affiliations: vec![affiliation] };
        self.services.handlers.handle::<Staff>(staff.0, command, &self.sent()).await.unwrap();
    }

    /// A downstream service that is shown this: its id and its token.
    pub async fn service(&self, name: &str, sees: Sees) -> (ServiceId, String) {
        let name = text(ServiceName::parse, name);
        let service = ServiceId::of(&name);
        let command = ServiceCommand::RegisterService { name: name.clone(), sees };
        self.services.handlers.handle::<Service>(service.0, command, &self.sent()).await.unwrap();
        (service, self.token(Holder::Service { name: name.to_string() }).await)
    }

    /// A token of this holder.
    pub async fn token(&self, holder: Holder) -> String {
        let request = TokenRequest { name: "test".to_owned(), holder, scopes: Vec::new(), expires_at: None };
        self.services.vault.issue_token(request, self.now()).await.unwrap().secret.to_string()
    }

    /// A registered organization of this name with these identifiers, its identifiers taken.
    pub async fn organization(&self, name: &str, identifiers: &[RegisteredIdentifier]) -> OrganizationId {
        let organization = OrganizationId(self.id());
        let profile = domain::OrganizationProfile { identifiers: identifiers.to_vec(), ..profile(name) };
        let reserve: Vec<_> = identifiers
            .iter()
            .map(|identifier| command_handlers::Reserve {
                id: self.services.workflows.registered_identifier(identifier),
                kind: domain::reservation::ReservationKind::RegisteredIdentifier,
                owner: organization.0,
            })
            .collect();
        let command = OrganizationCommand::ApproveOrg {
            registration: RegistrationId(self.id()),
            profile,
            administrators: vec![self.services.keys.allot().unwrap()],
        };
        self.services.handlers.create::<Organization>(organization.0, command, &self.sent(), &reserve).await.unwrap();
        organization
    }

    /// A partner: a registered organization with a token.
    pub async fn partner(&self, name: &str) -> (OrganizationId, String) {
        let organization = self.organization(name, &[]).await;
        (organization, self.token(Holder::Partner { organization }).await)
    }

    /// An application by invitation only, whose access an application administrator grants.
    pub async fn application(&self, owner: Owner, code: &str) -> ApplicationId {
        self.application_with(owner, code, |details| details.access = AccessPolicy::ApplicationAdministrator).await
    }

    /// A public application, whose access is automatic.
    pub async fn public_application(&self, code: &str) -> ApplicationId {
        self.application_with(Owner::Operator, code, |details| {
            details.registration = RegistrationPolicy::Public;
            details.ways = vec![Way::PublicRegistration];
        })
        .await
    }

    /// An application with these details.
    pub async fn application_with(&self, owner: Owner, code: &str, change: impl FnOnce(&mut ApplicationDetails)) -> ApplicationId {
        let mut details = ApplicationDetails {
            name: text(ApplicationName::parse, &format!("Application {code}")),
            description: text(Description::parse, "Shares drawings with suppliers."),
            registration: RegistrationPolicy::InvitationOnly,
            access: AccessPolicy::Automatic,
            ways: vec![Way::Invitation],
            credential_strength: CredentialStrength::Password,
            prerequisites: Some(text(Description::parse, "Install the transfer client first.")),
            launch_url: text(WebAddress::parse, "https://apps.example/start"),
            subscription_review: false,
            four_eyes: false,
        };
        change(&mut details);
        let application = ApplicationId(self.id());
        let command = ApplicationCommand::PublishApplication { code: text(ApplicationCode::parse, code), owner, details };
        self.services.handlers.handle::<Application>(application.0, command, &self.sent()).await.unwrap();
        application
    }

    /// A user of this organization with an established account, signed in: who, and the session's token.
    pub async fn user(&self, organization: OrganizationId, given_name: &str, roles: &[UserRole]) -> (PersonId, String) {
        let person = self.services.keys.allot().unwrap();
        let [one_time_password, password] = [CredentialId(self.id()), CredentialId(self.id())];
        let contact = Personal::new(person, contact(given_name));
        let version = text(TermsVersion::parse, &self.services.handlers.policy().terms_version);
        let commands = [
            UserCommand::CreateUser {
                organization,
                organization_name: domain::testing::company("Test Works"),
                user_id: UserId::derive(person.0),
                contact: contact.clone(),
                roles: roles.to_vec(),
                one_time_password,
                origin: UserOrigin::Approval(RegistrationId(self.id())),
            },
            UserCommand::RedeemOneTimePassword { one_time_password },
            UserCommand::SetPassword { password },
            UserCommand::ConfirmProfile { contact },
            UserCommand::AcceptTerms { version },
        ];
        for command in commands {
            self.services.handlers.handle::<User>(person.0, command, &self.sent()).await.unwrap();
        }
        (person, self.session(person, organization).await)
    }

    /// A session of this user: its token.
    pub async fn session(&self, person: PersonId, organization: OrganizationId) -> String {
        let holder = SessionHolder::User { organization };
        let opened_by = self.opened_by(person, holder).await;
        let (assurance, lifetime) = (Assurance::OneFactor, SessionLifetime::USERS);
        let new = NewSessionOf { person, holder, opened_by, assurance, proved_at: None, lifetime, label: String::new() };
        let issued = self.services.vault.create_session(new, self.now()).await.unwrap();
        issued.secret.to_string()
    }

    /// What opens this account now; the provider, where there is none to be opened.
    pub async fn opened_by(&self, person: PersonId, holder: SessionHolder) -> OpenedBy {
        let account = self.services.workflows.open_account(AccountHolder { person, holder }).await.unwrap();
        account.map_or(OpenedBy::Provider, |account| OpenedBy::Secret(account.means.opens_with()))
    }
}
