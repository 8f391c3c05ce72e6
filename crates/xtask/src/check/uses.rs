//! Who may use whom, and nothing else (`ARCHITECTURE.md` says it in words; this table is what is enforced).

use crate::workspace::{Member, Purpose};

/// A row: a crate and the crates of ours that it may use. A trailing `*` stands for any ending; a row of a folder names all in it.
struct Row {
    who: &'static str,
    may_use: &'static [&'static str],
    /// Beyond the architecture's line, each with the reason.
    beyond: &'static [(&'static str, &'static str)],
}

/// The rules, from the innermost crate outwards.
const TABLE: &[Row] = &[
    Row { who: "domain", may_use: &[], beyond: &[] },
    Row { who: "public-events", may_use: &[], beyond: &[] },
    Row { who: "openid-client", may_use: &[], beyond: &[] },
    Row { who: "gatehouse-client", may_use: &["public-events"], beyond: &[] },
    Row { who: "event-store", may_use: &[], beyond: &[] },
    Row { who: "postgres-schema", may_use: &[], beyond: &[] },
    Row { who: "eventstore-double", may_use: &[], beyond: &[] },
    Row { who: "event-store-*", may_use: &["event-store", "postgres-schema"], beyond: &[] },
    Row { who: "key-ring", may_use: &["domain", "postgres-schema"], beyond: &[] },
    Row { who: "credential-vault", may_use: &["domain", "postgres-schema"], beyond: &[] },
    Row { who: "event-codec", may_use: &["domain", "event-store", "key-ring"], beyond: &[] },
    Row { who: "command-handlers", may_use: &["domain", "event-store", "key-ring", "credential-vault", "event-codec"], beyond: &[] },
    Row {
        who: "projection-runtime",
        may_use: &["event-store", "event-codec", "postgres-schema"],
        beyond: &[("domain", "what it hands to projections are the domain's events, decoded once")],
    },
    Row { who: "public-feed", may_use: &["domain", "projection-runtime", "public-events"], beyond: &[] },
    Row { who: "projections/*", may_use: &["domain", "projection-runtime"], beyond: &[] },
    Row {
        who: "process-managers",
        may_use: &["command-handlers", "projection-runtime"],
        beyond: &[
            ("domain", "events come in and commands go out: both are the domain's"),
            ("deadlines", "which aggregates to ask as time passes"),
            ("entitlements", "which subscriptions and access end with an organization, a subscription or a user"),
            ("directory", "which users an organization has that is closed"),
        ],
    },
    Row {
        who: "mail",
        may_use: &["notification-dispatch", "command-handlers"],
        beyond: &[
            ("domain", "the fate of a mail is a command of the domain"),
            ("projection-runtime", "the dispatcher waits for the outbox to move"),
            ("postgres-schema", "what it remembers of attempts, several instances share"),
        ],
    },
    Row { who: "nats-publisher", may_use: &["projection-runtime", "public-feed", "public-events", "postgres-schema"], beyond: &[] },
    Row { who: "transparency", may_use: &["projection-runtime", "event-codec", "event-store", "domain"], beyond: &[] },
    Row {
        who: "http-api",
        may_use: &["domain", "command-handlers", "projections/*", "public-events"],
        beyond: &[
            ("credential-vault", "sign-in and bearer tokens are checked where the request comes in"),
            ("key-ring", "the history is decrypted when it is read"),
            ("openid-client", "staff may sign in at the operator's provider"),
            ("projection-runtime", "a read waits for the position that it was asked for, and says the one it answers for"),
        ],
    },
    Row {
        who: "web-console",
        may_use: &["domain", "command-handlers", "projections/*"],
        beyond: &[("projection-runtime", "a read waits for the position that it was asked for")],
    },
    Row { who: "gatehouse", may_use: &["*"], beyond: &[] },
    Row { who: "test-support", may_use: &["domain", "event-store"], beyond: &[] },
    Row { who: "fuzz-targets", may_use: &["*"], beyond: &[] },
    Row { who: "tests", may_use: &["*", "test-support"], beyond: &[] },
    Row { who: "xtask", may_use: &["test-support"], beyond: &[] },
];

/// What the tests of any crate may use besides: builders and real servers, the stores that need no server, and what reads records.
const TESTS_MAY_USE: &[&str] = &[
    "test-support",
    "eventstore-double",
    "event-store",
    "event-store-sqlite",
    "postgres-schema",
    "event-codec",
    "key-ring",
    "credential-vault",
];

/// Not meant by `*`: they serve development only.
const DEVELOPMENT: &[&str] = &["test-support", "eventstore-double", "fuzz-targets", "tests", "xtask"];

/// Libraries that some crates must not use outside their tests.
struct Ban {
    who: &'static [&'static str],
    libraries: &'static [&'static str],
    why: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        who: &["domain"],
        libraries: &["tokio", "async-trait", "sqlx", "rusqlite", "axum", "reqwest", "getrandom", "tracing", "metrics", "parking_lot"],
        why: "decide and evolve are pure: no input or output, clock, randomness or logging",
    },
    Ban {
        who: &["http-api", "web-console"],
        libraries: &["sqlx", "rusqlite"],
        why: "the surface holds no SQL: queries live with their projection",
    },
];

/// Libraries that only one crate may name.
const ONLY: &[(&str, &str)] = &[
    ("kurrentdb", "event-store-kurrentdb"),
    ("async-nats", "nats-publisher gatehouse-client"),
    ("jsonwebtoken", "openid-client"),
    ("lettre", "mail"),
    ("minijinja", "mail web-console"),
];

/// One sentence for every use that the tables do not allow.
pub(super) fn findings(members: &[Member]) -> Vec<String> {
    let mut findings = Vec::new();
    for member in members {
        let Some(row) = row_of(member) else {
            findings.push(format!("{}/Cargo.toml: `{}` has no row in the table of who may use whom", member.folder, member.name));
            continue;
        };
        for dependency in member.dependencies() {
            let place = format!("{}/Cargo.toml: `{}`", member.folder, member.name);
            let target = members.iter().find(|other| other.name == dependency.package);
            match target {
                Some(target) if !may_use(row, member, target, dependency.purpose) => {
                    findings.push(format!("{place} may not use `{}`{}", target.name, for_what(dependency.purpose)));
                }
                Some(_) => {}
                None => {
                    findings.extend(library_objection(member, &dependency.package, dependency.purpose).map(|why| format!("{place} {why}")))
                }
            }
        }
    }
    findings
}

fn row_of(member: &Member) -> Option<&'static Row> {
    let exact = TABLE.iter().find(|row| row.who == member.name);
    exact.or_else(|| TABLE.iter().find(|row| matches(row.who, member)))
}

/// What the tests and examples of one crate may use beyond that: who, whom, why.
const TESTS_BEYOND: &[(&str, &str, &str)] = &[
    ("projection-runtime", "projections/", "its example measures rebuilds of the read models that there are"),
    ("nats-publisher", "crates/domain", "its example publishes from a log of real events"),
];

fn may_use(row: &Row, member: &Member, target: &Member, purpose: Purpose) -> bool {
    let beyond = TESTS_BEYOND.iter().any(|(who, folder, _why)| *who == member.name && target.folder.starts_with(folder));
    let in_tests = purpose == Purpose::Tests && (TESTS_MAY_USE.contains(&target.name.as_str()) || target.name == member.name || beyond);
    in_tests || row.may_use.iter().any(|pattern| matches(pattern, target)) || row.beyond.iter().any(|(name, _reason)| *name == target.name)
}

/// Whether a pattern of the table means this member: its name, the start of its name, or the folder it stands in.
fn matches(pattern: &str, member: &Member) -> bool {
    match pattern.strip_suffix('*') {
        None => pattern == member.name,
        Some("") => !DEVELOPMENT.contains(&member.name.as_str()),
        Some(start) => member.name.starts_with(start) || member.folder.starts_with(start),
    }
}

fn library_objection(member: &Member, library: &str, purpose: Purpose) -> Option<String> {
    if purpose == Purpose::Tests || DEVELOPMENT.contains(&member.name.as_str()) {
        return None;
    }
    let ban = BANS.iter().find(|ban| ban.who.contains(&member.name.as_str()) && ban.libraries.contains(&library));
    if let Some(ban) = ban {
        return Some(format!("may not use `{library}`: {}", ban.why));
    }
    let (_, owners) = ONLY.iter().find(|(name, _)| *name == library)?;
    let owned = owners.split(' ').any(|owner| owner == member.name);
    (!owned).then(|| format!("may not use `{library}`: only {owners} may"))
}

fn for_what(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Use => "",
        Purpose::Build => " (in its build script)",
        Purpose::Tests => " (in its tests)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(folder: &str, rest: &str) -> Member {
        let name = folder.rsplit('/').next().unwrap();
        Member::new(folder.to_owned(), format!("[package]\nname = \"{name}\"\n{rest}").parse().unwrap())
    }

    fn with(who: Member) -> Vec<String> {
        let mut members: Vec<Member> = [
            "crates/domain",
            "crates/event-store",
            "crates/event-store-sqlite",
            "crates/command-handlers",
            "crates/projection-runtime",
            "crates/test-support",
            "projections/review-queue",
            "projections/directory",
        ]
        .into_iter()
        .filter(|folder| *folder != who.folder)
        .map(|folder| member(folder, ""))
        .collect();
        members.push(who);
        findings(&members)
    }

    #[test]
    fn the_domain_uses_nothing_of_ours() {
        let found = with(member("crates/domain", "[dependencies]\nevent-store = { workspace = true }"));
        assert_eq!(found, ["crates/domain/Cargo.toml: `domain` may not use `event-store`"]);
    }

    #[test]
    fn the_domain_may_not_use_a_runtime_but_its_tests_may() {
        let found = with(member("crates/domain", "[dependencies]\ntokio.workspace = true"));
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("may not use `tokio`: decide and evolve are pure"), "{found:?}");
        assert!(with(member("crates/domain", "[dev-dependencies]\ntokio.workspace = true")).is_empty());
    }

    #[test]
    fn a_projection_uses_the_domain_and_the_runtime_and_never_another_projection() {
        let allowed = "[dependencies]\ndomain.workspace = true\nprojection-runtime.workspace = true";
        assert!(with(member("projections/review-queue", allowed)).is_empty());
        let found = with(member("projections/review-queue", "[dependencies]\ndirectory.workspace = true"));
        assert_eq!(found, ["projections/review-queue/Cargo.toml: `review-queue` may not use `directory`"]);
    }

    #[test]
    fn command_handlers_use_the_port_and_only_their_tests_a_concrete_store() {
        let found = with(member("crates/command-handlers", "[dependencies]\nevent-store-sqlite.workspace = true"));
        assert_eq!(found, ["crates/command-handlers/Cargo.toml: `command-handlers` may not use `event-store-sqlite`"]);
        assert!(with(member("crates/command-handlers", "[dev-dependencies]\nevent-store-sqlite.workspace = true")).is_empty());
    }

    #[test]
    fn the_surface_uses_every_projection_and_holds_no_sql() {
        let found = with(member("crates/http-api", "[dependencies]\nreview-queue.workspace = true\nsqlx.workspace = true"));
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("may not use `sqlx`: the surface holds no SQL"), "{found:?}");
    }

    #[test]
    fn the_composition_root_uses_all_but_what_serves_development() {
        assert!(with(member("crates/gatehouse", "[dependencies]\nevent-store-sqlite.workspace = true")).is_empty());
        let found = with(member("crates/gatehouse", "[dependencies]\ntest-support.workspace = true"));
        assert_eq!(found, ["crates/gatehouse/Cargo.toml: `gatehouse` may not use `test-support`"]);
        assert!(with(member("tests", "[dependencies]\ntest-support.workspace = true")).is_empty());
    }

    #[test]
    fn a_dependency_of_one_platform_or_under_another_name_is_seen() {
        let renamed = "[target.'cfg(unix)'.dependencies]\nstore = { package = \"event-store\", workspace = true }";
        assert_eq!(with(member("crates/domain", renamed)), ["crates/domain/Cargo.toml: `domain` may not use `event-store`"]);
    }

    #[test]
    fn a_crate_without_a_row_is_a_finding() {
        let found = with(member("crates/surprise", ""));
        assert_eq!(found, ["crates/surprise/Cargo.toml: `surprise` has no row in the table of who may use whom"]);
    }

    #[test]
    fn a_mail_library_outside_its_crate_is_a_finding() {
        let found = with(member("crates/gatehouse", "[dependencies]\nlettre.workspace = true"));
        assert_eq!(found, ["crates/gatehouse/Cargo.toml: `gatehouse` may not use `lettre`: only mail may"]);
        assert!(with(member("crates/mail", "[dependencies]\nlettre.workspace = true")).is_empty());
    }
}
