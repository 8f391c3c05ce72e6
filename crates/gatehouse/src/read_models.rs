//! The read models that the service keeps.

use std::sync::Arc;

use audit_history::AuditHistory;
use directory::Directory;
use entitlements::Entitlements;
use notification_dispatch::NotificationDispatch;
use projection_runtime::Projection;

/// Who and what there is.
pub(crate) const DIRECTORY: &str = "directory";
/// Mails owed and their fates.
pub(crate) const NOTIFICATION_DISPATCH: &str = "notification-dispatch";

/// All of them.
pub(crate) fn all() -> Vec<Arc<dyn Projection>> {
    vec![Arc::new(Directory), Arc::new(Entitlements), Arc::new(NotificationDispatch), Arc::new(AuditHistory)]
}
