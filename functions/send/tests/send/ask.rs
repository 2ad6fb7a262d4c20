//! Asking for a campaign.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::db::{campaigns, templates};
use shared::message::CampaignRequested;
use shared::model::approval::Described;
use shared::model::draft::{Source, Sources};
use shared::model::state::CampaignKind;
use shared::model::{CampaignId, TemplateId};
use shared::testing::PublishMode;

use crate::scene::{Scene, button, described, problem};

#[tokio::test]
async fn a_campaign_is_written_down_told_to_others_and_shown() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let template = scene.template(&clinic, "APR").await;
    let asked = clinic.ask("k1", clinic.wish(&template)).await;
    assert_eq!(
        (asked.status, &asked.json["state"], &asked.json["name"]),
        (202, &json!("requested"), &json!("봄맞이")),
        "{asked:?}"
    );
    assert_eq!(asked.json["destination"], "https://www.example.com/spring");
    let told = scene.publisher.take::<CampaignRequested>();
    let id: CampaignId = asked.json["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(told, [CampaignRequested::V1 { clinic_id: clinic.id, campaign_id: id }]);

    let shown = clinic.staff.get(&format!("/v1/campaigns/{id}")).await;
    assert_eq!(shown.json["groupIds"], json!([clinic.group]));
    let nothing = json!({"requested": 0, "queued": 0, "sent": 0, "delivered": 0, "failed": 0, "unknown": 0, "excluded": 0});
    assert_eq!(shown.json["messages"], nothing);
    assert_eq!(shown.json["bundles"], json!({"prepared": 0, "calling": 0, "accepted": 0, "rejected": 0, "unknown": 0}));
    assert_eq!(
        shown.json["clicks"],
        json!({"human": 0, "unique": 0, "previews": 0, "prefetches": 0, "bots": 0, "rejected": 0})
    );
    // What is sent is the template as it was then.
    scene.template(&clinic, "REJ").await;
    let mut connection = scene.test.pool.acquire().await.unwrap();
    let campaign = campaigns::find(&mut connection, clinic.id, id).await.unwrap().unwrap();
    assert_eq!((campaign.content.as_str(), campaign.sender_phone.as_str()), ("#{고객명}님", "025550101"));
    drop(connection);
    scene.test.finish().await;
}

#[tokio::test]
async fn the_same_key_asks_once() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let template = scene.template(&clinic, "APR").await;
    // The answer of SNS is lost; the fact stays in the outbox for the relay.
    scene.publisher.set(PublishMode::AnswerLost);
    let first = clinic.ask("k1", clinic.wish(&template)).await;
    scene.publisher.set(PublishMode::Works);
    let again = clinic.ask("k1", clinic.wish(&template)).await;
    assert_eq!((again.status, &again.json), (202, &first.json));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let mut other = clinic.wish(&template);
    other["name"] = json!("다른 이름");
    assert_eq!(problem(&clinic.ask("k1", other).await), (422, "idempotency-key-reused", ""));
    assert_eq!(problem(&clinic.staff.post("/v1/campaigns", clinic.wish(&template)).await).1, "idempotency-key-required");
    assert_eq!((scene.told(), scene.test.outbox_size().await), (1, 1));
    scene.test.drop_database().await;
}

#[tokio::test]
async fn what_cannot_be_sent_says_why() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let template = scene.template(&clinic, "APR").await;
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
    let template = scene.template(&clinic, "REJ").await;
    let refused = clinic.ask("k2", clinic.wish(&template)).await;
    assert_eq!((problem(&refused).1, &refused.json["reason"]), ("template-not-sendable", &json!("refused")));

    let poor = scene.clinic("poor", json!({"name": "발신 정보 없음", "linkHosts": ["www.example.com"]})).await;
    let template = scene.template(&poor, "APR").await;
    assert_eq!(problem(&poor.ask("k1", poor.wish(&template)).await), (409, "sender-not-set", ""));
    assert_eq!(scene.told(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn another_clinics_things_do_not_exist() {
    let scene = Scene::new().await;
    let (clinic, other) = (scene.ready("clinic").await, scene.ready("other").await);
    let (template, foreign) = (scene.template(&clinic, "APR").await, scene.template(&other, "APR").await);
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
    assert_eq!(scene.told(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_campaign_for_later_waits_and_nobody_is_told() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let template = scene.template(&clinic, "APR").await;
    let now = scene.ambient.now();
    let at = |after: TimeDelta| json!((now + after).to_rfc3339());
    let mut wish = clinic.wish(&template);
    wish["scheduledAt"] = at(TimeDelta::hours(2));
    wish["staleAfterMinutes"] = json!(5);
    let asked = clinic.ask("k1", wish.clone()).await;
    assert_eq!((asked.status, &asked.json["state"]), (202, &json!("scheduled")), "{asked:?}");
    let campaign = scene.campaign(&clinic, &asked).await;
    assert_eq!((campaign.scheduled_at, campaign.stale_after_minutes), (Some(now + TimeDelta::hours(2)), 5));
    // The same again much later, when that time has passed: the answer was only lost.
    scene.clock.advance(TimeDelta::hours(3));
    assert_eq!(clinic.ask("k1", wish.clone()).await.json, asked.json);
    scene.clock.advance(TimeDelta::hours(-3));
    for (after, staleness, field) in [
        (TimeDelta::seconds(-61), 60, "scheduledAt"),
        (TimeDelta::days(60) + TimeDelta::seconds(1), 60, "scheduledAt"),
        (TimeDelta::zero(), 4, "staleAfterMinutes"),
        (TimeDelta::zero(), 1441, "staleAfterMinutes"),
    ] {
        wish["scheduledAt"] = at(after);
        wish["staleAfterMinutes"] = json!(staleness);
        assert_eq!(problem(&clinic.ask("k2", wish.clone()).await), (422, "invalid-input", field));
    }
    for (key, after) in [("a", TimeDelta::seconds(-59)), ("b", TimeDelta::days(60))] {
        wish["scheduledAt"] = at(after);
        wish["staleAfterMinutes"] = json!(1440);
        assert_eq!(clinic.ask(key, wish.clone()).await.json["state"], "scheduled");
    }
    wish["scheduledAt"] = json!("2026-03-03");
    let no_moment = clinic.ask("k2", wish).await;
    assert_eq!(problem(&no_moment), (422, "invalid-input", "scheduledAt"));
    assert_eq!(no_moment.json["detail"], "`scheduledAt`: 시각은 2026-03-02T09:00:00+09:00 형식으로 입력해 주세요.");
    // Without a time it begins now, and is an hour late at most.
    let asked = clinic.ask("k3", clinic.wish(&template)).await;
    assert_eq!(scene.campaign(&clinic, &asked).await.stale_after_minutes, 60);
    assert_eq!(scene.told(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn advertising_must_say_that_it_is_and_how_to_refuse_it() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let content = |content: &str| Described { content: content.to_owned(), ..described() };
    let wish = |template: &Value, kind: Value| {
        let mut wish = clinic.wish(template);
        wish["kind"] = kind;
        wish
    };
    let plain = scene.described(&clinic, content("새봄치과 봄맞이 할인")).await;
    let refused = clinic.ask("k1", wish(&plain, json!("advertising"))).await;
    assert_eq!(
        (problem(&refused), &refused.json["reason"]),
        ((409, "template-not-sendable", ""), &json!("no-advertising-mark"))
    );
    let no_way_out = scene.described(&clinic, content("(광고) 새봄치과 봄맞이 할인")).await;
    let refused = clinic.ask("k1", wish(&no_way_out, json!("advertising"))).await;
    assert_eq!(refused.json["reason"], "no-opt-out");
    let complete = scene.described(&clinic, content("(광고) 새봄치과 봄맞이 할인\r\n무료수신거부 080-000-0000")).await;
    let asked = clinic.ask("k1", wish(&complete, json!("advertising"))).await;
    assert_eq!(scene.campaign(&clinic, &asked).await.kind, CampaignKind::Advertising);
    // What is marked is no information, whatever it is called, and a test is asked for elsewhere.
    for kind in [json!("information"), json!(null), json!("test")] {
        assert_eq!(problem(&clinic.ask("k2", wish(&complete, kind)).await), (422, "invalid-input", "kind"));
    }
    // However the mark is written, and also when it is in the title or stands in for the variable in front.
    let mut named = wish(&plain, json!(null));
    for (content, title) in [("（광고） 봄", ""), ("새봄치과", "(광고) 봄"), ("#{분류} 봄", "")] {
        let described = Described { content: content.to_owned(), emphasis_title: title.to_owned(), ..described() };
        named["templateId"] = scene.described(&clinic, described).await;
        named["sources"] = if content.starts_with('#') { json!({"분류": {"default": "(광고)"}}) } else { json!(null) };
        assert_eq!(problem(&clinic.ask("k3", named.clone()).await), (422, "invalid-input", "kind"), "{content}");
    }
    named["kind"] = json!("advertising");
    let refused = clinic.ask("k3", named).await;
    assert_eq!(refused.json["reason"], "no-advertising-mark", "what stands in for a variable is not approved");
    assert_eq!(scene.told(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn sources_said_now_stand_in_for_those_of_the_template() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let described = Described {
        content: "#{고객명}님 #{검진일} #{담당의}".to_owned(),
        emphasis_title: "#{검진일} 검진".to_owned(),
        buttons: vec![button("https://go.example.com/c/#{link}"), button("https://www.example.com/?d=#{지점}")],
        ..described()
    };
    let template = scene.described(&clinic, described).await;
    let id: TemplateId = template.as_str().unwrap().parse().unwrap();
    let source = |column: Option<&str>, default: Option<&str>| Source {
        column: column.map(str::to_owned),
        default: default.map(str::to_owned),
    };
    let of_template = Sources::from([
        ("검진일".to_owned(), source(Some("다음 검진"), Some("곧"))),
        ("담당의".to_owned(), source(Some("의사"), None)),
    ]);
    let mut connection = scene.test.pool.acquire().await.unwrap();
    templates::set_sources(&mut connection, clinic.id, id, &of_template).await.unwrap();
    let mut wish = clinic.wish(&template);
    let asked = clinic.ask("k1", wish.clone()).await;
    assert_eq!(scene.campaign(&clinic, &asked).await.sources, of_template);
    wish["sources"] = json!({"검진일": {"default": " 예약하신  날 "}, "담당의": {}, "지점": {"column": "지점명"}});
    let asked = clinic.ask("k2", wish.clone()).await;
    let expected = Sources::from([
        ("검진일".to_owned(), source(None, Some("예약하신 날"))),
        ("지점".to_owned(), source(Some("지점명"), None)),
    ]);
    assert_eq!(scene.campaign(&clinic, &asked).await.sources, expected);
    for (sources, field) in [
        (json!({"없는 변수": {"default": "x"}}), "sources.없는 변수"),
        (json!({"고객명": {"column": "x"}}), "sources.고객명"),
        (json!({"검진일": {"default": "가".repeat(201)}}), "sources.검진일.default"),
    ] {
        wish["sources"] = sources;
        assert_eq!(problem(&clinic.ask("k3", wish.clone()).await), (422, "invalid-input", field));
    }
    // What is said is of this campaign only, and asking is a use of the template.
    let template = templates::find(&mut connection, clinic.id, id).await.unwrap().unwrap();
    assert_eq!((template.sources, template.last_used_at), (of_template, Some(scene.ambient.now())));
    drop(connection);
    assert_eq!(scene.told(), 2);
    scene.test.finish().await;
}

#[tokio::test]
async fn groups_keep_the_order_in_which_they_are_named_and_count_once() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let template = scene.template(&clinic, "APR").await;
    let (a, b) = (scene.group(&clinic, "가", &[]).await, scene.group(&clinic, "나", &[]).await);
    let mut wish = clinic.wish(&template);
    wish["groupIds"] = json!([b, clinic.group, a, b]);
    let asked = clinic.ask("k1", wish.clone()).await;
    assert_eq!(asked.json["groupIds"], json!([b, clinic.group, a]));
    let id = asked.json["id"].as_str().unwrap();
    assert_eq!(clinic.staff.get(&format!("/v1/campaigns/{id}")).await.json["groupIds"], json!([b, clinic.group, a]));
    wish["groupIds"] = json!(vec![a; 101]);
    assert_eq!(problem(&clinic.ask("k2", wish).await), (422, "invalid-input", "groupIds"));
    assert_eq!(scene.told(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_button_whose_host_is_a_variable_is_not_sent() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let template = scene.described(&clinic, Described { buttons: vec![button("https://#{주소}")], ..described() }).await;
    let refused = clinic.ask("k1", clinic.wish(&template)).await;
    assert_eq!((problem(&refused).1, &refused.json["reason"]), ("template-not-sendable", &json!("variable-host")));
    scene.test.finish().await;
}
