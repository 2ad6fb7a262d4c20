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
    /// The lines as the server says them.
    text: String,
}

/// Everything of one clinic in one statement, as it was at one moment: lines of the ledger in their order, balances, what is held, and how
/// many others.
const ALL: &str = "SELECT
    (SELECT GROUP_CONCAT(CONCAT_WS(' ', HEX(id), grant_key, HEX(user_id), reason, amount, HEX(reverses)) ORDER BY id SEPARATOR '\n')
     FROM point_entries WHERE clinic_id = c.id),
    (SELECT GROUP_CONCAT(CONCAT_WS(' ', HEX(user_id), balance) SEPARATOR '\n') FROM point_balances WHERE clinic_id = c.id),
    (SELECT GROUP_CONCAT(CONCAT_WS(' ', HEX(id), HEX(user_id), amount, state) SEPARATOR '\n') FROM held_grants WHERE clinic_id = c.id),
    (SELECT COUNT(*) FROM audit_entries WHERE clinic_id = c.id), (SELECT COUNT(*) FROM idempotency_keys WHERE subject = ?),
    (SELECT COUNT(*) FROM outbox WHERE body LIKE ?)
  FROM clinics c WHERE c.id = ?";

type All = (Option<String>, Option<String>, Option<String>, i64, i64, i64);

impl Found {
    /// Looks. What the look before has found is not read again while it is there word for word.
    pub async fn look(world: &World<'_>, before: Option<&Self>) -> Self {
        let mut connection = world.pools.look.lock().await;
        let all = sqlx::query_as(ALL).bind(&world.owner).bind(format!("%{}%", world.clinic)).bind(world.clinic);
        let (text, balances, held, audited, answered, waiting): All = all.fetch_one(&mut *connection).await.unwrap();
        let text = text.unwrap_or_default();
        let (mut lines, read) = match before {
            Some(before) if text.starts_with(&before.text) => (before.lines.clone(), before.text.len()),
            _ => (Vec::new(), 0),
        };
        lines.extend(words(&text[read..]).map(|words| Line {
            id: PointEntryId::from_uuid(words[0].parse().unwrap()),
            // As the model names it: without what tells this clinic's grants from those of others.
            key: words[1].replace(&world.mark, ""),
            user: user(words[2]),
            reason: words[3].to_owned(),
            amount: words[4].parse().unwrap(),
            reverses: words.get(5).map(|id| PointEntryId::from_uuid(id.parse().unwrap())),
        }));
        let held = held.unwrap_or_default();
        let held = words(&held).map(|words| {
            let id = HeldGrantId::from_uuid(words[0].parse().unwrap());
            (id, (user(words[1]), words[2].parse().unwrap(), words[3].to_owned()))
        });
        Self {
            lines,
            balances: words(&balances.unwrap_or_default()).map(|words| (user(words[0]), words[1].parse().unwrap())).collect(),
            held: held.collect(),
            others: (audited, answered, waiting),
            text,
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
        let by_id: BTreeMap<_, _> = self.lines.iter().map(|line| (line.id, line)).collect();
        let mut sums: BTreeMap<UserId, i64> = BTreeMap::new();
        for line in &self.lines {
            *sums.entry(line.user).or_default() += line.amount;
            if let Some(id) = line.reverses {
                let taken_back = by_id.get(&id).ok_or("a line takes back one that is not there")?;
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

fn words(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().filter(|line| !line.is_empty()).map(|line| line.split(' ').collect())
}

fn user(hex: &str) -> UserId {
    UserId::from_uuid(hex.parse().unwrap())
}
