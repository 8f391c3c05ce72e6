//! For teams that follow Gatehouse: its public events over NATS or HTTP, each handled once and in order.
//!
//! Gatehouse registers companies, their users, and who may open which application. A service that provisions accounts, say, follows
//! its **events** ([`public_events`]): `access.granted.v1`, `user.suspended.v1`, and some forty more. They are thin (ids, codes,
//! states) and hold nothing personal; who a user is, is asked for over HTTP with the service's own token.
//!
//! # What an application does
//!
//! 1. It keeps a [`Progress`] (two values: epoch and position) **in the same transaction as the effects** of an event. That is all
//!    that makes every event count once: an event that is sent twice is found to be [`Seen`](Step::Seen).
//! 2. It begins with a snapshot ([`http::Gatehouse::snapshot`]), or from the first event.
//! 3. It implements [`Application`] and calls [`follow`], or takes events from a [`Source`] itself.
//! 4. It forgets a person when `person.erased.v1` comes, and [says so](http::Gatehouse::acknowledge_erasure).
//!
//! It may stop for a week: the consumer at NATS, or the position over HTTP, is where it was.
//!
//! # Example
//!
//! `examples/provision-accounts` is a whole service on a SQLite table, with a snapshot, erasures, and a choice of NATS or HTTP. In short:
//!
//! ```no_run
//! use gatehouse_client::http::{Gatehouse, TailBy};
//! use gatehouse_client::nats::{Consumer, ConsumerOptions};
//! use gatehouse_client::public_events::PublicEvent;
//! use gatehouse_client::{Application, Coverage, Event, Progress, Source, What, follow};
//!
//! /// Who may open our application. A real one keeps this in a database.
//! #[derive(Default)]
//! struct Users {
//!     names: std::collections::BTreeMap<String, String>,
//!     progress: Option<Progress>,
//! }
//!
//! struct Service {
//!     users: Users,
//!     gatehouse: Gatehouse,
//! }
//!
//! impl Application for Service {
//!     type Error = gatehouse_client::http::HttpError;
//!
//!     async fn progress(&mut self) -> Result<Option<Progress>, Self::Error> {
//!         Ok(self.users.progress)
//!     }
//!
//!     async fn handle(&mut self, event: &Event, progress: Progress) -> Result<(), Self::Error> {
//!         match &event.what {
//!             What::Known(PublicEvent::AccessGranted(access)) => {
//!                 // Asked before the transaction begins: it stays short.
//!                 let user = self.gatehouse.user(access.user).await?;
//!                 let name = user.and_then(|user| user.user_id).unwrap_or_default();
//!                 self.users.names.insert(access.user.to_string(), name);
//!             }
//!             What::Known(PublicEvent::AccessRevoked(access)) => {
//!                 self.users.names.remove(&access.user.to_string());
//!             }
//!             What::Known(PublicEvent::PersonErased(erased)) => {
//!                 self.users.names.remove(&erased.person.to_string());
//!                 self.gatehouse.acknowledge_erasure(erased.person).await?;
//!             }
//!             // Whatever else happened, and what is newer than this program, concerns us only in that it was seen.
//!             _ => {}
//!         }
//!         self.users.progress = Some(progress); // In a database: commit.
//!         Ok(())
//!     }
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let gatehouse = Gatehouse::new("https://gateway.example", "the token of this service")?;
//! let mut service = Service { users: Users::default(), gatehouse: gatehouse.clone() };
//!
//! // Over NATS: the operator has made the durable consumer `parts`, limited to what we may see.
//! let connect = async_nats::ConnectOptions::with_user_and_password("parts".into(), "secret".into()).custom_inbox_prefix("_INBOX_parts");
//! let options = ConsumerOptions { api: "GATEHOUSE.API".into(), ..ConsumerOptions::named("parts") };
//! let consumer = Consumer::connect("tls://nats.gateway.example:4222", connect, options).await?;
//! let source = Source::from(consumer);
//!
//! // Or over HTTP, with nothing else changed:
//! let source = Source::from(gatehouse.tail(service.users.progress, TailBy::LongPoll));
//!
//! let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
//! follow(source, Coverage::Part, &mut service, stop).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What is promised
//!
//! - **Each event once**: its effects and the progress are one transaction of the application; an event is acknowledged after that.
//! - **In order**: the order of the log. Redelivery at NATS cannot change it: when a message was sent that did not arrive, what came
//!   after it is held back until it has come again (at most the consumer's `ack_wait` later).
//! - **None left out**: where an application sees everything ([`Coverage::Everything`]), each event must follow the one before, or
//!   [`OutOfStep::Gap`] says which are missing. Where it sees a part, the consumer's own counts guard the order; nobody can tell from
//!   outside what it is not sent.
//! - **A restored log is noticed**: its epoch is another, [`OutOfStep::HistoryChanged`] says so, and the application begins anew with
//!   a snapshot.
//! - **What is newer is no error**: [`What::Unknown`] is handed over, counted ([`Source::unknown`]) and logged once per type. What is
//!   malformed is one, with the event's id, and stops the application: nothing is passed over in silence.
//! - **What passes is waited out**: servers that are down, leaders that change, networks that break. Errors need somebody.
//!
//! # Features
//!
//! `nats` and `http`, both on by default.

mod event;
mod follow;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "nats")]
pub mod nats;
mod progress;
mod source;

pub use event::{Event, Malformed, What};
pub use follow::{Application, FollowError, follow};
pub use progress::{Coverage, OutOfStep, Progress, Step};
pub use public_events;
pub use source::{Delivery, Source, SourceError};
