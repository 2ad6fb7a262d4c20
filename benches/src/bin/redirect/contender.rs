//! Who answers visits: each is a process of its own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use benches::Failed;
use benches::process::Usage;
use benches::runtime_api::{Function, isolated};
use benches::visits::{self, ADDRESS, Answer, Visit};
use benches::wire::{Connection, Message};
use serde::Deserialize;
use serde_json::json;

use crate::Bench;

/// The secrets that the real function reads.
pub fn secrets() -> BTreeMap<String, String> {
    let links = json!(visits::secret()).to_string();
    let database = json!({ "username": "bench", "password": "bench" }).to_string();
    [("links".to_owned(), links), ("database".to_owned(), database)].into()
}

/// The programs of Node.
const FUNCTION: &str = "redirect-function.mjs";
const SERVER: &str = "redirect-http.mjs";
/// How many visitors a busy server has at once.
const AT_ONCE: usize = 16;

/// Somebody who answers visits.
pub struct Contender {
    /// As the command line calls it.
    pub name: String,
    way: Way,
    work: Work,
}

/// How it is reached.
enum Way {
    Function(Function),
    Server(Server),
}

/// What it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Looks up, counts and hands over.
    All,
    /// Looks up and counts.
    WithoutQueue,
    /// Nothing.
    Nothing,
}

/// A visit as a contender understands it.
pub struct Asked(Vec<u8>);

/// What came back.
pub enum Answered {
    Function(Vec<u8>),
    Server(Message),
}

impl Contender {
    /// Starts one.
    pub fn start(bench: &Bench, name: &str) -> Result<Self, Failed> {
        let node = |script: &str| {
            let mut command = Command::new(&bench.node);
            command.arg(bench.scripts.join(script));
            command
        };
        let (work, way) = match name {
            "dangol" => (Work::All, bench.function(&mut Command::new(&bench.track_click))?),
            "node" => (Work::All, bench.function(&mut node(FUNCTION))?),
            "node-memory" => (Work::All, bench.function(node(FUNCTION).arg("--memory"))?),
            "dangol-lookup" => (Work::WithoutQueue, bench.function(own().arg("function-without-queue"))?),
            "node-lookup" => (Work::WithoutQueue, bench.function(node(FUNCTION).arg("--without-queue"))?),
            "dangol-server" => (Work::WithoutQueue, bench.server(own().arg("server-without-queue"), 1)?),
            "node-server" => (Work::WithoutQueue, bench.server(&mut node(SERVER), 1)?),
            "node-server-memory" => (Work::WithoutQueue, bench.server(node(SERVER).arg("--memory"), 1)?),
            "dangol-server-busy" => (Work::WithoutQueue, bench.server(own().arg("server-without-queue"), AT_ONCE)?),
            "node-server-busy" => (Work::WithoutQueue, bench.server(&mut node(SERVER), AT_ONCE)?),
            "node-server-busy-memory" => (Work::WithoutQueue, bench.server(node(SERVER).arg("--memory"), AT_ONCE)?),
            "empty" => (Work::Nothing, bench.function(own().arg("empty"))?),
            "node-empty" => (Work::Nothing, bench.function(node(FUNCTION).arg("--empty"))?),
            _ => return Err(format!("nobody is called {name}").into()),
        };
        Ok(Self { name: name.to_owned(), way, work })
    }

    /// Writes a visit down for this contender.
    pub fn prepare(&self, bench: &Bench, visit: &Visit) -> Asked {
        Asked(match self.way {
            Way::Function(_) => bench.forms.event(visit, ADDRESS),
            Way::Server(_) => bench.forms.request(visit, ADDRESS),
        })
    }

    /// Whether it is a bare server instead of a function.
    pub fn is_server(&self) -> bool {
        matches!(self.way, Way::Server(_))
    }

    /// How many visitors it has at once. A function has one.
    pub fn at_once(&self) -> usize {
        match &self.way {
            Way::Function(_) => 1,
            Way::Server(server) => server.connections.len(),
        }
    }

    /// Lets it answer as many visitors as it has at once, or fewer.
    pub fn ask(&mut self, visits: Vec<Asked>) -> Result<Vec<Answered>, Failed> {
        match &mut self.way {
            Way::Function(function) => {
                visits.into_iter().map(|Asked(visit)| Ok(Answered::Function(function.invoke(visit)?))).collect()
            }
            Way::Server(server) => {
                for (connection, Asked(visit)) in server.connections.iter_mut().zip(&visits) {
                    connection.send(visit)?;
                }
                let busy = server.connections.iter_mut().take(visits.len());
                busy.map(|connection| Ok(Answered::Server(connection.receive()?))).collect()
            }
        }
    }

    /// Checks that every visitor was sent on, that the store has counted every visit, and that the queue has each.
    pub fn check(&self, bench: &Bench, visits: &[Visit], answers: Vec<Answered>, counted: u64) -> Result<(), Failed> {
        if self.work == Work::Nothing {
            return Ok(());
        }
        for (visit, answered) in visits.iter().zip(answers) {
            let answer = match answered {
                Answered::Function(answer) => Answer::of_function(&answer)?,
                Answered::Server(answer) => Answer::of_server(answer),
            };
            answer.check(visit)?;
        }
        if counted != visits.len() as u64 {
            return Err(format!("the store has counted {counted} of {} visits of {}", visits.len(), self.name).into());
        }
        let queued = if self.work == Work::All { visits } else { &[] };
        visits::check_queued(queued, &bench.aws.take())
    }

    /// What its process has used so far.
    pub fn usage(&self) -> Result<Usage, Failed> {
        match &self.way {
            Way::Function(function) => function.usage(),
            Way::Server(server) => Usage::of(server.child.id()),
        }
    }

    /// How many lines it has logged, if anybody reads them.
    pub fn lines(&self) -> u64 {
        match &self.way {
            Way::Function(function) => function.lines(),
            Way::Server(_) => 0,
        }
    }
}

/// This program, in another role.
fn own() -> Command {
    Command::new("/proc/self/exe")
}

impl Bench {
    fn function(&self, program: &mut Command) -> Result<Way, Failed> {
        Ok(Way::Function(Function::start(program, &self.variables())?))
    }

    /// What `template.yaml` gives the function, and what the contender in Node reads besides.
    pub fn variables(&self) -> Vec<(String, String)> {
        let links = json!(visits::secret()).to_string();
        let queue = self.aws.queue_url();
        let own = [
            ("REDIS_URL", self.redis_url.as_str()),
            ("RECORD_CLICKS_QUEUE_URL", &queue),
            ("LINK_SECRET_ARN", "links"),
            // Nobody listens there: who asked the database would fail.
            ("DATABASE_HOST", "127.0.0.1"),
            ("DATABASE_PORT", "1"),
            ("DATABASE_NAME", "none"),
            ("DATABASE_AUTHENTICATION", "secret"),
            ("DATABASE_SECRET_ARN", "database"),
            ("DATABASE_TLS", "disabled"),
            ("LOG_FORMAT", "json"),
            ("AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH", "true"),
            ("BENCH_LINK_KEYS", &links),
            ("NODE_ENV", "production"),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.aws.variables().into_iter().chain(own).collect()
    }

    /// Starts a server, which says where it listens and goes when its standard input ends.
    fn server(&self, program: &mut Command, at_once: usize) -> Result<Way, Failed> {
        #[derive(Deserialize)]
        struct Listening {
            port: u16,
        }
        let program = isolated(program).envs(self.variables());
        let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("a server without output")?).read_line(&mut line)?;
        let Listening { port } = serde_json::from_str(&line)?;
        let connections = (0..at_once).map(|_| Connection::open(("127.0.0.1", port))).collect::<Result<_, _>>()?;
        Ok(Way::Server(Server { child, connections }))
    }
}

/// A server, and the connections of its visitors.
struct Server {
    child: Child,
    connections: Vec<Connection>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
