//! Vaults in folders and databases of their own.

#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use std::path::PathBuf;

use credential_vault::{
    Assurance, AuthenticatorSecret, HashingOptions, Holder, InventoryToken, IssuedSession, NamedBy, NewSessionOf, OpenedBy, OtpAlgorithm,
    OtpDigits, OtpHash, SessionHolder, SessionLifetime, TokenRequest, Vault, VaultError, VaultKey,
};
use domain::{CredentialId, OrganizationId, PersonId, StaffId, StaffRole};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use test_support::servers::TestDatabase;
use uuid::Uuid;
use zeroize::Zeroizing;

pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join(Vault::FILE_NAME)
    }

    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn open(&self) -> Vault {
        self.try_open(7).unwrap()
    }

    pub(crate) fn try_open(&self, key: u8) -> Result<Vault, VaultError> {
        Vault::open_with(&self.path(), VaultKey::new(&[key; 32]), hashing())
    }

    /// Turns the vault into one of the first format, as far as that knows what is in it.
    pub(crate) fn downgrade(&self) {
        let sql = "
            ALTER TABLE credentials DROP COLUMN named_by;
            ALTER TABLE credentials DROP COLUMN counter;
            ALTER TABLE credentials DROP COLUMN last_used_at;
            DROP TABLE attempts;
            DROP TABLE inventory;
            DROP TABLE ceremonies;
            DROP INDEX credentials_by_mark;
            ALTER TABLE credentials DROP COLUMN mark;
            CREATE TABLE old (
                id BLOB PRIMARY KEY, hash BLOB NOT NULL UNIQUE, person BLOB NOT NULL, organization BLOB NOT NULL,
                created_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, idle_us INTEGER NOT NULL, seen_at INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID;
            INSERT INTO old SELECT id, hash, person, organization, created_at, ends_at, idle_us, seen_at FROM sessions;
            DROP TABLE sessions;
            ALTER TABLE old RENAME TO sessions;
            CREATE INDEX sessions_by_person ON sessions (person);
            PRAGMA user_version = 1;
        ";
        rusqlite::Connection::open(self.path()).unwrap().execute_batch(sql).unwrap();
    }

    /// The files as a power cut would leave them, in another folder.
    pub(crate) fn image(&self) -> Self {
        let image = Self::new();
        for file in std::fs::read_dir(self.0.path()).unwrap() {
            let file = file.unwrap();
            if !file.file_name().to_string_lossy().ends_with("-shm") {
                std::fs::copy(file.path(), image.0.path().join(file.file_name())).unwrap();
            }
        }
        image
    }

    /// Whether any file of the folder holds these bytes.
    pub(crate) fn holds(&self, part: &[u8]) -> bool {
        std::fs::read_dir(self.0.path()).unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(part.len()).any(|window| window == part)
        })
    }
}

/// Where a vault is kept.
pub(crate) enum Home {
    File(Folder),
    Postgres(TestDatabase),
}

impl Home {
    pub(crate) fn in_file() -> Self {
        Self::File(Folder::new())
    }

    pub(crate) fn in_postgres() -> Self {
        Self::Postgres(TestDatabase::create())
    }

    pub(crate) async fn open(&self) -> Vault {
        self.try_open(7).await.unwrap()
    }

    pub(crate) async fn try_open(&self, key: u8) -> Result<Vault, VaultError> {
        match self {
            Self::File(folder) => folder.try_open(key),
            Self::Postgres(database) => open_postgres(&database.url(), key).await,
        }
    }

    /// Runs a statement behind the vault's back.
    pub(crate) fn sql(&self, statement: &str) {
        match self {
            Self::File(folder) => rusqlite::Connection::open(folder.path()).unwrap().execute_batch(statement).unwrap(),
            Self::Postgres(database) => {
                database.sql(&format!("SET search_path TO gatehouse_vault; {statement}"));
            }
        }
    }
}

/// The vault in this database.
pub(crate) async fn open_postgres(url: &str, key: u8) -> Result<Vault, VaultError> {
    Vault::open_postgres_with(&url.parse().unwrap(), VaultKey::new(&[key; 32]), hashing()).await
}

fn hashing() -> HashingOptions {
    HashingOptions { at_a_time: 8, ..HashingOptions::cheap_for_tests() }
}

/// Each of these on a vault in a file and on one in PostgreSQL.
#[allow(unused_macros, reason = "each test binary uses a part")]
macro_rules! wherever_it_is_kept {
    ($($test:ident),* $(,)?) => {
        mod in_a_file {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test(&super::Home::in_file()).await;
            })*
        }
        mod in_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test(&super::Home::in_postgres()).await;
            })*
        }
    };
}
#[allow(unused_imports, reason = "each test binary uses a part")]
pub(crate) use wherever_it_is_kept;

/// This many seconds after the start of the tests' time.
pub(crate) fn at(seconds: i64) -> Timestamp {
    "2026-03-02T09:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

/// An id whose bytes do not turn up by chance.
fn id(kind: u128, number: u128) -> Uuid {
    Uuid::from_u128((kind << 64 | number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

pub(crate) fn credential(number: u128) -> CredentialId {
    CredentialId(id(1, number))
}

pub(crate) fn person(number: u128) -> PersonId {
    PersonId(id(2, number))
}

pub(crate) fn organization(number: u128) -> OrganizationId {
    OrganizationId(id(3, number))
}

pub(crate) const SECRET: &str = "kettle mural osprey tundra";

pub(crate) async fn active_one_time_password(vault: &Vault) {
    vault.put_one_time_password(credential(1), person(1), NamedBy::User(person(1)), SECRET, None, at(0)).await.unwrap();
    assert!(vault.activate(credential(1)).await.unwrap());
}

pub(crate) async fn active_password(vault: &Vault) {
    vault.put_password(credential(1), person(1), NamedBy::User(person(1)), SECRET, at(0)).await.unwrap();
    assert!(vault.activate(credential(1)).await.unwrap());
}

pub(crate) async fn active_one_time_password_of(vault: &Vault, number: u128) {
    vault.put_one_time_password(credential(number), person(number), NamedBy::User(person(number)), SECRET, None, at(0)).await.unwrap();
    vault.activate(credential(number)).await.unwrap();
}

pub(crate) const LIFETIME: SessionLifetime =
    SessionLifetime { idle: SignedDuration::from_secs(100), absolute: SignedDuration::from_secs(1000) };

pub(crate) async fn sign_in(vault: &Vault, number: u128) -> IssuedSession {
    vault.create_session(session_of(number), at(0)).await.unwrap()
}

pub(crate) fn session_of(number: u128) -> NewSessionOf {
    NewSessionOf {
        person: person(number),
        holder: SessionHolder::User { organization: organization(1) },
        opened_by: OpenedBy::Secret(credential(number)),
        assurance: Assurance::OneFactor,
        proved_at: None,
        lifetime: LIFETIME,
        label: "Firefox on Linux".to_owned(),
    }
}

/// An authenticator app that holds the secret which this vault shows.
pub(crate) struct App(totp_rs::Totp);

impl App {
    pub(crate) fn of(secret: &AuthenticatorSecret) -> Self {
        Self(totp_rs::Totp::from_url(&*secret.uri("Gatehouse", "ada.l").unwrap()).unwrap())
    }

    /// The code that it shows this many seconds after the start of the tests' time.
    pub(crate) fn code(&self, seconds: i64) -> String {
        self.0.generate(u64::try_from(at(seconds).as_second()).unwrap()).to_string()
    }

    /// The code that is none of those near this time.
    pub(crate) fn wrong(&self, seconds: i64) -> String {
        let near: Vec<_> = (-2..=2).map(|steps| self.code(seconds + 30 * steps)).collect();
        (0..).map(|number| format!("{number:06}")).find(|code| !near.contains(code)).unwrap()
    }
}

/// An active authenticator of this person.
pub(crate) async fn active_authenticator(vault: &Vault, number: u128, of: u128) -> App {
    let secret = vault.put_authenticator(credential(number), person(of), at(0)).await.unwrap().unwrap();
    assert!(vault.activate(credential(number)).await.unwrap());
    App::of(&secret)
}

/// A token with a button, of the seed of RFC 4226 appendix D, whose first codes are [`CODES`].
pub(crate) fn token(serial: &str) -> InventoryToken {
    InventoryToken {
        serial: serial.to_owned(),
        algorithm: OtpAlgorithm::Hotp,
        digits: OtpDigits::Six,
        hash: OtpHash::Sha1,
        counter: 0,
        seed: Zeroizing::new(b"12345678901234567890".to_vec()),
    }
}

/// The first codes of [`token`].
pub(crate) const CODES: [&str; 10] = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];

pub(crate) fn reviewer() -> TokenRequest {
    let holder = Holder::Staff { staff: StaffId(Uuid::from_u128(5)), roles: vec![StaffRole::Reviewer, StaffRole::Auditor] };
    TokenRequest { name: "Rita's laptop".to_owned(), holder, scopes: Vec::new(), expires_at: None }
}

pub(crate) fn partner() -> TokenRequest {
    let holder = Holder::Partner { organization: organization(9) };
    TokenRequest { name: "ERP".to_owned(), holder, scopes: vec!["invite".to_owned()], expires_at: Some(at(100)) }
}
