//! `GET` and `PUT /v1/first-login/profile`: the user's own profile, confirmed or corrected.

use axum::Json;
use axum::extract::State;
use domain::Personal;
use domain::user::{User, UserCommand};

use super::step::{Events, LoginProgress, account};
use crate::access::{By, InSession, SignedIn};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::credentials::shown_lately;
use crate::fields::ContactDetails;
use crate::problem::Problem;
use crate::services::Services;

/// The profile to confirm
///
/// As whoever created the account typed it.
#[utoipa::path(
    get,
    path = "/v1/first-login/profile",
    tag = "First-time login",
    operation_id = "show_profile",
    responses((status = 200, description = "The profile", body = ContactDetails))
)]
pub(super) async fn profile(
    State(services): State<Services>,
    By(SignedIn { person, .. }): By<SignedIn>,
) -> Result<Json<ContactDetails>, Problem> {
    let account = account(&services, person).await?;
    account.contact.get().map(|contact| Json(contact.into())).ok_or_else(|| Problem::not_found("profile"))
}

/// Confirm the profile
///
/// Sends it as it shall be, unchanged or corrected. Once it was confirmed, this is how a user corrects their own details, having signed in or
/// shown a second factor not long ago.
#[utoipa::path(
    put,
    path = "/v1/first-login/profile",
    tag = "First-time login",
    request_body = ContactDetails,
    responses(
        (status = 200, description = "The profile is confirmed", body = LoginProgress),
        (status = 403, description = "Signed in too long ago for this", body = Problem),
        (status = 409, description = "Another step comes first", body = Problem),
        (status = 422, description = "A field is not valid", body = Problem),
    )
)]
pub(super) async fn confirm_profile(
    State(services): State<Services>,
    By(InSession(session)): By<InSession>,
    incoming: Incoming,
    Body(body): Body<ContactDetails>,
) -> Result<Accepted<LoginProgress>, Problem> {
    let person = session.person;
    // Mails about the account go to the address that stands here: from the first time on, also while another step is left to do.
    if account(&services, person).await?.is_profile_confirmed {
        shown_lately(&session, &services)?;
    }
    let sent = incoming.sent(&services, "confirm profile", &body);
    let mut checks = Checks::default();
    let contact = body.parse(&mut checks, "");
    let command = UserCommand::ConfirmProfile { contact: Personal::new(person, checks.finish(contact)?) };
    let answer: Events = services.handlers.handle::<User>(person.0, command, &sent).await?;
    let progress = LoginProgress::now(&services, &session).await?;
    Ok(Accepted::new(&services, &answer, progress))
}
