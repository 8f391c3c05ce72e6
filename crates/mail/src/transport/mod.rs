//! Ways out for a mail.

mod maildir;
mod smtp;

use async_trait::async_trait;

use crate::Composed;

pub use maildir::Maildir;
pub use smtp::{Smtp, SmtpCredentials, SmtpError, SmtpSettings, SmtpTls};

/// What became of handing a mail over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// It was taken, durably as far as the other side says.
    Delivered,
    /// It was refused, for good: trying again would not help.
    Refused {
        /// Code and words, without addresses; at most 200 characters.
        answer: String,
    },
    /// It was not taken, or it is not known whether it was: try again later.
    Failed {
        /// What went wrong, without addresses; at most 200 characters.
        reason: String,
    },
}

/// A way out for mails.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Hands a mail over, and says what became of it. Does not try again by itself.
    async fn send(&self, mail: &Composed) -> Delivery;

    /// How many mails are handed over together, because that costs little more than one; 1: each goes by itself.
    fn together(&self) -> usize {
        1
    }

    /// Hands several mails over, at most [`Transport::together`]. One answer each, in the order of the mails.
    async fn send_all(&self, mails: &[Composed]) -> Vec<Delivery> {
        let mut deliveries = Vec::with_capacity(mails.len());
        for mail in mails {
            deliveries.push(self.send(mail).await);
        }
        deliveries
    }

    /// What it is, for the status page: `maildir`, `smtp`.
    fn name(&self) -> &'static str;
}

/// Words from elsewhere as they may be recorded: one line, what looks like an address left out, at most 200 characters.
pub(crate) fn without_addresses(words: &str) -> String {
    let line = crate::text::one_line(words);
    let words: Vec<&str> = line.split(' ').map(|word| if word.contains('@') { "<address>" } else { word }).collect();
    words.join(" ").chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::without_addresses;

    #[test]
    fn a_servers_words_are_recorded_without_addresses_and_line_breaks() {
        let words = "550 5.1.1 <ada@example.com>:\r\nno such user (ada@example.com) here";
        assert_eq!(without_addresses(words), "550 5.1.1 <address> no such user <address> here");
        assert_eq!(without_addresses(&"x".repeat(500)).len(), 200);
    }
}
