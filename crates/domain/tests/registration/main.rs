//! The rules of a registration, one test each (domain, part 3, "Who acts", J1, J6, J8).

mod cases;
mod journey;
