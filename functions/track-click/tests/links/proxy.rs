//! A way to a server that can be blocked.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

/// What becomes of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// They work.
    Open,
    /// They are taken, and nothing comes back until it is open again: a server that is stopped and not dead.
    Frozen,
    /// They are closed, old ones and new ones: a server that is gone.
    Closed,
}

/// Stands before a server.
pub struct Proxy {
    pub address: SocketAddr,
    way: watch::Sender<Way>,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    asked: AtomicUsize,
    connections: AtomicUsize,
    frozen: AtomicUsize,
    freezes_on: Mutex<Option<String>>,
}

impl Proxy {
    pub async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (way, watched) = watch::channel(Way::Open);
        let seen = Arc::new(Seen::default());
        let counter = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *watched.borrow() == Way::Closed {
                    continue;
                }
                counter.connections.fetch_add(1, Ordering::SeqCst);
                let Ok(server) = TcpStream::connect(&server).await else { continue };
                client.set_nodelay(true).unwrap();
                server.set_nodelay(true).unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                carry(from_client, to_server, watched.clone(), Some(Arc::clone(&counter)));
                carry(from_server, to_client, watched.clone(), None);
            }
        });
        Self { address, way, seen }
    }

    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// How many bytes clients have sent.
    pub fn asked(&self) -> usize {
        self.seen.asked.load(Ordering::SeqCst)
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// The connection on which that text is sent next stands still for ever, whatever becomes of others.
    pub fn freeze_on(&self, text: &str) {
        *self.seen.freezes_on.lock().unwrap() = Some(text.to_owned());
    }

    /// How many connections stand still for ever.
    pub fn frozen(&self) -> usize {
        self.seen.frozen.load(Ordering::SeqCst)
    }
}

impl Seen {
    fn takes_offence_at(&self, bytes: &[u8]) -> bool {
        let mut freezes_on = self.freezes_on.lock().unwrap();
        let is_meant = freezes_on.as_ref().is_some_and(|text| String::from_utf8_lossy(bytes).contains(text));
        if is_meant {
            *freezes_on = None;
            self.frozen.fetch_add(1, Ordering::SeqCst);
        }
        is_meant
    }
}

/// Carries bytes one way. What arrives is taken in and counted even while nothing gets through.
fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, way: watch::Receiver<Way>, counter: Option<Arc<Seen>>) {
    let (sender, mut receiver) = mpsc::unbounded_channel::<Vec<u8>>();
    let mut closed = way.clone();
    tokio::spawn(async move {
        let (mut bytes, mut is_mute) = (vec![0; 1 << 14], false);
        loop {
            tokio::select! {
                read = from.read(&mut bytes) => match read {
                    Ok(length) if length > 0 => {
                        if let Some(counter) = &counter {
                            counter.asked.fetch_add(length, Ordering::SeqCst);
                            is_mute |= counter.takes_offence_at(&bytes[..length]);
                        }
                        if !is_mute && sender.send(bytes[..length].to_vec()).is_err() {
                            return;
                        }
                    }
                    _ => return,
                },
                _ = closed.wait_for(|way| *way == Way::Closed) => return,
            }
        }
    });
    let mut open = way;
    tokio::spawn(async move {
        while let Some(bytes) = receiver.recv().await {
            let Ok(way) = open.wait_for(|way| *way != Way::Frozen).await.map(|way| *way) else { return };
            if way == Way::Closed || to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
}
