//! Accounts, and what people do with them, over the router in process: J2, J4, J5, J7, J9, and who may not do what.

mod boundaries;
mod catalogue;
mod cookies;
mod due_steps;
mod entitled;
mod first_login;
mod guessing;
mod history;
mod organizations;
mod passkeys;
mod second_factors;
mod sessions;
mod superseded;
mod tokens;
mod users;
mod world;
