//! Turns what was sent into values of the domain, and collects all that is wrong with it, field by field.

use domain::Invalid;

use crate::problem::{FieldError, Problem};

/// What has been found wrong so far.
#[derive(Debug, Default)]
pub struct Checks(Vec<FieldError>);

impl Checks {
    /// The valid value, or none and a note of what is wrong at this field.
    pub fn parse<T>(&mut self, pointer: impl Into<String>, text: &str, parse: impl FnOnce(&str) -> Result<T, Invalid>) -> Option<T> {
        parse(text).map_err(|invalid| self.wrong(pointer, invalid.problem)).ok()
    }

    /// As [`Checks::parse`], for a field that may be left out: empty is left out, too.
    pub fn parse_optional<T>(
        &mut self,
        pointer: impl Into<String>,
        text: Option<&str>,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Option<T> {
        text.filter(|text| !text.trim().is_empty()).and_then(|text| self.parse(pointer, text, parse))
    }

    /// Notes what is wrong at this field.
    pub fn wrong(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(FieldError { pointer: pointer.into(), detail: detail.into() });
    }

    /// The value, if nothing was found wrong. A value that is missing has been noted as wrong where it was parsed.
    ///
    /// # Errors
    /// All that was found wrong.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Problem> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            Some(_) | None => Err(Problem::invalid(self.0)),
        }
    }
}
