//! A child process that is heard line by line and never outlives its owner.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::wait_until;

/// How long an ending process may take.
const TIME_TO_END: Duration = Duration::from_secs(30);

/// What the process wrote on standard output so far.
#[derive(Debug, Default)]
struct Heard {
    lines: Vec<String>,
    ended: bool,
}

/// A running child. Dropping it kills it and waits until it is gone.
#[derive(Debug)]
pub(super) struct ChildProcess {
    child: Child,
    heard: Arc<(Mutex<Heard>, Condvar)>,
    stderr: PathBuf,
}

impl ChildProcess {
    /// Starts the command; standard error goes to the file `stderr`, after what is already in it.
    pub(super) fn start(mut command: Command, stderr: &Path) -> Self {
        let file = File::options().create(true).append(true).open(stderr).expect("the file for standard error can be opened");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(file);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {}: {error}", command.get_program().display()));
        let heard = Arc::new((Mutex::new(Heard::default()), Condvar::new()));
        let stdout = child.stdout.take().expect("standard output is piped");
        let listener = Arc::clone(&heard);
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                listener.0.lock().expect("nobody panics while listening").lines.push(line);
                listener.1.notify_all();
            }
            listener.0.lock().expect("nobody panics while listening").ended = true;
            listener.1.notify_all();
        });
        Self { child, heard, stderr: stderr.to_owned() }
    }

    /// Waits for a line on standard output of which `pick` makes something. None when the process closes its output, or the limit
    /// passes, without such a line.
    pub(super) fn wait_for_line<T>(&self, limit: Duration, pick: impl Fn(&str) -> Option<T>) -> Option<T> {
        let started = Instant::now();
        let mut heard = self.heard.0.lock().expect("nobody panics while listening");
        loop {
            if let Some(found) = heard.lines.iter().find_map(|line| pick(line)) {
                return Some(found);
            }
            let left = limit.checked_sub(started.elapsed())?;
            if heard.ended {
                return None;
            }
            heard = self.heard.1.wait_timeout(heard, left).expect("nobody panics while listening").0;
        }
    }

    /// Everything on standard output so far.
    pub(super) fn stdout(&self) -> Vec<String> {
        self.heard.0.lock().expect("nobody panics while listening").lines.clone()
    }

    /// Everything on standard error so far.
    pub(super) fn stderr(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.stderr).unwrap_or_default()).into_owned()
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended; none while it runs.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be asked whether it ended")
    }

    /// SIGKILL, and waits until it is gone.
    pub(super) fn kill(&mut self) {
        // An error here means that it ended by itself before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, and waits until it ended.
    pub(super) fn terminate(&mut self) -> ExitStatus {
        let id = self.id().to_string();
        let asked = Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh", &id]).status();
        assert!(asked.is_ok_and(|status| status.success()), "cannot send SIGTERM to process {id}");
        wait_until("the process to end after SIGTERM", TIME_TO_END, || self.ended().is_some());
        self.ended().expect("it has just ended")
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("standard error of the process that was running, last lines:\n{}", last_lines(&self.stderr(), 40));
        }
    }
}

/// The last lines of a text.
pub(super) fn last_lines(text: &str, count: usize) -> String {
    let skipped = text.lines().count().saturating_sub(count);
    text.lines().skip(skipped).collect::<Vec<_>>().join("\n")
}
