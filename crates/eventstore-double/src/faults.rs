//! What can be made to go wrong.

use crate::store::Orders;

/// What goes wrong with one append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: it is made and answered.
    None,
    /// The connection is cut before the append is made.
    CutBefore,
    /// The append is made, and the connection is cut before it is answered.
    CutAfter,
    /// The append is not made, and the answer is that the server is too busy.
    Busy,
    /// The append is made, and the answer is that it took too long.
    TimedOut,
    /// The append is made, and never answered.
    Silent,
    /// The append is made only when [`crate::Store::release`] is called, and its caller has long gone away.
    Late,
}

/// What is to go wrong.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) appends: Orders,
    pub(crate) appends_asked: usize,
    pub(crate) holding: bool,
    pub(crate) holding_reads: bool,
    pub(crate) held: usize,
    pub(crate) is_old: bool,
}
