//! The template store.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Simulator, rows, template, text};

struct Store(Simulator);

impl Store {
    async fn call(&self, verb: &str, fields: &[(&str, &str)]) -> Value {
        let mut all = vec![("senderkey", self.0.options.sender_key.as_str())];
        all.extend_from_slice(fields);
        self.0.call(&format!("/akv10/template/{verb}/"), all).await
    }

    async fn add(&self) -> String {
        let answer = self.call("add", &[("tpl_name", "안내"), ("tpl_content", "#{고객명}님\n안녕하세요")]).await;
        assert_eq!(answer["code"], 0, "{answer}");
        text(&answer["data"]["templtCode"])
    }

    async fn state(&self, code: &str) -> (String, String) {
        let found = rows(&self.call("list", &[("tpl_code", code)]).await);
        assert_eq!(found.len(), 1);
        (text(&found[0]["inspStatus"]), text(&found[0]["status"]))
    }

    async fn review(&self, code: &str, review: Value) {
        let path = format!("templates/{code}/review");
        self.0.admin(Method::POST, &path, review).await;
    }

    /// The codes of modify, del and request.
    async fn changes(&self, code: &str) -> [Value; 3] {
        let code = ("tpl_code", code);
        let modify = [code, ("tpl_name", "새 이름"), ("tpl_content", "새 내용")];
        [self.call("modify", &modify).await, self.call("request", &[code]).await, self.call("del", &[code]).await]
    }
}

async fn store() -> Store {
    Store(Simulator::start().await)
}

#[tokio::test]
async fn an_added_template_is_registered_and_waiting() {
    let store = store().await;
    let button = r#"{"button":[{"name":"보기","linkType":"WL","linkMo":"https://go.example.com/c/#{link}"}]}"#;
    let answer = store.call("add", &[("tpl_name", "안내"), ("tpl_content", "가\n나"), ("tpl_button", button)]).await;
    assert_eq!(answer["code"], 0);
    assert_eq!(answer["data"]["inspStatus"], "REG");
    assert_eq!(answer["data"]["status"], "R");
    let listed = rows(&store.call("list", &[]).await).remove(0);
    assert_eq!(
        listed,
        json!({
            "senderKey": store.0.options.sender_key, "templtCode": answer["data"]["templtCode"],
            "templtName": "안내", "templtContent": "가\r\n나", "templateType": "BA",
            "templateEmType": "NONE", "templtTitle": "", "templtSubtitle": "", "status": "R",
            "inspStatus": "REG", "cdate": "2026-03-02 12:00:00", "comments": [],
            "buttons": [{
                "ordering": 1, "name": "보기", "linkType": "WL", "linkTypeName": "웹링크",
                "linkMo": "https://go.example.com/c/#{link}", "linkPc": "", "linkIos": "", "linkAnd": "",
            }],
        })
    );
}

#[tokio::test]
async fn a_template_goes_from_registered_over_review_to_approved() {
    let store = store().await;
    let code = store.add().await;
    let asked = store.call("request", &[("tpl_code", &code)]).await;
    assert_eq!(asked, json!({ "code": 0, "message": "검수요청을 하였습니다." }));
    assert_eq!(store.state(&code).await, ("REQ".to_owned(), "R".to_owned()));
    store.review(&code, json!({ "inspStatus": "APR" })).await;
    assert_eq!(store.state(&code).await, ("APR".to_owned(), "A".to_owned()));
}

#[tokio::test]
async fn an_approved_template_can_still_show_r() {
    let store = store().await;
    let code = store.add().await;
    store.0.settings(json!({ "approvedStatus": "R" })).await;
    store.review(&code, json!({ "inspStatus": "APR" })).await;
    assert_eq!(store.state(&code).await, ("APR".to_owned(), "R".to_owned()));
    for answer in store.changes(&code).await {
        assert_eq!(answer["code"], 509);
    }
}

#[tokio::test]
async fn a_rejected_template_has_a_comment_and_can_be_changed_and_asked_for_again() {
    let store = store().await;
    let code = store.add().await;
    store.call("request", &[("tpl_code", &code)]).await;
    store.review(&code, json!({ "inspStatus": "REJ", "comment": "광고성 문구입니다." })).await;
    let listed = rows(&store.call("list", &[]).await).remove(0);
    assert_eq!(listed["comments"][0]["content"], "광고성 문구입니다.");
    for answer in store.changes(&code).await {
        let wanted = if answer["message"] == "삭제 가능 상태가 아닙니다." { 509 } else { 0 };
        assert_eq!(answer["code"], wanted);
    }
    assert_eq!(store.state(&code).await.0, "REQ");
}

#[tokio::test]
async fn a_template_under_review_or_approved_cannot_be_changed() {
    let store = store().await;
    let code = store.add().await;
    for review in ["REQ", "APR"] {
        store.review(&code, json!({ "inspStatus": review })).await;
        let [modify, request, delete] = store.changes(&code).await;
        assert_eq!(modify, json!({ "code": 509, "message": "수정 가능 상태가 아닙니다." }));
        assert_eq!(request["code"], 509);
        assert_eq!(delete["code"], 509);
    }
}

#[tokio::test]
async fn a_registered_template_can_be_deleted() {
    let store = store().await;
    let code = store.add().await;
    assert_eq!(store.call("del", &[("tpl_code", &code)]).await["code"], 0);
    assert!(rows(&store.call("list", &[]).await).is_empty());
    assert_eq!(store.call("del", &[("tpl_code", &code)]).await["code"], -99);
}

#[tokio::test]
async fn a_code_is_never_given_out_twice_and_a_template_of_another_profile_stays() {
    let store = store().await;
    let first = store.add().await;
    store.call("del", &[("tpl_code", &first)]).await;
    let second = store.add().await;
    assert_ne!(first, second);

    store.0.admin(Method::POST, "profiles", json!({ "senderKey": "second", "uuid": "@second", "name": "둘째" })).await;
    let elsewhere = [("senderkey", "second"), ("tpl_code", second.as_str())];
    assert_eq!(store.0.call("/akv10/template/del/", elsewhere).await["code"], -99);
    assert_eq!(store.state(&second).await.0, "REG");
}

#[tokio::test]
async fn a_shared_template_cannot_be_changed() {
    let store = store().await;
    for code in ["D_001", "P_001"] {
        let mut shared = template();
        shared["templtCode"] = code.into();
        shared["inspStatus"] = "REG".into();
        shared["status"] = "R".into();
        store.0.admin(Method::POST, "templates", shared).await;
        for answer in store.changes(code).await {
            assert_eq!(answer["code"], 509);
        }
    }
}

#[tokio::test]
async fn the_list_counts_the_review_states() {
    let store = store().await;
    for state in ["REG", "REQ", "APR", "APR", "REJ"] {
        let code = store.add().await;
        store.review(&code, json!({ "inspStatus": state })).await;
    }
    let answer = store.call("list", &[]).await;
    assert_eq!(answer["info"], json!({ "REG": 1, "REQ": 1, "APR": 2, "REJ": 1 }));
}

#[tokio::test]
async fn the_template_calls_need_a_known_profile_and_their_fields() {
    let store = store().await;
    for (verb, fields) in [
        ("list", vec![]),
        ("list", vec![("senderkey", "someone-elses")]),
        ("add", vec![("senderkey", store.0.options.sender_key.as_str()), ("tpl_name", "안내")]),
        ("del", vec![("senderkey", store.0.options.sender_key.as_str())]),
    ] {
        let answer = store.0.call(&format!("/akv10/template/{verb}/"), fields).await;
        assert_eq!(answer["code"], -99, "{verb}");
    }
}

#[tokio::test]
async fn kakaos_limits_are_kept_when_a_template_is_added() {
    let store = store().await;
    let button = |name: &str, link: &str, count: usize| {
        let button = json!({ "name": name, "linkType": "WL", "linkMo": link });
        json!({ "button": vec![button; count] }).to_string()
    };
    let link = "https://go.example.com/c/#{link}";
    let long = "가".repeat(1_001);
    let variables = "#{가}".repeat(41);
    let refused = [
        ("tpl_content", long),
        ("tpl_content", variables),
        ("tpl_button", button("보기", link, 6)),
        ("tpl_button", button("열네 글자를 넘는 버튼의 이름", link, 1)),
        ("tpl_button", button("#{이름}", link, 1)),
        ("tpl_button", button("보기", "https://#{host}/c", 1)),
        ("tpl_button", button("보기", "#{url}", 1)),
        ("tpl_button", "not json".to_owned()),
        ("tpl_type", "XX".to_owned()),
        ("tpl_emtype", "TEXT".to_owned()),
    ];
    for (field, value) in refused {
        let fields = [("tpl_name", "안내"), ("tpl_content", "내용"), (field, value.as_str())];
        let answer = store.call("add", &fields).await;
        assert_eq!(answer["code"], -99, "{field}={value}");
    }
    let at_the_limit = "#{가}".repeat(40);
    let fields = [("tpl_name", "안내"), ("tpl_content", at_the_limit.as_str())];
    assert_eq!(store.call("add", &fields).await["code"], 0);
}
