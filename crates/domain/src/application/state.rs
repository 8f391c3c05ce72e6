//! What the events of an application fold to.

use super::ApplicationDetails;
use crate::{ApplicationCode, Owner};

/// Where an application of the catalogue stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ApplicationState {
    /// There is none.
    #[default]
    NotPublished,
    /// It is in the catalogue.
    Published(Published),
    /// It takes no new subscriptions or access.
    Retired(Published),
}

/// What the catalogue says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its code, for good.
    pub code: ApplicationCode,
    /// Whose it is, for good.
    pub owner: Owner,
    /// The rest.
    pub details: ApplicationDetails,
}

impl ApplicationState {
    /// What the catalogue says or said of it; none before it was published.
    #[must_use]
    pub fn published(&self) -> Option<&Published> {
        match self {
            Self::NotPublished => None,
            Self::Published(published) | Self::Retired(published) => Some(published),
        }
    }

    /// What the catalogue says of it, if it takes new subscriptions and access.
    #[must_use]
    pub fn in_catalogue(&self) -> Option<&Published> {
        match self {
            Self::Published(published) => Some(published),
            Self::NotPublished | Self::Retired(_) => None,
        }
    }
}
