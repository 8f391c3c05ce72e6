//! A load generator's HTTP/1.1 connection: keep-alive, one request at a time, and as little work per request as can be, since
//! it shares the machine with what it measures.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::ops::Range;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that is kept open.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// An answer; it borrows from the connection until the next request.
#[derive(Debug)]
pub struct Reply<'a> {
    /// The status code.
    pub status: u16,
    bytes: &'a [u8],
    body: Range<usize>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(4096) })
    }

    /// Sends a whole request (head and body) and waits for the whole answer.
    ///
    /// # Errors
    /// When the connection breaks first, or what comes is no answer with a length.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Reply<'_>> {
        self.received.clear();
        self.stream.write_all(request).await?;
        let head = loop {
            if let Some(end) = find(&self.received, b"\r\n\r\n") {
                break end + 4;
            }
            self.receive().await?;
        };
        let length = header(&self.received[..head], "content-length").and_then(|text| text.parse::<usize>().ok());
        let end = head + length.ok_or_else(|| broken("an answer without its length"))?;
        while self.received.len() < end {
            self.receive().await?;
        }
        let status = std::str::from_utf8(&self.received[9..12]).ok().and_then(|text| text.parse().ok());
        let status = status.ok_or_else(|| broken("an answer without a status"))?;
        Ok(Reply { status, bytes: &self.received, body: head..end })
    }

    async fn receive(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(broken("the connection was closed")),
            _ => Ok(()),
        }
    }
}

impl Reply<'_> {
    /// A header of the answer, by its name in small letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.bytes[..self.body.start], name)
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.body.clone()]
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(self.body()).expect("the body is JSON")
    }
}

fn broken(what: &str) -> Error {
    Error::new(ErrorKind::UnexpectedEof, what)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    let lines = head.split(|byte| *byte == b'\n').skip(1);
    let values = lines.filter_map(|line| {
        let (found, value) = line.split_at_checked(name.len())?;
        let value = value.strip_prefix(b":")?;
        found.eq_ignore_ascii_case(name.as_bytes()).then(|| value.trim_ascii())
    });
    values.filter_map(|value| std::str::from_utf8(value).ok()).next()
}

/// Writes `POST` requests with a JSON body into one buffer, again and again.
#[derive(Debug, Clone)]
pub struct Post {
    head: String,
    request: Vec<u8>,
}

impl Post {
    /// Requests to this path, with this bearer token.
    #[must_use]
    pub fn new(path: &str, token: &str) -> Self {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: gatehouse\r\ncontent-type: application/json\r\nauthorization: Bearer {token}\r\nidempotency-key: "
        );
        Self { head, request: Vec::with_capacity(1024) }
    }

    /// The request with this idempotency key and body.
    pub fn write(&mut self, key: &str, body: &str) -> &[u8] {
        use std::io::Write as _;
        self.request.clear();
        let Self { head, request } = self;
        write!(request, "{head}{key}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).expect("memory can be written to");
        &self.request
    }
}
