//! Two clinics, each with somebody who works for it.

use groups::{Deps, routes};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::db::customers::{self, Attributes, Customer};
use shared::db::staff;
use shared::model::person::Staff;
use shared::model::state::Role;
use shared::model::{ClinicId, CustomerId, GroupId, StaffId};
use shared::testing::{Answer, Client, TestDatabase, clinic};

/// A database with the clinics of `owner` and of `other`.
pub struct World {
    /// The database.
    pub test: TestDatabase,
    /// Time and randomness.
    pub ambient: Ambient,
    /// The clinic of `owner`.
    pub clinic: ClinicId,
    /// The clinic of `other`.
    pub foreign: ClinicId,
    /// Signed in as `owner`.
    pub groups: Client,
    /// Signed in as `other`.
    pub others: Client,
}

impl World {
    pub async fn new() -> Self {
        let test = TestDatabase::new().await;
        let ambient = Ambient::system().unwrap();
        let (own, foreign) = (clinic(&test.pool, &ambient).await, clinic(&test.pool, &ambient).await);
        for (clinic, subject) in [(own, "owner"), (foreign, "other")] {
            let person = Staff { id: StaffId::new(&ambient), clinic, role: Role::Owner };
            let mut connection = test.pool.acquire().await.unwrap();
            staff::insert(&mut connection, &ambient, &person, subject, subject).await.unwrap();
        }
        let groups = worker(&test).await;
        let others = groups.with_subject("other");
        Self { test, ambient, clinic: own, foreign, groups, others }
    }

    /// Another instance of the function, with a connection of its own.
    pub async fn worker(&self) -> Client {
        worker(&self.test).await
    }

    /// Adds customers in no group. Their phones end with the numbers.
    pub async fn customers_of(&self, clinic: ClinicId, numbers: std::ops::Range<u32>) -> Vec<CustomerId> {
        let now = self.ambient.now();
        let customer = |number| Customer {
            id: CustomerId::new(&self.ambient),
            name: format!("고객 {number}"),
            phone: format!("010-{:04}-{:04}", 1000 + number / 10_000, number % 10_000).parse().unwrap(),
            attributes: Attributes::new(),
            created_at: now,
            updated_at: now,
            advertising_consent_at: None,
        };
        let customers: Vec<_> = numbers.map(customer).collect();
        let mut connection = self.test.pool.acquire().await.unwrap();
        customers::insert_all(&mut connection, clinic, None, &customers).await.unwrap();
        customers.iter().map(|customer| customer.id).collect()
    }

    /// Adds so many customers to the clinic of `owner`.
    pub async fn customers(&self, count: u32) -> Vec<CustomerId> {
        self.customers_of(self.clinic, 0..count).await
    }

    pub async fn group(&self, name: &str, customers: &[CustomerId]) -> GroupId {
        let made = self.groups.post("/v1/groups", json!({"name": name, "customerIds": customers})).await;
        assert_eq!((made.status, &made.json["customers"]), (201, &json!(customers.len())), "{made:?}");
        id(&made)
    }

    pub async fn unassigned(&self) -> GroupId {
        self.list().await.iter().find(|group| group["unassigned"] == true).unwrap()["id"].as_str().unwrap().parse().unwrap()
    }

    /// Every group as the list shows it.
    pub async fn list(&self) -> Vec<Value> {
        let page = self.groups.get("/v1/groups?limit=200").await.json;
        page["items"].as_array().unwrap().clone()
    }

    /// Name and size of every group, by name.
    pub async fn counts(&self) -> Vec<(String, u64)> {
        let list = self.list().await;
        let mut counts: Vec<_> = list
            .iter()
            .map(|group| (group["name"].as_str().unwrap().to_owned(), group["customers"].as_u64().unwrap()))
            .collect();
        counts.sort();
        counts
    }

    /// The names of the groups that the customer is in, in order.
    pub async fn groups_of(&self, customer: CustomerId) -> Vec<String> {
        let mut connection = self.test.pool.acquire().await.unwrap();
        let groups = shared::db::groups::list_of_customer(&mut connection, self.clinic, customer).await.unwrap();
        groups.into_iter().map(|group| group.name).collect()
    }

    pub async fn rename(&self, group: GroupId, name: &str) -> Answer {
        rename(&self.groups, group, name).await
    }

    pub async fn delete(&self, group: GroupId) -> Answer {
        delete(&self.groups, group).await
    }
}

async fn worker(test: &TestDatabase) -> Client {
    let deps = Deps { database: test.another().await, ambient: Ambient::system().unwrap() };
    Client::signed_in("groups", routes(deps), "owner")
}

pub fn id(answer: &Answer) -> GroupId {
    answer.json["id"].as_str().unwrap().parse().unwrap()
}

pub async fn rename(client: &Client, group: GroupId, name: &str) -> Answer {
    client.send("PATCH", &format!("/v1/groups/{group}"), &[], json!({ "name": name })).await
}

pub async fn delete(client: &Client, group: GroupId) -> Answer {
    client.send("DELETE", &format!("/v1/groups/{group}"), &[], Value::Null).await
}

pub async fn add(client: &Client, to: GroupId, customers: &[CustomerId]) -> Answer {
    client.post(&format!("/v1/groups/{to}/add"), json!({ "customerIds": customers })).await
}

pub async fn remove(client: &Client, from: GroupId, customers: &[CustomerId]) -> Answer {
    client.post(&format!("/v1/groups/{from}/remove"), json!({ "customerIds": customers })).await
}

pub async fn copy(client: &Client, from: GroupId, to: GroupId, customers: &[CustomerId]) -> Answer {
    client.post(&format!("/v1/groups/{from}/copy"), json!({"customerIds": customers, "to": to})).await
}

pub async fn relocate(client: &Client, from: GroupId, to: GroupId, customers: &[CustomerId]) -> Answer {
    client.post(&format!("/v1/groups/{from}/move"), json!({"customerIds": customers, "to": to})).await
}

/// Changed, and the sizes of source and target, `None` for one that is not named.
pub fn outcome(answer: &Answer) -> (u64, Option<u64>, Option<u64>) {
    assert_eq!(answer.status, 200, "{answer:?}");
    let size = |group: &str| answer.json.get(group).map(|group| group["customers"].as_u64().unwrap());
    (answer.json["changed"].as_u64().unwrap(), size("source"), size("target"))
}

/// The last part of a problem's type.
pub fn kind(answer: &Answer) -> &str {
    answer.json["type"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default()
}
