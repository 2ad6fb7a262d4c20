//! HTTP/1.1 as far as the harness needs it: bodies with a length, connections that stay open, a thread for each.
//!
//! Written by hand, so that little of a measurement is the harness's own work.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::time::Duration;

/// A head is never larger than this.
const MAX_HEAD: usize = 64 * 1024;
/// A peer that says nothing for so long will not.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request or an answer.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// The first line: `POST / HTTP/1.1` or `HTTP/1.1 302 Found`.
    pub start: String,
    /// Names as they were sent.
    pub headers: Vec<(String, String)>,
    /// Empty when there is none.
    pub body: Vec<u8>,
}

impl Message {
    /// A header's value by its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The method and the path of a request.
    #[must_use]
    pub fn request(&self) -> (&str, &str) {
        let mut words = self.start.split(' ');
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    }

    /// The status of an answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.start.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    fn parse(head: &[u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(head).ok()?.split("\r\n");
        let start = lines.next()?.to_owned();
        let header = |line: &str| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
        let headers = lines.map(header).collect::<Option<_>>()?;
        Some(Self { start, headers, body: Vec::new() })
    }
}

/// A connection that stays open.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Connection {
    /// Connects as a client.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn open(address: impl ToSocketAddrs) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Self::new(stream)
    }

    fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, unread: Vec::new() })
    }

    /// Sends a request as it is and reads the answer.
    ///
    /// # Errors
    /// When the peer is gone, or answers nothing that is understood here.
    pub fn ask(&mut self, request: &[u8]) -> io::Result<Message> {
        self.send(request)?;
        self.receive()
    }

    /// Sends a request as it is.
    ///
    /// # Errors
    /// When the peer is gone.
    pub fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request)
    }

    /// Reads the answer to a request that was sent.
    ///
    /// # Errors
    /// When the peer is gone, or answers nothing that is understood here.
    pub fn receive(&mut self) -> io::Result<Message> {
        self.read()?.ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }

    /// The next message; none when the peer has closed the connection.
    fn read(&mut self) -> io::Result<Option<Message>> {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at;
            }
            if self.unread.len() > MAX_HEAD {
                return Err(invalid("a head without an end"));
            }
            if !self.more()? {
                return if self.unread.is_empty() { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
        };
        let mut message = Message::parse(&self.unread[..end]).ok_or_else(|| invalid("not HTTP"))?;
        if message.header("transfer-encoding").is_some() {
            return Err(invalid("a body without a length"));
        }
        let length =
            message.header("content-length").map_or(Ok(0), str::parse).map_err(|_| invalid("a length that is none"))?;
        while self.unread.len() < end + 4 + length {
            if !self.more()? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        message.body = self.unread[end + 4..end + 4 + length].to_vec();
        self.unread.drain(..end + 4 + length);
        Ok(Some(message))
    }

    fn more(&mut self) -> io::Result<bool> {
        let mut bytes = [0; 16 * 1024];
        let read = self.stream.read(&mut bytes)?;
        self.unread.extend_from_slice(&bytes[..read]);
        Ok(read > 0)
    }

    fn answer(&mut self, reply: &Reply) -> io::Result<()> {
        let mut bytes = format!("HTTP/1.1 {} -\r\ncontent-length: {}\r\n", reply.status, reply.body.len());
        for (name, value) in &reply.headers {
            bytes.extend([name, ": ", value, "\r\n"]);
        }
        bytes.push_str("\r\n");
        let mut bytes = bytes.into_bytes();
        bytes.extend_from_slice(&reply.body);
        self.stream.write_all(&bytes)
    }
}

/// What a server answers.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Headers besides the length.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Answers every request of every connection, each connection on a thread of its own, for as long as the process lives. A
/// connection ends when `answer` has nothing to say, or the peer talks nonsense.
pub fn serve(listener: TcpListener, answer: impl Fn(Message) -> Option<Reply> + Clone + Send + 'static) {
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = answer.clone();
            std::thread::spawn(move || {
                let mut connection = Connection::new(stream)?;
                while let Some(reply) = connection.read()?.and_then(&answer) {
                    connection.answer(&reply)?;
                }
                Ok::<_, io::Error>(())
            });
        }
    });
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_of_one_connection_are_answered_one_after_the_other() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        serve(listener, |request| {
            let told = format!("{} {:?}", request.request().1, request.header("X-Told"));
            let body = [told.as_bytes(), b" ", &request.body].concat();
            Some(Reply { status: 302, headers: vec![("location", "/there".to_owned())], body })
        });
        let mut connection = Connection::open(address).unwrap();
        for body in ["", "once", "twice"] {
            let request = format!("POST /a HTTP/1.1\r\nx-told: {body}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            let answer = connection.ask(request.as_bytes()).unwrap();
            assert_eq!((answer.status(), answer.header("Location")), (302, Some("/there")));
            assert_eq!(String::from_utf8(answer.body).unwrap(), format!("/a Some({body:?}) {body}"));
        }
    }

    #[test]
    fn nonsense_ends_the_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        serve(listener, |_| Some(Reply { status: 200, headers: Vec::new(), body: Vec::new() }));
        for request in ["POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n", "GET / HTTP/1.1\r\nno header\r\n\r\n"] {
            let mut connection = Connection::open(address).unwrap();
            assert!(connection.ask(request.as_bytes()).is_err(), "{request}");
        }
    }
}
