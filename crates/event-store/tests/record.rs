//! The canonical record: golden vectors, and that encoding and decoding are inverse.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use event_store::record::{MAX_RECORD_BYTES, Record, RecordError};
use event_store::{Position, Recorded, StreamId};
use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

fn record(event_type: &str, micros: i64, metadata: &[u8], data: &[u8]) -> Record {
    Record {
        id: Uuid::from_u128(0x0199_6e2f_8b1c_8abc_9def_0123_4567_89ab),
        stream: StreamId::new("registration", Uuid::from_u128(0x0199_6e2f_0000_8000_8000_0000_0000_0001)),
        version: 3,
        event_type: event_type.into(),
        recorded_at: Timestamp::from_microsecond(micros).unwrap(),
        metadata: Bytes::copy_from_slice(metadata),
        data: Bytes::copy_from_slice(data),
    }
}

/// Every golden vector by file name. A record once written is read for good: add vectors, never change one.
fn vectors() -> Vec<(&'static str, Record)> {
    let usual = record(
        "registration.submitted.v1",
        1_790_000_000_123_456,
        br#"{"command":"0199","actor":"registrant"}"#,
        "{\"legal_name\":\"Łódź Turbine 株式会社\"}".as_bytes(),
    );
    let mut smallest = record("t", 0, b"", b"");
    smallest.stream = StreamId::new("a", Uuid::nil());
    smallest.version = 0;
    let mut widest = record(&"~".repeat(127), -1, &[0xFF, 0, 0x0D, 0x0A], &[0]);
    widest.stream = StreamId::new("_".repeat(31).as_str(), Uuid::max());
    widest.id = Uuid::max();
    widest.version = u64::MAX;
    vec![("v1-usual.hex", usual), ("v1-smallest.hex", smallest), ("v1-widest.hex", widest)]
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.chunks(32).map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect()).collect();
    digits.join("\n") + "\n"
}

fn unhex(text: &str) -> Bytes {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn records_have_the_bytes_they_always_had() {
    for (name, record) in vectors() {
        let stored = fs::read_to_string(golden(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(hex(&record.encode().unwrap()), stored, "{name}");
        assert_eq!(Record::decode(unhex(&stored)), Ok(record), "{name}");
    }
}

/// Writes vectors that are not there yet: `cargo test -p event-store --test record -- --ignored`.
#[test]
#[ignore = "writes files"]
fn write_missing_golden_vectors() {
    for (name, record) in vectors() {
        if !golden(name).exists() {
            fs::write(golden(name), hex(&record.encode().unwrap())).unwrap();
        }
    }
}

#[test]
fn a_record_is_what_was_recorded_but_for_its_position() {
    let (_, record) = vectors().remove(0);
    let recorded = Recorded {
        position: Position(77),
        stream: record.stream.clone(),
        version: record.version,
        id: record.id,
        event_type: record.event_type.clone(),
        recorded_at: record.recorded_at,
        metadata: record.metadata.clone(),
        data: record.data.clone(),
    };
    assert_eq!(Record::from(&recorded), record);
}

#[test]
fn what_is_not_a_record_is_refused() {
    let (_, record) = vectors().remove(0);
    let bytes = record.encode().unwrap();
    for end in 0..bytes.len() {
        assert!(Record::decode(bytes.slice(..end)).is_err(), "cut at {end}");
    }
    let mut longer = bytes.to_vec();
    longer.push(0);
    assert_eq!(Record::decode(longer.into()), Err(RecordError::TrailingBytes));
    let mut newer = bytes.to_vec();
    newer[0] = 2;
    assert_eq!(Record::decode(newer.into()), Err(RecordError::UnknownFormat(2)));
    let mut shouting = bytes.to_vec();
    shouting[18] = b'R';
    assert_eq!(Record::decode(shouting.into()), Err(RecordError::Invalid("stream")));
}

#[test]
fn a_record_that_would_be_too_large_is_not_encoded() {
    let room = MAX_RECORD_BYTES - record("t", 0, b"", b"").encode().unwrap().len();
    assert_eq!(record("t", 0, &vec![7; room], b"").encode().unwrap().len(), MAX_RECORD_BYTES);
    assert_eq!(record("t", 0, &vec![7; room], b"x").encode(), Err(RecordError::TooLarge));
}

prop_compose! {
    fn any_record()(
        id in any::<u128>(), key in any::<u128>(), category in "[a-z_]{1,31}", event_type in "[!-~]{1,127}", version in any::<u64>(),
        micros in -62_000_000_000_000_000_i64..250_000_000_000_000_000, metadata in prop::collection::vec(any::<u8>(), 0..300),
        data in prop::collection::vec(any::<u8>(), 0..3000),
    ) -> Record {
        Record {
            id: Uuid::from_u128(id),
            stream: StreamId::new(category.as_str(), Uuid::from_u128(key)),
            version,
            event_type: event_type.into(),
            recorded_at: Timestamp::from_microsecond(micros).unwrap(),
            metadata: metadata.into(),
            data: data.into(),
        }
    }
}

proptest! {
    #[test]
    fn decoding_gives_back_what_was_encoded(record in any_record()) {
        prop_assert_eq!(Record::decode(record.encode().unwrap()), Ok(record));
    }

    #[test]
    fn there_is_one_way_to_write_a_record(bytes in prop::collection::vec(any::<u8>(), 0..200), mut valid in any_record(), place in any::<prop::sample::Index>(), value in any::<u8>()) {
        if let Ok(record) = Record::decode(bytes.clone().into()) {
            prop_assert_eq!(record.encode().unwrap(), Bytes::from(bytes));
        }
        valid.data = Bytes::new();
        let mut changed = valid.encode().unwrap().to_vec();
        let place = place.index(changed.len());
        changed[place] = value;
        if let Ok(record) = Record::decode(changed.clone().into()) {
            prop_assert_eq!(record.encode().unwrap(), Bytes::from(changed));
        }
    }
}
