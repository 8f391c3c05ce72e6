//! Events from a durable pull consumer of NATS JetStream.

mod consumer;
mod order;

pub(crate) use consumer::NatsReceipt;
pub use consumer::{Consumer, ConsumerOptions, NatsError};
