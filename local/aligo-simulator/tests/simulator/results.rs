//! What becomes of messages: `history/list` and `history/detail`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    DETAIL, LIST, Receiver, SEND, Simulator, button, call_with, message, mid_of, receiver, replace, rows, template, text,
};

#[tokio::test]
async fn a_message_is_absent_then_pending_then_final() {
    let simulator = Simulator::with_template().await;
    let mid = simulator.accepted(&[receiver("010-1234-5678")]).await;
    assert!(simulator.detail(&mid).await.is_empty());

    simulator.advance(1_000);
    let pending = simulator.row(&mid).await;
    let msgid = text(&pending["msgid"]);
    assert!(msgid.starts_with('Q'));
    assert_eq!(pending["rslt"], "");
    assert_eq!(pending["reportdate"], "");

    simulator.advance(2_000);
    assert_eq!(
        simulator.row(&mid).await,
        json!({
            "msgid": msgid.trim_start_matches('Q'), "type": "AT", "sender": "0212345678",
            "phone": "01012345678", "status": "2", "reqdate": "2026-03-02 12:00:00",
            "sentdate": "2026-03-02 12:00:01", "rsltdate": "2026-03-02 12:00:03",
            "reportdate": "2026-03-02 12:00:03", "rslt": "0", "rslt_message": "성공",
            "message": message("김단골"), "button_json": button("token-010-1234-5678"),
            "tpl_code": "TEST_1", "senderKey": simulator.options.sender_key, "smid": "0",
        })
    );
}

#[tokio::test]
async fn the_last_digits_of_a_number_choose_its_result() {
    let simulator = Simulator::with_template().await;
    let letters = "0125689ABCDEFGHIJkLMStUVZ";
    let numbers: Vec<String> = (0..letters.len()).map(|index| format!("010120099{index:02}")).collect();
    let receivers: Vec<Receiver> = numbers.iter().map(|number| receiver(number)).collect();
    let mid = simulator.accepted(&receivers).await;
    simulator.advance(3_000);
    let results: String = simulator.detail(&mid).await.iter().map(|row| text(&row["rslt"])).collect();
    assert_eq!(results, letters);
}

#[tokio::test]
async fn ordinary_failures_can_be_switched_off() {
    let simulator = Simulator::with_template().await;
    assert_eq!(simulator.result_of(receiver("01012345692")).await, "B");
    simulator.settings(json!({ "ordinaryFailures": false })).await;
    assert_eq!(simulator.result_of(receiver("01012345692")).await, "0");
}

#[tokio::test]
async fn an_outcome_can_be_set_for_one_number() {
    let simulator = Simulator::with_template().await;
    simulator.settings(json!({ "outcomes": { "01012345678": "B" } })).await;
    assert_eq!(simulator.result_of(receiver("010-1234-5678")).await, "B");
}

#[tokio::test]
async fn some_messages_stay_pending_and_some_are_never_listed() {
    let simulator = Simulator::with_template().await;
    let mid = simulator.accepted(&[receiver("01012009940"), receiver("01012009941")]).await;
    simulator.advance(24 * 3_600_000);
    let row = simulator.row(&mid).await;
    assert_eq!(row["phone"], "01012009940");
    assert_eq!(row["rslt"], "");
    assert!(text(&row["msgid"]).starts_with('Q'));
}

#[tokio::test]
async fn some_messages_are_slow_some_immediate_and_some_change_their_mind() {
    let simulator = Simulator::with_template().await;
    let numbers = ["01012009942", "01012009943", "01012009944"];
    let mid = simulator.accepted(&numbers.map(receiver)).await;
    assert_eq!(simulator.row(&mid).await["phone"], "01012009943");
    assert_eq!(simulator.row(&mid).await["rslt"], "0");

    simulator.advance(3_000);
    let rows = simulator.detail(&mid).await;
    assert_eq!(rows[0]["rslt"], "");
    assert_eq!(rows[2]["rslt"], "5");
    assert_eq!(rows[2]["reportdate"], "");

    simulator.advance(27_000);
    let rows = simulator.detail(&mid).await;
    assert_eq!(rows[0]["rslt"], "0");
    assert_eq!(rows[2]["rslt"], "0");
    assert_eq!(rows[2]["reportdate"], "2026-03-02 12:00:06");
}

#[tokio::test]
async fn a_malformed_number_is_listed_with_status_3_or_not_at_all() {
    let simulator = Simulator::with_template().await;
    let mid = simulator.accepted(&[receiver("010-12")]).await;
    let row = simulator.row(&mid).await;
    assert_eq!(row["status"], "3");
    assert_eq!(row["rslt"], "I");
    assert_eq!(row["phone"], "010-12");
    simulator.settings(json!({ "malformedListed": false })).await;
    assert!(simulator.detail(&mid).await.is_empty());
}

#[tokio::test]
async fn a_message_that_differs_from_its_template_is_accepted_and_fails_later() {
    let simulator = Simulator::with_template().await;
    let good = receiver("01012345678");
    let wrong_buttons = json!({ "button": [{ "name": "다른 이름", "linkType": "WL",
        "linkMo": "https://go.example.com/c/1", "linkPc": "https://go.example.com/c/1" }] });
    let wrong = [
        Receiver { message: message("김단골") + "!", ..good.clone() },
        Receiver { message: message("김단골").replace("\r\n", "\n"), ..good.clone() },
        Receiver { button: None, ..good.clone() },
        Receiver { button: Some("{".to_owned()), ..good.clone() },
        Receiver { button: Some(wrong_buttons.to_string()), ..good.clone() },
        Receiver { button: Some(button("1").replace("go.example", "evil.example")), ..good.clone() },
        Receiver { emtitle: Some("제목".to_owned()), ..good.clone() },
    ];
    for (number, wrong) in wrong.into_iter().enumerate() {
        assert_eq!(simulator.result_of(wrong).await, "U", "number {number}");
    }
    assert_eq!(simulator.result_of(good).await, "0");
}

#[tokio::test]
async fn the_older_spelling_of_button_links_is_accepted() {
    let simulator = Simulator::with_template().await;
    let older = json!({ "button": [{
        "name": "예약 보기", "linkType": "WL", "linkTypeName": "웹링크",
        "linkM": "https://go.example.com/c/old", "linkP": "https://go.example.com/c/old",
        "linkI": "", "linkA": "",
    }] });
    let sent = Receiver { button: Some(older.to_string()), ..receiver("01012345678") };
    assert_eq!(simulator.result_of(sent).await, "0");
    assert_eq!(simulator.truth().await["perLinkToken"]["old"], 1);
}

#[tokio::test]
async fn line_breaks_can_be_compared_loosely() {
    let simulator = Simulator::with_template().await;
    simulator.settings(json!({ "lineBreaks": "either" })).await;
    let sent = Receiver { message: message("김단골").replace("\r\n", "\n"), ..receiver("01012345678") };
    assert_eq!(simulator.result_of(sent).await, "0");
}

#[tokio::test]
async fn an_emphasised_template_needs_its_title() {
    let simulator = Simulator::start().await;
    let mut emphasised = template();
    emphasised["templateEmType"] = "TEXT".into();
    emphasised["templtTitle"] = "#{날짜} 예약".into();
    simulator.admin(Method::POST, "templates", emphasised).await;
    let good = Receiver { emtitle: Some("3일 예약".to_owned()), ..receiver("01012345678") };
    let other = Receiver { emtitle: Some("3일 취소".to_owned()), ..good.clone() };
    let missing = Receiver { emtitle: None, ..good.clone() };
    assert_eq!(simulator.result_of(good).await, "0");
    assert_eq!(simulator.result_of(other).await, "U");
    assert_eq!(simulator.result_of(missing).await, "U");
}

#[tokio::test]
async fn a_template_that_is_unknown_unapproved_or_stopped_fails_with_m() {
    let simulator = Simulator::start().await;
    let one = || receiver("01012345678");
    assert_eq!(simulator.result_of(one()).await, "M");
    for (status, review, rslt) in
        [("R", "REG", "M"), ("R", "REQ", "M"), ("R", "REJ", "M"), ("S", "APR", "M"), ("A", "APR", "0"), ("R", "APR", "0")]
    {
        let mut seeded = template();
        seeded["status"] = status.into();
        seeded["inspStatus"] = review.into();
        simulator.admin(Method::POST, "templates", seeded).await;
        assert_eq!(simulator.result_of(one()).await, rslt, "{status} {review}");
    }
}

#[tokio::test]
async fn a_sender_number_that_is_not_the_accounts_fails_with_s() {
    let simulator = Simulator::with_template().await;
    simulator.settings(json!({ "senders": ["02-1234-5678"] })).await;
    assert_eq!(simulator.result_of(receiver("01012345678")).await, "0");
    simulator.settings(json!({ "senders": ["02-9999-9999"] })).await;
    assert_eq!(simulator.result_of(receiver("01012345678")).await, "S");
}

#[tokio::test]
async fn a_text_of_more_than_a_thousand_characters_fails_with_l() {
    let simulator = Simulator::with_template().await;
    let fixed = message("").replace("\r\n", "\n").chars().count();
    let of_length = |length: usize| Receiver { message: message(&"가".repeat(length - fixed)), ..receiver("01012345678") };
    assert_eq!(simulator.result_of(of_length(1_000)).await, "0");
    assert_eq!(simulator.result_of(of_length(1_001)).await, "L");
}

#[tokio::test]
async fn the_same_text_to_the_same_number_within_five_seconds_fails_with_d() {
    let simulator = Simulator::with_template().await;
    let first = simulator.accepted(&[receiver("01012345678"), receiver("010-1234-5678")]).await;
    simulator.advance(5_000);
    let within = simulator.accepted(&[receiver("01012345678")]).await;
    let other_text = Receiver { message: message("박단골"), ..receiver("01012345678") };
    let other_text = simulator.accepted(&[other_text]).await;
    simulator.advance(5_001);
    let later = simulator.accepted(&[receiver("01012345678")]).await;
    simulator.advance(60_000);

    let rows = simulator.detail(&first).await;
    assert_eq!([&rows[0]["rslt"], &rows[1]["rslt"]], ["0", "D"]);
    assert_eq!(simulator.row(&within).await["rslt"], "D");
    assert_eq!(simulator.row(&other_text).await["rslt"], "0");
    assert_eq!(simulator.row(&later).await["rslt"], "0");
}

#[tokio::test]
async fn the_list_shows_calls_newest_first_with_both_dates() {
    let simulator = Simulator::with_template().await;
    let first = simulator.accepted(&[receiver("01012345678"), receiver("1")]).await;
    simulator.advance(86_400_000);
    let second = simulator.accepted(&[receiver("01012345679")]).await;
    let answer = simulator.call(LIST, [("page", "1")]).await;
    assert_eq!(answer["currentPage"], "1");
    assert_eq!(answer["totalPage"], "1");
    assert_eq!(answer["totalCount"], "2");
    let rows = rows(&answer);
    assert_eq!(rows[0]["mid"], second.as_str());
    assert_eq!(
        rows[1],
        json!({
            "mid": first, "type": "AT", "sender": "0212345678", "msg_count": "1",
            "mbody": message("김단골"), "reserve_date": "", "reserve_state": "",
            "regdate": "2026-03-02 12:00:00", "reg_date": "2026-03-02 12:00:00",
        })
    );
}

#[tokio::test]
async fn the_list_can_be_narrowed_to_days_in_korea() {
    let simulator = Simulator::with_template().await;
    simulator.advance(11 * 3_600_000 + 3_599_000);
    let before_midnight = simulator.accepted(&[receiver("01012345678")]).await;
    simulator.advance(1_000);
    let after_midnight = simulator.accepted(&[receiver("01012345678")]).await;
    let mids = async |from: &str, until: &str| -> Vec<Value> {
        let days = [("startdate", from), ("enddate", until)];
        let found = rows(&simulator.call(LIST, days).await);
        found.iter().map(|row| row["mid"].clone()).collect()
    };
    assert_eq!(mids("20260302", "20260302").await, [before_midnight.as_str()]);
    assert_eq!(mids("20260303", "20260303").await, [after_midnight.as_str()]);
    assert_eq!(mids("20260302", "20260303").await.len(), 2);
    let wrong = simulator.call(LIST, [("startdate", "yesterday")]).await;
    assert_eq!(wrong["code"], -99);
}

#[tokio::test]
async fn either_name_of_the_date_can_be_chosen() {
    let simulator = Simulator::with_template().await;
    simulator.accepted(&[receiver("01012345678")]).await;
    for (choice, present, absent) in [("regdate", "regdate", "reg_date"), ("regDate", "reg_date", "regdate")] {
        simulator.settings(json!({ "dateField": choice })).await;
        let row = rows(&simulator.call(LIST, [("page", "1")]).await).remove(0);
        assert!(row.get(present).is_some() && row.get(absent).is_none(), "{row}");
    }
}

#[tokio::test]
async fn both_lists_come_in_pages_of_50_to_500() {
    let simulator = Simulator::with_template().await;
    let receivers: Vec<Receiver> = (0..120).map(|index| receiver(&format!("0101111{index:04}"))).collect();
    let mid = simulator.accepted(&receivers).await;
    simulator.advance(3_000);
    let page = async |page: &str, limit: &str| {
        let fields = [("mid", mid.as_str()), ("page", page), ("limit", limit)];
        simulator.call(DETAIL, fields).await
    };
    let third = page("3", "50").await;
    assert_eq!(rows(&third).len(), 20);
    assert_eq!(rows(&third)[0]["phone"], "01011110100");
    assert_eq!(third["currentPage"], "3");
    assert_eq!(third["totalPage"], "3");
    assert_eq!(third["totalCount"], "120");
    assert_eq!(rows(&page("1", "1").await).len(), 50);
    assert_eq!(rows(&page("1", "9999").await).len(), 120);
    assert!(rows(&page("4", "50").await).is_empty());
}

#[tokio::test]
async fn the_detail_of_an_unknown_call_is_empty_and_needs_a_mid() {
    let simulator = Simulator::with_template().await;
    assert!(simulator.detail("12345").await.is_empty());
    assert!(simulator.detail("no number").await.is_empty());
    let none: [(&str, &str); 0] = [];
    assert_eq!(simulator.call(DETAIL, none).await["code"], -99);
}

#[tokio::test]
async fn a_reservation_begins_its_life_when_it_is_due() {
    let simulator = Simulator::with_template().await;
    let mut fields = call_with(&[receiver("01012345678")]);
    fields.push(("senddate".to_owned(), "20260302130000".to_owned()));
    let mid = mid_of(&simulator.call(SEND, fields).await);
    let state = async || {
        let row = rows(&simulator.call(LIST, [("page", "1")]).await).remove(0);
        (text(&row["reserve_date"]), text(&row["reserve_state"]))
    };
    assert_eq!(state().await, ("2026-03-02 13:00:00".to_owned(), "예약대기중".to_owned()));
    simulator.advance(3_600_000);
    assert!(simulator.detail(&mid).await.is_empty());
    assert_eq!(state().await.1, "발송완료");
    simulator.advance(3_000);
    assert_eq!(simulator.row(&mid).await["rslt"], "0");
}

#[tokio::test]
async fn a_wrong_template_code_is_not_reported_at_once() {
    let simulator = Simulator::with_template().await;
    let mut fields = call_with(&[receiver("01012345678")]);
    replace(&mut fields, "tpl_code", "NO_SUCH");
    assert_eq!(simulator.call(SEND, fields).await["code"], 0);
}
