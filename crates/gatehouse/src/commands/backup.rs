//! `gatehouse backup` and `gatehouse restore`.

use std::path::Path;

use super::instant;
use crate::admin::backup::Wanted;
use crate::admin::client::Client;
use crate::backup::{self, Manifest};
use crate::config::Config;
use crate::failure::Failure;
use crate::output;

/// Makes a backup.
pub(super) async fn make(client: &mut Client, folder: &Path) -> Result<(), Failure> {
    // The service may stand in another folder.
    let folder = std::path::absolute(folder).map_err(|error| Failure::Usage(format!("{} cannot be meant: {error}", folder.display())))?;
    let manifest: Manifest = client.post("/backup", &Wanted { folder: folder.clone() }).await?;
    let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    output::line(format_args!("backup of {} events, {bytes} bytes, in {}", manifest.position, folder.display()))?;
    output::note("it does not hold the master key: keep a copy of that apart from it");
    Ok(())
}

/// Makes a data folder from a backup.
pub(super) fn restore(config: &Config, folder: &Path) -> Result<(), Failure> {
    let manifest = backup::restore(config, folder)?;
    output::line(format_args!(
        "restored {} events, as they were at {}, into {}",
        manifest.position,
        instant(manifest.made_at),
        config.data.display()
    ))?;
    output::note("the log has a new epoch: who follows it from outside starts anew, since what came after the backup is gone");
    output::note(format_args!(
        "who was forgotten after {} must be forgotten again: the backup does not know of it",
        instant(manifest.made_at)
    ));
    if let Some(missing) = backup::missing_master_key(config) {
        output::note(format_args!("before it can be served: {missing}"));
    }
    Ok(())
}
