//! Which events follow a command about a mail.

use super::{MailCommand, MailEvent, MailRejection, MailState};
use crate::Context;

/// Decides a command.
pub(super) fn decide(state: &MailState, command: MailCommand, _context: &Context) -> Result<Vec<MailEvent>, MailRejection> {
    match command {
        MailCommand::RecordFate { fate } => match state {
            MailState::Owed => {
                check(&fate)?;
                Ok(vec![fate])
            }
            MailState::Settled(_) => Ok(vec![]),
        },
    }
}

/// Only what was given up may never have been tried: its recipient was forgotten first.
fn check(fate: &MailEvent) -> Result<(), MailRejection> {
    match fate {
        MailEvent::Sent { attempts: 0, .. } | MailEvent::Refused { attempts: 0, .. } => Err(MailRejection::AttemptRequired),
        MailEvent::Sent { .. } | MailEvent::Refused { .. } | MailEvent::GivenUp { .. } => Ok(()),
    }
}
