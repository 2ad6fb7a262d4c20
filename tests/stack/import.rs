//! A clinic's list becomes its customers, whatever happens to the workers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, MySqlConnection};

use crate::clinic;
use crate::lists::{commit, counts, csv, customers, expected, groups, kill, path_of, reference, refused, upload};
use crate::support::Stack;

/// People in the list whose workers are killed: five chunks of a commit.
const MANY: u32 = 50_000;

#[tokio::test]
async fn a_real_list_becomes_exactly_its_good_customers() {
    let stack = Stack::of_environment();
    let (owner, _) = clinic(&stack, "import").await;
    // Another test kills the workers of this queue, perhaps at this very moment.
    stack.redeliver_after("commit-import", 10).await;
    let import = upload(&stack, &owner, "고객명단.xlsx", reference()).await;
    assert_eq!(import["state"], "ready", "{import:#}");
    assert_eq!((&import["sheet"], &import["rowsRead"]), (&json!("고객명단"), &json!(2984)));
    let wanted = [("new", 2863), ("duplicate_in_file", 61), ("bad_phone", 31), ("missing_name", 29)];
    assert_eq!(counts(&import), expected(wanted));

    // Every row that will not become a customer is there, with its number in the spreadsheet and a reason.
    let path = path_of(&import);
    for (verdict, count) in &wanted[1..] {
        let rows = owner.list(&format!("{path}/rows?verdict={verdict}")).await;
        assert_eq!(u64::try_from(rows.len()), Ok(*count));
        assert!(rows.iter().all(|row| row["number"].as_u64() > Some(3) && row["reason"].is_string()), "{verdict}");
    }

    let committed = commit(&owner, &import, json!({})).await;
    assert_eq!((&committed["rowsCommitted"], &committed["rowsAdded"]), (&json!(2863), &json!(2863)));
    let groups = groups(&owner).await;
    assert_eq!(groups.keys().collect::<Vec<_>>(), ["VIP", "교정", "미지정", "스케일링", "임플란트"]);
    assert_eq!(groups.values().sum::<u64>(), 2863, "{groups:?}");
    assert_eq!(owner.list("/v1/customers").await.len(), 2863);

    // The same file again adds nobody, and finds nobody who would change.
    let again = upload(&stack, &owner, "고객명단.xlsx", reference()).await;
    assert_eq!(counts(&again).get("new"), None, "{again:#}");
    assert_eq!(counts(&again)["updates"], 2863);
    let committed = commit(&owner, &again, json!({})).await;
    assert_eq!((&committed["rowsAdded"], &committed["rowsUpdated"]), (&json!(0), &json!(0)));
    assert_eq!(customers(&owner).await, 2863);
}

#[tokio::test]
async fn a_file_that_is_no_list_is_refused_with_a_reason_and_the_next_one_is_read() {
    let stack = Stack::of_environment();
    let (owner, _) = clinic(&stack, "hostile").await;
    let mut encrypted = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    encrypted.resize(4096, 0);
    let mut truncated = reference();
    truncated.truncate(40_000);
    for (name, file) in [
        ("사진.xlsx", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01".to_vec()),
        ("비밀번호.xlsx", encrypted),
        ("빈 파일.xlsx", Vec::new()),
        ("잘린 파일.xlsx", truncated),
    ] {
        let import = upload(&stack, &owner, name, file).await;
        assert_eq!(import["state"], "failed", "{name}");
        assert!(import["failure"]["text"].as_str().is_some_and(|text| text.chars().any(|c| c >= '가')), "{import:#}");
    }
    let list = "이름,휴대폰\n홍길동,010-1234-5678\n".as_bytes().to_vec();
    let import = upload(&stack, &owner, "명단.csv", list).await;
    assert_eq!((&import["state"], &import["counts"]["new"]), (&json!("ready"), &json!(1)));
}

#[tokio::test]
async fn workers_killed_in_the_middle_of_a_commit_and_of_its_undoing_lose_nothing_and_double_nothing() {
    let stack = Stack::of_environment();
    let (owner, clinic) = clinic(&stack, "killed").await;
    stack.redeliver_after("commit-import", 10).await;
    stack.redeliver_after("undo-import", 10).await;
    let mut connection = MySqlConnection::connect(&stack.database_url).await.unwrap();
    let mut holder = MySqlConnection::connect(&stack.database_url).await.unwrap();
    let clinic = clinic["id"].as_str().unwrap().trim_start_matches("cli_").to_owned();
    let import = upload(&stack, &owner, "큰 명단.csv", csv(1, MANY)).await;
    assert_eq!(counts(&import), expected([("new", u64::from(MANY))]));
    let path = path_of(&import);

    // After the first chunk the clinic's line is held, which a chunk needs in its middle, to add customers.
    owner.post_once("commit", &format!("{path}/commit"), json!({})).await;
    worked_through(&mut connection, &clinic).await;
    let mut held = holder.begin().await.unwrap();
    sqlx::query("SELECT id FROM clinics WHERE id = UNHEX(?) FOR UPDATE").bind(&clinic).fetch_one(&mut *held).await.unwrap();
    let (done, added) = interrupted(&mut connection, &clinic, "commit-import").await;
    held.rollback().await.unwrap();
    assert!((1..MANY).contains(&done), "not in the middle: {done} of {MANY}");
    assert_eq!(added, done, "a chunk is there as a whole, or not at all");

    let committed = owner.wait_for(&path, |import| import["state"] == "committed").await;
    assert_eq!((&committed["rowsCommitted"], &committed["rowsAdded"]), (&json!(MANY), &json!(MANY)));
    assert_eq!(customers(&owner).await, u64::from(MANY));

    // The same while it is taken back: now the last customer is held.
    let mut held = holder.begin().await.unwrap();
    let last = "SELECT id FROM customers WHERE clinic_id = UNHEX(?) AND name = ? FOR UPDATE";
    sqlx::query(last).bind(&clinic).bind(format!("고객{}", MANY - 1)).fetch_one(&mut *held).await.unwrap();
    owner.post_once("undo", &format!("{path}/undo"), json!({})).await;
    worked_through(&mut connection, &clinic).await;
    let (_, left) = interrupted(&mut connection, &clinic, "undo-import").await;
    held.rollback().await.unwrap();
    assert!((1..MANY).contains(&left), "not in the middle: {left} of {MANY} are left");

    let undone = owner.wait_for(&path, |import| import["state"] == "undone").await;
    assert_eq!((&undone["rowsUndone"], &undone["rowsKept"]), (&json!(MANY), &json!(0)));
    assert_eq!(customers(&owner).await, 0);
    assert_eq!(groups(&owner).await.keys().collect::<Vec<_>>(), ["미지정"], "groups of the import are gone with it");
    for queue in ["commit-import-dead-letter", "undo-import-dead-letter"] {
        assert_eq!(stack.queue_size(queue).await, 0, "{queue}");
    }
}

/// Waits until a worker of the clinic's only import is through with a chunk.
async fn worked_through(connection: &mut MySqlConnection, clinic: &str) {
    for _ in 0..6000 {
        let question =
            "SELECT CAST(worked_through + (SELECT COUNT(*) FROM import_chunks k WHERE k.clinic_id = i.clinic_id AND k.done)
                        AS UNSIGNED) FROM imports i WHERE clinic_id = UNHEX(?)";
        let rows: u64 = sqlx::query_scalar(question).bind(clinic).fetch_one(&mut *connection).await.unwrap();
        if rows > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the worker did not begin");
}

/// Kills the worker that now waits for what the test holds; tells how many rows it had written and how many customers
/// there are.
async fn interrupted(connection: &mut MySqlConnection, clinic: &str, function: &str) -> (u32, u32) {
    tokio::time::sleep(Duration::from_secs(1)).await;
    kill(function).await;
    let question = "SELECT CAST(rows_committed + COALESCE((SELECT SUM(rows_committed) FROM import_chunks k
                      WHERE k.clinic_id = i.clinic_id), 0) AS UNSIGNED),
                      CAST((SELECT COUNT(*) FROM customers c WHERE c.clinic_id = i.clinic_id) AS UNSIGNED)
                    FROM imports i WHERE clinic_id = UNHEX(?)";
    let (rows, customers): (u64, u64) = sqlx::query_as(question).bind(clinic).fetch_one(connection).await.unwrap();
    (u32::try_from(rows).unwrap(), u32::try_from(customers).unwrap())
}

#[tokio::test]
async fn another_clinics_import_does_not_exist() {
    let stack = Stack::of_environment();
    let (owner, _) = clinic(&stack, "mine").await;
    let (stranger, _) = clinic(&stack, "theirs").await;
    let list = "이름,휴대폰\n홍길동,010-1234-5678\n".as_bytes().to_vec();
    let import = upload(&stack, &owner, "명단.csv", list).await;
    let id = import["id"].as_str().unwrap();
    for (method, route, body) in [
        (Method::GET, "", Value::Null),
        (Method::DELETE, "", Value::Null),
        (Method::GET, "/rows", Value::Null),
        (Method::GET, "/bad-rows", Value::Null),
        (Method::PATCH, "/rows/2", json!({"name": "임꺽정"})),
        (Method::DELETE, "/rows/2", Value::Null),
        (Method::POST, "/rows/delete", json!({"all": true})),
        (Method::POST, "/rows/restore", json!({"all": true})),
        (Method::POST, "/remap", json!({"headerRow": 1})),
        (Method::POST, "/commit", json!({})),
        (Method::POST, "/undo", json!({})),
    ] {
        let mut answers = Vec::new();
        for id in [id, "imp_00000000000070008000000000000000"] {
            let path = format!("/v1/imports/{id}{route}");
            answers.push(stranger.send(method.clone(), &path, &[("Idempotency-Key", &path)], body.clone()).await);
        }
        assert_eq!((answers[0].status.as_u16(), &answers[0].text), (404, &answers[1].text), "{method} {route}");
    }
    assert_eq!(owner.get(&path_of(&import)).await["counts"], import["counts"]);
    // Only what was committed can be taken back.
    let undo = format!("{}/undo", path_of(&import));
    assert_eq!(refused(&owner, Method::POST, &undo, json!({})).await.0, 409);
}
