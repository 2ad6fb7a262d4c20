//! Holds the simulator to what is known about the provider, over real connections.

mod support;

mod account;
mod admin;
mod clock;
mod faults;
mod harness;
mod in_process;
mod outages;
mod page;
mod program;
mod results;
mod send;
mod speed;
mod substitutes;
mod templates;
mod truth;
