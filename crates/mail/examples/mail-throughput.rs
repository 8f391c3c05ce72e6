//! What a mail costs: `cargo run --release -p mail --example mail-throughput 10000 [FOLDER]` with the number of invitations that owe
//! one, each through the outbox, its template, a maildir and the log, in a folder of its own on the disk to be measured.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement that cannot be made has failed")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use command_handlers::{CommandHandlers, Settings};
use domain::invitation::InvitationEvent;
use domain::{Addressee, ApplicationId, CommandId, CompanyName, Email, EventId, Owner, PersonName, Personal, Policy};
use event_codec::Codec;
use event_store::{Append, EventStore, Expected};
use event_store_sqlite::{Options, SqliteLog};
use jiff::Timestamp;
use key_ring::{KeyRing, Link, MasterKey};
use mail::{Attempts, BaseUrl, Composer, Dispatcher, DispatcherSettings, Fates, LinkSigner, Links, Maildir, Sender, Templates, Transport};
use notification_dispatch::NotificationDispatch;
use projection_runtime::{Clock, Fingerprint, Lease, Metadata, Runtime, Setup, StreamId, Views};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

struct Signer(MasterKey);

impl LinkSigner for Signer {
    fn token(&self, kind: &str, id: Uuid, generation: u32) -> String {
        self.0.link_token(kind, Link { id, generation })
    }
}

fn composer() -> Composer {
    let sender = Sender::new("Supply Gateway", "no-reply@gateway.example", Some("help@gateway.example")).unwrap();
    let base = BaseUrl::parse("https://gateway.example").unwrap();
    let signer = Arc::new(Signer(MasterKey::from_bytes([1; 32])));
    Composer::new(sender, Templates::compiled_in("en", "America/New_York").unwrap(), Links::new(base, signer))
}

async fn invite(log: &SqliteLog, codec: &Codec, ring: &KeyRing, invitations: u32) {
    let mut waiting = Vec::new();
    for number in 0..invitations {
        let stream = StreamId::new("invitation", domain::derive(Uuid::from_u128(u128::from(number) << 88), "invitation"));
        let command = CommandId(Uuid::from_u128(u128::from(number)));
        let actor = domain::Actor::Operator;
        let metadata = Metadata { command, fingerprint: Fingerprint(0), actor, from: "http 192.0.2.0/24".to_owned(), cause: None };
        let name = |text| PersonName::parse(text).unwrap();
        let addressee = Addressee {
            email: Email::parse(&format!("ada.moreau.{number}@turbine.example")).unwrap(),
            name: Some(name("Ada Moreau")),
            message: None,
        };
        let event = InvitationEvent::Sent {
            inviter: Owner::Operator,
            inviter_name: CompanyName::parse("Supply Gateway").unwrap(),
            company: CompanyName::parse(&format!("Turbine Works {number}")).unwrap(),
            addressee: Personal::new(ring.allot().unwrap(), addressee),
            applications: vec![ApplicationId(Uuid::from_u128(7))],
            organization: None,
            expires_at: "2126-12-02T14:00:00Z".parse().unwrap(),
            invited_by: None,
        };
        let metadata = codec.encode_metadata(&metadata).unwrap();
        let event = codec.encode(&stream, EventId(domain::derive(stream.key, "event")), &event, metadata).unwrap();
        waiting.push(log.append(Append { stream, expected: Expected::NoStream, events: vec![event], after: None }));
    }
    for ticket in waiting {
        ticket.outcome().await.unwrap();
    }
}

/// Processor time of this process so far: user and system.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let ticks: u64 = stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    // A hundred ticks a second, on every architecture that matters.
    Duration::from_millis(ticks * 10)
}

fn report(what: &str, mails: u32, began: (Duration, Instant)) {
    let (took, wall) = (cpu() - began.0, began.1.elapsed());
    println!("{what}: {:?} of processor time and {:?} for each of {mails} mails", took / mails, wall / mails);
}

async fn compose_only(views: &Views, mails: u32) {
    let composer = composer();
    let mut view = views.read(None, Duration::from_secs(5)).await.unwrap();
    let sample = notification_dispatch::due(view.rows(), Timestamp::MAX, 1).await.unwrap().pop().unwrap();
    let began = (cpu(), Instant::now());
    for _ in 0..mails {
        composer.compose(&sample, Timestamp::UNIX_EPOCH).unwrap();
    }
    report("templates only", mails, began);
    let composed = composer.compose(&sample, Timestamp::UNIX_EPOCH).unwrap();
    let began = (cpu(), Instant::now());
    for _ in 0..mails {
        composed.message(mail::Encoding::Readable).unwrap().formatted();
    }
    report("message of RFC 5322 only", mails, began);
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let mails: u32 = arguments.next().map_or(10_000, |text| text.parse().unwrap());
    let folder = arguments.next().map_or_else(tempfile::tempdir, tempfile::tempdir_in).unwrap();
    let clock: Clock = Arc::new(Timestamp::now);
    let log = Arc::new(SqliteLog::open(folder.path().join("events.db"), Options::new(Arc::clone(&clock))).unwrap());
    let ring = Arc::new(KeyRing::open(&folder.path().join("keys.db"), &MasterKey::from_bytes([1; 32])).unwrap());
    let codec = Codec::new(Arc::<KeyRing>::clone(&ring));
    invite(&log, &codec, &ring, mails).await;
    let projections: Vec<Arc<dyn projection_runtime::Projection>> = vec![Arc::new(NotificationDispatch)];
    let store: Arc<dyn EventStore> = Arc::<SqliteLog>::clone(&log);
    let setup = Setup {
        data: folder.path().to_owned(),
        shared: None,
        log: Arc::clone(&store),
        codec: codec.clone(),
        clock: Arc::clone(&clock),
        projections,
    };
    let runtime = Runtime::start(setup).await.unwrap();
    let head = *log.head().borrow();
    runtime.wait_for(head, Duration::from_secs(600)).await.unwrap();
    let views = runtime.views("notification-dispatch").unwrap();
    compose_only(&views, mails).await;

    let handlers = Arc::new(CommandHandlers::new(store, codec, Arc::clone(&clock), Policy::default(), Settings::default()));
    let attempts = Attempts::file(&folder.path().join("attempts.db")).await.unwrap();
    let maildir: Arc<dyn Transport> = Arc::new(Maildir::open(&folder.path().join("mail")).unwrap());
    let settings = DispatcherSettings::default();
    let dispatcher =
        Dispatcher::new(Arc::new(views.clone()), composer(), maildir, Arc::new(Fates(handlers)), attempts, Arc::new(clock), settings);
    let stop = CancellationToken::new();
    let began = (cpu(), Instant::now());
    let running = tokio::spawn(dispatcher.run(Lease::alone(), stop.clone()));
    let mut heads = log.head();
    let all = head.0 + u64::from(mails);
    heads.wait_for(|head| head.0 >= all).await.unwrap();
    runtime.wait_for(*log.head().borrow(), Duration::from_secs(600)).await.unwrap();
    report("sent and in the outbox", mails, began);
    stop.cancel();
    running.await.unwrap();
    assert_eq!(std::fs::read_dir(folder.path().join("mail/new")).unwrap().count(), usize::try_from(mails).unwrap());
    runtime.shutdown().await;
}
