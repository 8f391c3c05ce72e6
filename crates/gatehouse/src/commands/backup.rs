//! `gatehouse backup` and `gatehouse restore`.

use std::path::Path;

use super::instant;
use crate::admin::backup::Wanted;
use crate::admin::client::Client;
use crate::backup::{self, Manifest};
use crate::config::Config;
use crate::failure::Failure;
use crate::{clock, output};

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

/// Puts a backup into the configured stores.
pub(super) async fn restore(config: &Config, folder: &Path, forgotten: Option<&Path>) -> Result<(), Failure> {
    let manifest = backup::restore(config, &clock::system(), folder, forgotten).await?;
    output::line(format_args!(
        "restored {} events, as they were at {}, into {}",
        manifest.position,
        instant(manifest.made_at),
        into(config)?
    ))?;
    output::note("the log has a new epoch: who follows it from outside starts anew, since what came after the backup is gone");
    if forgotten.is_none() {
        output::note(format_args!(
            "who was forgotten after {} is not, as far as the backup knows: name the forgotten.list of the data folder that is lost with --forgotten, or forget them again",
            instant(manifest.made_at)
        ));
    }
    if let Some(missing) = backup::missing_master_key(config) {
        output::note(format_args!("before it can be served: {missing}"));
    }
    Ok(())
}

/// The stores that the configuration names, for a person.
fn into(config: &Config) -> Result<String, Failure> {
    let stores = [("log", &config.log), ("secrets", &config.secrets)];
    let elsewhere = stores.iter().filter_map(|(what, address)| Some(format!("{what}: {}", address.as_ref()?)));
    let folder = config.data.display().to_string();
    Ok(std::iter::once(folder).chain(elsewhere).collect::<Vec<_>>().join(", "))
}

/// A database was put back from a backup of its own.
pub(super) async fn restored(mut config: Config, forgotten: Option<&Path>) -> Result<(), Failure> {
    let epoch = backup::restored(&config, &clock::system(), forgotten).await?;
    // Opened once, so that who was forgotten is forgotten again now and not at the next start.
    config.data = std::path::absolute(&config.data).map_err(|error| Failure::from_error(&error))?;
    Client::connect(config, clock::system()).await?.close().await;
    output::line(format_args!("the log has the new epoch {}, and who was forgotten is forgotten", epoch.0))?;
    output::note("who follows the log from outside starts anew, since what came after the backup is gone");
    Ok(())
}
