//! Pure decisions.

mod ids;

pub use ids::*;
