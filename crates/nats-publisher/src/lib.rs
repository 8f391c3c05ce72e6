//! The log's public events onto a NATS JetStream stream: in the log's order, each once (ADR 0026).
