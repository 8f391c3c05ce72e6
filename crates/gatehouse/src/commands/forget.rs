//! `gatehouse forget`.

use std::io::{BufRead, IsTerminal, Write};

use crate::admin::client::Client;
use crate::admin::persons::{Forgetting, Forgotten};
use crate::failure::Failure;
use crate::output;

/// Erases the personal data of a person, once whoever typed it has confirmed.
pub(super) async fn run(client: &mut Client, person: &str, reason: String, yes: bool) -> Result<(), Failure> {
    if !yes {
        confirm(person)?;
    }
    let forgotten: Forgotten = client.post("/forget", &Forgetting { person: person.to_owned(), reason }).await?;
    let Forgotten { person, position } = forgotten;
    output::line(format_args!("person {person} is forgotten at event {position}: what the record says of them reads as erased"))?;
    output::note("backups made before hold the data, and the key to it, until they are gone");
    Ok(())
}

fn confirm(person: &str) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Usage("this cannot be undone: give --yes to do it without being asked".to_owned()));
    }
    let mut stderr = std::io::stderr().lock();
    let asked = write!(stderr, "Erase all personal data of {person}, for good? Type yes: ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    asked.and_then(|()| std::io::stdin().lock().read_line(&mut answer)).map_err(|error| Failure::from_error(&error))?;
    if answer.trim() == "yes" { Ok(()) } else { Err(Failure::failed("nothing was done")) }
}
