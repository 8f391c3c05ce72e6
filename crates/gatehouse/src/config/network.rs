//! Where requests come from, and how much of the service one of them may take: `[network]`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use http_api::network::{ForwardedHeader, Proxies, ProxyNetwork};
use http_api::server::Bounds;
use serde::{Deserialize, Serialize};

/// `[network]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NetworkConfig {
    /// An address of its own for `/livez`, `/readyz` and `/metrics`, which the API's does not answer then. None: they are answered beside it.
    pub(crate) health_listen: Option<SocketAddr>,
    /// Proxies that are trusted to say from where they were reached: networks such as `10.0.0.0/8`, or addresses. Empty: the peer counts.
    /// A proxy that is trusted must set or append to the header below, and nobody else may reach this service from its address.
    pub(crate) trusted_proxies: Vec<ProxyNetwork>,
    /// In which header they say it: `x-forwarded-for` or `forwarded` (RFC 7239).
    pub(crate) forwarded_header: ForwardedHeader,
    /// Seconds within which the head of a request must have come; a connection that is idle for so long is closed.
    pub(crate) head_seconds: u32,
    /// Seconds within which the body of a request must have come.
    pub(crate) body_seconds: u32,
    /// Seconds for which a client may take nothing of an answer.
    pub(crate) write_seconds: u32,
    /// How many connections are open at most. Needs as many open files, and two hundred more for the stores.
    pub(crate) connections: usize,
    /// How many of them from one IPv4 address or IPv6 /64. Trusted proxies are not counted so.
    pub(crate) connections_per_network: usize,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        let Bounds { head_time, body_time, write_time, connections, connections_per_network } = Bounds::default();
        let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        Self {
            health_listen: None,
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedHeader::default(),
            head_seconds: seconds(head_time),
            body_seconds: seconds(body_time),
            write_seconds: seconds(write_time),
            connections,
            connections_per_network,
        }
    }
}

impl NetworkConfig {
    pub(super) fn validate(&self) -> anyhow::Result<()> {
        let Self { head_seconds, body_seconds, write_seconds, connections, connections_per_network, .. } = self;
        if [*head_seconds, *body_seconds, *write_seconds].contains(&0) || [*connections, *connections_per_network].contains(&0) {
            bail!("network: times and numbers of connections must be at least 1");
        }
        Ok(())
    }

    /// How much one client, and all of them, may take.
    pub(crate) fn bounds(&self) -> Bounds {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        Bounds {
            head_time: seconds(self.head_seconds),
            body_time: seconds(self.body_seconds),
            write_time: seconds(self.write_seconds),
            connections: self.connections,
            connections_per_network: self.connections_per_network,
        }
    }

    /// The proxies that are trusted.
    pub(crate) fn proxies(&self) -> Arc<Proxies> {
        Arc::new(Proxies::new(self.trusted_proxies.clone(), self.forwarded_header))
    }
}
