//! A clinic's groups as plain sets, and what each operation must answer.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::model::{CustomerId, GroupId};

use crate::operation::Operation;

/// What the clinic has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// The id of the unassigned group, which is not among the groups.
    pub unassigned: GroupId,
    /// Every customer.
    pub customers: BTreeSet<CustomerId>,
    /// Every group with a name and members of its own.
    pub groups: BTreeMap<GroupId, (String, BTreeSet<CustomerId>)>,
    /// A mistake that the model makes on purpose, for the negative controls.
    pub mistake: Option<Mistake>,
}

/// Where the model goes wrong when it is told to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// Who is moved stays in the source as well.
    MovedStay,
    /// Who is moved to the unassigned group leaves only the source.
    UnassignedLeaveOne,
    /// Who is in the target already is counted as changed.
    CountEverybody,
    /// A deleted customer stays in the groups.
    DeletedStay,
    /// A name that exists is given twice.
    NoNumbers,
    /// Customers who are not in the source do not matter.
    AnybodyMayLeave,
}

/// The name of the unassigned group.
const UNASSIGNED: &str = "미지정";
const LONGEST_NAME: usize = 50;

type Answer = (u16, Value);

impl Model {
    pub fn new(unassigned: GroupId, mistake: Option<Mistake>) -> Self {
        Self { unassigned, customers: BTreeSet::new(), groups: BTreeMap::new(), mistake }
    }

    /// Who is in a group; nobody in one that is not there.
    pub fn members(&self, group: GroupId) -> BTreeSet<CustomerId> {
        if group == self.unassigned {
            let assigned: BTreeSet<_> = self.groups.values().flat_map(|(_, members)| members).collect();
            return self.customers.iter().filter(|customer| !assigned.contains(customer)).copied().collect();
        }
        self.groups.get(&group).map(|(_, members)| members.clone()).unwrap_or_default()
    }

    /// The group as the API shows it, if there is one.
    pub fn view(&self, group: GroupId) -> Option<Value> {
        let unassigned = group == self.unassigned;
        let name = if unassigned { UNASSIGNED } else { &self.groups.get(&group)?.0 };
        let customers = self.members(group).len();
        Some(json!({"id": group, "name": name, "unassigned": unassigned, "customers": customers}))
    }

    /// Carries an operation out and says what the API must answer: status and body, of a problem what its kind has in common.
    /// A group that is made gets the id that the answer gave.
    pub fn apply(&mut self, operation: &Operation, made: Option<GroupId>) -> Answer {
        match operation {
            Operation::Create { name, customers } => {
                if let Some(refused) = self.unknown(customers) {
                    return refused;
                }
                let Some(id) = made else { return (201, Value::Null) };
                let name = self.free_name(name, id);
                self.groups.insert(id, (name, customers.iter().copied().collect()));
                (201, self.view(id).unwrap_or_default())
            }
            Operation::Rename { group, name } => {
                if let Some(refused) = self.refuse_group(*group) {
                    return refused;
                }
                let name = self.free_name(name, *group);
                self.groups.entry(*group).and_modify(|(old, _)| *old = name);
                (200, self.view(*group).unwrap_or_default())
            }
            Operation::Delete { group } => {
                if let Some(refused) = self.refuse_group(*group) {
                    return refused;
                }
                self.groups.remove(group);
                (204, Value::Null)
            }
            Operation::Add { to, customers } => self.change(None, Some(*to), false, customers),
            Operation::Remove { from, customers } => self.change(Some(*from), None, true, customers),
            Operation::Copy { from, to, customers } => self.change(Some(*from), Some(*to), false, customers),
            Operation::Move { from, to, customers } => self.change(Some(*from), Some(*to), true, customers),
            Operation::AddCustomers { customers, groups } => {
                self.customers.extend(customers);
                for group in groups {
                    self.groups.entry(*group).and_modify(|(_, members)| members.extend(customers));
                }
                (0, Value::Null)
            }
            Operation::DeleteCustomers { customers } => {
                for customer in customers {
                    self.customers.remove(customer);
                    if self.mistake != Some(Mistake::DeletedStay) {
                        self.groups.values_mut().for_each(|(_, members)| members.retain(|member| member != customer));
                    }
                }
                (0, Value::Null)
            }
        }
    }

    fn change(&mut self, from: Option<GroupId>, to: Option<GroupId>, leaves: bool, customers: &[CustomerId]) -> Answer {
        let chosen: BTreeSet<_> = customers.iter().copied().collect();
        if chosen.is_empty() {
            return (422, json!({"field": "customerIds"}));
        }
        let is_there = |group: &GroupId| *group == self.unassigned || self.groups.contains_key(group);
        if from.is_some_and(|group| !is_there(&group)) {
            return (404, json!({"field": null}));
        }
        if to.is_some_and(|group| !is_there(&group)) {
            return (404, json!({"field": from.map(|_| "to")}));
        }
        let (from_unassigned, to_unassigned) = (from == Some(self.unassigned), to == Some(self.unassigned));
        if (to_unassigned && !leaves) || (from_unassigned && to.is_none()) {
            return (409, Value::Null);
        }
        if let Some(refused) = self.unknown(customers) {
            return refused;
        }
        let outside = from.map_or(0, |from| chosen.difference(&self.members(from)).count());
        if outside > 0 && self.mistake != Some(Mistake::AnybodyMayLeave) {
            return (422, json!({"field": "customerIds", "notInGroup": outside}));
        }
        let joining = to.map(|to| chosen.difference(&self.members(to)).count());
        let changed = match joining {
            Some(_) if self.mistake == Some(Mistake::CountEverybody) => chosen.len(),
            Some(joining) => joining,
            None => chosen.len(),
        };
        for (id, (_, members)) in &mut self.groups {
            let everywhere = to_unassigned && self.mistake != Some(Mistake::UnassignedLeaveOne);
            if leaves && self.mistake != Some(Mistake::MovedStay) && (everywhere || from == Some(*id)) {
                members.retain(|customer| !chosen.contains(customer));
            }
            if to == Some(*id) {
                members.extend(&chosen);
            }
        }
        let mut answer = json!({ "changed": changed });
        for (side, group) in [("source", from), ("target", to)] {
            if let Some(view) = group.and_then(|group| self.view(group)) {
                answer[side] = view;
            }
        }
        (200, answer)
    }

    fn refuse_group(&self, group: GroupId) -> Option<Answer> {
        if group == self.unassigned {
            return Some((409, Value::Null));
        }
        (!self.groups.contains_key(&group)).then_some((404, json!({"field": null})))
    }

    fn unknown(&self, customers: &[CustomerId]) -> Option<Answer> {
        let chosen: BTreeSet<_> = customers.iter().copied().collect();
        let unknown = chosen.difference(&self.customers).count();
        (unknown > 0).then(|| (422, json!({"field": "customerIds", "unknown": unknown})))
    }

    /// The name, or with the first number that makes it free; its own name is free for a group.
    fn free_name(&self, name: &str, own: GroupId) -> String {
        let others = self.groups.iter().filter(|(id, _)| **id != own).map(|(_, (name, _))| name.to_lowercase());
        let taken: BTreeSet<_> = others.chain([UNASSIGNED.to_owned()]).collect();
        if self.mistake == Some(Mistake::NoNumbers) || !taken.contains(&name.to_lowercase()) {
            return name.to_owned();
        }
        let numbered = |number: usize| {
            let suffix = format!("({number})");
            let kept: String = name.chars().take(LONGEST_NAME - suffix.len()).collect();
            kept + &suffix
        };
        let mut numbers = 1..;
        numbers
            .find_map(|number| Some(numbered(number)).filter(|name| !taken.contains(&name.to_lowercase())))
            .unwrap_or_default()
    }
}
