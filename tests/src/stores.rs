//! Where a test's service keeps what it keeps: the same tests run on each combination of stores.

use std::fmt;

use test_support::servers::{EventStoreDouble, TestDatabase};

/// Names the combination.
const VARIABLE: &str = "GATEHOUSE_TEST_STORES";

/// A combination of stores, and how many instances share them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Combination {
    /// Everything in the data folder: the default.
    Folder,
    /// The log in PostgreSQL, the rest in the data folder.
    PostgresLog,
    /// The read models in PostgreSQL, the rest in the data folder.
    PostgresViews,
    /// Everything in PostgreSQL, and two instances.
    Instances,
    /// The log in EventStoreDB (its stand-in), the rest in the data folder.
    EventStoreLog,
    /// The log in EventStoreDB (its stand-in), the rest in PostgreSQL, and two instances.
    EventStoreInstances,
}

impl Combination {
    /// All of them, as `GATEHOUSE_TEST_STORES` names them.
    pub const ALL: [Self; 6] =
        [Self::Folder, Self::PostgresLog, Self::PostgresViews, Self::Instances, Self::EventStoreLog, Self::EventStoreInstances];

    /// The one that `GATEHOUSE_TEST_STORES` names; without it, the data folder.
    ///
    /// # Panics
    /// When it names none.
    #[must_use]
    pub fn from_environment() -> Self {
        let name = std::env::var(VARIABLE).unwrap_or_default();
        let named = Self::ALL.into_iter().find(|combination| combination.to_string() == name);
        named.or_else(|| name.is_empty().then_some(Self::Folder)).unwrap_or_else(|| panic!("{VARIABLE} names no combination: {name}"))
    }

    /// The stores themselves, empty.
    #[must_use]
    pub fn make(self) -> Stores {
        let database = match self {
            Self::Folder | Self::EventStoreLog => None,
            Self::PostgresLog | Self::PostgresViews | Self::Instances | Self::EventStoreInstances => Some(TestDatabase::create()),
        };
        let eventstore = matches!(self, Self::EventStoreLog | Self::EventStoreInstances).then(EventStoreDouble::start);
        Stores { combination: self, database, eventstore }
    }
}

impl fmt::Display for Combination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Folder => "folder",
            Self::PostgresLog => "postgres-log",
            Self::PostgresViews => "postgres-views",
            Self::Instances => "instances",
            Self::EventStoreLog => "eventstore-log",
            Self::EventStoreInstances => "eventstore-instances",
        })
    }
}

/// The stores of one service, gone when dropped.
#[derive(Debug)]
pub struct Stores {
    combination: Combination,
    database: Option<TestDatabase>,
    eventstore: Option<EventStoreDouble>,
}

/// The master key that instances share.
const MASTER_KEY: &str = "gatehouse-master-key-1:0707070707070707070707070707070707070707070707070707070707070707";

impl Stores {
    /// The database, where something is kept in PostgreSQL.
    #[must_use]
    pub fn database(&self) -> Option<&TestDatabase> {
        self.database.as_ref()
    }

    /// How many instances share them.
    #[must_use]
    pub fn instances(&self) -> usize {
        match self.combination {
            Combination::Instances | Combination::EventStoreInstances => 2,
            Combination::Folder | Combination::PostgresLog | Combination::PostgresViews | Combination::EventStoreLog => 1,
        }
    }

    /// The settings of the service's environment that name them.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let keys: &[&str] = match self.combination {
            Combination::Folder | Combination::EventStoreLog => &[],
            Combination::PostgresLog => &["GATEHOUSE_LOG"],
            Combination::PostgresViews => &["GATEHOUSE_VIEWS"],
            Combination::Instances => &["GATEHOUSE_LOG", "GATEHOUSE_SECRETS", "GATEHOUSE_VIEWS"],
            Combination::EventStoreInstances => &["GATEHOUSE_SECRETS", "GATEHOUSE_VIEWS"],
        };
        let in_postgres = self.database.iter().flat_map(|database| keys.iter().map(|key| (*key, database.url())));
        let in_eventstore = self.eventstore.iter().map(|eventstore| ("GATEHOUSE_LOG", eventstore.url().to_owned()));
        let master_key = (self.instances() > 1).then(|| ("GATEHOUSE_MASTER_KEY", MASTER_KEY.to_owned()));
        in_postgres.chain(in_eventstore).chain(master_key).collect()
    }
}

/// The settings of a service that keeps everything in this database.
#[must_use]
pub fn settings_for(database: &TestDatabase) -> Vec<(&'static str, String)> {
    let keys = ["GATEHOUSE_LOG", "GATEHOUSE_SECRETS", "GATEHOUSE_VIEWS"];
    keys.map(|key| (key, database.url())).into_iter().chain([("GATEHOUSE_MASTER_KEY", MASTER_KEY.to_owned())]).collect()
}
