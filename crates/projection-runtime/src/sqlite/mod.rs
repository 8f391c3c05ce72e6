//! Read models in SQLite: each build is a file.

pub(crate) mod database;
pub(crate) mod folder;
pub(crate) mod readers;
