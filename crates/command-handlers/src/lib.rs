//! Load, decide, append, answer (architecture, rules 4 to 6).
//!
//! [`CommandHandlers`] takes a command to its aggregate: it finds the folded state in a bounded cache or reads the stream,
//! decides, queues the append while it still holds the stream's lock, and answers when what the decision rests on is on
//! disk. Decisions on one stream may run ahead of the disk, each resting on the one before; when a commit fails, all that
//! rested on it fail with it, are forgotten, and are decided anew from what is on disk.
//!
//! A command's id makes it repeatable: the fold remembers which ids a stream has seen, event ids derive from it, and so
//! the same command gets the same answer, after a crash too. The same id with other content is refused.

mod answer;
mod cache;
mod conclude;
mod handlers;
mod identity;
mod load;
mod reserve;
mod stage;

pub mod workflows;

pub use answer::{Answer, CommandError};
pub use handlers::{CommandHandlers, Settings};
pub use identity::{Sent, command_id};
pub use reserve::Reserve;
