//! Users and staff.

use domain::user::UserRole;
use domain::{OrganizationId, PersonId, StaffId, StaffRole, UserId};
use projection_runtime::sql::Database;
use projection_runtime::table::select;
use serde::Serialize;

use super::{Conditions, one, organization, text};
use crate::{Credential, OrganizationState, StaffMember, User, UserState};

/// What sign-in needs to know of a user.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignIn {
    /// The user, with the ids of the credentials that work.
    pub user: User,
    /// Where the organization stands: nobody of a suspended or closed one signs in. None: its registration has not come
    /// through to this read model yet.
    pub organization_state: Option<OrganizationState>,
}

/// The user of this User ID, as somebody types it (case and spaces around do not matter), with what sign-in needs.
///
/// # Errors
/// When the database fails.
pub async fn sign_in(conn: &mut impl Database, user_id: &UserId) -> Result<Option<SignIn>, sqlx::Error> {
    let Some(user) = one::<User>(conn, "WHERE user_id = $1", vec![text(user_id)]).await? else {
        return Ok(None);
    };
    let organization_state = organization(conn, user.organization).await?.map(|organization| organization.state);
    Ok(Some(SignIn { user, organization_state }))
}

/// A user by the person.
///
/// # Errors
/// When the database fails.
pub async fn user(conn: &mut impl Database, person: PersonId) -> Result<Option<User>, sqlx::Error> {
    one(conn, "WHERE person = $1", vec![text(person)]).await
}

/// The users of an organization, in the order in which their ids were allotted.
///
/// # Errors
/// When the database fails.
pub async fn users_of(
    conn: &mut impl Database,
    organization: OrganizationId,
    state: Option<UserState>,
    after: Option<PersonId>,
    limit: u32,
) -> Result<Vec<User>, sqlx::Error> {
    let mut conditions = Conditions::default();
    conditions.and("organization = ?", text(organization));
    if let Some(state) = state {
        conditions.and("state = ?", text(state));
    }
    if let Some(after) = after {
        conditions.and("person > ?", text(after));
    }
    let (rest, parameters) = conditions.finish("person", limit);
    select(conn, &rest, parameters).await
}

/// The active users of an organization who have this role: whom to ask.
///
/// # Errors
/// When the database fails.
pub async fn users_with_role(conn: &mut impl Database, organization: OrganizationId, role: UserRole) -> Result<Vec<User>, sqlx::Error> {
    let sql = "WHERE organization = $1 AND state = $2 AND roles <> '[]' ORDER BY person";
    let found: Vec<User> = select(conn, sql, vec![text(organization), text(UserState::Active)]).await?;
    Ok(found.into_iter().filter(|user| user.has_role(role)).collect())
}

/// The credentials of a user beyond the password, also the revoked ones.
///
/// # Errors
/// When the database fails.
pub async fn credentials_of(conn: &mut impl Database, person: PersonId) -> Result<Vec<Credential>, sqlx::Error> {
    select(conn, "WHERE person = $1 ORDER BY id", vec![text(person)]).await
}

/// A member of the staff.
///
/// # Errors
/// When the database fails.
pub async fn staff_member(conn: &mut impl Database, id: StaffId) -> Result<Option<StaffMember>, sqlx::Error> {
    one(conn, "WHERE id = $1", vec![text(id)]).await
}

/// The whole staff, also who left, in the order of appointment.
///
/// # Errors
/// When the database fails.
pub async fn staff(conn: &mut impl Database) -> Result<Vec<StaffMember>, sqlx::Error> {
    select(conn, "ORDER BY appointed_at, id", Vec::new()).await
}

/// As whom a person is on the staff now.
///
/// # Errors
/// When the database fails.
pub async fn staff_of_person(conn: &mut impl Database, person: PersonId) -> Result<Vec<StaffMember>, sqlx::Error> {
    Ok(staff(conn).await?.into_iter().filter(|member| member.person == person && member.dismissed_at.is_none()).collect())
}

/// Who of the staff has this role now.
///
/// # Errors
/// When the database fails.
pub async fn staff_with_role(conn: &mut impl Database, role: StaffRole) -> Result<Vec<StaffMember>, sqlx::Error> {
    Ok(staff(conn).await?.into_iter().filter(|member| member.acts_as(role)).collect())
}
