//! `POST /v1/invitations`: invites a company.

use axum::extract::State;
use command_handlers::workflows::Invite;
use domain::{
    Addressee, ApplicationId, CompanyName, Email, IdentifierScheme, IdentifierValue, InvitationId, Message, OrganizationId, Owner,
    PersonName, RegisteredIdentifier,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{By, Owns};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::limits::Metered;
use crate::problem::Problem;
use crate::services::Services;

/// Whom to invite to what.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteOrg {
    /// The company's name.
    #[schema(example = "Fastener Works")]
    pub company: String,
    /// The address that the invitation is sent to.
    #[schema(example = "ada.moreau@fastener.example")]
    pub email: String,
    /// The name of the person who is addressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Words for that person; line breaks are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// To which of the inviter's applications. At least one.
    pub applications: Vec<Uuid>,
    /// What is known of the company's registered identifiers. If one belongs to a registered organization, the invitation is
    /// an offer to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<Identifier>,
    /// The registered organization that is meant, if it was picked among the likely duplicates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<Uuid>,
    /// Days until the invitation expires, 1 to 90; the service's default is 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_days: Option<u32>,
}

/// A registered identifier of a company.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Identifier {
    /// Which register: `DUNS`, `CAGE`, `LEI`, `VAT`.
    #[schema(example = "CAGE")]
    pub scheme: String,
    /// The identifier in it.
    #[schema(example = "1F9K2")]
    pub value: String,
}

/// The invitation.
#[derive(Debug, Serialize, ToSchema)]
pub struct Invited {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: InvitationId,
}

/// Invite a company
///
/// Sends the mail "You're Invited to Collaborate with …". One open invitation per inviter and company.
#[utoipa::path(
    post,
    path = "/v1/invitations",
    tag = "Invitations",
    request_body = InviteOrg,
    responses(
        (status = 201, description = "The company is invited", body = Invited),
        (status = 409, description = "The company has an open invitation already", body = Problem),
        (status = 422, description = "A field is not valid", body = Problem),
    )
)]
pub(super) async fn create(
    State(services): State<Services>,
    By(Owns(inviter)): By<Owns>,
    incoming: Incoming,
    metered: Metered,
    Body(body): Body<InviteOrg>,
) -> Result<Accepted<Invited>, Problem> {
    let sent = incoming.sent(&services, "invite", &body);
    let invite = body.parse(inviter)?;
    let mail = metered.mail(&services, invite.addressee.email.as_str())?;
    let (id, answer) = services.workflows.invite_org(invite, &sent).await?;
    if !answer.repeated {
        mail.keep();
    }
    Ok(Accepted::new(&services, &answer, Invited { id }).created(format!("/v1/invitations/{id}")))
}

impl InviteOrg {
    fn parse(&self, inviter: Owner) -> Result<Invite, Problem> {
        let mut checks = Checks::default();
        let company = checks.parse("/company", &self.company, CompanyName::parse);
        let email = checks.parse("/email", &self.email, Email::parse);
        let name = checks.parse_optional("/name", self.name.as_deref(), PersonName::parse);
        let message = checks.parse_optional("/message", self.message.as_deref(), Message::parse);
        let identifiers = parse_identifiers(&mut checks, "/identifiers", &self.identifiers);
        let invite = company.zip(email).map(|(company, email)| Invite {
            inviter,
            company,
            identifiers,
            addressee: Addressee { name, email, message },
            applications: self.applications.iter().copied().map(ApplicationId).collect(),
            organization: self.organization.map(OrganizationId),
            expires_in_days: self.expires_in_days,
        });
        checks.finish(invite)
    }
}

/// The valid ones among these identifiers; what is wrong with the others is noted.
pub(crate) fn parse_identifiers(checks: &mut Checks, pointer: &str, identifiers: &[Identifier]) -> Vec<RegisteredIdentifier> {
    let mut valid = Vec::with_capacity(identifiers.len());
    for (index, identifier) in identifiers.iter().enumerate() {
        let scheme = checks.parse(format!("{pointer}/{index}/scheme"), &identifier.scheme, IdentifierScheme::parse);
        let value = checks.parse(format!("{pointer}/{index}/value"), &identifier.value, IdentifierValue::parse);
        valid.extend(scheme.zip(value).map(|(scheme, value)| RegisteredIdentifier { scheme, value }));
    }
    valid
}
