//! A wire to the database that is cut after so many commands, as if the worker had lost its power at that moment.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use crate::db::{self, Database};
use crate::testing::TestDatabase;

/// Hands everything through, until it is cut.
#[derive(Debug)]
pub struct Wire {
    options: MySqlConnectOptions,
    left: Arc<AtomicI64>,
}

impl Wire {
    /// Lays a wire to the test's database.
    ///
    /// # Panics
    /// When there is no port to listen on.
    #[must_use]
    pub fn new(test: &TestDatabase) -> Self {
        let options = test.options.clone().database(&test.name).ssl_mode(MySqlSslMode::Disabled);
        let server = (options.get_host().to_owned(), options.get_port());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("the port has a number").port();
        let left = Arc::new(AtomicI64::new(i64::MAX));
        let commands = Arc::clone(&left);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (server, commands) = (server.clone(), Arc::clone(&commands));
                // A wire that is cut takes nobody on: the client finds the connection closed.
                if commands.load(Ordering::SeqCst) > 0 {
                    thread::spawn(move || TcpStream::connect(server).and_then(|server| carry(client, server, &commands)));
                }
            }
        });
        Self { options: options.host("127.0.0.1").port(port), left }
    }

    /// The database as a worker sees it from the other end, who is cut off after so many commands from now on: the server gets
    /// the last one of them, the worker no answer to it, and no other connection.
    ///
    /// # Panics
    /// When the database does not answer, or that many commands are not even enough for a connection.
    pub async fn cut_after(&self, commands: u32) -> Database {
        self.left.store(i64::MAX, Ordering::SeqCst);
        // A second connection is opened by whoever works on two things at once.
        let pool = db::pool_options(2).connect_with(self.options.clone()).await.expect("the database answers");
        self.left.store(i64::from(commands), Ordering::SeqCst);
        Database::from_pool(pool)
    }

    /// Whether it has been cut.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.left.load(Ordering::SeqCst) <= 0
    }
}

fn carry(client: TcpStream, server: TcpStream, left: &AtomicI64) -> io::Result<()> {
    let (mut answers, mut back) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || {
        let copied = io::copy(&mut answers, &mut back);
        back.shutdown(Shutdown::Both).and(copied.map(drop))
    });
    let (mut client, mut server) = (client, server);
    let mut packet = Vec::new();
    while read_packet(&mut client, &mut packet).is_ok() {
        // Every command begins a new count of packets; what belongs to one already begun has a higher number. It is counted before
        // it is handed on: its answer may be back before the next line.
        let is_last = packet[3] == 0 && left.fetch_sub(1, Ordering::SeqCst) <= 1;
        if is_last {
            // Before the command arrives, so that its answer finds nobody.
            client.shutdown(Shutdown::Both)?;
        }
        server.write_all(&packet)?;
        if is_last {
            return server.shutdown(Shutdown::Both);
        }
    }
    client.shutdown(Shutdown::Both)?;
    server.shutdown(Shutdown::Both)
}

/// A packet is three bytes of length, one of its number, and as many bytes as the length says.
fn read_packet(client: &mut TcpStream, packet: &mut Vec<u8>) -> io::Result<()> {
    packet.resize(4, 0);
    client.read_exact(packet)?;
    let length = usize::from(packet[0]) | usize::from(packet[1]) << 8 | usize::from(packet[2]) << 16;
    packet.resize(4 + length, 0);
    client.read_exact(&mut packet[4..])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sqlx::Executor;

    use super::*;

    #[tokio::test]
    async fn the_last_command_arrives_and_its_answer_does_not() {
        let test = TestDatabase::empty().await;
        let wire = Wire::new(&test);
        // The first command is the look at the connection.
        let database = wire.cut_after(2).await;
        let mut connection = database.acquire().await.unwrap();
        assert!(connection.execute("CREATE TABLE arrived (number INT)").await.is_err());
        assert!(wire.is_cut());
        drop(connection);
        assert!(database.acquire().await.is_err());
        while test.pool.execute("SELECT number FROM arrived").await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        test.drop_database().await;
    }

    #[tokio::test]
    async fn nothing_arrives_behind_the_cut() {
        let test = TestDatabase::empty().await;
        let wire = Wire::new(&test);
        let database = wire.cut_after(1).await;
        assert!(database.acquire().await.is_err());
        let database = wire.cut_after(3).await;
        let mut connection = database.acquire().await.unwrap();
        assert!(connection.execute("SELECT 1").await.is_ok());
        assert!(!wire.is_cut());
        assert!(connection.execute("SELECT 1").await.is_err());
        drop(connection);
        test.drop_database().await;
    }
}
