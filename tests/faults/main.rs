//! Nobody twice, nobody lost, everybody accounted for: the functions that send, as processes that are killed at any moment, against a
//! provider whose answers get lost. What the provider really accepted is held against what is stored.
//!
//! One clock is everybody's, so that a day of asking for results passes in seconds. `SENDING_SEED` repeats a run,
//! `SENDING_RECIPIENTS` and `SENDING_KILLS` make it larger, `SENDING_PATIENCE` says after how many seconds it is given up.

mod check;
mod clock;
mod crew;
mod night;
mod opt_out;
mod outage;
mod people;
mod queue;
mod reaper;
mod steering;
mod storm;
mod wire;
mod worker;
mod world;
