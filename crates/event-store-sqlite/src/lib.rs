//! The event log on SQLite: one writer thread, group commit, durable before acknowledged
