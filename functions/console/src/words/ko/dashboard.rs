//! Korean texts of the pages about dashboard.

use crate::words::dashboard::Dashboard;

/// Korean.
pub const WORDS: Dashboard = Dashboard { title: "대시보드" };
