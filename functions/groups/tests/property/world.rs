//! A clinic in a real database, to which operations are done as the functions do them.

use groups::{Deps, routes};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::db::customers::{self, Attributes, Customer};
use shared::db::{groups as table, staff};
use shared::model::person::Staff;
use shared::model::state::Role;
use shared::model::{ClinicId, CustomerId, GroupId, StaffId};
use shared::testing::{Client, TestDatabase, clinic};

use crate::operation::Operation;

/// A clinic, and somebody who works for it.
pub struct World<'a> {
    pub test: &'a TestDatabase,
    pub clinic: ClinicId,
    pub unassigned: GroupId,
    pub client: Client,
    ambient: Ambient,
    /// How many customers were ever added: each has a phone of their own.
    added: u32,
}

/// What an operation came to: status and body.
pub type Answer = (u16, Value);

impl<'a> World<'a> {
    pub async fn new(test: &'a TestDatabase) -> Self {
        let ambient = Ambient::system().unwrap();
        let clinic = clinic(&test.pool, &ambient).await;
        let subject = clinic.to_string();
        let person = Staff { id: StaffId::new(&ambient), clinic, role: Role::Staff };
        let mut connection = test.pool.acquire().await.unwrap();
        staff::insert(&mut connection, &ambient, &person, &subject, "직원").await.unwrap();
        let unassigned = table::find_unassigned(&mut connection, clinic).await.unwrap().unwrap();
        let deps = Deps { database: test.another().await, ambient: Ambient::system().unwrap() };
        let client = Client::signed_in("groups", routes(deps), &subject);
        Self { test, clinic, unassigned, client, ambient, added: 0 }
    }

    /// Does it, and answers what the caller gets; nothing for what is done to customers beside the API.
    pub async fn perform(&mut self, operation: &Operation) -> Answer {
        let path = |group: &GroupId, action: &str| format!("/v1/groups/{group}{action}");
        let (method, path, body) = match operation {
            Operation::Create { name, customers } => {
                ("POST", "/v1/groups".to_owned(), json!({"name": name, "customerIds": customers}))
            }
            Operation::Rename { group, name } => ("PATCH", path(group, ""), json!({ "name": name })),
            Operation::Delete { group } => ("DELETE", path(group, ""), Value::Null),
            Operation::Add { to, customers } => ("POST", path(to, "/add"), json!({ "customerIds": customers })),
            Operation::Remove { from, customers } => ("POST", path(from, "/remove"), json!({ "customerIds": customers })),
            Operation::Copy { from, to, customers } => {
                ("POST", path(from, "/copy"), json!({"customerIds": customers, "to": to}))
            }
            Operation::Move { from, to, customers } => {
                ("POST", path(from, "/move"), json!({"customerIds": customers, "to": to}))
            }
            Operation::AddCustomers { customers, groups } => {
                self.add_customers(customers, groups).await;
                return (0, Value::Null);
            }
            Operation::DeleteCustomers { customers } => {
                let deleted = self.test.database.transaction::<_, sqlx::Error>("delete_customers", |tx| {
                    Box::pin(async { customers::delete_all(tx, self.clinic, customers).await })
                });
                deleted.await.unwrap();
                return (0, Value::Null);
            }
        };
        let answer = self.client.send(method, &path, &[], body).await;
        (answer.status, answer.json)
    }

    async fn add_customers(&mut self, ids: &[CustomerId], groups: &[GroupId]) {
        let now = self.ambient.now();
        let mut customers = Vec::new();
        for id in ids {
            self.added += 1;
            customers.push(Customer {
                id: *id,
                name: format!("고객 {}", self.added),
                phone: format!("010-{:04}-{:04}", 1000 + self.added / 10_000, self.added % 10_000).parse().unwrap(),
                attributes: Attributes::new(),
                created_at: now,
                updated_at: now,
                advertising_consent_at: None,
            });
        }
        let (clinic, customers) = (self.clinic, customers.as_slice());
        let lines: Vec<_> = groups.iter().flat_map(|group| ids.iter().map(|id| (*group, *id))).collect();
        let lines = lines.as_slice();
        let added = self.test.database.transaction::<_, sqlx::Error>("add_customers", |tx| {
            Box::pin(async move {
                customers::insert_all(tx, clinic, None, customers).await?;
                table::insert_members(tx, clinic, lines).await
            })
        });
        added.await.unwrap();
    }
}
