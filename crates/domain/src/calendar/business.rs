//! The business clock (domain, "The business clock").

use std::collections::BTreeSet;

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

/// A business calendar: when business time passes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BusinessCalendar {
    /// Counts up with every change.
    pub version: u32,
    /// An IANA time zone, such as `America/New_York`.
    pub time_zone: String,
    /// Opening, local time.
    #[schemars(with = "String")]
    pub opens: Time,
    /// Closing, local time; later than opening.
    #[schemars(with = "String")]
    pub closes: Time,
    /// The days of the week with business hours: 1 is Monday, 7 is Sunday.
    pub weekdays: BTreeSet<i8>,
    /// Days without business hours.
    #[schemars(with = "BTreeSet<String>")]
    pub holidays: BTreeSet<Date>,
}

impl Default for BusinessCalendar {
    fn default() -> Self {
        Self {
            version: 1,
            time_zone: "UTC".to_owned(),
            opens: Time::constant(9, 0, 0, 0),
            closes: Time::constant(17, 0, 0, 0),
            weekdays: BTreeSet::from([1, 2, 3, 4, 5]),
            holidays: BTreeSet::new(),
        }
    }
}
