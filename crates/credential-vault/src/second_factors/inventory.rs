//! Tokens that make one-time passwords, bought elsewhere: what the operator has of them, and whose each is.

use std::fmt;

use domain::{CredentialId, PersonId};
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::generator::{Generator, LONGEST_SEED, SHORTEST_SEED};
use super::{OtpAlgorithm, OtpDigits, OtpHash};
use crate::aead;
use crate::credentials::CredentialKind;
use crate::error::VaultError;
use crate::store::{Claimed, NewStock, Stock};
use crate::vault::{Inner, Vault};

/// How long a serial number may be.
const LONGEST_SERIAL: usize = 40;

/// A token as its maker tells of it.
#[derive(Clone)]
pub struct InventoryToken {
    /// What is printed on it: 1 to 40 letters, digits and dashes. Small letters are taken as large ones.
    pub serial: String,
    /// How its codes are made.
    pub algorithm: OtpAlgorithm,
    /// How long its codes are.
    pub digits: OtpDigits,
    /// The hash function of its codes.
    pub hash: OtpHash,
    /// The counter of its next code, 0 for a new one; of no meaning for TOTP.
    pub counter: u32,
    /// Its seed: 16 to 128 bytes.
    pub seed: Zeroizing<Vec<u8>>,
}

/// Why there can be no such token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFlaw {
    /// Its serial number.
    #[error("a serial number is 1 to 40 letters, digits and dashes")]
    Serial,
    /// Its period.
    #[error("a code lasts 15 to 300 seconds")]
    Period,
    /// The length of its seed.
    #[error("a seed has 16 to 128 bytes")]
    Seed,
}

impl InventoryToken {
    /// Why there can be no such token; none if there can.
    #[must_use]
    pub fn flaw(&self) -> Option<TokenFlaw> {
        let is_period_possible = match self.algorithm {
            OtpAlgorithm::Hotp => true,
            OtpAlgorithm::Totp { period } => (15..=300).contains(&period),
        };
        match canonical(&self.serial) {
            None => Some(TokenFlaw::Serial),
            Some(_) if !is_period_possible => Some(TokenFlaw::Period),
            Some(_) if !(SHORTEST_SEED..=LONGEST_SEED).contains(&self.seed.len()) => Some(TokenFlaw::Seed),
            Some(_) => None,
        }
    }

    /// The seed that this text is in hexadecimal digits; none if it is none. Spaces do not matter.
    #[must_use]
    pub fn seed_of_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
        let digits =
            text.chars().filter(|typed| !typed.is_whitespace()).map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()));
        let digits = Zeroizing::new(digits.collect::<Option<Vec<u8>>>()?);
        let (pairs, []) = digits.as_chunks::<2>() else { return None };
        Some(Zeroizing::new(pairs.iter().map(|[high, low]| high << 4 | low).collect()))
    }

    /// The seed that this text is in base 32 (RFC 4648 §6); none if it is none. Spaces, dashes, small letters and padding do not matter.
    #[must_use]
    pub fn seed_of_base32(text: &str) -> Option<Zeroizing<Vec<u8>>> {
        let bare = text.trim_end_matches(|typed: char| typed == '=' || typed.is_whitespace());
        let bare = bare.chars().filter(|typed| !typed.is_whitespace() && *typed != '-').map(|typed| typed.to_ascii_uppercase());
        let bare = Zeroizing::new(bare.collect::<String>());
        let secret = totp_rs::Secret::try_from_base32(bare.as_str()).ok()?;
        Some(Zeroizing::new(secret.as_ref().to_vec()))
    }
}

/// Never shows the seed.
impl fmt::Debug for InventoryToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InventoryToken").field("serial", &self.serial).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// What became of a token that was imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportedToken {
    /// It is in the inventory now.
    New,
    /// It was there before, the same: nothing was changed.
    Same,
    /// Another one is there under its serial number: nothing was changed.
    Differs,
    /// Its serial number, its seed or its period is none that a token can have: nothing was changed.
    Impossible,
}

/// A token of the inventory, without its seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockedToken {
    /// Its serial number, in large letters.
    pub serial: String,
    /// How its codes are made.
    pub algorithm: OtpAlgorithm,
    /// How long its codes are.
    pub digits: OtpDigits,
    /// The hash function of its codes.
    pub hash: OtpHash,
    /// Whose it is.
    pub standing: TokenStanding,
}

/// Whose a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenStanding {
    /// Nobody's: it can be claimed.
    Available,
    /// It is this credential, pending or active.
    Taken(CredentialId),
    /// Its credential, which counted, was revoked, or its person forgotten: nobody's until the operator releases it.
    Withdrawn,
}

/// Whose a token is, without saying whose: by this an inventory is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// As [`TokenStanding::Available`].
    Available,
    /// As [`TokenStanding::Taken`].
    Taken,
    /// As [`TokenStanding::Withdrawn`].
    Withdrawn,
}

impl Standing {
    /// What stands for it in a row.
    fn code(self) -> i64 {
        match self {
            Self::Available => 0,
            Self::Taken => 1,
            Self::Withdrawn => 2,
        }
    }
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The credential is there, pending. So it is when the claim is sent again.
    Stored,
    /// The credential's id is active or revoked already: nothing was changed.
    Kept,
    /// There is no such token in the inventory.
    NoSuchToken,
    /// Somebody else has it, or had it until it was revoked.
    Taken,
}

impl Vault {
    /// Adds tokens to the inventory, each by itself; says of each what became of it, in the same order. Done again, it changes nothing. What
    /// counter a known one is said to have is not looked at: the vault knows it better.
    ///
    /// # Errors
    /// If the disk refuses, or a row of the inventory is damaged: those before it were added.
    pub async fn import_tokens(&self, tokens: Vec<InventoryToken>, now: Timestamp) -> Result<Vec<ImportedToken>, VaultError> {
        let mut outcomes = Vec::with_capacity(tokens.len());
        for token in tokens {
            outcomes.push(self.import(token, now).await?);
        }
        Ok(outcomes)
    }

    async fn import(&self, token: InventoryToken, now: Timestamp) -> Result<ImportedToken, VaultError> {
        let (Some(serial), None) = (canonical(&token.serial), token.flaw()) else { return Ok(ImportedToken::Impossible) };
        let InventoryToken { serial: _, algorithm, digits, hash, counter, seed } = token;
        let generator = Generator { algorithm, hash, digits, seed };
        let sealed = aead::seal(&self.inner.key.verifiers, &aad(&serial), &generator.to_bytes())?;
        let new = NewStock { serial, sealed, counter: i64::from(counter) - 1, imported_at: now };
        Ok(match self.inner.store.stock(new).await? {
            None => ImportedToken::New,
            Some(known) if self.inner.generator_of(&known)?.is_same(&generator) => ImportedToken::Same,
            Some(_) => ImportedToken::Differs,
        })
    }

    /// Says of each token what would become of it if it were imported, in the same order; changes nothing.
    ///
    /// # Errors
    /// If a row of the inventory is damaged or cannot be read.
    pub async fn compare_tokens(&self, tokens: &[InventoryToken]) -> Result<Vec<ImportedToken>, VaultError> {
        let mut outcomes = Vec::with_capacity(tokens.len());
        for token in tokens {
            outcomes.push(match (canonical(&token.serial), token.flaw()) {
                (Some(serial), None) => match self.inner.store.stocked(serial).await? {
                    None => ImportedToken::New,
                    Some(known) if self.inner.generator_of(&known)?.is_same(&token.generator()) => ImportedToken::Same,
                    Some(_) => ImportedToken::Differs,
                },
                (None, _) | (_, Some(_)) => ImportedToken::Impossible,
            });
        }
        Ok(outcomes)
    }

    /// Makes the token of this serial number somebody's, pending. On disk when this returns. A token is one credential at a time.
    ///
    /// # Errors
    /// If the disk refuses, or the inventory is damaged.
    pub async fn claim_token(&self, id: CredentialId, person: PersonId, serial: &str, now: Timestamp) -> Result<Claim, VaultError> {
        let Some(serial) = canonical(serial) else { return Ok(Claim::NoSuchToken) };
        let Some(stock) = self.inner.store.stocked(serial.clone()).await? else { return Ok(Claim::NoSuchToken) };
        let generator = self.inner.generator_of(&stock)?;
        let new = self.inner.new_factor(id, person, CredentialKind::Token, &generator.to_bytes(), now)?;
        Ok(match self.inner.store.claim(new, serial).await? {
            Claimed::Stored => Claim::Stored,
            Claimed::Kept => Claim::Kept,
            Claimed::Taken => Claim::Taken,
        })
    }

    /// Lets a token be claimed again whose credential was revoked or whose person was forgotten: the operator has it back. Its counter goes on
    /// where it was. False if no such token is withdrawn.
    ///
    /// # Errors
    /// If the disk refuses.
    pub async fn release_token(&self, serial: &str) -> Result<bool, VaultError> {
        let Some(serial) = canonical(serial) else { return Ok(false) };
        self.inner.store.release(serial).await
    }

    /// The tokens of the inventory after this serial number, by serial number, without their seeds; of this standing only, if one is told. At
    /// most so many.
    ///
    /// # Errors
    /// If a row is damaged or cannot be read.
    pub async fn token_inventory(&self, after: &str, only: Option<Standing>, most: u32) -> Result<Vec<StockedToken>, VaultError> {
        let stocks = self.inner.store.inventory(after.to_ascii_uppercase(), only.map(Standing::code), most).await?;
        stocks.into_iter().map(|stock| self.inner.stocked(stock)).collect()
    }

    /// The token of this serial number, without its seed.
    ///
    /// # Errors
    /// If the row is damaged or cannot be read.
    pub async fn inventory_token(&self, serial: &str) -> Result<Option<StockedToken>, VaultError> {
        let Some(serial) = canonical(serial) else { return Ok(None) };
        self.inner.store.stocked(serial).await?.map(|stock| self.inner.stocked(stock)).transpose()
    }
}

impl InventoryToken {
    fn generator(&self) -> Generator {
        Generator { algorithm: self.algorithm, hash: self.hash, digits: self.digits, seed: self.seed.clone() }
    }
}

impl Inner {
    fn stocked(&self, stock: Stock) -> Result<StockedToken, VaultError> {
        let Generator { algorithm, hash, digits, seed: _ } = self.generator_of(&stock)?;
        Ok(StockedToken { serial: stock.serial, algorithm, digits, hash, standing: stock.standing })
    }

    fn generator_of(&self, stock: &Stock) -> Result<Generator, VaultError> {
        let opened = aead::open(&self.key.verifiers, &aad(&stock.serial), &stock.sealed).map(Zeroizing::new);
        opened.and_then(|opened| Generator::of_bytes(&opened)).ok_or(VaultError::DamagedRow { table: "inventory" })
    }
}

/// A serial number in the form in which it is kept; none if it can be none (as the domain has it).
fn canonical(serial: &str) -> Option<String> {
    let serial = serial.trim();
    let is_possible =
        (1..=LONGEST_SERIAL).contains(&serial.len()) && serial.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_possible.then(|| serial.to_ascii_uppercase())
}

/// Binds a sealed generator to its serial number.
fn aad(serial: &str) -> Vec<u8> {
    [b"gatehouse token 1".as_slice(), serial.as_bytes()].concat()
}
