//! How many connections are open, and whose.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::Write;
use std::net::{IpAddr, Shutdown};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::net::TcpStream;

use super::Bounds;
use crate::network::{Proxies, place};

/// Counts who is in.
pub(super) struct Door {
    most: usize,
    most_of_one_place: usize,
    proxies: Arc<Proxies>,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    all: usize,
    /// Of each place that is counted; those of whom nobody is in are not there.
    of: HashMap<IpAddr, usize>,
}

/// A place inside, until it is dropped.
pub(super) struct Place {
    door: Arc<Door>,
    of: Option<IpAddr>,
}

/// Why somebody cannot come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// There are too many.
    Altogether,
    /// There are too many from where they come.
    FromThere,
}

impl Door {
    pub(super) fn new(bounds: &Bounds, proxies: Arc<Proxies>) -> Self {
        Self { most: bounds.connections, most_of_one_place: bounds.connections_per_network, proxies, inside: Mutex::default() }
    }

    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr) -> Result<Place, Full> {
        let of = (!self.proxies.trusts(peer)).then(|| place(peer));
        let mut inside = self.inside.lock();
        if inside.all >= self.most {
            return Err(Full::Altogether);
        }
        if let Some(of) = of {
            let from_there = inside.of.entry(of).or_default();
            if *from_there >= self.most_of_one_place {
                return Err(Full::FromThere);
            }
            *from_there += 1;
        }
        inside.all += 1;
        Ok(Place { door: Arc::clone(self), of })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.door.inside.lock();
        inside.all = inside.all.saturating_sub(1);
        if let Some(of) = self.of
            && let Entry::Occupied(mut from_there) = inside.of.entry(of)
        {
            *from_there.get_mut() = from_there.get().saturating_sub(1);
            if *from_there.get() == 0 {
                from_there.remove();
            }
        }
    }
}

const BODY: &str = r#"{"type":"urn:gatehouse:problem:too-many-connections","title":"Service Unavailable","status":503,"detail":"there are too many connections; try again in a moment"}"#;

impl Full {
    /// Says so and closes the connection, at the cost of one write that waits for nobody.
    pub(super) fn turn_away(self, stream: TcpStream) {
        let limit = match self {
            Self::Altogether => "connections",
            Self::FromThere => "connections_per_network",
        };
        metrics::counter!("gatehouse_limited_total", "limit" => limit).increment(1);
        let answer = format!(
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\nretry-after: 5\r\ncache-control: no-store\r\nconnection: close\r\n\r\n{BODY}",
            BODY.len()
        );
        // Whoever is gone already, or takes nothing, misses it.
        if let Ok(mut stream) = stream.into_std() {
            let _missed = stream.write_all(answer.as_bytes()).and_then(|()| stream.shutdown(Shutdown::Write));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(connections: usize, connections_per_network: usize) -> Arc<Door> {
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap()], crate::network::ForwardedHeader::default());
        Arc::new(Door::new(&Bounds { connections, connections_per_network, ..Bounds::default() }, Arc::new(proxies)))
    }

    #[test]
    fn whoever_leaves_makes_room_and_leaves_no_trace() {
        let door = door(3, 2);
        let enter = |peer: &str| door.enter(peer.parse().unwrap());
        let first = enter("2001:db8::1").ok().unwrap();
        let second = enter("2001:db8::2").ok().unwrap();
        assert_eq!(enter("2001:db8::3").err(), Some(Full::FromThere));
        let third = enter("2001:db8:0:1::1").ok().unwrap();
        assert_eq!(enter("198.51.100.1").err(), Some(Full::Altogether));
        drop(first);
        drop(enter("2001:db8::3").ok().unwrap());
        drop((second, third));
        let inside = door.inside.lock();
        assert_eq!((inside.all, inside.of.len()), (0, 0));
    }

    #[test]
    fn a_trusted_proxy_stands_for_many() {
        let door = door(3, 1);
        let held: Vec<_> = (0..3).map(|_| door.enter("10.0.0.1".parse().unwrap()).ok().unwrap()).collect();
        assert_eq!(held.len(), 3);
        assert_eq!(door.enter("10.0.0.1".parse().unwrap()).err(), Some(Full::Altogether));
    }
}
