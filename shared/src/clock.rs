//! Time and randomness, which every use case takes as an argument.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, SubsecRound, Utc};
use rand::rngs::{StdRng, SysError, SysRng};
use rand::{Rng, SeedableRng};
use uuid::Uuid;

/// Says what time it is.
pub trait Clock: Send + Sync {
    /// The present moment in UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// What a use case takes from its surroundings besides its input: the time, and numbers nobody can guess.
pub struct Ambient {
    clock: Box<dyn Clock>,
    rng: Mutex<StdRng>,
}

impl Ambient {
    /// The machine's clock and a generator seeded by the operating system.
    ///
    /// # Errors
    /// When the operating system has no random numbers to give.
    pub fn system() -> Result<Self, SysError> {
        Ok(Self { clock: Box::new(SystemClock), rng: Mutex::new(StdRng::try_from_rng(&mut SysRng)?) })
    }

    /// A clock of the caller's and a seeded generator: the same seed gives the same ids.
    pub fn seeded(clock: impl Clock + 'static, seed: u64) -> Self {
        Self { clock: Box::new(clock), rng: Mutex::new(StdRng::seed_from_u64(seed)) }
    }

    /// The present moment in UTC, to the microsecond: what the database keeps, so that what is answered is what is stored.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(6)
    }

    /// A fresh UUIDv7: the time in front makes ids sort by age, 74 random bits make them unguessable enough to be ids.
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        let mut random = [0; 10];
        self.fill(&mut random);
        let milliseconds = u64::try_from(self.clock.now().timestamp_millis()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid()
    }

    /// Fills the bytes from a cryptographically secure generator.
    pub fn fill(&self, bytes: &mut [u8]) {
        // A panic elsewhere cannot leave the generator half-written in a way that matters: its output stays unpredictable.
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }
}
