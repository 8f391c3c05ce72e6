//! Servers as processes of their own, each on a free port with its data in a folder of its own, ended when dropped.

mod child;
mod eventstore;
mod gatehouse;
mod http;
mod nats;
mod nats_cluster;
mod openid;
mod ports;
mod postgres;
mod proxy;
mod smtp;
mod tcp_proxy;

pub use eventstore::EventStoreDouble;
pub use gatehouse::{GatehouseBuilder, GatehouseProcess, StartFailure, gatehouse_command};
pub use http::get;
pub use nats::{NatsServer, NatsServerBuilder, SavedData, nats_server};
pub use nats_cluster::NatsCluster;
pub use openid::{OpenIdProvider, OpenIdProviderBuilder};
pub use ports::free_port;
pub use postgres::{PostgresServer, TestDatabase, postgres_programs};
pub use proxy::NatsProxy;
pub use smtp::{Behaviour, Encryption, ReceivedMail, SmtpServer, SmtpServerBuilder};
pub use tcp_proxy::{AtRequest, TcpProxy};

use std::path::PathBuf;

/// The Python interpreter with the packages that test servers need: the one that `cargo xtask setup` made, from `GATEHOUSE_TEST_PYTHON` or
/// from where it makes it.
///
/// # Panics
/// When it is not there.
#[must_use]
pub fn python() -> PathBuf {
    let python = match std::env::var_os("GATEHOUSE_TEST_PYTHON") {
        Some(path) if !path.is_empty() => PathBuf::from(path),
        Some(_) | None => target_folder().join("tools/python/bin/python"),
    };
    assert!(python.is_file(), "there is no Python for test servers at {}: run `cargo xtask setup` first", python.display());
    python
}

/// Cargo's target folder as this test sees it: two above the folder that holds the test's own binary (`target/debug/deps`).
fn target_folder() -> PathBuf {
    let binary = std::env::current_exe().expect("a running test has a path");
    binary.ancestors().nth(3).expect("test binaries stand in target/PROFILE/deps").to_owned()
}
