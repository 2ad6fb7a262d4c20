//! What may happen to a clinic's groups, chosen at random.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};
use shared::model::{CustomerId, GroupId};
use uuid::Uuid;

use crate::model::Model;

/// One thing that is asked for.
#[derive(Debug, Clone)]
pub enum Operation {
    Create {
        name: String,
        customers: Vec<CustomerId>,
    },
    Rename {
        group: GroupId,
        name: String,
    },
    Delete {
        group: GroupId,
    },
    Add {
        to: GroupId,
        customers: Vec<CustomerId>,
    },
    Remove {
        from: GroupId,
        customers: Vec<CustomerId>,
    },
    Copy {
        from: GroupId,
        to: GroupId,
        customers: Vec<CustomerId>,
    },
    Move {
        from: GroupId,
        to: GroupId,
        customers: Vec<CustomerId>,
    },
    /// New customers, who are in these groups from the beginning.
    AddCustomers {
        customers: Vec<CustomerId>,
        groups: Vec<GroupId>,
    },
    DeleteCustomers {
        customers: Vec<CustomerId>,
    },
}

/// Chooses operations, mostly sensible ones, with the ids of another clinic and of nobody strewn in.
#[derive(Debug)]
pub struct Chooser {
    pub rng: StdRng,
    /// A group and a customer of another clinic.
    pub foreign: (GroupId, CustomerId),
}

const MOST_GROUPS: usize = 12;
const MOST_CUSTOMERS: usize = 60;

impl Chooser {
    /// The next operation for a clinic in this state.
    pub fn next(&mut self, model: &Model) -> Operation {
        let crowded = model.customers.len() > MOST_CUSTOMERS;
        match self.rng.random_range(0..100) {
            0..10 if model.groups.len() >= MOST_GROUPS => Operation::Delete { group: self.group(model) },
            0..10 => Operation::Create { name: self.name(), customers: self.customers(model, None) },
            10..18 => Operation::Rename { group: self.group(model), name: self.name() },
            18..23 => Operation::Delete { group: self.group(model) },
            23..38 => {
                let to = self.group(model);
                Operation::Add { to, customers: self.customers(model, None) }
            }
            38..50 => {
                let from = self.group(model);
                Operation::Remove { from, customers: self.customers(model, Some(from)) }
            }
            50..66 => {
                let (from, to) = (self.group(model), self.group(model));
                Operation::Copy { from, to, customers: self.customers(model, Some(from)) }
            }
            66..86 => {
                let (from, to) = (self.group(model), self.group(model));
                Operation::Move { from, to, customers: self.customers(model, Some(from)) }
            }
            86..94 if !crowded => self.newcomers(model),
            _ => Operation::DeleteCustomers { customers: self.customers(model, None) },
        }
    }

    fn id(&mut self) -> Uuid {
        let mut bytes = [0; 16];
        self.rng.fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    fn name(&mut self) -> String {
        let name = match self.rng.random_range(0..8) {
            0 => "VIP",
            1 => "vip",
            2 => "VIP(1)",
            3 => "미지정",
            4 => "재방문",
            5 => "재방문(2)",
            6 => return "가".repeat(50),
            _ => return format!("그룹 {}", self.rng.random_range(0..20)),
        };
        name.to_owned()
    }

    fn group(&mut self, model: &Model) -> GroupId {
        let groups: Vec<_> = model.groups.keys().copied().collect();
        match self.rng.random_range(0..40) {
            0 => self.foreign.0,
            1 => GroupId::from_uuid(self.id()),
            2..10 => model.unassigned,
            _ => groups.choose(&mut self.rng).copied().unwrap_or(model.unassigned),
        }
    }

    /// A few customers, mostly of one group when they are to be taken from it; sometimes one of them twice.
    fn customers(&mut self, model: &Model, within: Option<GroupId>) -> Vec<CustomerId> {
        let everybody: Vec<_> = model.customers.iter().copied().collect();
        let inside: Vec<_> = within.map(|group| model.members(group).into_iter().collect()).unwrap_or_default();
        let pool = if inside.is_empty() || self.rng.random_ratio(1, 12) { &everybody } else { &inside };
        let count = self.rng.random_range(1..=12);
        let mut chosen: Vec<_> = pool.sample(&mut self.rng, count).copied().collect();
        match self.rng.random_range(0..50) {
            0 => chosen.push(self.foreign.1),
            1 => chosen.push(CustomerId::from_uuid(self.id())),
            2..6 => chosen.extend(chosen.first().copied()),
            6 => chosen.clear(),
            _ => {}
        }
        chosen
    }

    fn newcomers(&mut self, model: &Model) -> Operation {
        let customers = (0..self.rng.random_range(1..=6)).map(|_| CustomerId::from_uuid(self.id())).collect();
        let groups: Vec<_> = model.groups.keys().copied().collect();
        let count = self.rng.random_range(0..=3);
        Operation::AddCustomers { customers, groups: groups.sample(&mut self.rng, count).copied().collect() }
    }
}
