//! Generators of one-time passwords: HOTP (RFC 4226) and TOTP (RFC 6238), by the library totp-rs.

use std::fmt;

use jiff::Timestamp;
use subtle::ConstantTimeEq;
use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

use crate::error::VaultError;

/// How many codes ahead of the last one a token may be (RFC 4226 §7.4): its button was pressed that often for nothing.
const LOOK_AHEAD: i64 = 10;
/// As [`LOOK_AHEAD`], where two codes that follow each other are shown: no guess hits both.
const LOOK_FAR_AHEAD: i64 = 100;
/// What RFC 4226 §4 asks for, in bytes.
pub(crate) const SHORTEST_SEED: usize = 16;
/// Longer than any that is sold: a block of SHA-512, in bytes.
pub(crate) const LONGEST_SEED: usize = 128;
/// The form of a generator at rest: this byte, algorithm, hash, digits, period (4 bytes, big-endian), seed.
const FORM: u8 = 1;
/// Nothing was used yet, and counters begin at 0.
pub(crate) const NEVER_USED: i64 = -1;

/// What a one-time password is computed from, beside the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtpAlgorithm {
    /// A counter (RFC 4226): a token with a button.
    Hotp,
    /// The time (RFC 6238).
    Totp {
        /// Seconds that a code lasts: 15 to 300; 30 and 60 are usual.
        period: u32,
    },
}

/// The hash function that a one-time password is computed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtpHash {
    /// SHA-1, as nearly all have it. That collisions of it can be found does no harm in an HMAC (RFC 4226 appendix B.2).
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How long a one-time password is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtpDigits {
    /// Six digits.
    Six,
    /// Eight digits.
    Eight,
}

impl OtpDigits {
    /// How many there are.
    #[must_use]
    pub fn count(self) -> u8 {
        match self {
            Self::Six => 6,
            Self::Eight => 8,
        }
    }
}

impl OtpHash {
    fn code(self) -> u8 {
        match self {
            Self::Sha1 => 1,
            Self::Sha256 => 2,
            Self::Sha512 => 3,
        }
    }

    fn algorithm(self) -> Algorithm {
        match self {
            Self::Sha1 => Algorithm::SHA1,
            Self::Sha256 => Algorithm::SHA256,
            Self::Sha512 => Algorithm::SHA512,
        }
    }
}

/// What makes one-time passwords.
pub(crate) struct Generator {
    pub(crate) algorithm: OtpAlgorithm,
    pub(crate) hash: OtpHash,
    pub(crate) digits: OtpDigits,
    pub(crate) seed: Zeroizing<Vec<u8>>,
}

impl Generator {
    /// A new one for an authenticator app: TOTP of six digits every 30 seconds over SHA-1, the only kind that all apps know, with 160 random bits.
    pub(crate) fn for_authenticator() -> Result<Self, VaultError> {
        let mut seed = Zeroizing::new(vec![0; 20]);
        getrandom::fill(&mut seed)?;
        Ok(Self { algorithm: OtpAlgorithm::Totp { period: 30 }, hash: OtpHash::Sha1, digits: OtpDigits::Six, seed })
    }

    /// What is sealed of it.
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let (algorithm, period) = match self.algorithm {
            OtpAlgorithm::Hotp => (1, 0),
            OtpAlgorithm::Totp { period } => (2, period),
        };
        let mut bytes = Zeroizing::new(vec![FORM, algorithm, self.hash.code(), self.digits.count()]);
        bytes.extend_from_slice(&period.to_be_bytes());
        bytes.extend_from_slice(&self.seed);
        bytes
    }

    /// The one that these bytes are of; none if they have another form.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let ([FORM, algorithm, hash, digits], rest) = bytes.split_first_chunk::<4>()? else { return None };
        let (period, seed) = rest.split_first_chunk::<4>()?;
        let algorithm = match algorithm {
            1 => OtpAlgorithm::Hotp,
            2 => OtpAlgorithm::Totp { period: u32::from_be_bytes(*period) },
            _ => return None,
        };
        let hash = [OtpHash::Sha1, OtpHash::Sha256, OtpHash::Sha512].into_iter().find(|known| known.code() == *hash)?;
        let digits = [OtpDigits::Six, OtpDigits::Eight].into_iter().find(|known| known.count() == *digits)?;
        Some(Self { algorithm, hash, digits, seed: Zeroizing::new(seed.to_vec()) })
    }

    /// The counter or step whose code this is: one that is later than `last`, and for TOTP one step from now at most, for HOTP ten from the last
    /// one at most. None if it is no such code. Takes as long whichever it is.
    pub(crate) fn accepted(&self, code: &str, last: i64, now: Timestamp) -> Result<Option<i64>, VaultError> {
        let next = last.saturating_add(1);
        let candidates = match self.algorithm {
            OtpAlgorithm::Hotp => next..=last.saturating_add(LOOK_AHEAD),
            OtpAlgorithm::Totp { period } => {
                let step = now.as_second().checked_div_euclid(i64::from(period)).ok_or(VaultError::DamagedRow { table: "credentials" })?;
                step.saturating_sub(1).max(next)..=step.saturating_add(1)
            }
        };
        let codes = Codes::of(self)?;
        let code = bare(code);
        // Not the first that is found, so that nothing is told by the time it took.
        Ok(candidates.filter(|counter| codes.has(&code, *counter)).fold(None, |first, counter| first.or(Some(counter))))
    }

    /// The counter of the second of two codes of a token with a button that follow each other, up to a hundred ahead of the last one that was
    /// used (RFC 4226 §7.4). None if they are no such codes, or it goes by the time.
    pub(crate) fn accepted_together(&self, codes: [&str; 2], last: i64) -> Result<Option<i64>, VaultError> {
        if self.algorithm != OtpAlgorithm::Hotp {
            return Ok(None);
        }
        let known = Codes::of(self)?;
        let [first, second] = codes.map(bare);
        let follow = |counter: &i64| known.has(&first, *counter) & known.has(&second, counter.saturating_add(1));
        let candidates = last.saturating_add(1)..=last.saturating_add(LOOK_FAR_AHEAD);
        Ok(candidates.filter(follow).fold(None, |first, counter| first.or(Some(counter.saturating_add(1)))))
    }

    /// Whether both make the same codes.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && self.hash == other.hash && self.digits == other.digits && self.seed.ct_eq(&other.seed).into()
    }

    fn builder(&self) -> Builder {
        Builder::new().with_algorithm(self.hash.algorithm()).with_digits(self.digits.count()).with_secret(self.seed.to_vec())
    }
}

/// A code as it was typed, without spaces and dashes.
fn bare(code: &str) -> Zeroizing<String> {
    Zeroizing::new(code.chars().filter(|typed| !typed.is_whitespace() && *typed != '-').collect())
}

/// The codes that a generator makes, by counter or step. One step of the library is one of ours: it computes HOTP, and what the counter stands
/// for is known here.
struct Codes(Totp);

impl Codes {
    fn of(generator: &Generator) -> Result<Self, VaultError> {
        Ok(Self(generator.builder().with_step_duration(1).with_skew(0).build().map_err(VaultError::Generator)?))
    }

    fn has(&self, code: &str, counter: i64) -> bool {
        u64::try_from(counter).is_ok_and(|counter| self.0.check(code, counter).is_some())
    }
}

/// The secret of an authenticator that was put just now, to be shown this once.
pub struct AuthenticatorSecret(Generator);

impl AuthenticatorSecret {
    pub(crate) fn new(generator: Generator) -> Self {
        Self(generator)
    }

    fn totp(&self, builder: Builder) -> Result<Totp, VaultError> {
        builder.with_step_duration(30).build().map_err(VaultError::Generator)
    }

    /// The secret for typing it in: 32 letters and digits, in base 32 (RFC 4648).
    ///
    /// # Errors
    /// Never with a seed of ours; the library could refuse one.
    pub fn base32(&self) -> Result<Zeroizing<String>, VaultError> {
        Ok(Zeroizing::new(self.totp(self.0.builder())?.secret().to_base32()))
    }

    /// The secret for a QR code, `otpauth://totp/…`: with who issued it and for which account. Colons in those become spaces, as the form has
    /// no place for them.
    ///
    /// # Errors
    /// If the account is an empty text.
    pub fn uri(&self, issuer: &str, account: &str) -> Result<Zeroizing<String>, VaultError> {
        let builder = self.0.builder().with_issuer(Some(issuer.replace(':', " "))).with_account_name(account.replace(':', " "));
        Ok(Zeroizing::new(self.totp(builder)?.to_url().map_err(VaultError::Generator)?))
    }
}

impl AuthenticatorSecret {
    /// The code at this instant, as an app computes it: for a demonstration, which has no phone.
    ///
    /// # Errors
    /// As [`base32`](Self::base32).
    pub fn code(&self, at: Timestamp) -> Result<Zeroizing<String>, VaultError> {
        let seconds = u64::try_from(at.as_second()).unwrap_or_default();
        Ok(Zeroizing::new(self.totp(self.0.builder())?.generate(seconds).to_string()))
    }
}

/// Never shows the secret.
impl fmt::Debug for AuthenticatorSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthenticatorSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generator(algorithm: OtpAlgorithm, hash: OtpHash, digits: OtpDigits, seed: &[u8]) -> Generator {
        Generator { algorithm, hash, digits, seed: Zeroizing::new(seed.to_vec()) }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        let seed = b"1234567890123456789012345678901234567890123456789012345678901234";
        let cases = [
            (OtpHash::Sha1, 20, 59, "94287082"),
            (OtpHash::Sha256, 32, 59, "46119246"),
            (OtpHash::Sha512, 64, 59, "90693936"),
            (OtpHash::Sha1, 20, 1_111_111_109, "07081804"),
            (OtpHash::Sha256, 32, 20_000_000_000, "77737706"),
            (OtpHash::Sha512, 64, 20_000_000_000, "47863826"),
        ];
        for (hash, length, second, code) in cases {
            let generator = generator(OtpAlgorithm::Totp { period: 30 }, hash, OtpDigits::Eight, &seed[..length]);
            assert_eq!(generator.accepted(code, NEVER_USED, at(second)).unwrap(), Some(second / 30), "{code}");
        }
    }

    #[test]
    fn the_codes_are_those_of_rfc_4226_and_a_token_may_be_ten_ahead() {
        let codes = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
        let token = generator(OtpAlgorithm::Hotp, OtpHash::Sha1, OtpDigits::Six, b"12345678901234567890");
        for (counter, code) in (0..).zip(codes) {
            assert_eq!(token.accepted(code, NEVER_USED, at(0)).unwrap(), Some(counter));
            assert_eq!(token.accepted(code, counter, at(0)).unwrap(), None, "it was used");
        }
        let eleventh = "403154";
        assert_eq!(token.accepted(eleventh, NEVER_USED, at(0)).unwrap(), None);
        assert_eq!(token.accepted(eleventh, 0, at(0)).unwrap(), Some(10));
    }

    #[test]
    fn two_codes_that_follow_each_other_may_be_a_hundred_ahead() {
        let token = generator(OtpAlgorithm::Hotp, OtpHash::Sha1, OtpDigits::Six, b"12345678901234567890");
        let code = |counter: i64| Codes::of(&token).unwrap().0.generate(u64::try_from(counter).unwrap()).to_string();
        let pair = |first, second| token.accepted_together([&code(first), &code(second)], 0).unwrap();
        assert_eq!((pair(1, 2), pair(50, 51), pair(100, 101)), (Some(2), Some(51), Some(101)));
        assert_eq!((pair(101, 102), pair(0, 1), pair(51, 50), pair(50, 50), pair(50, 52)), (None, None, None, None, None));
        let clock = generator(OtpAlgorithm::Totp { period: 30 }, OtpHash::Sha1, OtpDigits::Six, b"12345678901234567890");
        assert_eq!(clock.accepted_together([&code(1), &code(2)], 0).unwrap(), None);
    }

    proptest::proptest! {
        #[test]
        fn whatever_was_typed_and_whatever_is_in_a_row_nothing_breaks(typed: String, bytes: Vec<u8>, last: i64, second in -1_000_i64..1_000) {
            let token = generator(OtpAlgorithm::Hotp, OtpHash::Sha1, OtpDigits::Six, b"12345678901234567890");
            let _ = token.accepted(&typed, last, at(second)).unwrap();
            let _ = token.accepted_together([&typed, &typed], last).unwrap();
            if let Some(generator) = Generator::of_bytes(&bytes) {
                let _ = generator.accepted(&typed, last, at(second));
            }
        }
    }

    #[test]
    fn a_code_is_good_one_step_before_and_after_and_not_two() {
        let app = generator(OtpAlgorithm::Totp { period: 30 }, OtpHash::Sha1, OtpDigits::Eight, b"12345678901234567890");
        for (second, is_good) in
            [(1_111_111_109 - 60, false), (1_111_111_109 - 30, true), (1_111_111_109 + 30, true), (1_111_111_109 + 61, false)]
        {
            assert_eq!(app.accepted("0708 1804", NEVER_USED, at(second)).unwrap().is_some(), is_good, "{second}");
        }
        for wrong in ["", "0708180", "070818044", "+7081804", "０７０８１８０４"] {
            assert_eq!(app.accepted(wrong, NEVER_USED, at(1_111_111_109)).unwrap(), None);
        }
    }

    #[test]
    fn a_generator_is_read_as_it_was_written() {
        let token = generator(OtpAlgorithm::Totp { period: 60 }, OtpHash::Sha512, OtpDigits::Eight, &[7; 64]);
        let read = Generator::of_bytes(&token.to_bytes()).unwrap();
        assert!(read.is_same(&token));
        assert!(!read.is_same(&generator(OtpAlgorithm::Totp { period: 60 }, OtpHash::Sha512, OtpDigits::Eight, &[8; 64])));
        assert!(Generator::of_bytes(&[1, 3, 1, 6, 0, 0, 0, 0, 7]).is_none());
    }

    #[test]
    fn the_uri_is_what_authenticators_read_and_debug_shows_nothing() {
        let secret =
            AuthenticatorSecret::new(generator(OtpAlgorithm::Totp { period: 30 }, OtpHash::Sha1, OtpDigits::Six, b"12345678901234567890"));
        assert_eq!(*secret.base32().unwrap(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let expected = "otpauth://totp/Gatehouse%20%20demo:ada.l?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Gatehouse%20%20demo";
        assert_eq!(*secret.uri("Gatehouse: demo", "ada.l").unwrap(), expected);
        assert!(secret.uri("Gatehouse", "").is_err());
        assert_eq!(format!("{secret:?}"), "AuthenticatorSecret(…)");
    }
}
