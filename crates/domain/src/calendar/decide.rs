//! Which events follow a command.

use super::{CalendarCommand, CalendarEvent, CalendarRejection, CalendarState};

pub(super) fn decide(state: &CalendarState, command: CalendarCommand) -> Result<Vec<CalendarEvent>, CalendarRejection> {
    match command {
        CalendarCommand::AdoptCalendar { calendar } => {
            if let Some(in_force) = &state.in_force {
                if *in_force == calendar {
                    return Ok(Vec::new());
                }
                if calendar.version <= in_force.version {
                    return Err(CalendarRejection::VersionNotGreater { in_force: in_force.version, found: calendar.version });
                }
            }
            calendar.validate()?;
            Ok(vec![CalendarEvent::Adopted { calendar }])
        }
    }
}
