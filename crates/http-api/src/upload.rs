//! Uploads: many things to do in one CSV file, each row of which is told what came of it.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::problem::Problem;
use crate::wrong::without_values;

/// The largest upload: 1 MiB.
pub(crate) const MAX_BYTES: usize = 1024 * 1024;
/// How many rows are worked on at once.
pub(crate) const AT_ONCE: usize = 8;

/// How to take an upload.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// `true`: only say what would come of each row.
    #[serde(default)]
    pub(crate) dry_run: bool,
}

/// The file, as it was sent.
pub(crate) fn file(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Bytes, Problem> {
    let is_csv = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| value.starts_with("text/csv"));
    if !is_csv {
        let detail = "the upload must be sent as `Content-Type: text/csv`";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail));
    }
    body.map_err(|rejection| crate::body::unread(&rejection))
}

/// The rows of the file, at most so many, by the names in its header.
pub(crate) fn rows<R: DeserializeOwned>(headers: &HeaderMap, body: Result<Bytes, BytesRejection>, most: usize) -> Result<Vec<R>, Problem> {
    read(&file(headers, body)?, most)
}

/// The rows of a file of these bytes, at most so many, by the names in its header.
///
/// # Errors
/// 400: a row cannot be read, there are too many, or none.
pub fn read<R: DeserializeOwned>(bytes: &[u8], most: usize) -> Result<Vec<R>, Problem> {
    // Spreadsheets begin UTF-8 files with a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let mut rows = Vec::new();
    for (index, row) in reader.deserialize().enumerate() {
        if index == most {
            return Err(Problem::malformed("", format!("an upload holds at most {most} rows; please send the rest in another one")));
        }
        rows.push(row.map_err(|error| {
            let why = without_values(&error.to_string());
            Problem::malformed(format!("/rows/{}", index + 1), format!("this row cannot be read: {why}"))
        })?);
    }
    if rows.is_empty() { Err(Problem::malformed("", "the upload holds no rows")) } else { Ok(rows) }
}

/// Refuses an upload that could not be sent again without doing everything twice.
pub(crate) fn with_key(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.contains_key("idempotency-key") {
        return Ok(());
    }
    let detail = "an upload needs an Idempotency-Key, so that it can be sent again without doing anything twice";
    Err(Problem::malformed("header:Idempotency-Key", detail))
}
