//! Writes the schemas of the published language into the folder that is named: `public/…`, `asyncapi.json`, `PUBLIC-EVENTS.md`.

mod page;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use public_events::PublicEvent;
use public_events::schema::{self, text};

fn main() -> Result<(), Box<dyn Error>> {
    let folder: PathBuf = std::env::args_os().nth(1).ok_or("the folder to write to is missing")?.into();
    let public = folder.join("public");
    let mut files = BTreeMap::new();
    for kind in PublicEvent::KINDS {
        let path = public.join(schema::path(kind));
        files.insert(path.with_extension("example.json"), text(&schema::example(kind).ok_or("a type has no example")?));
        files.insert(path, text(&schema::event(kind).ok_or("a type has no schema")?));
    }
    files.insert(public.join("envelope.json"), text(&schema::envelope()));
    files.insert(public.join("snapshot.json"), text(&schema::snapshot()));
    files.insert(folder.join("asyncapi.json"), text(&schema::asyncapi()));
    files.insert(folder.join("PUBLIC-EVENTS.md"), page::page()?);
    for (path, text) in &files {
        std::fs::create_dir_all(path.parent().ok_or("a file is in a folder")?)?;
        std::fs::write(path, text)?;
    }
    remove_others(&public, &files)
}

/// A type that is no more shall not look as if it were. That it may not go, says who compares with what was published.
fn remove_others(folder: &Path, files: &BTreeMap<PathBuf, String>) -> Result<(), Box<dyn Error>> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, files)?;
        } else if !files.contains_key(&path) {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}
