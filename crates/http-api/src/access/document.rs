//! The table as a document: `schemas/ACCESS.md`.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{May, Role, Row, Scope};
use crate::limits::Limit;

/// The table, to be read by people: by part of the API, in the order of paths.
#[must_use]
pub fn document(rows: &[Row]) -> String {
    let mut text = String::from(INTRODUCTION);
    let mut groups: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        groups.entry(row.group.as_str()).or_default().push(row);
    }
    lines(&mut text, "## Roles", Role::ALL.map(|role| (role.name(), role.words())));
    lines(&mut text, "## Of what", Scope::ALL.map(|scope| (scope.name(), scope.words())));
    for (group, mut rows) in groups {
        rows.sort_by(|one, other| (&one.path, one.method.as_str()).cmp(&(&other.path, other.method.as_str())));
        // Writing to a text cannot fail.
        let _ = write!(text, "\n## {group}\n\n| Route | What it does | Who may, of what |\n|---|---|---|\n");
        for row in rows {
            let _ = writeln!(text, "| `{} {}` | {} | {} |", row.method, row.path, row.summary, may(&row.may));
        }
    }
    let limited = |limit: Limit| {
        let routes = rows.iter().filter(|row| row.limits.contains(&limit)).map(|row| format!("`{} {}`", row.method, row.path));
        let routes = routes.collect::<Vec<_>>().join(", ");
        match limit {
            Limit::RefusedTokensPerNetwork => "whatever the route".to_owned(),
            Limit::CommandsPerActor => "every route that is no GET, in a session or with a link".to_owned(),
            Limit::SignInsPerNetwork
            | Limit::SignInsPerAccount
            | Limit::ProviderSignInsPerNetwork
            | Limit::RegistrationsPerNetwork
            | Limit::HumanChecksPerNetwork
            | Limit::HumanChecksPerRegistration
            | Limit::StatusPerNetwork
            | Limit::MailsPerAddress
            | Limit::CredentialChangesPerActor => routes,
        }
    };
    let _ = write!(text, "\n## Limits\n\nHow often is configured in `[limits]`; over it, the answer is 429.\n\n");
    for limit in Limit::ALL {
        let _ = writeln!(text, "- **{}**: {}", limit.name(), limited(limit));
    }
    text
}

const INTRODUCTION: &str = "# Who may call what

Generated from the code by `cargo xtask generate`: each route of the API, in which role it may be called, and of what. Whoever has
none of the roles is answered 403, or 401 without a token. What is not within reach answers 404, as what does not exist. A route that is
not here may be called by nobody. Roles are read from the log at each request. Beside the API, `/livez`, `/readyz` and `/metrics` are
answered to whoever reaches them, at an address of their own where `network.health_listen` names one; `/docs` and `/v1/openapi.json` to anyone.

The same stands in `openapi.json` as `x-gatehouse-access` of each operation; tests are generated from it
(`crates/http-api/tests/authorization`).
";

fn lines<const N: usize>(text: &mut String, title: &str, lines: [(&str, &str); N]) {
    let _ = write!(text, "\n{title}\n\n");
    for (name, words) in lines {
        let _ = writeln!(text, "- **{name}**: {words}");
    }
}

fn may(may: &[May]) -> String {
    let words = may.iter().map(|may| match may.scope {
        Scope::Everything => may.role.name().to_owned(),
        Scope::OwnAccount | Scope::OwnOrganization | Scope::Administered | Scope::Owned | Scope::Held | Scope::Shown | Scope::Offered => {
            format!("{}: {}", may.role.name(), may.scope.name())
        }
    });
    words.collect::<Vec<_>>().join("; ")
}
