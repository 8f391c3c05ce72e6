//! Everything that reads bytes from outside, each as a function of bytes that a fuzzer calls, with what must hold of whatever it takes.
//!
//! The corpora (`corpus/<target>/`: examples by hand, and what broke something once) are replayed by this crate's tests, with some hundred
//! mutations of each. `cargo xtask fuzz [TARGET] [--minutes N]` runs libFuzzer from there on.
//!
//! | target | reads | holds |
//! |---|---|---|
//! | `record` | the canonical record of an event | it is written again as the same bytes |
//! | `metadata` | the metadata of an event | it is written again as the same bytes |
//! | `event` | a stored event of any type and version, with its upcasters and personal values | written again and read again, it is the same |
//! | `public_event` | an event as a consumer gets it | written again and read again, it is the same |
//! | `body` | the JSON body of every command | a refusal repeats no value |
//! | `upload` | a CSV file | no more rows than may be; a refusal repeats no value |
//! | `text` | every kind of text that a field may be | accepted as it is shown, within its limits, without control characters |
//! | `words` | names to compare and to search for | doing it again changes nothing |
//! | `link_token` | the token of a link | nothing is taken that was not made |
//! | `cursor` | the place in a list, a position | it is written again as the same text |
//! | `address` | base URLs, addresses of databases, networks of proxies | it is written again as the same text, and no password is shown |
//! | `forwarded` | what a proxy says of the client's address | an address that is not a proxy's, or the peer's |
//! | `mail` | values in every mail | one line of subject, and no markup of theirs |
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what does not hold must end a fuzzer's run"
)]

mod bodies;
mod events;
mod mails;
mod texts;

/// A target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and that of its corpus.
    pub name: &'static str,
    /// Reads these bytes; panics if something does not hold.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "record", run: events::record },
    Target { name: "metadata", run: events::metadata },
    Target { name: "event", run: events::event },
    Target { name: "public_event", run: events::public_event },
    Target { name: "body", run: bodies::body },
    Target { name: "upload", run: bodies::upload },
    Target { name: "text", run: texts::text },
    Target { name: "words", run: texts::words },
    Target { name: "link_token", run: texts::link_token },
    Target { name: "cursor", run: texts::cursor },
    Target { name: "address", run: texts::address },
    Target { name: "forwarded", run: texts::forwarded },
    Target { name: "mail", run: mails::mail },
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// The largest input: more than any of these is given in earnest at once, but for uploads.
pub const MAX_BYTES: usize = 4_096;
