//! Who may decide what within an organization: an id is no permission, so each endpoint asks here whether the thing is the
//! caller's. The state is read from the log, not from a read model, since a permission that was taken must not linger.

use domain::application::Application;
use domain::user::{User, UserState};
use domain::{ApplicationId, OrganizationId, Owner, PersonId, StaffRole};

use crate::caller::Caller;
use crate::problem::Problem;
use crate::services::Services;

impl Caller {
    /// The administrator of an organization, and which one it is.
    ///
    /// # Errors
    /// 403 for anybody else.
    pub async fn organization_administrator(&self, services: &Services) -> Result<(PersonId, OrganizationId), Problem> {
        let (person, organization) = self.user()?;
        let may = services.handlers.inspect::<User, _>(person.0, |state, _| state.can_administer()).await?;
        if may == Some(true) {
            Ok((person, organization))
        } else {
            Err(Problem::forbidden("only an administrator of the organization may do this"))
        }
    }

    /// Whether the caller administers this application for their organization.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub async fn administers_application(&self, services: &Services, application: ApplicationId) -> Result<bool, Problem> {
        let Self::User { person, .. } = self else { return Ok(false) };
        let may = services.handlers.inspect::<User, _>(person.0, |state, _| state.can_administer_application(application)).await?;
        Ok(may == Some(true))
    }

    /// Whether they have this role of the staff.
    #[must_use]
    pub fn is_staff(&self, role: StaffRole) -> bool {
        matches!(self, Self::Staff { roles, .. } if roles.contains(&role))
    }

    /// Whether the caller speaks for the owner of an application: the partner's own system, or for the operator its
    /// administrators.
    #[must_use]
    pub fn speaks_for(&self, owner: Owner) -> bool {
        match owner {
            Owner::Operator => self.is_staff(StaffRole::Administrator),
            Owner::Partner(partner) => matches!(self, Self::Partner { organization } if *organization == partner),
        }
    }
}

/// The user, if they are, or are asked to become, one of this organization; anybody else is not there.
pub(crate) async fn user_of(services: &Services, organization: OrganizationId, person: PersonId) -> Result<UserState, Problem> {
    let state = services.handlers.state::<User>(person.0).await?.map(|(state, _)| state);
    state.filter(|state| state.organization() == Some(organization)).ok_or_else(|| Problem::not_found("user"))
}

/// Whose application this is.
pub(crate) async fn owner_of(services: &Services, application: ApplicationId) -> Result<Owner, Problem> {
    let owner =
        services.handlers.inspect::<Application, _>(application.0, |state, _| state.published().map(|published| published.owner)).await?;
    owner.flatten().ok_or_else(|| Problem::not_found("application"))
}
