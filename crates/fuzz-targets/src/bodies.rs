//! What clients send.

use std::collections::BTreeMap;

use http_api::problem::Problem;

/// Stands for a secret in the wrong place: where it is in the input, it is in no refusal.
const SECRET: &str = "Hunter-2-Secret";

/// A secret is not repeated.
fn is_discreet(problem: &Problem) {
    let told = serde_json::to_string(problem).expect("a problem can be written");
    assert!(!told.contains(SECRET), "a refusal repeats what was sent: {told}");
}

macro_rules! bodies {
    ($bytes:ident, $($body:ty),* $(,)?) => {
        $(if let Err(problem) = http_api::body::read::<$body>($bytes) {
            is_discreet(&problem);
        })*
    };
}

/// The JSON body of every command.
pub(crate) fn body(bytes: &[u8]) {
    bodies!(
        bytes,
        http_api::accesses::ask::AskForAccess,
        http_api::account::password::ChangePassword,
        http_api::applications::publish::PublishApplication,
        http_api::credentials::confirm::Code,
        http_api::credentials::passkey::MadePasskey,
        http_api::fields::Because,
        http_api::first_login::terms::AcceptTerms,
        http_api::invitations::create::InviteOrg,
        http_api::invitations::duplicates::FindDuplicates,
        http_api::organizations::amend::AmendProfile,
        http_api::registrations::human_check::HumanCheckAnswer,
        http_api::registrations::nominate::NominateAdministrator,
        http_api::registrations::save_profile::SaveProfile,
        http_api::registrations::start::StartRegistration,
        http_api::review::approve_batch::ApproveBatch,
        http_api::review::request_information::RequestInformation,
        http_api::sign_in::begin::SignIn,
        http_api::sign_in::passkey::ShownPasskey,
        http_api::sign_in::prove::Proof,
        http_api::users::create::CreateUser,
        http_api::users::roles::RevokeRole,
        http_api::users::self_registration::SelfRegister,
    );
}

/// A CSV file.
pub(crate) fn upload(bytes: &[u8]) {
    const MOST: usize = 20;
    match http_api::upload::read::<BTreeMap<String, String>>(bytes, MOST) {
        Ok(rows) => assert!((1..=MOST).contains(&rows.len()), "{} rows", rows.len()),
        Err(problem) => is_discreet(&problem),
    }
}
