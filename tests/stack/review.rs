//! An import is looked at, corrected, committed, exported and undone: the whole life of a list.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use reqwest::Method;
use serde_json::{Value, json};

use crate::clinic;
use crate::lists::{commit, counts, customers, expected, groups, path_of, reference, refused, settled, undo, upload};
use crate::support::{Person, Stack};

/// The rows of an import with a verdict, in the order of their numbers.
async fn rows(owner: &Person, import: &Value, filter: &str) -> Vec<Value> {
    owner.list(&format!("{}/rows?{filter}", path_of(import))).await
}

/// The import with its counts as they are now.
async fn shown(owner: &Person, import: &Value) -> Value {
    owner.get(&path_of(import)).await
}

async fn change(owner: &Person, method: Method, path: &str, body: Value) -> Value {
    let answer = owner.send(method, path, &[], body).await;
    assert!(answer.status.is_success(), "{path}: {} {}", answer.status, answer.text);
    answer.json
}

#[tokio::test]
async fn a_list_is_corrected_committed_exported_uploaded_again_and_undone() {
    let stack = Stack::of_environment();
    let (owner, _) = clinic(&stack, "review").await;
    stack.redeliver_after("commit-import", 10).await;
    stack.redeliver_after("undo-import", 10).await;
    let import = upload(&stack, &owner, "고객명단.xlsx", reference()).await;
    let path = path_of(&import);
    let faults = [("new", 2863), ("duplicate_in_file", 61), ("bad_phone", 31), ("missing_name", 29)];
    assert_eq!(counts(&import), expected(faults), "{import:#}");

    // A phone is mended.
    let bad = rows(&owner, &import, "verdict=bad_phone").await[0]["number"].clone();
    let mended = change(&owner, Method::PATCH, &format!("{path}/rows/{bad}"), json!({"phone": "010-9999-0001"})).await;
    assert_eq!((&mended["verdict"], &mended["phone"]), (&json!("new"), &json!("010-9999-0001")), "{mended:#}");
    let faults = [("new", 2864), ("duplicate_in_file", 61), ("bad_phone", 30), ("missing_name", 29)];
    assert_eq!(counts(&shown(&owner, &import).await), expected(faults));

    // Of two rows that are left out, one has a later row with the same phone, which takes its place.
    let duplicates = rows(&owner, &import, "verdict=duplicate_in_file").await;
    let claimed: Vec<_> = duplicates.iter().map(|row| row["duplicateOf"].as_u64().unwrap()).collect();
    let repeated = *claimed.iter().find(|number| claimed.iter().filter(|other| other == number).count() == 1).unwrap();
    let fresh = rows(&owner, &import, "verdict=new").await;
    let single = fresh.iter().map(|row| row["number"].as_u64().unwrap()).find(|number| !claimed.contains(number)).unwrap();
    let numbers = json!({"numbers": [repeated, single]});
    let left_out = change(&owner, Method::POST, &format!("{path}/rows/delete"), numbers).await;
    assert_eq!(left_out["changed"], 2, "{left_out:#}");
    let now = shown(&owner, &import).await;
    let faults = [("new", 2863), ("duplicate_in_file", 60), ("bad_phone", 30), ("missing_name", 29)];
    assert_eq!((counts(&now), &now["deleted"]), (expected(faults), &json!(2)));
    let restored = change(&owner, Method::POST, &format!("{path}/rows/restore"), json!({"numbers": [repeated]})).await;
    assert_eq!(restored["changed"], 1, "{restored:#}");
    let now = shown(&owner, &import).await;
    let faults = [("new", 2863), ("duplicate_in_file", 61), ("bad_phone", 30), ("missing_name", 29)];
    assert_eq!((counts(&now), &now["deleted"]), (expected(faults), &json!(1)));

    // Committed, and told once more, which changes nothing.
    let committed = commit(&owner, &import, json!({})).await;
    assert_eq!((&committed["rowsCommitted"], &committed["rowsAdded"]), (&json!(2863), &json!(2863)));
    let ids = (&import["id"], &owner.get("/v1/clinic").await["id"]);
    let fact = json!({"type": "import_approved.v1", "clinicId": ids.1, "importId": ids.0});
    stack.deliver_again("commit-import", &fact).await;
    stack.drained("commit-import").await;
    let before = groups(&owner).await;
    assert_eq!((customers(&owner).await, before.values().sum::<u64>()), (2863, 2863));
    let (status, _) = refused(&owner, Method::PATCH, &format!("{path}/rows/{single}"), json!({"name": "누구"})).await;
    assert_eq!(status, 409, "a committed row is history");

    // What is exported and uploaded again is the same people, character by character.
    for format in ["xlsx", "csv"] {
        let export = owner.post("/v1/customers/export", json!({"format": format})).await;
        assert_eq!(export["rows"], 2863);
        let (name, file) = stack.download(&export).await;
        let again = upload(&stack, &owner, &name, file).await;
        assert_eq!(counts(&again), expected([("updates", 2863)]), "{format}: {again:#}");
        let committed = commit(&owner, &again, json!({})).await;
        assert_eq!((&committed["rowsAdded"], &committed["rowsUpdated"]), (&json!(0), &json!(0)), "{format}: {committed:#}");
    }
    assert_eq!(groups(&owner).await, before);

    undone_but_for_one(&stack, &owner, &import).await;
}

/// Takes an import back after one of its customers was edited: that one stays, and is named.
async fn undone_but_for_one(stack: &Stack, owner: &Person, import: &Value) {
    let kept = owner.list("/v1/customers?q=9999-0001").await;
    assert_eq!(kept.len(), 1, "{kept:#?}");
    let id = kept[0]["id"].as_str().unwrap();
    change(owner, Method::PATCH, &format!("/v1/customers/{id}"), json!({"name": "고쳐진 손님"})).await;

    let undone = undo(owner, import).await;
    assert_eq!((&undone["rowsUndone"], &undone["rowsKept"]), (&json!(2862), &json!(1)), "{undone:#}");
    let named = rows(owner, import, "outcome=kept").await;
    assert_eq!((named.len(), &named[0]["phone"]), (1, &json!("010-9999-0001")), "{named:#?}");
    let left = owner.list("/v1/customers").await;
    assert_eq!((left.len(), &left[0]["id"], &left[0]["name"]), (1, &json!(id), &json!("고쳐진 손님")));
    let groups = groups(owner).await;
    assert_eq!(groups.values().sum::<u64>(), 1, "{groups:?}");
    assert!(groups.len() <= 2, "groups without anybody went with the import: {groups:?}");

    // Told once more, and asked for once more: nothing happens.
    let fact = json!({"type": "import_revoked.v1", "clinicId": owner.get("/v1/clinic").await["id"], "importId": import["id"]});
    stack.deliver_again("undo-import", &fact).await;
    stack.drained("undo-import").await;
    assert_eq!(shown(owner, import).await["rowsKept"], 1);
    let (status, _) = refused(owner, Method::POST, &format!("{}/commit", path_of(import)), json!({})).await;
    assert_eq!((status, customers(owner).await), (409, 1), "an undone import is not committed again");
}

#[tokio::test]
async fn a_list_with_odd_headers_is_read_as_staff_say_and_goes_where_they_say() {
    let stack = Stack::of_environment();
    let (owner, _) = clinic(&stack, "remap").await;
    let group = owner.post("/v1/groups", json!({"name": "소개"})).await;
    let list = "누구,어디로,종류,비고\n홍길동,010-1234-5678,첫 방문,=1+1\n성춘향,010-1234-5679,재방문,\n임꺽정,없음,재방문,\n";
    let import = upload(&stack, &owner, "받은 명단.csv", list.as_bytes().to_vec()).await;
    assert_eq!(counts(&import).get("new"), None, "nobody can guess these headers: {import:#}");

    let path = path_of(&import);
    let wish = json!({"headerRow": 1, "columns": {"A": "name", "B": "phone", "C": "group"}});
    owner.post(&format!("{path}/remap"), wish).await;
    let import = owner.wait_for(&path, |import| import["state"] == "ready").await;
    assert_eq!(counts(&import), expected([("new", 2), ("bad_phone", 1)]), "{import:#}");
    let read = rows(&owner, &import, "verdict=new").await;
    assert_eq!((&read[0]["name"], &read[0]["group"]), (&json!("홍길동"), &json!("첫 방문")));
    assert_eq!(read[0]["attributes"], json!({"비고": "=1+1"}));

    // Once more: the kind is no group after all, and a column is not wanted.
    let wish = json!({"headerRow": 1, "columns": {"A": "name", "B": "phone", "C": "attribute", "D": "ignored"}});
    owner.post(&format!("{path}/remap"), wish).await;
    let import = settled(&owner, &path).await;
    let read = rows(&owner, &import, "verdict=new").await;
    assert_eq!((&read[0]["group"], &read[0]["attributes"]), (&Value::Null, &json!({"종류": "첫 방문"})));

    let committed = commit(&owner, &import, json!({"targetGroupId": group["id"]})).await;
    assert_eq!(committed["rowsCommitted"], 2);
    let found = groups(&owner).await;
    assert_eq!(found.iter().map(|(name, count)| (name.as_str(), *count)).collect::<Vec<_>>(), [("미지정", 0), ("소개", 2)]);
    let columns = owner.get("/v1/customers/columns").await;
    assert!(columns.to_string().contains("종류") && !columns.to_string().contains("비고"), "{columns}");
}

#[tokio::test]
async fn the_template_file_needs_no_correction_and_bad_rows_can_be_mended_and_uploaded_again() {
    let stack = Stack::of_environment();
    let (owner, _) = clinic(&stack, "template").await;
    let (name, template) = stack.download(&owner.get("/v1/imports/template").await).await;
    let import = upload(&stack, &owner, &name, template).await;
    // There is nobody in it yet, and that is all that is wrong with it.
    assert_eq!((&import["failure"]["code"], &import["headerRow"]), (&json!("empty"), &json!(1)), "{import:#}");
    let roles: Vec<_> = import["columns"].as_array().unwrap().iter().map(|column| column["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["name", "phone", "group", "attribute"]);

    let import = upload(&stack, &owner, "고객명단.xlsx", reference()).await;
    let bad = owner.get(&format!("{}/bad-rows", path_of(&import))).await;
    assert_eq!(bad["rows"], 61 + 31 + 29);
    let (name, file) = stack.download(&bad).await;
    let again = upload(&stack, &owner, &name, file).await;
    assert_eq!((&again["state"], &again["rowsRead"]), (&json!("ready"), &json!(61 + 31 + 29)), "{again:#}");
    let found = counts(&again);
    assert_eq!((found["bad_phone"], found["missing_name"]), (31, 29), "{found:?}");
    // The reason is told to people and is no property of theirs.
    let headers: Vec<_> = again["columns"].as_array().unwrap().iter().filter(|column| column["role"] != "ignored").collect();
    assert_eq!(headers.len(), 6, "{headers:#?}");

    // Discarded: gone with its rows.
    let path = path_of(&import);
    change(&owner, Method::DELETE, &path, Value::Null).await;
    assert_eq!(refused(&owner, Method::GET, &path, Value::Null).await.0, 404);
}

#[tokio::test]
async fn an_import_never_writes_to_people_who_asked_to_be_forgotten() {
    let stack = Stack::of_environment();
    let (owner, _) = clinic(&stack, "forgotten").await;
    let customer = owner.post("/v1/customers", json!({"name": "잊힌 사람", "phone": "010-1234-5678"})).await;
    let id = customer["id"].as_str().unwrap();
    change(&owner, Method::DELETE, &format!("/v1/customers/{id}?forget=true"), Value::Null).await;

    let list = "이름,휴대폰\n잊힌 사람,010-1234-5678\n성춘향,010-1234-5679\n이몽룡,010-1234-5680\n".as_bytes().to_vec();
    let import = upload(&stack, &owner, "명단.csv", list).await;
    assert_eq!(counts(&import), expected([("new", 2), ("suppressed", 1)]), "{import:#}");

    // Another asks between the preview and the commit: the preview forgets them too.
    let other = owner.post("/v1/customers", json!({"name": "성춘향", "phone": "010-1234-5679"})).await;
    let id = other["id"].as_str().unwrap();
    change(&owner, Method::DELETE, &format!("/v1/customers/{id}?forget=true"), Value::Null).await;
    let committed = commit(&owner, &import, json!({})).await;
    assert_eq!((&committed["rowsAdded"], customers(&owner).await), (&json!(1), 1), "{committed:#}");
    assert_eq!(counts(&committed), expected([("new", 1), ("suppressed", 1)]), "{committed:#}");
}
