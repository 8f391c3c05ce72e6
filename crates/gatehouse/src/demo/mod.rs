//! `gatehouse demo`: the service on a fresh data folder that is filled with believable registrations.
//!
//! The last two weeks are lived through in a few seconds: staff, a partner with its applications, and companies that are invited,
//! register, are asked, approved, rejected, give up. Every step is a command as the API would send it, decided at the time at
//! which it would have happened; what would lie in the future has not happened, so the cases stand in all states.

mod cast;
mod dice;
mod ending;
mod plot;
mod registrar;
mod stage;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use event_store::{Clock, Position};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::{SignedDuration, Timestamp};

use crate::cli::Demo;
use crate::config::Config;
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::log::Log;
use crate::serve::Serving;
use crate::{clock, output, telemetry};

use self::cast::Cast;
use self::ending::Ending;
use self::plot::Plot;
use self::stage::Stage;

/// How far back the story begins.
const STORY: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How long read models, process managers and mails may take to catch up.
const PATIENCE: Duration = Duration::from_secs(120);

/// Fills a fresh data folder and serves it.
///
/// # Errors
/// The folder or the log is not fresh, or cannot be filled.
pub(crate) async fn run(flags: Demo, mut config: Config, file: Option<&Path>) -> Result<(), Failure> {
    config.data = fresh_folder(&config.data)?;
    config.listen = flags.listen;
    config.nats.url = flags.nats.or(config.nats.url);
    refuse_if_lived_in(&config).await?;
    let time = StoryTime::beginning_at(clock::system()().saturating_sub(STORY).map_err(|error| Failure::from_error(&error))?);
    let serving = Serving::start(config, time.clock(), telemetry::start_metrics()?).await?;
    let service = Arc::clone(serving.service());

    let cast = Cast::engage(&service).await?;
    let plot = Plot::new(flags.registrations, flags.seed, time.now(), clock::system()());
    let bar = progress(plot.acts.len());
    let mut stage = Stage::new(Arc::clone(&service), &cast, &plot);
    for act in &plot.acts {
        time.advance_to(act.at);
        stage.perform(act).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    time.go_live();
    let head = *service.log.head().borrow();
    if !service.runtime.wait_for_consumers(head, PATIENCE).await {
        return Err(Failure::Unavailable("the process managers have not caught up in two minutes".to_owned()));
    }
    let ending = Ending::of(&service, (&cast, &stage), serving.address(), file, !flags.no_serve).await?;
    ending.keep(service.folder.root())?;
    output::line(&ending)?;
    if flags.no_serve {
        serving.stop(PATIENCE).await;
        return Ok(());
    }
    serving.until_told_to_stop().await
}

fn progress(acts: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(acts).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("two weeks of registrations {wide_bar} {pos}/{len}, {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// The folder that was named, if it is fresh; one that was not named is `gatehouse-demo`, numbered where there is one already.
fn fresh_folder(configured: &Path) -> Result<PathBuf, Failure> {
    let is_fresh = |folder: &Path| std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    if configured != Config::default().data {
        return if is_fresh(configured) {
            Ok(configured.to_owned())
        } else {
            Err(Failure::Usage(format!(
                "demo fills a fresh folder, and {} is not empty: name another with --data, or `gatehouse serve --data {0}` to serve it",
                configured.display()
            )))
        };
    }
    (1..)
        .map(|number| if number == 1 { PathBuf::from("gatehouse-demo") } else { PathBuf::from(format!("gatehouse-demo-{number}")) })
        .find(|folder| is_fresh(folder))
        .ok_or_else(|| Failure::Usage("name a fresh folder with --data".to_owned()))
}

/// Invented registrations are not for a log that has others, nor does one in a database show by the folder that it has.
async fn refuse_if_lived_in(config: &Config) -> Result<(), Failure> {
    let Some(address) = &config.log else { return Ok(()) };
    let log = Log::open(config, &DataFolder::open_or_make(&config.data)?, &clock::system()).await?;
    let head = *log.head().borrow();
    log.close().await;
    if head == Position::START {
        return Ok(());
    }
    Err(Failure::Usage(format!("demo fills a fresh log, and {address} has {head} events: name another with --log")))
}

/// The clock of the story: stands at an instant of the past until it is moved, and is the machine's once the story is told.
#[derive(Clone)]
struct StoryTime(Arc<AtomicI64>);

/// Stands for the machine's own clock.
const LIVE: i64 = i64::MIN;

impl StoryTime {
    fn beginning_at(instant: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(instant.as_microsecond())))
    }

    fn clock(&self) -> Clock {
        let (time, system) = (Arc::clone(&self.0), clock::system());
        Arc::new(move || match time.load(Ordering::Relaxed) {
            LIVE => system(),
            micros => Timestamp::from_microsecond(micros).unwrap_or_else(|_| system()),
        })
    }

    fn now(&self) -> Timestamp {
        self.clock()()
    }

    fn advance_to(&self, instant: Timestamp) {
        self.0.fetch_max(instant.as_microsecond(), Ordering::Relaxed);
    }

    fn go_live(&self) {
        self.0.store(LIVE, Ordering::Relaxed);
    }
}
