//! A clinic's numbers, against a real database.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::db::campaigns::{self, Campaign};
use shared::db::hourly_counts::{self, Delta};
use shared::db::messages;
use shared::model::ClinicId;
use shared::model::state::MessageState;
use shared::testing::{Answer, Client, TestDatabase, ambient, campaign, message};
use stats::{Deps, routes};

struct World {
    test: TestDatabase,
    ambient: Ambient,
    staff: Client,
}

impl World {
    /// It is 10:00 on 2 March 2026 in Seoul.
    async fn new() -> Self {
        let test = TestDatabase::new().await;
        let deps = Deps { database: test.another().await, ambient: ambient().0 };
        let staff = Client::anonymous("stats", routes(deps));
        Self { test, ambient: Ambient::system().unwrap(), staff }
    }

    async fn clinic(&self, owner: &str) -> (ClinicId, Client) {
        let deps = register_clinic::Deps { database: self.test.another().await, ambient: Ambient::system().unwrap() };
        let client = Client::signed_in("register-clinic", register_clinic::routes(deps), owner);
        let made = client.post("/v1/clinics", json!({"name": owner})).await;
        (made.json["id"].as_str().unwrap().parse().unwrap(), self.staff.with_subject(owner))
    }

    /// A campaign with one message in each of these states.
    async fn campaign(&self, clinic: ClinicId, states: &[MessageState]) -> Campaign {
        let campaign = campaign(&self.ambient, clinic);
        let mut connection = self.test.pool.acquire().await.unwrap();
        campaigns::insert(&mut connection, &campaign, &[]).await.unwrap();
        let lines: Vec<_> = (1..).zip(states).map(|(number, state)| (message(&campaign, number), *state)).collect();
        let lines: Vec<_> = lines.into_iter().map(|(line, state)| messages::NewMessage { state, ..line }).collect();
        messages::insert_all(&mut connection, &lines).await.unwrap();
        campaign
    }

    async fn count(&self, campaign: &Campaign, at: &str, delta: Delta) {
        let mut connection = self.test.pool.acquire().await.unwrap();
        let at = at.parse().unwrap();
        hourly_counts::add(&mut connection, campaign.clinic, campaign.id, at, delta).await.unwrap();
    }
}

fn field(answer: &Answer) -> (u16, &Value) {
    (answer.status, &answer.json["field"])
}

#[tokio::test]
async fn every_rate_is_shown_with_what_it_is_a_part_of() {
    use MessageState::{Delivered, Excluded, Failed, Queued, Sent, Unknown};
    let world = World::new().await;
    let (clinic, staff) = world.clinic("clinic").await;
    let (other, _) = world.clinic("other").await;
    let states = [Queued, Sent, Delivered, Delivered, Delivered, Failed, Unknown, Excluded, Excluded];
    let campaign = world.campaign(clinic, &states).await;
    let foreign = world.campaign(other, &[Delivered, Failed]).await;
    let clicks = Delta { human_clicks: 5, unique_clicks: 2, previews: 3, prefetches: 1, bots: 4, ..Delta::default() };
    world.count(&campaign, "2026-03-01T10:00:00Z", clicks).await;
    world.count(&foreign, "2026-03-01T10:00:00Z", clicks).await;
    for statement in [
        "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at)
         SELECT id, id, 'n', '+821012345678', '{}', NOW(), NOW() FROM clinics",
        "INSERT INTO users SELECT id, HEX(id), 'n', NULL, NOW(), NULL FROM clinics",
        "INSERT INTO memberships SELECT id, id, 'confirmed', NOW(), NOW() FROM clinics",
        "INSERT INTO point_entries SELECT id, HEX(id), id, id, 'join', 700, NULL, NOW() FROM clinics",
    ] {
        sqlx::query(statement).execute(&world.test.pool).await.unwrap();
    }
    let shown = staff.get("/v1/stats").await;
    assert_eq!(
        (shown.status, shown.json),
        (
            200,
            json!({
                "customers": 1, "groups": 1, "members": 1, "pointsGranted": 700,
                "messages": {
                    "requested": 9, "queued": 1, "sent": 1, "delivered": 3, "failed": 1, "unknown": 1, "excluded": 2,
                },
                "successRate": {"delivered": 3, "of": 6},
                "clickRate": {"uniqueClicks": 2, "of": 3},
                "clicks": {"human": 5, "unique": 2, "previews": 3, "prefetches": 1, "bots": 4},
            })
        )
    );
    world.test.finish().await;
}

#[tokio::test]
async fn the_day_is_the_clinics_and_quiet_hours_are_zeros() {
    let world = World::new().await;
    let (clinic, staff) = world.clinic("clinic").await;
    let (first, second) = (world.campaign(clinic, &[]).await, world.campaign(clinic, &[]).await);
    let sent = |sent| Delta { sent, ..Delta::default() };
    // The last moment of 1 March in Seoul, then the first hour of the 2nd twice, then nine o'clock.
    world.count(&first, "2026-03-01T14:59:59Z", sent(1)).await;
    world.count(&first, "2026-03-01T15:00:00Z", sent(2)).await;
    world.count(&second, "2026-03-01T15:59:59Z", sent(4)).await;
    world.count(&first, "2026-03-02T00:30:00Z", Delta { human_clicks: 3, unique_clicks: 1, ..Delta::default() }).await;
    let today = staff.get("/v1/stats/hourly").await.json;
    let hours = today["hours"].as_array().unwrap();
    assert_eq!((hours.len(), &today["from"], &today["timeZone"]), (24, &json!("2026-03-02"), &json!("Asia/Seoul")));
    let zeros = json!({
        "hour": "2026-03-02T01:00:00+09:00", "sent": 0, "delivered": 0, "failed": 0, "humanClicks": 0, "uniqueClicks": 0,
        "previews": 0, "prefetches": 0, "bots": 0,
    });
    assert_eq!((&hours[0]["hour"], &hours[0]["sent"]), (&json!("2026-03-02T00:00:00+09:00"), &json!(6)));
    assert_eq!((&hours[1], &hours[9]["humanClicks"], &today["total"]["sent"]), (&zeros, &json!(3), &json!(6)));

    let two_days = format!("/v1/stats/hourly?from=2026-03-01&to=2026-03-02&campaignId={}", first.id);
    let two_days = staff.get(&two_days).await.json;
    let sent: Vec<_> = two_days["hours"].as_array().unwrap().iter().map(|hour| hour["sent"].as_u64().unwrap()).collect();
    assert_eq!((sent.len(), sent[23], sent[24], sent.iter().sum::<u64>()), (48, 1, 2, 3));
    world.test.finish().await;
}

#[tokio::test]
async fn impossible_spans_and_foreign_campaigns_are_refused() {
    let world = World::new().await;
    let (_, staff) = world.clinic("clinic").await;
    let (other, _) = world.clinic("other").await;
    let foreign = world.campaign(other, &[]).await;
    let ask = async |query: &str| staff.get(&format!("/v1/stats/hourly?{query}")).await;
    assert_eq!(field(&ask("from=2026-03-02&to=2026-03-01").await), (422, &json!("from")));
    assert_eq!(field(&ask("from=2025-01-01&to=2026-03-01").await), (422, &json!("from")));
    assert_eq!(field(&ask("from=yesterday").await), (422, &json!("from")));
    assert_eq!(field(&ask("day=2026-03-02").await), (422, &json!("day")));
    assert_eq!(field(&ask(&format!("campaignId={}", foreign.id)).await), (404, &json!("campaignId")));
    world.test.finish().await;
}
