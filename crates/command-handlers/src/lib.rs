//! Load, decide, append, answer: idempotent, durable before answered
