//! A MariaDB and a Redis of the test's own, which can be killed, frozen and started again.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use shared::config::Environment;
use tempfile::TempDir;

/// How long a server may take until it answers; the database reads its log first when it was killed.
const PATIENCE: Duration = Duration::from_mins(1);
/// Ports are tried from here on. They are below those that connections get: a connection to a port where nobody listens could otherwise
/// begin at that very port, and be one with itself.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// A program that listens on a port of the loopback address.
pub struct Server {
    program: PathBuf,
    arguments: Vec<OsString>,
    answers: fn(u16) -> bool,
    port: u16,
    child: Option<Child>,
    directory: TempDir,
}

impl Server {
    /// A database without data. It needs none of the system's tables: everybody may do everything.
    pub fn mariadb() -> Self {
        let directory = tempfile::tempdir().expect("there is room");
        let data = directory.path().join("data");
        fs::create_dir(&data).expect("there is room");
        let port = free_port();
        let mut arguments: Vec<OsString> = [
            "--no-defaults",
            "--skip-grant-tables",
            "--skip-name-resolve",
            "--bind-address=127.0.0.1",
            "--socket=mariadb.sock",
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_unicode_ci",
            "--default-time-zone=+00:00",
            "--innodb-stats-persistent=0",
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=32M",
            // A commit outlives the program, if not the machine.
            "--innodb-flush-log-at-trx-commit=2",
        ]
        .map(OsString::from)
        .into();
        arguments.push(format!("--port={port}").into());
        arguments.push(format!("--datadir={}", data.display()).into());
        if fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
            arguments.push("--user=root".into());
        }
        let program = find(&["mariadbd", "mysqld"]).expect("MariaDB is here; `make test` installs it");
        Self { program, arguments, answers: greets, port, child: None, directory }
    }

    /// A store that keeps nothing: what is in it is gone when it is killed.
    pub fn redis() -> Self {
        let directory = tempfile::tempdir().expect("there is room");
        let server = find(&["redis-server", "redis-check-rdb"]).expect("Redis is here; `make test` installs it");
        // One program under several names: by its own it learns which one it is.
        let program = directory.path().join("redis-server");
        symlink(server, &program).expect("there is room");
        let port = free_port();
        let port_text = port.to_string();
        let arguments = ["--bind", "127.0.0.1", "--port", &port_text, "--save", "", "--appendonly", "no"];
        Self { program, arguments: arguments.map(OsString::from).into(), answers: pongs, port, child: None, directory }
    }

    /// Host and port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Starts it and waits until it answers. To be called by the thread of the test: the server ends with whoever started it.
    pub fn start(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let log = File::options().create(true).append(true).open(self.log()).expect("there is room for a log");
        let mut command = match find(&["setpriv"]) {
            // Also when this test is killed.
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", "KILL", "--"]).arg(&self.program);
                command
            }
            None => Command::new(&self.program),
        };
        command.args(&self.arguments).current_dir(self.directory.path()).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a file")).stderr(log);
        self.child = Some(command.spawn().expect("it can be started"));
        let begun = Instant::now();
        while !(self.answers)(self.port) {
            let gone = self.child.as_mut().is_some_and(|child| child.try_wait().is_ok_and(|status| status.is_some()));
            let log = || fs::read_to_string(self.log()).unwrap_or_default();
            assert!(!gone && begun.elapsed() < PATIENCE, "{} does not answer: {}", self.program.display(), log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Starts it for the first time. What a new database has written of itself survives a kill only once it has been ended in order.
    pub fn begin(&mut self) {
        self.start();
        self.signal("TERM");
        let mut child = self.child.take().expect("it runs");
        child.wait().expect("it ends");
        self.start();
    }

    /// SIGKILL: connections are reset, new ones refused.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("it can be killed");
        child.wait().expect("it is gone");
    }

    /// SIGSTOP: connections stay, new ones are taken by the system, and nothing is answered.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Goes on as if nothing had been.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let pid = self.child.as_ref().expect("it runs").id();
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{name} reaches it");
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // SIGKILL reaches the frozen, too.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// The path of the first of the programs that there is; servers are often outside of a user's PATH.
fn find(names: &[&str]) -> Option<PathBuf> {
    let path = Environment::of_process().text("PATH");
    let folders = || path.split(':').chain(["/usr/sbin", "/sbin"]);
    let mut places = names.iter().flat_map(|name| folders().map(move |folder| Path::new(folder).join(name)));
    places.find(|place| place.is_file())
}

fn free_port() -> u16 {
    static TRIED: AtomicU16 = AtomicU16::new(0);
    let width = PORTS.end - PORTS.start;
    let begin = u16::try_from(std::process::id() % u32::from(width)).unwrap_or_default();
    loop {
        let tried = TRIED.fetch_add(1, Ordering::Relaxed);
        assert!(tried < width, "a port is free");
        let port = PORTS.start + begin.wrapping_mul(7).wrapping_add(tried) % width;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Whether the database sends its handshake (protocol version 10), hence takes connections.
fn greets(port: u16) -> bool {
    let mut head = [0; 5];
    connect(port).is_some_and(|mut server| server.read_exact(&mut head).is_ok() && head[4] == 10)
}

fn pongs(port: u16) -> bool {
    let mut head = [0; 5];
    let Some(mut server) = connect(port) else { return false };
    server.write_all(b"PING\r\n").is_ok() && server.read_exact(&mut head).is_ok() && head == *b"+PONG"
}

fn connect(port: u16) -> Option<TcpStream> {
    let server = TcpStream::connect(("127.0.0.1", port)).ok()?;
    server.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    Some(server)
}
