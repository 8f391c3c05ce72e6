//! What an operator can decide.

use std::fs;

use test_support::servers::{GatehouseProcess, gatehouse_command};

use crate::{Place, While};

fn config(arguments: &[&str], environment: &[(&str, &str)]) -> std::process::Output {
    gatehouse_command().arg("config").args(arguments).envs(environment.iter().copied()).output().unwrap()
}

fn shown(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = config(arguments, environment);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_is_shown_can_be_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gatehouse.toml");
    for environment in [&[][..], &[("GATEHOUSE_BASE_URL", "https://gateway.example"), ("GATEHOUSE_POLICY__CALENDAR__VERSION", "4")][..]] {
        let first = shown(&[], environment);
        fs::write(&file, &first).unwrap();
        assert_eq!(shown(&["--config", file.to_str().unwrap()], &[]), first);
    }
}

#[test]
fn flags_win_over_the_environment_and_the_environment_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gatehouse.toml");
    fs::write(&file, "data = \"from-file\"\nhuman_check_bits = 9\n").unwrap();
    let file = file.to_str().unwrap();
    assert!(shown(&["--config", file], &[]).contains("data = \"from-file\""));
    assert!(shown(&["--config", file], &[("GATEHOUSE_DATA", "from-environment")]).contains("data = \"from-environment\""));
    let all = shown(&["--config", file, "--data", "from-flag"], &[("GATEHOUSE_DATA", "from-environment")]);
    assert!(all.contains("data = \"from-flag\"") && all.contains("human_check_bits = 9"), "{all}");
}

#[test]
fn a_secret_is_never_shown() {
    let key = "gatehouse-master-key-1:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    assert!(!shown(&[], &[("GATEHOUSE_MASTER_KEY", key)]).contains("00112233"));
}

#[test]
fn a_mistake_is_named() {
    for (variable, value, says) in [
        ("GATEHOUSE_LISTNE", "127.0.0.1:1", "listne"),
        ("GATEHOUSE_MAIL__TRANSPORT", "pigeon", "`maildir` or `smtp`"),
        ("GATEHOUSE_BASE_URL", "gateway.example", "base_url"),
        ("GATEHOUSE_POLICY__CALENDAR__TIME_ZONE", "Mars/Olympus", "Mars/Olympus"),
        ("GATEHOUSE_HUMAN_CHECK_BITS", "60", "human_check_bits"),
    ] {
        let output = config(&[], &[(variable, value)]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn a_calendar_that_changed_without_a_new_version_is_refused_and_taken_with_one() {
    let place = Place::new(While::Stopped);
    let serve = |version: &str| {
        GatehouseProcess::serve(&place.data())
            .env("GATEHOUSE_POLICY__CALENDAR__TIME_ZONE", "America/New_York")
            .env("GATEHOUSE_POLICY__CALENDAR__VERSION", version)
            .try_start()
    };
    let failure = serve("1").unwrap_err();
    assert_eq!(failure.status.and_then(|status| status.code()), Some(3));
    assert!(failure.stderr.contains("raise policy.calendar.version"), "{}", failure.stderr);
    let service = serve("2").unwrap();
    assert!(service.stderr().contains("calendar is in force"), "{}", service.stderr());
    assert!(service.terminate().success());
    assert!(serve("2").unwrap().terminate().success());
}

#[test]
fn standard_output_has_the_address_and_nothing_else() {
    let mut place = Place::new(While::Running);
    let service = place.service.take().unwrap();
    assert_eq!(service.stdout(), [format!("listening on http://{}", service.address())]);
    assert!(service.terminate().success());
}
