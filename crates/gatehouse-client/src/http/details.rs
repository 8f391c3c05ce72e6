//! What events do not say: who a user is, what an organization is called. Personal data: keep what is needed, and erase it when
//! `person.erased` comes.

use public_events::{OrganizationId, PersonId};
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::HttpError;
use super::{ANSWER, Gatehouse};

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// Which.
    pub id: PersonId,
    /// The readable name that they sign in with; it is never given to anybody else. None before the account was created, or if the
    /// person was forgotten.
    #[serde(default)]
    pub user_id: Option<String>,
    /// The given name, unless erased.
    #[serde(default)]
    pub given_name: Option<String>,
    /// The family name, unless erased.
    #[serde(default)]
    pub family_name: Option<String>,
    /// The e-mail address, unless erased.
    #[serde(default)]
    pub email: Option<String>,
    /// Where the account stands, such as `active`.
    #[serde(default)]
    pub state: Option<String>,
}

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Organization {
    /// Which.
    pub id: OrganizationId,
    /// What it is called and where it is.
    pub profile: Profile,
    /// Where it stands, such as `active`.
    #[serde(default)]
    pub state: Option<String>,
}

/// The profile of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Profile {
    /// What it is called in the register.
    pub legal_name: String,
    /// Where it is.
    #[serde(default)]
    pub address: Option<Address>,
}

/// An address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Address {
    /// Street, building, as written on a letter.
    #[serde(default)]
    pub lines: Vec<String>,
    /// The city.
    #[serde(default)]
    pub city: Option<String>,
    /// The postal code.
    #[serde(default)]
    pub postal_code: Option<String>,
    /// The country (ISO 3166, two letters).
    #[serde(default)]
    pub country: Option<String>,
}

impl Gatehouse {
    /// Who a user is. None: there is no such user for this service, or nothing is known any more.
    ///
    /// # Errors
    /// [`HttpError`]; try again where it [is passing](HttpError::is_passing).
    pub async fn user(&self, user: PersonId) -> Result<Option<User>, HttpError> {
        self.found(&format!("/v1/users/{user}")).await
    }

    /// What an organization is called. None: there is no such organization for this service.
    ///
    /// # Errors
    /// As [`Self::user`].
    pub async fn organization(&self, organization: OrganizationId) -> Result<Option<Organization>, HttpError> {
        self.found(&format!("/v1/organizations/{organization}")).await
    }

    /// Says that nothing personal of a forgotten person is kept here any more. Saying it again is no harm.
    ///
    /// # Errors
    /// [`HttpError`]; not found: nobody was forgotten under this id.
    pub async fn acknowledge_erasure(&self, person: PersonId) -> Result<(), HttpError> {
        let request = self.request(Method::POST, &format!("/v1/erasures/{person}/acknowledge")).timeout(ANSWER);
        // The same key whenever it is said: once accepted, it gets the same answer.
        Self::sent(request.header("Idempotency-Key", format!("erasure-{person}"))).await.map(drop)
    }

    async fn found<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, HttpError> {
        match Self::sent(self.request(Method::GET, path).timeout(ANSWER)).await {
            Ok(response) => {
                let body = response.bytes().await.map_err(HttpError::Unreachable)?;
                serde_json::from_slice(&body).map(Some).map_err(HttpError::Answer)
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
