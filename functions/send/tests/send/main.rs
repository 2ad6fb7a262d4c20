//! Asking for campaigns and looking at them, against a real database and a simulated provider.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod again;
mod ask;
mod audited;
mod balance;
mod clicks;
mod control;
mod export;
mod life;
mod link_end;
mod messages;
mod own_numbers;
mod preflight;
mod received;
mod same_as_prepared;
mod scene;
mod show;
