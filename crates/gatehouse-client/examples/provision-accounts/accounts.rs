//! The accounts of one application, in SQLite: what a provisioning service would otherwise have in its own database.

use gatehouse_client::Progress;
use gatehouse_client::public_events::snapshot::{AccessState, UserState};
use gatehouse_client::public_events::{OrganizationId, PersonId, Position};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

/// `accounts`: whoever ever asked for our application. What they are called is there only while they may open it.
/// `users`: where the account of every user stands, since a user can be suspended before access is granted.
/// `to_do`: what must be done over HTTP because of an event, so that it is done after a crash, too.
/// `progress`: how far we are; one row, or none.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS accounts (
        person TEXT PRIMARY KEY,
        organization TEXT NOT NULL,
        access TEXT NOT NULL,
        user_id TEXT,
        name TEXT,
        email TEXT,
        company TEXT
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS users (
        person TEXT PRIMARY KEY,
        state TEXT NOT NULL,
        activated INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS to_do (
        person TEXT NOT NULL,
        what TEXT NOT NULL CHECK (what IN ('fetch', 'acknowledge')),
        PRIMARY KEY (person, what)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS progress (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        epoch TEXT NOT NULL,
        position INTEGER NOT NULL
    );
    CREATE VIEW IF NOT EXISTS provisioned AS
        SELECT accounts.person, organization, access, users.state AS account, user_id, name, email, company
        FROM accounts LEFT JOIN users ON users.person = accounts.person
        ORDER BY accounts.person;
";

/// What must be done over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToDo {
    /// Ask who the person is.
    Fetch(PersonId),
    /// Say that the person is forgotten here.
    Acknowledge(PersonId),
}

/// Who somebody is.
#[derive(Debug, Default)]
pub struct Details {
    pub user_id: Option<String>,
    pub name: Option<String>,
    pub email: Option<String>,
    pub company: Option<String>,
}

/// The database.
pub struct Accounts(Connection);

impl Accounts {
    pub fn open(file: &str) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(TABLES)?;
        Ok(Self(connection))
    }

    /// How far we are.
    pub fn progress(&self) -> rusqlite::Result<Option<Progress>> {
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?));
        let kept = self.0.query_row("SELECT epoch, position FROM progress", [], row).optional()?;
        Ok(kept
            .and_then(|(epoch, position)| Some(Progress { epoch: epoch.parse().ok()?, position: Position(u64::try_from(position).ok()?) })))
    }

    /// Changes rows and progress together, or nothing.
    pub fn change(&mut self, progress: Progress, change: impl FnOnce(&Change<'_>) -> rusqlite::Result<()>) -> rusqlite::Result<()> {
        let transaction = Change(self.0.transaction()?);
        change(&transaction)?;
        transaction.0.execute(
            "INSERT INTO progress (only_row, epoch, position) VALUES (1, ?1, ?2)
             ON CONFLICT (only_row) DO UPDATE SET epoch = excluded.epoch, position = excluded.position",
            params![progress.epoch.to_string(), i64::try_from(progress.position.0).unwrap_or(i64::MAX)],
        )?;
        transaction.0.commit()
    }

    /// What is to be done next over HTTP.
    pub fn to_do(&self) -> rusqlite::Result<Option<ToDo>> {
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
        let found = self.0.query_row("SELECT person, what FROM to_do LIMIT 1", [], row).optional()?;
        Ok(found.and_then(|(person, what)| {
            let person = person.parse().ok()?;
            Some(if what == "acknowledge" { ToDo::Acknowledge(person) } else { ToDo::Fetch(person) })
        }))
    }

    /// The organization of a person who may open the application, and whom nobody asked to forget.
    pub fn granted(&self, person: PersonId) -> rusqlite::Result<Option<OrganizationId>> {
        let sql = "SELECT organization FROM provisioned WHERE person = ?1 AND access = 'granted' AND account IS NOT 'erased'";
        let found = self.0.query_row(sql, [person.to_string()], |row| row.get::<_, String>(0)).optional()?;
        Ok(found.and_then(|organization| organization.parse().ok()))
    }

    /// That it was done: what was found out, where something was to be fetched.
    pub fn did(&mut self, what: ToDo, details: &Details) -> rusqlite::Result<()> {
        let transaction = self.0.transaction()?;
        match what {
            ToDo::Fetch(person) => {
                transaction.execute(
                    "UPDATE accounts SET user_id = ?2, name = ?3, email = ?4, company = ?5 WHERE person = ?1",
                    params![person.to_string(), details.user_id, details.name, details.email, details.company],
                )?;
                transaction.execute("DELETE FROM to_do WHERE person = ?1 AND what = 'fetch'", [person.to_string()])?;
            }
            ToDo::Acknowledge(person) => {
                transaction.execute("DELETE FROM to_do WHERE person = ?1 AND what = 'acknowledge'", [person.to_string()])?;
            }
        }
        transaction.commit()
    }
}

/// Rows that are being changed.
pub struct Change<'a>(Transaction<'a>);

impl Change<'_> {
    /// Begins anew: nothing is provisioned.
    pub fn forget_everything(&self) -> rusqlite::Result<()> {
        self.0.execute_batch("DELETE FROM accounts; DELETE FROM users; DELETE FROM to_do WHERE what = 'fetch';")
    }

    /// Access of a user to the application is this from now on.
    pub fn access(&self, person: PersonId, organization: OrganizationId, state: AccessState) -> rusqlite::Result<()> {
        self.0.execute(
            "INSERT INTO accounts (person, organization, access) VALUES (?1, ?2, ?3)
             ON CONFLICT (person) DO UPDATE SET access = excluded.access",
            params![person.to_string(), organization.to_string(), access_word(state)],
        )?;
        if state == AccessState::Granted { self.fetch(person) } else { self.blank(person) }
    }

    /// The account of a user is there, or is this from now on.
    pub fn user(&self, person: PersonId, state: UserState, activated: bool) -> rusqlite::Result<()> {
        // Who was forgotten stays so.
        self.0.execute(
            "INSERT INTO users (person, state, activated) VALUES (?1, ?2, ?3)
             ON CONFLICT (person) DO UPDATE SET state = excluded.state, activated = activated OR excluded.activated
             WHERE users.state <> 'erased'",
            params![person.to_string(), user_word(state), activated],
        )?;
        Ok(())
    }

    /// A suspension was lifted: the account is what it was before.
    pub fn reinstated(&self, person: PersonId) -> rusqlite::Result<()> {
        let sql = "UPDATE users SET state = CASE WHEN activated THEN 'active' ELSE 'pending_first_login' END
                   WHERE person = ?1 AND state <> 'erased'";
        self.0.execute(sql, [person.to_string()]).map(drop)
    }

    /// A person is forgotten; saying so comes after this is on disk.
    pub fn erased(&self, person: PersonId) -> rusqlite::Result<()> {
        self.user(person, UserState::Erased, false)?;
        self.blank(person)?;
        self.note(person, "acknowledge")
    }

    /// What we know of a person is old, if we keep anything.
    pub fn changed(&self, person: PersonId) -> rusqlite::Result<()> {
        let sql = "INSERT OR IGNORE INTO to_do (person, what) SELECT person, 'fetch' FROM provisioned
                   WHERE person = ?1 AND access = 'granted' AND account IS NOT 'erased'";
        self.0.execute(sql, [person.to_string()]).map(drop)
    }

    /// An organization may be called something else.
    pub fn organization_changed(&self, organization: OrganizationId) -> rusqlite::Result<()> {
        let sql = "INSERT OR IGNORE INTO to_do (person, what) SELECT person, 'fetch' FROM provisioned
                   WHERE organization = ?1 AND access = 'granted' AND account IS NOT 'erased'";
        self.0.execute(sql, [organization.to_string()]).map(drop)
    }

    fn fetch(&self, person: PersonId) -> rusqlite::Result<()> {
        self.note(person, "fetch")
    }

    fn blank(&self, person: PersonId) -> rusqlite::Result<()> {
        let sql = "UPDATE accounts SET user_id = NULL, name = NULL, email = NULL, company = NULL WHERE person = ?1";
        self.0.execute(sql, [person.to_string()])?;
        self.0.execute("DELETE FROM to_do WHERE person = ?1 AND what = 'fetch'", [person.to_string()]).map(drop)
    }

    fn note(&self, person: PersonId, what: &str) -> rusqlite::Result<()> {
        self.0.execute("INSERT OR IGNORE INTO to_do (person, what) VALUES (?1, ?2)", params![person.to_string(), what]).map(drop)
    }
}

fn access_word(state: AccessState) -> &'static str {
    match state {
        AccessState::Requested => "requested",
        AccessState::Granted => "granted",
        AccessState::Denied => "denied",
        AccessState::Revoked => "revoked",
        // Newer than this program: not one that lets anybody in.
        AccessState::Unknown => "unknown",
    }
}

fn user_word(state: UserState) -> &'static str {
    match state {
        UserState::PendingFirstLogin => "pending_first_login",
        UserState::Active => "active",
        UserState::Suspended => "suspended",
        UserState::Closed => "closed",
        UserState::Erased => "erased",
        UserState::Unknown => "unknown",
    }
}
