//! Journeys, contracts and resilience against the real binary
