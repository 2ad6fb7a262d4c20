//! Lambda's Runtime API on this machine: a function's real binary is started, given events one at a time, and counted.
//!
//! The function polls for events and posts its answers over HTTP, as it does in Lambda; whoever measures gives it events
//! with [`Function::invoke`] and asks [`Function::usage`] what they cost. An event is JSON: [`crate::visits::Forms::event`]
//! makes those of API Gateway, [`shared::testing::sending::event`] those of SQS. What it writes to its standard output is read and
//! counted, as Lambda reads it.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::Read;
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use shared::clock::{Clock, SystemClock};

use crate::process::Usage;
use crate::wire::{self, Message, Reply};
use crate::{Failed, lock};

/// The version of the API.
const BASE: &str = "/2018-06-01/runtime/";
/// How the ids of invocations begin.
const INVOCATION: &str = "b0a7c0de-0000-4000-8000-";
/// How long a function may start up, and how long it may work on an event.
const PATIENCE: Duration = Duration::from_secs(30);
/// So much of what the function wrote last is shown when it fails.
const TAIL_BYTES: usize = 4000;

/// What the function makes of an event, or of its start.
#[derive(Debug)]
enum Outcome {
    Answered(Vec<u8>),
    Failed(Vec<u8>),
}

/// What became of which invocation; a failed start has no number.
type Settled = (Option<u64>, Outcome);

/// An event and its number.
type Event = (u64, Vec<u8>);

/// A function that runs and waits for events. It is killed when this is dropped.
#[derive(Debug)]
pub struct Function {
    child: Child,
    events: Sender<Event>,
    outcomes: Receiver<Settled>,
    invocations: u64,
    output: Arc<Output>,
}

/// What the function has written to its standard output.
#[derive(Debug, Default)]
struct Output {
    lines: AtomicU64,
    tail: Mutex<VecDeque<u8>>,
}

impl Function {
    /// Starts a program with the variables that Lambda gives each function, those given here, and no others.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(program: &mut Command, variables: &[(String, String)]) -> Result<Self, Failed> {
        let (address, events, outcomes) = listen()?;
        let mut child = isolated(program)
            .envs([
                ("AWS_LAMBDA_RUNTIME_API", address.as_str()),
                ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
                ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
                ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench"),
                ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
            ])
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .spawn()?;
        let output = Arc::<Output>::default();
        let stdout = child.stdout.take().ok_or("the function has no output")?;
        let reader = Arc::clone(&output);
        std::thread::spawn(move || reader.drain(stdout));
        Ok(Self { child, events, outcomes, invocations: 0, output })
    }

    /// Gives the function an event and waits for its answer.
    ///
    /// # Errors
    /// When the function fails, ends, or does not answer.
    pub fn invoke(&mut self, event: Vec<u8>) -> Result<Vec<u8>, Failed> {
        self.invocations += 1;
        self.events.send((self.invocations, event)).map_err(|_| "nobody listens to the function")?;
        let begun = Instant::now();
        loop {
            match self.outcomes.recv_timeout(Duration::from_secs(1)) {
                Ok((Some(number), Outcome::Answered(answer))) if number == self.invocations => return Ok(answer),
                Ok((_, Outcome::Failed(error))) => return Err(self.failed(&String::from_utf8_lossy(&error))),
                Ok((number, _)) => return Err(self.failed(&format!("an answer to event {number:?}"))),
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(status) = self.child.try_wait()? {
                        return Err(self.failed(&status.to_string()));
                    }
                    if begun.elapsed() > PATIENCE {
                        return Err(self.failed("no answer"));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Err("nobody listens to the function".into()),
            }
        }
    }

    /// What the function's process has used so far.
    ///
    /// # Errors
    /// When it has ended.
    pub fn usage(&self) -> Result<Usage, Failed> {
        Usage::of(self.child.id())
    }

    /// How many lines it has logged so far.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.output.lines.load(Ordering::Relaxed)
    }

    fn failed(&self, why: &str) -> Failed {
        let tail: Vec<u8> = lock(&self.output.tail).iter().copied().collect();
        format!("the function failed: {why}\n{}", String::from_utf8_lossy(&tail)).into()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// A program that gets no variables but the way to other programs: what is set at the terminal must not change a figure.
pub fn isolated(program: &mut Command) -> &mut Command {
    let path = std::env::var_os("PATH");
    program.env_clear().env("PATH", path.as_deref().unwrap_or(OsStr::new("/usr/bin:/bin"))).stdin(Stdio::null())
}

impl Output {
    fn drain(&self, mut stdout: ChildStdout) {
        let mut bytes = [0; 16 * 1024];
        while let Ok(read @ 1..) = stdout.read(&mut bytes) {
            let bytes = &bytes[..read];
            self.lines.fetch_add(memchr::memchr_iter(b'\n', bytes).count() as u64, Ordering::Relaxed);
            let mut tail = lock(&self.tail);
            tail.extend(&bytes[read.saturating_sub(TAIL_BYTES)..]);
            let surplus = tail.len().saturating_sub(TAIL_BYTES);
            tail.drain(..surplus);
        }
    }
}

/// Opens the API: where it listens, where events go in, and where outcomes come out.
fn listen() -> Result<(String, Sender<Event>, Receiver<Settled>), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let (events, next) = mpsc::channel();
    let (settle, outcomes) = mpsc::channel();
    let next = Arc::new(Mutex::new(next));
    wire::serve(listener, move |request| answer(&request, &next, &settle));
    Ok((address, events, outcomes))
}

/// Answers one request of the function; nothing when nobody measures any more.
fn answer(request: &Message, events: &Mutex<Receiver<Event>>, settle: &Sender<Settled>) -> Option<Reply> {
    let (method, path) = request.request();
    let mut words = path.strip_prefix(BASE)?.split('/');
    let outcome = match (method, words.next()?, words.next()?, words.next()) {
        ("GET", "invocation", "next", None) => return Some(next(lock(events).recv().ok()?)),
        ("POST", "invocation", id, Some("response")) => (Some(number(id)?), Outcome::Answered(request.body.clone())),
        ("POST", "invocation", id, Some("error")) => (Some(number(id)?), Outcome::Failed(request.body.clone())),
        ("POST", "init", "error", None) => (None, Outcome::Failed(request.body.clone())),
        _ => return None,
    };
    settle.send(outcome).ok()?;
    let body = json!({ "status": "OK" }).to_string().into_bytes();
    Some(Reply { status: 202, headers: vec![("content-type", "application/json".to_owned())], body })
}

fn next((number, body): Event) -> Reply {
    let deadline = SystemClock.now().timestamp_millis() + 10_000;
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", id(number)),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:ap-northeast-2:000000000000:function:bench".to_owned()),
        ("lambda-runtime-trace-id", format!("Root=1-69a4e5d0-{number:024x};Sampled=0")),
    ];
    Reply { status: 200, headers, body }
}

/// The id of an invocation, as long as Lambda's are.
fn id(number: u64) -> String {
    format!("{INVOCATION}{number:012x}")
}

fn number(id: &str) -> Option<u64> {
    u64::from_str_radix(id.strip_prefix(INVOCATION)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Connection;

    #[test]
    fn events_go_out_and_answers_and_failures_come_back() {
        let (address, events, outcomes) = listen().unwrap();
        let mut function = Connection::open(&address).unwrap();
        for (event, path) in [("one", "response"), ("two", "error")] {
            events.send((42, event.into())).unwrap();
            let next = function.ask(format!("GET {BASE}invocation/next HTTP/1.1\r\n\r\n").as_bytes()).unwrap();
            assert_eq!((next.status(), String::from_utf8(next.body.clone()).unwrap().as_str()), (200, event));
            let id = next.header("Lambda-Runtime-Aws-Request-Id").unwrap();
            let answer = format!("POST {BASE}invocation/{id}/{path} HTTP/1.1\r\ncontent-length: 4\r\n\r\ndone");
            assert_eq!(function.ask(answer.as_bytes()).unwrap().status(), 202);
            match (path, outcomes.recv().unwrap()) {
                ("response", (Some(42), Outcome::Answered(body))) | ("error", (Some(42), Outcome::Failed(body))) => {
                    assert_eq!(body, b"done");
                }
                (path, other) => panic!("{path} became {other:?}"),
            }
        }
    }

    #[test]
    fn a_function_that_ends_and_what_it_said_last_are_reported() {
        let mut program = Command::new("sh");
        program.args(["-c", "echo one; echo last words; exit 3"]);
        let mut function = Function::start(&mut program, &[]).unwrap();
        let failed = function.invoke(b"{}".to_vec()).unwrap_err().to_string();
        assert!(failed.contains("exit status: 3") && failed.contains("last words"), "{failed}");
        assert_eq!(function.lines(), 2);
    }

    #[test]
    fn a_function_that_cannot_start_up_is_reported() {
        let (address, _events, outcomes) = listen().unwrap();
        let told = format!("POST {BASE}init/error HTTP/1.1\r\ncontent-length: 3\r\n\r\nwhy");
        Connection::open(&address).unwrap().ask(told.as_bytes()).unwrap();
        assert!(matches!(outcomes.recv().unwrap(), (None, Outcome::Failed(why)) if why == b"why"));
    }
}
