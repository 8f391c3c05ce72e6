//! Where a process's processor time goes, by the names of its threads.

use std::collections::BTreeMap;
use std::time::Duration;

/// Processor time by name of thread, from `/proc`.
#[derive(Debug, Clone, Default)]
pub struct Processor(BTreeMap<&'static str, Duration>);

/// The kernel counts in hundredths of a second on every platform that this runs on.
const TICK: Duration = Duration::from_millis(10);

impl Processor {
    /// What the threads of this process have used so far. Those that have ended are left out.
    ///
    /// # Panics
    /// When the process is gone.
    #[must_use]
    pub fn of(process: u32) -> Self {
        let mut used = BTreeMap::new();
        let tasks = std::fs::read_dir(format!("/proc/{process}/task")).expect("the process runs");
        for task in tasks.flatten() {
            let read = |file: &str| std::fs::read_to_string(task.path().join(file));
            let (Ok(name), Ok(stat)) = (read("comm"), read("stat")) else { continue };
            *used.entry(part(name.trim())).or_default() += ticks(&stat).map_or(Duration::ZERO, |ticks| TICK * ticks);
        }
        Self(used)
    }

    /// What was used since `before`, a share for each of so many commands, to be read.
    #[must_use]
    pub fn text_since(&self, before: &Self, commands: usize) -> String {
        let each = u32::try_from(commands).unwrap_or(u32::MAX).max(1);
        let share = |(part, used): (&&str, &Duration)| {
            let used = used.saturating_sub(before.0.get(part).copied().unwrap_or_default());
            format!("{part} {:.0} µs", used.as_secs_f64() * 1e6 / f64::from(each))
        };
        self.0.iter().map(share).collect::<Vec<_>>().join(", ")
    }
}

/// What a thread does, by its name.
fn part(thread: &str) -> &'static str {
    match thread {
        "tokio-rt-worker" => "requests",
        "log-writer" | "log-checkpoint" => "log",
        _ => "what follows",
    }
}

/// User and system time, the 14th and 15th field; the second may hold blanks and ends with the last parenthesis.
fn ticks(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let (user, system) = (fields.next()?.parse::<u32>().ok()?, fields.next()?.parse::<u32>().ok()?);
    Some(user + system)
}
