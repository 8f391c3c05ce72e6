//! Mails of a user's account.

use domain::user::{UserEvent, UserOrigin, UserRole};
use domain::{OrganizationId, PersonId};
use projection_runtime::Envelope;
use serde_json::json;

use super::{Applied, learn_contact, variables};
use crate::batch::{Batch, Draft};
use crate::facts::{Administrators, PersonFacts, UserFacts};
use crate::{Link, Template};

pub(super) async fn apply(batch: &mut Batch<'_>, envelope: &Envelope, person: PersonId, event: &UserEvent) -> Applied {
    match event {
        UserEvent::Invited { organization, organization_name, email, expires_at } => {
            batch
                .change::<PersonFacts>(person.0, |facts| {
                    facts.email = email.get().map(ToString::to_string);
                    facts.user = Some(account(*organization, organization_name.as_str(), "", false));
                })
                .await?;
            let more = json!({ "organization": organization_name, "expires_at": expires_at.to_string() });
            let link = Link::SelfRegistration { person };
            to_user(batch, envelope, person, Template::SelfRegistrationInvitation, link, more).await
        }
        UserEvent::SelfRegistered { contact, one_time_password: _ } | UserEvent::ProfileConfirmed { contact } => {
            learn_contact(batch, contact).await
        }
        UserEvent::Refused { reason } => {
            let template = Template::SelfRegistrationRefused;
            to_user(batch, envelope, person, template, Link::Nowhere, json!({ "reason": reason })).await
        }
        UserEvent::InvitationExpired {} => {
            batch.supersede::<PersonFacts>(person.0, &[Template::SelfRegistrationInvitation], "the invitation expired").await
        }
        UserEvent::Created { .. } => created(batch, envelope, person, event).await,
        UserEvent::PasswordSet { password: _, replaces } => {
            // The first password is part of first-time login, which ends with a mail of its own.
            if replaces.is_none() {
                return Ok(());
            }
            let more = json!({ "happened_at": envelope.recorded_at.to_string() });
            to_user(batch, envelope, person, Template::PasswordChanged, Link::Credentialing, more).await
        }
        UserEvent::Activated {} => to_user(batch, envelope, person, Template::LoginSuccess, Link::Credentialing, json!({})).await,
        UserEvent::RoleGranted { role } => change_role(batch, person, *role, true).await,
        UserEvent::RoleRevoked { role, reason: _ } => change_role(batch, person, *role, false).await,
        UserEvent::Suspended { reason } => {
            set_usable(batch, person, false).await?;
            let more = json!({ "reason": reason, "whole_organization": false });
            to_user(batch, envelope, person, Template::AccountSuspended, Link::Nowhere, more).await
        }
        UserEvent::Reinstated { reason: _ } => set_usable(batch, person, true).await,
        UserEvent::Closed { reason: _ } => set_usable(batch, person, false).await,
        UserEvent::OneTimePasswordIssued { one_time_password: _ }
        | UserEvent::OneTimePasswordRedeemed { one_time_password: _ }
        | UserEvent::OneTimePasswordLocked { one_time_password: _ }
        | UserEvent::SecondFactorAsked { application: _ }
        | UserEvent::SecondFactorNoLongerAsked { application: _ }
        | UserEvent::SecondFactorAdded { credential: _ }
        | UserEvent::SecondFactorRemoved { credential: _ }
        | UserEvent::TermsAcceptedV1 { version: _ }
        | UserEvent::TermsAccepted { version: _, renew_from: _ } => Ok(()),
    }
}

async fn created(batch: &mut Batch<'_>, envelope: &Envelope, person: PersonId, event: &UserEvent) -> Applied {
    let UserEvent::Created { organization, organization_name, user_id, contact, roles, one_time_password: _, origin } = event else {
        return Ok(());
    };
    learn_contact(batch, contact).await?;
    batch
        .change::<PersonFacts>(person.0, |facts| {
            facts.user = Some(account(*organization, organization_name.as_str(), user_id.as_str(), true));
        })
        .await?;
    for role in roles {
        change_role(batch, person, *role, true).await?;
    }
    let template = match origin {
        UserOrigin::Approval(_) => Template::Approved,
        UserOrigin::Administrator(_) => Template::AccountCreated,
        UserOrigin::SelfRegistration(_) => Template::SelfRegistrationConfirmed,
    };
    let administers = json!({ "organization_administrator": roles.contains(&UserRole::OrganizationAdministrator) });
    to_user(batch, envelope, person, template, Link::FirstTimeLogin, administers).await
}

fn account(organization: OrganizationId, organization_name: &str, user_id: &str, usable: bool) -> UserFacts {
    UserFacts { organization, organization_name: organization_name.to_owned(), user_id: user_id.to_owned(), usable }
}

async fn set_usable(batch: &mut Batch<'_>, person: PersonId, usable: bool) -> Applied {
    batch
        .change::<PersonFacts>(person.0, |facts| {
            if let Some(user) = &mut facts.user {
                user.usable = usable;
            }
        })
        .await
}

/// Application administrators are found by organization and application; organization administrators are in the organization's own facts.
async fn change_role(batch: &mut Batch<'_>, person: PersonId, role: UserRole, has: bool) -> Applied {
    let UserRole::ApplicationAdministrator(application) = role else { return Ok(()) };
    let Some(user) = batch.get::<PersonFacts>(person.0).await?.user else { return Ok(()) };
    batch
        .change::<Administrators>(Administrators::id(user.organization, application), |administrators| {
            if has {
                administrators.people.insert(person);
            } else {
                administrators.people.remove(&person);
            }
        })
        .await
}

async fn to_user(
    batch: &mut Batch<'_>,
    envelope: &Envelope,
    recipient: PersonId,
    template: Template,
    link: Link,
    more: serde_json::Value,
) -> Applied {
    let user = batch.get::<PersonFacts>(recipient.0).await?.user;
    let mut variables = variables(json!({
        "organization": user.as_ref().map(|user| user.organization_name.as_str()),
        "user_id": user.as_ref().map(|user| user.user_id.as_str()).filter(|user_id| !user_id.is_empty()),
    }));
    variables.extend(super::variables(more));
    let draft = Draft { template, recipient, about: None, link, variables };
    if template == Template::SelfRegistrationInvitation {
        return batch.owe_link::<PersonFacts>(recipient.0, envelope, draft).await;
    }
    batch.owe(envelope, draft).await?;
    Ok(())
}
