//! Handing bundles over, against a real database and the provider's simulator.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod exclusions;
mod gate;
mod hiccups;
mod kills;
mod outcomes;
mod refusals;
mod scene;
mod stops;
mod turns;
