//! What the handlers share.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{account::Credentials, clock::Clock, faults::Script, options::Options, state::World};

/// The simulator: its memory, its script, its clock.
pub struct App {
    options: Options,
    credentials: Credentials,
    clock: Box<dyn Clock>,
    world: Mutex<World>,
    script: Mutex<Script>,
    version: AtomicU64,
}

impl App {
    /// A simulator that begins with `world`, or afresh.
    #[must_use]
    pub fn new(options: Options, clock: impl Clock, world: Option<World>) -> Self {
        let mut world = world.unwrap_or_else(|| options.fresh_world());
        options.apply(&mut world);
        world.index();
        Self {
            credentials: options.credentials(),
            options,
            clock: Box::new(clock),
            world: Mutex::new(world),
            script: Mutex::default(),
            version: AtomicU64::new(0),
        }
    }

    /// The account that is served.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The key of the profile that the simulator was started with.
    #[must_use]
    pub fn sender_key(&self) -> &str {
        &self.options.sender_key
    }

    /// Looks at the world.
    pub fn read<T>(&self, look: impl FnOnce(&World, DateTime<Utc>) -> T) -> T {
        let world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now(&world);
        look(&world, now)
    }

    /// Changes the world.
    pub fn write<T>(&self, change: impl FnOnce(&mut World, DateTime<Utc>) -> T) -> T {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now(&world);
        let result = change(&mut world, now);
        self.version.fetch_add(1, Ordering::Relaxed);
        result
    }

    /// Looks at the fault script, or changes it.
    pub fn script<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.script.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Forgets everything but, on request, the templates. Numbers given out before are not given out again.
    pub fn reset(&self, keep_templates: bool) {
        self.script(|script| *script = Script::default());
        self.write(|world, _| {
            let templates = std::mem::take(&mut world.templates);
            let mut fresh = self.options.fresh_world();
            self.options.apply(&mut fresh);
            fresh.continue_numbers_of(world);
            if keep_templates {
                fresh.templates = templates;
            }
            *world = fresh;
        });
    }

    /// Grows with every change, so that a saver knows whether there is anything to save.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    fn now(&self, world: &World) -> DateTime<Utc> {
        self.clock.now() + TimeDelta::milliseconds(world.settings.clock_offset_ms)
    }
}
