//! The benchmark of redirects: what a visit costs, by contenders who take turns, and a million guesses.
//!
//! `benches/run.py` calls it. Each line of the output is a JSON object.

mod contender;
mod guesses;
mod ours;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use benches::aws::Aws;
use benches::process::Usage;
use benches::visits::{self, Forms, Visit};
use benches::{Failed, answer};
use serde_json::json;
use shared::config::Environment;
use shared::model::link::LinkKeys;
use shared::store::{self, Store};
use tokio::runtime::{self, Runtime};

use crate::contender::Contender;

const USAGE: &str = "bench-redirect compare TRACK_CLICK NODE SCRIPTS VISITS ROUNDS CONTENDER.. | guess TRACK_CLICK GUESSES
     | function-without-queue | server-without-queue | empty";
/// The benchmark itself waits for the store as long as it takes.
const STORE_PATIENCE: Duration = Duration::from_secs(5);
/// So many times as many visits has a server.
const SERVER_VISITS: u32 = 4;
/// How long all contenders are left alone, to see what waiting costs.
const IDLE: Duration = Duration::from_secs(10);

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["compare", track_click, node, scripts, visits, rounds, ref names @ ..] => {
            let bench = Bench::new(track_click, node, scripts)?;
            compare(&bench, visits.parse()?, rounds.parse()?, names)
        }
        ["guess", track_click, guesses] => {
            let bench = Bench::new(track_click, "", "")?;
            guesses::run(&bench, guesses.parse()?)
        }
        ["function-without-queue"] => ours::function(),
        ["server-without-queue"] => ours::server(),
        ["empty"] => ours::empty(),
        _ => Err(USAGE.into()),
    }
}

/// What contenders need, and what looks over their shoulders.
struct Bench {
    track_click: PathBuf,
    node: PathBuf,
    scripts: PathBuf,
    aws: Aws,
    redis_url: String,
    keys: LinkKeys,
    forms: Forms,
    store: Store,
    runtime: Runtime,
}

impl Bench {
    /// Teaches the store where the links lead.
    fn new(track_click: &str, node: &str, scripts: &str) -> Result<Self, Failed> {
        let mut environment = Environment::of_process();
        let redis_url = store::read_url(&mut environment);
        environment.check()?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let store = runtime.block_on(async {
            let store = Store::new(&redis_url, STORE_PATIENCE)?;
            for (campaign, destination) in visits::campaigns() {
                store.put_destination(campaign, &destination).await?;
            }
            Ok::<_, Failed>(store)
        })?;
        Ok(Self {
            track_click: track_click.into(),
            node: node.into(),
            scripts: scripts.into(),
            aws: Aws::start(contender::secrets())?,
            redis_url,
            keys: visits::keys()?,
            forms: Forms::new(),
            store,
            runtime,
        })
    }

    /// How many visits the store has counted so far, in all classes.
    fn counted(&self) -> Result<u64, Failed> {
        self.runtime.block_on(async {
            let mut counted = 0;
            for (campaign, _) in visits::campaigns() {
                counted += self.store.live(campaign).await?.values().sum::<u64>();
            }
            Ok(counted)
        })
    }
}

/// Warms all contenders up, lets them take turns, and leaves them alone at the end.
fn compare(bench: &Bench, visits: u32, rounds: u32, names: &[&str]) -> Result<(), Failed> {
    let mut contenders = names.iter().map(|name| Contender::start(bench, name)).collect::<Result<Vec<_>, _>>()?;
    for round in 0..=rounds {
        for contender in &mut contenders {
            turn(bench, contender, round, visits)?;
        }
    }
    let before = contenders.iter().map(Contender::usage).collect::<Result<Vec<_>, _>>()?;
    std::thread::sleep(IDLE);
    for (contender, before) in contenders.iter().zip(before) {
        let cpu = contender.usage()?.cpu.saturating_sub(before.cpu);
        answer(&json!({ "contender": contender.name, "idleCpuMs": millis(cpu), "idleSeconds": IDLE.as_secs() }))?;
    }
    Ok(())
}

/// One contender answers so many visits, and what came of them is checked. Round 0 is for warming up. A server has more of
/// them, because it is quick and the kernel tells hundredths of a second.
fn turn(bench: &Bench, contender: &mut Contender, round: u32, count: u32) -> Result<(), Failed> {
    let count = if contender.is_server() { count * SERVER_VISITS } else { count };
    let visits: Vec<Visit> = visits::of_links(&bench.keys, round * count, (round + 1) * count).collect();
    let mut answers = Vec::with_capacity(visits.len());
    let mut times = Vec::with_capacity(visits.len());
    let (lines, counted) = (contender.lines(), bench.counted()?);
    let (before, own, begun) = (contender.usage()?, Usage::own()?, Instant::now());
    for together in visits.chunks(contender.at_once()) {
        let asked = together.iter().map(|visit| contender.prepare(bench, visit)).collect();
        let begun = Instant::now();
        answers.append(&mut contender.ask(asked)?);
        times.push(begun.elapsed());
    }
    let (wall, after) = (begun.elapsed(), contender.usage()?);
    let harness = Usage::own()?.cpu.saturating_sub(own.cpu);
    contender.check(bench, &visits, answers, bench.counted()? - counted)?;
    times.sort_unstable();
    let per_visit = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(count);
    answer(&json!({
        "contender": contender.name,
        "round": round,
        "visits": count,
        "cpuMicros": per_visit(after.cpu.saturating_sub(before.cpu)),
        "harnessCpuMicros": per_visit(harness),
        "wallSeconds": wall.as_secs_f64(),
        "medianMicros": micros(&times, 50),
        "p99Micros": micros(&times, 99),
        "peakKib": after.peak_kib,
        "lines": contender.lines() - lines,
    }))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// So many percent of the times, which are in order, are not longer.
fn micros(times: &[Duration], percent: usize) -> u128 {
    times.get((times.len() * percent).div_ceil(100).saturating_sub(1)).map_or(0, Duration::as_micros)
}
