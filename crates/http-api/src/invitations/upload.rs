//! `POST /v1/invitations/uploads`: invites many companies from a CSV file.

use std::collections::{BTreeMap, HashSet};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use command_handlers::workflows::Invite;
use command_handlers::{CommandError, Sent};
use domain::names::comparable_name;
use domain::{
    Addressee, ApplicationCode, ApplicationId, CompanyName, Email, IdentifierScheme, IdentifierValue, InvitationId, Message,
    OrganizationId, Owner, PersonName, RegisteredIdentifier,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use projection_runtime::ReadView;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::duplicates::{LikelyDuplicates, LikelyOrganization};
use crate::access::{By, Owns};
use crate::checks::Checks;
use crate::command::Incoming;
use crate::extract::Query;
use crate::limits::{Charge, Metered};
use crate::position::{POSITION, ReadAt};
use crate::problem::{FieldError, Problem};
use crate::reads::broken;
use crate::services::Services;
use crate::upload::{self, UploadQuery};

/// The most rows of one upload.
const MOST_ROWS: usize = 500;
/// What stands in the column `organization` when none of the likely duplicates is meant.
const NEW: &str = "new";

/// A row as it is sent. The columns may come in any order; those that may be empty may be left out.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    company: String,
    email: String,
    /// Codes, with spaces between.
    applications: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    duns: String,
    #[serde(default)]
    cage: String,
    #[serde(default)]
    lei: String,
    #[serde(default)]
    vat: String,
    /// Empty, the id of a registered organization, or `new`.
    #[serde(default)]
    organization: String,
}

/// A valid row.
struct Parsed {
    number: usize,
    invite: Invite,
    /// Whether the inviter has said that it is none of the registered ones.
    is_new: bool,
}

/// What came of an upload.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationsUploaded {
    /// Whether nothing was done but to look.
    pub dry_run: bool,
    /// What came of each row, in their order.
    pub rows: Vec<InvitationOutcome>,
}

/// What came of a row.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationOutcome {
    /// Which row below the header, from 1.
    pub row: usize,
    /// `invited`; `valid`, `likely_duplicate` or `invalid` of a dry run; `failed`: send the same upload with the same `Idempotency-Key` again.
    pub outcome: &'static str,
    /// The invitation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub id: Option<InvitationId>,
    /// Registered organizations that may be the one meant, the likeliest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub likely_duplicates: Vec<LikelyOrganization>,
    /// What is wrong with it, by column.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl InvitationOutcome {
    fn new(row: usize, outcome: &'static str) -> Self {
        Self { row, outcome, id: None, likely_duplicates: Vec::new(), errors: Vec::new() }
    }
}

/// Upload invitations
///
/// A CSV file (UTF-8, with a header) with the columns `company`, `email`, `applications` (codes, with spaces between), and perhaps `name`,
/// `message`, `duns`, `cage`, `lei`, `vat`, `organization`. A company that may be registered already is not invited before it is said in
/// `organization` who is meant: the id of one of the likely duplicates, which makes the invitation an offer to it, or `new`. All rows are
/// checked first: if one is not valid, nobody is invited. The same upload with the same `Idempotency-Key`, which is required, repeats nothing.
#[utoipa::path(
    post,
    path = "/v1/invitations/uploads",
    tag = "Invitations",
    params(UploadQuery),
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, description = "What came of each row", body = InvitationsUploaded),
        (status = 422, description = "A row is not valid: nobody was invited", body = Problem),
    )
)]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(super) async fn upload(
    State(services): State<Services>,
    By(Owns(inviter)): By<Owns>,
    incoming: Incoming,
    metered: Metered,
    at: ReadAt,
    Query(query): Query<UploadQuery>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let rows: Vec<Row> = upload::rows(&headers, body, MOST_ROWS)?;
    let sent = incoming.sent(&services, "upload invitations", &rows);
    let mut view = services.read(&services.views.directory, at).await?;
    let mut outcomes = Vec::with_capacity(rows.len());
    let (mut parsed, mut codes, mut companies) = (Vec::with_capacity(rows.len()), BTreeMap::new(), HashSet::new());
    for (index, row) in rows.into_iter().enumerate() {
        let number = index + 1;
        let applications = applications_of(&mut view, inviter, &row.applications, &mut codes).await?;
        match row.parse(number, inviter, applications, &mut companies) {
            Err(problem) => outcomes.push(InvitationOutcome { errors: problem.errors, ..InvitationOutcome::new(number, "invalid") }),
            Ok(row) => {
                outcomes.push(look(&services, &mut view, &row, &part(&sent, number)).await?);
                parsed.push(row);
            }
        }
    }
    drop(view);
    if query.dry_run {
        return Ok(Json(InvitationsUploaded { dry_run: true, rows: outcomes }).into_response());
    }
    let wrong: Vec<FieldError> = outcomes.into_iter().flat_map(|outcome| outcome.errors).collect();
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    upload::with_key(&headers)?;
    // All of them or none: what was counted is given back if one is too many.
    let mails = parsed.iter().map(|row| metered.mail(&services, row.invite.addressee.email.as_str())).collect::<Result<Vec<_>, _>>()?;
    let rows = invite(&services, parsed, &sent).await?;
    mails.into_iter().for_each(Charge::keep);
    let position = services.position_text(*services.handlers.store().head().borrow());
    Ok(([(POSITION, position)], Json(InvitationsUploaded { dry_run: false, rows })).into_response())
}

/// Each row is a command of its own.
fn part(sent: &Sent, number: usize) -> Sent {
    sent.part(&format!("row {number}"))
}

/// The inviter's applications by the codes in a cell; none for a code that is no application of theirs, which is looked up once.
async fn applications_of(
    view: &mut ReadView,
    inviter: Owner,
    cell: &str,
    known: &mut BTreeMap<String, Option<ApplicationId>>,
) -> Result<Vec<(String, Option<ApplicationId>)>, Problem> {
    let mut found = Vec::new();
    for code in cell.split_whitespace() {
        if !known.contains_key(code) {
            let application = match ApplicationCode::parse(code) {
                Ok(code) => directory::application_by_code(view.rows(), &code).await.map_err(broken)?,
                Err(_) => None,
            };
            let application = application.filter(|application| application.owner.0 == inviter && application.retired_at.is_none());
            known.insert(code.to_owned(), application.map(|application| application.id));
        }
        found.push((code.to_owned(), known.get(code).copied().flatten()));
    }
    Ok(found)
}

impl Row {
    fn parse(
        self,
        number: usize,
        inviter: Owner,
        applications: Vec<(String, Option<ApplicationId>)>,
        companies: &mut HashSet<String>,
    ) -> Result<Parsed, Problem> {
        let mut checks = Checks::default();
        let at = |column: &str| format!("/rows/{number}/{column}");
        let company = checks.parse(at("company"), &self.company, CompanyName::parse);
        let email = checks.parse(at("email"), &self.email, Email::parse);
        let name = checks.parse_optional(at("name"), Some(&self.name), PersonName::parse);
        let message = checks.parse_optional(at("message"), Some(&self.message), Message::parse);
        let mut identifiers = Vec::new();
        for (column, scheme, value) in
            [("duns", "DUNS", &self.duns), ("cage", "CAGE", &self.cage), ("lei", "LEI", &self.lei), ("vat", "VAT", &self.vat)]
        {
            let value = checks.parse_optional(at(column), Some(value), IdentifierValue::parse);
            let scheme = IdentifierScheme::parse(scheme).ok();
            identifiers.extend(scheme.zip(value).map(|(scheme, value)| RegisteredIdentifier { scheme, value }));
        }
        if applications.is_empty() {
            checks.wrong(at("applications"), "name at least one application by its code");
        }
        for (code, _) in applications.iter().filter(|(_, application)| application.is_none()) {
            checks.wrong(at("applications"), format!("{code} is no application that you can invite to"));
        }
        let organization = match self.organization.trim() {
            "" | NEW => None,
            id => id
                .parse()
                .map(OrganizationId)
                .map_err(|_| checks.wrong(at("organization"), "this is an organization's id, new, or empty"))
                .ok(),
        };
        if let Some(company) = &company
            && !companies.insert(comparable_name(company.as_str()))
        {
            checks.wrong(at("company"), "this company stands in a row above already");
        }
        let invite = company.zip(email).map(|(company, email)| Invite {
            inviter,
            company,
            identifiers,
            addressee: Addressee { name, email, message },
            applications: applications.into_iter().filter_map(|(_, application)| application).collect(),
            organization,
            expires_in_days: None,
        });
        let is_new = self.organization.trim() == NEW;
        checks.finish(invite.map(|invite| Parsed { number, invite, is_new }))
    }
}

/// What would come of a valid row.
async fn look(services: &Services, view: &mut ReadView, row: &Parsed, sent: &Sent) -> Result<InvitationOutcome, Problem> {
    let (number, invite) = (row.number, &row.invite);
    let invitation = services.workflows.invitation_of(sent);
    // Invited when the upload was sent before: that it would be refused now does not matter.
    if services.handlers.inspect::<domain::invitation::Invitation, _>(invitation.0, |_, _| ()).await?.is_some() {
        return Ok(InvitationOutcome { id: Some(invitation), ..InvitationOutcome::new(number, "valid") });
    }
    let wrong = |column: &str, detail: String| vec![FieldError { pointer: format!("/rows/{number}/{column}"), detail }];
    if services.workflows.open_invitation_to(invite.inviter, &invite.company).await?.is_some() {
        let errors = wrong("company", "this company has an open invitation of yours already".to_owned());
        return Ok(InvitationOutcome { errors, ..InvitationOutcome::new(number, "invalid") });
    }
    if let Some(organization) = invite.organization {
        let stands = |state: &domain::organization::OrganizationState| state.is_in_good_standing();
        let stands = services.handlers.inspect::<domain::organization::Organization, _>(organization.0, |state, _| stands(state)).await?;
        if stands != Some(true) {
            let errors = wrong("organization", "there is no such organization in good standing".to_owned());
            return Ok(InvitationOutcome { errors, ..InvitationOutcome::new(number, "invalid") });
        }
    }
    // Whose identifier is registered is meant without a question.
    let is_settled =
        row.is_new || invite.organization.is_some() || services.workflows.organization_with(&invite.identifiers).await?.is_some();
    if is_settled {
        return Ok(InvitationOutcome::new(number, "valid"));
    }
    let likely = LikelyDuplicates::of(view.rows(), &invite.company, &invite.identifiers, Some(&invite.addressee.email)).await?.items;
    let Some(first) = likely.first() else { return Ok(InvitationOutcome::new(number, "valid")) };
    let detail =
        format!("{} may be registered already, as {}: give its id here, or {NEW} if it is another", invite.company, first.legal_name);
    let errors = wrong("organization", detail);
    Ok(InvitationOutcome { likely_duplicates: likely, errors, ..InvitationOutcome::new(number, "likely_duplicate") })
}

/// Invites them, each under a command of its own, so that what a crash leaves undone is done when the upload comes again.
async fn invite(services: &Services, rows: Vec<Parsed>, sent: &Sent) -> Result<Vec<InvitationOutcome>, Problem> {
    stream::iter(rows.into_iter().map(|Parsed { number, invite, .. }| {
        let sent = part(sent, number);
        async move {
            match services.workflows.invite_org(invite, &sent).await {
                Ok((id, _)) => Ok(InvitationOutcome { id: Some(id), ..InvitationOutcome::new(number, "invited") }),
                Err(error @ CommandError::IdReused) => Err(Problem::from(error)),
                Err(error) => {
                    let errors = vec![FieldError { pointer: format!("/rows/{number}"), detail: Problem::from(error).detail }];
                    Ok(InvitationOutcome { errors, ..InvitationOutcome::new(number, "failed") })
                }
            }
        }
    }))
    .buffered(upload::AT_ONCE)
    .try_collect()
    .await
}
