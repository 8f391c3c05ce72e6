//! The ways through (domain, J1 to J10), each end to end: over HTTP against the real binary, with the mails it delivers and the commands
//! that an operator types.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "only tests are here: what cannot go on fails the journey, loudly, and the clock is the real one"
)]

mod canary;
mod forgetting;
mod j10_downstream;
mod j1_invitation_links;
mod j1_invited_no_account;
mod j1_many_invitations;
mod j2_first_time_login;
mod j3_back_to_credentialing;
mod j3_staff_by_identity_provider;
mod j4_account_not_subscribed;
mod j5_subscribed_user_has_no_access;
mod j6_public_registration;
mod j7_users_of_an_organization;
mod j8_decisions;
mod j8_review;
mod j9_audit;
mod support;
