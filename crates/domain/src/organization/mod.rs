//! See `events` for what can happen and `commands` for what can be asked.

mod commands;
mod events;

pub use commands::*;
pub use events::*;
