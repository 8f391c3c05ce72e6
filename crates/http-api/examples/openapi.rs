//! Writes the API's description, as it is served, to the file that is named: `schemas/openapi.json`.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path: PathBuf = std::env::args_os().nth(1).ok_or("the path to write to is missing")?.into();
    // By way of a value, whose maps are sorted, so that the same API is written as the same bytes.
    let mut description = serde_json::to_value(http_api::description())?;
    description.sort_all_objects();
    let mut text = serde_json::to_string_pretty(&description)?;
    text.push('\n');
    std::fs::write(path, text)?;
    Ok(())
}
