//! Clinics with what they need to send, their staff, and a provider that is simulated.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aligo_simulator::in_process::InProcess;
use chrono::TimeDelta;
use send::{Deps, routes};
use serde_json::{Value, json};
use shared::clock::{Ambient, Clock};
use shared::db::campaigns::{self, Campaign};
use shared::db::{groups, templates};
use shared::message::{BundlePrepared, CampaignRequested};
use shared::model::approval::Described;
use shared::model::link::LinkKeys;
use shared::model::template::Button;
use shared::model::{ClinicId, CustomerId, GroupId, PhoneNumber};
use shared::store::Store;
use shared::testing::downloads::FakeDownloads;
use shared::testing::{Answer, Client, FakePublisher, FixedClock, Graveyard, TestDatabase, sending};

/// How long the provider is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Everything around the function.
pub struct Scene {
    pub test: TestDatabase,
    pub simulator: InProcess,
    pub clock: FixedClock,
    pub ambient: Ambient,
    pub publisher: Arc<FakePublisher>,
    pub downloads: FakeDownloads,
    client: Client,
}

/// A clinic with its staff.
pub struct Clinic {
    pub id: ClinicId,
    /// The unassigned group.
    pub group: Value,
    pub staff: Client,
}

impl Scene {
    pub async fn new() -> Self {
        Self::reading(Duration::from_secs(18)).await
    }

    /// One in which customers are looked at for so long.
    pub async fn reading(reading: Duration) -> Self {
        let test = TestDatabase::new().await;
        let clock = FixedClock::new();
        let same = clock.clone();
        let simulator = InProcess::start(move || same.now()).await.unwrap();
        let (publisher, downloads) = (Arc::<FakePublisher>::default(), FakeDownloads::default());
        let options = &simulator.options;
        let deps = Deps {
            database: test.another().await,
            publisher: publisher.clone(),
            ambient: Ambient::seeded(clock.clone(), 1),
            provider: sending::provider(&simulator.url, &options.api_key, &options.user_id),
            downloads: downloads.clone(),
            unit_price: "6.5".parse().unwrap(),
            calls_per_second: 10,
            patience: PATIENCE,
            reading,
            link_base: "https://go.example.com/c".to_owned(),
        };
        let client = Client::anonymous("send", routes(deps));
        let ambient = Ambient::seeded(clock.clone(), 2);
        Self { test, simulator, clock, ambient, publisher, downloads, client }
    }

    /// Registers a clinic with these settings.
    pub async fn clinic(&self, owner: &str, settings: Value) -> Clinic {
        let seed = owner.bytes().fold(3, |sum, byte| sum * 31 + u64::from(byte));
        let ambient = Ambient::seeded(self.clock.clone(), seed);
        let deps = register_clinic::Deps { database: self.test.another().await, ambient };
        let client = Client::signed_in("register-clinic", register_clinic::routes(deps), owner);
        let made = client.post("/v1/clinics", settings).await;
        assert_eq!(made.status, 201, "{made:?}");
        let id = made.json["id"].as_str().unwrap().parse().unwrap();
        Clinic { id, group: made.json["unassignedGroupId"].clone(), staff: self.client.with_subject(owner) }
    }

    /// A clinic that can send. The one of `clinic` has the channel that the provider knows.
    pub async fn ready(&self, owner: &str) -> Clinic {
        let known = &self.simulator.options.sender_key;
        let key = if owner == "clinic" { known.clone() } else { format!("key-of-{owner}") };
        let settings = json!({
            "name": owner, "senderKey": key, "senderPhone": "02-555-0101", "linkHosts": ["www.example.com"],
        });
        self.clinic(owner, settings).await
    }

    /// A template with a tracked button, in that state of review; answers its id.
    pub async fn template(&self, clinic: &Clinic, inspection: &str) -> Value {
        self.described(clinic, Described { inspection: inspection.to_owned(), ..described() }).await
    }

    /// The clinic's one template.
    pub async fn described(&self, clinic: &Clinic, described: Described) -> Value {
        let mut connection = self.test.pool.acquire().await.unwrap();
        let now = self.ambient.now();
        templates::replace_all(&mut connection, &self.ambient, clinic.id, now, &[described]).await.unwrap();
        json!(templates::list(&mut connection, clinic.id, "", 1).await.unwrap()[0].id)
    }

    /// Adds a customer to the unassigned group.
    pub async fn customer(&self, clinic: &Clinic, name: &str, phone: &str, attributes: Value) -> CustomerId {
        // Ids sort by the millisecond.
        self.clock.advance(TimeDelta::milliseconds(1));
        let (id, phone): (_, PhoneNumber) = (CustomerId::new(&self.ambient), phone.parse().unwrap());
        sqlx::query(
            "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, NOW(6), NOW(6))",
        )
        .bind(clinic.id)
        .bind(id)
        .bind(name)
        .bind(phone.e164())
        .bind(attributes.to_string())
        .execute(&self.test.pool)
        .await
        .unwrap();
        id
    }

    /// Adds a group with these customers.
    pub async fn group(&self, clinic: &Clinic, name: &str, members: &[CustomerId]) -> GroupId {
        let mut connection = self.test.pool.acquire().await.unwrap();
        let (group, _) = groups::insert(&mut connection, &self.ambient, clinic.id, name).await.unwrap();
        let members: Vec<_> = members.iter().map(|customer| (group, *customer)).collect();
        groups::insert_members(&mut connection, clinic.id, &members).await.unwrap();
        group
    }

    /// The provider has this template, too.
    pub fn approve(&self, described: &Described) {
        let template = json!({
            "templtCode": described.code, "templtName": described.name, "templtContent": described.content,
            "templtTitle": described.emphasis_title, "templateEmType": if described.emphasis_title.is_empty() { "NONE" } else { "TEXT" },
            "inspStatus": described.inspection, "status": described.status, "buttons": described.buttons,
        });
        self.simulator.add_template(template).unwrap();
    }

    /// The customers agree to advertising.
    pub async fn consent(&self, customers: &[CustomerId]) {
        for customer in customers {
            let update = sqlx::query("UPDATE customers SET advertising_consent_at = NOW(6) WHERE id = ?").bind(customer);
            update.execute(&self.test.pool).await.unwrap();
        }
    }

    /// Nobody may write to this phone.
    pub async fn suppress(&self, clinic: &Clinic, phone: &str) {
        sqlx::query("INSERT INTO suppressions (clinic_id, phone, reason, created_at) VALUES (?, ?, 'asked', NOW(6))")
            .bind(clinic.id)
            .bind(phone.parse::<PhoneNumber>().unwrap().e164())
            .execute(&self.test.pool)
            .await
            .unwrap();
    }

    /// The campaign as it is stored.
    pub async fn campaign(&self, clinic: &Clinic, answer: &Answer) -> Campaign {
        let id = answer.json["id"].as_str().unwrap().parse().unwrap();
        let mut connection = self.test.pool.acquire().await.unwrap();
        campaigns::find(&mut connection, clinic.id, id).await.unwrap().unwrap()
    }

    /// Prepares what others were told of, as its function does.
    pub async fn prepare(&self) {
        self.prepare_these(&self.publisher.take::<CampaignRequested>()).await;
    }

    /// Prepares these campaigns.
    pub async fn prepare_these(&self, requested: &[CampaignRequested]) {
        // The same random numbers at another moment make other ids.
        self.clock.advance(TimeDelta::milliseconds(1));
        let keys = BTreeMap::from([("current".to_owned(), "1".to_owned()), ("1".to_owned(), "k".repeat(64))]);
        let deps = prepare_campaign::Deps {
            database: self.test.another().await,
            // Without a store the redirect asks the database.
            store: Store::new("redis://127.0.0.1:1/", PATIENCE).unwrap(),
            keys: LinkKeys::new(&keys).unwrap(),
            publisher: FakePublisher::default(),
            dead_letters: Graveyard::default(),
            ambient: Ambient::seeded(self.clock.clone(), 4),
        };
        for fact in requested {
            prepare_campaign::handle(&deps, sending::event(fact)).await.unwrap();
        }
        deps.publisher.take::<BundlePrepared>();
    }

    /// How many campaigns others were told of since the last look.
    pub fn told(&self) -> usize {
        self.publisher.take::<CampaignRequested>().len()
    }
}

/// An approved template with a tracked button.
pub fn described() -> Described {
    Described {
        code: "TA_1".to_owned(),
        name: "봄맞이".to_owned(),
        content: "#{고객명}님".to_owned(),
        buttons: vec![button("https://go.example.com/c/#{link}")],
        inspection: "APR".to_owned(),
        status: "A".to_owned(),
        ..Described::default()
    }
}

/// A web link.
pub fn button(address: &str) -> Button {
    Button {
        name: "예약하기".to_owned(),
        link_type: "WL".to_owned(),
        link_type_name: "웹링크".to_owned(),
        link_mo: address.to_owned(),
        ..Button::default()
    }
}

impl Clinic {
    /// A campaign to everybody who is in no group.
    pub fn wish(&self, template: &Value) -> Value {
        json!({"groupIds": [self.group], "templateId": template, "destination": "https://www.example.com/spring"})
    }

    pub async fn ask(&self, key: &str, wish: Value) -> Answer {
        self.staff.post_once(key, "/v1/campaigns", wish).await
    }
}

/// Status, kind and field of a problem.
pub fn problem(answer: &Answer) -> (u16, &str, &str) {
    let kind = answer.json["type"].as_str().unwrap_or_default();
    (answer.status, kind.rsplit('/').next().unwrap_or_default(), answer.json["field"].as_str().unwrap_or_default())
}
