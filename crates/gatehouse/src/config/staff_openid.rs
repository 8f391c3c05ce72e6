//! The identity provider by which staff can sign in.

use std::path::PathBuf;

use anyhow::bail;
use serde::{Deserialize, Serialize};

/// The OpenID Connect provider by which staff can sign in, beside User ID and password. Where it sends browsers back to is
/// `/v1/sign-in/openid/callback` below the base URL.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StaffOpenIdConfig {
    /// The provider's issuer identifier, letter for letter: `https://…`, or `http://…` on this machine itself. None: staff sign in by User ID
    /// and password only.
    pub(crate) issuer: Option<String>,
    /// How the provider calls this client.
    pub(crate) client_id: String,
    /// A file with the client's secret. There is no key for the secret itself: it would be shown.
    pub(crate) client_secret_file: Option<PathBuf>,
    /// What staff know the provider by.
    pub(crate) label: String,
    /// What is asked of the provider besides `openid`. Nothing of what it tells for it is used.
    pub(crate) scopes: Vec<String>,
    /// Classes of authentication (`acr`) that mean two factors: the provider is asked for them. Whoever comes with another one shows the second
    /// factor that they have here.
    pub(crate) two_factor_acr: Vec<String>,
    /// Methods of authentication (`amr`) of which one means two factors, such as `mfa`.
    pub(crate) two_factor_amr: Vec<String>,
    /// Minutes after which a sign-in at the provider is too old: it asks again.
    pub(crate) max_age_minutes: u32,
    /// A file with certificates (PEM) of authorities to trust beside the public ones.
    pub(crate) authority_file: Option<PathBuf>,
}

impl Default for StaffOpenIdConfig {
    fn default() -> Self {
        Self {
            issuer: None,
            client_id: "gatehouse".to_owned(),
            client_secret_file: None,
            label: "Single sign-on".to_owned(),
            scopes: Vec::new(),
            two_factor_acr: Vec::new(),
            two_factor_amr: Vec::new(),
            max_age_minutes: 15,
            authority_file: None,
        }
    }
}

impl StaffOpenIdConfig {
    /// What can be seen to be wrong before anything is opened.
    pub(super) fn validate(&self) -> anyhow::Result<()> {
        if self.issuer.is_some() && self.client_secret_file.is_none() {
            bail!("staff_openid needs client_secret_file: a file with the secret that the provider gave for {:?}", self.client_id);
        }
        if !(1..=24 * 60).contains(&self.max_age_minutes) {
            bail!("staff_openid.max_age_minutes must be 1 to 1440 (found {})", self.max_age_minutes);
        }
        Ok(())
    }
}
