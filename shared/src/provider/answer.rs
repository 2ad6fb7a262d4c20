//! Reading Aligo's answers: JSON whatever the content type says, the verdict in `code`, numbers as numbers or as text.

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};
use serde_json::Value;

use super::{ChangeOutcome, Listing, NoAnswer, Report, SendOutcome, TakenCall};
use crate::model::approval::{Comment, Described};
use crate::model::template::Button;

/// Korean time has no summer time.
pub(super) const KOREA: FixedOffset = FixedOffset::east_opt(9 * 3600).expect("nine hours is an offset");

/// What a call that sends came to.
pub(super) fn of_send(body: &[u8]) -> SendOutcome {
    let answer = match open(body) {
        Ok(answer) => answer,
        Err(NoAnswer::Refused { code, message }) => return SendOutcome::Rejected { code, message },
        Err(NoAnswer::Unusable(why)) => return SendOutcome::Unknown { why },
    };
    let info = &answer["info"];
    let count = |name: &str| text(&info[name]).parse().unwrap_or_default();
    match text(&info["mid"]) {
        mid if mid.is_empty() || mid.len() > 40 || !mid.bytes().all(|byte| byte.is_ascii_graphic()) => {
            SendOutcome::Unknown { why: "the answer names no usable mid".to_owned() }
        }
        mid => SendOutcome::Accepted { provider_id: mid, accepted: count("scnt"), refused: count("fcnt") },
    }
}

/// The templates of a channel.
pub(super) fn of_templates(body: &[u8]) -> Result<Vec<Described>, NoAnswer> {
    Ok(rows(&open(body)?).iter().map(template).collect())
}

/// What a call that changes templates came to.
pub(super) fn of_change(body: &[u8]) -> ChangeOutcome {
    match open(body) {
        Ok(answer) => ChangeOutcome::Done { code: text(&answer["data"]["templtCode"]) },
        Err(NoAnswer::Refused { code, message }) => ChangeOutcome::Refused { code, message },
        Err(NoAnswer::Unusable(why)) => ChangeOutcome::Unclear { why },
    }
}

/// How many `AlimTalk` messages the account pays for. Two shapes are documented, and two codes for success.
pub(super) fn of_balance(body: &[u8]) -> Result<u64, NoAnswer> {
    let answer = parse(body)?;
    let code = [&answer["code"], &answer["result_code"]].into_iter().map(text).find(|code| !code.is_empty());
    let code =
        code.and_then(|code| code.parse().ok()).ok_or_else(|| NoAnswer::Unusable("the answer has no code".to_owned()))?;
    if !matches!(code, 0 | 1) {
        return Err(NoAnswer::Refused { code, message: text(&answer["message"]) });
    }
    let counts = [&answer["ALT_CNT"], &answer["list"]["ALT_CNT"]];
    let count = counts.into_iter().find_map(|count| text(count).parse().ok());
    count.ok_or_else(|| NoAnswer::Unusable("the answer names no number of messages".to_owned()))
}

/// One page of the calls taken.
pub(super) fn of_history(body: &[u8]) -> Result<Listing<TakenCall>, NoAnswer> {
    let answer = open(body)?;
    // A list that is missing is not an empty one.
    let rows = answer["list"].as_array().ok_or_else(|| NoAnswer::Unusable("the history has no list".to_owned()))?;
    let call = |row: &Value| {
        // Both spellings are documented somewhere.
        let taken_at = moment(&text(&row["regdate"])).or_else(|| moment(&text(&row["reg_date"])));
        TakenCall { provider_id: text(&row["mid"]), taken_at, messages: text(&row["msg_count"]).parse().ok() }
    };
    Ok(Listing { rows: rows.iter().map(call).collect(), pages: pages(&answer), total: total(&answer) })
}

/// One page of the messages of a call.
pub(super) fn of_detail(body: &[u8]) -> Result<Listing<Report>, NoAnswer> {
    let answer = open(body)?;
    Ok(Listing { rows: rows(&answer).iter().map(report).collect(), pages: pages(&answer), total: total(&answer) })
}

/// The JSON, whatever it says.
fn parse(body: &[u8]) -> Result<Value, NoAnswer> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    serde_json::from_slice(body).map_err(|_| NoAnswer::Unusable("the answer is not JSON".to_owned()))
}

/// The JSON, if it says that the call succeeded.
fn open(body: &[u8]) -> Result<Value, NoAnswer> {
    let answer = parse(body)?;
    let code = text(&answer["code"]).parse().map_err(|_| NoAnswer::Unusable("the answer has no code".to_owned()))?;
    if code == 0 { Ok(answer) } else { Err(NoAnswer::Refused { code, message: text(&answer["message"]) }) }
}

/// A scalar as text; empty when there is none.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim_matches(' ').to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

fn rows(answer: &Value) -> &[Value] {
    answer["list"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn pages(answer: &Value) -> u32 {
    text(&answer["totalPage"]).parse().unwrap_or(1)
}

fn total(answer: &Value) -> Option<u32> {
    text(&answer["totalCount"]).parse().ok()
}

/// `YYYY-MM-DD HH:MM:SS` in Korea. An empty date is also written with zeros, which is none either.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok()?;
    local.and_local_timezone(KOREA).single().map(|moment| moment.to_utc())
}

fn report(row: &Value) -> Report {
    let code = text(&row["rslt"]);
    // A result that has not been reported yet can still change.
    let is_final = !code.is_empty() && text(&row["reportdate"]).contains(|digit| matches!(digit, '1'..='9'));
    Report {
        phone: text(&row["phone"]),
        text: row["message"].as_str().unwrap_or_default().to_owned(),
        buttons: match &row["button_json"] {
            buttons @ (Value::Object(_) | Value::Array(_)) => buttons.to_string(),
            buttons => text(buttons),
        },
        code,
        message: text(&row["rslt_message"]),
        is_final,
        // A zero says that there is none.
        substitute_id: Some(text(&row["smid"])).filter(|id| id != "0" && id.len() <= 40).unwrap_or_default(),
    }
}

fn template(row: &Value) -> Described {
    let has_title = text(&row["templateEmType"]) == "TEXT";
    Described {
        code: text(&row["templtCode"]),
        name: text(&row["templtName"]),
        // Every blank and line break of it is approved.
        content: row["templtContent"].as_str().unwrap_or_default().to_owned(),
        emphasis_title: if has_title { row["templtTitle"].as_str().unwrap_or_default().to_owned() } else { String::new() },
        buttons: row["buttons"].as_array().map(|buttons| buttons.iter().map(button).collect()).unwrap_or_default(),
        inspection: text(&row["inspStatus"]),
        status: text(&row["status"]),
        kind: text(&row["templateType"]),
        emphasis_kind: text(&row["templateEmType"]),
        emphasis_subtitle: if has_title { text(&row["templtSubtitle"]) } else { String::new() },
        comments: comments(&row["comments"]),
        created_at: moment(&text(&row["cdate"])),
    }
}

/// What the reviewers wrote, oldest first. Who wrote it is nobody's business.
fn comments(rows: &Value) -> Vec<Comment> {
    let comment = |row: &Value| {
        let written = if row.is_string() { row } else { &row["content"] };
        Comment { text: text(written), inspection: text(&row["status"]), written_at: moment(&text(&row["createdAt"])) }
    };
    let mut comments: Vec<_> = rows.as_array().into_iter().flatten().map(comment).collect();
    comments.retain(|comment| !comment.text.is_empty());
    comments.sort_by_key(|comment| comment.written_at);
    comments
}

fn button(row: &Value) -> Button {
    Button {
        name: row["name"].as_str().unwrap_or_default().to_owned(),
        link_type: text(&row["linkType"]),
        link_type_name: text(&row["linkTypeName"]),
        link_mo: text(&row["linkMo"]),
        link_pc: text(&row["linkPc"]),
        link_ios: text(&row["linkIos"]),
        link_and: text(&row["linkAnd"]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sent(answer: &str) -> SendOutcome {
        of_send(answer.as_bytes())
    }

    fn accepted(accepted: u32, refused: u32) -> SendOutcome {
        SendOutcome::Accepted { provider_id: "123".to_owned(), accepted, refused }
    }

    #[test]
    fn an_accepted_call_is_read_with_numbers_as_numbers_or_as_text() {
        for answer in [
            r#"{"code":0,"message":"성공적으로 전송요청 하였습니다.","info":{"type":"AT","mid":"123","current":"93.5","unit":6.5,"total":6.5,"scnt":3,"fcnt":1}}"#,
            r#"{"code":"0","message":"","info":{"mid":123,"scnt":"3","fcnt":"1"}}"#,
            "\u{feff}{\"code\":0,\"info\":{\"mid\":\"123\",\"scnt\":3,\"fcnt\":1}}\n",
        ] {
            assert_eq!(sent(answer), accepted(3, 1), "{answer}");
        }
        assert_eq!(sent(r#"{"code":0,"info":{"mid":"123"}}"#), accepted(0, 0));
    }

    #[test]
    fn a_readable_code_other_than_0_means_that_nothing_was_sent() {
        let rejected = |code, message: &str| SendOutcome::Rejected { code, message: message.to_owned() };
        assert_eq!(sent(r#"{"code":-99,"message":"포인트가 부족합니다."}"#), rejected(-99, "포인트가 부족합니다."));
        assert_eq!(sent(r#"{"code":"-101","message":"인증오류입니다."}"#), rejected(-101, "인증오류입니다."));
        assert_eq!(sent(r#"{"code":509}"#), rejected(509, ""));
    }

    #[test]
    fn an_answer_that_cannot_be_read_leaves_it_unknown() {
        for answer in [
            "",
            "<html><body>502 Bad Gateway</body></html>",
            r#"{"code":0,"message":"성공적으로 전송요"#,
            r#"{"code":0,"message":"성공"}"#,
            r#"{"code":0,"info":{"mid":""}}"#,
            r#"{"code":0,"info":{"mid":null,"scnt":1}}"#,
            r#"{"code":null,"info":{"mid":"123"}}"#,
            r#"{"message":"성공"}"#,
            r#"{"code":"zero"}"#,
            r#"{"code":true}"#,
            r#"[{"code":0}]"#,
            "0",
            "null",
        ] {
            assert!(matches!(sent(answer), SendOutcome::Unknown { .. }), "{answer}");
        }
        assert!(matches!(of_send(b"{\"code\":\xff}"), SendOutcome::Unknown { .. }));
    }

    #[test]
    fn a_history_is_read_in_korean_time_with_either_spelling_of_the_date() {
        let list = |row: Value| {
            let answer = json!({"code": 0, "list": [row], "currentPage": "1", "totalPage": "3", "totalCount": "101"});
            of_history(answer.to_string().as_bytes()).unwrap()
        };
        let call =
            |messages| TakenCall { provider_id: "7".to_owned(), taken_at: "2026-03-02T01:00:05Z".parse().ok(), messages };
        let expected = |messages| Listing { rows: vec![call(messages)], pages: 3, total: Some(101) };
        assert_eq!(list(json!({"mid": "7", "regdate": "2026-03-02 10:00:05", "msg_count": "1"})), expected(Some(1)));
        assert_eq!(list(json!({"mid": 7, "reg_date": "2026-03-02 10:00:05", "msg_count": 0})), expected(Some(0)));
        assert_eq!(list(json!({"mid": 7, "regdate": "yesterday"})).rows[0].taken_at, None);
    }

    #[test]
    fn a_count_that_cannot_be_read_is_not_a_number() {
        for count in [json!(null), json!(""), json!("many"), json!("-1"), json!("1.0"), json!([1])] {
            let answer = json!({"code": 0, "list": [{"mid": "7", "msg_count": count}], "totalCount": count});
            let listing = of_history(answer.to_string().as_bytes()).unwrap();
            assert_eq!((listing.rows[0].messages, listing.total, listing.pages), (None, None, 1), "{answer}");
            assert_eq!(of_detail(answer.to_string().as_bytes()).unwrap().total, None, "{answer}");
        }
    }

    #[test]
    fn the_balance_has_two_shapes_and_two_codes_of_success() {
        for answer in [
            r#"{"result_code":1,"message":"","SMS_CNT":10,"LMS_CNT":5,"MMS_CNT":1,"ALT_CNT":153}"#,
            r#"{"result_code":"1","ALT_CNT":"153"}"#,
            r#"{"code":0,"message":"","list":{"SMS_CNT":10,"ALT_CNT":153}}"#,
            r#"{"code":"1","list":{"ALT_CNT":"153"}}"#,
        ] {
            assert_eq!(of_balance(answer.as_bytes()), Ok(153), "{answer}");
        }
    }

    #[test]
    fn no_balance_is_not_a_balance_of_none() {
        let refused = of_balance(r#"{"code":-101,"message":"인증오류입니다."}"#.as_bytes());
        assert_eq!(refused, Err(NoAnswer::Refused { code: -101, message: "인증오류입니다.".to_owned() }));
        assert!(matches!(of_balance(br#"{"result_code":"-99","message":""}"#), Err(NoAnswer::Refused { code: -99, .. })));
        for answer in
            ["", "<html>", r#"{"ALT_CNT":1}"#, r#"{"code":1}"#, r#"{"code":"x","ALT_CNT":1}"#, r#"{"code":0,"ALT_CNT":"-3"}"#]
        {
            assert!(matches!(of_balance(answer.as_bytes()), Err(NoAnswer::Unusable(_))), "{answer}");
        }
    }

    #[test]
    fn a_substitute_is_known_by_its_id_and_zero_is_none() {
        let substitute = |smid: Value| {
            let answer = json!({"code": 0, "list": [{"phone": "01012345678", "smid": smid}]});
            of_detail(answer.to_string().as_bytes()).unwrap().rows.remove(0).substitute_id
        };
        assert_eq!(substitute(json!("123456789")), "123456789");
        assert_eq!(substitute(json!(42)), "42");
        for none in [json!("0"), json!(0), json!(""), json!(null), json!("9".repeat(41))] {
            assert_eq!(substitute(none.clone()), "", "{none}");
        }
    }

    #[test]
    fn an_empty_list_has_many_forms_but_a_history_without_one_is_no_history() {
        let empty = r#"{"code":"0","list":[],"totalPage":""}"#;
        assert!(of_history(empty.as_bytes()).unwrap().rows.is_empty());
        for answer in [r#"{"code":0}"#, r#"{"code":0,"list":null,"totalPage":0}"#, empty] {
            assert!(of_detail(answer.as_bytes()).unwrap().rows.is_empty(), "{answer}");
            assert!(answer == empty || matches!(of_history(answer.as_bytes()), Err(NoAnswer::Unusable(_))), "{answer}");
        }
    }

    #[test]
    fn a_result_is_final_once_it_is_reported() {
        let row = |rslt: Value, reportdate: Value| {
            let answer = json!({"code": 0, "list": [{"msgid": "Q1", "phone": "01012345678", "rslt": rslt, "reportdate": reportdate,
                "rslt_message": "성공", "message": "본문\r\n", "button_json": "{\"button\":[]}"}], "totalPage": 1});
            of_detail(answer.to_string().as_bytes()).unwrap().rows.remove(0)
        };
        let delivered = row(json!("0"), json!("2026-03-02 10:00:05"));
        assert_eq!((delivered.code.as_str(), delivered.is_final, delivered.text.as_str()), ("0", true, "본문\r\n"));
        assert!(row(json!(0), json!("2026-03-02 10:00:05")).is_final);
        for pending in [row(json!(""), json!("")), row(json!(null), json!(null)), row(json!("5"), json!("0000-00-00 00:00:00"))]
        {
            assert!(!pending.is_final, "{pending:?}");
        }
    }

    #[test]
    fn a_template_is_read_with_its_line_breaks() {
        let answer = json!({"code": 0, "message": "", "list": [{
            "senderKey": "k", "templtCode": "TD_1", "templtName": "예약", "templtContent": "#{고객명}님\r\n안내 ",
            "templateType": "BA", "templateEmType": "NONE", "templtTitle": "숨은 제목", "templtSubtitle": null,
            "status": "R", "inspStatus": "APR", "cdate": "2026-03-02 10:00:00", "comments": [
                {"id": 2, "content": "고쳐 주세요", "userName": "심사", "createdAt": "2026-03-03 10:00:00", "status": "REJ"},
                "처음", {"content": null},
            ],
            "buttons": [{"ordering": "1", "name": "보기", "linkType": "WL", "linkTypeName": "웹링크",
                "linkMo": "https://go.example.com/c/#{link}", "linkPc": null}],
        }], "info": {"REG": 0, "REQ": 0, "APR": 1, "REJ": 0}});
        let templates = of_templates(answer.to_string().as_bytes()).unwrap();
        let expected = Described {
            code: "TD_1".to_owned(),
            name: "예약".to_owned(),
            content: "#{고객명}님\r\n안내 ".to_owned(),
            emphasis_title: String::new(),
            buttons: vec![Button {
                name: "보기".to_owned(),
                link_type: "WL".to_owned(),
                link_type_name: "웹링크".to_owned(),
                link_mo: "https://go.example.com/c/#{link}".to_owned(),
                ..Button::default()
            }],
            inspection: "APR".to_owned(),
            status: "R".to_owned(),
            kind: "BA".to_owned(),
            emphasis_kind: "NONE".to_owned(),
            emphasis_subtitle: String::new(),
            comments: vec![
                Comment { text: "처음".to_owned(), ..Comment::default() },
                Comment {
                    text: "고쳐 주세요".to_owned(),
                    inspection: "REJ".to_owned(),
                    written_at: "2026-03-03T01:00:00Z".parse().ok(),
                },
            ],
            created_at: "2026-03-02T01:00:00Z".parse().ok(),
        };
        assert_eq!(templates, [expected]);
        let titled = json!({"code": 0, "list": [{"templateEmType": "TEXT", "templtTitle": "제목", "templtSubtitle": "보조"}]});
        let titled = of_templates(titled.to_string().as_bytes()).unwrap().remove(0);
        assert_eq!((titled.emphasis_title.as_str(), titled.emphasis_subtitle.as_str()), ("제목", "보조"));
        let refused = of_templates(r#"{"code":-99,"message":"인증되지 않는 서버 IP로 부터의 호출 입니다."}"#.as_bytes());
        assert!(matches!(refused, Err(NoAnswer::Refused { code: -99, .. })));
    }

    #[test]
    fn a_change_is_done_refused_or_unclear() {
        let done = |code: &str| ChangeOutcome::Done { code: code.to_owned() };
        assert_eq!(of_change(r#"{"code":0,"message":"","data":{"templtCode":"TA_1","status":"R"}}"#.as_bytes()), done("TA_1"));
        assert_eq!(of_change(r#"{"code":"0","message":"검수요청을 하였습니다."}"#.as_bytes()), done(""));
        let refused = of_change(r#"{"code":509,"message":"수정 가능 상태가 아닙니다."}"#.as_bytes());
        assert_eq!(refused, ChangeOutcome::Refused { code: 509, message: "수정 가능 상태가 아닙니다.".to_owned() });
        for answer in ["", r#"{"code":0,"mess"#, r#"{"message":"성공"}"#] {
            assert!(matches!(of_change(answer.as_bytes()), ChangeOutcome::Unclear { .. }), "{answer}");
        }
    }
}
