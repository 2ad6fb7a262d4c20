//! Customers, against a real database.

mod add;
mod all;
mod audited;
mod change;
mod delete;
mod export;
mod list;
mod search;
mod world;
