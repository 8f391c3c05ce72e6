//! `cargo xtask check`: what the compiler cannot see. Every finding names its place and what to do.

mod adr;
mod asvs;
mod documents;
mod machine;
mod manifests;
mod uses;

use anyhow::bail;

use crate::published;
use crate::repository::Repository;
use crate::workspace::Workspace;

/// Runs every check and reports all findings at once.
///
/// # Errors
/// When there is a finding, or the repository cannot be read.
pub(crate) fn run(repository: &Repository) -> anyhow::Result<()> {
    let workspace = Workspace::load(repository.root())?;
    let files = repository.files()?;
    let outcomes = [
        ("who uses whom", uses::findings(&workspace.members)),
        ("manifests", manifests::findings(&workspace.members)),
        ("paths in documents", documents::findings(repository.root(), &files, &workspace.members)?),
        ("machine paths and registry hosts", machine::findings(repository.root(), &files)?),
        ("ADR index", adr::findings(repository.root(), &files)?),
        ("answers to the OWASP ASVS", asvs::findings(repository.root(), &files, &workspace.members)?),
        ("published schemas", published::against_history(repository.root())?.into_values().flatten().collect()),
    ];
    let mut count: usize = 0;
    for (name, findings) in outcomes {
        println!("{name}: {}", if findings.is_empty() { "ok".to_owned() } else { format!("{} to put right", findings.len()) });
        for finding in &findings {
            println!("  {finding}");
        }
        count = count.saturating_add(findings.len());
    }
    if count > 0 {
        bail!("cargo xtask check found {count} to put right");
    }
    Ok(())
}
