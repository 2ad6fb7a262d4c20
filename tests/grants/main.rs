//! Every grant is paid once, whatever is cut and whoever dies: the functions between a sign-up and the ledger as processes of their own,
//! on a wire to a database of the test's own that is cut before statements and between statements and their answers. What was to be
//! granted is held against ledger and balances.
//!
//! `GRANTS_SEED` repeats what is drawn, `GRANTS_COUNT`, `GRANTS_FAULTS` and `GRANTS_KILLS` make the storm larger, `GRANTS_CRASHES` says
//! how many processes die at each boundary, `GRANTS_PATIENCE` after how many seconds a test is given up.

mod book;
mod check;
mod crashes;
mod driver;
mod faults;
mod hand;
mod lanes;
mod lines;
mod queue;
mod relay;
#[expect(dead_code, reason = "visitors of links have their servers taken away, these tests only their connections")]
#[path = "../clicks/servers.rs"]
mod servers;
mod storms;
mod traps;
mod wire;
mod worker;
mod world;
