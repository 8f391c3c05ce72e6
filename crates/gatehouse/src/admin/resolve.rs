//! What an operator calls things by, and which things those are.

use directory::OrganizationFilter;
use domain::staff::{Staff, StaffState};
use domain::{
    ApplicationCode, ApplicationId, CaseNumber, IdentifierScheme, IdentifierValue, OrganizationId, PersonId, RegisteredIdentifier,
    RegistrationId, ServiceId, ServiceName, UserId,
};
use key_ring::KeyRingError;
use uuid::Uuid;

use crate::failure::Failure;
use crate::read_models;
use crate::service::Service;

/// The organization of this id, registered identifier (`DUNS 123456789`) or legal name.
///
/// # Errors
/// There is none, or more than one of this name.
pub(crate) async fn organization(service: &Service, text: &str) -> Result<OrganizationId, Failure> {
    let text = text.trim();
    let database = |error: sqlx::Error| Failure::from_error(&error);
    let mut view = service.read_now(read_models::DIRECTORY).await?;
    let none = || Failure::Refused(format!("no organization has the id, registered identifier or legal name {text:?}"));
    if let Ok(id) = text.parse::<Uuid>() {
        let found = directory::organization(view.rows(), OrganizationId(id)).await.map_err(database)?;
        return found.map(|organization| organization.id).ok_or_else(none);
    }
    if let Some(identifier) = identifier(text)
        && let Some(found) = directory::organization_by_identifier(view.rows(), &identifier).await.map_err(database)?
    {
        return Ok(found.id);
    }
    let filter = OrganizationFilter { name: Some(text.to_owned()), ..OrganizationFilter::default() };
    let found = directory::organizations(view.rows(), &filter, None, 50).await.map_err(database)?;
    let is_named = |organization: &&directory::Organization| organization.legal_name.to_lowercase() == text.to_lowercase();
    let named: Vec<_> = found.iter().filter(is_named).collect();
    match named.as_slice() {
        [one] => Ok(one.id),
        [] => Err(none()),
        many => {
            let ids: Vec<_> = many.iter().map(|organization| organization.id.to_string()).collect();
            Err(Failure::Refused(format!("{} organizations are called {text:?}; name one by its id: {}", many.len(), ids.join(", "))))
        }
    }
}

/// A registered identifier as it is typed: the scheme, then a space or a colon, then the value.
fn identifier(text: &str) -> Option<RegisteredIdentifier> {
    let (scheme, value) = text.split_once([' ', ':'])?;
    Some(RegisteredIdentifier { scheme: IdentifierScheme::parse(scheme).ok()?, value: IdentifierValue::parse(value).ok()? })
}

/// The person of this id or User ID, or behind the member of staff of this id.
///
/// # Errors
/// There is none.
pub(crate) async fn person(service: &Service, text: &str) -> Result<PersonId, Failure> {
    let none = || Failure::Refused(format!("no person has the id or User ID {text:?}"));
    let Ok(id) = text.trim().parse::<Uuid>() else {
        let user_id = UserId::parse(text).map_err(|_| none())?;
        return service.workflows.user_with(&user_id).await?.ok_or_else(none);
    };
    match service.ring.is_destroyed(PersonId(id)) {
        Ok(_) => Ok(PersonId(id)),
        Err(KeyRingError::UnknownPerson(_)) => {
            let member = service.handlers.inspect::<Staff, _>(id, |state, _| match state {
                StaffState::NotAppointed => None,
                StaffState::Member(member) | StaffState::Dismissed(member) => Some(member.contact.person()),
            });
            member.await?.flatten().ok_or_else(none)
        }
        Err(error) => Err(Failure::from_error(&error)),
    }
}

/// The application of this id or code.
///
/// # Errors
/// There is none.
pub(crate) async fn application(service: &Service, text: &str) -> Result<ApplicationId, Failure> {
    if let Ok(id) = text.trim().parse::<Uuid>() {
        return Ok(ApplicationId(id));
    }
    let none = || Failure::Refused(format!("no application has the id or code {text:?}: `gatehouse catalogue list` shows them"));
    let code = ApplicationCode::parse(text).map_err(|_| none())?;
    let mut view = service.read_now(read_models::DIRECTORY).await?;
    let found = directory::application_by_code(view.rows(), &code).await.map_err(|error| Failure::from_error(&error))?;
    found.map(|application| application.id).ok_or_else(none)
}

/// The case of this id or case number.
///
/// # Errors
/// There is none.
pub(crate) async fn case(service: &Service, text: &str) -> Result<RegistrationId, Failure> {
    if let Ok(id) = text.trim().parse::<Uuid>() {
        return Ok(RegistrationId(id));
    }
    let none = || Failure::Refused(format!("no case has the id or number {text:?}"));
    let number = CaseNumber::parse(text).map_err(|_| none())?;
    let mut view = service.read_now(read_models::REGISTRATION_STATUS).await?;
    let found = registration_status::by_case_number(view.rows(), &number).await.map_err(|error| Failure::from_error(&error))?;
    found.map(|status| status.registration).ok_or_else(none)
}

/// The downstream service of this name, also if it was retired.
///
/// # Errors
/// There is none.
pub(crate) async fn service(service: &Service, text: &str) -> Result<(ServiceId, ServiceName), Failure> {
    let none = || Failure::Refused(format!("no service is called {text:?}: `gatehouse service list` shows them"));
    let name = ServiceName::parse(text).map_err(|_| none())?;
    let id = ServiceId::of(&name);
    let found = service.handlers.inspect::<domain::service::Service, _>(id.0, |_, _| ()).await?;
    found.map(|()| (id, name)).ok_or_else(none)
}
