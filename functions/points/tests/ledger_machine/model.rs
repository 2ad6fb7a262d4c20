//! What the ledger should hold.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::model::id::{HeldGrantId, PointEntryId};
use shared::model::state::HeldState;

use crate::found::Found;
use crate::operation::Operation;

/// What somebody was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    pub status: u16,
    pub json: Value,
}

/// Plain maps instead of tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// By member.
    pub balances: Vec<i64>,
    /// By key: whose, and how much.
    pub lines: BTreeMap<String, (usize, i64)>,
    /// Ids of lines by key, as they were found.
    pub ids: BTreeMap<String, PointEntryId>,
    /// Grants by number: whose, and how much.
    pub grants: BTreeMap<u32, (usize, u32)>,
    /// Points that are or were held: whose, how much, and what became of them.
    pub held: BTreeMap<HeldGrantId, (usize, u32, HeldState)>,
    /// Those of them that were published.
    pub released: BTreeSet<HeldGrantId>,
}

impl Model {
    pub fn new(members: usize) -> Self {
        let (lines, ids, grants) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { balances: vec![0; members], lines, ids, grants, held: BTreeMap::new(), released: BTreeSet::new() }
    }

    /// Ids of lines are known only when they were seen.
    pub fn learn(&mut self, found: &Found) {
        self.ids = found.lines.iter().map(|line| (line.key.clone(), line.id)).collect();
    }

    /// What may be there after an operation that was answered so: of two at the same time either may have come first. An error when the
    /// answers are wrong.
    pub fn after(&self, operation: &Operation, done: &[Done]) -> Result<Vec<Self>, String> {
        match (operation, done) {
            (Operation::Together(first, second), [one, two]) => {
                let forth = self.apply(first, one).and_then(|model| model.apply(second, two));
                let back = self.apply(second, two).and_then(|model| model.apply(first, one));
                match (forth, back) {
                    (Err(forth), Err(back)) => Err(format!("neither order explains the answers: {forth}; {back}")),
                    (forth, back) => Ok([forth, back].into_iter().flatten().collect()),
                }
            }
            (Operation::Twice(operation), [one, two]) if one == two => Ok(vec![self.apply(operation, one)?]),
            (Operation::Twice(_), [one, two]) => Err(format!("the same request was answered by {one:?} and {two:?}")),
            (Operation::Foreign(_), [one]) if one.status == 404 => Ok(vec![self.clone()]),
            (simple, [one]) => Ok(vec![self.apply(simple, one)?]),
            _ => Err(format!("{} answers", done.len())),
        }
    }

    fn apply(&self, operation: &Operation, done: &Done) -> Result<Self, String> {
        let mut model = self.clone();
        let expected = match operation {
            Operation::Grant(batch) => {
                for (number, member, amount) in batch {
                    model.grants.entry(*number).or_insert((*member, *amount));
                    model.write(format!("join:{number}"), *member, i64::from(*amount));
                }
                200
            }
            Operation::GrantReleased(held) => {
                let (member, amount, _) = model.held[held];
                model.write(format!("invite:{held}"), member, i64::from(amount));
                200
            }
            Operation::Spend(member, amount) => model.of_staff("spend", *member, -i64::from(*amount), done)?,
            Operation::Adjust(member, amount) => model.of_staff("adjust", *member, i64::from(*amount), done)?,
            Operation::Reverse(line) => {
                let key = self.ids.iter().find(|(_, id)| *id == line).map(|(key, _)| key).ok_or("an unknown line")?;
                let (member, amount) = self.lines[key];
                let reversal = format!("reverse:{line}");
                if key.starts_with("reverse:") || self.lines.contains_key(&reversal) {
                    409
                } else {
                    model.of_staff("reverse", member, -amount, done)?
                }
            }
            Operation::Hold(member, amount) => {
                let id = done.json["id"].as_str().and_then(|id| id.parse().ok()).ok_or("no id")?;
                model.held.insert(id, (*member, *amount, HeldState::Held));
                200
            }
            Operation::Release(held) => model.decide(*held, HeldState::Released),
            Operation::Refuse(held) => model.decide(*held, HeldState::Refused),
            Operation::Together(..) | Operation::Twice(_) | Operation::Foreign(_) => 0,
        };
        if done.status == expected { Ok(model) } else { Err(format!("expected {expected}, got {} {}", done.status, done.json)) }
    }

    /// A line whose key is new.
    fn write(&mut self, key: String, member: usize, amount: i64) {
        if self.lines.contains_key(&key) {
            return;
        }
        self.balances[member] += amount;
        self.lines.insert(key, (member, amount));
    }

    /// A line that the staff writes, and the status of the answer. A line that was written must say what it did.
    fn of_staff(&mut self, reason: &str, member: usize, amount: i64, done: &Done) -> Result<u16, String> {
        if self.balances[member] + amount < 0 {
            let balance = done.json["balance"].as_i64();
            // By the time that the balance was said others may have changed it; below what was asked for it was all the same.
            return if balance.is_some_and(|balance| balance + amount < 0) {
                Ok(409)
            } else {
                Err(format!("says {balance:?}"))
            };
        }
        let text = |name: &str| done.json[name].as_str().ok_or_else(|| format!("no {name} in {}", done.json));
        let id = if reason == "reverse" { text("reverses")? } else { text("id")? };
        self.write(format!("{reason}:{id}"), member, amount);
        let said = (done.json["amount"].as_i64(), done.json["balance"].as_i64());
        let expected = (Some(amount), Some(self.balances[member]));
        if said == expected { Ok(201) } else { Err(format!("says {said:?}, expected {expected:?}")) }
    }

    /// One owner decides here, who may ask again.
    fn decide(&mut self, held: HeldGrantId, state: HeldState) -> u16 {
        let Some(line) = self.held.get_mut(&held).filter(|line| line.2 == HeldState::Held || line.2 == state) else {
            return 409;
        };
        line.2 = state;
        if state == HeldState::Released {
            self.released.insert(held);
        }
        204
    }
}
