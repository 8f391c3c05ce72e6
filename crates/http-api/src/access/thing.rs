//! What an address names, given to a handler if it is within the caller's reach.

use std::future::Future;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use uuid::Uuid;

use super::{Belongs, Granted, Reach};
use crate::problem::Problem;
use crate::services::Services;

/// Something that addresses name.
pub(crate) trait Thing: Sized + Send + Sync {
    /// What it is called, as in "there is no such …".
    const NAME: &'static str;

    /// Looks it up in the log, not in a read model, since what was taken from somebody must not linger. None: there is none. Some addresses
    /// name a thing by what it has to do with the caller.
    fn find(address: &Address, granted: &Granted, services: &Services) -> impl Future<Output = Result<Option<Self>, Problem>> + Send;

    /// To whom and what it belongs.
    fn belongs(&self) -> Belongs;

    /// Whether it is within this reach.
    fn is_within(&self, reach: &Reach, services: &Services) -> impl Future<Output = Result<bool, Problem>> + Send {
        let _ = services;
        async { Ok(reach.covers(&self.belongs())) }
    }
}

/// The thing that the address names, within the caller's reach. Anything else answers as if it were not there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct The<T>(pub T);

impl<T: Thing> FromRequestParts<Services> for The<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Problem> {
        let granted = Granted::from_request_parts(parts, services).await?;
        let parameters = RawPathParams::from_request_parts(parts, services).await.map_err(|_| unreadable())?;
        if let Some(thing) = T::find(&Address(parameters), &granted, services).await? {
            for reach in granted.reaches() {
                if thing.is_within(reach, services).await? {
                    return Ok(Self(thing));
                }
            }
        }
        Err(Problem::not_found(T::NAME))
    }
}

/// What stands in an address, by name.
#[derive(Debug)]
pub(crate) struct Address(RawPathParams);

impl Address {
    /// The text that stands there.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(of, _)| *of == name).map(|(_, text)| text)
    }

    /// The id that stands there.
    ///
    /// # Errors
    /// 400 if it is none.
    pub(super) fn id(&self, name: &str) -> Result<Uuid, Problem> {
        self.text(name).and_then(|text| text.parse().ok()).ok_or_else(unreadable)
    }
}

fn unreadable() -> Problem {
    Problem::malformed("path", "an id in this address cannot be read: ids are UUIDs, such as 0199a5c2-77e0-8d1c-a6f2-0f3b1c9d2e44")
}
