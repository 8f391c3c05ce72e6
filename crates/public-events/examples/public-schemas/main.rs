//! Writes the schemas of the published language into the folder that is named: `public/…`, `asyncapi.json`, `PUBLIC-EVENTS.md`.

mod page;

use std::error::Error;
use std::path::{Path, PathBuf};

use public_events::PublicEvent;
use public_events::schema::{self, text};
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let folder: PathBuf = std::env::args_os().nth(1).ok_or("the folder to write to is missing")?.into();
    // A type that is no more shall not look as if it were: that it may not go, is said by who compares with what was published.
    if folder.join("public").exists() {
        std::fs::remove_dir_all(folder.join("public"))?;
    }
    for kind in PublicEvent::KINDS {
        let path = folder.join("public").join(schema::path(kind));
        write(&path, &schema::event(kind).ok_or("a type has no schema")?)?;
        write(&path.with_extension("example.json"), &schema::example(kind).ok_or("a type has no example")?)?;
    }
    write(&folder.join("public/envelope.json"), &schema::envelope())?;
    write(&folder.join("public/snapshot.json"), &schema::snapshot())?;
    write(&folder.join("asyncapi.json"), &schema::asyncapi())?;
    std::fs::write(folder.join("PUBLIC-EVENTS.md"), page::page()?)?;
    Ok(())
}

fn write(path: &Path, document: &Value) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(path.parent().ok_or("a file is in a folder")?)?;
    Ok(std::fs::write(path, text(document))?)
}
