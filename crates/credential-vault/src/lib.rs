//! Mutable secrets that must not be events: password and one-time-password verifiers, tokens, sessions, attempt counters
