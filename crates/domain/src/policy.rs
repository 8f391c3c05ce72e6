//! The operator's rules in force, which decisions look at.

use serde::{Deserialize, Serialize};

use crate::calendar::BusinessCalendar;
use crate::user::UserRoleKind;

/// The operator's rules in force. Durations say their unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The business calendar that due instants are computed on.
    pub calendar: BusinessCalendar,
    /// Business days from submission to decision.
    pub review_business_days: u32,
    /// Business hours before the due instant at which the review is due soon.
    pub due_soon_business_hours: u32,
    /// How long a reviewer's claim lasts, in minutes.
    pub claim_minutes: u32,
    /// How long an approval can be undone before it takes effect, in minutes; 0: at once.
    pub undo_window_minutes: u32,
    /// How long an invitation lives unless it says otherwise, in days.
    pub invitation_days: u32,
    /// How many days before its end the addressee is reminded of an unanswered invitation; 0: never.
    pub invitation_reminder_days: u32,
    /// How long a registration may lie unsubmitted, in days.
    pub registration_days: u32,
    /// How long a self-registration invitation lives, in days.
    pub self_registration_days: u32,
    /// How long a one-time password may lie unused, in days. That of somebody who has no account yet lives for `registration_days` more.
    pub one_time_password_days: u32,
    /// The roles of users that need a second factor, whatever their applications ask for. Staff always need one.
    pub second_factor_roles: Vec<UserRoleKind>,
    /// The version of the terms of use that is in force. Whoever accepted another one is asked at the next request.
    pub terms_version: String,
    /// After how many years the terms are to be accepted again.
    pub terms_years: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            calendar: BusinessCalendar::default(),
            review_business_days: 2,
            due_soon_business_hours: 4,
            claim_minutes: 60,
            undo_window_minutes: 0,
            invitation_days: 30,
            invitation_reminder_days: 7,
            registration_days: 60,
            self_registration_days: 14,
            one_time_password_days: 14,
            second_factor_roles: Vec::new(),
            terms_version: "2026-01".to_owned(),
            terms_years: 5,
        }
    }
}
