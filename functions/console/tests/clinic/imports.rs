//! Imports: mending rows, and what is told of one that was taken back.

use serde_json::{Value, json};

use crate::standin::Browser;

fn import(state: &str) -> Value {
    json!({
        "id": "imp_1", "fileName": "고객.xlsx", "state": state, "rowsRead": 5, "rowsCommitted": 3, "rowsAdded": 2, "rowsUpdated": 1,
        "rowsUndone": if state == "undone" { 2 } else { 0 }, "rowsKept": 1, "rowsExpired": false, "createdAt": "2026-11-21T00:00:00Z",
        "options": { "existing": "update" }, "sheet": null, "sheets": [], "headerRow": 1, "columns": [], "sample": [],
        "remappable": false, "counts": { "new": 2, "updates": 1, "bad_phone": 1, "missing_name": 1 }, "deleted": 0,
    })
}

fn rows(rows: &[(u64, &str)]) -> Value {
    let row = |(number, verdict): &(u64, &str)| {
        json!({
            "number": number, "name": "이성찬", "phoneText": "010-12", "phone": null, "group": null, "attributes": {}, "verdict": verdict,
            "deleted": false, "outcome": null, "customerId": null, "changes": [], "reason": "번호가 아닙니다.",
        })
    };
    json!({ "items": rows.iter().map(row).collect::<Vec<_>>(), "nextCursor": null })
}

/// Staff before an import with two rows to mend.
async fn staff(edited: Value) -> Browser {
    let browser = Browser::of_clinic("staff").await;
    browser.answers("GET /v1/imports/imp_1", 200, import("ready"));
    browser.answers("GET /v1/imports/imp_1/rows?verdict=bad_phone", 200, rows(&[(7, "bad_phone")]));
    browser.answers("GET /v1/imports/imp_1/rows?verdict=missing_name", 200, rows(&[(3, "missing_name")]));
    browser.answers("PATCH /v1/imports/imp_1/rows/4", 200, edited);
    browser
}

#[tokio::test]
async fn a_row_that_is_still_bad_stays_to_be_mended_with_the_reason_at_its_field() {
    let mut browser = staff(json!({ "verdict": "bad_phone", "reason": "번호가 아닙니다." })).await;
    for buttons in [vec![], vec![("and-on", "yes")]] {
        let form: Vec<_> = [("name", "이성찬"), ("phone", "010-123")].into_iter().chain(buttons).collect();
        let shown = browser.post("/imports/imp_1/rows/4", &form).await.body;
        for part in ["id=\"field-phone-error\">번호가 아닙니다.", "value=\"010-123\"", "4행을 저장했지만"] {
            assert!(shown.contains(part), "{part}\n{shown}");
        }
    }
}

#[tokio::test]
async fn the_next_row_to_mend_is_one_further_down_and_then_one_from_the_beginning() {
    let mut browser = staff(json!({ "verdict": "new", "reason": null })).await;
    let form = [("name", "이성찬"), ("phone", "010-1234-5678"), ("and-on", "yes")];
    let path = "/imports/imp_1/rows/4";
    assert_eq!(browser.post(path, &form).await.location, "/imports/imp_1/rows/7?verdict=bad_phone");
    browser.answers("GET /v1/imports/imp_1/rows?verdict=bad_phone", 200, rows(&[]));
    assert_eq!(browser.post(path, &form).await.location, "/imports/imp_1/rows/3?verdict=missing_name");
    browser.answers("GET /v1/imports/imp_1/rows?verdict=missing_name", 200, rows(&[]));
    assert_eq!(browser.post(path, &form).await.location, "/imports/imp_1");
    assert_eq!(browser.post(path, &form[..2]).await.location, "/imports/imp_1#row-4");
}

#[tokio::test]
async fn a_list_that_was_taken_back_counts_what_is_left_of_it() {
    let mut browser = Browser::of_clinic("staff").await;
    browser.answers("GET /v1/imports", 200, json!({ "items": [import("undone"), import("committed")], "nextCursor": null }));
    let page = browser.get("/imports").await.body;
    let counts: Vec<_> = page.split("<td class=\"number\">").skip(1).map(|cell| cell.split("</td>").next().unwrap()).collect();
    assert_eq!(counts, ["5", "1<br><span class=\"muted small\">2행 되돌림</span>", "5", "3"]);
}
