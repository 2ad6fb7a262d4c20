//! Who may call, and the calls about the account.

use reqwest::Method;
use serde_json::json;

use crate::support::{DETAIL, LIST, SEND, Simulator, call_with, mid_of, receiver, replace, text};

const NOTHING: [(&str, &str); 0] = [];

#[tokio::test]
async fn a_wrong_key_or_account_is_refused_by_every_call() {
    let simulator = Simulator::with_template().await;
    for path in [
        SEND,
        LIST,
        DETAIL,
        "/akv10/heartinfo/",
        "/akv10/cancel/",
        "/akv10/profile/list/",
        "/akv10/template/list/",
        "/akv10/template/add/",
    ] {
        for (key, user) in [("wrong", "simulator"), ("simulator-api-key", "wrong"), ("", "")] {
            let mut fields = call_with(&[receiver("01012345678")]);
            fields.push(("apikey".to_owned(), key.to_owned()));
            fields.push(("userid".to_owned(), user.to_owned()));
            let response = simulator.post(path, &fields).await.unwrap();
            assert_eq!(response.status(), 200);
            let answer: serde_json::Value = response.json().await.unwrap();
            assert_eq!(answer, json!({ "code": -101, "message": "인증오류입니다." }), "{path}");
        }
    }
    assert_eq!(simulator.truth().await["acceptedCalls"], 0);
}

#[tokio::test]
async fn a_body_that_is_no_form_is_refused_with_200() {
    let simulator = Simulator::start().await;
    let client = &simulator.client;
    let json_body = client.post(simulator.url(SEND)).body(r#"{"apikey":"k"}"#).send().await.unwrap();
    assert_eq!(json_body.status(), 200);
    let without = client.get(simulator.url(SEND)).send().await.unwrap();
    assert_eq!(without.status(), 200);
    assert!(without.text().await.unwrap().contains("-101"));
}

#[tokio::test]
async fn the_code_of_a_wrong_key_can_be_minus_99() {
    let simulator = Simulator::start().await;
    simulator.settings(json!({ "authFailureCode": -99 })).await;
    let response = simulator.post(LIST, &[]).await.unwrap();
    assert!(response.text().await.unwrap().contains(r#""code":-99"#));
}

#[tokio::test]
async fn an_address_that_is_not_registered_is_refused_even_for_reads() {
    let simulator = Simulator::start().await;
    simulator.settings(json!({ "allowedIps": ["203.0.113.7"] })).await;
    let refused = json!({
        "code": -99,
        "message": "인증되지 않는 서버 IP로 부터의 호출 입니다.",
    });
    assert_eq!(simulator.call(LIST, NOTHING).await, refused);
    assert_eq!(simulator.call("/akv10/heartinfo/", NOTHING).await, refused);
    simulator.settings(json!({ "allowedIps": ["203.0.113.7", "127.0.0.1"] })).await;
    assert_eq!(simulator.call(LIST, NOTHING).await["code"], 0);
}

#[tokio::test]
async fn answers_are_json_whatever_the_content_type_says() {
    let simulator = Simulator::start().await;
    for (choice, header) in [("html", "text/html; charset=UTF-8"), ("json", "application/json; charset=utf-8")] {
        simulator.settings(json!({ "contentType": choice })).await;
        let response = simulator.post(LIST, &simulator.signed(NOTHING)).await.unwrap();
        assert_eq!(response.headers()["content-type"], header);
        assert_eq!(response.json::<serde_json::Value>().await.unwrap()["code"], 0);
    }
}

#[tokio::test]
async fn numbers_can_come_as_strings_or_strings_as_numbers() {
    let simulator = Simulator::with_template().await;
    simulator.settings(json!({ "numbers": "strings" })).await;
    let answer = simulator.send(&[receiver("01012345678")]).await;
    assert_eq!(answer["code"], "0");
    assert_eq!(answer["info"]["scnt"], "1");
    assert_eq!(answer["info"]["unit"], "6.5");
    let mid = text(&answer["info"]["mid"]);

    simulator.advance(3_000);
    simulator.settings(json!({ "numbers": "numbers" })).await;
    let list = simulator.call(LIST, NOTHING).await;
    assert_eq!(list["totalCount"], 1);
    assert_eq!(list["list"][0]["mid"].as_u64().unwrap().to_string(), mid);
    assert_eq!(list["list"][0]["msg_count"], 1);
    let row = simulator.row(&mid).await;
    assert_eq!(row["smid"], 0);
    assert_eq!(row["rslt"], "0", "a letter stays a letter");
}

#[tokio::test]
async fn profiles_are_listed_and_can_be_searched() {
    let simulator = Simulator::start().await;
    simulator.admin(Method::POST, "profiles", json!({ "senderKey": "second", "uuid": "@second", "name": "둘째" })).await;
    let all = simulator.call("/akv10/profile/list/", NOTHING).await;
    assert_eq!(
        all["list"][0],
        json!({
            "senderKey": simulator.options.sender_key, "uuid": "@dangol", "name": "단골의원",
            "status": "A", "profileStat": "A",
        })
    );
    assert_eq!(all["list"].as_array().unwrap().len(), 2);
    for search in [("plusid", "@second"), ("senderkey", "second")] {
        let found = simulator.call("/akv10/profile/list/", [search]).await;
        assert_eq!(found["list"].as_array().unwrap().len(), 1);
        assert_eq!(found["list"][0]["name"], "둘째");
    }
}

#[tokio::test]
async fn heartinfo_counts_what_the_money_pays_for_in_either_shape() {
    let simulator = Simulator::start().await;
    simulator.admin(Method::PUT, "balance", json!({ "balance": 100.0 })).await;
    let flat = simulator.call("/akv10/heartinfo/", NOTHING).await;
    assert_eq!(flat["result_code"], 1);
    assert_eq!(flat["ALT_CNT"], 15);
    assert_eq!(flat["SMS_CNT"], 11);
    assert_eq!(flat["LMS_CNT"], 3);
    assert_eq!(flat["MMS_CNT"], 1);

    simulator.settings(json!({ "heartinfoShape": "list", "doneCode": 0 })).await;
    let listed = simulator.call("/akv10/heartinfo/", NOTHING).await;
    assert_eq!(listed["code"], 0);
    assert_eq!(listed["list"]["ALT_CNT"], 15);
    assert!(listed.get("ALT_CNT").is_none());
}

#[tokio::test]
async fn a_reservation_is_cancelled_until_five_minutes_before_it_is_due() {
    let simulator = Simulator::with_template().await;
    let mut fields = call_with(&[receiver("01012345678")]);
    fields.push(("senddate".to_owned(), "20260302121000".to_owned()));
    let early = mid_of(&simulator.call(SEND, fields.clone()).await);
    replace(&mut fields, "receiver_1", "01012345679");
    let late = mid_of(&simulator.call(SEND, fields).await);

    simulator.advance(5 * 60_000);
    let cancelled = simulator.call("/akv10/cancel/", [("mid", early.as_str())]).await;
    assert_eq!(cancelled["code"], 1);
    simulator.advance(1);
    let refused = simulator.call("/akv10/cancel/", [("mid", late.as_str())]).await;
    let too_late = json!({ "code": -99, "message": "발송 5분전까지만 취소가 가능합니다." });
    assert_eq!(refused, too_late);

    simulator.advance(3_600_000);
    assert!(simulator.detail(&early).await.is_empty());
    assert_eq!(simulator.row(&late).await["rslt"], "0");
    let truth = simulator.truth().await;
    assert_eq!(truth["acceptedMessages"], 1);
    let left = simulator.admin(Method::GET, "balance", json!(null)).await;
    assert_eq!(left["balance"], 9_999_993.5, "the money came back");
}

#[tokio::test]
async fn a_call_that_was_not_reserved_cannot_be_cancelled() {
    let simulator = Simulator::with_template().await;
    let mid = simulator.accepted(&[receiver("01012345678")]).await;
    for fields in [vec![("mid", mid.as_str())], vec![("mid", "1")], vec![]] {
        assert_eq!(simulator.call("/akv10/cancel/", fields).await["code"], -99);
    }
}

#[tokio::test]
async fn the_old_token_call_still_answers_and_a_token_is_ignored() {
    let simulator = Simulator::start().await;
    let answer = simulator.call("/akv10/token/create/30/s/", NOTHING).await;
    assert_eq!(answer["code"], 0);
    assert!(answer["token"].is_string());
    assert_eq!(simulator.call("/akv10/token/create/30/w/", NOTHING).await["code"], -99);
    assert_eq!(simulator.call(LIST, [("token", "anything")]).await["code"], 0);
}

#[tokio::test]
async fn a_path_that_does_not_exist_is_refused_with_200() {
    let simulator = Simulator::start().await;
    assert_eq!(simulator.call("/akv10/no/such/", NOTHING).await["code"], -99);
}
