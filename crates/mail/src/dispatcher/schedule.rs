//! What is to be sent when.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use domain::MailId;
use jiff::Timestamp;
use notification_dispatch::{Cursor, Owed};

use super::Sending;
use crate::Attempt;

/// Owed mails that are not being sent right now: those never tried in the order of their causes, those tried by when they are due.
#[derive(Default)]
pub(super) struct Schedule {
    /// The last mail that was read.
    cursor: Cursor,
    fresh: VecDeque<Owed>,
    waiting: BTreeMap<(Timestamp, MailId), (Owed, u32)>,
    /// Attempts of an earlier holder of the lease at mails that were not met again yet.
    remembered: HashMap<MailId, Attempt>,
    /// Mails that were being sent already when this was begun. They are not met again: what becomes of them is told.
    under_way: HashSet<MailId>,
}

impl Schedule {
    pub(super) fn new(remembered: HashMap<MailId, Attempt>, under_way: HashSet<MailId>) -> Self {
        Self { remembered, under_way, ..Self::default() }
    }

    /// The last mail that was read: reading goes on after it.
    pub(super) fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// How many mails were never tried.
    pub(super) fn fresh(&self) -> usize {
        self.fresh.len()
    }

    /// How many mails are scheduled.
    pub(super) fn len(&self) -> usize {
        self.fresh.len() + self.waiting.len()
    }

    /// Takes mails in that were read after the cursor.
    pub(super) fn extend(&mut self, page: Vec<Owed>) {
        for owed in page {
            self.cursor = owed.cursor();
            if self.under_way.contains(&owed.id) {
                continue;
            }
            match self.remembered.remove(&owed.id) {
                Some(attempt) => self.later(owed, &attempt),
                None => self.fresh.push_back(owed),
            }
        }
    }

    /// Takes a mail back in that is to be tried again.
    pub(super) fn later(&mut self, owed: Owed, attempt: &Attempt) {
        self.waiting.insert((attempt.next_at, owed.id), (owed, attempt.count));
    }

    /// Takes out the mail that is to be sent next: one never tried first, then one that is due again.
    pub(super) fn next(&mut self, now: Timestamp, may_retry: bool) -> Option<Sending> {
        if let Some(owed) = self.fresh.pop_front() {
            return Some(Sending { owed, attempts: 0, is_retry: false });
        }
        let first = self.waiting.first_entry().filter(|first| may_retry && first.key().0 <= now)?;
        let (owed, attempts) = first.remove();
        Some(Sending { owed, attempts, is_retry: true })
    }

    /// When the next mail is due again.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.waiting.first_key_value().map(|((at, _), _)| *at)
    }
}
