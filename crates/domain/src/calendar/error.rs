//! Why a business calendar cannot be used, and which rules a command on it can break.

use jiff::civil::Date;

use crate::{Rejection, RejectionKind};

/// Why no business time can be told by a calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarProblem {
    /// The time zone is not in the IANA database that the service carries.
    #[error("the time zone {0:?} is not known: name one of the IANA database, such as Europe/Berlin")]
    UnknownTimeZone(String),
    /// Opening is not before closing.
    #[error("business hours must end after they begin")]
    NoBusinessHours,
    /// No day of the week has business hours.
    #[error("at least one day of the week must have business hours")]
    NoWeekday,
    /// This is not a day of the week.
    #[error("{0} is not a day of the week: 1 is Monday, 7 is Sunday")]
    UnknownWeekday(i8),
    /// From this holiday on there is no business for longer than [`MOST_DAYS_CLOSED`](super::MOST_DAYS_CLOSED).
    #[error("from {0} on the holidays leave no business day for more than {most} days", most = super::MOST_DAYS_CLOSED)]
    ClosedTooLong(Date),
}

/// Which rules a command on the business calendar can break.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarRejection {
    /// The calendar cannot be used.
    #[error(transparent)]
    Unusable(#[from] CalendarProblem),
    /// Its version is not greater than the one in force.
    #[error("the calendar in force has version {in_force}: a change needs a greater one (found {found})")]
    VersionNotGreater {
        /// The version in force.
        in_force: u32,
        /// The version that was given.
        found: u32,
    },
}

impl Rejection for CalendarRejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unusable(_) => RejectionKind::Invalid,
            Self::VersionNotGreater { .. } => RejectionKind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unusable(CalendarProblem::UnknownTimeZone(_)) => "calendar-time-zone-unknown",
            Self::Unusable(CalendarProblem::NoBusinessHours) => "calendar-without-business-hours",
            Self::Unusable(CalendarProblem::NoWeekday) => "calendar-without-weekday",
            Self::Unusable(CalendarProblem::UnknownWeekday(_)) => "calendar-weekday-unknown",
            Self::Unusable(CalendarProblem::ClosedTooLong(_)) => "calendar-closed-too-long",
            Self::VersionNotGreater { .. } => "calendar-version-not-greater",
        }
    }

    fn field(&self) -> Option<String> {
        let field = match self {
            Self::Unusable(CalendarProblem::UnknownTimeZone(_)) => "/calendar/time_zone",
            Self::Unusable(CalendarProblem::NoBusinessHours) => "/calendar/closes",
            Self::Unusable(CalendarProblem::NoWeekday | CalendarProblem::UnknownWeekday(_)) => "/calendar/weekdays",
            Self::Unusable(CalendarProblem::ClosedTooLong(_)) => "/calendar/holidays",
            Self::VersionNotGreater { .. } => "/calendar/version",
        };
        Some(field.to_owned())
    }
}
