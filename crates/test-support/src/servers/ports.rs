//! Free ports.

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

/// A TCP port of this machine that nobody listens on at this moment. Prefer port 0 where the server says what it got: between this
/// answer and its use another process may take the port.
///
/// # Panics
/// When the system has none left.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the system has a free port");
    listener.local_addr().expect("a bound listener has an address").port()
}

/// Below those that systems give to outgoing connections.
const LASTING_PORTS: Range<u16> = 12_000..32_000;

/// A TCP port of this machine that nobody listens on at this moment, and that no outgoing connection will be given while a server that
/// is started again on it is away: not even the one that a waiting client makes, which could otherwise end up connected to itself.
///
/// # Panics
/// When a thousand were tried in vain.
#[must_use]
pub(super) fn lasting_port() -> u16 {
    let random = RandomState::new();
    let width = u64::from(LASTING_PORTS.end - LASTING_PORTS.start);
    let mut candidates = (0_u64..1000).filter_map(|n| u16::try_from(random.hash_one(n) % width).ok()).map(|n| LASTING_PORTS.start + n);
    candidates.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).expect("one of a thousand ports is free")
}
