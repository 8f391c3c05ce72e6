//! Provisions the accounts of one application from Gatehouse's events into a SQLite table.
//!
//! ```sh
//! provision-accounts --gatehouse https://gateway.example --token-file token --application PARTS --database accounts.db
//! ```
//!
//! It begins with a snapshot (or, with `--from-the-beginning`, with the first event), goes on with the events as they come, and may be
//! killed at any moment: started again, it goes on where its last transaction ended. With `--nats` events come from a durable consumer
//! of JetStream, otherwise over HTTP; nothing else changes.
//!
//! * `accounts.rs`: the tables; progress changes in the same transaction as they do
//! * `provisioning.rs`: which event changes what, and what is asked over HTTP
//!
//! `SELECT * FROM provisioned` shows what came of it.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::wildcard_enum_match_arm,
    reason = "an example of an application, which takes from the published language what it needs"
)]

mod accounts;
mod provisioning;

use anyhow::Context;
use clap::Parser;
use gatehouse_client::http::{Gatehouse, TailBy};
use gatehouse_client::nats::{Consumer, ConsumerOptions};
use gatehouse_client::public_events::{ApplicationCode, Position};
use gatehouse_client::{Application, Coverage, FollowError, OutOfStep, Progress, Source, Step, follow};

use crate::accounts::Accounts;
use crate::provisioning::Provisioning;

/// Provisions the accounts of one application into a SQLite table.
#[derive(Parser)]
struct Options {
    /// Where Gatehouse is.
    #[arg(long)]
    gatehouse: String,
    /// The file with this service's token.
    #[arg(long)]
    token_file: String,
    /// The code of the application.
    #[arg(long)]
    application: ApplicationCode,
    /// The SQLite file.
    #[arg(long)]
    database: String,
    /// Replays every event instead of beginning with a snapshot.
    #[arg(long)]
    from_the_beginning: bool,
    /// Where NATS is; events come over HTTP otherwise.
    #[arg(long)]
    nats: Option<String>,
    /// The user at NATS; the password is in the variable NATS_PASSWORD. The inbox prefix is `_INBOX_` and the user.
    #[arg(long, requires = "nats")]
    nats_user: Option<String>,
    /// The certificate authority of NATS, if it is none that this machine knows.
    #[arg(long, requires = "nats")]
    nats_ca: Option<String>,
    /// What JetStream's API is called there; `$JS.API` for a user in the account of the stream.
    #[arg(long, default_value = "GATEHOUSE.API")]
    nats_api: String,
    /// The durable consumer at NATS.
    #[arg(long, default_value = "accounts")]
    consumer: String,
    /// Over HTTP: one long answer instead of one after the other.
    #[arg(long)]
    stream: bool,
    /// This service sees only some applications: what it is not sent is no gap.
    #[arg(long)]
    limited: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let options = Options::parse();
    let token = std::fs::read_to_string(&options.token_file).context("the token cannot be read")?;
    let gatehouse = Gatehouse::new(&options.gatehouse, token.trim())?;
    let accounts = Accounts::open(&options.database).context("the database cannot be opened")?;
    let mut service = Provisioning { accounts, gatehouse, application: options.application.clone() };

    // What was to be done when it was killed.
    service.work_off().await?;
    if service.progress().await?.is_none() && !options.from_the_beginning {
        service.bootstrap().await?;
    }
    let coverage = if options.limited { Coverage::Part } else { Coverage::Everything };
    loop {
        let source = source(&options, &mut service).await?;
        match follow(source, coverage, &mut service, stop()).await {
            Ok(()) => return Ok(()),
            Err(FollowError::OutOfStep(OutOfStep::Gap { seen, up_to, .. })) => {
                tracing::warn!(%seen, %up_to, "events are missing: fetching them over HTTP");
                catch_up(&mut service, up_to).await?;
            }
            Err(FollowError::OutOfStep(changed @ OutOfStep::HistoryChanged { .. })) => {
                tracing::warn!(%changed);
                let before = service.progress().await?;
                service.bootstrap().await?;
                let is_other = |before: Progress, now: Progress| before.epoch != now.epoch || now.position < before.position;
                let changed = before.zip(service.progress().await?).is_none_or(|(before, now)| is_other(before, now));
                anyhow::ensure!(
                    changed,
                    "events come of a history that is no more: a new stream must be filled (gatehouse publish --into)"
                );
            }
            // Somebody has to look. A supervisor may start it again: it goes on where it was.
            Err(error) => return Err(error.into()),
        }
    }
}

/// Where events come from.
async fn source(options: &Options, service: &mut Provisioning) -> anyhow::Result<Source> {
    let Some(url) = &options.nats else {
        let by = if options.stream { TailBy::Stream } else { TailBy::LongPoll };
        let progress = service.progress().await?;
        return Ok(service.gatehouse.tail(progress, by).into());
    };
    let mut connect = async_nats::ConnectOptions::new().name("provision-accounts");
    if let Some(user) = &options.nats_user {
        let password = std::env::var("NATS_PASSWORD").context("NATS_PASSWORD is not set")?;
        connect = connect.user_and_password(user.clone(), password).custom_inbox_prefix(format!("_INBOX_{user}"));
    }
    if let Some(authority) = &options.nats_ca {
        connect = connect.add_root_certificates(authority.into()).require_tls(true);
    }
    let consumer = ConsumerOptions { api: options.nats_api.clone(), ..ConsumerOptions::named(&options.consumer) };
    Ok(Consumer::connect(url, connect, consumer).await?.into())
}

/// Closes a gap: the same events over HTTP.
async fn catch_up(service: &mut Provisioning, up_to: Position) -> anyhow::Result<()> {
    loop {
        let seen = service.progress().await?;
        let after = seen.map_or(Position(0), |seen| seen.position);
        if after >= up_to {
            return Ok(());
        }
        let events = service.gatehouse.events(after).await?;
        anyhow::ensure!(!events.is_empty(), "the events after {after} up to {up_to} are not to be had over HTTP either");
        for event in events {
            if let Step::Next(progress) = Progress::step(service.progress().await?, &event.envelope, Coverage::Everything)? {
                service.handle(&event, progress).await?;
            }
        }
    }
}

/// Until somebody asks it to end.
async fn stop() {
    // Without signals, it ends by being killed, which is as safe.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
