//! What the handlers share.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::{sync::Notify, time};

use crate::{
    account::Credentials,
    clock::{Change, Clock, NoSuchTime},
    options::Options,
    outage::{NewOutage, Outage, OutageKind},
    script::Script,
    state::World,
};

/// How often a planned refusal of connections is compared with the clock, which anybody may move.
const GLANCE: time::Duration = time::Duration::from_millis(5);

/// The simulator: its memory, its script, its clock.
pub struct App {
    options: Options,
    credentials: Credentials,
    clock: Box<dyn Clock>,
    world: Mutex<World>,
    script: Mutex<Script>,
    version: AtomicU64,
    outages_changed: Notify,
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
            outages_changed: Notify::new(),
        }
    }

    /// The account that is served.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// How it was started.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
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
        world.settle(now);
        let result = change(&mut world, now);
        self.version.fetch_add(1, Ordering::Relaxed);
        result
    }

    /// Looks at the fault script, or changes it.
    pub fn script<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.script.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Plans an outage.
    ///
    /// # Errors
    /// When its times make no sense.
    pub fn plan_outage(&self, new: NewOutage) -> Result<Outage, &'static str> {
        let now = self.read(|_, now| now);
        let outage = new.at(now)?;
        self.script(|script| script.outages().push(outage.clone()));
        self.outages_changed.notify_one();
        Ok(outage)
    }

    /// Ends all outages.
    pub fn end_outages(&self) {
        self.script(|script| script.outages().clear());
    }

    /// How the provider is down at this moment, if it is.
    #[must_use]
    pub fn outage(&self) -> Option<OutageKind> {
        let now = self.read(|_, now| now);
        self.script(|script| script.outage(now).map(|outage| outage.kind))
    }

    /// Returns when connections are to be refused. Until an outage is planned it does not look at the clock.
    pub async fn until_refusing(&self) {
        while self.outage() != Some(OutageKind::Refused) {
            let now = self.read(|_, now| now);
            let is_planned = self.script(|script| script.outages().iter().any(|outage| outage.will_refuse(now)));
            if is_planned {
                time::sleep(GLANCE).await;
            } else {
                self.outages_changed.notified().await;
            }
        }
    }

    /// Returns when connections are to be accepted again.
    pub async fn until_accepting(&self) {
        while self.outage() == Some(OutageKind::Refused) {
            time::sleep(GLANCE).await;
        }
    }

    /// Moves, stops or starts the clock, and says what it shows then.
    ///
    /// # Errors
    /// When it cannot show that time.
    pub fn change_clock(&self, change: Change) -> Result<DateTime<Utc>, NoSuchTime> {
        self.write(|world, now| {
            let offset = TimeDelta::milliseconds(world.settings.clock_offset_ms);
            // While the clock runs, the time of the machine is the one that `now` was made of: read twice, it would differ.
            let machine = if world.settings.clock_stopped_at.is_some() { self.clock.now() } else { now - offset };
            change.apply(&mut world.settings, machine, now)
        })?;
        Ok(self.read(|_, now| now))
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
        let settings = &world.settings;
        settings.clock_stopped_at.unwrap_or_else(|| self.clock.now() + TimeDelta::milliseconds(settings.clock_offset_ms))
    }
}
