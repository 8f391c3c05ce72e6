//! The peers: others who keep events, measured in the same run by a program of their own.
//!
//! Their package (`tests/peers`) stands outside the workspace, since it brings its own versions of much; it is built here, when it is
//! asked for. UmaDB's build wants a protobuf compiler, which comes as a package too.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;

use super::figure::{Aim, Figure, Report};

/// The figures over the peers.
pub const NAMES: &[&str] = &["http_64_over_cqrs_es", "http_256_over_umadb"];

/// Commands per second, as the program of the peers prints them.
#[derive(Debug, Deserialize)]
struct Rates {
    cqrs_es_64: f64,
    umadb_256: f64,
}

/// Both figures, over the bursts that were measured over HTTP in this run.
///
/// # Panics
/// When the peers cannot be built or run.
pub fn measure(report: &mut Report) {
    let options = report.options();
    if !options.peers || !options.wants(NAMES) {
        return;
    }
    let (Some(with_64), Some(with_256)) = (report.burst(64), report.burst(256)) else { return };
    let time = Duration::from_secs(if options.full { 10 } else { 4 });
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let milliseconds = time.as_millis().to_string();
    let said = said_by(Command::new(build()).arg(folder.path()).arg(milliseconds));
    let rates: Rates = serde_json::from_str(said.lines().last().unwrap_or_default()).expect("the peers print one line of JSON");
    report.add(Figure {
        name: NAMES[0],
        value: with_64 / rates.cqrs_es_64,
        aim: Aim::AtLeast(8.0),
        conditions: format!(
            "InviteOrg of 64 clients over HTTP: {with_64:.0}/s; cqrs-es with sqlite-es (synchronous=FULL) in process, 64 tasks, {time:.0?}: {:.0}/s",
            rates.cqrs_es_64
        ),
        limit: "what limits http_64_over_parse_only",
    });
    report.add(Figure {
        name: NAMES[1],
        value: with_256 / rates.umadb_256,
        aim: Aim::AtLeast(2.0),
        conditions: format!(
            "InviteOrg of 256 clients over HTTP: {with_256:.0}/s; UmaDB over gRPC, conditional appends, 256 tasks, {time:.0?}: {:.0}/s",
            rates.umadb_256
        ),
        limit: "what limits http_256_over_parse_only",
    });
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
    println!("building the peers");
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
