//! Settings of a clinic.

mod change;
mod forms;
mod show;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use serde::Deserialize;

use crate::page::Shell;
use crate::site::Deps;

/// Its routes.
pub fn routes() -> Router<Arc<Deps>> {
    Router::new().route("/settings", get(show::show)).route("/settings/{section}", get(show::back).post(change::change))
}

/// A part of the settings with a form of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Clinic,
    QuietHours,
    Points,
    Members,
}

impl Section {
    const ALL: [Self; 4] = [Self::Clinic, Self::QuietHours, Self::Points, Self::Members];

    /// Its name in paths, and the id of its form.
    const fn name(self) -> &'static str {
        match self {
            Self::Clinic => "clinic",
            Self::QuietHours => "quiet-hours",
            Self::Points => "points",
            Self::Members => "members",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.name() == name)
    }
}

/// What the API says about the clinic.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the clinic's own")]
struct Clinic {
    name: String,
    time_zone: String,
    sender_key: Option<String>,
    sender_phone: Option<String>,
    link_hosts: Vec<String>,
    points_enabled: bool,
    join_points: u32,
    invite_points: u32,
    points_notice: String,
    accepts_members: bool,
    invites_per_day: Option<u32>,
    invites_in_total: Option<u32>,
    pays_for_known: bool,
    holds_unproven: bool,
    referral_code: Option<String>,
    quiet_hours: Option<Hours>,
    advertising_quiet_hours: Option<Hours>,
    me: Option<Me>,
}

/// From one time of the day to another: `21:00` to `08:30`.
#[derive(Debug, Clone, Deserialize)]
struct Hours {
    from: String,
    to: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Me {
    role: String,
}

impl Clinic {
    fn shell(&self) -> Shell {
        let owner = self.me.as_ref().is_none_or(|me| me.role == "owner");
        Shell { clinic: self.name.clone(), owner, zone: self.time_zone.clone() }
    }
}
