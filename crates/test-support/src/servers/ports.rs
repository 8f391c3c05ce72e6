//! Free ports.

use std::net::{Ipv4Addr, TcpListener};

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
