//! What the endpoints of reviewers share.

use command_handlers::Answer;
use command_handlers::CommandError;
use domain::RegistrationId;
use domain::registration::{Registration, RegistrationCommand, RegistrationEvent, RegistrationRejection};
use serde::Serialize;

use crate::command::{Accepted, Incoming};
use crate::problem::Problem;
use crate::registrations::progress::{Progress, taken};
use crate::services::Services;

/// Sends a reviewer's command to a case. `about` names the command; `body` is what it asks, with the version that it is about.
pub(super) async fn send(
    services: &Services,
    incoming: &Incoming,
    id: RegistrationId,
    about: &str,
    body: &impl Serialize,
    command: RegistrationCommand,
) -> Result<Accepted<Progress>, Problem> {
    let sent = incoming.sent(services, &format!("{about} {id}"), body);
    let answer: Answer<RegistrationEvent> = services.handlers.handle::<Registration>(id.0, command, &sent).await.map_err(refused)?;
    taken(id, &answer, services).await
}

/// A reviewer's command was refused. The version of the dossier comes in a header here.
fn refused(error: CommandError<RegistrationRejection>) -> Problem {
    versioned(error.into())
}

/// A version that there has never been does not match either (RFC 9110, 13.1.1).
pub(super) fn versioned(mut problem: Problem) -> Problem {
    if problem.kind.ends_with(":dossier-version-unknown") {
        let (errors, changed) = (std::mem::take(&mut problem.errors), std::mem::take(&mut problem.changed));
        let detail = problem.detail;
        problem = Problem::new(axum::http::StatusCode::PRECONDITION_FAILED, "dossier-version-unknown", detail);
        problem.changed = changed;
        problem.errors = errors;
    }
    for error in &mut problem.errors {
        if error.pointer == "/dossier_version" {
            "header:If-Match".clone_into(&mut error.pointer);
        }
    }
    problem
}
