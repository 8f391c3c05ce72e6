//! The messages of the protocol, as far as the client of the log uses them.
//!
//! Written down from the public protocol (`event_store.client.*`, version 1, as EventStoreDB 20.6 and later speak it): package and
//! service names, field numbers and types are what matters on the wire; what the log never asks for is left out.

#![allow(missing_docs, unreachable_pub, reason = "the fields are those of the protocol")]

use bytes::Bytes;

#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Empty {}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Uuid {
    #[prost(oneof = "uuid::Value", tags = "1, 2")]
    pub value: Option<uuid::Value>,
}

pub mod uuid {
    #[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
    pub struct Structured {
        #[prost(int64, tag = "1")]
        pub most_significant_bits: i64,
        #[prost(int64, tag = "2")]
        pub least_significant_bits: i64,
    }

    #[derive(Clone, PartialEq, Eq, prost::Oneof)]
    pub enum Value {
        #[prost(message, tag = "1")]
        Structured(Structured),
        #[prost(string, tag = "2")]
        String(String),
    }
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct StreamIdentifier {
    #[prost(bytes = "bytes", tag = "3")]
    pub stream_name: Bytes,
}

#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Position {
    #[prost(uint64, tag = "1")]
    pub commit_position: u64,
    #[prost(uint64, tag = "2")]
    pub prepare_position: u64,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ReadReq {
    #[prost(message, optional, tag = "1")]
    pub options: Option<read::Options>,
}

pub mod read {
    use super::{Empty, Position, StreamIdentifier};

    #[derive(Clone, PartialEq, Eq, prost::Message)]
    pub struct Options {
        #[prost(oneof = "Source", tags = "1, 2")]
        pub source: Option<Source>,
        /// 0 forwards, 1 backwards.
        #[prost(int32, tag = "3")]
        pub direction: i32,
        #[prost(uint64, tag = "5")]
        pub count: u64,
    }

    #[derive(Clone, PartialEq, Eq, prost::Oneof)]
    pub enum Source {
        #[prost(message, tag = "1")]
        Stream(Stream),
        #[prost(message, tag = "2")]
        All(All),
    }

    #[derive(Clone, PartialEq, Eq, prost::Message)]
    pub struct Stream {
        #[prost(message, optional, tag = "1")]
        pub stream_identifier: Option<StreamIdentifier>,
        #[prost(oneof = "Revision", tags = "2, 3, 4")]
        pub revision: Option<Revision>,
    }

    #[derive(Clone, Copy, PartialEq, Eq, prost::Oneof)]
    pub enum Revision {
        #[prost(uint64, tag = "2")]
        At(u64),
        #[prost(message, tag = "3")]
        Start(Empty),
        #[prost(message, tag = "4")]
        End(Empty),
    }

    #[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
    pub struct All {
        #[prost(oneof = "Place", tags = "1, 2, 3")]
        pub place: Option<Place>,
    }

    #[derive(Clone, Copy, PartialEq, Eq, prost::Oneof)]
    pub enum Place {
        #[prost(message, tag = "1")]
        At(Position),
        #[prost(message, tag = "2")]
        Start(Empty),
        #[prost(message, tag = "3")]
        End(Empty),
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct ReadResp {
    #[prost(oneof = "read_resp::Content", tags = "1, 4")]
    pub content: Option<read_resp::Content>,
}

pub mod read_resp {
    use std::collections::HashMap;

    use super::{Bytes, StreamIdentifier, Uuid};

    #[derive(Clone, PartialEq, prost::Oneof)]
    pub enum Content {
        #[prost(message, tag = "1")]
        Event(Event),
        #[prost(message, tag = "4")]
        StreamNotFound(StreamNotFound),
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Event {
        #[prost(message, optional, tag = "1")]
        pub event: Option<Recorded>,
        #[prost(uint64, optional, tag = "3")]
        pub commit_position: Option<u64>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Recorded {
        #[prost(message, optional, tag = "1")]
        pub id: Option<Uuid>,
        #[prost(message, optional, tag = "2")]
        pub stream_identifier: Option<StreamIdentifier>,
        #[prost(uint64, tag = "3")]
        pub stream_revision: u64,
        #[prost(uint64, tag = "4")]
        pub prepare_position: u64,
        #[prost(uint64, tag = "5")]
        pub commit_position: u64,
        #[prost(map = "string, string", tag = "6")]
        pub metadata: HashMap<String, String>,
        #[prost(bytes = "bytes", tag = "7")]
        pub custom_metadata: Bytes,
        #[prost(bytes = "bytes", tag = "8")]
        pub data: Bytes,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct StreamNotFound {
        #[prost(message, optional, tag = "1")]
        pub stream_identifier: Option<StreamIdentifier>,
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct AppendReq {
    #[prost(oneof = "append::Content", tags = "1, 2")]
    pub content: Option<append::Content>,
}

pub mod append {
    use std::collections::HashMap;

    use super::{Bytes, Empty, StreamIdentifier, Uuid};

    #[derive(Clone, PartialEq, prost::Oneof)]
    pub enum Content {
        #[prost(message, tag = "1")]
        Options(Options),
        #[prost(message, tag = "2")]
        Proposed(Proposed),
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Options {
        #[prost(message, optional, tag = "1")]
        pub stream_identifier: Option<StreamIdentifier>,
        #[prost(oneof = "Expected", tags = "2, 3, 4, 5")]
        pub expected: Option<Expected>,
    }

    #[derive(Clone, Copy, PartialEq, Eq, prost::Oneof)]
    pub enum Expected {
        #[prost(uint64, tag = "2")]
        Revision(u64),
        #[prost(message, tag = "3")]
        NoStream(Empty),
        #[prost(message, tag = "4")]
        Any(Empty),
        #[prost(message, tag = "5")]
        StreamExists(Empty),
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub struct Proposed {
        #[prost(message, optional, tag = "1")]
        pub id: Option<Uuid>,
        #[prost(map = "string, string", tag = "2")]
        pub metadata: HashMap<String, String>,
        #[prost(bytes = "bytes", tag = "3")]
        pub custom_metadata: Bytes,
        #[prost(bytes = "bytes", tag = "4")]
        pub data: Bytes,
    }
}

#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct AppendResp {
    #[prost(oneof = "append_resp::Outcome", tags = "1, 2")]
    pub outcome: Option<append_resp::Outcome>,
}

pub mod append_resp {
    use super::{Empty, Position};

    #[derive(Clone, Copy, PartialEq, Eq, prost::Oneof)]
    pub enum Outcome {
        #[prost(message, tag = "1")]
        Success(Success),
        #[prost(message, tag = "2")]
        WrongExpectedVersion(WrongExpectedVersion),
    }

    #[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
    pub struct Success {
        #[prost(uint64, optional, tag = "1")]
        pub current_revision: Option<u64>,
        #[prost(message, optional, tag = "3")]
        pub position: Option<Position>,
    }

    #[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
    pub struct WrongExpectedVersion {
        #[prost(oneof = "Current", tags = "6, 7")]
        pub current: Option<Current>,
        #[prost(oneof = "Wanted", tags = "8, 9, 10, 11")]
        pub wanted: Option<Wanted>,
    }

    #[derive(Clone, Copy, PartialEq, Eq, prost::Oneof)]
    pub enum Current {
        #[prost(uint64, tag = "6")]
        Revision(u64),
        #[prost(message, tag = "7")]
        NoStream(Empty),
    }

    #[derive(Clone, Copy, PartialEq, Eq, prost::Oneof)]
    pub enum Wanted {
        #[prost(uint64, tag = "8")]
        Revision(u64),
        #[prost(message, tag = "9")]
        Any(Empty),
        #[prost(message, tag = "10")]
        StreamExists(Empty),
        #[prost(message, tag = "11")]
        NoStream(Empty),
    }
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct SupportedMethods {
    #[prost(string, tag = "2")]
    pub event_store_server_version: String,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ClusterInfo {
    #[prost(message, repeated, tag = "1")]
    pub members: Vec<Member>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Member {
    /// 6 is a follower, 8 the leader.
    #[prost(int32, tag = "3")]
    pub state: i32,
    #[prost(bool, tag = "4")]
    pub is_alive: bool,
    #[prost(message, optional, tag = "5")]
    pub http_end_point: Option<EndPoint>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct EndPoint {
    #[prost(string, tag = "1")]
    pub address: String,
    #[prost(uint32, tag = "2")]
    pub port: u32,
}

impl From<::uuid::Uuid> for Uuid {
    fn from(id: ::uuid::Uuid) -> Self {
        Self { value: Some(uuid::Value::String(id.to_string())) }
    }
}

impl Uuid {
    /// The id, in whichever of the two forms it was sent.
    pub fn id(&self) -> Option<::uuid::Uuid> {
        match self.value.as_ref()? {
            uuid::Value::Structured(parts) => {
                let (high, low) = (parts.most_significant_bits.to_be_bytes(), parts.least_significant_bits.to_be_bytes());
                ::uuid::Uuid::from_slice(&[high, low].concat()).ok()
            }
            uuid::Value::String(text) => text.parse().ok(),
        }
    }
}
