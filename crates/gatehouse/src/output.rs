//! What goes to standard output and standard error.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

use crate::failure::Failure;

/// Writes a line of a command's result.
///
/// # Errors
/// When it cannot be written. Whoever reads only the beginning (`| head`) closed the pipe: that is no error, and ends the process.
pub(crate) fn line(text: impl Display) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Failure::failed(format!("the result cannot be written: {error}"))),
    }
}

/// Writes a line beside the result, for the person at the terminal. Nobody may listen.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Says why the command failed.
pub(crate) fn complain(failure: &Failure) {
    note(format_args!("gatehouse: {failure}"));
}

/// Lays out rows in columns, with a heading. Columns are as wide as what is in them.
pub(crate) fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = heading.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let lay_out = |cells: &mut dyn Iterator<Item = &str>| {
        let laid: Vec<String> = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        laid.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![lay_out(&mut heading.iter().copied())];
    lines.extend(rows.iter().map(|row| lay_out(&mut row.iter().map(String::as_str))));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let rows = [vec!["SFT".to_owned(), "Secure file transfer".to_owned()], vec!["Zürich".to_owned(), String::new()]];
        assert_eq!(table(&["CODE", "NAME"], &rows), "CODE    NAME\nSFT     Secure file transfer\nZürich");
    }
}
