//! What all journeys share: the service and who speaks to it, the mails, the people.

pub(crate) mod call;
pub(crate) mod cast;
pub(crate) mod downstream;
pub(crate) mod mails;
pub(crate) mod registrant;
pub(crate) mod review;
pub(crate) mod secrets;
pub(crate) mod user;
pub(crate) mod world;

use std::time::Duration;

/// How long something that follows by itself (a mail, what an approval brings about) may take on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(60);
