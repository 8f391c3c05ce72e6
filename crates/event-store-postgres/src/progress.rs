//! How far a batch has come: what is answered already, and what may be in the log without anybody knowing.

use event_store::{AppendError, Appended, Position};

use crate::draft::Verdict;
use crate::queue::Queued;
use crate::session::natural;

/// One for each append of a batch, by its place.
#[derive(Debug)]
pub(crate) struct Progress {
    items: Vec<Item>,
    /// Whether the next attempt shuts out all other writers first.
    pub(crate) locked: bool,
    /// How many attempts there were.
    pub(crate) attempts: u32,
}

#[derive(Debug, Clone, Default)]
struct Item {
    outcome: Option<Result<Appended, AppendError>>,
    /// It was sent, and nobody has looked what became of it.
    sent: bool,
    /// It was sent over a connection that was lost: if it is found in the log, it may be from then.
    lost: bool,
}

impl Progress {
    pub(crate) fn new(appends: usize) -> Self {
        Self { items: vec![Item::default(); appends], locked: false, attempts: 0 }
    }

    /// Places of the appends that have no outcome yet.
    pub(crate) fn open(&self) -> Vec<usize> {
        self.items.iter().enumerate().filter(|(_, item)| item.outcome.is_none()).map(|(place, _)| place).collect()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.items.iter().all(|item| item.outcome.is_some())
    }

    /// These are about to be sent; of all others without an outcome it is known now that they are not in the log.
    pub(crate) fn sending(&mut self, verdicts: &[(usize, Verdict)]) {
        for (place, verdict) in verdicts {
            if let Some(item) = self.items.get_mut(*place) {
                item.sent = matches!(verdict, Verdict::Write { .. } | Verdict::RepeatOf { .. });
            }
        }
    }

    /// What was sent was certainly not written.
    pub(crate) fn not_written(&mut self) {
        self.items.iter_mut().for_each(|item| item.sent = false);
    }

    /// The connection is lost. What becomes of what was sent is judged by nothing but what is stored.
    pub(crate) fn lost(&mut self) {
        for item in &mut self.items {
            item.lost |= item.sent;
            self.locked |= item.sent;
        }
    }

    /// An append that was sent over a connection that was lost is in the log, whatever becomes of the rest of the batch.
    pub(crate) fn found(&mut self, place: usize, made: Appended) {
        if let Some(item) = self.items.get_mut(place) {
            *item = Item { outcome: Some(Ok(made)), ..Item::default() };
        }
    }

    /// Whether an append that is in the log may have been written by an earlier attempt of this batch.
    pub(crate) fn may_be_own(&self, place: usize) -> bool {
        self.items.get(place).is_some_and(|item| item.lost)
    }

    /// The draft is in the log, after this position, and its refusals stand.
    pub(crate) fn settle(&mut self, verdicts: Vec<(usize, Verdict)>, base: i64) {
        for (place, verdict) in verdicts {
            let at = |number: i64| Position(natural(base.saturating_add(number)));
            let outcome = match verdict {
                Verdict::Write { number, version } => Ok(Appended { position: at(number), version, repeated: false }),
                Verdict::RepeatOf { number, version } => Ok(Appended { position: at(number), version, repeated: true }),
                Verdict::Stored(made) => Ok(made),
                Verdict::Refused { error, .. } => Err(error),
            };
            if let Some(item) = self.items.get_mut(place) {
                *item = Item { outcome: Some(outcome), ..Item::default() };
            }
        }
    }

    /// No further attempt: what has no outcome was not made, or nobody can tell.
    pub(crate) fn give_up(&mut self, reason: &std::sync::Arc<str>) {
        for item in self.items.iter_mut().filter(|item| item.outcome.is_none()) {
            let reason = std::sync::Arc::clone(reason);
            item.outcome = Some(Err(if item.sent { AppendError::OutcomeUnknown(reason) } else { AppendError::Unavailable(reason) }));
        }
    }

    /// Lets appends that depend on these know of those that failed, before anybody is answered.
    pub(crate) fn stage(&self, batch: &[Queued]) {
        for (item, queued) in self.items.iter().zip(batch) {
            if !matches!(item.outcome, Some(Ok(_))) {
                queued.settle.stage(false);
            }
        }
    }

    /// The outcomes; all are there once it is done.
    pub(crate) fn into_outcomes(self) -> impl Iterator<Item = Result<Appended, AppendError>> {
        let unknown = || Err(AppendError::OutcomeUnknown("the batch was left".into()));
        self.items.into_iter().map(move |item| item.outcome.unwrap_or_else(unknown))
    }
}
