//! Whatever is done to a clinic's groups, and in whatever order: the rules of the unassigned group hold.
//!
//! Random operations go through the routes of this function and the queries of customers, against a real database and a model
//! of plain sets. After every one of them the tables, the list of groups and the model must agree.
//! `GROUP_OPERATIONS` says how many there are, `GROUP_SEED` which; a failure names both.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod check;
mod model;
mod operation;
mod world;

use std::collections::BTreeMap;

use check::{Found, same_answer};
use model::{Mistake, Model};
use operation::{Chooser, Operation};
use rand::SeedableRng;
use rand::rngs::StdRng;
use shared::clock::Ambient;
use shared::config::Environment;
use shared::model::{CustomerId, GroupId};
use shared::testing::TestDatabase;
use uuid::Uuid;
use world::World;

/// Half a minute on two busy cores.
const OPERATIONS: &str = "4000";
/// Operations on one clinic; then another begins, and the last one must stay as it was.
const PER_CLINIC: u32 = 400;

/// Operations by kind and status, to see that none was always refused.
type Answers = BTreeMap<(&'static str, u16), u32>;

/// A clinic in which something happens.
struct Round<'a> {
    world: World<'a>,
    model: Model,
    chooser: Chooser,
    answers: Answers,
}

impl<'a> Round<'a> {
    async fn new(test: &'a TestDatabase, seed: u64, foreign: (GroupId, CustomerId), mistake: Option<Mistake>) -> Self {
        let world = World::new(test).await;
        let model = Model::new(world.unassigned, mistake);
        Self { world, model, chooser: Chooser { rng: StdRng::seed_from_u64(seed), foreign }, answers: Answers::new() }
    }

    /// Does one operation and looks at everything.
    async fn step(&mut self) -> Result<(), String> {
        let operation = self.chooser.next(&self.model);
        let answer = self.world.perform(&operation).await;
        *self.answers.entry((kind(&operation), answer.0)).or_default() += 1;
        let made = answer.1["id"].as_str().and_then(|id| id.parse().ok());
        let expected = self.model.apply(&operation, made);
        let compared = same_answer(&answer, &expected);
        let looked = match compared {
            Ok(()) => self.look().await,
            wrong => wrong,
        };
        looked.map_err(|wrong| format!("{operation:?}: {wrong}"))
    }

    async fn look(&self) -> Result<(), String> {
        let found = Found::look(&self.world).await;
        found.invariants()?;
        found.agrees(&self.model)
    }

    /// Does so many operations, unless one goes wrong.
    async fn run(&mut self, operations: u32) -> Result<(), String> {
        for number in 1..=operations {
            self.step().await.map_err(|wrong| format!("operation {number} of this clinic, {wrong}"))?;
        }
        Ok(())
    }

    /// A group and a customer of this clinic, if there are any.
    fn someone(&self) -> (GroupId, CustomerId) {
        let nobody = nobody();
        let group = self.model.groups.keys().next().copied().unwrap_or(nobody.0);
        (group, self.model.customers.first().copied().unwrap_or(nobody.1))
    }
}

fn nobody() -> (GroupId, CustomerId) {
    (GroupId::from_uuid(Uuid::nil()), CustomerId::from_uuid(Uuid::nil()))
}

fn kind(operation: &Operation) -> &'static str {
    match operation {
        Operation::Create { .. } => "create",
        Operation::Rename { .. } => "rename",
        Operation::Delete { .. } => "delete",
        Operation::Add { .. } => "add",
        Operation::Remove { .. } => "remove",
        Operation::Copy { .. } => "copy",
        Operation::Move { .. } => "move",
        Operation::AddCustomers { .. } => "add customers",
        Operation::DeleteCustomers { .. } => "delete customers",
    }
}

fn settings() -> (u64, u32) {
    let environment = Environment::of_process();
    let fresh = || u64::from_le_bytes(Ambient::system().unwrap().uuid().as_bytes()[8..].try_into().unwrap());
    let seed = environment.text_or("GROUP_SEED", "").parse().unwrap_or_else(|_| fresh());
    (seed, environment.text_or("GROUP_OPERATIONS", OPERATIONS).parse().unwrap())
}

#[tokio::test]
async fn thousands_of_random_operations_keep_every_invariant() {
    let (seed, operations) = settings();
    let test = TestDatabase::new().await;
    let (mut left, mut number, mut answers) = (operations, 0, Answers::new());
    let mut last: Option<Round> = None;
    while left > 0 {
        let foreign = last.as_ref().map_or(nobody(), Round::someone);
        let mut round = Round::new(&test, seed.wrapping_add(number), foreign, None).await;
        let part = left.min(PER_CLINIC);
        let mut outcome = round.run(part).await.map_err(|wrong| format!("clinic {number}, {wrong}"));
        if let (Ok(()), Some(last)) = (&outcome, &last) {
            outcome = last.look().await.map_err(|wrong| format!("clinic {number} has touched the one before it: {wrong}"));
        }
        if let Err(wrong) = outcome {
            panic!("GROUP_SEED={seed} GROUP_OPERATIONS={operations}: {wrong}");
        }
        for (key, count) in &round.answers {
            *answers.entry(*key).or_default() += count;
        }
        (left, number, last) = (left - part, number + 1, Some(round));
    }
    if operations >= 2000 {
        assert_every_answer_was_given(&answers, seed);
    }
    drop(last);
    test.finish().await;
}

/// A generator that asks only for what is refused would prove nothing.
fn assert_every_answer_was_given(answers: &Answers, seed: u64) {
    let changes = [("add", 200), ("remove", 200), ("copy", 200), ("move", 200)];
    let refusals = ["add", "remove", "copy", "move"].into_iter().flat_map(|kind| [(kind, 404), (kind, 422)]);
    let others = [("add", 409), ("remove", 409), ("copy", 409), ("create", 201), ("create", 422), ("rename", 200)];
    let rest = [("rename", 404), ("rename", 409), ("delete", 204), ("delete", 404), ("delete", 409)];
    for key in changes.into_iter().chain(refusals).chain(others).chain(rest) {
        assert!(answers.contains_key(&key), "GROUP_SEED={seed}: {key:?} is not among {answers:?}");
    }
}

/// Negative control: every mistake of the model is noticed.
#[tokio::test]
async fn a_model_that_is_wrong_is_found_out() {
    let test = TestDatabase::new().await;
    for (seed, mistake) in [
        (1, Mistake::MovedStay),
        (2, Mistake::UnassignedLeaveOne),
        (3, Mistake::CountEverybody),
        (4, Mistake::DeletedStay),
        (5, Mistake::NoNumbers),
        (6, Mistake::AnybodyMayLeave),
    ] {
        let mut round = Round::new(&test, seed, nobody(), Some(mistake)).await;
        assert!(round.run(1000).await.is_err(), "{mistake:?} was not noticed");
    }
    test.finish().await;
}

/// Negative control: rows that must not be there are found without the model.
#[tokio::test]
async fn a_planted_row_is_found_without_the_model() {
    let test = TestDatabase::new().await;
    let mut round = Round::new(&test, 7, nobody(), None).await;
    round.run(120).await.unwrap();
    let (group, customer) = round.someone();
    let (stranger, unassigned) = (CustomerId::from_uuid(Uuid::max()), round.world.unassigned);
    let mut connection = test.pool.acquire().await.unwrap();
    sqlx::query("SET SESSION foreign_key_checks = 0").execute(&mut *connection).await.unwrap();
    for (what, group, customer) in [
        ("a line without a customer", group, stranger),
        ("a line without a group", GroupId::from_uuid(Uuid::max()), customer),
        ("a line of the unassigned group", unassigned, customer),
    ] {
        assert_eq!(Found::look(&round.world).await.invariants(), Ok(()));
        let planted = sqlx::query("INSERT INTO customer_group_members (clinic_id, group_id, customer_id) VALUES (?, ?, ?)");
        planted.bind(round.world.clinic).bind(group).bind(customer).execute(&mut *connection).await.unwrap();
        assert!(Found::look(&round.world).await.invariants().is_err(), "{what} was not noticed");
        let removed = sqlx::query("DELETE FROM customer_group_members WHERE group_id = ? AND customer_id = ?");
        removed.bind(group).bind(customer).execute(&mut *connection).await.unwrap();
    }
    drop(connection);
    test.finish().await;
}
