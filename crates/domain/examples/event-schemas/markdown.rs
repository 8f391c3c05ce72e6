//! `EVENTS.md`.

use std::error::Error;
use std::fmt::Write as _;

use crate::catalogue;
use crate::schema::AggregateSchema;

const INTRODUCTION: &str = "\
# Events

What can happen, by aggregate. Written by `cargo xtask generate`; the words are those of the code's doc comments, who decides and
consumes stands in `crates/domain/examples/event-schemas/catalogue.rs`.

An event is a contract: it is never edited. Its schema is `schemas/events/<aggregate>/<event>/v<N>.json`, an instance of it as it is
stored `v<N>.golden.json` beside it. Personal values are not in the payload, which holds their places (`{\"person\": …, \"part\": …}`); they
lie in sealed boxes beside it.

Consumers are projections (by the name of their crate) and process managers (`onboarding`, `offers`, `administrators`, `reservations`,
`forgetting`, `endings`, `calendars`; what time brings about is asked by `Clockwork` from the rows of `deadlines`). Every event is
consumed by `audit-history` as well, which is therefore not named below. `-` says that nobody else does, that no mail is caused, or that
other services are not told: what they are told, and as what, is on the page [of public events](PUBLIC-EVENTS.md).
";

/// The whole page.
pub(crate) fn events(aggregates: &[AggregateSchema]) -> Result<String, Box<dyn Error>> {
    let mut page = INTRODUCTION.to_owned();
    for aggregate in aggregates {
        write!(page, "\n## {}\n\n{}\n\n", aggregate.category, aggregate.description)?;
        page.push_str("| event | what it means | decided by | consumed by | mail | told others as |\n|---|---|---|---|---|---|\n");
        for event in &aggregate.events {
            let entry = catalogue::entry(&event.name).ok_or_else(|| format!("{} is not in the catalogue", event.name))?;
            let link = format!("events/{}", event.path()?.display());
            writeln!(
                page,
                "| [`{}`]({link}) | {} | {} | {} | {} | {} |",
                event.name,
                event.description,
                code(entry.decided_by),
                code(entry.consumed_by),
                code(entry.mails),
                code(entry.told_as().as_slice())
            )?;
        }
    }
    Ok(page)
}

fn code(names: &[&str]) -> String {
    if names.is_empty() {
        return "-".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
