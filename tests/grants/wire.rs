//! A wire between a worker and the database. Whoever watches it decides for each statement what becomes of it and of its answer.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// A statement on its way to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub text: String,
    /// It is only prepared, not executed.
    pub is_prepared_only: bool,
}

/// What becomes of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is executed and answered.
    Pass,
    /// The connection is cut before the server gets it.
    Cut,
    /// The server executes and answers it; the answer is swallowed, and the connection cut.
    Swallow,
    /// It is held back for as long as the worker lives.
    HoldStatement,
    /// The server executes and answers it; the answer is held back for as long as the worker lives.
    HoldAnswer,
}

/// Whoever decides.
pub trait Warden: Send + Sync + 'static {
    /// What is to become of a statement.
    fn decide(&self, statement: &Statement) -> Fate;

    /// It has become of it.
    fn happened(&self, statement: &Statement, fate: Fate);

    /// The server did not answer, so there was nothing to swallow or to hold back.
    fn missed(&self, statement: &Statement, fate: Fate);
}

/// What a worker connects to.
pub struct Wire {
    port: u16,
}

impl Wire {
    /// Lays a wire to a server, for any number of connections.
    pub fn lay(server: &str, warden: &Arc<impl Warden>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("the port has a number").port();
        let (server, warden) = (server.to_owned(), Arc::clone(warden));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (server, warden) = (server.clone(), Arc::clone(&warden));
                thread::spawn(move || TcpStream::connect(server).and_then(|server| carry(client, server, &warden)));
            }
        });
        Self { port }
    }

    /// The address of a database at the other end.
    pub fn database(&self, name: &str) -> String {
        format!("mysql://root@127.0.0.1:{}/{name}?ssl-mode=DISABLED", self.port)
    }
}

/// What both directions of a connection know.
#[derive(Default)]
struct Talk {
    /// Statements that the server has prepared, by its numbers.
    prepared: HashMap<u32, String>,
    /// The one it is preparing.
    preparing: Option<String>,
    /// The one whose answer does not arrive.
    doomed: Option<(Statement, Fate)>,
}

fn lock(talk: &Mutex<Talk>) -> MutexGuard<'_, Talk> {
    talk.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hands statements on, one at a time, as the client sends no other before the answer is there.
fn carry(client: TcpStream, server: TcpStream, warden: &Arc<impl Warden>) -> io::Result<()> {
    let talk = Arc::new(Mutex::new(Talk::default()));
    let (answers, back) = (server.try_clone()?, client.try_clone()?);
    let (other, of_answers) = (Arc::clone(&talk), Arc::clone(warden));
    thread::spawn(move || carry_back(answers, back, &other, &*of_answers));
    let (mut client, mut server) = (client, server);
    let mut packet = Vec::new();
    while read_packet(&mut client, &mut packet).is_ok() {
        let statement = lock(&talk).read(&packet);
        let fate = statement.as_ref().map_or(Fate::Pass, |statement| warden.decide(statement));
        if let Some(statement) = statement {
            match fate {
                Fate::Pass => {}
                Fate::Cut => {
                    warden.happened(&statement, fate);
                    break;
                }
                Fate::HoldStatement => {
                    warden.happened(&statement, fate);
                    while read_packet(&mut client, &mut packet).is_ok() {}
                    break;
                }
                Fate::Swallow | Fate::HoldAnswer => lock(&talk).doomed = Some((statement, fate)),
            }
        }
        if server.write_all(&packet).is_err() {
            break;
        }
    }
    // The server ends what was begun as soon as it sees that nobody is there.
    client.shutdown(Shutdown::Both).and(server.shutdown(Shutdown::Both))
}

fn carry_back(mut server: TcpStream, mut client: TcpStream, talk: &Mutex<Talk>, warden: &impl Warden) {
    let mut answer = [0; 16_384];
    while let Ok(length @ 1..) = server.read(&mut answer) {
        let doomed = {
            let mut talk = lock(talk);
            talk.learn(&answer[..length]);
            talk.doomed.take()
        };
        match doomed {
            Some((statement, fate)) => {
                warden.happened(&statement, fate);
                if fate == Fate::HoldAnswer {
                    // Until the worker is dead, and the other direction has told the server so.
                    while matches!(server.read(&mut answer), Ok(1..)) {}
                }
                break;
            }
            None if client.write_all(&answer[..length]).is_err() => break,
            None => {}
        }
    }
    if let Some((statement, fate)) = lock(talk).doomed.take() {
        warden.missed(&statement, fate);
    }
    // Either may be gone already.
    drop(client.shutdown(Shutdown::Both).and(server.shutdown(Shutdown::Both)));
}

impl Talk {
    /// The statement in a packet of the client, if there is one. Every command begins a new count of packets.
    fn read(&mut self, packet: &[u8]) -> Option<Statement> {
        let [_, _, _, 0, command, rest @ ..] = packet else { return None };
        let text = || String::from_utf8_lossy(rest).into_owned();
        match command {
            // COM_QUERY
            0x03 => Some(Statement { text: text(), is_prepared_only: false }),
            // COM_STMT_PREPARE
            0x16 => {
                self.preparing = Some(text());
                Some(Statement { text: text(), is_prepared_only: true })
            }
            // COM_STMT_EXECUTE
            0x17 => {
                let number = u32::from_le_bytes(rest.get(..4)?.try_into().ok()?);
                let text = self.prepared.get(&number).expect("the server has prepared what is executed").clone();
                Some(Statement { text, is_prepared_only: false })
            }
            _ => None,
        }
    }

    /// The answer to a preparation begins with OK and a number.
    fn learn(&mut self, answer: &[u8]) {
        if let Some(text) = self.preparing.take()
            && let [_, _, _, _, 0, number @ ..] = answer
            && let Some(number) = number.first_chunk()
        {
            self.prepared.insert(u32::from_le_bytes(*number), text);
        }
    }
}

/// A packet is three bytes of length, one of its number, and as many bytes as the length says.
fn read_packet(client: &mut TcpStream, packet: &mut Vec<u8>) -> io::Result<()> {
    packet.resize(4, 0);
    client.read_exact(packet)?;
    let length = u32::from_le_bytes([packet[0], packet[1], packet[2], 0]);
    packet.resize(4 + usize::try_from(length).unwrap_or(usize::MAX), 0);
    client.read_exact(&mut packet[4..])
}
