//! A worker and the two lines to it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::lines::{Role, Said, Setup, Step};

/// How long a worker may say nothing.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the test learns of a worker.
#[derive(Debug, Clone)]
pub enum Event {
    /// It said something.
    Said(Said),
    /// Its wire does what was planned for one of its statements, and it waits there.
    Trapped,
    /// It is dead, and has said nothing more.
    Gone,
}

/// The worker.
pub struct Hand {
    child: Child,
    input: ChildStdin,
    events: Receiver<Event>,
    /// For whoever else has something to tell of it.
    pub sender: Sender<Event>,
}

impl Hand {
    /// Starts a worker at this database; returns when it is ready.
    pub fn spawn(role: Role, database: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("the test is a program"));
        command.args(["--ignored", "--exact", "worker::works", "--nocapture", "--test-threads=1"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the test can be started");
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, events) = channel();
        let ear = sender.clone();
        thread::spawn(move || listen(output, &ear));
        let mut hand = Self { child, input, events, sender };
        let setup = Setup { role, database: database.to_owned() };
        hand.tell(&serde_json::to_string(&setup).expect("it is plain data"));
        assert!(matches!(hand.next(), Event::Said(Said::Ready)), "the worker does not begin");
        hand
    }

    /// A worker that is gone hears nothing.
    pub fn tell(&mut self, line: &str) {
        let told = writeln!(self.input, "{line}").and_then(|()| self.input.flush());
        drop(told);
    }

    /// What comes next of it.
    pub fn next(&self) -> Event {
        self.events.recv_timeout(PATIENCE).expect("a worker says something within a minute")
    }

    /// What it says next, when nothing is planned for it; whatever step it stands at, it goes on.
    pub fn said(&mut self) -> Said {
        loop {
            match self.next() {
                Event::Said(Said::At(_)) => self.tell("go"),
                Event::Said(said) => return said,
                other => panic!("a worker dies only when it is killed: {other:?}"),
            }
        }
    }

    /// SIGKILL. What it had said before that nobody listened to yet.
    pub fn kill(mut self) -> Vec<Said> {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is gone");
        let mut last = Vec::new();
        loop {
            match self.next() {
                Event::Said(said) => last.push(said),
                Event::Trapped => {}
                Event::Gone => return last,
            }
        }
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        // It is either gone already, or not needed any more.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Hands on what it says, until it is gone. Whatever else the program prints is no concern of ours.
fn listen(output: BufReader<ChildStdout>, ear: &Sender<Event>) {
    let said = output.lines().map_while(Result::ok).filter_map(|line| {
        let at = line.find('@')?;
        serde_json::from_str(&line[at + 1..]).ok()
    });
    // When nobody listens any more, the worker is not needed any more.
    let heard = said.map(Event::Said).chain([Event::Gone]).try_for_each(|event| ear.send(event));
    drop(heard);
}

impl Event {
    /// Whether the worker stands at that step.
    pub const fn is_at(&self, step: Step) -> bool {
        matches!(
            (self, step),
            (Self::Said(Said::At(Step::Publishing)), Step::Publishing)
                | (Self::Said(Said::At(Step::Published)), Step::Published)
                | (Self::Said(Said::At(Step::Returned)), Step::Returned)
        )
    }
}
