//! A proxy before any server that can cut connections, hold what is said, and end one at the worst moment: before a request arrives, after
//! it was served but not answered, or while it is still on its way.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// What happens at a request that [`TcpProxy::at_request`] names. Each cuts the client off; it cannot tell one from the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtRequest {
    /// The request never arrives.
    CutBefore,
    /// The server serves the request; its answer is lost.
    CutAfter,
    /// The request is on its way, and arrives when [`TcpProxy::deliver`] says so. The server's end of the connection stays open.
    Keep,
}

/// A running proxy on a free port of 127.0.0.1. Dropping it cuts its connections.
#[derive(Debug)]
pub struct TcpProxy {
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
    planned: Option<(Vec<u8>, AtRequest)>,
    happened: u64,
    kept: Vec<(TcpStream, Vec<u8>)>,
    ended: bool,
}

/// What the two directions of a connection tell each other.
#[derive(Debug, Default)]
struct Ends {
    /// The next answer is the end.
    last_request: AtomicBool,
    /// The client was cut off, the server does not know.
    detached: AtomicBool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding it")
    }
}

impl TcpProxy {
    /// Starts a proxy before the server at this address.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the system has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
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
    pub fn address(&self) -> SocketAddr {
        self.address
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

    /// Refuses new connections until [`Self::accept`]; those that are there stay.
    pub fn refuse_new(&self) {
        self.shared.state().refusing = true;
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

    /// At the next request, on any connection, that has these bytes in it, this happens; once.
    pub fn at_request(&self, with: &[u8], what: AtRequest) {
        self.shared.state().planned = Some((with.to_vec(), what));
    }

    /// How often something happened that was planned.
    #[must_use]
    pub fn happened(&self) -> u64 {
        self.shared.state().happened
    }

    /// Passes on the requests that were kept, and tells how many. Their answers go nowhere.
    pub fn deliver(&self) -> usize {
        let kept = std::mem::take(&mut self.shared.state().kept);
        kept.into_iter().filter(|(server, request)| (&*server).write_all(request).is_ok()).count()
    }
}

impl Drop for TcpProxy {
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
    // What is passed on goes at once, as it came.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let both = (client.try_clone(), server.try_clone());
    let (Ok(client_end), Ok(server_end)) = both else { return };
    {
        let mut state = shared.state();
        state.connections.extend([&client, &server].into_iter().filter_map(|stream| stream.try_clone().ok()));
    }
    let ends = Arc::new(Ends::default());
    std::thread::spawn({
        let (shared, ends) = (Arc::clone(shared), Arc::clone(&ends));
        move || {
            let _ = requests(&shared, &ends, &client_end, &server_end);
            if !ends.detached.load(Ordering::SeqCst) {
                let _ = server_end.shutdown(Shutdown::Both);
            }
        }
    });
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        let _ = answers(&shared, &ends, &server, &client);
        let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
    });
}

/// Passes on what the client says, until its end or that of the connection.
fn requests(shared: &Shared, ends: &Ends, mut client: &TcpStream, mut server: &TcpStream) -> std::io::Result<()> {
    let mut buffer = vec![0; 1 << 20];
    loop {
        let length = client.read(&mut buffer)?;
        let request = buffer.get(..length).unwrap_or_default();
        if request.is_empty() {
            return Ok(());
        }
        let planned = {
            let mut state = shared.state();
            let is_meant = |(with, _): &mut (Vec<u8>, AtRequest)| request.windows(with.len().max(1)).any(|part| part == with.as_slice());
            let planned = state.planned.take_if(is_meant).map(|(_, what)| what);
            state.happened += u64::from(planned.is_some());
            planned
        };
        match planned {
            None => server.write_all(request)?,
            Some(AtRequest::CutBefore) => return client.shutdown(Shutdown::Both),
            Some(AtRequest::CutAfter) => {
                ends.last_request.store(true, Ordering::SeqCst);
                server.write_all(request)?;
            }
            Some(AtRequest::Keep) => {
                ends.detached.store(true, Ordering::SeqCst);
                let mut state = shared.state();
                state.kept.push((server.try_clone()?, request.to_vec()));
                return client.shutdown(Shutdown::Both);
            }
        }
    }
}

/// Passes on what the server says.
fn answers(shared: &Shared, ends: &Ends, mut server: &TcpStream, mut client: &TcpStream) -> std::io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = server.read(&mut buffer)?;
        let answer = buffer.get(..length).unwrap_or_default();
        if answer.is_empty() || ends.last_request.load(Ordering::SeqCst) {
            return Ok(());
        }
        let mut state = shared.state();
        while state.holding && !state.ended {
            state = shared.changed.wait(state).expect("nobody panics while holding it");
        }
        drop(state);
        if !ends.detached.load(Ordering::SeqCst) {
            client.write_all(answer)?;
        }
    }
}
