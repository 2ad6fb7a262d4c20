//! Connections that can be reset: the caller sees a TCP RST instead of an answer.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// Listens like a [`TcpListener`], but for resettable connections.
pub struct ResettableListener(pub TcpListener);

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

impl Listener for ResettableListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        let connection = Connection { stream, to_reset: Arc::default() };
        (connection, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, ResettableListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, ResettableListener>) -> Self {
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
