//! A clinic with its staff, and what the tests do again and again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use ::customers::{Deps, routes};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::db::customers::{self, Attributes, Customer};
use shared::db::{groups, staff};
use shared::model::{ClinicId, CustomerId, GroupId};
use shared::testing::downloads::FakeDownloads;
use shared::testing::{Answer, Client, TestDatabase};

/// Two clinics, each with its staff: `owner` and `other`.
pub struct World {
    pub test: TestDatabase,
    pub owner: Client,
    pub other: Client,
    pub downloads: FakeDownloads,
    pub ambient: Ambient,
    pub clinic: ClinicId,
}

impl World {
    pub async fn new() -> Self {
        Self::with(Ambient::system().unwrap()).await
    }

    /// The function has these surroundings; the test has the machine's.
    pub async fn with(ambient: Ambient) -> Self {
        let test = TestDatabase::new().await;
        let clinics = register_clinic::Deps { database: test.another().await, ambient: Ambient::system().unwrap() };
        let clinics = Client::anonymous("register-clinic", register_clinic::routes(clinics));
        for who in ["owner", "other"] {
            assert_eq!(clinics.with_subject(who).post("/v1/clinics", json!({ "name": who })).await.status, 201);
        }
        let downloads = FakeDownloads::default();
        let deps = Deps { database: test.another().await, ambient, downloads: downloads.clone() };
        let owner = Client::signed_in("customers", routes(deps), "owner");
        let clinic = {
            let mut connection = test.database.acquire().await.unwrap();
            staff::find_by_subject(&mut connection, "owner").await.unwrap().unwrap().clinic
        };
        let other = owner.with_subject("other");
        Self { test, owner, other, downloads, ambient: Ambient::system().unwrap(), clinic }
    }

    /// The same staff at another instance of the function, with a connection of its own.
    pub async fn another(&self) -> Client {
        let database = self.test.another().await;
        let deps = Deps { database, ambient: Ambient::system().unwrap(), downloads: self.downloads.clone() };
        Client::signed_in("customers", routes(deps), "owner")
    }

    pub async fn group(&self, name: &str) -> GroupId {
        let mut connection = self.test.database.acquire().await.unwrap();
        groups::insert(&mut connection, &self.ambient, self.clinic, name).await.unwrap().0
    }

    pub async fn unassigned(&self) -> GroupId {
        let mut connection = self.test.database.acquire().await.unwrap();
        groups::find_unassigned(&mut connection, self.clinic).await.unwrap().unwrap()
    }

    pub async fn join(&self, group: GroupId, customers: &[CustomerId]) {
        let mut connection = self.test.database.acquire().await.unwrap();
        groups::insert_customers(&mut connection, self.clinic, group, customers).await.unwrap();
    }

    /// Adds a customer and gives the answer.
    pub async fn add(&self, name: &str, phone: &str) -> Value {
        let added = self.owner.post("/v1/customers", json!({ "name": name, "phone": phone })).await;
        assert_eq!(added.status, 201, "{added:?}");
        added.json
    }

    /// Adds customers called 고객 000001 and so on past the API, in this order; without attributes.
    pub async fn add_many(&self, count: u32) -> Vec<CustomerId> {
        let now = self.ambient.now();
        let customer = |number: u32| Customer {
            id: CustomerId::new(&self.ambient),
            name: format!("고객 {number:06}"),
            phone: format!("010-{:04}-{:04}", 1000 + number / 10_000, number % 10_000).parse().unwrap(),
            attributes: Attributes::new(),
            created_at: now,
            updated_at: now,
            advertising_consent_at: None,
        };
        let mut customers: Vec<_> = (1..=count).map(customer).collect();
        let mut ids: Vec<_> = customers.iter().map(|customer| customer.id).collect();
        ids.sort_unstable();
        for (customer, id) in customers.iter_mut().zip(&ids) {
            customer.id = *id;
        }
        let mut connection = self.test.database.acquire().await.unwrap();
        customers::insert_all(&mut connection, self.clinic, None, &customers).await.unwrap();
        ids
    }

    /// The names of a whole list, page by page. `between` is done after each page, and gets the names so far.
    pub async fn walk(&self, path: &str, mut between: impl AsyncFnMut(&[String])) -> Vec<String> {
        let (mut seen, mut next) = (Vec::new(), path.to_owned());
        loop {
            let page = self.owner.get(&next).await;
            assert_eq!(page.status, 200, "{page:?}");
            seen.extend(names(&page.json));
            let Some(cursor) = page.json["nextCursor"].as_str() else { return seen };
            next = format!("{path}&cursor={cursor}");
            between(&seen).await;
        }
    }
}

pub fn names(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

/// The path of one customer.
pub fn path(customer: &Value) -> String {
    format!("/v1/customers/{}", customer["id"].as_str().unwrap())
}

pub async fn patch(client: &Client, customer: &Value, change: Value) -> Answer {
    client.send("PATCH", &path(customer), &[], change).await
}

/// A text in a query, percent-encoded.
pub fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The status and the field of a refusal.
pub fn refusal(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.json["field"].as_str().unwrap_or_default())
}
