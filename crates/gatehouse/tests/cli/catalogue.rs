//! The catalogue, and read models that are rebuilt.

use std::fs;

use crate::{Place, While};

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/catalogue/demo.toml");

fn the_demonstration_catalogue_is_applied(when: While) {
    let place = Place::new(when);
    let would = place.ask(&["catalogue", "apply", DEMO, "--dry-run"]);
    assert_eq!(would.lines().filter(|line| line.ends_with("would be published")).count(), 5, "{would}");
    assert_eq!(place.ask(&["catalogue", "list"]), "");

    place.ask(&["catalogue", "apply", DEMO]);
    let listed = place.ask(&["catalogue", "list"]);
    assert!(listed.contains("Boeing 787 Supply Chain Platform") && listed.contains("link boeing-787"), "{listed}");
    let again = place.ask(&["catalogue", "apply", DEMO]);
    assert!(again.lines().all(|line| line.ends_with("unchanged")), "{again}");
}

#[test]
fn the_demonstration_catalogue_is_applied_while_the_service_runs() {
    the_demonstration_catalogue_is_applied(While::Running);
}

#[test]
fn the_demonstration_catalogue_is_applied_while_the_service_does_not_run() {
    the_demonstration_catalogue_is_applied(While::Stopped);
}

#[test]
fn what_differs_is_amended_what_goes_is_retired_and_the_rest_is_left() {
    let place = Place::new(While::Running);
    let file = place.folder.path().join("catalogue.toml");
    let file_name = file.to_str().unwrap();
    let text = fs::read_to_string(DEMO).unwrap();
    place.ask(&["catalogue", "apply", DEMO]);
    let changed = text
        .replace("name = \"SourcePass\"", "name = \"SourcePass 2\"")
        .replace("code = \"SFT\"", "code = \"SFT\"\nretired = \"replaced by a new service\"");
    fs::write(&file, &changed).unwrap();
    let applied = place.ask(&["catalogue", "apply", file_name]);
    assert_eq!(
        applied.lines().collect::<Vec<_>>(),
        ["FIS: unchanged", "SFT: retired", "BSCP: unchanged", "SOURCEPASS: amended", "B787SCP: unchanged"]
    );
    let history = place.ask(&["history", "application", "SFT"]);
    assert!(history.contains("replaced by a new service"), "{history}");
    assert!(place.ask(&["catalogue", "apply", file_name]).lines().all(|line| line.ends_with("unchanged")));
}

#[test]
fn a_mistake_in_one_application_changes_nothing() {
    let place = Place::new(While::Running);
    let file = place.folder.path().join("catalogue.toml");
    let text = fs::read_to_string(DEMO).unwrap();
    for (right, wrong, status, says) in [
        ("ways = [{ public_link = \"boeing-787\" }]", "ways = []", 3, "B787SCP"),
        ("owner = \"operator\"\nname = \"SourcePass\"", "owner = \"Nobody Inc\"\nname = \"SourcePass\"", 3, "Nobody Inc"),
        ("code = \"SOURCEPASS\"", "code = \"SFT\"", 2, "twice"),
        ("launch_url = \"https://b787", "launch_url = \"gopher://b787", 2, "B787SCP"),
        ("four_eyes = true", "six_eyes = true", 2, "six_eyes"),
    ] {
        assert!(text.contains(right), "{right}");
        fs::write(&file, text.replace(right, wrong)).unwrap();
        let said = place.refused(status, &["catalogue", "apply", file.to_str().unwrap()]);
        assert!(said.contains(says), "{said}");
        assert_eq!(place.ask(&["catalogue", "list"]), "", "after {wrong}");
    }
}

fn a_rebuilt_read_model_has_the_same_rows(when: While) {
    let place = Place::new(when);
    place.ask(&["catalogue", "apply", DEMO]);
    let status: serde_json::Value = serde_json::from_str(&place.ask(&["status", "--json"])).unwrap();
    let models = status["read_models"].as_array().unwrap();
    assert!(models.len() >= 7, "{status}");
    for model in models {
        let name = model["name"].as_str().unwrap();
        let said = place.ask(&["rebuild", name]);
        assert!(said.contains("equal: the rebuilt rows are the live ones"), "{said}");
    }
    assert!(place.ask(&["catalogue", "list"]).contains("SourcePass"));
    assert!(place.refused(2, &["rebuild", "nonsuch"]).contains("directory"));
}

#[test]
fn a_rebuilt_read_model_has_the_same_rows_while_the_service_runs() {
    a_rebuilt_read_model_has_the_same_rows(While::Running);
}

#[test]
fn a_rebuilt_read_model_has_the_same_rows_while_the_service_does_not_run() {
    a_rebuilt_read_model_has_the_same_rows(While::Stopped);
}
