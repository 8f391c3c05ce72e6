//! Writes the contract of every event: `cargo run -p domain --example event-schemas -- schemas/`.
//!
//! - `events/<aggregate>/<event>/v<N>.json`: its JSON Schema (draft 2020-12).
//! - `events/<aggregate>/<event>/v<N>.golden.json`: an instance as it is stored, with its personal values beside it. Written
//!   once and never again: it is what the log may hold, and every later version of the code must read it.
//! - `EVENTS.md`: what each event means, which command decides it, who consumes it, which mail it causes.
//!
//! An event that `catalogue` does not know, or one there that does not exist, fails the generation.

#[path = "event-schemas/catalogue.rs"]
mod catalogue;
#[path = "event-schemas/golden.rs"]
mod golden;
#[path = "event-schemas/markdown.rs"]
mod markdown;
#[path = "event-schemas/samples.rs"]
mod samples;
#[path = "event-schemas/schema.rs"]
mod schema;

use std::error::Error;
use std::path::{Path, PathBuf};

use schema::EventSchema;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: event-schemas FOLDER")?);
    let aggregates = schema::all()?;
    let known: Vec<&str> = aggregates.iter().flat_map(|aggregate| &aggregate.events).map(|event| event.name.as_str()).collect();
    catalogue::check(&known)?;
    for aggregate in &aggregates {
        for event in &aggregate.events {
            write_event(&folder, event, aggregate.decode)?;
        }
    }
    std::fs::write(folder.join("EVENTS.md"), markdown::events(&aggregates)?)?;
    Ok(())
}

fn write_event(folder: &Path, event: &EventSchema, decode: golden::Decode) -> Result<(), Box<dyn Error>> {
    let path = folder.join("events").join(event.path()?);
    std::fs::create_dir_all(path.parent().ok_or("an event has a folder")?)?;
    std::fs::write(&path, golden::pretty(&event.schema)?)?;
    let golden_path = path.with_extension("golden.json");
    if !golden_path.exists() {
        std::fs::write(&golden_path, golden::pretty(&golden::instance(event, decode)?)?)?;
    }
    Ok(())
}
