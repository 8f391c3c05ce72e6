//! The rows, and what they are about.

use domain::{ApplicationId, DomainEvent, InvitationId, OrganizationId, PersonId, RegistrationId, ServiceId, StaffId};
use projection_runtime::sql::{Database, Value};
use projection_runtime::table;
use projection_runtime::table::{TableRow, select};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Whose history is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An organization: with its case, its invitations, its users, subscriptions, access, relationships.
    Organization(OrganizationId),
    /// A person: every event that mentions them, and every one that they caused.
    Person(PersonId),
    /// A registration case: with its invitation, what came of it, and the mails owed for it.
    Case(RegistrationId),
    /// An invitation, with what came of it.
    Invitation(InvitationId),
    /// An application of the catalogue.
    Application(ApplicationId),
    /// A member of the staff: what happened to them and what they did.
    Staff(StaffId),
    /// A downstream service: what happened to it, and the erasures that it acknowledged.
    Service(ServiceId),
}

impl Subject {
    /// What it is called in the table of things.
    pub(crate) fn thing(self) -> (Kind, Uuid) {
        match self {
            Self::Organization(id) => (Kind::Organization, id.0),
            Self::Person(id) => (Kind::Person, id.0),
            Self::Case(id) => (Kind::Registration, id.0),
            Self::Invitation(id) => (Kind::Invitation, id.0),
            Self::Application(id) => (Kind::Application, id.0),
            Self::Staff(id) => (Kind::Staff, id.0),
            Self::Service(id) => (Kind::Service, id.0),
        }
    }
}

macro_rules! kinds {
    ($($name:ident = $code:literal $category:literal,)*) => {
        /// The kinds of things: one for each category of stream. The numbers are in databases: they stay.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum Kind {
            $($name,)*
        }

        impl Kind {
            /// As the database keeps it.
            pub(crate) fn code(self) -> i64 {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// The category of stream of a number.
            pub(crate) fn category(code: i64) -> Option<&'static str> {
                match code {
                    $($code => Some($category),)*
                    _ => None,
                }
            }

            /// The kind of an event's stream.
            pub(crate) fn of(event: &DomainEvent) -> Self {
                match event {
                    $(DomainEvent::$name(..) => Self::$name,)*
                }
            }

            /// Whether things of this kind have a state that somebody asks for.
            pub(crate) fn has_state(self) -> bool {
                !matches!(self, Self::Reservation | Self::Person | Self::Mail | Self::Calendar)
            }
        }
    };
}

kinds! {
    Application = 1 "application",
    Invitation = 2 "invitation",
    Registration = 3 "registration",
    Organization = 4 "organization",
    User = 5 "user",
    Subscription = 6 "subscription",
    Access = 7 "access",
    Relationship = 8 "relationship",
    Credential = 9 "credential",
    Reservation = 10 "reservation",
    Person = 11 "person",
    Staff = 12 "staff",
    Mail = 13 "mail",
    Calendar = 14 "calendar",
    Service = 15 "service",
}

table! {
    /// A stream or a subject, with its number.
    pub(crate) struct Thing in "things" {
        key {
            /// The first half of its UUID.
            pub high: i64,
            /// The second half.
            pub low: i64,
            /// [`Kind::code`].
            pub kind: i64,
        }
        /// Its number, from 1, in the order of first mention.
        pub id: i64,
    }
}

table! {
    /// An event concerns a subject.
    pub(crate) struct Concern in "concerns" {
        key {
            /// The number of the subject.
            pub subject: i64,
            /// The event.
            pub position: u64,
        }
        /// The number of the event's stream, if it is one that has a state to show; else 0.
        pub stream: i64,
        /// Whether it says what something is called that later events name by id.
        pub introduces: bool,
    }
}

table! {
    /// The history of one subject includes that of another.
    pub(crate) struct Inclusion in "inclusions" {
        key {
            /// The number of the one.
            pub subject: i64,
            /// The number of the other.
            pub included: i64,
        }
    }
}

table! {
    /// A user belongs to an organization.
    pub(crate) struct Membership in "memberships" {
        key {
            /// The number of the person.
            pub person: i64,
        }
        /// The number of the organization.
        pub organization: i64,
    }
}

table! {
    /// Whom an event concerned that a mail can be owed for.
    pub(crate) struct Cause in "causes" {
        key {
            /// The first half of the event's id.
            pub high: i64,
            /// The second half.
            pub low: i64,
        }
        /// The numbers of the subjects, with spaces between.
        pub subjects: String,
    }
}

/// A UUID as the database keeps it: in two halves, since integers are quicker to find and smaller than texts.
pub(crate) fn halves(id: Uuid) -> (i64, i64) {
    let (high, low) = id.as_u64_pair();
    (high.cast_signed(), low.cast_signed())
}

/// The UUID of two halves.
pub(crate) fn whole(high: i64, low: i64) -> Uuid {
    Uuid::from_u64_pair(high.cast_unsigned(), low.cast_unsigned())
}

/// How many values are looked for with one statement.
const AT_ONCE: usize = 64;

/// The rows that have one of these numbers in this column.
pub(crate) async fn select_any<R: TableRow>(conn: &mut impl Database, column: &str, of: &[i64]) -> Result<Vec<R>, sqlx::Error> {
    let places: Vec<String> = (1..=AT_ONCE).map(|place| format!("${place}")).collect();
    let rest = format!("WHERE {column} IN ({})", places.join(", "));
    let mut found = Vec::new();
    for some in of.chunks(AT_ONCE) {
        // The last one is looked for again and again, so that there is one statement to prepare.
        let padding = std::iter::repeat_n(some.last(), AT_ONCE - some.len()).flatten();
        let parameters = some.iter().chain(padding).map(|number| Value::Int(Some(*number))).collect();
        found.append(&mut select(conn, &rest, parameters).await?);
    }
    Ok(found)
}
