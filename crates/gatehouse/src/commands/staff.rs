//! `gatehouse staff`.

use domain::registration::Affiliation;

use super::{instant, role, role_name, role_names};
use crate::admin::client::Client;
use crate::admin::staff::{Account, Appointment, Changed, Dismissal, Granting, Linking, Listed, Revoking};
use crate::cli::Staff;
use crate::failure::Failure;
use crate::output;

/// Appoints, lists, changes or dismisses staff.
pub(super) async fn run(client: &mut Client, command: Staff) -> Result<(), Failure> {
    match command {
        Staff::Appoint { given_name, family_name, email, roles, belongs_to } => {
            let mut roles: Vec<_> = roles.into_iter().map(role).collect();
            roles.sort();
            roles.dedup();
            let body = Appointment { given_name, family_name, email, roles, belongs_to };
            let appointed: Changed = client.post("/staff", &body).await?;
            output::line(appointed.id)?;
            output::note(format_args!("appointed; `gatehouse token create NAME --staff {}` makes a token for them", appointed.id));
            Ok(())
        }
        Staff::List => list(client).await,
        Staff::Grant { id, role: name } => {
            let role = role(name);
            let changed: Changed = client.post(&format!("/staff/{id}/grant"), &Granting { role }).await?;
            say(&changed, &format!("they are {} now", role_name(role)), "they had this role already");
            Ok(())
        }
        Staff::Revoke { id, role: name, reason } => {
            let role = role(name);
            let changed: Changed = client.post(&format!("/staff/{id}/revoke"), &Revoking { role, reason }).await?;
            say(&changed, &format!("they are no {} any more", role_name(role)), "they did not have this role");
            Ok(())
        }
        Staff::Account { id } => {
            let account: Account = client.post(&format!("/staff/{id}/account"), &()).await?;
            let Some(one_time_password) = account.one_time_password else {
                output::note(format_args!("done before; {} signs in with the one-time password that was shown then", account.user_id));
                return Ok(());
            };
            output::line(format_args!("User ID            {}\nOne-time password  {one_time_password}", account.user_id))?;
            output::note("hand it over yourself: it is shown this once. With it they set a password and register a second factor");
            Ok(())
        }
        Staff::Link { id, subject } => {
            let changed: Changed = client.post(&format!("/staff/{id}/link"), &Linking { subject }).await?;
            say(&changed, "they can sign in by the identity provider now", "they were linked so already");
            Ok(())
        }
        Staff::Unlink { id } => {
            let changed: Changed = client.post(&format!("/staff/{id}/unlink"), &()).await?;
            say(&changed, "they cannot sign in by the identity provider any more, and are signed out everywhere", "they were not linked");
            Ok(())
        }
        Staff::ResetSecondFactors { id, reason } => {
            let _: Changed = client.post(&format!("/staff/{id}/reset-second-factors"), &Dismissal { reason }).await?;
            output::note("they have no second factor any more, and are signed out everywhere");
            Ok(())
        }
        Staff::Dismiss { id, reason } => {
            let changed: Changed = client.post(&format!("/staff/{id}/dismiss"), &Dismissal { reason }).await?;
            say(&changed, "they are on the staff no more", "they had left before");
            output::note(match changed.tokens_revoked {
                0 => "they had no token that worked".to_owned(),
                1 => "one token of theirs was revoked".to_owned(),
                many => format!("{many} tokens of theirs were revoked"),
            });
            Ok(())
        }
    }
}

fn say(changed: &Changed, done: &str, before: &str) {
    output::note(if changed.changed { done } else { before });
}

async fn list(client: &mut Client) -> Result<(), Failure> {
    let members: Vec<Listed> = client.get("/staff").await?;
    if members.is_empty() {
        output::note("nobody is on the staff: `gatehouse staff appoint` takes somebody onto it");
        return Ok(());
    }
    let rows: Vec<_> = members.iter().map(row).collect();
    output::line(output::table(&["ID", "NAME", "E-MAIL", "ROLES", "BELONGS TO", "LEFT"], &rows))
}

fn row(member: &Listed) -> Vec<String> {
    let erased = || "erased".to_owned();
    vec![
        member.id.to_string(),
        member.name.clone().unwrap_or_else(erased),
        member.email.clone().unwrap_or_else(erased),
        role_names(&member.roles),
        member.belongs_to.iter().map(affiliation).collect::<Vec<_>>().join(", "),
        member.dismissed_at.map(instant).unwrap_or_default(),
    ]
}

fn affiliation(affiliation: &Affiliation) -> String {
    match affiliation {
        Affiliation::Organization(organization) => organization.to_string(),
        Affiliation::Identifier(identifier) => format!("{} {}", identifier.scheme, identifier.value),
        Affiliation::Company(name) => name.to_string(),
    }
}
