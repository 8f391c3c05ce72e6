//! How often something may be done from one place, to one account, to one address.
//!
//! Which limits hold for a route is declared with it ([`crate::access::Endpoints::limited`]); what they count by is their own. What may be done how often
//! is the operator's to decide ([`Rates`]). Each instance counts for itself, in memory that does not grow without end, and forgets when it
//! ends: these limits keep load and nuisance small. What must be exact, wherever it is tried and whatever is restarted (guesses at one-time
//! passwords, passwords, codes), the vault counts.
//!
//! An answer over the limit is the same whether or not there is an account, a case or an invitation: limits count by what was sent.

mod allowance;
mod buckets;
mod meter;

use std::net::IpAddr;
use std::sync::Arc;

use domain::Actor;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use allowance::{Allowance, NoAllowance};
use buckets::Buckets;
pub(crate) use meter::Metered;

use crate::network::place;
use crate::problem::Problem;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Limit {
    /// Refused sign-ins, by network: guessing at many accounts.
    SignInsPerNetwork,
    /// Refused sign-ins, by User ID as sent and network: nobody can use up somebody else's from elsewhere.
    SignInsPerAccount,
    /// Sign-ins begun at the identity provider, by network: each is kept for ten minutes.
    ProviderSignInsPerNetwork,
    /// Registrations begun without an invitation, by network.
    RegistrationsPerNetwork,
    /// Challenges and answers of the human check, by network.
    HumanChecksPerNetwork,
    /// Answers of the human check, by registration.
    HumanChecksPerRegistration,
    /// Looks at where a case stands, by network.
    StatusPerNetwork,
    /// Mails that somebody makes this service send, by the address mailed.
    MailsPerAddress,
    /// Tokens and links that prove nobody, by network. Whoever has one that does is let through all the same.
    RefusedTokensPerNetwork,
    /// Commands of somebody in a session or with a link, whichever they are. API tokens are the operator's to give, and not limited.
    CommandsPerActor,
    /// Changes of what somebody signs in with, each of which they are mailed about at an address that they have chosen.
    CredentialChangesPerActor,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::SignInsPerNetwork,
        Self::SignInsPerAccount,
        Self::ProviderSignInsPerNetwork,
        Self::RegistrationsPerNetwork,
        Self::HumanChecksPerNetwork,
        Self::HumanChecksPerRegistration,
        Self::StatusPerNetwork,
        Self::MailsPerAddress,
        Self::RefusedTokensPerNetwork,
        Self::CommandsPerActor,
        Self::CredentialChangesPerActor,
    ];

    /// Its name: in the configuration, in metrics, in the API's description.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignInsPerNetwork => "sign_ins_per_network",
            Self::SignInsPerAccount => "sign_ins_per_account",
            Self::ProviderSignInsPerNetwork => "provider_sign_ins_per_network",
            Self::RegistrationsPerNetwork => "registrations_per_network",
            Self::HumanChecksPerNetwork => "human_checks_per_network",
            Self::HumanChecksPerRegistration => "human_checks_per_registration",
            Self::StatusPerNetwork => "status_per_network",
            Self::MailsPerAddress => "mails_per_address",
            Self::RefusedTokensPerNetwork => "refused_tokens_per_network",
            Self::CommandsPerActor => "commands_per_actor",
            Self::CredentialChangesPerActor => "credential_changes_per_actor",
        }
    }

    /// Whether every request of a route counts by where it comes from, before anything else of it is looked at; the others count by what their
    /// handlers find in it.
    pub(crate) fn is_by_network(self) -> bool {
        match self {
            Self::SignInsPerNetwork
            | Self::ProviderSignInsPerNetwork
            | Self::RegistrationsPerNetwork
            | Self::HumanChecksPerNetwork
            | Self::StatusPerNetwork => true,
            Self::SignInsPerAccount
            | Self::HumanChecksPerRegistration
            | Self::MailsPerAddress
            | Self::RefusedTokensPerNetwork
            | Self::CommandsPerActor
            | Self::CredentialChangesPerActor => false,
        }
    }

    /// Whether every request of a route counts by who sends it, as soon as that is known.
    pub(crate) fn is_by_actor(self) -> bool {
        matches!(self, Self::CommandsPerActor | Self::CredentialChangesPerActor)
    }

    /// Whether only what is refused counts.
    pub(crate) fn is_of_refusals(self) -> bool {
        match self {
            Self::SignInsPerNetwork | Self::SignInsPerAccount => true,
            Self::ProviderSignInsPerNetwork
            | Self::RegistrationsPerNetwork
            | Self::HumanChecksPerNetwork
            | Self::HumanChecksPerRegistration
            | Self::StatusPerNetwork
            | Self::MailsPerAddress
            | Self::RefusedTokensPerNetwork
            | Self::CommandsPerActor
            | Self::CredentialChangesPerActor => false,
        }
    }

    fn refusal(self) -> &'static str {
        match self {
            Self::MailsPerAddress => "this address has been sent as many mails as this service sends to one in a day; try again later",
            Self::SignInsPerNetwork
            | Self::SignInsPerAccount
            | Self::ProviderSignInsPerNetwork
            | Self::RegistrationsPerNetwork
            | Self::HumanChecksPerNetwork
            | Self::HumanChecksPerRegistration
            | Self::StatusPerNetwork
            | Self::RefusedTokensPerNetwork => "this was tried too often from there; try again later",
            Self::CommandsPerActor | Self::CredentialChangesPerActor => {
                "you have asked for more in a short time than anybody does by hand; try again later"
            }
        }
    }
}

/// How often each may be done: `[limits]` of the configuration. `"20/15m"` is 20 at once, and one more every 45 seconds after that; `"off"` is no limit.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rates {
    /// Refused sign-ins from one network. Networks of offices have many users: those who get in do not count.
    pub sign_ins_per_network: Allowance,
    /// Refused sign-ins with one User ID from one network. The vault counts wrong passwords and one-time passwords besides, wherever they come from.
    pub sign_ins_per_account: Allowance,
    /// Sign-ins of staff begun at the identity provider from one network.
    pub provider_sign_ins_per_network: Allowance,
    /// Registrations begun without an invitation from one network.
    pub registrations_per_network: Allowance,
    /// Challenges and answers of the human check from one network.
    pub human_checks_per_network: Allowance,
    /// Answers of the human check for one registration.
    pub human_checks_per_registration: Allowance,
    /// Looks at where a case stands from one network.
    pub status_per_network: Allowance,
    /// Mails to one address that somebody caused: invitations, invitations sent again, users created or invited, registrations begun.
    pub mails_per_address: Allowance,
    /// Tokens and links that prove nobody from one network.
    pub refused_tokens_per_network: Allowance,
    /// Commands of one user, member of the staff in a session, or link.
    pub commands_per_actor: Allowance,
    /// Changes of what one user or member of the staff signs in with.
    pub credential_changes_per_actor: Allowance,
}

impl Default for Rates {
    fn default() -> Self {
        const MINUTE: u32 = 60;
        Self {
            sign_ins_per_network: Allowance::of(300, 15 * MINUTE),
            sign_ins_per_account: Allowance::of(20, 15 * MINUTE),
            provider_sign_ins_per_network: Allowance::of(300, 15 * MINUTE),
            registrations_per_network: Allowance::of(60, 60 * MINUTE),
            human_checks_per_network: Allowance::of(300, 15 * MINUTE),
            human_checks_per_registration: Allowance::of(30, 15 * MINUTE),
            status_per_network: Allowance::of(120, 15 * MINUTE),
            mails_per_address: Allowance::of(20, 24 * 60 * MINUTE),
            refused_tokens_per_network: Allowance::of(300, 15 * MINUTE),
            commands_per_actor: Allowance::of(300, 5 * MINUTE),
            credential_changes_per_actor: Allowance::of(60, 24 * 60 * MINUTE),
        }
    }
}

impl Rates {
    fn of(&self, limit: Limit) -> Allowance {
        match limit {
            Limit::SignInsPerNetwork => self.sign_ins_per_network,
            Limit::SignInsPerAccount => self.sign_ins_per_account,
            Limit::ProviderSignInsPerNetwork => self.provider_sign_ins_per_network,
            Limit::RegistrationsPerNetwork => self.registrations_per_network,
            Limit::HumanChecksPerNetwork => self.human_checks_per_network,
            Limit::HumanChecksPerRegistration => self.human_checks_per_registration,
            Limit::StatusPerNetwork => self.status_per_network,
            Limit::MailsPerAddress => self.mails_per_address,
            Limit::RefusedTokensPerNetwork => self.refused_tokens_per_network,
            Limit::CommandsPerActor => self.commands_per_actor,
            Limit::CredentialChangesPerActor => self.credential_changes_per_actor,
        }
    }
}

/// Counts what is limited: one for the process.
pub struct Limits {
    rates: Rates,
    buckets: Buckets,
}

/// What one thing counts by.
#[derive(Debug, Clone, Copy)]
pub(crate) enum By<'a> {
    /// From where it comes.
    Network(IpAddr),
    /// What somebody signs in as, and from where if that is known.
    Account(&'a str, Option<IpAddr>),
    /// Which registration.
    Registration(uuid::Uuid),
    /// Which address is mailed.
    Address(&'a str),
    /// Who it is.
    Actor(&'a Actor),
}

impl By<'_> {
    fn bytes(self) -> Vec<u8> {
        let network = |address: IpAddr| place(address).to_string();
        match self {
            Self::Network(address) => network(address).into_bytes(),
            Self::Account(name, address) => {
                format!("{} {}", address.map(network).unwrap_or_default(), name.trim().to_ascii_uppercase()).into_bytes()
            }
            Self::Registration(id) => id.as_bytes().to_vec(),
            Self::Address(address) => mailbox(address).into_bytes(),
            Self::Actor(actor) => format!("{actor:?}").into_bytes(),
        }
    }
}

/// An address as far as it tells mailboxes apart: without what many servers let their users put behind a plus sign.
fn mailbox(address: &str) -> String {
    let address = address.trim().to_lowercase();
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{}@{domain}", local.split('+').next().unwrap_or(local)),
        None => address,
    }
}

impl Limits {
    /// As often as this.
    ///
    /// # Errors
    /// If the system has no random bytes.
    pub fn new(rates: Rates) -> Result<Self, getrandom::Error> {
        Ok(Self { rates, buckets: Buckets::new()? })
    }

    /// Counts it, until the charge is dropped or kept for good.
    ///
    /// # Errors
    /// 429 with `Retry-After` if it was done too often.
    pub(crate) fn charge(self: &Arc<Self>, limit: Limit, by: By<'_>, now: Timestamp) -> Result<Charge, Problem> {
        let Some(rate) = self.rates.of(limit).rate() else { return Ok(Charge(None)) };
        let key = self.buckets.key(&by.bytes());
        match self.buckets.take(limit, key, rate, now) {
            Ok(()) => Ok(Charge(Some((Arc::clone(self), limit, key)))),
            Err(seconds) => {
                metrics::counter!("gatehouse_limited_total", "limit" => limit.name()).increment(1);
                Err(Problem::too_many(limit.refusal(), seconds))
            }
        }
    }

    /// Counts it for good.
    ///
    /// # Errors
    /// 429 if it was done too often.
    pub(crate) fn count(self: &Arc<Self>, limit: Limit, by: By<'_>, now: Timestamp) -> Result<(), Problem> {
        self.charge(limit, by, now).map(Charge::keep)
    }
}

/// Something that was counted: given back when it is dropped, since it did not come to what is limited after all.
#[must_use = "what is dropped at once counts for nothing"]
pub(crate) struct Charge(Option<(Arc<Limits>, Limit, u128)>);

impl Charge {
    /// It counts for good.
    pub(crate) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if let Some((limits, limit, key)) = self.0.take()
            && let Some(rate) = limits.rates.of(limit).rate()
        {
            limits.buckets.give_back(limit, key, rate);
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::testing::{NOW, at};
    use jiff::SignedDuration;

    use super::*;

    fn limits(rates: Rates) -> Arc<Limits> {
        Arc::new(Limits::new(rates).unwrap())
    }

    fn later(seconds: i64) -> Timestamp {
        at(NOW).saturating_add(SignedDuration::from_secs(seconds)).unwrap()
    }

    fn counts(limits: &Arc<Limits>, limit: Limit, by: By<'_>, seconds: i64) -> bool {
        limits.count(limit, by, later(seconds)).is_ok()
    }

    #[test]
    fn so_many_at_once_and_then_one_by_one() {
        let limits = limits(Rates { sign_ins_per_account: Allowance::of(3, 30), ..Rates::default() });
        let (limit, by) = (Limit::SignInsPerAccount, By::Account("GU-1", None));
        assert_eq!([0, 0, 0, 0].map(|seconds| counts(&limits, limit, by, seconds)), [true, true, true, false]);
        assert_eq!(
            [9, 10, 10, 20, 60, 60, 60, 60].map(|seconds| counts(&limits, limit, by, seconds)),
            [false, true, false, true, true, true, true, false]
        );
        let refused = limits.count(limit, by, later(60)).unwrap_err();
        assert_eq!((refused.status, refused.seconds_to_wait()), (429, Some(10)));
    }

    #[test]
    fn what_is_dropped_is_given_back() {
        let limits = limits(Rates { mails_per_address: Allowance::of(1, 60), ..Rates::default() });
        let (limit, by) = (Limit::MailsPerAddress, By::Address("ada@example.org"));
        for _ in 0..5 {
            drop(limits.charge(limit, by, later(0)).unwrap());
        }
        let held = limits.charge(limit, by, later(0)).unwrap();
        assert!(limits.charge(limit, by, later(0)).is_err(), "it counts while it is held");
        held.keep();
        assert!(limits.charge(limit, by, later(0)).is_err());
    }

    #[test]
    fn each_counts_for_itself() {
        let limits =
            limits(Rates { sign_ins_per_account: Allowance::of(1, 60), mails_per_address: Allowance::of(1, 60), ..Rates::default() });
        let network = |text: &str| Some(text.parse().unwrap());
        let (account, mails) = (Limit::SignInsPerAccount, Limit::MailsPerAddress);
        assert!(counts(&limits, account, By::Account("GU-1", network("198.51.100.1")), 0));
        assert!(!counts(&limits, account, By::Account(" gu-1", network("198.51.100.1")), 0));
        assert!(counts(&limits, account, By::Account("GU-1", network("198.51.100.2")), 0), "from elsewhere the owner gets in");
        assert!(counts(&limits, account, By::Account("GU-2", network("198.51.100.1")), 0));
        assert!(counts(&limits, mails, By::Address("Ada+1@Example.org"), 0));
        assert!(!counts(&limits, mails, By::Address("ada+2@example.org "), 0));
        assert!(counts(&limits, mails, By::Address("ada@example.com"), 0));
    }

    #[test]
    fn off_is_no_limit() {
        let limits = limits(Rates { status_per_network: Allowance::Off, ..Rates::default() });
        let by = By::Network("198.51.100.1".parse().unwrap());
        assert!((0..10_000).all(|_| counts(&limits, Limit::StatusPerNetwork, by, 0)));
    }

    #[test]
    fn a_clock_that_is_put_back_keeps_nobody_out_for_longer() {
        let limits = limits(Rates { status_per_network: Allowance::of(2, 20), ..Rates::default() });
        let by = By::Network("198.51.100.1".parse().unwrap());
        assert!(counts(&limits, Limit::StatusPerNetwork, by, 1_000_000));
        assert!(!counts(&limits, Limit::StatusPerNetwork, by, 0));
        assert!(counts(&limits, Limit::StatusPerNetwork, by, 10));
    }

    #[test]
    fn memory_does_not_grow_without_end_and_holds_no_address() {
        let limits = limits(Rates::default());
        for at in 0..200_000_u32 {
            assert!(counts(&limits, Limit::StatusPerNetwork, By::Network(std::net::Ipv4Addr::from_bits(at).into()), 0));
        }
        assert_eq!(limits.buckets.len(Limit::StatusPerNetwork), buckets::MOST);
        let other = Limits::new(Rates::default()).unwrap();
        assert_ne!(limits.buckets.key(b"ada@example.org"), other.buckets.key(b"ada@example.org"), "keys are of this process only");
    }
}
