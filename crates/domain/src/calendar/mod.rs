//! The operator's business calendar, and the clock that tells business time on it.

mod business;
mod clock;
mod commands;
mod decide;
mod error;
mod events;
mod evolve;
mod state;

pub use business::{BusinessCalendar, MOST_DAYS_CLOSED};
pub use clock::BusinessClock;
pub use commands::*;
pub use error::{CalendarProblem, CalendarRejection};
pub use events::*;
pub use state::CalendarState;

use crate::{Aggregate, Context};

/// The operator's business calendar.
#[derive(Debug)]
pub struct Calendar;

impl Aggregate for Calendar {
    type State = CalendarState;
    type Command = CalendarCommand;
    type Event = CalendarEvent;
    type Rejection = CalendarRejection;

    const CATEGORY: &'static str = "calendar";

    fn decide(state: &CalendarState, command: CalendarCommand, _: &Context) -> Result<Vec<CalendarEvent>, CalendarRejection> {
        decide::decide(state, command)
    }

    fn evolve(state: CalendarState, event: &CalendarEvent) -> CalendarState {
        evolve::evolve(state, event)
    }
}
