//! A proxy before a NATS server that can cut connections, and hold or drop what the server answers.
//!
//! It knows as much of NATS' protocol as it takes to tell where one message ends, so that what it drops is one whole answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// A running proxy on a free port of 127.0.0.1. Dropping it cuts its connections.
#[derive(Debug)]
pub struct NatsProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    connections: Vec<TcpStream>,
    refusing: bool,
    holding: bool,
    acks_to_drop: u64,
    acks_dropped: u64,
    acks_passed: u64,
    ended: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding it")
    }
}

impl NatsProxy {
    /// Before the server that listens on this port of 127.0.0.1; it need not run yet.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn before(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the system has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let target = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let shared = Arc::new(Shared { target, state: Mutex::default(), changed: Condvar::new() });
        let for_listener = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if for_listener.state().ended {
                    return;
                }
                connect(&for_listener, client);
            }
        });
        Self { address, shared }
    }

    /// Where clients connect.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Cuts all connections; new ones are taken.
    pub fn cut(&self) {
        for connection in self.shared.state().connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
        self.shared.changed.notify_all();
    }

    /// Cuts all connections and refuses new ones until [`Self::accept`].
    pub fn refuse(&self) {
        self.shared.state().refusing = true;
        self.cut();
    }

    /// Takes connections again.
    pub fn accept(&self) {
        self.shared.state().refusing = false;
    }

    /// What the server says waits here until [`Self::release`]; what clients say goes on to the server.
    pub fn hold(&self) {
        self.shared.state().holding = true;
    }

    /// Ends [`Self::hold`]; what waited is told.
    pub fn release(&self) {
        self.shared.state().holding = false;
        self.shared.changed.notify_all();
    }

    /// The next so many acknowledgements of published messages (PubAck) are swallowed; all else passes.
    pub fn drop_acks(&self, count: u64) {
        self.shared.state().acks_to_drop = count;
    }

    /// How many acknowledgements were swallowed so far.
    #[must_use]
    pub fn acks_dropped(&self) -> u64 {
        self.shared.state().acks_dropped
    }

    /// How many acknowledgements reached clients so far.
    #[must_use]
    pub fn acks_passed(&self) -> u64 {
        self.shared.state().acks_passed
    }
}

impl Drop for NatsProxy {
    fn drop(&mut self) {
        self.shared.state().ended = true;
        self.release();
        self.cut();
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

fn connect(shared: &Arc<Shared>, client: TcpStream) {
    if shared.state().refusing {
        return;
    }
    let Ok(server) = TcpStream::connect(shared.target) else { return };
    let both = (client.try_clone(), server.try_clone());
    let (Ok(client_end), Ok(server_end)) = both else { return };
    {
        let mut state = shared.state();
        state.connections.extend([&client, &server].into_iter().filter_map(|stream| stream.try_clone().ok()));
    }
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut &client_end, &mut &server_end);
        let _ = server_end.shutdown(Shutdown::Both);
    });
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        let _ = answers(&shared, &server, &client);
        let _ = client.shutdown(Shutdown::Both);
    });
}

/// Passes on what the server says, message by message.
fn answers(shared: &Shared, server: &TcpStream, mut client: &TcpStream) -> std::io::Result<()> {
    let mut server = BufReader::with_capacity(1 << 16, server);
    let mut message = Vec::new();
    loop {
        message.clear();
        let body = next_message(&mut server, &mut message)?;
        if message.is_empty() {
            return Ok(());
        }
        let is_ack = is_ack(message.get(body..).unwrap_or_default());
        let mut state = shared.state();
        while state.holding && !state.ended {
            state = shared.changed.wait(state).expect("nobody panics while holding it");
        }
        if is_ack && state.acks_to_drop > 0 {
            state.acks_to_drop -= 1;
            state.acks_dropped += 1;
            continue;
        }
        state.acks_passed += u64::from(is_ack);
        drop(state);
        client.write_all(&message)?;
    }
}

/// Reads a line and, if it announces one, the body after it; gives back where that begins. Nothing is read at the end.
fn next_message(server: &mut impl BufRead, message: &mut Vec<u8>) -> std::io::Result<usize> {
    server.read_until(b'\n', message)?;
    let body = message.len();
    if message.starts_with(b"MSG ") || message.starts_with(b"HMSG ") {
        let line = String::from_utf8_lossy(message).into_owned();
        let size: u64 = line.split_whitespace().next_back().and_then(|size| size.parse().ok()).unwrap_or(0);
        server.take(size + 2).read_to_end(message)?;
    }
    Ok(body)
}

/// Whether the body is JetStream's answer to a message that was published, and stored.
fn is_ack(body: &[u8]) -> bool {
    body.starts_with(b"{\"stream\":") && body.windows(6).any(|window| window == b"\"seq\":") && body.len() < 200
}
