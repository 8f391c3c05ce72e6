//! `POST /v1/invitations/likely-duplicates`: who may be registered already.

use axum::extract::State;
use directory::{LikelyDuplicate, Likeness};
use domain::{CompanyName, Email, RegisteredIdentifier};
use projection_runtime::sql::Database;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::create::{Identifier, parse_identifiers};
use crate::body::Body;
use crate::checks::Checks;
use crate::found::Found;
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::broken;
use crate::services::Services;

/// Whom somebody is about to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FindDuplicates {
    /// The company's name.
    #[schema(example = "Fastener Works")]
    pub company: String,
    /// What is known of its registered identifiers.
    #[serde(default)]
    pub identifiers: Vec<Identifier>,
    /// The addressee's e-mail address.
    #[serde(default)]
    pub email: Option<String>,
}

/// Registered organizations that may be the one meant.
#[derive(Debug, Serialize, ToSchema)]
pub struct LikelyDuplicates {
    /// The likeliest first.
    pub items: Vec<LikelyOrganization>,
}

/// A registered organization that may be the one meant. Nothing else of it is told.
#[derive(Debug, Serialize, ToSchema)]
pub struct LikelyOrganization {
    /// Which one: to be given as `organization` of the invitation, which is then an offer to it.
    pub organization: Uuid,
    /// The name in the register of companies.
    pub legal_name: String,
    /// The name it trades under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trading_name: Option<String>,
    /// Its country.
    pub country: String,
    /// Why it may be meant: `identifier`, `name`, `look_alike` (another name that looks the same in passing), `email_domain`; the strongest first.
    #[schema(example = json!(["identifier"]))]
    pub because: Vec<&'static str>,
}

/// Find likely duplicates
///
/// Before inviting: organizations that are registered already, by identifier, name or e-mail domain.
#[utoipa::path(
    post,
    path = "/v1/invitations/likely-duplicates",
    tag = "Invitations",
    request_body = FindDuplicates,
    responses((status = 200, description = "The likely duplicates, perhaps none", body = LikelyDuplicates), (status = 422, description = "A field is not valid", body = Problem))
)]
pub(super) async fn duplicates(
    State(services): State<Services>,
    at: ReadAt,
    Body(body): Body<FindDuplicates>,
) -> Result<Found<LikelyDuplicates>, Problem> {
    let mut checks = Checks::default();
    let company = checks.parse("/company", &body.company, CompanyName::parse);
    let email = checks.parse_optional("/email", body.email.as_deref(), Email::parse);
    let identifiers = parse_identifiers(&mut checks, "/identifiers", &body.identifiers);
    let company = checks.finish(company)?;
    let mut view = services.read(&services.views.directory, at).await?;
    let found = LikelyDuplicates::of(view.rows(), &company, &identifiers, email.as_ref()).await?;
    Ok(Found::at(&services, view.position(), found))
}

impl LikelyDuplicates {
    /// Of a company by what is known of it.
    pub(crate) async fn of(
        rows: &mut impl Database,
        company: &CompanyName,
        identifiers: &[RegisteredIdentifier],
        email: Option<&Email>,
    ) -> Result<Self, Problem> {
        let email = email.map(Email::as_str);
        let found = directory::likely_duplicates(rows, company.as_str(), identifiers, email).await.map_err(broken)?;
        Ok(Self { items: found.into_iter().map(LikelyOrganization::from).collect() })
    }
}

impl From<LikelyDuplicate> for LikelyOrganization {
    fn from(found: LikelyDuplicate) -> Self {
        let word = |likeness: &Likeness| match likeness {
            Likeness::Identifier => "identifier",
            Likeness::Name => "name",
            Likeness::LookAlike => "look_alike",
            Likeness::EmailDomain => "email_domain",
        };
        Self {
            organization: found.organization.id.0,
            legal_name: found.organization.legal_name,
            trading_name: found.organization.trading_name,
            country: found.organization.country,
            because: found.because.iter().map(word).collect(),
        }
    }
}
