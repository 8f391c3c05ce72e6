//! Builders, given/when/then, real servers for tests
