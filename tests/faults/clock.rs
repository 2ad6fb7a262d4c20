//! One simulated time for the test, the simulator and every worker: a file says when it began and how fast it goes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use shared::clock::{Clock, SystemClock};

/// Numbers that lead from the machine's time to the simulated one: both in microseconds, and how many simulated ones pass in one
/// of the machine's.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    real: i64,
    simulated: i64,
    rate: i64,
}

const NUMBERS: usize = 3;
const HALF: usize = NUMBERS * size_of::<i64>();

impl Anchor {
    fn now(self) -> DateTime<Utc> {
        let passed = SystemClock.now().timestamp_micros() - self.real;
        DateTime::from_timestamp_micros(self.simulated + passed.max(0) * self.rate).expect("it stays within this millennium")
    }

    /// Twice the same, so that whoever reads while it is written sees that.
    fn write(self, file: &File) -> io::Result<()> {
        let half: Vec<u8> = [self.real, self.simulated, self.rate].into_iter().flat_map(i64::to_le_bytes).collect();
        file.write_all_at(&[half.as_slice(), half.as_slice()].concat(), 0)
    }

    fn read(file: &File) -> io::Result<Self> {
        loop {
            let mut bytes = [0; 2 * HALF];
            file.read_exact_at(&mut bytes, 0)?;
            if bytes[..HALF] == bytes[HALF..] {
                let number = |place: usize| {
                    let bytes = bytes[place * 8..][..8].try_into().expect("eight bytes");
                    i64::from_le_bytes(bytes)
                };
                return Ok(Self { real: number(0), simulated: number(1), rate: number(2) });
            }
        }
    }
}

/// The time as the test makes it.
pub struct SimulatedTime {
    file: File,
    anchor: Mutex<Anchor>,
}

impl SimulatedTime {
    /// Time begins at a moment and goes so many times as fast as the machine's.
    pub fn begin(path: &Path, at: DateTime<Utc>, rate: u32) -> Self {
        let anchor =
            Anchor { real: SystemClock.now().timestamp_micros(), simulated: at.timestamp_micros(), rate: i64::from(rate) };
        let file = File::create(path).expect("there is room for a file");
        anchor.write(&file).expect("there is room for a file");
        Self { file, anchor: Mutex::new(anchor) }
    }

    /// The present moment.
    pub fn now(&self) -> DateTime<Utc> {
        self.anchor.lock().unwrap_or_else(PoisonError::into_inner).now()
    }

    /// Goes on at a later moment at once; never back.
    pub fn jump_to(&self, moment: DateTime<Utc>) {
        let mut anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        let simulated = anchor.now().max(moment).timestamp_micros();
        let next = Anchor { real: SystemClock.now().timestamp_micros(), simulated, rate: anchor.rate };
        next.write(&self.file).expect("there is room for a file");
        *anchor = next;
    }
}

/// The time as a worker reads it.
pub struct FileClock(File);

impl FileClock {
    /// Reads this file.
    pub fn open(path: &Path) -> Self {
        Self(File::open(path).expect("the test wrote it"))
    }
}

impl Clock for FileClock {
    fn now(&self) -> DateTime<Utc> {
        Anchor::read(&self.0).expect("the file stays").now()
    }
}

#[test]
fn workers_read_the_time_that_the_test_makes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("time");
    let begin = DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000);
    let time = SimulatedTime::begin(&path, begin, 60);
    let clock = FileClock::open(&path);
    assert!(clock.now() >= begin);
    time.jump_to(begin + chrono::TimeDelta::days(1));
    time.jump_to(begin);
    let (before, seen, after) = (time.now(), clock.now(), time.now());
    assert!(before <= seen && seen <= after && before >= begin + chrono::TimeDelta::days(1));
}
