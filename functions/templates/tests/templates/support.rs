//! A clinic, its staff and the provider's simulator.

use std::time::Duration;

use aligo_simulator::in_process::InProcess;
use aligo_simulator::templates::Review;
use serde_json::{Value, json};
use shared::clock::{Ambient, Clock};
use shared::model::{ClinicId, CustomerId, PhoneNumber};
use shared::testing::{Answer, Client, FixedClock, TestDatabase, clinic, sending};
use templates::{Deps, routes};

/// How long the provider's answer to a change is waited for.
const PATIENCE: Duration = Duration::from_millis(700);

/// A clinic with its staff, a database and a simulator.
pub struct Scene {
    pub test: TestDatabase,
    pub simulator: InProcess,
    pub staff: Client,
    pub clock: FixedClock,
    pub clinic: ClinicId,
}

impl Scene {
    pub async fn new() -> Self {
        let test = TestDatabase::new().await;
        let clock = FixedClock::new();
        let same = clock.clone();
        let simulator = InProcess::start(move || same.now()).await.unwrap();
        let options = &simulator.options;
        let deps = Deps {
            database: test.another().await,
            ambient: Ambient::seeded(clock.clone(), 2),
            provider: sending::provider(&simulator.url, &options.api_key, &options.user_id).within(PATIENCE),
            link_base: "https://go.example.com/c".to_owned(),
        };
        let staff = Client::signed_in("templates", routes(deps), "staff");
        let nobody = ClinicId::from_uuid(uuid::Uuid::nil());
        let mut scene = Self { test, simulator, staff, clock, clinic: nobody };
        scene.clinic = scene.add_staff("staff", Some(&scene.simulator.options.sender_key), 1).await;
        scene
    }

    /// A person who works for a clinic of their own.
    pub async fn add_staff(&self, subject: &str, sender_key: Option<&str>, seed: u64) -> ClinicId {
        let ambient = Ambient::seeded(FixedClock::new(), seed);
        let clinic = clinic(&self.test.pool, &ambient).await;
        sqlx::query("UPDATE clinics SET sender_key = ? WHERE id = ?")
            .bind(sender_key)
            .bind(clinic)
            .execute(&self.test.pool)
            .await
            .unwrap();
        sqlx::query("INSERT INTO staff (id, clinic_id, subject, name, role, created_at) VALUES (?, ?, ?, '', 'staff', NOW(6))")
            .bind(ambient.uuid())
            .bind(clinic)
            .bind(subject)
            .execute(&self.test.pool)
            .await
            .unwrap();
        clinic
    }

    pub fn add_template(&self, code: &str, changes: &Value) {
        let mut template = sending::template();
        template["templtCode"] = code.into();
        for (name, value) in changes.as_object().unwrap() {
            template[name] = value.clone();
        }
        self.simulator.add_template(template).unwrap();
    }

    pub async fn sync(&self) {
        assert_eq!(self.staff.post("/v1/templates/sync", Value::Null).await.status, 200);
    }

    /// The path of the template with this code, which is known here.
    pub async fn path(&self, code: &str) -> String {
        let listed = self.staff.get("/v1/templates").await.json;
        let found = listed["items"].as_array().unwrap().iter().find(|item| item["code"] == code).unwrap();
        format!("/v1/templates/{}", found["id"].as_str().unwrap())
    }

    /// What goes wrong with the next call to this path.
    pub fn fault(&self, fault: &str, call: &str) {
        let fault = json!({"kind": fault, "path": format!("/akv10/template/{call}/"), "milliseconds": 1500});
        self.simulator.add_fault(fault).unwrap();
    }

    /// How often a call arrived at the provider.
    pub fn calls(&self, call: &str) -> u64 {
        self.simulator.app.read(|world, _| world.requests.get(&format!("/akv10/template/{call}/")).copied().unwrap_or_default())
    }

    /// The codes of the templates that the provider has.
    pub fn codes(&self) -> Vec<String> {
        self.simulator.app.read(|world, _| world.templates.iter().map(|template| template.templt_code.clone()).collect())
    }

    /// The reviewers decide on a template.
    pub fn review(&self, code: &str, decision: Value) {
        let review: Review = serde_json::from_value(decision).unwrap();
        self.simulator.app.write(|world, now| {
            let template = world.templates.iter_mut().find(|template| template.templt_code == code).unwrap();
            template.review(review, "A", now);
        });
    }

    /// Adds a customer of the clinic; answers the id.
    pub async fn add_customer(&self, phone: &str, attributes: Value) -> String {
        let id = CustomerId::new(&Ambient::seeded(self.clock.clone(), phone.bytes().map(u64::from).sum()));
        let phone: PhoneNumber = phone.parse().unwrap();
        sqlx::query(
            "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at)
             VALUES (?, ?, '김단골', ?, ?, NOW(6), NOW(6))",
        )
        .bind(self.clinic)
        .bind(id)
        .bind(phone.e164())
        .bind(attributes.to_string())
        .execute(&self.test.pool)
        .await
        .unwrap();
        id.to_string()
    }
}

/// Status and kind of a problem.
pub fn kind(answer: &Answer) -> (u16, &str) {
    let kind = answer.json["type"].as_str().unwrap_or_default();
    (answer.status, kind.rsplit('/').next().unwrap_or_default())
}
