//! `POST /v1/registrations/{id}/request-information`: asks the registrant something.

use axum::extract::State;
use domain::registration::{Question, RegistrationCommand};
use domain::{Message, RegistrationId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::by_reviewer::send;
use crate::access::{AsReviewer, By};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::extract::{IfMatch, Path};
use crate::problem::Problem;
use crate::registrations::progress::Progress;
use crate::services::Services;

/// What the reviewer wants to know.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestInformation {
    /// Field by field. At least one, at most 30.
    pub questions: Vec<QuestionToAsk>,
}

/// What is wanted of one field.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuestionToAsk {
    /// Which field of the dossier, as a JSON pointer.
    #[schema(example = "/profile/identifiers")]
    pub field: String,
    /// What is wanted.
    #[schema(example = "Please add your D-U-N-S number.")]
    pub question: String,
}

/// Ask the registrant for information
///
/// The business clock stops until they answer.
#[utoipa::path(
    post,
    path = "/v1/registrations/{id}/request-information",
    tag = "Review",
    params(("id" = Uuid, Path, description = "The registration"), ("If-Match" = String, Header, description = "The version that was looked at")),
    request_body = RequestInformation,
    responses(
        (status = 200, description = "The registrant is asked", body = Progress),
        (status = 409, description = "You have not claimed it", body = Problem),
        (status = 412, description = "The dossier changed since", body = Problem),
        (status = 422, description = "A question is not valid", body = Problem),
        (status = 428, description = "No version was named", body = Problem),
    )
)]
pub(super) async fn request_information(
    State(services): State<Services>,
    By(AsReviewer(reviewer)): By<AsReviewer>,
    incoming: Incoming,
    Path(id): Path<RegistrationId>,
    version: IfMatch,
    Body(body): Body<RequestInformation>,
) -> Result<Accepted<Progress>, Problem> {
    let dossier_version = version.required()?;
    let questions = body.parse()?;
    let command = RegistrationCommand::RequestInformation { reviewer, dossier_version, questions };
    send(&services, &incoming, id, "request-information", &(dossier_version, &body), command).await
}

impl RequestInformation {
    fn parse(&self) -> Result<Vec<Question>, Problem> {
        let mut checks = Checks::default();
        let mut questions = Vec::with_capacity(self.questions.len());
        for (index, asked) in self.questions.iter().enumerate() {
            let question = checks.parse(format!("/questions/{index}/question"), &asked.question, Message::parse);
            questions.extend(question.map(|question| Question { field: asked.field.clone(), question }));
        }
        checks.finish(Some(questions))
    }
}
