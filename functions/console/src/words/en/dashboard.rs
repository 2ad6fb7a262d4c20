//! English texts of the pages about dashboard.

use crate::words::dashboard::Dashboard;

/// English.
pub const WORDS: Dashboard = Dashboard { title: "Dashboard" };
