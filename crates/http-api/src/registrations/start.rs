//! `POST /v1/registrations`: begins a registration without an invitation (J6).

use axum::extract::State;
use domain::application::Way;
use domain::{ApplicationCode, ApplicationId, Email, PersonName, Registrant, Slug};
use key_ring::Link;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::progress::{Progress, look};
use crate::body::Body;
use crate::caller::links;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::limits::Metered;
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::broken;
use crate::services::Services;

/// What the page says before anybody begins.
const ADVICE: &str =
    "Check with the buyer first: that your organization is registered says nothing of whether they will do business with you.";

/// Who registers for what.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartRegistration {
    /// The registrant's name.
    #[schema(example = "Ada Moreau")]
    pub name: String,
    /// The registrant's e-mail address.
    #[schema(example = "ada.moreau@fastener.example")]
    pub email: String,
    /// For which public applications, by id or by code. May be left out with `link`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["BSCP"]))]
    pub applications: Vec<String>,
    /// The public link of an application that the registrant came by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "787")]
    pub link: Option<String>,
}

/// The registration that was begun.
#[derive(Debug, Serialize, ToSchema)]
pub struct StartedRegistration {
    /// Where it stands.
    #[serde(flatten)]
    pub progress: Progress,
    /// The token by which the registrant goes on, shown this once: whoever has it is the registrant. Absent if this request was
    /// answered before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The page to resume at; it bears the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume_at: Option<String>,
    /// What to do before going on.
    pub advice: &'static str,
}

/// Begin a registration without an invitation
///
/// For public applications only. The answer holds the token by which the registration is filled in and resumed.
#[utoipa::path(
    post,
    path = "/v1/registrations",
    tag = "Registrations",
    request_body = StartRegistration,
    responses(
        (status = 201, description = "It is begun", body = StartedRegistration),
        (status = 403, description = "An application is by invitation only", body = Problem),
        (status = 422, description = "A field is not valid", body = Problem),
    ),
    security(())
)]
pub(super) async fn start(
    State(services): State<Services>,
    incoming: Incoming,
    metered: Metered,
    at: ReadAt,
    Body(body): Body<StartRegistration>,
) -> Result<Accepted<StartedRegistration>, Problem> {
    let registrant = body.registrant()?;
    let (applications, way) = body.applications(&services, at).await?;
    let sent = incoming.sent(&services, "start-registration", &body);
    let mail = metered.mail(&services, registrant.email.as_str())?;
    let (id, answer) = services.workflows.start_public(registrant, &applications, &way, &sent).await?;
    if !answer.repeated {
        mail.keep();
    }
    let progress = look(id, &services, |case| Progress::of(id, case)).await?;
    // Told once: nobody in particular sent this, so whoever sends it again need not be the registrant.
    let token = (!answer.repeated).then(|| services.master.link_token(links::REGISTRATION, Link { id: id.0, generation: 0 }));
    let resume_at = token.as_ref().map(|token| format!("{}/registration/{token}", services.base_url));
    let started = StartedRegistration { progress, token, resume_at, advice: ADVICE };
    Ok(Accepted::new(&services, &answer, started).created(format!("/v1/registrations/{id}")))
}

impl StartRegistration {
    fn registrant(&self) -> Result<Registrant, Problem> {
        let mut checks = Checks::default();
        let name = checks.parse("/name", &self.name, PersonName::parse);
        let email = checks.parse("/email", &self.email, Email::parse);
        checks.finish(name.zip(email).map(|(name, email)| Registrant { name: Some(name), email }))
    }

    /// The applications that are meant, and the way by which the registrant came.
    async fn applications(&self, services: &Services, at: ReadAt) -> Result<(Vec<ApplicationId>, Way), Problem> {
        let mut applications = Vec::with_capacity(self.applications.len());
        for (index, text) in self.applications.iter().enumerate() {
            applications.push(named(text, index, services, at).await?);
        }
        let Some(link) = &self.link else { return Ok((applications, Way::PublicRegistration)) };
        let slug = Slug::parse(link).map_err(|invalid| Problem::invalid_field("/link", invalid.problem))?;
        if applications.is_empty() {
            let mut view = services.read(&services.views.directory, at).await?;
            let found = directory::application_by_slug(view.rows(), &slug).await.map_err(broken)?;
            let found = found.ok_or_else(|| Problem::invalid_field("/link", "no application can be registered for by this link"))?;
            applications.push(found.id);
        }
        Ok((applications, Way::PublicLink(slug)))
    }
}

/// The application that is named by its id or its code.
async fn named(text: &str, index: usize, services: &Services, at: ReadAt) -> Result<ApplicationId, Problem> {
    if let Ok(id) = text.parse::<Uuid>() {
        return Ok(ApplicationId(id));
    }
    let pointer = format!("/applications/{index}");
    let code = ApplicationCode::parse(text).map_err(|invalid| Problem::invalid_field(pointer.clone(), invalid.problem))?;
    let mut view = services.read(&services.views.directory, at).await?;
    let found = directory::application_by_code(view.rows(), &code).await.map_err(broken)?;
    found.map(|application| application.id).ok_or_else(|| Problem::invalid_field(pointer, "the catalogue has no application of this code"))
}
