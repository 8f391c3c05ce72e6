//! The peers: others who keep events, measured in the same run by a program of their own.
//!
//! Their package (`tests/peers`) stands outside the workspace, since it brings its own versions of much; it is built here, when it is
//! asked for. UmaDB's build wants a protobuf compiler, which comes as a package too.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::Options;
use super::figure::{Aim, Figure, Report};

/// The figures over the peers that this module measures.
pub const NAMES: &[&str] = &["http_64_over_cqrs_es", "http_256_over_umadb"];

/// A peer with so many commands in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer<'a> {
    /// cqrs-es with sqlite-es, in process, 64 tasks.
    SqliteEs,
    /// cqrs-es with postgres-es, in process, 64 tasks, on the PostgreSQL database of this address.
    PostgresEs(&'a str),
    /// UmaDB over gRPC, 256 tasks.
    UmaDb,
}

/// Commands per second of a peer; none unless peers were asked for.
///
/// # Panics
/// When the peer cannot be built or run.
#[must_use]
pub fn rate(options: &Options, peer: Peer<'_>) -> Option<f64> {
    if !options.peers {
        return None;
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut program = Command::new(build());
    program.arg(folder.path()).arg(time(options).as_millis().to_string());
    match peer {
        Peer::SqliteEs => program.arg("sqlite-es"),
        Peer::PostgresEs(address) => program.args(["postgres-es", address]),
        Peer::UmaDb => program.arg("umadb"),
    };
    let said = said_by(&mut program);
    Some(said.trim().parse().expect("a peer prints its commands per second"))
}

fn time(options: &Options) -> Duration {
    Duration::from_secs(if options.full { 10 } else { 4 })
}

/// Both figures, over the bursts that were measured over HTTP in this run.
pub fn measure(report: &mut Report) {
    let options = report.options().clone();
    if !options.wants(NAMES) {
        return;
    }
    let time = time(&options);
    if let (Some(with_64), Some(peer)) = (report.burst(64), rate(&options, Peer::SqliteEs)) {
        report.add(Figure {
            name: NAMES[0],
            value: with_64 / peer,
            aim: Aim::AtLeast(8.0),
            conditions: format!(
                "InviteOrg of 64 clients over HTTP: {with_64:.0}/s; cqrs-es with sqlite-es (synchronous=FULL) in process, 64 tasks, {time:.0?}: {peer:.0}/s"
            ),
            limit: "what limits http_64_over_parse_only",
        });
    }
    if let (Some(with_256), Some(peer)) = (report.burst(256), rate(&options, Peer::UmaDb)) {
        report.add(Figure {
            name: NAMES[1],
            value: with_256 / peer,
            aim: Aim::AtLeast(2.0),
            conditions: format!(
                "InviteOrg of 256 clients over HTTP: {with_256:.0}/s; UmaDB over gRPC, conditional appends, 256 tasks, {time:.0?}: {peer:.0}/s"
            ),
            limit: "what limits http_256_over_parse_only",
        });
    }
}

/// Builds the peers in a folder of their own beside this program's; where their program is.
fn build() -> PathBuf {
    let program = std::env::current_exe().expect("a program knows where it is");
    let target = program.parent().and_then(Path::parent).expect("it lies in a target folder").join("peers");
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let cargo = || {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&package).env("CARGO_TARGET_DIR", &target);
        cargo
    };
    let compiler = said_by(cargo().args(["run", "--release", "--locked", "--quiet", "--package", "protoc"]));
    let _built = said_by(cargo().args(["build", "--release", "--locked", "--quiet", "--package", "peers"]).env("PROTOC", compiler.trim()));
    target.join("release").join("peers")
}

/// What a program prints, once it has done well.
fn said_by(command: &mut Command) -> String {
    let output = command.stderr(Stdio::inherit()).output().expect("it can be started");
    assert!(output.status.success(), "{command:?}: {}", output.status);
    String::from_utf8(output.stdout).expect("it prints text")
}
