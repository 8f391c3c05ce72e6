//! The master key, and the keys that derive from it.

mod load;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ReservationId;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::{Builder, Uuid};
use zeroize::{Zeroize, Zeroizing};

pub(crate) use load::sync_folder_of;
pub use load::{LoadedMasterKey, MasterKeyOptions, MasterKeySource};

use crate::error::KeyRingError;

/// What a master key's text begins with; the number allows for another form later.
const PREFIX: &str = "gatehouse-master-key-1:";
/// Bytes of the tag in a link: 176 bits, which makes the whole 56 characters without padding.
const LINK_TAG_BYTES: usize = 22;

/// The one secret that everything at rest leans on: 32 random bytes. All other keys derive from it, each for one purpose.
///
/// Not `Clone` and not shown by `Debug`; wiped when dropped. Share it in an `Arc`.
pub struct MasterKey {
    master: Zeroizing<[u8; 32]>,
    index: Zeroizing<[u8; 32]>,
    link: Zeroizing<[u8; 32]>,
    fingerprint: Zeroizing<[u8; 32]>,
    human_check: Zeroizing<[u8; 32]>,
}

/// What a link token stands for, once its tag was found right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The invitation, registration or user that the link is about.
    pub id: Uuid,
    /// Its generation: a link that was sent again bears a higher one.
    pub generation: u32,
}

impl MasterKey {
    /// The master key of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let master = Zeroizing::new(bytes);
        let sub = |label| derive(&master, label);
        let (index, link, fingerprint, human_check) = (sub("index"), sub("link"), sub("fingerprint"), sub("human check"));
        Self { master, index, link, fingerprint, human_check }
    }

    /// A new random master key.
    ///
    /// # Errors
    /// If the operating system gives no random bytes.
    pub fn generate() -> Result<Self, KeyRingError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice())?;
        Ok(Self::from_bytes(*bytes))
    }

    /// Reads the text form: `gatehouse-master-key-1:` and 64 hexadecimal digits; white space around it is no matter.
    /// `place` says in the error where the text came from.
    ///
    /// # Errors
    /// [`KeyRingError::MasterKeyMalformed`] if it is anything else.
    pub fn parse(text: &str, place: &str) -> Result<Self, KeyRingError> {
        let malformed = || KeyRingError::MasterKeyMalformed { place: place.to_owned() };
        let digits = text.trim().strip_prefix(PREFIX).ok_or_else(malformed)?;
        let mut bytes = Zeroizing::new([0_u8; 32]);
        let mut digits = digits.chars();
        for byte in bytes.iter_mut() {
            let mut nibble = || digits.next().and_then(|digit| digit.to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
            let (high, low) = (nibble().ok_or_else(malformed)?, nibble().ok_or_else(malformed)?);
            *byte = high << 4 | low;
        }
        if digits.next().is_some() { Err(malformed()) } else { Ok(Self::from_bytes(*bytes)) }
    }

    /// The text form, as [`parse`](Self::parse) reads it, with no end of line.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + 64));
        text.push_str(PREFIX);
        for byte in self.master.iter() {
            for nibble in [byte >> 4, byte & 0x0f] {
                text.extend(char::from_digit(u32::from(nibble), 16));
            }
        }
        text
    }

    /// A key for one purpose: HMAC-SHA256 of the label under the master key (the expansion step of RFC 5869 with one
    /// block). Different labels give unrelated keys. Labels in use here: `index`, `link`, `fingerprint`, `human check`,
    /// `key ring blocks`, `key ring check`, `credential vault`.
    #[must_use]
    pub fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        derive(&self.master, label)
    }

    /// The key that the credential vault is opened with.
    #[must_use]
    pub fn vault_key(&self) -> Zeroizing<[u8; 32]> {
        self.derive("credential vault")
    }

    /// The name of a unique value's reservation (architecture, rule 10): the same kind and value give the same name, and
    /// the name tells nothing of the value to who has not the key. A version 8 UUID. Bring the value into its one canonical
    /// form first.
    #[must_use]
    pub fn reservation_id(&self, kind: &str, value: &str) -> ReservationId {
        let tag = tag(&self.index, &[kind.as_bytes(), value.as_bytes()]);
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(*tag) {
            *to = from;
        }
        ReservationId(Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// The token of a link in a mail: 56 URL-safe characters that hold the id, the generation and a tag over both. Stored
    /// nowhere; the same arguments render the same token again. `label` says what the link is for, and a token made for
    /// one purpose is refused for another.
    #[must_use]
    pub fn link_token(&self, label: &str, link: Link) -> String {
        let generation = link.generation.to_be_bytes();
        let tag = tag(&self.link, &[label.as_bytes(), link.id.as_bytes(), &generation]);
        let mut bytes = Vec::with_capacity(20 + LINK_TAG_BYTES);
        bytes.extend_from_slice(link.id.as_bytes());
        bytes.extend_from_slice(&generation);
        bytes.extend(tag.iter().take(LINK_TAG_BYTES));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What this token stands for; none if it was not made here for this purpose. The tag is compared in constant time.
    /// Whether the generation is still the current one is for the stream of `id` to say.
    #[must_use]
    pub fn read_link_token(&self, label: &str, token: &str) -> Option<Link> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (id, rest) = bytes.split_first_chunk::<16>()?;
        let (generation, claimed) = rest.split_first_chunk::<4>()?;
        let claimed: &[u8; LINK_TAG_BYTES] = claimed.try_into().ok()?;
        mac(&self.link, &[label.as_bytes(), id, generation]).verify_truncated_left(claimed).ok()?;
        Some(Link { id: Uuid::from_bytes(*id), generation: u32::from_be_bytes(*generation) })
    }

    /// The fingerprint of a command's canonical body without its secrets (architecture, rule 5): 16 bytes that say whether
    /// two bodies are the same and nothing else to who has not the key.
    #[must_use]
    pub fn fingerprint(&self, body: &[u8]) -> [u8; 16] {
        let tag = tag(&self.fingerprint, &[body]);
        let mut fingerprint = [0; 16];
        for (to, from) in fingerprint.iter_mut().zip(*tag) {
            *to = from;
        }
        fingerprint
    }

    /// A tag over a challenge of the human check, so that the challenge need not be stored.
    #[must_use]
    pub fn human_check_tag(&self, challenge: &[u8]) -> [u8; 32] {
        *tag(&self.human_check, &[challenge])
    }

    /// Whether this is the tag over that challenge; compared in constant time.
    #[must_use]
    pub fn verify_human_check_tag(&self, challenge: &[u8], claimed: &[u8; 32]) -> bool {
        mac(&self.human_check, &[challenge]).verify_slice(claimed).is_ok()
    }

    /// The value by which a ring knows its master key; tells nothing of the key.
    pub(crate) fn ring_check(&self) -> [u8; 32] {
        *tag(&self.derive("key ring check"), &[b"gatehouse key ring"])
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

fn derive(master: &[u8; 32], label: &str) -> Zeroizing<[u8; 32]> {
    tag(master, &[b"gatehouse subkey 1", label.as_bytes()])
}

fn tag(key: &[u8; 32], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut output = mac(key, parts).finalize().into_bytes();
    let tag = Zeroizing::new(output.into());
    output.zeroize();
    tag
}

/// HMAC-SHA256 over the parts, each after its length, so that no two lists of parts are the same bytes.
fn mac(key: &[u8; 32], parts: &[&[u8]]) -> Hmac<Sha256> {
    // HMAC fills a shorter key with zeros up to its block of 64 bytes (RFC 2104); done here, where nothing can fail.
    let mut block = Zeroizing::new([0_u8; 64]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    for part in parts {
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> MasterKey {
        MasterKey::from_bytes([7; 32])
    }

    #[test]
    fn the_text_form_reads_back() {
        let text = key().to_text();
        assert_eq!(*text, format!("gatehouse-master-key-1:{}", "07".repeat(32)));
        assert_eq!(MasterKey::parse(&format!("  {}\n", *text), "test").unwrap().to_text(), text);
    }

    #[test]
    fn a_text_that_is_no_key_is_refused() {
        let short = format!("gatehouse-master-key-1:{}", "07".repeat(31));
        let long = format!("gatehouse-master-key-1:{}", "07".repeat(33));
        let foreign = format!("gatehouse-master-key-2:{}", "07".repeat(32));
        let letters = format!("gatehouse-master-key-1:{}", "0g".repeat(32));
        for text in ["", "gatehouse-master-key-1:", &short, &long, &foreign, &letters] {
            let error = MasterKey::parse(text, "the environment").unwrap_err();
            assert!(error.to_string().starts_with("the environment does not hold a master key"), "{text}: {error}");
        }
    }

    #[test]
    fn what_derives_from_the_key_does_not_change_between_versions() {
        assert_eq!(key().reservation_id("user-id", "acme.17").to_string(), "36d7b29e-2562-8d78-aaa8-c4ecf7c97294");
        assert_eq!(u128::from_be_bytes(key().fingerprint(b"{}")), 0xdd4f044a288f93f90812d5bbb2e046ac);
    }

    #[test]
    fn labels_and_values_do_not_run_into_each_other() {
        assert_ne!(*key().derive("a"), *key().derive("b"));
        assert_ne!(key().reservation_id("ab", "c"), key().reservation_id("a", "bc"));
        assert_ne!(key().reservation_id("a", "x"), MasterKey::from_bytes([8; 32]).reservation_id("a", "x"));
    }

    #[test]
    fn a_link_is_read_back_and_refused_for_another_purpose_or_when_changed() {
        let link = Link { id: Uuid::from_u128(42), generation: 3 };
        let token = key().link_token("invitation", link);
        assert_eq!(token.len(), 56);
        assert_eq!(key().read_link_token("invitation", &token), Some(link));
        assert_eq!(key().read_link_token("registration", &token), None);
        assert_eq!(MasterKey::from_bytes([8; 32]).read_link_token("invitation", &token), None);
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(key().read_link_token("invitation", std::str::from_utf8(&changed).unwrap()), None);
        }
        assert_eq!(key().read_link_token("invitation", &token[..54]), None);
        assert_eq!(key().read_link_token("invitation", ""), None);
    }

    #[test]
    fn a_human_check_tag_holds_for_its_challenge_only() {
        let tag = key().human_check_tag(b"one");
        assert!(key().verify_human_check_tag(b"one", &tag));
        assert!(!key().verify_human_check_tag(b"two", &tag));
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", key()), "MasterKey(…)");
    }
}
