//! One-time passwords that the service proposes.

use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::text::random_characters;

/// Letters and digits that are not taken for each other when read aloud or copied by hand: without 0 O, 1 I L, 2 Z, 5 S,
/// 8 B, and without U and V.
pub(crate) const ALPHABET: &[u8; 23] = b"34679ACDEFGHJKMNPQRTWXY";
const GROUPS: usize = 4;
const GROUP_CHARACTERS: usize = 4;

/// A one-time password to hand over: four groups of four, such as `K7TM-XQ4W-9HCP-R3FD`; 72 bits.
///
/// # Errors
/// If the operating system gives no random bytes.
pub fn propose_one_time_password() -> Result<Zeroizing<String>, VaultError> {
    let characters = random_characters(ALPHABET, GROUPS * GROUP_CHARACTERS)?;
    Ok(grouped(&characters, GROUP_CHARACTERS))
}

/// The one form in which a one-time password is hashed. One that looks like a proposal is brought into the proposal's
/// form, so that small letters and missing hyphens do not matter; any other is taken as it is, but for space around it.
pub(crate) fn canonical(typed: &str) -> Zeroizing<String> {
    let bare: Zeroizing<Vec<u8>> = Zeroizing::new(
        typed.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'-').map(|byte| byte.to_ascii_uppercase()).collect(),
    );
    if bare.len() == GROUPS * GROUP_CHARACTERS && bare.iter().all(|byte| ALPHABET.contains(byte)) {
        grouped(&bare, GROUP_CHARACTERS)
    } else {
        Zeroizing::new(typed.trim().to_owned())
    }
}

/// The characters in groups of this many, with hyphens between them.
pub(crate) fn grouped(characters: &[u8], group: usize) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(characters.len() * 2));
    for (number, group) in characters.chunks(group).enumerate() {
        if number > 0 {
            text.push('-');
        }
        text.extend(group.iter().copied().map(char::from));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_is_four_groups_of_four_and_each_is_another() {
        let proposal = propose_one_time_password().unwrap();
        assert_eq!(proposal.split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4, 4]);
        assert_ne!(proposal, propose_one_time_password().unwrap());
        assert!(crate::strength::check_one_time_password(&proposal, &[]).is_ok());
    }

    #[test]
    fn a_proposal_may_be_typed_without_hyphens_and_in_small_letters() {
        for typed in ["K7TM-XQ4W-9HCP-R3FD", "k7tmxq4w9hcpr3fd", " K7TM XQ4W 9HCP R3FD\n"] {
            assert_eq!(*canonical(typed), "K7TM-XQ4W-9HCP-R3FD");
        }
    }

    #[test]
    fn one_that_somebody_made_up_is_taken_as_it_is() {
        assert_eq!(*canonical(" Blue-kettle over 7 hills "), "Blue-kettle over 7 hills");
    }
}
