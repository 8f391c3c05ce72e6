//! What happens to each company, and when.

use jiff::{SignedDuration, Timestamp};

use super::dice::Dice;

/// One thing that happens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Act {
    /// When.
    pub(super) at: Timestamp,
    /// To which company, by number.
    pub(super) company: u32,
    /// What.
    pub(super) what: What,
}

/// What can happen to a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The partner invites it.
    Invite,
    /// The invitation is taken back.
    Revoke,
    /// Somebody follows the link and begins to register; without an invitation, by the public page.
    Start,
    /// The profile is filled in.
    Profile,
    /// The administrators are named.
    Administrators,
    /// It is submitted.
    Submit,
    /// A reviewer takes it.
    Claim,
    /// The reviewer asks for information.
    Ask,
    /// The registrant answers.
    Answer,
    /// The registrant gives up.
    Withdraw,
    /// It is approved.
    Approve,
    /// It is rejected.
    Reject,
    /// The organization administrator logs in for the first time.
    FirstLogin,
}

/// All that happens until now, in order.
#[derive(Debug)]
pub(super) struct Plot {
    /// The acts.
    pub(super) acts: Vec<Act>,
    /// The seed of names and places.
    pub(super) seed: u64,
}

impl Plot {
    /// The lives of so many companies, begun between two instants, cut off at the later one.
    pub(super) fn new(companies: u32, seed: u64, from: Timestamp, until: Timestamp) -> Self {
        let span = from.duration_until(until).as_secs().max(1);
        let mut acts = Vec::new();
        for company in 0..companies {
            let mut dice = Dice::new(seed, u64::from(company));
            let begins = u64::try_from(span).map_or(0, |span| dice.below(span));
            let at = from.saturating_add(SignedDuration::from_secs(i64::try_from(begins).unwrap_or_default())).unwrap_or(from);
            Life { at, company, acts: &mut acts }.live(&mut dice);
        }
        acts.retain(|act| act.at < until);
        // By time; what happens to one company at one time stays in its order.
        acts.sort_by_key(|act| act.at);
        Self { acts, seed }
    }
}

/// A company's life as it is told.
struct Life<'a> {
    at: Timestamp,
    company: u32,
    acts: &'a mut Vec<Act>,
}

impl Life<'_> {
    fn then(&mut self, after: SignedDuration, what: What) {
        self.at = self.at.saturating_add(after).unwrap_or(self.at);
        self.acts.push(Act { at: self.at, company: self.company, what });
    }

    fn live(mut self, dice: &mut Dice) {
        if dice.chance(80) {
            self.then(SignedDuration::ZERO, What::Invite);
            if dice.chance(3) {
                return self.then(dice.minutes(60, 2_000), What::Revoke);
            }
            if dice.chance(15) {
                return;
            }
        }
        self.then(dice.minutes(20, 3 * 24 * 60), What::Start);
        self.then(dice.minutes(5, 40), What::Profile);
        if dice.chance(8) {
            return;
        }
        self.then(dice.minutes(5, 240), What::Administrators);
        if dice.chance(6) {
            return;
        }
        self.then(dice.minutes(2, 90), What::Submit);
        if dice.chance(3) {
            return self.then(dice.minutes(30, 900), What::Withdraw);
        }
        self.review(dice);
    }

    fn review(mut self, dice: &mut Dice) {
        self.then(dice.minutes(60, 4 * 24 * 60), What::Claim);
        if dice.chance(18) {
            self.then(dice.minutes(5, 40), What::Ask);
            if dice.chance(35) {
                return;
            }
            self.then(dice.minutes(120, 2 * 24 * 60), What::Answer);
            self.then(dice.minutes(60, 24 * 60), What::Claim);
        }
        if dice.chance(4) {
            return;
        }
        if dice.chance(12) {
            return self.then(dice.minutes(5, 50), What::Reject);
        }
        self.then(dice.minutes(5, 50), What::Approve);
        if dice.chance(60) {
            self.then(dice.minutes(30, 2 * 24 * 60), What::FirstLogin);
        }
    }
}
