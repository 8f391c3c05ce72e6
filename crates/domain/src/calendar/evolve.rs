//! The state after an event.

use super::{CalendarEvent, CalendarState};

pub(super) fn evolve(_: CalendarState, event: &CalendarEvent) -> CalendarState {
    match event {
        CalendarEvent::Adopted { calendar } => CalendarState { in_force: Some(calendar.clone()) },
    }
}
