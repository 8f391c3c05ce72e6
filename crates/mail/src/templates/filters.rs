//! What templates can do with values.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::{Environment, Error, ErrorKind, State};

/// Adds `date`, `datetime` and `field_name`.
pub(super) fn register(environment: &mut Environment<'static>, zone: TimeZone) {
    let default_zone = zone.clone();
    environment.add_filter("date", move |state: &State<'_, '_>, instant: &str| shown(state, instant, &zone, false));
    environment.add_filter("datetime", move |state: &State<'_, '_>, instant: &str, zone: Option<&str>| {
        let zone = zone.filter(|name| !name.is_empty()).and_then(|name| TimeZone::get(name).ok());
        shown(state, instant, zone.as_ref().unwrap_or(&default_zone), true)
    });
    environment.add_filter("field_name", field_name);
}

/// An RFC 3339 instant as people of the mail's locale write it: the day, or the minute with the time zone's name.
fn shown(state: &State<'_, '_>, instant: &str, zone: &TimeZone, with_time: bool) -> Result<String, Error> {
    let instant: Timestamp =
        instant.parse().map_err(|error| Error::new(ErrorKind::InvalidOperation, format!("{instant} is not an instant: {error}")))?;
    let local = instant.to_zoned(zone.clone());
    let is_german = state.name().starts_with("de");
    let format = match (is_german, with_time) {
        (true, false) => "%d.%m.%Y",
        (true, true) => "%d.%m.%Y, %H:%M Uhr",
        (false, false) => "%-d %B %Y",
        (false, true) => "%A, %-d %B %Y, %H:%M",
    };
    let text = local.strftime(format).to_string();
    if !with_time {
        return Ok(text);
    }
    let name = zone.iana_name().unwrap_or("UTC");
    Ok(format!("{text} ({})", name.replace('_', " ")))
}

/// A JSON pointer into the dossier, such as `/profile/legal_name`, as words: `Profile, legal name`.
fn field_name(pointer: &str) -> String {
    let words: Vec<String> = pointer.split('/').filter(|part| !part.is_empty()).map(|part| part.replace('_', " ")).collect();
    let text = words.join(", ");
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
