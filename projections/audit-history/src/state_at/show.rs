//! States as JSON.

use domain::access::AccessState;
use domain::application::ApplicationState;
use domain::credential::CredentialState;
use domain::invitation::{InvitationState, Invited, Link};
use domain::organization::{OrganizationState, Registered, Standing};
use domain::registration::{Case, Nominee, Proposal, RegistrationState, Review, Stage};
use domain::relationship::RelationshipState;
use domain::service::ServiceState;
use domain::sign_in::OneTimePassword;
use domain::staff::StaffState;
use domain::subscription::SubscriptionState;
use domain::user::{Account, UserInvitation, UserState};
use domain::{Due, Personal};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::narrate::ERASED;

/// A value that serializes always: all of the domain's do.
fn value<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// In the clear, or `erased`.
fn personal<T: Serialize>(personal: &Personal<T>) -> Value {
    personal.get().map_or_else(|| ERASED.into(), value)
}

/// The object with more fields.
fn with(mut object: Value, more: Value) -> Value {
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}

pub(super) fn application(state: &ApplicationState) -> Option<Value> {
    let name = match state {
        ApplicationState::NotPublished => return None,
        ApplicationState::Published(_) => "published",
        ApplicationState::Retired(_) => "retired",
    };
    let published = state.published()?;
    let (code, owner, details) = (&published.code, &published.owner, &published.details);
    Some(json!({ "state": name, "code": code, "owner": owner, "details": details }))
}

pub(super) fn invitation(state: &InvitationState) -> Option<Value> {
    let name = match state {
        InvitationState::NotSent => return None,
        InvitationState::Open(invited) if invited.organization.is_some() => "offered",
        InvitationState::Open(Invited { link: Link::Opened, .. }) => "opened",
        InvitationState::Open(_) => "sent",
        InvitationState::Accepted(..) => "accepted",
        InvitationState::OfferAccepted(_) => "offer_accepted",
        InvitationState::OfferDeclined(_) => "offer_declined",
        InvitationState::Revoked(_) => "revoked",
        InvitationState::Expired(_) => "expired",
    };
    let invited = state.invited()?;
    Some(json!({
        "state": name,
        "inviter": invited.inviter,
        "inviter_name": invited.inviter_name,
        "invited_by": invited.invited_by,
        "company": invited.company,
        "addressee": personal(&invited.addressee),
        "applications": invited.applications,
        "organization": invited.organization,
        "registration": state.registration(),
        "expires_at": invited.expires_at,
        "generation": invited.generation,
    }))
}

pub(super) fn registration(state: &RegistrationState) -> Option<Value> {
    let case = state.case()?;
    let shown = json!({
        "state": case.stage.name(),
        "case_number": case.case_number,
        "origin": case.origin,
        "invited_by": case.invited_by,
        "registrant": personal(&case.registrant),
        "company": case.company,
        "expires_at": case.expires_at,
        "human_check_passed": case.human_check.is_some(),
        "needs_two_people": case.needs_two_people(),
        "risks": case.risks,
        "dossier": dossier(case),
    });
    Some(with(shown, stage(&case.stage)))
}

fn dossier(case: &Case) -> Value {
    let dossier = &case.dossier;
    // By person, so that a difference says whose entry changed.
    let nominees: Map<String, Value> = dossier.nominees.iter().map(|one| (one.person().to_string(), nominee(one))).collect();
    json!({
        "version": dossier.version,
        "applications": dossier.applications,
        "profile": dossier.profile,
        "nominees": nominees,
        "confirmed": dossier.is_confirmed(),
    })
}

fn nominee(nominee: &Nominee) -> Value {
    json!({
        "contact": personal(&nominee.contact),
        "is_registrant": nominee.is_registrant,
        "handover_acknowledged": nominee.handover_acknowledged,
        "roles": nominee.roles,
    })
}

/// What belongs to the stage of a case.
fn stage(stage: &Stage) -> Value {
    match stage {
        Stage::Submitted(review) => reviewed(review),
        Stage::InReview { review, claim } => with(reviewed(review), json!({ "reviewer": claim.reviewer, "claimed_until": claim.until })),
        Stage::InformationRequested { questions, business_seconds_left, proposal } => json!({
            "questions": questions,
            "business_seconds_left": business_seconds_left,
            "proposal": proposal.as_ref().map(proposed),
        }),
        Stage::ApprovalPending { review, reviewer, effective_at } => {
            with(reviewed(review), json!({ "reviewer": reviewer, "effective_at": effective_at }))
        }
        Stage::Approved { organization } => json!({ "organization": organization }),
        Stage::Rejected { reviewer, reason } => json!({ "reviewer": reviewer, "reason": reason }),
        Stage::Linked { organization, invitation } => json!({ "organization": organization, "invitation": invitation }),
        Stage::Filling | Stage::Withdrawn | Stage::Expired => json!({}),
    }
}

fn reviewed(review: &Review) -> Value {
    let Due { at, time_zone, calendar_version, .. } = &review.due;
    json!({
        "due_at": at,
        "due_time_zone": time_zone,
        "due_calendar_version": calendar_version,
        "proposal": review.proposal.as_ref().map(proposed),
    })
}

fn proposed(proposal: &Proposal) -> Value {
    json!({ "reviewer": proposal.reviewer, "dossier_version": proposal.dossier_version, "reason": proposal.reason })
}

pub(super) fn organization(state: &OrganizationState) -> Option<Value> {
    let name = match state {
        OrganizationState::NotRegistered => return None,
        OrganizationState::Registered(_) => "active",
        OrganizationState::Suspended(_) => "suspended",
        OrganizationState::Closed(_) => "closed",
    };
    let Registered { registration, profile, amendment, administrators } = state.registered()?;
    let administrators: Map<String, Value> = administrators
        .iter()
        .map(|(person, standing)| {
            let standing = match standing {
                Standing::Expected => "expected",
                Standing::Established => "established",
            };
            (person.to_string(), standing.into())
        })
        .collect();
    Some(json!({
        "state": name,
        "registration": registration,
        "profile": profile,
        "amendment": amendment.as_ref().map(|of| &of.profile),
        "amendment_requested_by": amendment.as_ref().and_then(|of| of.requested_by),
        "administrators": administrators,
    }))
}

pub(super) fn user(state: &UserState) -> Option<Value> {
    match state {
        UserState::Unknown => None,
        UserState::Invited(invitation) => Some(invited("invited", invitation)),
        UserState::SelfRegistered(registration) => {
            Some(with(invited("self_registered", &registration.invitation), json!({ "contact": personal(&registration.contact) })))
        }
        UserState::Refused(invitation) => Some(invited("refused", invitation)),
        UserState::InvitationExpired(invitation) => Some(invited("invitation_expired", invitation)),
        UserState::PendingFirstLogin(held) => Some(account("pending_first_login", held)),
        UserState::Active(held) => Some(account("active", held)),
        UserState::Suspended(held, _) => Some(account("suspended", held)),
        UserState::Closed(held) => Some(account("closed", held)),
    }
}

fn invited(state: &str, invitation: &UserInvitation) -> Value {
    json!({
        "state": state,
        "organization": invitation.organization,
        "organization_name": invitation.organization_name,
        "email": personal(&invitation.email),
        "invitation_expires_at": invitation.expires_at,
    })
}

fn account(state: &str, account: &Account) -> Value {
    let one_time_password = match account.means.one_time_password {
        OneTimePassword::Issued(_) => "issued",
        OneTimePassword::Locked(_) => "locked",
        OneTimePassword::Redeemed(_) => "redeemed",
        OneTimePassword::Spent(_) => "spent",
    };
    json!({
        "state": state,
        "organization": account.organization,
        "organization_name": account.organization_name,
        "user_id": account.user_id,
        "contact": personal(&account.contact),
        "profile_confirmed": account.is_profile_confirmed,
        "roles": account.roles,
        "one_time_password": one_time_password,
        "has_password": account.means.password.is_some(),
        "second_factors": account.means.second_factors,
        "second_factor_asked_by": account.second_factor_asked_by,
        "terms": account.terms.as_ref().map(|terms| &terms.version),
        "terms_renewed_from": account.terms.as_ref().and_then(|terms| terms.renew_from),
        "origin": account.origin,
    })
}

pub(super) fn subscription(state: &SubscriptionState) -> Option<Value> {
    let name = match state {
        SubscriptionState::NotRequested => return None,
        SubscriptionState::Requested(_) => "requested",
        SubscriptionState::Active(_) => "active",
        SubscriptionState::Denied(_) => "denied",
        SubscriptionState::Ended(_) => "ended",
    };
    let subscribed = state.subscribed()?;
    let (organization, application, origin) = (subscribed.organization, subscribed.application, subscribed.origin);
    Some(json!({ "state": name, "organization": organization, "application": application, "origin": origin }))
}

pub(super) fn access(state: &AccessState) -> Option<Value> {
    let name = match state {
        AccessState::NotRequested => return None,
        AccessState::Requested(_) => "requested",
        AccessState::Granted(_) => "granted",
        AccessState::Denied(_) => "denied",
        AccessState::Revoked(_) => "revoked",
    };
    let accessor = state.accessor()?;
    let (user, organization, application) = (accessor.user, accessor.organization, accessor.application);
    Some(json!({ "state": name, "user": user, "organization": organization, "application": application }))
}

pub(super) fn relationship(state: &RelationshipState) -> Option<Value> {
    let name = match state {
        RelationshipState::None => return None,
        RelationshipState::Established(_) => "established",
        RelationshipState::Ended(_) => "ended",
    };
    let parties = state.parties()?;
    Some(json!({ "state": name, "organization": parties.organization, "partner": parties.partner }))
}

pub(super) fn credential(state: &CredentialState) -> Option<Value> {
    let name = match state {
        CredentialState::NotRegistered => return None,
        CredentialState::Pending(_) => "pending",
        CredentialState::Active(_) => "active",
        CredentialState::Revoked(_) => "revoked",
    };
    let registered = state.registered()?;
    Some(json!({ "state": name, "user": registered.user, "kind": registered.kind, "label": registered.label }))
}

pub(super) fn staff(state: &StaffState) -> Option<Value> {
    let (name, member) = match state {
        StaffState::NotAppointed => return None,
        StaffState::Member(member) => ("member", member),
        StaffState::Dismissed(member) => ("dismissed", member),
    };
    Some(json!({
        "state": name,
        "contact": personal(&member.contact),
        "roles": member.roles,
        "affiliations": member.affiliations,
    }))
}

pub(super) fn service(state: &ServiceState) -> Option<Value> {
    let (name, service) = match state {
        ServiceState::NotRegistered => return None,
        ServiceState::Registered(service) => ("registered", service),
        ServiceState::Retired(service) => ("retired", service),
    };
    Some(json!({ "state": name, "name": service.name, "sees": service.sees }))
}
