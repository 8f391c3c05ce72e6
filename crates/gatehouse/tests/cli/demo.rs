//! What `gatehouse demo` prints can be typed.

use std::process::Command;

use tempfile::TempDir;
use test_support::servers::{GatehouseProcess, TestDatabase, gatehouse_command};

use crate::refused;

/// What a shell makes of a line, as a person would paste it into one in which nothing of Gatehouse is set.
fn shell(line: &str) -> String {
    let mut command = Command::new("sh");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"GATEHOUSE_")) {
        command.env_remove(name);
    }
    let output = command.args(["-c", line]).output().unwrap();
    assert!(output.status.success(), "{line} ended with {:?}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The printed line that has this in it.
fn line<'a>(printed: &'a str, part: &str) -> &'a str {
    let found = printed.lines().map(str::trim).find(|line| line.contains(part));
    assert!(found.is_some(), "{part} is not in {printed}");
    found.unwrap()
}

#[test]
fn what_the_demonstration_says_to_try_works_as_it_is_pasted_also_with_its_stores_in_postgresql() {
    let (folder, database) = (TempDir::new().unwrap(), TestDatabase::create());
    let data = folder.path().join("the data");
    // With a character that a shell would not leave alone.
    let address = format!("{}?sslmode=disable", database.url());
    let stores = ["--log", &address, "--secrets", &address, "--views", &address];
    let demo = ["demo", "--no-serve", "--registrations", "10", "--listen", "127.0.0.1:0"];
    let output = gatehouse_command().args(demo).args(stores).arg("--data").arg(&data).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let history = line(&printed, " history ");
    assert!(!shell(history).is_empty(), "{history}");

    let words = shell(&format!("printf '%s\\n' {}", line(&printed, " serve ")));
    let service = GatehouseProcess::command(words.lines().skip(1)).start();
    assert!(shell(line(&printed, "/v1/review/queue")).contains("\"items\""));
    assert!(!shell(history).is_empty(), "while it runs");
    assert!(service.terminate().success());

    let again = folder.path().join("another");
    let said = refused(&again, 2, &[&demo[..], &stores[..]].concat());
    assert!(said.contains("demo fills a fresh log"), "{said}");
}

#[test]
fn the_readmes_tour_as_an_organization_administrator_can_be_typed() {
    let folder = TempDir::new().unwrap();
    let demo = ["demo", "--no-serve", "--registrations", "40", "--listen", "127.0.0.1:0"];
    let output = gatehouse_command().args(demo).arg("--data").arg(folder.path().join("gatehouse-demo")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    let words = shell(&format!("printf '%s\\n' {}", line(&printed, " serve ")));
    let service = GatehouseProcess::command(words.lines().skip(1)).start();

    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let (_, tour) = readme.split_once("## A tour as an organization administrator").unwrap();
    let (typed, _) = tour.split_once("```sh\n").and_then(|(_, code)| code.split_once("```")).unwrap();
    let said = shell(&format!("cd {}\n{typed}", folder.path().display()));
    for part in [
        r#""outcome":"valid""#,
        r#""pointer":"/rows/2/email""#,
        r#""code":"SOURCEPASS","name":"SourcePass","subscription":"active""#,
        r#""why":"Left the company.""#,
        r#""event_type":"user.created.v1""#,
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    assert!(service.terminate().success());
}
