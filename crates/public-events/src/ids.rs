//! The ids and codes that events name things by. Ids are UUIDs and no permission.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[cfg_attr(feature = "schema", schemars(inline))]
        #[serde(transparent)]
        pub struct $name(#[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "uuid")))] pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// An application of the catalogue.
    ApplicationId;
    /// An invitation of a company.
    InvitationId;
    /// A registration case.
    RegistrationId;
    /// An organization. A registration bears the id of the organization that it will become.
    OrganizationId;
    /// A user, or whoever was one. Says nothing of who that is.
    PersonId;
}

/// The short code of an application, such as `BSCP`: 2 to 20 upper-case letters, digits and dashes. It never changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline, extend("pattern" = "^[A-Z0-9-]{2,20}$")))]
#[serde(try_from = "String", into = "String")]
pub struct ApplicationCode(String);

/// A text that is no [`ApplicationCode`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the code of an application is 2 to 20 upper-case letters, digits and dashes, such as BSCP (found {0:?})")]
pub struct NotACode(pub String);

impl ApplicationCode {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ApplicationCode {
    type Error = NotACode;

    fn try_from(text: String) -> Result<Self, NotACode> {
        let fits = (2..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-');
        if fits { Ok(Self(text)) } else { Err(NotACode(text)) }
    }
}

impl std::str::FromStr for ApplicationCode {
    type Err = NotACode;

    fn from_str(text: &str) -> Result<Self, NotACode> {
        Self::try_from(text.to_owned())
    }
}

impl From<ApplicationCode> for String {
    fn from(code: ApplicationCode) -> Self {
        code.0
    }
}

impl fmt::Display for ApplicationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
