//! Subscriptions, access and relationships
