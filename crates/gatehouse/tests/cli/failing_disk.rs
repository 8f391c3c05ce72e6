//! A disk that fails while the service runs.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use test_support::servers::{GatehouseProcess, gatehouse_command};

use crate::{ask, run};

/// How many commands are given at most until the disk has failed.
const MOST: usize = 1_000;

#[test]
fn a_service_whose_log_cannot_be_written_ends_with_70_and_the_next_start_has_all_that_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    // No file may grow beyond two megabytes: writing then fails with an error that no disk that is merely full gives.
    let mut service = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 4096; exec \"$@\"", "sh"])
        .arg(gatehouse_command().get_program())
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(service.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("listening on "), "{first}");

    let company = "A company with a long name ".repeat(7);
    let companies: Vec<String> = (0..100).flat_map(|number| ["--belongs-to".to_owned(), format!("{company}{number}")]).collect();
    let mut command = vec!["staff", "appoint", "Ada", "Lovelace", "ada@example.com", "--role", "reviewer"];
    command.extend(companies.iter().map(String::as_str));
    let mut answered = Vec::new();
    let mut status = None;
    for _ in 0..MOST {
        status = service.try_wait().unwrap();
        if status.is_some() {
            break;
        }
        let output = run(&data, &command);
        if output.status.success() {
            answered.push(String::from_utf8(output.stdout).unwrap().trim().to_owned());
        }
    }
    if status.is_none() {
        drop(service.kill());
    }
    assert_eq!(status.and_then(|status| status.code()), Some(70), "after {} commands", answered.len());

    let service = GatehouseProcess::serve(&data).start();
    let listed = ask(&data, &["staff", "list"]);
    assert!(!answered.is_empty());
    let lost: Vec<_> = answered.iter().filter(|id| !listed.contains(id.as_str())).collect();
    assert!(lost.is_empty(), "{} of {} are lost", lost.len(), answered.len());
    assert!(service.terminate().success());
}
