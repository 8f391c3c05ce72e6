//! `POST /v1/users/uploads`: creates many users from a CSV file.

use std::collections::HashSet;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use command_handlers::Sent;
use domain::user::UserRole;
use domain::{CompanyName, Contact, OrganizationId, PersonId};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{By, OrganizationAdministrator};
use crate::caller::Caller;
use crate::checks::Checks;
use crate::command::Incoming;
use crate::credentials::shown_lately_by;
use crate::extract::Query;
use crate::fields::ContactDetails;
use crate::limits::{Charge, Metered};
use crate::position::POSITION;
use crate::problem::{FieldError, Problem};
use crate::services::Services;
use crate::upload::{self, UploadQuery};

/// The most rows of one upload: each one-time password is hashed slowly on purpose, and a request has half a minute.
const MOST_ROWS: usize = 250;
/// A row as it is sent. The columns may come in any order; those that may be empty may be left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    given_name: String,
    family_name: String,
    email: String,
    #[serde(default)]
    phone: Option<String>,
    #[serde(default)]
    job_title: Option<String>,
    /// Empty, or `organization_administrator`.
    #[serde(default)]
    role: Option<String>,
    one_time_password: String,
}

/// A valid row.
struct Parsed {
    contact: Contact,
    roles: Vec<UserRole>,
    one_time_password: String,
}

/// What came of an upload.
#[derive(Debug, Serialize, ToSchema)]
pub struct Uploaded {
    /// Whether nothing was done but to look.
    pub dry_run: bool,
    /// What came of each row, in their order.
    pub rows: Vec<RowOutcome>,
}

/// What came of a row.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowOutcome {
    /// Which row below the header, from 1.
    pub row: usize,
    /// `created`; `valid` or `invalid` of a dry run; `failed`: send the same upload with the same `Idempotency-Key` again.
    pub outcome: &'static str,
    /// The user's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// The User ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// What is wrong with it, by column.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// Upload users
///
/// A CSV file (UTF-8, with a header) with the columns `given_name`, `family_name`, `email`, `one_time_password`, and perhaps
/// `phone`, `job_title`, `role` (empty or `organization_administrator`). All rows are checked first: if one is not valid, no
/// user is created. The same upload with the same `Idempotency-Key`, which is required, repeats nothing.
#[utoipa::path(
    post,
    path = "/v1/users/uploads",
    tag = "Users",
    params(UploadQuery),
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, description = "What came of each row", body = Uploaded),
        (status = 403, description = "An administrator is among them, and it is too long ago that a factor was shown", body = Problem),
        (status = 422, description = "A row is not valid: none was created", body = Problem),
    )
)]
pub(super) async fn upload(
    State(services): State<Services>,
    (By(OrganizationAdministrator { person: administrator, organization }), caller): (By<OrganizationAdministrator>, Caller),
    incoming: Incoming,
    metered: Metered,
    Query(query): Query<UploadQuery>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let rows = upload::rows(&headers, body, MOST_ROWS)?;
    let company = services.workflows.company_of(organization).await?;
    let (parsed, outcomes) = check(rows, &company);
    if query.dry_run {
        return Ok(Json(Uploaded { dry_run: true, rows: outcomes }).into_response());
    }
    let wrong: Vec<FieldError> = outcomes.into_iter().flat_map(|outcome| outcome.errors).collect();
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    if parsed.iter().any(|row| row.roles.contains(&UserRole::OrganizationAdministrator)) {
        shown_lately_by(&caller, &services)?;
    }
    upload::with_key(&headers)?;
    let asked: Vec<_> = parsed.iter().map(|row| (ContactDetails::from(&row.contact), row.roles.clone())).collect();
    let sent = incoming.sent(&services, "upload users", &asked);
    // All of them or none: what was counted is given back if one is too many.
    let mails = parsed.iter().map(|row| metered.mail(&services, row.contact.email.as_str())).collect::<Result<Vec<_>, _>>()?;
    let rows = create(&services, organization, administrator, parsed, &sent).await?;
    mails.into_iter().for_each(Charge::keep);
    let position = services.position_text(*services.handlers.store().head().borrow());
    Ok(([(POSITION, position)], Json(Uploaded { dry_run: false, rows })).into_response())
}

/// What would come of each row, of users of this company; the valid ones, all of them if none is wrong.
fn check(rows: Vec<Row>, company: &CompanyName) -> (Vec<Parsed>, Vec<RowOutcome>) {
    let mut parsed = Vec::with_capacity(rows.len());
    let mut outcomes = Vec::with_capacity(rows.len());
    let mut addresses = HashSet::new();
    for (index, row) in rows.into_iter().enumerate() {
        let number = index + 1;
        let (outcome, errors) = match row.parse(number, company, &mut addresses) {
            Ok(row) => {
                parsed.push(row);
                ("valid", Vec::new())
            }
            Err(problem) => ("invalid", problem.errors),
        };
        outcomes.push(RowOutcome { row: number, outcome, id: None, user_id: None, errors });
    }
    (parsed, outcomes)
}

impl Row {
    fn parse(self, number: usize, company: &CompanyName, addresses: &mut HashSet<String>) -> Result<Parsed, Problem> {
        let mut checks = Checks::default();
        let pointer = format!("/rows/{number}");
        let details = ContactDetails {
            given_name: self.given_name,
            family_name: self.family_name,
            email: self.email,
            phone: self.phone,
            job_title: self.job_title,
        };
        let contact = details.parse(&mut checks, &pointer);
        let roles = match self.role.as_deref() {
            None | Some("") => Vec::new(),
            Some("organization_administrator") => vec![UserRole::OrganizationAdministrator],
            Some(_) => {
                checks.wrong(format!("{pointer}/role"), "the role is empty or organization_administrator");
                Vec::new()
            }
        };
        if let Some(contact) = &contact {
            if !addresses.insert(contact.email.as_str().to_lowercase()) {
                checks.wrong(format!("{pointer}/email"), "this address stands in a row above already");
            }
            let context = [contact.given_name.as_str(), contact.family_name.as_str(), contact.email.as_str(), company.as_str()];
            if let Err(weak) = credential_vault::strength::check_one_time_password(&self.one_time_password, &context) {
                checks.wrong(format!("{pointer}/one_time_password"), weak.to_string());
            }
        }
        let one_time_password = self.one_time_password;
        checks.finish(contact.map(|contact| Parsed { contact, roles, one_time_password }))
    }
}

/// Creates the users, each under a command of its own, so that what a crash leaves undone is done when the upload comes again.
async fn create(
    services: &Services,
    organization: OrganizationId,
    administrator: PersonId,
    rows: Vec<Parsed>,
    sent: &Sent,
) -> Result<Vec<RowOutcome>, Problem> {
    stream::iter(rows.into_iter().enumerate().map(|(index, row)| {
        let number = index + 1;
        let sent = sent.part(&format!("row {number}"));
        async move {
            let Parsed { contact, roles, one_time_password } = row;
            let created = services.workflows.create_user_of(organization, administrator, contact, roles, &one_time_password, &sent).await;
            match created {
                Ok((person, user_id, _)) => Ok(RowOutcome {
                    row: number,
                    outcome: "created",
                    id: Some(person.0),
                    user_id: Some(user_id.to_string()),
                    errors: Vec::new(),
                }),
                Err(command_handlers::CommandError::IdReused) => {
                    Err(Problem::from(command_handlers::CommandError::<command_handlers::workflows::AnyRejection>::IdReused))
                }
                Err(error) => {
                    let detail = Problem::from(error).detail;
                    let errors = vec![FieldError { pointer: format!("/rows/{number}"), detail }];
                    Ok(RowOutcome { row: number, outcome: "failed", id: None, user_id: None, errors })
                }
            }
        }
    }))
    .buffered(upload::AT_ONCE)
    .try_collect()
    .await
}
