//! So many in so long.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How often something may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Allowance {
    /// As often as somebody likes.
    Off,
    /// So many times in so many seconds: all of them at once, or evenly.
    Rate(Rate),
}

/// So many times in so many seconds; neither is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    times: u32,
    seconds: u32,
}

/// What says no such thing.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no limit: write how many in how long, such as \"20/15m\" (s, m, h or d), or \"off\"")]
pub struct NoAllowance(String);

impl Allowance {
    /// So many times in so many seconds; 0 counts as 1.
    #[must_use]
    pub const fn of(times: u32, seconds: u32) -> Self {
        Self::Rate(Rate { times: if times == 0 { 1 } else { times }, seconds: if seconds == 0 { 1 } else { seconds } })
    }

    pub(super) fn rate(self) -> Option<Rate> {
        match self {
            Self::Off => None,
            Self::Rate(rate) => Some(rate),
        }
    }
}

impl Rate {
    /// All of it, in microseconds.
    pub(super) fn span_us(self) -> i64 {
        i64::from(self.seconds) * 1_000_000
    }

    /// What one of them takes, in microseconds.
    pub(super) fn step_us(self) -> i64 {
        (self.span_us() / i64::from(self.times)).max(1)
    }
}

const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl FromStr for Allowance {
    type Err = NoAllowance;

    fn from_str(text: &str) -> Result<Self, NoAllowance> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let read = || {
            let (times, time) = text.split_once('/')?;
            let (unit, seconds) = UNITS.into_iter().find(|(unit, _)| time.ends_with(*unit))?;
            let count: u32 = time.strip_suffix(unit)?.parse().ok()?;
            let (times, seconds): (u32, u32) = (times.parse().ok()?, count.checked_mul(seconds)?);
            (times > 0 && seconds > 0).then(|| Self::of(times, seconds))
        };
        read().ok_or_else(|| NoAllowance(text.to_owned()))
    }
}

impl TryFrom<String> for Allowance {
    type Error = NoAllowance;

    fn try_from(text: String) -> Result<Self, NoAllowance> {
        text.parse()
    }
}

impl From<Allowance> for String {
    fn from(allowance: Allowance) -> Self {
        allowance.to_string()
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Rate(Rate { times, seconds }) = self else { return f.write_str("off") };
        let whole = UNITS.into_iter().find(|(_, length)| seconds % length == 0);
        let (unit, length) = whole.unwrap_or(('s', 1));
        write!(f, "{times}/{}{unit}", seconds / length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read_again() {
        for text in ["20/15m", "1/1s", "60/1h", "20/1d", "7/90s", "off"] {
            assert_eq!(text.parse::<Allowance>().unwrap().to_string(), text);
        }
        assert_eq!("5/60m".parse::<Allowance>().unwrap(), Allowance::of(5, 3_600));
    }

    #[test]
    fn what_says_no_limit_is_refused() {
        for text in ["", "20", "20/", "/15m", "0/15m", "20/0m", "20/15", "20/15x", "-1/1s", "20/15m ", "OFF", "20/9999999999d", "20/99999d"]
        {
            assert!(text.parse::<Allowance>().is_err(), "{text:?}");
        }
    }
}
