//! The provider's client against its simulator: what is known after each kind of trouble, and that nothing is ever repeated.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::Duration;

use aligo_simulator::in_process::InProcess;
use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::model::PhoneNumber;
use shared::model::template::Button;
use shared::model::wording::Wording;
use shared::provider::{Aligo, Call, ChangeOutcome, NoAnswer, Provider, Recipient, SendOutcome, TemplateChange, day_in_korea};
use shared::testing::{FixedClock, sending};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const TEXT: &str = "홍길동님, 검진하실 때가 되었습니다.";

struct Scene {
    clock: FixedClock,
    simulator: Arc<InProcess>,
    aligo: Aligo,
}

impl Scene {
    async fn new() -> Self {
        let clock = FixedClock::new();
        let same = clock.clone();
        let simulator = Arc::new(InProcess::start(move || same.now()).await.unwrap());
        simulator.add_template(sending::template()).unwrap();
        let aligo = sending::provider(&simulator.url, &simulator.options.api_key, &simulator.options.user_id);
        Self { clock, simulator, aligo }
    }

    async fn send(&self, phones: &[&str]) -> SendOutcome {
        send(&self.aligo, &self.simulator.options.sender_key, phones).await
    }

    fn accepted(&self) -> u64 {
        self.simulator.accepted_per_token().values().sum()
    }
}

async fn send(aligo: &Aligo, sender_key: &str, phones: &[&str]) -> SendOutcome {
    let phones: Vec<PhoneNumber> = phones.iter().map(|phone| phone.parse().unwrap()).collect();
    let link = "https://go.example.com/c/#{link}".to_owned();
    let button = Button {
        name: "예약하기".to_owned(),
        link_type: "WL".to_owned(),
        link_type_name: "웹링크".to_owned(),
        link_mo: link.clone(),
        link_pc: link,
        ..Button::default()
    };
    let links: Vec<_> = phones.iter().map(PhoneNumber::digits).collect();
    let recipients =
        phones.iter().zip(&links).map(|(phone, link)| Recipient { phone, text: TEXT, title: "", link, buttons: None });
    let call = Call {
        sender_key,
        sender_phone: "025550101",
        template_code: "TA_1234",
        buttons: &[button],
        recipients: recipients.collect(),
    };
    aligo.send(&call).await
}

#[tokio::test]
async fn an_accepted_call_is_on_record_with_what_was_sent() {
    let scene = Scene::new().await;
    scene.simulator.add_fault(json!({"kind": "partial"})).unwrap();
    let outcome = scene.send(&["010-1234-0001", "010-1234-0002"]).await;
    let SendOutcome::Accepted { provider_id, accepted: 1, refused: 1 } = outcome else { panic!("{outcome:?}") };
    let today = day_in_korea(scene.clock.now());
    let history = scene.aligo.history(today..=today, 1).await.unwrap();
    assert_eq!((&history.rows[0].provider_id, history.rows[0].taken_at), (&provider_id, Some(scene.clock.now())));
    assert!(scene.aligo.history(today.succ_opt().unwrap()..=today.succ_opt().unwrap(), 1).await.unwrap().rows.is_empty());
    scene.clock.advance(TimeDelta::minutes(1));
    let detail = scene.aligo.detail(&provider_id, 1).await.unwrap();
    assert_eq!((detail.rows.len(), detail.pages), (2, 1));
    assert!(detail.rows.iter().all(|report| report.text == TEXT && report.is_final && report.buttons.contains(&report.phone)));
    let mut codes: Vec<_> = detail.rows.iter().map(|report| report.code.as_str()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["0", "I"]);
}

#[tokio::test]
async fn whatever_may_have_been_accepted_is_unknown_and_not_repeated() {
    let faults = ["acceptThenReset", "acceptThenServerError", "acceptThenBrokenJson", "reset", "serverError"];
    for (fault, accepted) in faults.into_iter().zip([1, 1, 1, 0, 0]) {
        let scene = Scene::new().await;
        scene.simulator.add_fault(json!({ "kind": fault })).unwrap();
        let outcome = scene.send(&["010-1234-0001"]).await;
        assert!(matches!(outcome, SendOutcome::Unknown { .. }), "{fault}: {outcome:?}");
        assert_eq!((scene.simulator.sends(), scene.accepted()), (1, accepted), "{fault}");
    }
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_unknown() {
    let scene = Scene::new().await;
    scene.simulator.add_fault(json!({"kind": "acceptThenDelay", "milliseconds": 60_000})).unwrap();
    let options = &scene.simulator.options;
    let hasty = sending::provider(&scene.simulator.url, &options.api_key, &options.user_id).within(Duration::from_millis(300));
    let outcome = send(&hasty, &options.sender_key, &["010-1234-0001"]).await;
    assert!(matches!(outcome, SendOutcome::Unknown { .. }), "{outcome:?}");
    assert_eq!((scene.simulator.sends(), scene.accepted()), (1, 1));
}

#[tokio::test]
async fn a_refusal_is_certain_and_a_place_where_nobody_listens_too() {
    let scene = Scene::new().await;
    let refused = send(&scene.aligo, "no such profile", &["010-1234-0001"]).await;
    assert!(matches!(refused, SendOutcome::Rejected { code: -99, .. }), "{refused:?}");
    let stranger = sending::provider(&scene.simulator.url, "wrong", "wrong");
    let refused = send(&stranger, &scene.simulator.options.sender_key, &["010-1234-0001"]).await;
    assert!(matches!(refused, SendOutcome::Rejected { code: -101, .. }), "{refused:?}");
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for url in [format!("http://{nobody}"), "http://host.invalid".to_owned(), "not an address".to_owned()] {
        let outcome = send(&sending::provider(&url, "key", "user"), "", &["010-1234-0001"]).await;
        assert!(matches!(outcome, SendOutcome::NotSent { .. }), "{url}: {outcome:?}");
    }
    assert_eq!(scene.accepted(), 0);
}

#[tokio::test]
async fn every_way_of_writing_an_answer_is_read() {
    for (name, value) in [("numbers", "strings"), ("numbers", "numbers"), ("contentType", "json"), ("dateField", "regDate")] {
        let scene = Scene::new().await;
        scene.simulator.app.write(|world, _| {
            let mut settings = serde_json::to_value(&world.settings).unwrap();
            settings[name] = Value::from(value);
            world.settings = serde_json::from_value(settings).unwrap();
        });
        let outcome = scene.send(&["010-1234-0001"]).await;
        let SendOutcome::Accepted { provider_id, accepted: 1, refused: 0 } = outcome else { panic!("{outcome:?}") };
        scene.clock.advance(TimeDelta::minutes(1));
        let today = day_in_korea(scene.clock.now());
        let history = scene.aligo.history(today..=today, 1).await.unwrap();
        assert_eq!((history.pages, &history.rows[0].provider_id), (1, &provider_id));
        assert!(history.rows[0].taken_at.is_some());
        assert_eq!(scene.aligo.detail(&provider_id, 1).await.unwrap().rows[0].code, "0");
        let templates = scene.aligo.templates(&scene.simulator.options.sender_key).await.unwrap();
        assert_eq!((templates[0].code.as_str(), templates[0].obstacle()), ("TA_1234", None));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let target = url.clone();
    let server = tokio::spawn(async move {
        let mut visits = 0;
        while let Ok(Ok((mut stream, _))) = tokio::time::timeout(Duration::from_millis(500), listener.accept()).await {
            visits += 1;
            _ = stream.read(&mut [0; 4096]).await.unwrap();
            let answer = format!("HTTP/1.1 307 Moved\r\nlocation: {target}/again\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        visits
    });
    let outcome = send(&sending::provider(&url, "key", "user"), "", &["010-1234-0001"]).await;
    assert!(matches!(outcome, SendOutcome::Unknown { .. }), "{outcome:?}");
    assert_eq!(server.await.unwrap(), 1);
}

#[tokio::test]
async fn a_question_without_an_answer_says_what_was_wrong() {
    let scene = Scene::new().await;
    let stranger = sending::provider(&scene.simulator.url, "wrong", "wrong");
    assert!(matches!(stranger.detail("1", 1).await, Err(NoAnswer::Refused { code: -101, .. })));
    scene.simulator.add_fault(json!({"kind": "serverError", "path": "*", "status": 503})).unwrap();
    assert_eq!(scene.aligo.detail("1", 1).await, Err(NoAnswer::Unusable("HTTP status 503".to_owned())));
}

#[tokio::test]
async fn what_became_of_a_change_of_templates_is_kept_apart() {
    let scene = Scene::new().await;
    let key = &scene.simulator.options.sender_key;
    let wording =
        Wording { name: "안내".to_owned(), content: "가\r\n나".to_owned(), kind: "BA".to_owned(), ..Wording::default() };
    let ChangeOutcome::Done { code } = scene.aligo.change_template(key, &TemplateChange::Add(&wording)).await else { panic!() };
    let listed = scene.aligo.templates(key).await.unwrap();
    let added = listed.iter().find(|template| template.code == code).unwrap();
    assert!(added.wording().says_what(&wording) && added.fixed().is_none(), "{added:?}");
    let approved = TemplateChange::Delete { code: "TA_1234" };
    let refused = scene.aligo.change_template(key, &approved).await;
    assert!(matches!(refused, ChangeOutcome::Refused { code: 509, .. }), "{refused:?}");
    let delay = json!({"kind": "acceptThenDelay", "path": "/akv10/template/request/", "milliseconds": 1000});
    scene.simulator.add_fault(delay).unwrap();
    let options = &scene.simulator.options;
    let hasty = sending::provider(&scene.simulator.url, &options.api_key, &options.user_id).within(Duration::from_millis(200));
    let late = hasty.change_template(key, &TemplateChange::RequestReview { code: &code }).await;
    assert!(matches!(late, ChangeOutcome::Unclear { .. }), "{late:?}");
    let nobody = sending::provider("http://127.0.0.1:1", "k", "u");
    let not_sent = nobody.change_template(key, &TemplateChange::Delete { code: &code }).await;
    assert!(matches!(not_sent, ChangeOutcome::NotSent { .. }), "{not_sent:?}");
}
