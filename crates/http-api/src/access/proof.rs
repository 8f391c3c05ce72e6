//! In which role a handler is called: what it needs of its caller, proven.

use std::future::Future;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use credential_vault::{Assurance, Session};
use domain::registration::Reviewer;
use domain::service::Sees;
use domain::staff::Staff;
use domain::{InvitationId, OrganizationId, Owner, PersonId, ServiceId};

use super::{Granted, Reach, Role};
use crate::caller::Caller;
use crate::problem::Problem;
use crate::services::Services;

/// A handler is called by somebody in this role. The row of its route says so too: this is what makes it certain within the handler.
#[derive(Debug, Clone)]
pub(crate) struct By<P>(pub(crate) P);

/// What is known of a caller in a role.
pub(crate) trait Proof: Sized {
    /// In which role, in words.
    const ROLE: &'static str;

    /// The proof, if the caller has the role.
    fn of(granted: &Granted, services: &Services) -> impl Future<Output = Result<Option<Self>, Problem>> + Send;
}

impl<P: Proof> FromRequestParts<Services> for By<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Problem> {
        let granted = Granted::from_request_parts(parts, services).await?;
        let proof = P::of(&granted, services).await?;
        proof.map(Self).ok_or_else(|| Problem::forbidden(format!("this may be done by {} only", P::ROLE)))
    }
}

/// A user who has signed in, perhaps still in first-time login.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignedIn {
    pub(crate) person: PersonId,
    pub(crate) organization: OrganizationId,
    pub(crate) assurance: Assurance,
}

impl Proof for SignedIn {
    const ROLE: &'static str = Role::User.words();

    async fn of(granted: &Granted, _: &Services) -> Result<Option<Self>, Problem> {
        let Caller::User { person, organization, session, .. } = granted.caller() else { return Ok(None) };
        Ok(Some(Self { person: *person, organization: *organization, assurance: session.assurance }))
    }
}

/// Somebody who has signed in, user or staff, however far they are.
#[derive(Debug, Clone)]
pub(crate) struct InSession(pub(crate) Session);

impl Proof for InSession {
    const ROLE: &'static str = "somebody who is signed in";

    async fn of(granted: &Granted, _: &Services) -> Result<Option<Self>, Problem> {
        Ok(granted.caller().session().cloned().map(Self))
    }
}

/// An administrator of their organization.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OrganizationAdministrator {
    pub(crate) person: PersonId,
    pub(crate) organization: OrganizationId,
}

impl Proof for OrganizationAdministrator {
    const ROLE: &'static str = Role::OrganizationAdministrator.words();

    async fn of(granted: &Granted, services: &Services) -> Result<Option<Self>, Problem> {
        if !Role::OrganizationAdministrator.is_of(granted.caller()) {
            return Ok(None);
        }
        let user = SignedIn::of(granted, services).await?;
        Ok(user.map(|SignedIn { person, organization, .. }| Self { person, organization }))
    }
}

/// Who acts for an owner: a partner's own system, or an administrator of the service for the operator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owns(pub(crate) Owner);

impl Proof for Owns {
    const ROLE: &'static str = "a partner or an administrator of the service";

    async fn of(granted: &Granted, _: &Services) -> Result<Option<Self>, Problem> {
        let owned = |reach: &Reach| if let Reach::Owned(owner) = reach { Some(Self(*owner)) } else { None };
        Ok(granted.reaches().iter().find_map(owned))
    }
}

/// An administrator of the service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServiceAdministrator {
    pub(crate) person: PersonId,
}

impl Proof for ServiceAdministrator {
    const ROLE: &'static str = Role::Administrator.words();

    async fn of(granted: &Granted, services: &Services) -> Result<Option<Self>, Problem> {
        let caller = granted.caller();
        let Caller::Staff { staff, .. } = caller else { return Ok(None) };
        if !Role::Administrator.is_of(caller) {
            return Ok(None);
        }
        let person = services.handlers.inspect::<Staff, _>(staff.0, |state, _| state.member().map(|member| member.contact.person()));
        Ok(person.await?.flatten().map(|person| Self { person }))
    }
}

/// Somebody of the staff who reviews, with what separation of duties needs to know of them.
#[derive(Debug, Clone)]
pub(crate) struct AsReviewer(pub(crate) Reviewer);

impl Proof for AsReviewer {
    const ROLE: &'static str = Role::Reviewer.words();

    async fn of(granted: &Granted, services: &Services) -> Result<Option<Self>, Problem> {
        let caller = granted.caller();
        let Caller::Staff { staff, .. } = caller else { return Ok(None) };
        if !(Role::Reviewer.is_of(caller) || Role::ReviewLead.is_of(caller)) {
            return Ok(None);
        }
        let reviewer = services.handlers.inspect::<Staff, _>(staff.0, |state, _| state.reviewer(*staff)).await?;
        Ok(reviewer.flatten().map(Self))
    }
}

/// A downstream service.
#[derive(Debug, Clone)]
pub(crate) struct DownstreamService {
    pub(crate) service: ServiceId,
    pub(crate) sees: Sees,
}

impl Proof for DownstreamService {
    const ROLE: &'static str = Role::Service.words();

    async fn of(granted: &Granted, _: &Services) -> Result<Option<Self>, Problem> {
        let Caller::Service { service, sees, .. } = granted.caller() else { return Ok(None) };
        Ok(Some(Self { service: *service, sees: sees.clone() }))
    }
}

/// The holder of an invitation's link, which may have been replaced by a newer one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addressee {
    pub(crate) invitation: InvitationId,
    pub(crate) generation: u32,
}

impl Proof for Addressee {
    const ROLE: &'static str = Role::Addressee.words();

    async fn of(granted: &Granted, _: &Services) -> Result<Option<Self>, Problem> {
        let Caller::Addressee { invitation, generation } = granted.caller() else { return Ok(None) };
        Ok(Some(Self { invitation: *invitation, generation: *generation }))
    }
}

/// The holder of a self-registration invitation's link: whom it invites.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Invitee(pub(crate) PersonId);

impl Proof for Invitee {
    const ROLE: &'static str = Role::Invitee.words();

    async fn of(granted: &Granted, _: &Services) -> Result<Option<Self>, Problem> {
        let Caller::Invitee { person, .. } = granted.caller() else { return Ok(None) };
        Ok(Some(Self(*person)))
    }
}
