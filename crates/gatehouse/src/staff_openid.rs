//! The identity provider by which staff can sign in, as the configuration has it.

use std::path::Path;

use http_api::sign_in::openid::{CALLBACK, StaffOpenId};
use jiff::SignedDuration;
use openid_client::{OpenIdClient, Settings};
use zeroize::Zeroizing;

use crate::config::Config;
use crate::failure::Failure;

/// The provider, if there is one. Nobody is asked yet: the service starts while the provider is down.
///
/// # Errors
/// The configuration cannot be used, or a file that it names cannot be read.
pub(crate) fn of(config: &Config, base_url: &str) -> Result<Option<StaffOpenId>, Failure> {
    let settings = &config.staff_openid;
    let (Some(issuer), Some(secret_file)) = (&settings.issuer, &settings.client_secret_file) else { return Ok(None) };
    let secret = Zeroizing::new(read(secret_file)?);
    let authorities = settings.authority_file.as_deref().map(read).transpose()?.map(String::into_bytes);
    let client = OpenIdClient::new(Settings {
        issuer: issuer.clone(),
        client_id: settings.client_id.clone(),
        client_secret: Zeroizing::new(secret.trim_end_matches(['\r', '\n']).to_owned()),
        redirect_uri: format!("{}{CALLBACK}", base_url.trim_end_matches('/')),
        scopes: settings.scopes.clone(),
        two_factor_acr: settings.two_factor_acr.clone(),
        two_factor_amr: settings.two_factor_amr.clone(),
        max_age: SignedDuration::from_mins(settings.max_age_minutes.into()),
        authorities,
    });
    let client = client.map_err(|error| Failure::Usage(format!("staff_openid cannot be used: {error}")))?;
    Ok(Some(StaffOpenId { client, label: settings.label.clone() }))
}

fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| crate::folder::unusable(file, &error))
}
