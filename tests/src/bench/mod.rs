//! The figures of `cargo xtask bench`: how fast the service is, each as a ratio within one run on one machine.
//!
//! Quick by default (about four minutes); `--full` measures with the sizes that the aims name. A figure says what it was
//! measured with; a missed aim says what limits it.
//!
//! * [`load`] – clients over HTTP; [`parse_only`] – the peer that only parses; [`processor`] – where processor time goes
//! * [`http`](mod@http) – whole commands through the served binary
//! * [`log`] – the log by itself; [`volume`] – logs of millions of events
//! * [`publishing`] – a backlog of events onto a NATS stream
//! * [`postgres`] – the same with PostgreSQL, and with two instances
//! * [`peers`] – others who keep events

pub mod figure;
pub mod http;
pub mod load;
pub mod log;
pub mod parse_only;
pub mod peers;
pub mod postgres;
pub mod processor;
pub mod publishing;
pub mod served;
pub mod stories;
pub mod volume;

use std::path::PathBuf;

use figure::Report;

/// What was asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The big sizes.
    pub full: bool,
    /// Also the peers.
    pub peers: bool,
    /// Where the figures go as JSON.
    pub json: Option<PathBuf>,
    /// Parts of the names of the figures that are wanted; none: all.
    pub names: Vec<String>,
}

impl Options {
    /// # Panics
    /// When an argument is not known.
    fn parse(arguments: impl Iterator<Item = String>) -> Self {
        let mut options = Self::default();
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--full" => options.full = true,
                "--peers" => options.peers = true,
                "--json" => options.json = arguments.next().map(PathBuf::from),
                // What `cargo bench` would pass.
                "--bench" => {}
                flag if flag.starts_with('-') => panic!("unknown flag {flag}: --json FILE, --full, --peers, names of figures"),
                _ => options.names.push(argument),
            }
        }
        options
    }

    /// Whether one of these figures is wanted.
    #[must_use]
    pub fn wants(&self, figures: &[&str]) -> bool {
        let wanted = |figure: &&str| self.names.is_empty() || self.names.iter().any(|name| figure.contains(name.as_str()));
        figures.iter().any(wanted)
    }
}

/// Measures what the arguments ask for, prints it, and writes it as JSON if asked to.
///
/// # Panics
/// When something cannot be measured.
pub fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == parse_only::COMMAND) {
        return parse_only::serve();
    }
    let options = Options::parse(arguments.into_iter());
    let mut report = Report::new(&options);
    http::measure(&options, &mut report);
    peers::measure(&mut report);
    log::measure(&options, &mut report);
    volume::measure(&options, &mut report);
    served::measure(&options, &mut report);
    publishing::measure(&options, &mut report);
    postgres::measure(&options, &mut report);
    report.finish();
}
