//! Every kind of caller: of our side where they are of one.

use credential_vault::{Assurance, Holder, SessionHolder, TokenRequest};
use domain::organization::{Organization, OrganizationCommand};
use domain::service::{Sees, Service, ServiceCommand};
use domain::staff::{Staff, StaffCommand};
use domain::testing::reason;
use domain::user::{User, UserCommand};
use domain::{PersonId, StaffRole};
use http_api::access::{Role, Scope};
use http_api::caller::links;
use key_ring::Link;
use uuid::Uuid;

use super::accounts::{Own, Signer, session, with_second_factor};
use super::common::Api;
use super::side::Side;

/// A kind of caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Anyone,
    Reviewer,
    ReviewLead,
    Auditor,
    Administrator,
    Partner,
    ServiceOfEverything,
    LimitedService,
    OrganizationAdministrator,
    ApplicationAdministrator,
    User,
    NewUser,
    StaffMember,
    NewStaff,
    Unproved,
    Invitee,
    Addressee,
    Registrant,
}

impl Who {
    pub(crate) const ALL: [Self; 18] = [
        Self::Anyone,
        Self::Reviewer,
        Self::ReviewLead,
        Self::Auditor,
        Self::Administrator,
        Self::Partner,
        Self::ServiceOfEverything,
        Self::LimitedService,
        Self::OrganizationAdministrator,
        Self::ApplicationAdministrator,
        Self::User,
        Self::NewUser,
        Self::StaffMember,
        Self::NewStaff,
        Self::Unproved,
        Self::Invitee,
        Self::Addressee,
        Self::Registrant,
    ];

    /// The roles that they have.
    pub(crate) fn roles(self) -> &'static [Role] {
        match self {
            Self::Anyone => &[Role::Anyone],
            Self::Reviewer => &[Role::Anyone, Role::Reviewer],
            Self::ReviewLead => &[Role::Anyone, Role::ReviewLead],
            Self::Auditor => &[Role::Anyone, Role::Auditor],
            Self::Administrator => &[Role::Anyone, Role::Administrator],
            Self::Partner => &[Role::Anyone, Role::Partner],
            Self::ServiceOfEverything | Self::LimitedService => &[Role::Anyone, Role::Service],
            Self::OrganizationAdministrator => &[Role::Anyone, Role::User, Role::OrganizationAdministrator],
            Self::ApplicationAdministrator => &[Role::Anyone, Role::User, Role::ApplicationAdministrator],
            Self::User => &[Role::Anyone, Role::User],
            Self::NewUser => &[Role::Anyone, Role::NewUser],
            Self::StaffMember => &[Role::Anyone, Role::StaffMember, Role::Auditor],
            Self::NewStaff => &[Role::Anyone, Role::NewStaff],
            Self::Unproved => &[Role::Anyone, Role::Unproved],
            Self::Invitee => &[Role::Anyone, Role::Invitee],
            Self::Addressee => &[Role::Anyone, Role::Addressee],
            Self::Registrant => &[Role::Anyone, Role::Registrant],
        }
    }

    /// Whether a scope reaches, for them, the things of the side at this place: ours, theirs, the operator's.
    pub(crate) fn reaches(self, scope: Scope, side: usize) -> bool {
        match scope {
            Scope::Everything => true,
            Scope::Shown if self == Self::ServiceOfEverything => true,
            Scope::Owned if self == Self::Administrator => side == OPERATORS,
            Scope::Shown
            | Scope::Owned
            | Scope::OwnAccount
            | Scope::OwnOrganization
            | Scope::Administered
            | Scope::Held
            | Scope::Offered => side == OURS,
        }
    }
}

/// The places of the sides.
pub(crate) const OURS: usize = 0;
pub(crate) const THEIRS: usize = 1;
pub(crate) const OPERATORS: usize = 2;

/// The tokens of the callers.
pub(crate) struct Callers {
    reviewer: String,
    review_lead: String,
    auditor: String,
    administrator: String,
    service_of_everything: String,
    limited_service: String,
    staff_member: Signer,
    new_staff: Signer,
    unproved: PersonId,
}

impl Callers {
    pub(crate) async fn new(api: &Api, ours: &Side) -> Self {
        Self {
            reviewer: api.reviewer("Rita").await,
            review_lead: api.staff("Lea", &[StaffRole::ReviewLead]).await.1,
            auditor: api.staff("Otto", &[StaffRole::Auditor]).await.1,
            administrator: api.staff("Anna", &[StaffRole::Administrator]).await.1,
            service_of_everything: api.service("warehouse", Sees::Everything).await.1,
            limited_service: api.service("provisioning", Sees::Applications(vec![ours.application])).await.1,
            staff_member: Signer::new(api, "Stan", StaffRole::Auditor, true).await,
            new_staff: Signer::new(api, "Nick", StaffRole::Reviewer, false).await,
            unproved: with_second_factor(api, ours.organization).await,
        }
    }

    /// A token of this caller; a session is a new one, since a request may end it.
    pub(crate) async fn token(&self, who: Who, api: &Api, ours: &Side) -> Option<String> {
        Some(match who {
            Who::Anyone => return None,
            Who::Reviewer => self.reviewer.clone(),
            Who::ReviewLead => self.review_lead.clone(),
            Who::Auditor => self.auditor.clone(),
            Who::Administrator => self.administrator.clone(),
            Who::Partner => ours.owner_token.clone(),
            Who::ServiceOfEverything => self.service_of_everything.clone(),
            Who::LimitedService => self.limited_service.clone(),
            Who::OrganizationAdministrator => api.session(ours.administrator, ours.organization).await,
            Who::ApplicationAdministrator => api.session(ours.keeper, ours.organization).await,
            Who::User => api.session(ours.user, ours.organization).await,
            Who::NewUser => api.session(ours.new_user, ours.organization).await,
            Who::StaffMember => session(api, self.staff_member.person, self.staff_member.holder, Assurance::TwoFactors).await.0,
            Who::NewStaff => session(api, self.new_staff.person, self.new_staff.holder, Assurance::OneFactor).await.0,
            Who::Unproved => {
                let holder = SessionHolder::User { organization: ours.organization };
                session(api, self.unproved, holder, Assurance::OneFactor).await.0
            }
            Who::Invitee => link(api, links::SELF_REGISTRATION, ours.invitee.0),
            Who::Addressee => ours.invited.link.clone(),
            Who::Registrant => ours.public.link.clone(),
        })
    }
}

impl Callers {
    /// The credential and session that a request of this caller names on this side: on ours, their own.
    pub(crate) fn own<'a>(&'a self, who: Who, side: &'a Side) -> &'a Own {
        match who {
            Who::StaffMember if side.is_ours => &self.staff_member.own,
            Who::NewStaff if side.is_ours => &self.new_staff.own,
            Who::OrganizationAdministrator => &side.own.administrator,
            Who::ApplicationAdministrator => &side.own.keeper,
            Who::NewUser => &side.own.new_user,
            Who::Anyone
            | Who::Reviewer
            | Who::ReviewLead
            | Who::Auditor
            | Who::Administrator
            | Who::Partner
            | Who::ServiceOfEverything
            | Who::LimitedService
            | Who::User
            | Who::StaffMember
            | Who::NewStaff
            | Who::Unproved
            | Who::Invitee
            | Who::Addressee
            | Who::Registrant => &side.own.user,
        }
    }
}

fn link(api: &Api, purpose: &str, id: Uuid) -> String {
    api.services.master.link_token(purpose, Link { id, generation: 0 })
}

/// Tokens that proved somebody once, and nobody any more.
pub(crate) async fn former(api: &Api, ours: &Side) -> Vec<(&'static str, String)> {
    let (suspended, of_suspended) = api.user(ours.organization, "Sven", &[]).await;
    did_user(api, suspended, UserCommand::SuspendUser { reason: reason("left") }).await;
    let (closed, of_closed) = api.user(ours.organization, "Cleo", &[]).await;
    did_user(api, closed, UserCommand::CloseUser { reason: reason("left") }).await;
    let ended = api.session(ours.user, ours.organization).await;
    api.post("/v1/sign-out").by(&ended).send().await.ok();
    let (partner, of_partner) = api.partner("Gone Avionics").await;
    let (_, of_its_user) = api.user(partner, "Gus", &[]).await;
    let suspend = OrganizationCommand::SuspendOrg { reason: reason("unpaid") };
    api.services.handlers.handle::<Organization>(partner.0, suspend, &api.sent()).await.unwrap();
    let (staff, of_dismissed) = api.staff("Dora", &[StaffRole::Administrator, StaffRole::Auditor]).await;
    api.services.handlers.handle::<Staff>(staff.0, StaffCommand::DismissStaff { reason: reason("left") }, &api.sent()).await.unwrap();
    let (service, of_retired) = api.service("retired", Sees::Everything).await;
    api.services
        .handlers
        .handle::<Service>(service.0, ServiceCommand::RetireService { reason: reason("over") }, &api.sent())
        .await
        .unwrap();
    vec![
        ("a suspended user's session", of_suspended),
        ("a closed user's session", of_closed),
        ("a session that has ended", ended),
        ("a revoked token", revoked(api).await),
        ("a suspended partner's token", of_partner),
        ("the session of a suspended organization's user", of_its_user),
        ("a dismissed member of the staff", of_dismissed),
        ("a retired service", of_retired),
        ("a link for another purpose", link(api, "some other purpose", ours.invitee.0)),
        ("what is no token", "gh_nonsense".to_owned()),
    ]
}

async fn did_user(api: &Api, person: PersonId, command: UserCommand) {
    api.services.handlers.handle::<User>(person.0, command, &api.sent()).await.unwrap();
}

/// A token of a member of the staff that was taken back.
async fn revoked(api: &Api) -> String {
    let (staff, _) = api.staff("Rosa", &[StaffRole::Administrator]).await;
    let holder = Holder::Staff { staff, roles: vec![StaffRole::Administrator] };
    let request = TokenRequest { name: "lost".to_owned(), holder, scopes: Vec::new(), expires_at: None };
    let issued = api.services.vault.issue_token(request, api.now()).await.unwrap();
    assert!(api.services.vault.revoke_token(issued.token.id, api.now()).await.unwrap());
    issued.secret.to_string()
}
