//! `GET /v1/mails`: the fate of each mail.

use axum::extract::State;
use domain::StaffRole;
use jiff::Timestamp;
use notification_dispatch::{Cursor, Mail, MailState};
use projection_runtime::Position;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::caller::Caller;
use crate::extract::{Query, page_size};
use crate::found::{Found, Page};
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::broken;
use crate::services::Services;

/// Which mails.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MailsQuery {
    /// Those of this fate: `owed`, `sent`, `refused`, `given_up`.
    state: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 100; 50 unless told.
    limit: Option<u32>,
}

/// A mail and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailShown {
    /// Its id.
    pub id: Uuid,
    /// Which mail it is, such as `invitation`.
    pub template: String,
    /// The event that it is owed for.
    pub cause: Uuid,
    /// What that event happened to.
    pub about: Uuid,
    /// Who gets it.
    pub recipient: Uuid,
    /// The address that it goes to: for administrators only, and left out when it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// `owed`, `sent`, `refused`, `given_up`.
    pub state: String,
    /// When it came to be owed.
    #[schema(value_type = String, format = DateTime)]
    pub owed_at: Timestamp,
    /// When its fate was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub settled_at: Option<Timestamp>,
    /// How often it was tried, once its fate is known.
    pub attempts: u32,
    /// What the server answered, or why it will not be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

fn show(mail: Mail, with_address: bool) -> MailShown {
    MailShown {
        id: mail.id.0,
        template: mail.template.to_string(),
        cause: mail.cause.0,
        about: mail.subject,
        recipient: mail.recipient.0,
        to: Some(mail.to_address).filter(|to| with_address && !to.is_empty()),
        state: mail.state.as_str().to_owned(),
        owed_at: mail.owed_at,
        settled_at: mail.settled_at,
        attempts: mail.attempts,
        answer: mail.answer.or_else(|| mail.obstacle.map(|obstacle| obstacle.to_string())),
    }
}

/// List mails
///
/// The newest first. Auditors do not see addresses: whom a mail went to is in the history of its cause.
#[utoipa::path(
    get,
    path = "/v1/mails",
    tag = "Mails",
    operation_id = "list",
    params(MailsQuery),
    responses((status = 200, description = "A page of mails", body = Page<MailShown>))
)]
pub(super) async fn mails(
    State(services): State<Services>,
    caller: Caller,
    at: ReadAt,
    Query(query): Query<MailsQuery>,
) -> Result<Found<Page<MailShown>>, Problem> {
    let with_address = caller.is_staff(StaffRole::Administrator);
    let state = match query.state.as_deref() {
        None => None,
        Some(text) => {
            let wrong = || Problem::malformed("query:state", "the state is one of owed, sent, refused, given_up");
            Some(MailState::parse(text).ok_or_else(wrong)?)
        }
    };
    let before = query.after.as_deref().map(cursor).transpose()?;
    let size = page_size(query.limit)?;
    let mut view = services.read(&services.views.notification_dispatch, at).await?;
    let page = notification_dispatch::page(view.rows(), state, before, size).await.map_err(broken)?;
    let next = page.next.map(|next| format!("{}:{}", next.position, next.mail.map(|mail| mail.to_string()).unwrap_or_default()));
    let items = page.mails.into_iter().map(|mail| show(mail, with_address)).collect();
    Ok(Found::at(&services, view.position(), Page { items, next }))
}

fn cursor(text: &str) -> Result<Cursor, Problem> {
    let parsed = text
        .split_once(':')
        .and_then(|(position, mail)| Some(Cursor { position: Position(position.parse().ok()?), mail: Some(mail.parse().ok()?) }));
    parsed.ok_or_else(|| Problem::malformed("query:after", "this is not the `next` of a page before"))
}
