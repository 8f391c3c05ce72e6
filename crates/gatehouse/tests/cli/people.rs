//! Staff and tokens.

use crate::{Place, While};

fn appoint(place: &Place) -> String {
    let appointed =
        place.ask(&["staff", "appoint", "Ada", "Lovelace", "ada@example.com", "--role", "reviewer", "--belongs-to", "Acme Ltd"]);
    appointed.trim().to_owned()
}

fn staff_and_tokens_are_managed(when: While) {
    let place = Place::new(when);
    let id = appoint(&place);
    let listed = place.ask(&["staff", "list"]);
    for expected in [&*id, "Ada Lovelace", "ada@example.com", "reviewer", "Acme Ltd"] {
        assert!(listed.contains(expected), "{expected} is not in {listed}");
    }
    place.ask(&["staff", "grant", &id, "auditor"]);
    place.ask(&["staff", "revoke", &id, "reviewer", "--reason", "moved to audit"]);
    let listed = place.ask(&["staff", "list"]);
    assert!(listed.contains("auditor") && !listed.contains("reviewer"), "{listed}");

    let secret = place.ask(&["token", "create", "audit console", "--staff", &id]);
    assert!(secret.starts_with("gh_"), "{secret}");
    place.ask(&["service", "register", "warehouse"]);
    let service = place.ask(&["token", "create", "stock list", "--service", "warehouse", "--days", "30"]);
    assert_ne!(secret, service);
    let listed = place.ask(&["token", "list"]);
    assert!(listed.contains("audit console") && listed.contains("service warehouse"), "{listed}");
    assert!(!listed.contains(secret.trim()), "the secret is shown once");

    let warehouse = listed.lines().find(|line| line.contains("warehouse")).unwrap();
    place.ask(&["token", "revoke", warehouse.split_whitespace().next().unwrap()]);
    place.ask(&["staff", "dismiss", &id, "--reason", "left the company"]);
    let listed = place.ask(&["token", "list"]);
    assert_eq!(listed.lines().filter(|line| line.contains("revoked")).count(), 2, "a dismissed member's tokens go with them: {listed}");

    let history = place.ask(&["history", "staff", &id]);
    assert!(history.contains("left the company") && history.contains("moved to audit"), "{history}");
}

#[test]
fn staff_and_tokens_are_managed_while_the_service_runs() {
    staff_and_tokens_are_managed(While::Running);
}

#[test]
fn staff_and_tokens_are_managed_while_the_service_does_not_run() {
    staff_and_tokens_are_managed(While::Stopped);
}

fn services_are_managed(when: While) {
    let place = Place::new(when);
    place.ask(&["catalogue", "apply", concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/catalogue/demo.toml")]);
    place.ask(&["service", "register", "warehouse"]);
    place.ask(&["service", "register", "warehouse"]);
    place.ask(&["service", "register", "sft-provisioning", "--application", "SFT"]);
    place.ask(&["service", "scope", "sft-provisioning", "--application", "sft", "--application", "BSCP"]);
    let listed = place.ask(&["service", "list"]);
    let line = |name: &str| listed.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(line("warehouse").contains("everything") && line("sft-provisioning").contains("BSCP, SFT"), "{listed}");

    let secret = place.ask(&["token", "create", "provisioning", "--service", "sft-provisioning"]);
    assert!(secret.starts_with("gh_"), "{secret}");
    place.ask(&["service", "retire", "sft-provisioning", "--reason", "replaced by another"]);
    assert!(place.ask(&["token", "list"]).contains("revoked"), "its tokens go with it");
    let history = place.ask(&["history", "service", "sft-provisioning"]);
    let scope = history.lines().find(|line| line.contains("from then on")).unwrap();
    assert!(scope.contains("SFT") && scope.contains("BSCP") && history.contains("replaced by another"), "{history}");
    assert_eq!(place.ask(&["erasures"]), "");

    assert!(place.refused(2, &["service", "register", "No Name"]).contains("lower-case"));
    assert!(place.refused(2, &["service", "scope", "warehouse"]).contains("--everything"), "what it is shown is said");
    place.refused(3, &["service", "register", "sft-provisioning"]);
    place.refused(3, &["service", "register", "warehouse", "--application", "SFT"]);
    place.refused(3, &["service", "register", "third", "--application", "NONE"]);
    place.refused(3, &["service", "retire", "nobody", "--reason", "nobody"]);
    place.refused(3, &["token", "create", "late", "--service", "sft-provisioning"]);
    place.refused(3, &["token", "create", "ghost", "--service", "nobody"]);
}

#[test]
fn services_are_managed_while_the_service_runs() {
    services_are_managed(While::Running);
}

#[test]
fn services_are_managed_while_the_service_does_not_run() {
    services_are_managed(While::Stopped);
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let place = Place::new(While::Running);
    let nobody = "00000000-0000-4000-8000-000000000000";
    assert!(place.refused(2, &["staff", "appoint", "Ada", "Lovelace", "no address", "--role", "reviewer"]).contains("e-mail address"));
    place.refused(2, &["staff", "appoint", "Ada", "Lovelace", "ada@example.com"]);
    place.refused(3, &["staff", "dismiss", nobody, "--reason", "nobody"]);
    place.refused(3, &["token", "create", "ghost", "--staff", nobody]);
    place.refused(3, &["token", "create", "ghost", "--partner", nobody]);
    place.refused(3, &["token", "revoke", nobody]);
    assert!(place.refused(2, &["token", "create", "whose"]).contains("--staff"), "a token has a holder");
    let id = appoint(&place);
    place.ask(&["staff", "dismiss", &id, "--reason", "left"]);
    place.refused(3, &["token", "create", "late", "--staff", &id]);
    place.refused(3, &["staff", "grant", &id, "auditor"]);
    assert_eq!(place.ask(&["token", "list"]), "");
    assert_eq!(place.ask(&["staff", "list"]).lines().count(), 2);
}
