//! Events from a durable pull consumer of NATS JetStream.

/// The NATS client, whose options say how to connect.
pub use async_nats;

mod consumer;
mod options;
mod order;

pub(crate) use consumer::NatsReceipt;
pub use consumer::{Consumer, NatsError};
pub use options::ConsumerOptions;
