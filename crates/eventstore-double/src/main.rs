//! The stand-in as a process: `eventstore-double --port 2113`.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use eventstore_double::{Node, Store};

/// A stand-in for EventStoreDB, for tests: everything is in memory, and gone when it ends.
#[derive(Parser)]
struct Arguments {
    /// The port to listen on, on 127.0.0.1; 0 takes any free one.
    #[arg(long, default_value_t = 2113)]
    port: u16,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match Node::start(&Store::new(), arguments.port).await {
        Ok(node) => {
            // Whoever started it reads the address from this line.
            drop(writeln!(std::io::stdout(), "{}", node.url()));
            std::future::pending::<ExitCode>().await
        }
        Err(error) => {
            drop(writeln!(std::io::stderr(), "cannot listen on port {}: {error}", arguments.port));
            ExitCode::FAILURE
        }
    }
}
