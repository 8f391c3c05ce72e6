//! Who plays: the operator's staff, and the partner with its applications.

use std::sync::Arc;

use command_handlers::Sent;
use credential_vault::{Holder, TokenRequest};
use domain::organization::Organization;
use domain::staff::{Staff, StaffCommand};
use domain::{
    Actor, ApplicationId, CommandId, Contact, Email, OrganizationId, Owner, PersonName, Personal, StaffId, StaffRole, derive,
};
use event_codec::Fingerprint;
use event_store::EventStore;
use jiff::SignedDuration;
use uuid::Uuid;

use super::dice::{Company, Dice};
use super::stage::{self, Registrar};
use super::{PATIENCE, StoryPart};
use crate::admin::catalogue::{self, Entry, File};
use crate::failure::Failure;
use crate::service::Service;

/// The catalogue that comes with the sources; the operator may apply it too.
const CATALOGUE: &str = include_str!("../../../../deploy/catalogue/demo.toml");

/// The tokens that are shown at the end.
pub(super) struct Tokens {
    pub(super) reviewer: String,
    pub(super) review_lead: String,
    pub(super) auditor: String,
    pub(super) administrator: String,
    pub(super) partner: String,
}

/// Who plays.
pub(super) struct Cast {
    pub(super) reviewers: Vec<StaffId>,
    pub(super) partner: OrganizationId,
    pub(super) partner_name: String,
    /// The partner's applications that it invites to.
    pub(super) invited_to: Vec<ApplicationId>,
    /// The application that anybody may register for: the operator's own.
    pub(super) public: ApplicationId,
    pub(super) tokens: Tokens,
}
