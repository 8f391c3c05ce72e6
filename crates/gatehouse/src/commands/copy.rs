//! `gatehouse copy`: log, key ring and vault, from a data folder into PostgreSQL or back.

use std::path::{Path, PathBuf};

use credential_vault::{Vault, VaultKey};
use event_store::{EventStore, LogDigest, Position};
use event_store_postgres::PostgresLog;
use event_store_sqlite::SqliteLog;
use indicatif::{ProgressBar, ProgressStyle};
use key_ring::{KeyRing, MasterKey};
use nats_publisher::{CursorFile, CursorPlace, CursorRow, StreamName};
use postgres_schema::Server;
use projection_runtime::copy_places;

use crate::config::Config;
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::moving::{self, FileTarget, PostgresTarget};
use crate::{clock, output, secrets, shared};

/// Where everything is, or goes.
enum Stores {
    Folder(PathBuf),
    Postgres(Server),
}

fn parse(text: &str) -> Result<Stores, Failure> {
    match text.strip_prefix("sqlite:") {
        Some(folder) if !folder.is_empty() => Ok(Stores::Folder(PathBuf::from(folder))),
        Some(_) => Err(Failure::Usage("sqlite: needs the data folder, such as sqlite:gatehouse-data".to_owned())),
        None => {
            // Checked as the configuration's address would be.
            let config = Config { secrets: Some(text.to_owned()), ..Config::default() };
            match secrets::address(&config)? {
                crate::config::StoreAddress::Postgres(server) => Ok(Stores::Postgres(server)),
                crate::config::StoreAddress::Folder => Err(Failure::Usage(format!("{text} names no stores"))),
            }
        }
    }
}

/// Copies everything that is the truth, proves it, and says what to do next.
///
/// # Errors
/// Something runs on either side, the target has something else, or a copy is not what was copied.
pub(super) async fn run(config: &Config, from: &str, to: &str) -> Result<(), Failure> {
    match (parse(from)?, parse(to)?) {
        (Stores::Folder(folder), Stores::Postgres(server)) => to_postgres(config, &folder, &server).await,
        (Stores::Postgres(server), Stores::Folder(folder)) => to_folder(config, &server, &folder).await,
        (Stores::Folder(_), Stores::Folder(_)) | (Stores::Postgres(_), Stores::Postgres(_)) => Err(Failure::Usage(
            "copy goes from sqlite: to postgres:// or the other way; between stores of one kind, backup and restore".to_owned(),
        )),
    }
}

async fn to_postgres(config: &Config, folder: &Path, server: &Server) -> Result<(), Failure> {
    let config = Config { data: folder.to_owned(), ..config.clone() };
    let folder = DataFolder::open(folder)?;
    folder.refuse_if_moved()?;
    let log = moving::open_file(&folder.log(), &clock::system()).await?;
    let head = *log.head().borrow();
    let master = secrets::load_master_key(&Config { secrets: None, ..config.clone() }, &folder, head).await?;

    let digest = match copied_before(&log, server).await? {
        Some(digest) => digest,
        None => copy_all(&log, head, &folder, &master, server).await?,
    };
    say_log(&digest)?;
    let places = copy_followers(&config, &folder, server).await?;
    output::line(format_args!("places     {places} of what follows the log"))?;
    folder.mark_as_moved(&server.to_string())?;
    log.close();
    output::note(format_args!(
        "serve it with --log, --secrets and --views naming {server}, and the master key of {}",
        folder.root().display()
    ));
    output::note("the log in the folder is marked as moved and is not served any more; read models are built anew");
    Ok(())
}

/// The log's digest, if a copy of it is there and was finished, with key ring and vault: then only what comes after was cut short.
async fn copied_before(log: &SqliteLog, server: &Server) -> Result<Option<LogDigest>, Failure> {
    // A copy that was begun cannot be opened.
    let Ok(copy) = moving::open_postgres(server, &clock::system()).await else { return Ok(None) };
    let is_copy = copy.epoch() == log.epoch();
    let digest = if is_copy { Some(prove(log, &copy).await?) } else { None };
    copy.close().await;
    Ok(digest)
}

async fn prove(log: &SqliteLog, copy: &PostgresLog) -> Result<LogDigest, Failure> {
    let head = *log.head().borrow();
    let digest = LogDigest::of(log, head).await.map_err(|error| Failure::from_error(&error))?;
    moving::verify(copy, &digest).await?;
    Ok(digest)
}

async fn copy_all(log: &SqliteLog, head: Position, folder: &DataFolder, master: &MasterKey, server: &Server) -> Result<LogDigest, Failure> {
    let mut target = PostgresTarget::open(server, log.epoch()).await?;
    let bar = Bar::new();
    let digest = moving::copy_log(log, head, &mut target, &|done, total| bar.at(done, total)).await?;
    bar.end();
    copy_secrets(folder, master, server).await?;
    // Last, since from here on instances may use it all.
    target.finish(log.epoch()).await?;
    let copy = moving::open_postgres(server, &clock::system()).await?;
    moving::verify(&copy, &digest).await?;
    copy.close().await;
    Ok(digest)
}

async fn copy_secrets(folder: &DataFolder, master: &MasterKey, server: &Server) -> Result<(), Failure> {
    let ring = KeyRing::copy_to_postgres(&folder.key_ring(), master, server).await.map_err(|error| Failure::from_error(&error))?;
    output::line(format_args!("key ring   {} rows, sha256 {} on both sides", ring.rows, ring.digest))?;
    let key = VaultKey::new(&master.vault_key());
    let vault = Vault::copy_to_postgres(&folder.vault(), &key, server).await.map_err(|error| Failure::from_error(&error))?;
    output::line(format_args!("vault      {} rows, sha256 {} on both sides", vault.rows, vault.digest))
}

/// Where consumers and the publisher are: without it they would begin anew, which does nothing twice but takes its time.
async fn copy_followers(config: &Config, folder: &DataFolder, server: &Server) -> Result<usize, Failure> {
    let schema = shared::open_schema(server).await?;
    let places = copy_places(&folder.consumers(), schema.pool()).await.map_err(|error| Failure::from_error(&error))?;
    let stream: StreamName = config.nats.stream.parse().map_err(|error| Failure::Usage(format!("nats.stream cannot be used: {error}")))?;
    let wrong = |error: nats_publisher::CursorError| Failure::from_error(&error);
    let cursor = CursorFile::new(folder.root(), &stream).read().map_err(wrong)?;
    if let Some(cursor) = &cursor {
        let row = CursorPlace::from(CursorRow::new(schema.pool().clone(), &stream));
        row.write(cursor, None).await.map_err(wrong)?;
    }
    Ok(places + usize::from(cursor.is_some()))
}

async fn to_folder(config: &Config, server: &Server, to: &Path) -> Result<(), Failure> {
    use event_store_postgres::{ClaimError, Sharing};
    let clock = clock::system();
    let log = moving::open_postgres(server, &clock).await?;
    log.claim(Sharing::Alone).await.map_err(|error| match error {
        error @ ClaimError::InUse(_) => Failure::Unavailable(error.to_string()),
        error @ ClaimError::Postgres(_) => Failure::from_error(&error),
    })?;
    let head = *log.head().borrow();
    let master = secrets::given_master_key(config)?;
    let (folder, _) = DataFolder::for_restore(to, &format!("copy of {}", log.epoch().0))?;
    let mut target = FileTarget::open(&folder.log(), log.epoch()).await?;
    let bar = Bar::new();
    let digest = moving::copy_log(&log, head, &mut target, &|done, total| bar.at(done, total)).await?;
    bar.end();
    target.close().await?;
    let copy = moving::open_file(&folder.log(), &clock).await?;
    moving::verify(&copy, &digest).await?;
    copy.close();
    say_log(&digest)?;
    let ring = KeyRing::open_postgres(server, &master).await.map_err(|error| Failure::from_error(&error))?;
    let vault = Vault::open_postgres(server, VaultKey::new(&master.vault_key())).await.map_err(|error| Failure::from_error(&error))?;
    vault.backup_to(folder.vault()).await.map_err(|error| Failure::from_error(&error))?;
    let key_ring = folder.key_ring();
    let copied = tokio::task::spawn_blocking(move || ring.backup_to(&key_ring)).await;
    copied.map_err(|_| Failure::Unavailable("the copy was given up".to_owned()))?.map_err(|error| Failure::from_error(&error))?;
    folder.finish_restoring()?;
    output::line("key ring and vault are copied")?;
    output::note(format_args!("serve it with --data {}, and the same master key; let no instance run on {server} any more", to.display()));
    log.close().await;
    Ok(())
}

fn say_log(digest: &LogDigest) -> Result<(), Failure> {
    output::line(format_args!("log        {} events, sha256 {} on both sides", digest.events(), digest.text()))
}

/// How far it is, at a terminal.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::new(0);
        // The template is a constant; without it the bar looks plainer.
        if let Ok(style) = ProgressStyle::with_template("log {wide_bar} {human_pos}/{human_len} events  {per_sec}  {eta} left") {
            bar.set_style(style);
        }
        Self(bar)
    }

    fn at(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
    }

    fn end(&self) {
        self.0.finish_and_clear();
    }
}
