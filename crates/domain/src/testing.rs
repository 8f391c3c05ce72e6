//! Given what happened, when something is asked, then this follows: a harness for the tests of every aggregate, with the
//! values that such tests need over and over. Compiled for tests only (feature `testing`).
#![allow(clippy::panic, reason = "a test fails by a panic")]

use std::fmt::Debug;
use std::sync::Arc;

use jiff::{Timestamp, ToSpan};
use uuid::Uuid;

use crate::{
    Actor, Address, AddressLine, Aggregate, CommandId, CompanyName, Contact, Context, Country, Email, IdentifierScheme, IdentifierValue,
    OrganizationProfile, PersonId, PersonName, Personal, Policy, Reason, RegisteredIdentifier, Registrant, Rejection, RejectionKind,
};

/// The instant of every decision unless a test says otherwise: a Monday, an hour into business.
pub const NOW: &str = "2026-03-02T10:00:00Z";

/// A context with a fixed clock ([`NOW`]), command id, actor and the default policy.
#[must_use]
pub fn context() -> Context {
    Context {
        command_id: CommandId(uuid(0xc0_4d)),
        now: at(NOW),
        actor: Actor::System("test".to_owned()),
        policy: Arc::new(Policy::default()),
    }
}

/// What has happened so far, and under which circumstances the next thing is asked.
pub struct Scenario<A: Aggregate> {
    events: Vec<A::Event>,
    context: Context,
}

impl<A: Aggregate> Clone for Scenario<A> {
    fn clone(&self) -> Self {
        Self { events: self.events.clone(), context: self.context.clone() }
    }
}

/// Begins a scenario in which these events have happened: `given::<Invitation>([...])`.
#[must_use]
pub fn given<A: Aggregate>(events: impl IntoIterator<Item = A::Event>) -> Scenario<A> {
    Scenario { events: events.into_iter().collect(), context: context() }
}

impl<A: Aggregate> Scenario<A> {
    /// These events happened as well.
    #[must_use]
    pub fn and(mut self, events: impl IntoIterator<Item = A::Event>) -> Self {
        self.events.extend(events);
        self
    }

    /// The instant of the next decision.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.context.now
    }

    /// It is this instant now, as RFC 3339.
    #[must_use]
    pub fn at(mut self, now: &str) -> Self {
        self.context.now = at(now);
        self
    }

    /// So many minutes have passed.
    #[must_use]
    pub fn after_minutes(mut self, minutes: i64) -> Self {
        self.context.now = later(self.context.now, minutes);
        self
    }

    /// This actor asks.
    #[must_use]
    pub fn by(mut self, actor: Actor) -> Self {
        self.context.actor = actor;
        self
    }

    /// These are the operator's rules.
    #[must_use]
    pub fn under(mut self, policy: Policy) -> Self {
        self.context.policy = Arc::new(policy);
        self
    }

    /// This is the context.
    #[must_use]
    pub fn with(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    /// What the events fold to.
    #[must_use]
    pub fn state(&self) -> A::State {
        self.events.iter().fold(A::State::default(), A::evolve)
    }

    /// Decides the command.
    #[must_use]
    pub fn when(self, command: A::Command) -> Outcome<A> {
        let result = A::decide(&self.state(), command, &self.context);
        Outcome { before: self, result }
    }

    /// Decides a command that is accepted, and goes on from its events: for the steps that lead up to what a test is about.
    #[must_use]
    pub fn having(self, command: A::Command) -> Self {
        self.when(command).accepted()
    }
}

/// What followed a command.
pub struct Outcome<A: Aggregate> {
    before: Scenario<A>,
    result: Result<Vec<A::Event>, A::Rejection>,
}

impl<A: Aggregate> Outcome<A> {
    /// The command was accepted; the scenario goes on with its events in place.
    ///
    /// # Panics
    /// When it was rejected.
    #[must_use]
    #[track_caller]
    pub fn accepted(self) -> Scenario<A> {
        match self.result {
            Ok(events) => self.before.and(events),
            Err(rejection) => panic!("the command was rejected: {rejection} ({})", rejection.code()),
        }
    }

    /// The events that follow.
    ///
    /// # Panics
    /// When the command was rejected.
    #[must_use]
    #[track_caller]
    pub fn events(self) -> Vec<A::Event> {
        match self.result {
            Ok(events) => events,
            Err(rejection) => panic!("the command was rejected: {rejection} ({})", rejection.code()),
        }
    }

    /// The rule that was broken.
    ///
    /// # Panics
    /// When the command was accepted.
    #[must_use]
    #[track_caller]
    pub fn rejection(self) -> A::Rejection {
        match self.result {
            Err(rejection) => rejection,
            Ok(events) => panic!("the command was accepted: {events:?}"),
        }
    }

    /// What was asked for is already so: no event follows.
    ///
    /// # Panics
    /// When an event follows or the command was rejected.
    #[track_caller]
    pub fn then_nothing(self) {
        let events = self.events();
        assert!(events.is_empty(), "expected no event, found {events:?}");
    }

    /// Refused by the rule of this name, as a rejection of this kind. What the rejection says is a whole sentence.
    ///
    /// # Panics
    /// When the command was accepted or broke another rule.
    #[track_caller]
    pub fn then_refused(self, kind: RejectionKind, code: &str) {
        let rejection = self.rejection();
        assert_eq!((rejection.code(), rejection.kind()), (code, kind), "{rejection}");
        assert!(!rejection.to_string().is_empty(), "{code} says nothing");
    }
}

impl<A: Aggregate> Outcome<A>
where
    A::Event: PartialEq,
{
    /// Exactly these events follow; the scenario goes on with them in place.
    ///
    /// # Panics
    /// When others follow or the command was rejected.
    #[track_caller]
    pub fn then_events(self, expected: impl IntoIterator<Item = A::Event>) -> Scenario<A> {
        let before = self.before.clone();
        let events = self.events();
        assert_eq!(events, Vec::from_iter(expected));
        before.and(events)
    }
}

impl<A: Aggregate> Outcome<A>
where
    A::Rejection: PartialEq + Debug,
{
    /// Refused with exactly this rejection.
    ///
    /// # Panics
    /// When the command was accepted or rejected otherwise.
    #[track_caller]
    pub fn then_rejected(self, expected: A::Rejection) {
        assert_eq!(self.rejection(), expected);
    }
}

/// An instant from RFC 3339.
#[must_use]
pub fn at(instant: &str) -> Timestamp {
    instant.parse().unwrap_or_else(|error| panic!("{instant}: {error}"))
}

/// So many minutes later.
#[must_use]
pub fn later(instant: Timestamp, minutes: i64) -> Timestamp {
    instant.checked_add(minutes.minutes()).unwrap_or(Timestamp::MAX)
}

/// The UUID of a small number.
#[must_use]
pub fn uuid(number: u128) -> Uuid {
    uuid::Builder::from_custom_bytes(number.to_be_bytes()).into_uuid()
}

/// Whatever the parser of a text makes of it: `text(CompanyName::parse, "Rotor Works")`.
#[must_use]
#[track_caller]
pub fn text<T>(parse: impl Fn(&str) -> Result<T, crate::Invalid>, value: &str) -> T {
    parse(value).unwrap_or_else(|invalid| panic!("{value}: {invalid}"))
}

/// A reason of these words.
#[must_use]
pub fn reason(words: &str) -> Reason {
    text(Reason::parse, words)
}

/// A company's name.
#[must_use]
pub fn company(name: &str) -> CompanyName {
    text(CompanyName::parse, name)
}

/// An e-mail address.
#[must_use]
pub fn email(address: &str) -> Email {
    text(Email::parse, address)
}

/// Contact details of somebody with this given name: `Ada` is Ada Example, <ada@example.com>.
#[must_use]
pub fn contact(given_name: &str) -> Contact {
    Contact {
        given_name: text(PersonName::parse, given_name),
        family_name: text(PersonName::parse, "Example"),
        email: email(&format!("{}@example.com", given_name.to_lowercase())),
        phone: None,
        job_title: None,
    }
}

/// Person number `number` with contact details of this given name.
#[must_use]
pub fn nominee(number: u128, given_name: &str) -> Personal<Contact> {
    Personal::new(PersonId(uuid(number)), contact(given_name))
}

/// Person number `number` as a registrant of this given name.
#[must_use]
pub fn registrant(number: u128, given_name: &str) -> Personal<Registrant> {
    let Contact { given_name, email, .. } = contact(given_name);
    Personal::new(PersonId(uuid(number)), Registrant { name: Some(given_name), email })
}

/// The profile of a company in Hamburg of this name, with a D-U-N-S number.
#[must_use]
pub fn profile(legal_name: &str) -> OrganizationProfile {
    OrganizationProfile {
        legal_name: company(legal_name),
        trading_name: None,
        address: Address {
            lines: vec![text(AddressLine::parse, "Am Sandtorkai 1")],
            city: text(AddressLine::parse, "Hamburg"),
            region: None,
            postal_code: Some(text(AddressLine::parse, "20457")),
            country: text(Country::parse, "DE"),
        },
        identifiers: vec![identifier("DUNS", "150483782")],
        phone: None,
        website: None,
    }
}

/// A registered identifier.
#[must_use]
pub fn identifier(scheme: &str, value: &str) -> RegisteredIdentifier {
    RegisteredIdentifier { scheme: text(IdentifierScheme::parse, scheme), value: text(IdentifierValue::parse, value) }
}
