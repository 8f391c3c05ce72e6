//! An invitation, as its inviter and the staff see it.

use domain::invitation::{InvitationState, Invited, Link};
use domain::{InvitationId, Owner};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::problem::Problem;

/// An invitation.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationView {
    /// Its id.
    pub id: Uuid,
    /// Where it stands: `sent`, `opened`, `offered`, `accepted`, `offer_accepted`, `offer_declined`, `revoked`, `expired`.
    #[schema(example = "sent")]
    pub state: &'static str,
    /// The partner who invites; absent: the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<Uuid>,
    /// The inviter's company name.
    pub inviter_name: String,
    /// The company that is invited.
    pub company: String,
    /// The addressee's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The addressee's e-mail address; absent: forgotten at their request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// To which applications.
    pub applications: Vec<Uuid>,
    /// The registered organization that it is an offer to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<Uuid>,
    /// The registration that was started with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration: Option<Uuid>,
    /// Until when it can be accepted.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// How often a new link was sent; only the latest one works.
    pub generation: u32,
}

impl InvitationView {
    /// From the log.
    pub(super) fn of(id: InvitationId, state: &InvitationState) -> Option<Self> {
        let invited = state.invited()?;
        let addressee = invited.addressee.get();
        Some(Self {
            id: id.0,
            state: name(state, invited),
            partner: partner(invited.inviter),
            inviter_name: invited.inviter_name.to_string(),
            company: invited.company.to_string(),
            name: addressee.and_then(|addressee| addressee.name.as_ref().map(ToString::to_string)),
            email: addressee.map(|addressee| addressee.email.to_string()),
            applications: invited.applications.iter().map(|application| application.0).collect(),
            organization: invited.organization.map(|organization| organization.0),
            registration: state.registration().map(|registration| registration.0),
            expires_at: invited.expires_at,
            generation: invited.generation,
        })
    }
}

impl From<directory::Invitation> for InvitationView {
    fn from(row: directory::Invitation) -> Self {
        Self {
            id: row.id.0,
            state: row.state.as_str(),
            partner: partner(row.inviter.0),
            inviter_name: row.inviter_name,
            company: row.company,
            name: row.addressee_name,
            email: row.addressee_email,
            applications: row.applications.0.into_iter().map(|application| application.0).collect(),
            organization: row.organization.map(|organization| organization.0),
            registration: row.registration.map(|registration| registration.0),
            expires_at: row.expires_at,
            generation: row.generation,
        }
    }
}

/// As the directory calls it.
fn name(state: &InvitationState, invited: &Invited) -> &'static str {
    let state = match state {
        InvitationState::NotSent => directory::InvitationState::Sent,
        InvitationState::Open(_) if invited.organization.is_some() => directory::InvitationState::Offered,
        InvitationState::Open(_) => match invited.link {
            Link::Unopened => directory::InvitationState::Sent,
            Link::Opened => directory::InvitationState::Opened,
        },
        InvitationState::Accepted(..) => directory::InvitationState::Accepted,
        InvitationState::OfferAccepted(_) => directory::InvitationState::OfferAccepted,
        InvitationState::OfferDeclined(_) => directory::InvitationState::OfferDeclined,
        InvitationState::Revoked(_) => directory::InvitationState::Revoked,
        InvitationState::Expired(_) => directory::InvitationState::Expired,
    };
    state.as_str()
}

fn partner(inviter: Owner) -> Option<Uuid> {
    match inviter {
        Owner::Partner(organization) => Some(organization.0),
        Owner::Operator => None,
    }
}

/// The place in a list, as [`crate::found::Page`] gave it.
pub(crate) fn parse_after(text: Option<&str>) -> Result<Option<projection_runtime::Position>, Problem> {
    let Some(text) = text else { return Ok(None) };
    match text.parse() {
        Ok(number) => Ok(Some(projection_runtime::Position(number))),
        Err(_) => Err(Problem::malformed("query:after", "this is not a place in the list: give `next` of a page of it, or none to begin")),
    }
}
