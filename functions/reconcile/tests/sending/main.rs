//! Campaigns and bundles that need somebody to look after them, against a real database and the provider's simulator.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod absence;
mod campaigns;
mod canaries;
mod dangers;
mod scene;
mod unknown;
mod wake;
