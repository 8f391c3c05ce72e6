//! Tokens that were bought elsewhere.

use crate::{Place, While};

/// The seed of RFC 4226, appendix D.
const SEED: &str = "3132333435363738393031323334353637383930";

fn tokens_are_imported(when: While) {
    let place = Place::new(when);
    let path = place.folder.path().join("tokens.csv");
    let file = path.to_str().unwrap();
    let write = |rows: &str| std::fs::write(&path, format!("serial,algorithm,digits,period,seed_hex\n{rows}")).unwrap();
    write(&format!("sn-1,hotp,6,,{SEED}\nSN-2,totp,8,60,{SEED}\n"));
    let looked = place.ask(&["inventory", "import", file, "--dry-run"]);
    assert_eq!(looked, "row 1: SN-1 would be imported\nrow 2: SN-2 would be imported\n");
    assert_eq!(place.ask(&["inventory", "list"]), "");
    assert_eq!(place.ask(&["inventory", "import", file]), "row 1: SN-1 imported\nrow 2: SN-2 imported\n");
    assert_eq!(place.ask(&["inventory", "import", file]), "row 1: SN-1 there already\nrow 2: SN-2 there already\n");
    let listed = place.ask(&["inventory", "list"]);
    assert!(listed.contains("SN-2") && listed.contains("totp, 60 s") && listed.contains("available"), "{listed}");
    assert!(!listed.contains(SEED), "{listed}");

    write(&format!("SN-1,hotp,8,,{SEED}\nSN-3,hotp,6,,{SEED}\n"));
    let said = place.refused(3, &["inventory", "import", file]);
    assert!(said.contains("row 1, serial: another token") && said.contains("1 of 2 rows were refused"), "{said}");
    assert!(place.ask(&["inventory", "list"]).contains("SN-3"), "the other row was imported");
    write(&format!("SN-4,hotp,6,,{SEED}\nSN-5,hotp,7,,{SEED}0\n"));
    let said = place.refused(3, &["inventory", "import", file]);
    assert!(said.contains("nothing was imported") && said.contains("row 2, digits") && said.contains("row 2, seed_hex"), "{said}");
    assert!(!said.contains(SEED) && !place.ask(&["inventory", "list"]).contains("SN-4"), "{said}");
    std::fs::write(&path, format!("SN-4,hotp,6,,{SEED}\n")).unwrap();
    let said = place.refused(2, &["inventory", "import", file]);
    assert!(said.contains("column 1 of the header") && !said.contains(SEED), "{said}");

    let said = place.refused(3, &["inventory", "release", "SN-1"]);
    assert!(said.contains("nobody's already"), "{said}");
    assert!(place.refused(3, &["inventory", "release", "SN-9"]).contains("inventory list"));
    place.refused(2, &["inventory", "release", "../x"]);
}

#[test]
fn tokens_are_imported_while_the_service_runs() {
    tokens_are_imported(While::Running);
}

#[test]
fn tokens_are_imported_while_the_service_does_not_run() {
    tokens_are_imported(While::Stopped);
}
