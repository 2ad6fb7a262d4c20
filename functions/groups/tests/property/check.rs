//! What must hold after every operation: first by the tables and the API alone, then compared with the model.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::model::{ClinicId, CustomerId, GroupId};
use sqlx::mysql::MySqlPool;

use crate::model::Model;
use crate::world::World;

/// The tables of a clinic, and its groups as the API lists them.
#[derive(Debug)]
pub struct Found {
    customers: BTreeSet<CustomerId>,
    /// Group and customer of every line.
    lines: BTreeSet<(GroupId, CustomerId)>,
    /// Groups as the tables have them, and whether each is the unassigned one.
    groups: BTreeMap<GroupId, bool>,
    /// Groups as the API lists them.
    listed: Vec<Value>,
    /// Lines of any clinic without their customer or their group.
    orphans: i64,
}

impl Found {
    pub async fn look(world: &World<'_>) -> Self {
        let pool = &world.test.pool;
        let mut listed = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = world.client.get(&format!("/v1/groups?limit=9{cursor}")).await.json;
            listed.extend(page["items"].as_array().unwrap().iter().cloned());
            let Some(next) = page["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        let groups = "SELECT id, unassigned IS NOT NULL FROM customer_groups WHERE clinic_id = ?";
        Self {
            customers: rows(pool, "SELECT id FROM customers WHERE clinic_id = ?", world.clinic)
                .await
                .into_iter()
                .map(|(id,): (CustomerId,)| id)
                .collect(),
            lines: rows(pool, "SELECT group_id, customer_id FROM customer_group_members WHERE clinic_id = ?", world.clinic)
                .await
                .into_iter()
                .collect(),
            groups: rows(pool, groups, world.clinic).await.into_iter().collect(),
            listed,
            orphans: sqlx::query_scalar(
                "SELECT COUNT(*) FROM customer_group_members m
                 LEFT JOIN customers c ON c.clinic_id = m.clinic_id AND c.id = m.customer_id
                 LEFT JOIN customer_groups g ON g.clinic_id = m.clinic_id AND g.id = m.group_id AND g.unassigned IS NULL
                 WHERE c.id IS NULL OR g.id IS NULL",
            )
            .fetch_one(pool)
            .await
            .unwrap(),
        }
    }

    /// What holds whatever was done before.
    pub fn invariants(&self) -> Result<(), String> {
        let ensure = |holds: bool, what: &str| if holds { Ok(()) } else { Err(format!("{what}: {self:#?}")) };
        ensure(self.orphans == 0, "a line without its customer or its group, or a line of the unassigned group")?;
        ensure(self.groups.values().filter(|unassigned| **unassigned).count() == 1, "exactly one unassigned group")?;
        let listed: BTreeMap<GroupId, u64> = self
            .listed
            .iter()
            .map(|group| (group["id"].as_str().unwrap().parse().unwrap(), group["customers"].as_u64().unwrap()))
            .collect();
        ensure(listed.len() == self.listed.len(), "a group is listed once")?;
        ensure(listed.keys().eq(self.groups.keys()), "every group is listed, and no other")?;

        let assigned: BTreeSet<_> = self.lines.iter().map(|(_, customer)| *customer).collect();
        let everybody: BTreeSet<_> = self.customers.iter().copied().collect();
        ensure(assigned.is_subset(&everybody), "only customers are in groups")?;
        let mut sum = 0;
        for (group, unassigned) in &self.groups {
            let size = if *unassigned {
                everybody.difference(&assigned).count()
            } else {
                self.lines.iter().filter(|(of, _)| of == group).count()
            };
            ensure(listed[group] == size as u64, "the size in the list is the number of rows")?;
            sum += size;
        }
        // Everybody counts once for each of their groups, and once in the unassigned group when they have none.
        let expected: usize = everybody.iter().map(|id| self.lines.iter().filter(|(_, of)| of == id).count().max(1)).sum();
        ensure(sum == expected, "the sum over the groups is the sum over the customers")
    }

    /// What holds because of what was done.
    pub fn agrees(&self, model: &Model) -> Result<(), String> {
        let ensure = |holds: bool, what: &str| if holds { Ok(()) } else { Err(format!("{what}: {self:#?}, not {model:#?}")) };
        ensure(self.customers == model.customers, "the customers are those of the model")?;
        let lines = model.groups.iter().flat_map(|(id, (_, members))| members.iter().map(|customer| (*id, *customer)));
        ensure(self.lines == lines.collect(), "the lines are those of the model")?;
        let mut ids: Vec<_> = model.groups.keys().copied().chain([model.unassigned]).collect();
        ids.sort_unstable();
        let views: Vec<_> = ids.into_iter().filter_map(|id| model.view(id)).collect();
        ensure(self.listed == views, "the list is that of the model")
    }
}

async fn rows<T>(pool: &MySqlPool, query: &'static str, clinic: ClinicId) -> Vec<T>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::mysql::MySqlRow> + Send + Unpin,
{
    sqlx::query_as(query).bind(clinic).fetch_all(pool).await.unwrap()
}

/// Whether the API answered what the model says. Of a problem only what the model names is compared.
pub fn same_answer(answer: &(u16, Value), expected: &(u16, Value)) -> Result<(), String> {
    let same = answer.0 == expected.0
        && match &expected.1 {
            Value::Object(members) if answer.0 >= 400 => members.iter().all(|(name, value)| answer.1[name] == *value),
            _ if answer.0 >= 400 => true,
            whole => answer.1 == *whole,
        };
    if same { Ok(()) } else { Err(format!("answered {answer:?}, not {expected:?}")) }
}
