//! Three NATS servers that keep JetStream streams together.

use std::time::Duration;

use super::nats::{NatsServer, NatsServerBuilder};
use super::ports::lasting_port;

/// How long three servers may take to find each other and elect a leader.
const TIME_TO_START: Duration = Duration::from_secs(60);

/// How often a cluster is started on other ports when somebody took the first ones meanwhile.
const ATTEMPTS: usize = 5;

/// A cluster of three, named `one`, `two` and `three`. Dropping it kills them.
#[derive(Debug)]
pub struct NatsCluster {
    servers: Vec<NatsServer>,
}

impl NatsCluster {
    /// Three servers without accounts.
    ///
    /// # Panics
    /// When they do not start.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&NatsServer::builder())
    }

    /// Three servers that are configured alike.
    ///
    /// # Panics
    /// When they do not start.
    #[must_use]
    pub fn start_with(builder: &NatsServerBuilder) -> Self {
        for _ in 0..ATTEMPTS {
            let mut cluster = Self::spawn(builder);
            if cluster.servers.iter_mut().all(|server| server.becomes_ready(TIME_TO_START)) {
                return cluster;
            }
            let taken = cluster.servers.iter().any(|server| server.log().contains("address already in use"));
            let said: Vec<String> = cluster.servers.iter().map(NatsServer::last_words).collect();
            assert!(taken, "the cluster did not start:\n{}", said.join("\n\n"));
        }
        panic!("the cluster found no free ports, {ATTEMPTS} times");
    }

    fn spawn(builder: &NatsServerBuilder) -> Self {
        let names = ["one", "two", "three"];
        let routes = names.map(|name| (name, lasting_port()));
        let all: Vec<String> = routes.iter().map(|(_, port)| format!("\"nats://127.0.0.1:{port}\"")).collect();
        let servers = routes.iter().map(|(name, port)| {
            let cluster = format!("cluster {{\n  name: gatehouse-test\n  listen: \"127.0.0.1:{port}\"\n  routes: [{}]\n}}", all.join(", "));
            builder.clone().name(name).ports(lasting_port(), lasting_port()).config(&cluster).spawn()
        });
        Self { servers: servers.collect() }
    }

    /// Where clients connect, to any of them.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.servers.iter().map(NatsServer::url).collect()
    }

    /// The server of that name, as a stream's information says who leads.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn server(&mut self, name: &str) -> &mut NatsServer {
        let found = self.servers.iter_mut().find(|server| server.name() == name);
        found.unwrap_or_else(|| panic!("the cluster has no server named {name}"))
    }

    /// All three.
    pub fn servers(&mut self) -> &mut [NatsServer] {
        &mut self.servers
    }

    /// Starts all again that do not run, and waits until all are ready.
    ///
    /// # Panics
    /// When they do not start.
    pub fn heal(&mut self) {
        for server in &mut self.servers {
            if !server.is_running() {
                server.restart_unready();
            }
        }
        for server in &mut self.servers {
            assert!(server.becomes_ready(TIME_TO_START), "the NATS server did not start again:\n{}", server.last_words());
        }
    }
}
