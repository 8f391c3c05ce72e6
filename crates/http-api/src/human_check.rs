//! Proves that a registrant is human, or at least that registering in bulk costs something.
//!
//! The built-in check is a proof of work: the challenge is a random text that is bound to one registration and signed, and
//! the answer is a number so that SHA-256 of both begins with enough zero bits. It needs no outside service, works without
//! pictures or sound, and takes a browser about a second. An answer serves once: it is bound to its registration, whose
//! stream remembers the challenge that was solved.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::RegistrationId;
use jiff::{SignedDuration, Timestamp};
use key_ring::MasterKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// A task that a human's browser solves.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Challenge {
    /// Which kind of task. `proof-of-work`: find a `nonce`, a whole number, so that SHA-256 of `challenge`, a colon and the
    /// nonce in decimal begins with `difficulty` zero bits.
    #[schema(example = "proof-of-work")]
    pub kind: String,
    /// The task, to be sent back with the answer.
    pub challenge: String,
    /// How many leading zero bits are wanted.
    pub difficulty: u32,
    /// Until when the answer is taken.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// Why an answer was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotHuman {
    /// The challenge was not made here, or for another registration.
    #[error("this challenge was not made for this registration; ask for a new one")]
    Foreign,
    /// It took too long.
    #[error("this challenge has expired; ask for a new one")]
    Expired,
    /// The answer does not solve it.
    #[error("this answer does not solve the challenge")]
    Unsolved,
}

/// A human check: where another one (a picture, an outside service) plugs in.
pub trait HumanCheck: Send + Sync {
    /// A new challenge for this registration.
    fn challenge(&self, registration: RegistrationId, now: Timestamp) -> Challenge;

    /// Whether the answer solves a challenge that was made for this registration; gives the challenge's id.
    ///
    /// # Errors
    /// [`NotHuman`] if not.
    fn verify(&self, registration: RegistrationId, challenge: &str, nonce: u64, now: Timestamp) -> Result<String, NotHuman>;
}

/// The built-in proof of work.
pub struct ProofOfWork {
    master: Arc<MasterKey>,
    difficulty: u32,
}

const LIFETIME: SignedDuration = SignedDuration::from_mins(20);

impl ProofOfWork {
    /// A proof of work of so many zero bits; 16 takes about 65,000 hashes.
    #[must_use]
    pub fn new(master: Arc<MasterKey>, difficulty: u32) -> Self {
        Self { master, difficulty }
    }

    /// What is signed: the text without its tag.
    fn body(registration: RegistrationId, expires_at: i64, salt: &str) -> String {
        format!("{registration}.{expires_at}.{salt}")
    }
}

impl HumanCheck for ProofOfWork {
    #[expect(clippy::disallowed_methods, reason = "a salt must be random, and this is the edge")]
    fn challenge(&self, registration: RegistrationId, now: Timestamp) -> Challenge {
        let expires_at = now.saturating_add(LIFETIME).unwrap_or(now);
        let body = Self::body(registration, expires_at.as_second(), &uuid::Uuid::new_v4().simple().to_string());
        let tag = BASE64_URL_SAFE_NO_PAD.encode(self.master.human_check_tag(body.as_bytes()));
        Challenge { kind: "proof-of-work".to_owned(), challenge: format!("{body}.{tag}"), difficulty: self.difficulty, expires_at }
    }

    fn verify(&self, registration: RegistrationId, challenge: &str, nonce: u64, now: Timestamp) -> Result<String, NotHuman> {
        let (body, tag) = challenge.rsplit_once('.').ok_or(NotHuman::Foreign)?;
        let tag: [u8; 32] = BASE64_URL_SAFE_NO_PAD.decode(tag).ok().and_then(|tag| tag.try_into().ok()).ok_or(NotHuman::Foreign)?;
        if !self.master.verify_human_check_tag(body.as_bytes(), &tag) {
            return Err(NotHuman::Foreign);
        }
        let mut fields = body.split('.');
        let (of, expires_at, salt) = (fields.next(), fields.next(), fields.next());
        if of != Some(registration.to_string().as_str()) {
            return Err(NotHuman::Foreign);
        }
        let expires_at: i64 = expires_at.and_then(|text| text.parse().ok()).ok_or(NotHuman::Foreign)?;
        if now.as_second() > expires_at {
            return Err(NotHuman::Expired);
        }
        let digest = Sha256::digest(format!("{challenge}:{nonce}"));
        let zeros = digest.iter().take_while(|byte| **byte == 0).count() * 8
            + digest.iter().find(|byte| **byte != 0).map_or(0, |byte| usize::try_from(byte.leading_zeros()).unwrap_or_default());
        if zeros < usize::try_from(self.difficulty).unwrap_or(usize::MAX) {
            return Err(NotHuman::Unsolved);
        }
        salt.map(str::to_owned).ok_or(NotHuman::Foreign)
    }
}
