//! Connections that can be reset, and a listener that refuses them during an outage.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpSocket, TcpStream},
    select,
};

use crate::app::App;

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1_024;

/// Listens like a [`TcpListener`], but for resettable connections, and not at all while an outage refuses them.
pub struct Door {
    listener: Option<TcpListener>,
    address: SocketAddr,
    app: Arc<App>,
}

impl Door {
    /// Takes a listener over.
    ///
    /// # Errors
    /// When it does not know its own address.
    pub fn new(listener: TcpListener, app: Arc<App>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        Ok(Self { listener: Some(listener), address, app })
    }

    /// Stops listening until the outage is over. Meanwhile the port stays ours: a socket that is bound but does not listen
    /// refuses connections, and nobody else gets it.
    async fn stay_closed(&mut self) {
        self.listener = None;
        let reserved = bind(self.address);
        self.app.until_accepting().await;
        self.listener = reserved.and_then(|socket| socket.listen(BACKLOG)).ok();
    }

    async fn open(&mut self) -> &mut TcpListener {
        while self.listener.is_none() {
            match bind(self.address).and_then(|socket| socket.listen(BACKLOG)) {
                Ok(listener) => self.listener = Some(listener),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        self.listener.as_mut().expect("it was opened just now")
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// A connection that fails at its next write once it is to be reset.
pub struct Connection {
    stream: TcpStream,
    to_reset: Arc<AtomicBool>,
}

/// The other end of a connection, as handlers see it.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Where the call comes from.
    pub address: IpAddr,
    to_reset: Arc<AtomicBool>,
}

impl Peer {
    /// Whatever is answered from now on, the caller sees a reset.
    pub fn reset(&self) {
        self.to_reset.store(true, Ordering::Release);
    }
}

impl Listener for Door {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let app = Arc::clone(&self.app);
            let listener = self.open().await;
            select! {
                biased;
                () = app.until_refusing() => self.stay_closed().await,
                (stream, address) = Listener::accept(listener) => {
                    return (Connection { stream, to_reset: Arc::default() }, address);
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}

impl Connected<IncomingStream<'_, Door>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Self { address: stream.remote_addr().ip(), to_reset: Arc::clone(&stream.io().to_reset) }
    }
}

impl Connection {
    /// Fails if the connection is to be reset. With no time to linger, closing it discards what is unsent and sends RST.
    fn check(&self) -> io::Result<()> {
        if self.to_reset.load(Ordering::Acquire) {
            self.stream.set_zero_linger()?;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
