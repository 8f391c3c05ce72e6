//! `gatehouse catalogue`.

use std::path::Path;

use domain::application::{AccessPolicy, RegistrationPolicy, Way};

use crate::admin::catalogue::{Deed, File, Listed, Outcome, Wanted};
use crate::admin::client::Client;
use crate::cli::Catalogue;
use crate::failure::Failure;
use crate::output;

/// Applies a file to the catalogue, or lists it.
pub(super) async fn run(client: &mut Client, command: Catalogue) -> Result<(), Failure> {
    match command {
        Catalogue::Apply { file, dry_run } => apply(client, &file, dry_run).await,
        Catalogue::List => list(client).await,
    }
}

/// The catalogue that a file has.
pub(crate) fn read(file: &Path) -> Result<File, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", file.display())))?;
    parse(&text).map_err(|error| Failure::Usage(format!("{} is not a catalogue: {error}", file.display())))
}

/// The catalogue that a text has.
pub(crate) fn parse(text: &str) -> Result<File, toml::de::Error> {
    toml::from_str(text)
}

async fn apply(client: &mut Client, file: &Path, dry_run: bool) -> Result<(), Failure> {
    let applications = read(file)?.applications;
    if applications.is_empty() {
        return Err(Failure::Usage(format!("{} has no [[application]]", file.display())));
    }
    let outcomes: Vec<Outcome> = client.post("/catalogue", &Wanted { applications, dry_run }).await?;
    for outcome in &outcomes {
        let deed = match (outcome.deed, dry_run) {
            (Deed::Published, false) => "published",
            (Deed::Published, true) => "would be published",
            (Deed::Amended, false) => "amended",
            (Deed::Amended, true) => "would be amended",
            (Deed::Retired, false) => "retired",
            (Deed::Retired, true) => "would be retired",
            (Deed::Unchanged, _) => "unchanged",
        };
        output::line(format_args!("{}: {deed}", outcome.code))?;
    }
    Ok(())
}

async fn list(client: &mut Client) -> Result<(), Failure> {
    let listed: Vec<Listed> = client.get("/catalogue").await?;
    if listed.is_empty() {
        output::note("the catalogue is empty: `gatehouse catalogue apply FILE` fills it");
        return Ok(());
    }
    let rows: Vec<_> = listed.iter().map(row).collect();
    output::line(output::table(&["CODE", "NAME", "OWNER", "REGISTRATION", "ACCESS", "WAYS", "STATE", "ID"], &rows))
}

fn row(application: &Listed) -> Vec<String> {
    let registration = match application.details.registration {
        RegistrationPolicy::InvitationOnly => "invitation only",
        RegistrationPolicy::Public => "public",
    };
    let access = match application.details.access {
        AccessPolicy::Automatic => "automatic",
        AccessPolicy::ApplicationAdministrator => "by administrator",
    };
    let ways: Vec<String> = application.details.ways.iter().map(way).collect();
    let state = application.retired_at.map_or_else(|| "published".to_owned(), |at| format!("retired {}", super::instant(at)));
    vec![
        application.code.clone(),
        application.name.clone(),
        application.owner.clone(),
        registration.to_owned(),
        access.to_owned(),
        ways.join(", "),
        state,
        application.id.to_string(),
    ]
}

fn way(way: &Way) -> String {
    match way {
        Way::Invitation => "invitation".to_owned(),
        Way::Account => "account".to_owned(),
        Way::PublicRegistration => "public page".to_owned(),
        Way::PublicLink(slug) => format!("link {slug}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demonstration_catalogue_can_be_read() {
        let file = parse(include_str!("../../../../deploy/catalogue/demo.toml")).unwrap();
        let codes: Vec<_> = file.applications.iter().map(|application| application.code.as_str()).collect();
        assert_eq!(codes, ["FIS", "SFT", "BSCP", "SOURCEPASS", "B787SCP"]);
    }

    #[test]
    fn a_word_that_no_catalogue_has_is_refused_with_its_line() {
        let error = parse("[[application]]\ncode = \"SFT\"\ncolour = \"red\"\n").unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("colour"), "{error}");
    }
}
