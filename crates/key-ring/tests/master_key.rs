//! Where the master key is found, when it is made, and when it is refused.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use key_ring::{KeyRing, KeyRingError, MasterKey, MasterKeyOptions, MasterKeySource};
use tempfile::tempdir;
use zeroize::Zeroizing;

fn text(byte: u8) -> String {
    MasterKey::from_bytes([byte; 32]).to_text().to_string()
}

#[test]
fn the_first_start_makes_a_key_and_says_where_and_the_next_one_finds_it() {
    let data = tempdir().unwrap();
    let options = MasterKeyOptions::in_folder(data.path(), &[KeyRing::FILE_NAME]);
    let first = MasterKey::load(&options).unwrap();
    let file = data.path().join("master.key");
    assert!(first.created);
    assert_eq!(first.source, MasterKeySource::DataFolder(file.clone()));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    KeyRing::open(&data.path().join(KeyRing::FILE_NAME), &first.key).unwrap();

    let second = MasterKey::load(&options).unwrap();
    assert!(!second.created);
    assert!(!second.readable_by_others);
    assert_eq!(second.key.to_text(), first.key.to_text());
    assert_eq!(fs::read_dir(data.path()).unwrap().filter(|file| file.as_ref().unwrap().path().ends_with("master.key.new")).count(), 0);
}

#[test]
fn a_lost_key_is_not_made_anew_when_a_ring_is_there() {
    let data = tempdir().unwrap();
    let options = MasterKeyOptions::in_folder(data.path(), &[KeyRing::FILE_NAME]);
    let first = MasterKey::load(&options).unwrap();
    drop(KeyRing::open(&data.path().join(KeyRing::FILE_NAME), &first.key).unwrap());
    fs::remove_file(data.path().join("master.key")).unwrap();

    let error = MasterKey::load(&options).unwrap_err();
    assert!(matches!(error, KeyRingError::MasterKeyLost { .. }));
    let sentence = error.to_string();
    assert!(sentence.starts_with("the master key is missing, but "), "{sentence}");
    assert!(sentence.contains("key-ring.db was sealed under it. Put the key back at "), "{sentence}");
    assert!(!data.path().join("master.key").exists());
}

#[test]
fn a_named_file_comes_before_the_environment_before_systemd_before_the_data_folder() {
    let data = tempdir().unwrap();
    let credentials = tempdir().unwrap();
    fs::write(data.path().join("elsewhere.key"), text(1)).unwrap();
    fs::write(credentials.path().join("gatehouse-master-key"), text(3)).unwrap();
    fs::write(data.path().join("master.key"), text(4)).unwrap();
    let mut options = MasterKeyOptions {
        file: Some(data.path().join("elsewhere.key")),
        value: Some(Zeroizing::new(text(2))),
        credentials_directory: Some(credentials.path().to_owned()),
        ..MasterKeyOptions::in_folder(data.path(), &[])
    };
    let found = |options: &MasterKeyOptions| MasterKey::load(options).unwrap();
    assert_eq!(*found(&options).key.to_text(), text(1));
    options.file = None;
    assert_eq!(*found(&options).key.to_text(), text(2));
    assert_eq!(found(&options).source, MasterKeySource::Value);
    options.value = None;
    assert_eq!(*found(&options).key.to_text(), text(3));
    fs::remove_file(credentials.path().join("gatehouse-master-key")).unwrap();
    assert_eq!(*found(&options).key.to_text(), text(4));
}

#[test]
fn a_named_file_that_is_not_there_is_refused() {
    let data = tempdir().unwrap();
    let options =
        MasterKeyOptions { file: Some(data.path().join("typo.key")), ..MasterKeyOptions::in_folder(data.path(), &[KeyRing::FILE_NAME]) };
    assert!(matches!(MasterKey::load(&options), Err(KeyRingError::MasterKeyFileMissing(_))));
    assert!(!data.path().join("master.key").exists());
}

#[test]
fn a_file_that_holds_something_else_is_refused_with_its_name() {
    let data = tempdir().unwrap();
    let options = MasterKeyOptions::in_folder(data.path(), &[]);
    for content in [&b""[..], b"hello", &[0xff; 100], &[b'0'; 10_000]] {
        fs::write(data.path().join("master.key"), content).unwrap();
        let error = MasterKey::load(&options).unwrap_err();
        assert!(matches!(error, KeyRingError::MasterKeyMalformed { .. }));
        assert!(error.to_string().contains("master.key does not hold a master key"), "{error}");
    }
}

#[test]
fn a_key_file_that_others_may_read_is_noticed() {
    let data = tempdir().unwrap();
    let file = data.path().join("master.key");
    fs::write(&file, text(1)).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(MasterKey::load(&MasterKeyOptions::in_folder(data.path(), &[])).unwrap().readable_by_others);
}

#[test]
fn the_options_never_show_the_key() {
    let options = MasterKeyOptions { value: Some(Zeroizing::new(text(7))), ..MasterKeyOptions::default() };
    assert!(!format!("{options:?}").contains("0707"));
}
