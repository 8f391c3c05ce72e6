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
        /// By when its review, which is going on, is to be decided; also after that, until it is decided.
        pub review_due: Option<Timestamp>,
    }
}

impl Deadline {
    pub(crate) fn new(id: String, kind: Kind) -> Self {
        Self {
            id,
            kind,
            next: None,
            expires_at: None,
            remind_at: None,
            soon_at: None,
            due_at: None,
            claim_until: None,
            effective_at: None,
            review_due: None,
        }
    }

    /// Nothing lies ahead any more.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(std::mem::take(&mut self.id), self.kind);
    }

    /// Notes what comes next. The rows keep whole microseconds: rounded up, since who is asked too early has nothing to do.
    pub(crate) fn settle(&mut self) {
        for instant in [
            &mut self.expires_at,
            &mut self.remind_at,
            &mut self.soon_at,
            &mut self.due_at,
            &mut self.claim_until,
            &mut self.effective_at,
            &mut self.review_due,
        ] {
            *instant = instant.map(whole_microsecond);
        }
        self.next = self.instants().min();
    }

    /// Whether anything lies ahead or a review is going on.
    pub(crate) fn is_needed(&self) -> bool {
        self.next.is_some() || self.review_due.is_some()
    }

    /// The latest of the instants that have come by `now`: who was asked after that has been asked for all of them.
    #[must_use]
    pub fn ripe(&self, now: Timestamp) -> Option<Timestamp> {
        self.instants().filter(|instant| *instant <= now).max()
    }

    fn instants(&self) -> impl Iterator<Item = Timestamp> {
        [self.expires_at, self.remind_at, self.soon_at, self.due_at, self.claim_until, self.effective_at].into_iter().flatten()
    }
}

fn whole_microsecond(instant: Timestamp) -> Timestamp {
    let microseconds = instant.as_nanosecond().saturating_add(999).div_euclid(1000);
    i64::try_from(microseconds).ok().and_then(|microseconds| Timestamp::from_microsecond(microseconds).ok()).unwrap_or(instant)
}
