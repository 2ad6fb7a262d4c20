//! Holds the simulator to what is known about the provider, over real connections.

mod support;

mod account;
mod admin;
mod faults;
mod page;
mod program;
mod results;
mod send;
mod templates;
