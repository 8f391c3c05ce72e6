//! A disk that fails while the service runs.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
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

/// A file system of its own, so small that it can be filled.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// None, with the reason printed, where this process may not mount anything.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=48m", "tmpfs"]).arg(folder.path()).output();
        match mounted {
            Ok(output) if output.status.success() => return Some(Self(folder)),
            Ok(output) => println!("skipped: a file system cannot be mounted: {}", String::from_utf8_lossy(&output.stderr)),
            Err(error) => println!("skipped: a file system cannot be mounted: {error}"),
        }
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all the space that is left. The file that is to be removed to give it free.
    fn fill(&self) -> PathBuf {
        let filler = self.path().join("filler");
        let mut file = fs::File::create(&filler).unwrap();
        for size in [1 << 20, 1 << 12] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        filler
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

#[test]
fn a_service_whose_disk_is_full_refuses_commands_answers_questions_and_goes_on_when_there_is_space() {
    let Some(disk) = SmallDisk::mount() else { return };
    let data = disk.path().join("data");
    let service = GatehouseProcess::serve(&data).start();
    let appoint = ["staff", "appoint", "Ada", "Lovelace", "ada@example.com", "--role", "reviewer"];
    let mut answered = vec![ask(&data, &appoint)];
    let filler = disk.fill();
    let mut refusal = String::new();
    for _ in 0..MOST {
        // What was allotted to the files before is used up first.
        let output = run(&data, &appoint);
        if !output.status.success() {
            refusal = String::from_utf8(output.stderr).unwrap();
            break;
        }
        answered.push(String::from_utf8(output.stdout).unwrap());
    }
    assert!(refusal.contains("cannot take this command right now"), "{} were answered, then: {refusal:?}", answered.len());
    assert!(ask(&data, &["status"]).contains("runs"), "questions are answered");

    fs::remove_file(filler).unwrap();
    test_support::wait_until("commands to be taken again", std::time::Duration::from_secs(60), || {
        let output = run(&data, &appoint);
        let is_taken = output.status.success();
        answered.extend(is_taken.then(|| String::from_utf8(output.stdout).unwrap()));
        is_taken
    });
    let listed = ask(&data, &["staff", "list"]);
    let lost: Vec<_> = answered.iter().filter(|id| !listed.contains(id.trim())).collect();
    assert!(lost.is_empty(), "{} of {} are lost", lost.len(), answered.len());
    assert!(service.terminate().success(), "the same process all along");
}
