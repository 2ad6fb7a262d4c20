//! Everything the simulated provider knows, in memory.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{outcome::Life, settings::Settings, templates::Template};

/// A sender profile of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Profile {
    /// Its key.
    pub sender_key: String,
    /// The channel's search id, with the "@".
    pub uuid: String,
    /// The channel's name.
    pub name: String,
    /// A normal, S stopped.
    #[serde(default = "normal")]
    pub status: String,
    /// The same for the profile itself.
    #[serde(default = "normal")]
    pub profile_stat: String,
}

fn normal() -> String {
    "A".to_owned()
}

impl Profile {
    /// Whether it may send: a stopped one may not.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.status != "S" && self.profile_stat != "S"
    }
}

/// A reservation of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reservation {
    /// Sent at once.
    None,
    /// To be sent at the call's `start_at`.
    Reserved,
    /// Withdrawn in time.
    Cancelled,
}

/// One accepted call of `send`: the truth.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// The number that the answer carries.
    pub mid: u64,
    /// The template's code, known or not.
    pub tpl_code: String,
    /// The sender profile.
    pub sender_key: String,
    /// The sender's number, digits only.
    pub sender: String,
    /// When it was accepted.
    pub registered_at: DateTime<Utc>,
    /// When sending begins: at once or as reserved.
    pub start_at: DateTime<Utc>,
    /// Whether it was reserved.
    pub reservation: Reservation,
    /// Whether it was a rehearsal (`testMode=Y`): answered alike, but nothing is sent.
    pub test_mode: bool,
    /// What it cost.
    pub total: f64,
    /// What became of the answer: "answered", or the kind of the fault that befell it.
    pub answered: String,
    /// The receivers.
    pub messages: Vec<Message>,
}

/// One receiver of a call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The number, digits only.
    pub receiver: String,
    /// The number as it came.
    pub given: String,
    /// The finished text.
    pub message: String,
    /// The finished title, if one was given.
    pub emtitle: Option<String>,
    /// `button_N` as it came.
    pub button_json: Option<String>,
    /// The last path segment of the button's link.
    pub link_token: Option<String>,
    /// Whether it counts in `scnt`; otherwise in `fcnt`, and it is never sent.
    pub accepted: bool,
    /// The number of the final result.
    pub msgid: u64,
    /// The substitute text message, if one goes out.
    pub smid: Option<u64>,
    /// What happens to it, and when.
    pub life: Life,
}

impl Call {
    /// Whether the call really sends: neither a rehearsal nor withdrawn.
    #[must_use]
    pub fn is_real(&self) -> bool {
        !self.test_mode && self.reservation != Reservation::Cancelled
    }
}

/// Money that is owed for a substitute text message once it goes out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Charge {
    /// The call.
    pub mid: u64,
    /// When it goes out.
    pub due: DateTime<Utc>,
    /// Its price.
    pub won: f64,
}

/// The account and everything that happened to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct World {
    /// The switches.
    pub settings: Settings,
    /// Won left.
    pub balance: f64,
    /// Sender profiles.
    pub profiles: Vec<Profile>,
    /// Templates.
    pub templates: Vec<Template>,
    /// Accepted calls, oldest first, with ascending `mid`.
    pub calls: Vec<Call>,
    /// How often each path was called, whatever the answer.
    pub requests: BTreeMap<String, u64>,
    /// Substitutes that have not gone out yet.
    #[serde(default)]
    pub charges: Vec<Charge>,
    next_mid: u64,
    next_msgid: u64,
    #[serde(default)]
    templates_made: u32,
    /// Where each number occurs: indexes of call and message.
    #[serde(skip)]
    by_number: HashMap<String, Vec<(usize, usize)>>,
}

impl World {
    /// A world in which nothing has happened yet.
    #[must_use]
    pub fn new(settings: Settings, balance: f64, profiles: Vec<Profile>) -> Self {
        Self {
            settings,
            balance,
            profiles,
            templates: Vec::new(),
            calls: Vec::new(),
            requests: BTreeMap::new(),
            charges: Vec::new(),
            next_mid: 1,
            next_msgid: 1,
            templates_made: 0,
            by_number: HashMap::new(),
        }
    }

    /// Makes up for what is not stored. To be called after reading a world from a file.
    pub fn index(&mut self) {
        self.by_number.clear();
        for call in 0..self.calls.len() {
            self.index_call(call);
        }
    }

    fn index_call(&mut self, call: usize) {
        let Some(accepted) = self.calls.get(call).filter(|call| !call.test_mode) else {
            return;
        };
        for (index, message) in accepted.messages.iter().enumerate() {
            if message.accepted {
                self.by_number.entry(message.receiver.clone()).or_default().push((call, index));
            }
        }
    }

    /// The account's sender profile with this key.
    #[must_use]
    pub fn profile(&self, sender_key: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.sender_key == sender_key)
    }

    /// The template of this profile with this code.
    #[must_use]
    pub fn template(&self, sender_key: &str, code: &str) -> Option<&Template> {
        self.templates.iter().find(|template| template.sender_key == sender_key && template.templt_code == code)
    }

    /// A number for a call that was never given out before. It follows the time, so that a provider that has lost its
    /// memory does not give out the same numbers again.
    pub fn next_mid(&mut self, now: DateTime<Utc>) -> u64 {
        let mid = self.next_mid.max(now.timestamp().unsigned_abs());
        self.next_mid = mid + 1;
        mid
    }

    /// The first of so many numbers for messages that were never given out before.
    pub fn take_msgids(&mut self, now: DateTime<Utc>, count: u64) -> u64 {
        let first = self.next_msgid.max(now.timestamp_millis().unsigned_abs());
        self.next_msgid = first + count;
        first
    }

    /// Goes on counting where another world stopped.
    pub fn continue_numbers_of(&mut self, other: &Self) {
        self.next_mid = other.next_mid;
        self.next_msgid = other.next_msgid;
        self.templates_made = other.templates_made;
    }

    /// A code for a new template that no other one has or had.
    pub fn next_template_code(&mut self) -> String {
        loop {
            self.templates_made += 1;
            let code = format!("TA_{:04}", self.templates_made);
            if self.templates.iter().all(|template| template.templt_code != code) {
                return code;
            }
        }
    }

    /// Takes the money for the substitutes that have gone out by now.
    pub fn settle(&mut self, now: DateTime<Utc>) {
        if self.charges.is_empty() {
            return;
        }
        let balance = &mut self.balance;
        self.charges.retain(|charge| {
            let is_due = charge.due <= now;
            if is_due {
                *balance -= charge.won;
            }
            !is_due
        });
    }

    /// The call with this `mid`.
    #[must_use]
    pub fn call(&self, mid: &str) -> Option<&Call> {
        let mid: u64 = mid.trim().parse().ok()?;
        let index = self.calls.binary_search_by_key(&mid, |call| call.mid).ok()?;
        self.calls.get(index)
    }

    /// The call with this `mid`, to change it.
    pub fn call_mut(&mut self, mid: u64) -> Option<&mut Call> {
        let index = self.calls.binary_search_by_key(&mid, |call| call.mid).ok()?;
        self.calls.get_mut(index)
    }

    /// Puts an accepted call on record.
    pub fn record(&mut self, call: Call) {
        self.calls.push(call);
        self.index_call(self.calls.len() - 1);
    }

    /// Whether the same text went, or is reserved to go, to the same number within five seconds of `start`. It is decided
    /// when a call is accepted: withdrawing the other one later changes nothing.
    #[must_use]
    pub fn is_repetition(&self, number: &str, text: &str, start: DateTime<Utc>) -> bool {
        self.by_number.get(number).is_some_and(|places| {
            places.iter().rev().any(|(call, message)| {
                let call = &self.calls[*call];
                call.is_real() && Life::is_repetition(start, call.start_at) && call.messages[*message].message == text
            })
        })
    }
}
