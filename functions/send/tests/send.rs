//! Asking for campaigns and looking at them, against a real database.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use send::{Deps, routes};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::db::{campaigns, messages, templates};
use shared::message::CampaignRequested;
use shared::model::approval::Described;
use shared::model::state::MessageState;
use shared::model::template::Button;
use shared::model::{CampaignId, ClinicId};
use shared::testing::{Answer, Client, FakePublisher, PublishMode, TestDatabase, message};

struct World {
    test: TestDatabase,
    ambient: Ambient,
    publisher: Arc<FakePublisher>,
    staff: Client,
}

/// A clinic with what it needs to send.
struct Clinic {
    id: ClinicId,
    group: Value,
    staff: Client,
}

impl World {
    async fn new() -> Self {
        let test = TestDatabase::new().await;
        let publisher = Arc::<FakePublisher>::default();
        let deps = Deps { database: test.another().await, publisher: publisher.clone(), ambient: Ambient::system().unwrap() };
        let staff = Client::anonymous("send", routes(deps));
        Self { test, ambient: Ambient::system().unwrap(), publisher, staff }
    }

    async fn clinic(&self, owner: &str, settings: Value) -> Clinic {
        let deps = register_clinic::Deps { database: self.test.another().await, ambient: Ambient::system().unwrap() };
        let client = Client::signed_in("register-clinic", register_clinic::routes(deps), owner);
        let made = client.post("/v1/clinics", settings).await;
        assert_eq!(made.status, 201, "{made:?}");
        let id = made.json["id"].as_str().unwrap().parse().unwrap();
        Clinic { id, group: made.json["unassignedGroupId"].clone(), staff: self.staff.with_subject(owner) }
    }

    async fn ready(&self, owner: &str) -> Clinic {
        let settings = json!({
            "name": owner, "senderKey": format!("key-of-{owner}"), "senderPhone": "02-555-0101", "linkHosts": ["www.example.com"],
        });
        self.clinic(owner, settings).await
    }

    /// A template with a tracked button, in that state of review; answers its id.
    async fn template(&self, clinic: &Clinic, inspection: &str) -> Value {
        let button = Button {
            name: "예약하기".to_owned(),
            link_type: "WL".to_owned(),
            link_mo: "https://go.example.com/c/#{link}".to_owned(),
            ..Button::default()
        };
        let described = Described {
            code: "TA_1".to_owned(),
            name: "봄맞이".to_owned(),
            content: "#{고객명}님".to_owned(),
            emphasis_title: String::new(),
            buttons: vec![button],
            inspection: inspection.to_owned(),
            status: "A".to_owned(),
            ..Described::default()
        };
        let mut connection = self.test.pool.acquire().await.unwrap();
        templates::replace_all(&mut connection, &self.ambient, clinic.id, self.ambient.now(), &[described]).await.unwrap();
        json!(templates::list(&mut connection, clinic.id, "", 1).await.unwrap()[0].id)
    }

    fn told(&self) -> usize {
        self.publisher.take::<CampaignRequested>().len()
    }
}

impl Clinic {
    fn wish(&self, template: &Value) -> Value {
        json!({"groupIds": [self.group], "templateId": template, "destination": "https://www.example.com/spring"})
    }

    async fn ask(&self, key: &str, wish: Value) -> Answer {
        self.staff.post_once(key, "/v1/campaigns", wish).await
    }
}

fn problem(answer: &Answer) -> (u16, &str, &str) {
    let kind = answer.json["type"].as_str().unwrap_or_default();
    (answer.status, kind.rsplit('/').next().unwrap_or_default(), answer.json["field"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn a_campaign_is_written_down_told_to_others_and_shown() {
    let world = World::new().await;
    let clinic = world.ready("clinic").await;
    let template = world.template(&clinic, "APR").await;
    let asked = clinic.ask("k1", clinic.wish(&template)).await;
    assert_eq!(
        (asked.status, &asked.json["state"], &asked.json["name"]),
        (202, &json!("requested"), &json!("봄맞이")),
        "{asked:?}"
    );
    assert_eq!(asked.json["destination"], "https://www.example.com/spring");
    let told = world.publisher.take::<CampaignRequested>();
    let id: CampaignId = asked.json["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(told, [CampaignRequested::V1 { clinic_id: clinic.id, campaign_id: id }]);

    let shown = clinic.staff.get(&format!("/v1/campaigns/{id}")).await;
    assert_eq!(shown.json["groupIds"], json!([clinic.group]));
    let nothing = json!({"requested": 0, "queued": 0, "sent": 0, "delivered": 0, "failed": 0, "unknown": 0, "excluded": 0});
    assert_eq!(shown.json["messages"], nothing);
    assert_eq!(shown.json["bundles"], json!({"prepared": 0, "calling": 0, "accepted": 0, "rejected": 0, "unknown": 0}));
    assert_eq!(shown.json["clicks"], json!({"human": 0, "unique": 0, "previews": 0, "prefetches": 0, "bots": 0}));
    // What is sent is the template as it was then.
    world.template(&clinic, "REJ").await;
    let mut connection = world.test.pool.acquire().await.unwrap();
    let campaign = campaigns::find(&mut connection, clinic.id, id).await.unwrap().unwrap();
    assert_eq!((campaign.content.as_str(), campaign.sender_phone.as_str()), ("#{고객명}님", "025550101"));
    drop(connection);
    world.test.finish().await;
}

#[tokio::test]
async fn the_same_key_asks_once() {
    let world = World::new().await;
    let clinic = world.ready("clinic").await;
    let template = world.template(&clinic, "APR").await;
    // The answer of SNS is lost; the fact stays in the outbox for the relay.
    world.publisher.set(PublishMode::AnswerLost);
    let first = clinic.ask("k1", clinic.wish(&template)).await;
    world.publisher.set(PublishMode::Works);
    let again = clinic.ask("k1", clinic.wish(&template)).await;
    assert_eq!((again.status, &again.json), (202, &first.json));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let mut other = clinic.wish(&template);
    other["name"] = json!("다른 이름");
    assert_eq!(problem(&clinic.ask("k1", other).await), (422, "idempotency-key-reused", ""));
    assert_eq!(problem(&clinic.staff.post("/v1/campaigns", clinic.wish(&template)).await).1, "idempotency-key-required");
    assert_eq!((world.told(), world.test.outbox_size().await), (1, 1));
    world.test.drop_database().await;
}

#[tokio::test]
async fn what_cannot_be_sent_says_why() {
    let world = World::new().await;
    let clinic = world.ready("clinic").await;
    let template = world.template(&clinic, "APR").await;
    let with = |field: &str, value: Value| {
        let mut wish = clinic.wish(&template);
        wish[field] = value;
        wish
    };
    for (wish, expected) in [
        (with("destination", json!(null)), (422, "invalid-input", "destination")),
        (with("destination", json!("http://www.example.com")), (422, "invalid-input", "destination")),
        (with("destination", json!("https://evil.example")), (422, "invalid-input", "destination")),
        (with("groupIds", json!([])), (422, "invalid-input", "groupIds")),
        (with("groupIds", json!([clinic.group, "grp_00000000000000000000000000000001"])), (404, "not-found", "groupIds[1]")),
        (with("templateId", json!("tpl_00000000000000000000000000000001")), (404, "not-found", "templateId")),
        (with("clinicId", json!("x")), (422, "invalid-input", "clinicId")),
    ] {
        assert_eq!(problem(&clinic.ask("k1", wish).await), expected);
    }
    // The key is not used up by what failed.
    assert_eq!(clinic.ask("k1", clinic.wish(&template)).await.status, 202);
    let template = world.template(&clinic, "REJ").await;
    let refused = clinic.ask("k2", clinic.wish(&template)).await;
    assert_eq!((problem(&refused).1, &refused.json["reason"]), ("template-not-sendable", &json!("refused")));

    let poor = world.clinic("poor", json!({"name": "발신 정보 없음", "linkHosts": ["www.example.com"]})).await;
    let template = world.template(&poor, "APR").await;
    assert_eq!(problem(&poor.ask("k1", poor.wish(&template)).await), (409, "sender-not-set", ""));
    assert_eq!(world.told(), 1);
    world.test.finish().await;
}

#[tokio::test]
async fn another_clinics_things_do_not_exist() {
    let world = World::new().await;
    let (clinic, other) = (world.ready("clinic").await, world.ready("other").await);
    let (template, foreign) = (world.template(&clinic, "APR").await, world.template(&other, "APR").await);
    let made = clinic.ask("k1", clinic.wish(&template)).await;
    let path = format!("/v1/campaigns/{}", made.json["id"].as_str().unwrap());
    for path in [path.clone(), format!("{path}/messages"), "/v1/campaigns/nonsense".to_owned()] {
        assert_eq!(problem(&other.staff.get(&path).await), (404, "not-found", ""));
    }
    assert_eq!(other.staff.get("/v1/campaigns").await.json, json!({"items": []}));
    assert_eq!(problem(&clinic.ask("k2", clinic.wish(&foreign)).await), (404, "not-found", "templateId"));
    let mut wish = clinic.wish(&template);
    wish["groupIds"] = json!([other.group]);
    assert_eq!(problem(&clinic.ask("k2", wish).await), (404, "not-found", "groupIds[0]"));
    assert_eq!(world.told(), 1);
    world.test.finish().await;
}

#[tokio::test]
async fn campaigns_are_listed_newest_first_in_pages() {
    let world = World::new().await;
    let clinic = world.ready("clinic").await;
    let template = world.template(&clinic, "APR").await;
    let mut newest_first = Vec::new();
    for key in ["a", "b", "c"] {
        // Ids sort by the millisecond.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        newest_first.insert(0, clinic.ask(key, clinic.wish(&template)).await.json["id"].clone());
    }
    let page = clinic.staff.get("/v1/campaigns?limit=2").await;
    let cursor = page.json["nextCursor"].as_str().unwrap();
    let rest = clinic.staff.get(&format!("/v1/campaigns?limit=2&cursor={cursor}")).await;
    let listed: Vec<_> =
        [&page, &rest].iter().flat_map(|page| page.json["items"].as_array().unwrap()).map(|c| c["id"].clone()).collect();
    assert_eq!((listed, rest.json.get("nextCursor")), (newest_first, None));
    assert_eq!(world.told(), 3);
    world.test.finish().await;
}

#[tokio::test]
async fn every_message_is_shown_with_its_end_in_the_readers_language() {
    let world = World::new().await;
    let clinic = world.ready("clinic").await;
    let template = world.template(&clinic, "APR").await;
    let made = clinic.ask("k1", clinic.wish(&template)).await;
    assert_eq!(world.told(), 1);
    let path = format!("/v1/campaigns/{}", made.json["id"].as_str().unwrap());
    let mut connection = world.test.pool.acquire().await.unwrap();
    let id = made.json["id"].as_str().unwrap().parse().unwrap();
    let campaign = campaigns::find(&mut connection, clinic.id, id).await.unwrap().unwrap();
    let mut lines: Vec<_> = (1..=3).map(|number| message(&campaign, number)).collect();
    lines[1].state = MessageState::Excluded;
    lines[1].reason = Some("suppressed".to_owned());
    (lines[1].body, lines[1].link) = (String::new(), String::new());
    messages::insert_all(&mut connection, &lines).await.unwrap();
    drop(connection);

    let page = clinic.staff.get(&format!("{path}/messages?limit=1")).await;
    let first = &page.json["items"][0];
    assert_eq!((&first["number"], &first["phone"]), (&json!(1), &json!("010-2345-0001")));
    assert_eq!(first["text"], "고객 1님, 검진하실 때가 되었습니다.");
    assert_eq!(first["link"], "https://go.example.com/c/token-1");
    let cursor = page.json["nextCursor"].as_str().unwrap();
    let rest = clinic.staff.get(&format!("{path}/messages?cursor={cursor}")).await;
    assert_eq!(rest.json["items"].as_array().unwrap().len(), 2);

    let excluded =
        clinic.staff.send("GET", &format!("{path}/messages?state=excluded"), &[("accept-language", "en")], json!(null)).await;
    let items = excluded.json["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!((&items[0]["number"], &items[0]["text"], &items[0]["link"]), (&json!(2), &json!(null), &json!(null)));
    assert_eq!(items[0]["reason"], "The person asked not to be written to.");
    assert_eq!(rest.json["items"][0]["reason"], "수신을 거부한 번호입니다.");
    let totals = &clinic.staff.get(&path).await.json["messages"];
    assert_eq!((&totals["requested"], &totals["queued"], &totals["excluded"]), (&json!(3), &json!(2), &json!(1)));
    assert_eq!(problem(&clinic.staff.get(&format!("{path}/messages?state=lost")).await), (422, "invalid-input", "state"));
    world.test.finish().await;
}
