//! What the maker of tokens tells of them, as a CSV file: read, compared with the inventory, imported. No sentence of this module holds anything
//! of the file but serial numbers: where columns are missing, a seed may stand anywhere.

use std::collections::HashSet;

use credential_vault::{ImportedToken, InventoryToken, OtpAlgorithm, OtpDigits, OtpHash, TokenFlaw, Vault, VaultError};
use domain::Actor;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::problem::FieldError;

/// The most rows of one file: each token is written to the disk by itself, and a request has half a minute.
pub const MOST_ROWS: usize = 1_000;

/// The columns.
const COLUMNS: [&str; 8] = ["serial", "algorithm", "digits", "period", "hash", "counter", "seed_hex", "seed_base32"];

/// A row as it is sent. The columns may come in any order; those that may be empty may be left out.
#[derive(Deserialize)]
struct Row {
    serial: String,
    algorithm: String,
    #[serde(default)]
    digits: String,
    #[serde(default)]
    period: String,
    #[serde(default)]
    hash: String,
    #[serde(default)]
    counter: String,
    #[serde(default)]
    seed_hex: String,
    #[serde(default)]
    seed_base32: String,
}

/// A file that was read.
pub struct Sheet {
    /// The tokens of the rows that are valid, each with the number of its row.
    tokens: Vec<(usize, InventoryToken)>,
    /// What is wrong with the others.
    wrong: Vec<RowOutcome>,
}

/// What came of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowOutcome {
    /// Which row below the header, from 1.
    pub row: usize,
    /// The token's serial number, if it can be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "SN-004217")]
    pub serial: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
    /// What is wrong with it, by column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// What came of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is in the inventory now; of a dry run: it would be.
    Imported,
    /// It was there before, the same: nothing was changed.
    Same,
    /// Another one is there under its serial number: nothing was changed.
    Differs,
    /// The row is not valid. Only of a dry run: nothing is imported of a file with such a row.
    Invalid,
}

impl Sheet {
    /// The tokens of a file: UTF-8, with a header.
    ///
    /// # Errors
    /// Where it is none that can be read, and why, in a sentence.
    pub fn read(file: &[u8]) -> Result<Self, FieldError> {
        // Spreadsheets begin UTF-8 files with a byte order mark.
        let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
        let header = reader.headers().map_err(|_| in_file("the header of the file cannot be read: it must be CSV in UTF-8"))?.clone();
        if let Some(unknown) = header.iter().position(|column| !COLUMNS.contains(&column)) {
            return Err(in_file(format!("column {} of the header is none of {}", unknown + 1, COLUMNS.join(", "))));
        }
        if let Some(missing) = ["serial", "algorithm"].into_iter().find(|needed| !header.iter().any(|column| column == *needed)) {
            return Err(in_file(format!("the header has no column {missing}")));
        }
        let (mut sheet, mut serials) = (Self { tokens: Vec::new(), wrong: Vec::new() }, HashSet::new());
        for (index, row) in reader.deserialize::<Row>().enumerate() {
            let number = index + 1;
            if index == MOST_ROWS {
                return Err(in_file(format!("a file holds at most {MOST_ROWS} rows; please send the rest in another one")));
            }
            let row = row.map_err(|_| FieldError {
                pointer: format!("/rows/{number}"),
                detail: "this row cannot be read: it has more or fewer columns than the header, or is not UTF-8".to_owned(),
            })?;
            sheet.take(number, row, &mut serials);
        }
        if sheet.tokens.is_empty() && sheet.wrong.is_empty() { Err(in_file("the file holds no rows")) } else { Ok(sheet) }
    }

    fn take(&mut self, row: usize, read: Row, serials: &mut HashSet<String>) {
        match read.parse(row, serials) {
            Ok(token) => self.tokens.push((row, token)),
            Err((serial, errors)) => self.wrong.push(RowOutcome { row, serial, outcome: Outcome::Invalid, errors }),
        }
    }

    /// What is wrong with its rows, field by field; nothing, if all of it can be imported.
    #[must_use]
    pub fn errors(&self) -> Vec<FieldError> {
        self.wrong.iter().flat_map(|outcome| outcome.errors.clone()).collect()
    }

    /// What would come of each row. Changes nothing.
    ///
    /// # Errors
    /// If the vault cannot be read.
    pub async fn compare(self, vault: &Vault) -> Result<Vec<RowOutcome>, VaultError> {
        let (numbers, tokens): (Vec<_>, Vec<_>) = self.tokens.into_iter().unzip();
        let found = vault.compare_tokens(&tokens).await?;
        let mut outcomes = self.wrong;
        outcomes.extend(numbers.into_iter().zip(tokens.iter().map(|token| token.serial.clone())).zip(found).map(outcome));
        outcomes.sort_by_key(|outcome| outcome.row);
        Ok(outcomes)
    }

    /// Imports the tokens, each by itself. Sent again, it changes nothing. Who imported which is on record in the service's own log, without seeds.
    ///
    /// # Errors
    /// If the vault refuses: those before stay imported.
    pub async fn import(self, vault: &Vault, by: &Actor, now: Timestamp) -> Result<Vec<RowOutcome>, VaultError> {
        let mut outcomes = self.wrong;
        for (row, token) in self.tokens {
            let serial = token.serial.clone();
            let imported = vault.import_tokens(vec![token], now).await?;
            if imported == [ImportedToken::New] {
                tracing::info!(serial, ?by, "a token was imported into the inventory");
            }
            outcomes.extend(imported.into_iter().map(|imported| outcome(((row, serial.clone()), imported))));
        }
        outcomes.sort_by_key(|outcome| outcome.row);
        Ok(outcomes)
    }
}

fn outcome(((row, serial), imported): ((usize, String), ImportedToken)) -> RowOutcome {
    let wrong = |detail: &str| vec![FieldError { pointer: format!("/rows/{row}/serial"), detail: detail.to_owned() }];
    let (outcome, errors) = match imported {
        ImportedToken::New => (Outcome::Imported, Vec::new()),
        ImportedToken::Same => (Outcome::Same, Vec::new()),
        ImportedToken::Differs => {
            (Outcome::Differs, wrong("another token is in the inventory under this serial number; it was left as it is"))
        }
        ImportedToken::Impossible => (Outcome::Invalid, wrong("there can be no such token")),
    };
    RowOutcome { row, serial: Some(serial), outcome, errors }
}

fn in_file(detail: impl Into<String>) -> FieldError {
    FieldError { pointer: String::new(), detail: detail.into() }
}

/// Notes what is wrong with a row.
struct Notes {
    row: usize,
    errors: Vec<FieldError>,
}

impl Notes {
    fn wrong(&mut self, column: &str, detail: impl Into<String>) {
        self.errors.push(FieldError { pointer: format!("/rows/{}/{column}", self.row), detail: detail.into() });
    }

    /// The value of the text, or of its being empty.
    fn value<T>(&mut self, column: &str, text: &str, of: impl Fn(&str) -> Option<T>, or: &str) -> Option<T> {
        let value = of(&text.to_ascii_lowercase());
        if value.is_none() {
            self.wrong(column, or);
        }
        value
    }
}

impl Row {
    /// The token; or its serial number, if it can be one, and what is wrong.
    fn parse(self, row: usize, serials: &mut HashSet<String>) -> Result<InventoryToken, (Option<String>, Vec<FieldError>)> {
        let mut notes = Notes { row, errors: Vec::new() };
        let seed = self.seed(&mut notes);
        let algorithm = self.algorithm(&mut notes);
        let digits = notes.value("digits", &self.digits, digits, "a code has 6 or 8 digits");
        let hash = notes.value("hash", &self.hash, hash, "the hash is sha1, sha256 or sha512");
        let counter = notes.value("counter", &self.counter, number_or(0), "the counter is a number from 0 on");
        let serial = self.serial.to_ascii_uppercase();
        if !serials.insert(serial.clone()) {
            notes.wrong("serial", "this serial number stands in a row above already");
        }
        let whole = (|| {
            Some(InventoryToken {
                serial: serial.clone(),
                algorithm: algorithm?,
                digits: digits?,
                hash: hash?,
                counter: counter?,
                seed: seed?,
            })
        })();
        let flaw = whole.as_ref().and_then(InventoryToken::flaw);
        if let Some(flaw) = flaw {
            let column = match flaw {
                TokenFlaw::Serial => "serial",
                TokenFlaw::Period => "period",
                TokenFlaw::Seed if self.seed_hex.is_empty() => "seed_base32",
                TokenFlaw::Seed => "seed_hex",
            };
            notes.wrong(column, flaw.to_string());
        }
        let is_serial = serial.len() <= 40 && serial.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        whole.filter(|_| notes.errors.is_empty()).ok_or((Some(serial).filter(|_| is_serial), notes.errors))
    }

    fn algorithm(&self, notes: &mut Notes) -> Option<OtpAlgorithm> {
        match self.algorithm.to_ascii_lowercase().as_str() {
            "hotp" if self.period.is_empty() => Some(OtpAlgorithm::Hotp),
            "hotp" => {
                notes.wrong("period", "a token with a button (hotp) has no period");
                None
            }
            "totp" => {
                let period = notes.value("period", &self.period, number_or(30), "the period is a number of seconds");
                period.map(|period| OtpAlgorithm::Totp { period })
            }
            _ => {
                notes.wrong("algorithm", "the algorithm is hotp (a token with a button) or totp (one that goes by the time)");
                None
            }
        }
    }

    fn seed(&self, notes: &mut Notes) -> Option<Zeroizing<Vec<u8>>> {
        let (column, seed, form) = match (self.seed_hex.as_str(), self.seed_base32.as_str()) {
            ("", "") => ("seed_hex", None, "the seed is missing: in hexadecimal digits here, or in base 32 in the column seed_base32"),
            (hex, "") => ("seed_hex", InventoryToken::seed_of_hex(hex), "the seed is not in hexadecimal digits"),
            ("", base32) => ("seed_base32", InventoryToken::seed_of_base32(base32), "the seed is not in base 32"),
            (_, _) => ("seed_base32", None, "the seed stands in both columns; please leave one empty"),
        };
        if seed.is_none() {
            notes.wrong(column, form);
        }
        seed
    }
}

/// What it holds of a seed is wiped.
impl Drop for Row {
    fn drop(&mut self) {
        drop(Zeroizing::new(std::mem::take(&mut self.seed_hex)));
        drop(Zeroizing::new(std::mem::take(&mut self.seed_base32)));
    }
}

fn digits(text: &str) -> Option<OtpDigits> {
    match text {
        "" | "6" => Some(OtpDigits::Six),
        "8" => Some(OtpDigits::Eight),
        _ => None,
    }
}

fn hash(text: &str) -> Option<OtpHash> {
    match text {
        "" | "sha1" | "sha-1" => Some(OtpHash::Sha1),
        "sha256" | "sha-256" => Some(OtpHash::Sha256),
        "sha512" | "sha-512" => Some(OtpHash::Sha512),
        _ => None,
    }
}

/// A number; where none is told, the usual one.
fn number_or(usual: u32) -> impl Fn(&str) -> Option<u32> {
    move |text| if text.is_empty() { Some(usual) } else { text.parse().ok() }
}
