"""The accounts of one application in SQLite: what a provisioning service would otherwise have in its own database.

* accounts: whoever ever asked for our application; what they are called is there only while they may open it
* users:    where the account of every user stands, since a user can be suspended before access is granted
* to_do:    what must be done over HTTP because of an event, so that it is done after a crash, too
* progress: how far we are; one row, or none, changed in the same transaction as the effects of an event
"""

import sqlite3

TABLES = """
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
"""

# Who may open the application, and whom nobody asked to forget.
GRANTED = "access = 'granted' AND account IS NOT 'erased'"


class Accounts:
    """The database. Changes are made inside `with accounts.change(epoch, position):`, with progress or not at all."""

    def __init__(self, file):
        # Used by one thread at a time.
        self.db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.executescript(TABLES)

    def progress(self):
        """Epoch and position of the last event whose effects are kept; none if there is none."""
        return self.db.execute("SELECT epoch, position FROM progress").fetchone()

    def change(self, epoch, position):
        return Change(self.db, epoch, position)

    def forget_everything(self):
        for table in ("accounts", "users", "to_do"):
            self.db.execute(f"DELETE FROM {table}" + (" WHERE what = 'fetch'" if table == "to_do" else ""))

    def access(self, person, organization, state):
        """Access of a user to the application is this from now on."""
        self.db.execute(
            "INSERT INTO accounts (person, organization, access) VALUES (?, ?, ?) "
            "ON CONFLICT (person) DO UPDATE SET access = excluded.access",
            (person, organization, state),
        )
        if state == "granted":
            self.note(person, "fetch")
        else:
            self.blank(person)

    def user(self, person, state, activated=False):
        """The account of a user is this from now on. Who was forgotten stays so."""
        self.db.execute(
            "INSERT INTO users (person, state, activated) VALUES (?, ?, ?) ON CONFLICT (person) DO UPDATE SET "
            "state = excluded.state, activated = activated OR excluded.activated WHERE users.state <> 'erased'",
            (person, state, activated),
        )

    def reinstated(self, person):
        """A suspension was lifted: the account is what it was before."""
        self.db.execute(
            "UPDATE users SET state = CASE WHEN activated THEN 'active' ELSE 'pending_first_login' END "
            "WHERE person = ? AND state <> 'erased'",
            (person,),
        )

    def erased(self, person):
        """A person is forgotten; saying so comes after this is on disk."""
        self.user(person, "erased")
        self.blank(person)
        self.note(person, "acknowledge")

    def outdated(self, column, value):
        """What we know of a `person`, or of the people of an `organization`, is old, where we keep anything."""
        self.db.execute(
            f"INSERT OR IGNORE INTO to_do SELECT person, 'fetch' FROM provisioned WHERE {column} = ? AND {GRANTED}", (value,)
        )

    def blank(self, person):
        self.db.execute("UPDATE accounts SET user_id = NULL, name = NULL, email = NULL, company = NULL WHERE person = ?", (person,))
        self.db.execute("DELETE FROM to_do WHERE person = ? AND what = 'fetch'", (person,))

    def note(self, person, what):
        self.db.execute("INSERT OR IGNORE INTO to_do VALUES (?, ?)", (person, what))

    def to_do(self):
        """A person, what is to be done, and their organization if they may open the application."""
        return self.db.execute(
            f"SELECT to_do.person, what, CASE WHEN {GRANTED} THEN organization END "
            "FROM to_do LEFT JOIN provisioned ON provisioned.person = to_do.person LIMIT 1"
        ).fetchone()

    def did(self, person, what, details=(None, None, None, None)):
        """That it was done: what was found out, where something was to be fetched."""
        self.db.execute("BEGIN IMMEDIATE")
        if what == "fetch":
            self.db.execute(
                "UPDATE accounts SET user_id = ?, name = ?, email = ?, company = ? WHERE person = ?", (*details, person)
            )
        self.db.execute("DELETE FROM to_do WHERE person = ? AND what = ?", (person, what))
        self.db.execute("COMMIT")


class Change:
    """A transaction that ends with progress."""

    def __init__(self, db, epoch, position):
        self.db, self.progress = db, (epoch, position)

    def __enter__(self):
        self.db.execute("BEGIN IMMEDIATE")

    def __exit__(self, failure, *_):
        if failure:
            self.db.execute("ROLLBACK")
            return
        self.db.execute(
            "INSERT INTO progress VALUES (1, ?, ?) ON CONFLICT (only_row) DO UPDATE SET "
            "epoch = excluded.epoch, position = excluded.position",
            self.progress,
        )
        self.db.execute("COMMIT")
