//! `GET /v1/review/queue`: what reviewers work from.

use axum::extract::State;
use domain::{ApplicationId, Country, StaffId};
use jiff::Timestamp;
use review_queue::{Cursor, Filter, QueueState, QueuedCase};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::extract::{Query, page_size};
use crate::found::Found;
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::broken;
use crate::services::Services;

/// Which part of the queue.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Ask {
    /// Only those in this state: `submitted`, `in_review`, `information_requested`, `awaiting_second_approval`.
    state: Option<String>,
    /// Only those that this reviewer works on.
    claimed_by: Option<Uuid>,
    /// Only those that ask for this application.
    application: Option<Uuid>,
    /// Only those of companies in this country (ISO 3166-1 alpha-2).
    country: Option<String>,
    /// Only those due before this instant; with now, those that are overdue.
    #[param(value_type = Option<String>, format = DateTime)]
    due_before: Option<Timestamp>,
    /// Only those with these words: each is the beginning of a word of the company's name or the case number, whatever its case,
    /// accents and punctuation, such as `mull soh` for "Müller & Söhne". A word of one letter finds only itself.
    text: Option<String>,
    /// Where to go on: `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 100; 50 unless said.
    limit: Option<u32>,
}

/// A page of the queue, and how much there is.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueuePage {
    /// The cases, those due first before the others; those whose clock stands last.
    pub items: Vec<QueueItem>,
    /// Where the next page begins: to be given back as `after`. Absent: this is the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How many cases are in the queue as a whole.
    pub counts: QueueCounts,
}

/// How many cases are in the queue.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueCounts {
    /// Waiting for a reviewer.
    pub submitted: u64,
    /// A reviewer works on them.
    pub in_review: u64,
    /// Waiting for the registrant.
    pub information_requested: u64,
    /// Waiting for a second reviewer.
    pub awaiting_second_approval: u64,
    /// Of all of these, those that should have been decided.
    pub overdue: u64,
}

/// A case in the queue.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueItem {
    /// Which registration.
    pub registration: Uuid,
    /// The number that people quote.
    pub case_number: String,
    /// Where it stands: `submitted`, `in_review`, `information_requested`, `awaiting_second_approval`.
    #[schema(example = "submitted")]
    pub state: &'static str,
    /// The company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Its country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The applications that are asked for.
    pub applications: Vec<Uuid>,
    /// When it was submitted first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub submitted_at: Option<Timestamp>,
    /// By when it is to be decided; absent while the clock stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Timestamp>,
    /// Whether it should have been decided by now.
    pub is_overdue: bool,
    /// Who works on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_by: Option<Uuid>,
    /// Until when, unless claimed again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub claimed_until: Option<Timestamp>,
    /// The version of the dossier that was submitted last.
    pub dossier_version: u32,
    /// Whether something speaks for care.
    pub has_risk: bool,
    /// Whether two people must approve.
    pub needs_two_people: bool,
    /// Who approved first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_approver: Option<Uuid>,
}

/// Look at the review queue
///
/// Those due first come first. Pages are cut by key: what is decided meanwhile moves nothing.
#[utoipa::path(
    get,
    path = "/v1/review/queue",
    tag = "Review",
    params(Ask),
    responses((status = 200, description = "A page of it", body = QueuePage), (status = 400, description = "The query cannot be read", body = Problem))
)]
pub(super) async fn queue(State(services): State<Services>, at: ReadAt, Query(ask): Query<Ask>) -> Result<Found<QueuePage>, Problem> {
    let limit = page_size(ask.limit)?;
    let (filter, after) = ask.parse()?;
    let now = (services.handlers.clock())();
    let mut view = services.read(&services.views.review_queue, at).await?;
    let page = review_queue::page(view.rows(), &filter, after, limit).await.map_err(broken)?;
    let counts = review_queue::counts(view.rows(), now).await.map_err(broken)?;
    let page = QueuePage {
        items: page.cases.into_iter().map(|case| QueueItem::of(case, now)).collect(),
        next: page.next.map(|next| next.to_string()),
        counts: QueueCounts {
            submitted: counts.submitted,
            in_review: counts.in_review,
            information_requested: counts.information_requested,
            awaiting_second_approval: counts.awaiting_second_approval,
            overdue: counts.overdue,
        },
    };
    Ok(Found::at(&services, view.position(), page))
}

impl Ask {
    fn parse(self) -> Result<(Filter, Option<Cursor>), Problem> {
        let wrong = |name: &str, detail: &str| Problem::malformed(format!("query:{name}"), detail);
        let states = [QueueState::Submitted, QueueState::InReview, QueueState::InformationRequested, QueueState::AwaitingSecondApproval];
        let state = match self.state {
            None => None,
            Some(text) => Some(states.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
                wrong("state", "the state is one of submitted, in_review, information_requested, awaiting_second_approval")
            })?),
        };
        let country = self.country.as_deref().map(Country::parse).transpose().map_err(|invalid| wrong("country", &invalid.problem))?;
        let after = match self.after {
            None => None,
            Some(text) => Some(text.parse().map_err(|error: review_queue::InvalidCursor| wrong("after", &error.to_string()))?),
        };
        let filter = Filter {
            state,
            claimed_by: self.claimed_by.map(StaffId),
            application: self.application.map(ApplicationId),
            country,
            due_before: self.due_before,
            text: self.text,
        };
        Ok((filter, after))
    }
}

impl QueueItem {
    fn of(case: QueuedCase, now: Timestamp) -> Self {
        let is_overdue = case.is_overdue(now);
        Self {
            registration: case.registration.0,
            case_number: case.case_number,
            state: case.state.as_str(),
            company: case.company,
            country: case.country,
            applications: case.applications.0.into_iter().map(|application| application.0).collect(),
            submitted_at: case.submitted_at,
            due_at: case.due_at,
            is_overdue,
            claimed_by: case.claimed_by.map(|staff| staff.0),
            claimed_until: case.claimed_until,
            dossier_version: case.dossier_version,
            has_risk: case.has_risk,
            needs_two_people: case.needs_two_people,
            first_approver: case.first_approver.map(|staff| staff.0),
        }
    }
}
