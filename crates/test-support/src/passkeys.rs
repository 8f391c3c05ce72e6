//! A browser with an authenticator, both in software, by people who know nothing of Gatehouse.

use passkey_authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
pub use passkey_client::WebauthnError;
use passkey_client::{Client, DefaultClientData};
use passkey_crypto::rust_crypto::RustCryptoBackend;
pub use passkey_types::Passkey;
use passkey_types::ctap2::{Aaguid, Ctap2Error};
use serde_json::{Value, json};
use url::Url;

/// Whoever holds the authenticator: there, and verified or not.
struct User {
    is_verified: bool,
}

#[async_trait::async_trait]
impl UserValidationMethod for User {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(&self, _: UiHint<'a, Passkey>, presence: bool, _: bool) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence, verification: self.is_verified })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

/// A browser with an authenticator that holds one passkey at most, and counts its signatures.
pub struct Browser {
    /// The origin of the page that it shows.
    pub origin: Url,
    client: Client<Option<Passkey>, User, RustCryptoBackend, public_suffix::PublicSuffixList, ()>,
}

impl Browser {
    /// One that shows a page of this origin to a user whom its authenticator verifies; perhaps it holds a passkey.
    #[must_use]
    pub fn at(origin: &str, passkey: Option<Passkey>) -> Self {
        Self::with_user(origin, passkey, true)
    }

    /// As [`at`](Self::at), of a user who is only there: nobody looked who it is.
    #[must_use]
    pub fn careless(origin: &str, passkey: Option<Passkey>) -> Self {
        Self::with_user(origin, passkey, false)
    }

    fn with_user(origin: &str, passkey: Option<Passkey>, is_verified: bool) -> Self {
        let mut authenticator = Authenticator::new(Aaguid::new_empty(), passkey, User { is_verified }, RustCryptoBackend);
        authenticator.set_make_credentials_with_signature_counter(true);
        Self { origin: origin.parse().expect("an origin"), client: Client::new(authenticator) }
    }

    /// The passkey that it holds, with its private key.
    #[must_use]
    pub fn passkey(&self) -> Passkey {
        self.client.authenticator().store().clone().expect("a passkey")
    }

    /// What `navigator.credentials.create` gives for these options, as JSON (`RegistrationResponseJSON`).
    ///
    /// # Errors
    /// If the browser or the authenticator refuses.
    pub async fn try_create(&mut self, options: Value) -> Result<Value, WebauthnError> {
        let request = serde_json::from_value(json!({ "publicKey": options })).expect("options as WebAuthn has them");
        let created = self.client.register(&self.origin, request, DefaultClientData).await?;
        Ok(serde_json::to_value(&created).expect("JSON"))
    }

    /// As [`try_create`](Self::try_create); it does not refuse.
    pub async fn create(&mut self, options: Value) -> Value {
        self.try_create(options).await.expect("the authenticator to make a passkey")
    }

    /// What `navigator.credentials.get` gives for these options, as JSON (`AuthenticationResponseJSON`).
    ///
    /// # Errors
    /// If the browser or the authenticator refuses.
    pub async fn try_get(&mut self, options: Value) -> Result<Value, WebauthnError> {
        let request = serde_json::from_value(json!({ "publicKey": options })).expect("options as WebAuthn has them");
        let got = self.client.authenticate(&self.origin, request, DefaultClientData).await?;
        Ok(serde_json::to_value(&got).expect("JSON"))
    }

    /// As [`try_get`](Self::try_get); it does not refuse.
    pub async fn get(&mut self, options: Value) -> Value {
        self.try_get(options).await.expect("the authenticator to sign")
    }
}
