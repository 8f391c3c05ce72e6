//! Every example of every corpus, as it is and changed in some hundred ways: what a fuzzer found once is not found again by a user.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::path::{Path, PathBuf};

use fuzz_targets::{MAX_BYTES, TARGETS, Target};

/// How often each example is changed.
const CHANGES: u64 = 200;

fn corpus(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.into_iter().map(|file| (file.clone(), std::fs::read(&file).unwrap())).collect()
}

/// Numbers that look drawn by lot, the same each time (splitmix64).
struct Lots(u64);

impl Lots {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }
}

/// One to four changes: a byte, a bit, a piece cut out, doubled, moved, or taken from another example.
fn changed(bytes: &[u8], other: &[u8], lots: &mut Lots) -> Vec<u8> {
    const TELLING: [&[u8]; 10] = [b"\0", b"\xff", b"\"", b"\\u0000", b"\r\n", b"{", b"}", b",", b"-1", b"99999999999999999999"];
    let mut bytes = bytes.to_vec();
    for _ in 0..=lots.below(4) {
        let (from, to) = (lots.below(bytes.len() + 1), lots.below(bytes.len() + 1));
        let (from, to) = (from.min(to), from.max(to));
        match lots.below(6) {
            0 if !bytes.is_empty() => {
                let at = lots.below(bytes.len());
                bytes[at] ^= 1 << lots.below(8);
            }
            1 => drop(bytes.drain(from..to)),
            2 => {
                let piece = bytes[from..to].to_vec();
                bytes.splice(from..from, piece);
            }
            3 => {
                let begin = lots.below(other.len() + 1);
                bytes.splice(from..to, other[begin..].iter().copied().take(64));
            }
            4 => {
                let telling = TELLING[lots.below(TELLING.len())];
                bytes.splice(from..from, telling.iter().copied());
            }
            _ => bytes.truncate(to),
        }
        bytes.truncate(MAX_BYTES);
    }
    bytes
}

#[test]
fn whatever_was_found_once_holds_and_so_does_what_is_near_it() {
    let mut lots = Lots(2_026);
    for target in TARGETS {
        let examples = corpus(target);
        assert!(examples.len() >= 3, "the corpus of {} is too small", target.name);
        for (index, (file, bytes)) in examples.iter().enumerate() {
            let run = |bytes: &[u8]| {
                let ended = std::panic::catch_unwind(|| (target.run)(bytes));
                assert!(ended.is_ok(), "{} does not hold near {}: {:?}", target.name, file.display(), String::from_utf8_lossy(bytes));
            };
            run(bytes);
            let other = &examples[(index + 1) % examples.len()].1;
            for _ in 0..CHANGES {
                run(&changed(bytes, other, &mut lots));
            }
        }
    }
}

#[test]
fn no_corpus_is_without_its_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(fuzz_targets::target(&name.to_string_lossy()).is_some(), "nobody reads the corpus {}", name.display());
    }
}
