//! What the tables hold for one clinic, and the laws that they obey.

use std::collections::{BTreeMap, BTreeSet};

use shared::model::UserId;
use shared::model::id::{HeldGrantId, PointEntryId};

use crate::model::Model;
use crate::world::World;

/// A line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub id: PointEntryId,
    pub key: String,
    user: UserId,
    pub reason: String,
    pub amount: i64,
    reverses: Option<PointEntryId>,
}

/// Everything of one clinic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub lines: Vec<Line>,
    balances: BTreeMap<UserId, i64>,
    held: BTreeMap<HeldGrantId, (UserId, u32, String)>,
    /// Lines of the audit log, remembered requests, facts that wait: what a refused operation leaves alone, too.
    others: (i64, i64, i64),
}

impl Found {
    pub async fn look(world: &World<'_>) -> Self {
        let pool = &world.look;
        let lines = "SELECT id, grant_key, user_id, reason, CAST(amount AS SIGNED), reverses FROM point_entries WHERE clinic_id = ? ORDER BY id";
        let lines: Vec<(PointEntryId, String, UserId, String, i64, Option<PointEntryId>)> =
            sqlx::query_as(lines).bind(world.clinic).fetch_all(pool).await.unwrap();
        let lines = lines.into_iter();
        // As the model names it: without what tells this clinic's grants from those of others.
        let lines = lines.map(|(id, key, user, reason, amount, reverses)| {
            let key = key.replace(&world.mark, "");
            Line { id, key, user, reason, amount, reverses }
        });
        let balances: Vec<(UserId, i64)> = sqlx::query_as("SELECT user_id, balance FROM point_balances WHERE clinic_id = ?")
            .bind(world.clinic)
            .fetch_all(pool)
            .await
            .unwrap();
        let held: Vec<(HeldGrantId, UserId, u32, String)> =
            sqlx::query_as("SELECT id, user_id, amount, state FROM held_grants WHERE clinic_id = ?")
                .bind(world.clinic)
                .fetch_all(pool)
                .await
                .unwrap();
        let others = "SELECT (SELECT COUNT(*) FROM audit_entries WHERE clinic_id = ?),
                        (SELECT COUNT(*) FROM idempotency_keys WHERE subject = ?), (SELECT COUNT(*) FROM outbox WHERE body LIKE ?)";
        let others = sqlx::query_as(others).bind(world.clinic).bind(&world.owner).bind(format!("%{}%", world.clinic));
        Self {
            lines: lines.collect(),
            balances: balances.into_iter().collect(),
            held: held.into_iter().map(|(id, user, amount, state)| (id, (user, amount, state))).collect(),
            others: others.fetch_one(pool).await.unwrap(),
        }
    }

    /// What a reason's lines add up to.
    pub fn sum(&self, reasons: &[&str]) -> i64 {
        self.lines.iter().filter(|line| reasons.contains(&line.reason.as_str())).map(|line| line.amount).sum()
    }

    pub fn outstanding(&self) -> i64 {
        self.balances.values().sum()
    }

    /// The laws, whatever happened.
    pub fn laws(&self) -> Result<(), String> {
        let keys: BTreeSet<_> = self.lines.iter().map(|line| &line.key).collect();
        law(keys.len() == self.lines.len(), || "a key is there twice".to_owned())?;
        let reversed: Vec<_> = self.lines.iter().filter_map(|line| line.reverses).collect();
        let once: BTreeSet<_> = reversed.iter().collect();
        law(once.len() == reversed.len(), || "a line was taken back twice".to_owned())?;
        let mut sums: BTreeMap<UserId, i64> = BTreeMap::new();
        for line in &self.lines {
            *sums.entry(line.user).or_default() += line.amount;
            if let Some(id) = line.reverses {
                let taken_back =
                    self.lines.iter().find(|other| other.id == id).ok_or("a line takes back one that is not there")?;
                let opposite = taken_back.amount == -line.amount && taken_back.user == line.user;
                law(opposite && taken_back.reverses.is_none(), || format!("{line:?} does not take back {taken_back:?}"))?;
            }
        }
        law(self.balances.values().all(|balance| *balance >= 0), || format!("below zero: {:?}", self.balances))?;
        law(sums == self.balances, || format!("lines add up to {sums:?}, balances are {:?}", self.balances))?;
        let moved = self.sum(&["join", "invite", "spend", "adjust", "reverse"]);
        law(moved == self.outstanding(), || format!("{moved} points moved, {} are there", self.outstanding()))
    }

    /// Which of several models says what is there.
    pub fn explained_by(&self, models: Vec<Model>, world: &World<'_>) -> Result<Model, String> {
        let mut wrong = Vec::new();
        for model in models {
            match self.agrees(&model, world) {
                Ok(()) => return Ok(model),
                Err(why) => wrong.push(why),
            }
        }
        Err(wrong.join("; or "))
    }

    /// That nothing else is there than the model says.
    pub fn agrees(&self, model: &Model, world: &World<'_>) -> Result<(), String> {
        let member = |user: &UserId| world.members.iter().position(|member| member == user).unwrap_or(usize::MAX);
        let lines: BTreeMap<_, _> =
            self.lines.iter().map(|line| (line.key.clone(), (member(&line.user), line.amount))).collect();
        law(lines == model.lines, || format!("lines {lines:?}, expected {:?}", model.lines))?;
        let balances: Vec<_> = world.members.iter().map(|user| self.balances.get(user).copied().unwrap_or(0)).collect();
        law(balances == model.balances, || format!("balances {balances:?}, expected {:?}", model.balances))?;
        let held: BTreeMap<_, _> = self
            .held
            .iter()
            .map(|(id, (user, amount, state))| (*id, (member(user), *amount, state.parse().unwrap())))
            .collect();
        law(held == model.held, || format!("held {held:?}, expected {:?}", model.held))?;
        law(self.others.2 == 0, || "facts wait in the outbox".to_owned())
    }
}

fn law(holds: bool, wrong: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(wrong()) }
}
