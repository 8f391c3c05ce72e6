//! The operator's business calendar.

mod business;
mod commands;
mod events;

pub use business::BusinessCalendar;
pub use commands::*;
pub use events::*;
