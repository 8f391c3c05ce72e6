//! UmaDB: its server in a process of its own, its client over gRPC, appends on condition that the stream has no event yet.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::Command;
use umadb_client::UmaDbClient;
use umadb_core::mvcc::StorageOptions;
use umadb_dcb::{DcbAppendCondition, DcbEvent, DcbEventStoreAsync, DcbQuery, DcbQueryItem};
use umadb_server::{ServerOptions, start_server_with_options};

use crate::load;

/// The argument that makes this program UmaDB's server.
pub(crate) const SERVE: &str = "umadb-server";

/// Connections that the tasks share.
const CONNECTIONS: u64 = 8;

/// Serves until it is killed.
pub(crate) fn serve(file: &Path, address: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let (_never, shutdown) = tokio::sync::oneshot::channel();
    let storage = StorageOptions::default().db_path(file);
    let options = ServerOptions { listen_addr: address.to_owned(), tls: None, api_key: None, storage };
    runtime.block_on(start_server_with_options(options, shutdown)).expect("it serves");
}

/// Commands per second of so many tasks, each to a stream of its own.
pub(crate) async fn commands_per_second(folder: &Path, tasks: u64, time: Duration) -> f64 {
    // Its server does not say which port it was given, so it is told one that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port is free").to_string();
    let program = std::env::current_exe().expect("a program knows where it is");
    let mut server = Command::new(program);
    server.arg(SERVE).arg(folder.join("uma.db")).arg(&address).stdout(std::process::Stdio::null()).kill_on_drop(true);
    let mut server = server.spawn().expect("it can be started");
    while TcpStream::connect(&address).await.is_err() {
        assert!(server.try_wait().expect("it can be asked").is_none(), "UmaDB's server ended");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(UmaDbClient::new(format!("http://{address}")).connect_async().await.expect("it can be reached"));
    }
    let clients = std::sync::Arc::new(clients);
    let data = serde_json::json!({ "note": load::note() }).to_string().into_bytes();
    let rate = load::commands_per_second(tasks, time, move |task, number| {
        let (clients, data) = (std::sync::Arc::clone(&clients), data.clone());
        async move {
            let stream = format!("00000000-0000-7000-8000-{number:012x}");
            let nothing_yet = DcbQuery::new().item(DcbQueryItem::new().tags([stream.as_str()]));
            let event = DcbEvent::default().event_type("invitation.sent").tags([stream.as_str()]).data(data);
            let client = &clients[usize::try_from(task % CONNECTIONS).expect("it is small")];
            client.append(vec![event], Some(DcbAppendCondition::new(nothing_yet)), None).await.expect("the command is taken");
        }
    });
    let rate = rate.await;
    server.kill().await.expect("it can be ended");
    rate
}
