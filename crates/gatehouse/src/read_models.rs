//! The read models that the service keeps.

use std::sync::Arc;

use audit_history::AuditHistory;
use deadlines::Deadlines;
use directory::Directory;
use domain::Policy;
use entitlements::Entitlements;
use jiff::SignedDuration;
use notification_dispatch::NotificationDispatch;
use projection_runtime::Projection;
use public_feed::PublicFeed;
use registration_status::RegistrationStatus;
use review_queue::ReviewQueue;

/// Who and what there is.
pub(crate) const DIRECTORY: &str = "directory";
/// Mails owed and their fates.
pub(crate) const NOTIFICATION_DISPATCH: &str = "notification-dispatch";

/// Subscriptions, access, relationships.
pub(crate) const ENTITLEMENTS: &str = "entitlements";
/// Where a case stands.
pub(crate) const REGISTRATION_STATUS: &str = "registration-status";
/// What reviewers work from.
pub(crate) const REVIEW_QUEUE: &str = "review-queue";
/// Who did what.
pub(crate) const AUDIT_HISTORY: &str = "audit-history";
/// What only time brings about.
pub(crate) const DEADLINES: &str = "deadlines";
/// What other services are told.
pub(crate) const PUBLIC_FEED: &str = "public-feed";

/// All of them. What some of them hold follows from the rules in force: after a change of those, they are to be rebuilt.
pub(crate) fn all(policy: &Policy) -> Vec<Arc<dyn Projection>> {
    let invitation_reminder = SignedDuration::from_hours(i64::from(policy.invitation_reminder_days) * 24);
    vec![
        Arc::new(ReviewQueue),
        Arc::new(RegistrationStatus),
        Arc::new(Directory),
        Arc::new(Entitlements),
        Arc::new(NotificationDispatch),
        Arc::new(AuditHistory),
        Arc::new(Deadlines { invitation_reminder }),
        Arc::new(PublicFeed),
    ]
}
