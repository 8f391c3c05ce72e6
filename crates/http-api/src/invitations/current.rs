//! `GET /v1/invitations/current`: the invitation whose link the caller holds.

use axum::extract::State;
use domain::InvitationId;
use domain::invitation::{Invitation, InvitationCommand, InvitationState, Invited};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{Addressee, By};
use crate::command::Incoming;
use crate::found::Found;
use crate::problem::Problem;
use crate::registrations::view::{AskedApplication, application};
use crate::services::Services;

/// What to say about an invitation before its addressee answers.
const ADVICE: &str = "Check with the company that invites you if you are not sure: that your organization is registered says nothing of whether they will do business with you.";

/// An invitation as its addressee sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddressedInvitation {
    /// Its id.
    pub id: Uuid,
    /// The company that invites.
    pub inviter_name: String,
    /// The company that is invited.
    pub company: String,
    /// The addressee's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The words meant for the addressee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// To which applications, with what to have or install first.
    pub applications: Vec<AskedApplication>,
    /// Until when it can be accepted.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// What comes next.
    pub next: NextForAddressee,
    /// The registration that was started with it, to be resumed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration: Option<Uuid>,
    /// What to do before going on.
    pub advice: &'static str,
}

/// What the addressee of an invitation does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NextForAddressee {
    /// Accept it: a registration begins.
    Register,
    /// Go on with the registration that was begun.
    ResumeRegistration,
    /// The company is registered already: its organization administrator signs in and answers the offer.
    SignIn,
}

/// Look at the invitation of a link
///
/// That the link was followed is noted. A link that was replaced, taken back or has expired answers 410 and says so.
#[utoipa::path(
    get,
    path = "/v1/invitations/current",
    tag = "Invitations",
    responses(
        (status = 200, description = "The invitation", body = AddressedInvitation),
        (status = 410, description = "The link does not work any more", body = Problem),
    )
)]
pub(super) async fn current(
    State(services): State<Services>,
    By(Addressee { invitation: id, generation }): By<Addressee>,
    incoming: Incoming,
) -> Result<Found<AddressedInvitation>, Problem> {
    let sent = incoming.sent(&services, &format!("open {id}"), &generation);
    services.handlers.handle::<Invitation>(id.0, InvitationCommand::OpenInvitation { generation }, &sent).await?;
    let (state, _) = services.handlers.state::<Invitation>(id.0).await?.ok_or_else(|| Problem::not_found("invitation"))?;
    let invited = state.invited().ok_or_else(|| Problem::not_found("invitation"))?;
    let view = AddressedInvitation::of(id, &state, invited, &services).await?;
    Ok(Found::now(&services, view))
}

impl AddressedInvitation {
    async fn of(id: InvitationId, state: &InvitationState, invited: &Invited, services: &Services) -> Result<Self, Problem> {
        let mut applications = Vec::with_capacity(invited.applications.len());
        for of in &invited.applications {
            applications.push(application(*of, services).await?);
        }
        let addressee = invited.addressee.get();
        let next = match (state.registration(), invited.organization) {
            (Some(_), _) => NextForAddressee::ResumeRegistration,
            (None, Some(_)) => NextForAddressee::SignIn,
            (None, None) => NextForAddressee::Register,
        };
        Ok(Self {
            id: id.0,
            inviter_name: invited.inviter_name.to_string(),
            company: invited.company.to_string(),
            name: addressee.and_then(|addressee| addressee.name.as_ref().map(ToString::to_string)),
            message: addressee.and_then(|addressee| addressee.message.as_ref().map(ToString::to_string)),
            applications,
            expires_at: invited.expires_at,
            next,
            registration: state.registration().map(|registration| registration.0),
            advice: ADVICE,
        })
    }
}
