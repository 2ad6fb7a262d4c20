//! What can be done to points, and a choice among it.

use rand::RngExt as _;
use rand::rngs::StdRng;
use shared::model::id::{HeldGrantId, PointEntryId};

use crate::model::Model;

/// One thing that somebody does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// grant-points gets a batch: number of the grant, whose it is, how much. Some of them it may have had before.
    Grant(Vec<(u32, usize, u32)>),
    /// grant-points gets what a release published.
    GrantReleased(HeldGrantId),
    Spend(usize, u32),
    Adjust(usize, i32),
    Reverse(PointEntryId),
    /// A sign-up holds points for review.
    Hold(usize, u32),
    Release(HeldGrantId),
    Refuse(HeldGrantId),
    /// Both at the same time.
    Together(Box<Operation>, Box<Operation>),
    /// The same request, under the same key, twice at the same time.
    Twice(Box<Operation>),
    /// Somebody of another clinic tries.
    Foreign(Box<Operation>),
}

impl Operation {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Grant(_) => "grant",
            Self::GrantReleased(_) => "grant_released",
            Self::Spend(..) => "spend",
            Self::Adjust(..) => "adjust",
            Self::Reverse(_) => "reverse",
            Self::Hold(..) => "hold",
            Self::Release(_) => "release",
            Self::Refuse(_) => "refuse",
            Self::Together(..) => "together",
            Self::Twice(_) => "twice",
            Self::Foreign(_) => "foreign",
        }
    }
}

pub struct Chooser {
    pub rng: StdRng,
}

impl Chooser {
    pub fn next(&mut self, model: &Model) -> Operation {
        match self.rng.random_range(0..100) {
            0..75 => self.simple(model),
            75..88 => {
                let first = self.simple(model);
                // Often about the same thing.
                let second = if self.rng.random_bool(0.4) { first.clone() } else { self.simple(model) };
                Operation::Together(Box::new(first), Box::new(second))
            }
            88..94 => Operation::Twice(Box::new(self.of_staff(model))),
            _ => Operation::Foreign(Box::new(self.of_staff(model))),
        }
    }

    fn simple(&mut self, model: &Model) -> Operation {
        match self.rng.random_range(0..100) {
            0..25 => self.grant(model),
            25..32 => Operation::Hold(self.member(model), self.amount()),
            32..42 => self.decision(model),
            42..50 => match model.released.iter().nth(self.at(model.released.len())) {
                Some(held) => Operation::GrantReleased(*held),
                None => self.grant(model),
            },
            _ => self.of_staff(model),
        }
    }

    fn of_staff(&mut self, model: &Model) -> Operation {
        match self.rng.random_range(0..10) {
            0..5 => Operation::Spend(self.member(model), self.amount()),
            5..7 => {
                let (member, amount) = (self.member(model), i32::try_from(self.amount()).unwrap());
                Operation::Adjust(member, if self.rng.random_bool(0.5) { amount } else { -amount })
            }
            _ => match model.ids.values().nth(self.at(model.ids.len())) {
                Some(line) => Operation::Reverse(*line),
                None => Operation::Spend(self.member(model), self.amount()),
            },
        }
    }

    /// Up to ten grants, a third of them known.
    fn grant(&mut self, model: &Model) -> Operation {
        let mut next = model.grants.last_key_value().map_or(0, |(number, _)| number + 1);
        let mut batch = Vec::new();
        for _ in 0..self.rng.random_range(1..=10) {
            let known = model.grants.iter().nth(self.at(model.grants.len()));
            if let Some((number, (member, amount))) = known.filter(|_| self.rng.random_bool(0.33)) {
                batch.push((*number, *member, *amount));
            } else {
                batch.push((next, self.member(model), self.amount()));
                next += 1;
            }
        }
        Operation::Grant(batch)
    }

    fn decision(&mut self, model: &Model) -> Operation {
        let Some((held, _)) = model.held.iter().nth(self.at(model.held.len())) else { return self.grant(model) };
        if self.rng.random_bool(0.6) { Operation::Release(*held) } else { Operation::Refuse(*held) }
    }

    fn member(&mut self, model: &Model) -> usize {
        self.at(model.balances.len())
    }

    fn at(&mut self, length: usize) -> usize {
        self.rng.random_range(0..length.max(1))
    }

    /// Small and large ones, so that balances run out and do not.
    fn amount(&mut self) -> u32 {
        let most = if self.rng.random_bool(0.2) { 3000 } else { 300 };
        self.rng.random_range(1..=most)
    }
}

/// Grants to everybody.
pub fn some_grants() -> Operation {
    Operation::Grant((0..3).map(|number| (number, usize::try_from(number).unwrap(), 100)).collect())
}

/// Points that are held.
pub fn some_hold() -> Operation {
    Operation::Hold(0, 50)
}
