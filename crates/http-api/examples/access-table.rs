//! Writes who may call what to the file that is named: `schemas/ACCESS.md`.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path: PathBuf = std::env::args_os().nth(1).ok_or("the path to write to is missing")?.into();
    std::fs::write(path, http_api::access::document(&http_api::table()))?;
    Ok(())
}
