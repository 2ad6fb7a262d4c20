//! Every visitor is sent on and every visit recorded once, whatever is away and whoever dies: the redirect in several processes, with a
//! database and a store of the test's own that are killed and frozen, a queue that delivers in no order and more than once, and
//! consumers that are killed. The log of what visitors were answered is held against what is recorded.
//!
//! `CLICKS_SEED` repeats a run, `CLICKS_SECONDS` makes each phase of an outage longer, `CLICKS_VISITS` and `CLICKS_KILLS` make storms
//! larger, `CLICKS_PATIENCE` says after how many seconds it is given up.

mod check;
mod consumers;
mod crew;
mod logs;
mod outages;
mod processes;
mod queue;
mod servers;
mod stores;
mod storms;
mod visits;
mod worker;
mod world;
