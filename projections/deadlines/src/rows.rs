//! The rows, which are also what queries answer with.

use jiff::Timestamp;
use projection_runtime::{table, words};

words! {
    /// What time is passed to.
    pub enum Kind {
        /// An invitation: reminded of, expires.
        Invitation = "invitation",
        /// A registration: expires, is due, its claim lapses, its approval takes effect.
        Registration = "registration",
        /// A user who was invited to register: expires.
        User = "user",
    }
}

table! {
    /// The instants that lie ahead of one aggregate.
    pub struct Deadline in "deadlines" {
        key {
            /// The aggregate's id.
            pub id: String,
        }
        /// What it is.
        pub kind: Kind,
        /// The earliest of the instants below; none: nothing lies ahead.
        pub next: Option<Timestamp>,
        /// When it expires unanswered or unsubmitted.
        pub expires_at: Option<Timestamp>,
        /// When its addressee is reminded.
        pub remind_at: Option<Timestamp>,
        /// When its review is due soon.
        pub soon_at: Option<Timestamp>,
        /// When its review is due.
        pub due_at: Option<Timestamp>,
        /// When its claim lapses.
        pub claim_until: Option<Timestamp>,
        /// When its approval takes effect.
        pub effective_at: Option<Timestamp>,
    }
}

impl Deadline {
    pub(crate) fn new(id: String, kind: Kind) -> Self {
        Self { id, kind, next: None, expires_at: None, remind_at: None, soon_at: None, due_at: None, claim_until: None, effective_at: None }
    }

    /// Nothing lies ahead any more.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(std::mem::take(&mut self.id), self.kind);
    }

    /// Notes what comes next.
    pub(crate) fn settle(&mut self) {
        self.next =
            [self.expires_at, self.remind_at, self.soon_at, self.due_at, self.claim_until, self.effective_at].into_iter().flatten().min();
    }
}
