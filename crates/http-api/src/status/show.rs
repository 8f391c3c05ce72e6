//! `GET /v1/status/{case_number}`: where a case stands.

use axum::extract::State;
use domain::CaseNumber;
use jiff::Timestamp;
use registration_status::PublicStatus;
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::Path;
use crate::found::Found;
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::broken;
use crate::services::Services;

/// Where a case stands, in what anybody who knows its number may know.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseStatus {
    /// The number that people quote.
    #[schema(example = "GH-7K3M-Q2XD-9VTA")]
    pub case_number: String,
    /// Where it stands: `filling`, `submitted`, `in_review`, `information_requested`, `approved`, `rejected`, `withdrawn`,
    /// `expired`, `closed`.
    #[schema(example = "submitted")]
    pub state: &'static str,
    /// Who acts next: `registrant`, `reviewer`, `nobody`.
    #[schema(example = "reviewer")]
    pub next_actor: &'static str,
    /// When it was submitted first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub submitted_at: Option<Timestamp>,
    /// By when it will be decided, while it is reviewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Timestamp>,
    /// Until when it can be submitted, while it is filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

/// See where a case stands
///
/// Without a login, for whoever knows the case number: where it stands and who acts next, nothing else.
#[utoipa::path(
    get,
    path = "/v1/status/{case_number}",
    tag = "Status",
    params(("case_number" = String, Path, description = "The case number, such as GH-7K3M-Q2XD-9VTA")),
    responses((status = 200, description = "Where it stands", body = CaseStatus), (status = 404, description = "There is no such case", body = Problem)),
    security(())
)]
pub(super) async fn show(
    State(services): State<Services>,
    at: ReadAt,
    Path(case_number): Path<String>,
) -> Result<Found<CaseStatus>, Problem> {
    // What cannot be a case number is the number of no case.
    let number = CaseNumber::parse(&case_number).map_err(|_| Problem::not_found("case"))?;
    let mut view = services.read(&services.views.registration_status, at).await?;
    let found = registration_status::public(view.rows(), &number).await.map_err(broken)?;
    let status = found.ok_or_else(|| Problem::not_found("case"))?;
    Ok(Found::at(&services, view.position(), CaseStatus::from(status)))
}

impl From<PublicStatus> for CaseStatus {
    fn from(status: PublicStatus) -> Self {
        Self {
            case_number: status.case_number,
            state: status.state.as_str(),
            next_actor: status.next_actor.as_str(),
            submitted_at: status.submitted_at,
            due_at: status.due_at,
            expires_at: status.expires_at,
        }
    }
}
