//! The mails that the service delivered to its maildir.

use super::SOON;
use super::world::{BASE_URL, World};

/// A delivered mail.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    /// The address that it went to.
    pub(crate) to: String,
    /// Its subject.
    pub(crate) subject: String,
    /// Its plain text.
    pub(crate) text: String,
    /// The whole file as it was delivered, without the line breaks of its encoding.
    pub(crate) source: String,
}

impl Mail {
    fn parse(source: &str) -> Self {
        let (head, body) = source.split_once("\n\n").unwrap();
        let headers = head.replace("\n ", " ").replace("\n\t", " ");
        let header = |name: &str| {
            let prefix = format!("{name}: ");
            headers.lines().find_map(|line| line.strip_prefix(&prefix)).map(str::to_owned)
        };
        let to = header("To").unwrap();
        let to = to.rsplit_once('<').map_or(to.as_str(), |(_, address)| address.trim_end_matches('>')).to_owned();
        let boundary =
            header("Content-Type").unwrap().split("boundary=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
        let delimiter = format!("--{boundary}");
        let plain = body.split(&delimiter).find(|part| part.contains("Content-Type: text/plain")).unwrap();
        let (head, text) = plain.split_once("\n\n").unwrap();
        let text = if head.contains("quoted-printable") { unquoted(text) } else { text.to_owned() };
        let text = text.trim().to_owned();
        Self { to, subject: header("Subject").unwrap(), text, source: source.replace("=\n", "") }
    }

    /// The link below this line of the text.
    #[track_caller]
    pub(crate) fn link(&self, label: &str) -> String {
        let mut lines = self.text.lines().skip_while(|line| *line != format!("{label}:"));
        let link = lines.nth(1).unwrap_or_else(|| panic!("no link {label:?} in {}", self.text));
        assert!(link.starts_with(BASE_URL), "{link}");
        link.to_owned()
    }

    /// The token at the end of the link below this line.
    #[track_caller]
    pub(crate) fn token(&self, label: &str) -> String {
        self.link(label).rsplit_once('/').unwrap().1.to_owned()
    }

    /// What stands behind this label on its line.
    #[track_caller]
    pub(crate) fn field(&self, label: &str) -> String {
        let prefix = format!("{label}: ");
        let value = self.text.lines().find_map(|line| line.strip_prefix(&prefix));
        value.unwrap_or_else(|| panic!("no {label:?} in {}", self.text)).to_owned()
    }

    /// The text without its line breaks, to look for a sentence in.
    pub(crate) fn flat(&self) -> String {
        self.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// A quoted-printable text (RFC 2045, 6.7) as it was before.
fn unquoted(text: &str) -> String {
    let joined = text.replace("=\n", "");
    let mut bytes = Vec::with_capacity(joined.len());
    let mut rest = joined.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'=').then(|| after.get(..2)).flatten();
        let code = code.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).unwrap()
}

impl World {
    /// All mails delivered until now.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        let Ok(folder) = std::fs::read_dir(self.mail_folder()) else { return Vec::new() };
        let files = folder.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
        files.map(|source| Mail::parse(&source)).collect()
    }

    /// Those to this address whose subject begins so.
    pub(crate) fn mails_to(&self, to: &str, subject: &str) -> Vec<Mail> {
        self.mails().into_iter().filter(|mail| mail.to == to && mail.subject.starts_with(subject)).collect()
    }

    /// The mails to this address that hold this sentence, as soon as there is one.
    pub(crate) async fn mails_of(&self, to: &str, sentence: &str) -> Vec<Mail> {
        test_support::eventually(&format!("a mail to {to} with {sentence:?}"), SOON, async || {
            let found: Vec<Mail> = self.mails().into_iter().filter(|mail| mail.to == to && mail.flat().contains(sentence)).collect();
            (!found.is_empty()).then_some(found)
        })
        .await
    }

    /// The one mail to this address whose subject begins so, as soon as it is there.
    pub(crate) async fn mail(&self, to: &str, subject: &str) -> Mail {
        self.nth_mail(to, subject, 1).await.swap_remove(0)
    }

    /// So many mails to this address whose subject begins so, as soon as they are there; not one more.
    pub(crate) async fn nth_mail(&self, to: &str, subject: &str, count: usize) -> Vec<Mail> {
        let what = format!("{count} mails {subject:?} to {to}");
        let found = test_support::eventually(&what, SOON, async || {
            let found = self.mails_to(to, subject);
            (found.len() >= count).then_some(found)
        })
        .await;
        assert_eq!(found.len(), count, "{found:#?}");
        found
    }
}
