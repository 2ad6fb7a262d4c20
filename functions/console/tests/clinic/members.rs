//! How a clinic sees its members.

use serde_json::{Value, json};

use crate::standin::Browser;

fn member(code_of: &Value) -> Value {
    json!({
        "userId": "usr_1", "name": "김단골", "phone": null, "membership": "confirmed", "referralCode": "7K3M9QXF",
        "referralCodeOf": code_of, "points": 0, "since": "2026-11-20T00:00:00Z",
    })
}

#[tokio::test]
async fn a_list_says_by_whose_code_somebody_came_and_keeps_the_code_small() {
    let mut staff = Browser::of_clinic("staff").await;
    staff.answers("GET /v1/members/counts", 200, json!({ "pending": 0, "confirmed": 1, "ended": 0 }));
    for (of, name) in [
        (json!({ "owner": "clinic", "label": "<b>접수대</b>" }), "&lt;b&gt;접수대&lt;/b&gt;"),
        (json!({ "owner": "clinic" }), "기본 코드"),
        (json!({ "owner": "member", "invitedBy": { "userId": "usr_2", "name": "이친구" } }), "이친구의 초대"),
        (json!({ "owner": "member" }), "탈퇴한 분의 초대"),
    ] {
        staff.answers("GET /v1/members", 200, json!({ "items": [member(&of)], "nextCursor": null }));
        let page = staff.get("/members?state=confirmed").await.body;
        assert!(page.contains(&format!("{name}</a><br><code class=\"muted small\">7K3M9QXF</code>")), "{name}: {page}");
        assert!(staff.get("/members?code=7K3M9QXF").await.body.contains(&format!("<strong>{name}</strong>")), "{name}");
    }
}

#[tokio::test]
async fn a_members_page_says_which_customer_it_is_or_why_there_is_none() {
    let mut staff = Browser::of_clinic("staff").await;
    staff.answers("GET /v1/members/usr_1/tree", 200, json!({ "people": [], "isCut": false }));
    staff.answers("GET /v1/points", 200, json!({ "items": [], "nextCursor": null }));
    for (membership, customer, phone, said) in [
        ("confirmed", Some("cus_1"), Some("010-1234-5678"), "본인이 인증한 휴대폰 번호로 연결되었습니다"),
        ("pending", None, None, "단골로 확인하면"),
        ("confirmed", None, None, "휴대폰 번호를 아직 인증하지 않았습니다"),
        ("confirmed", None, Some("010-1234-5678"), "다른 단골과 연결되어 있거나"),
    ] {
        let profile = json!({
            "userId": "usr_1", "name": "김단골", "phone": phone, "membership": membership, "since": "2026-11-20T00:00:00Z",
            "customerId": customer, "points": 0, "pointsHeld": 0, "invitedCount": 0,
            "source": { "code": "7K3M9QXF", "owner": "clinic", "label": "접수대" },
        });
        staff.answers("GET /v1/members/usr_1", 200, profile);
        let page = staff.get("/members/usr_1").await.body;
        assert!(page.contains(said), "{said}: {page}");
        assert_eq!(page.contains("href=\"/customers/cus_1\""), customer.is_some());
    }
}
