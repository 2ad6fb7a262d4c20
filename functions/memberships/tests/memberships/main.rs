//! What members and staff see and do, against a real database.

mod ask;
mod decide;
mod foreign;
mod friends;
mod joined;
mod list;
mod me;
mod points;
mod profile;
mod tree;
mod world;
