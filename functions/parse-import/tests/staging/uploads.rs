//! Files that were uploaded.

use serde_json::json;
use shared::model::import::ImportFailure;
use shared::model::state::{ImportState, Verdict};

use crate::setting::{REFERENCE, REMAPPED, Setting, TEST_EVENT, UPLOADED, real_store, row};

#[tokio::test]
async fn the_reference_file_becomes_rows_with_verdicts_once() {
    let mut setting = Setting::new(REFERENCE).await;
    setting.deps.store = real_store();
    let import = setting.parse().await;
    let found = &import.contents;
    assert_eq!((import.state, found.rows_read, found.sheet.as_deref()), (ImportState::Ready, 2984, Some("고객명단")));
    assert_eq!((found.columns.len(), found.sample.len(), found.header_row), (6, 20, 3));
    assert_eq!(setting.count("SELECT COUNT(DISTINCT customer_id) FROM import_rows").await, 2984);
    let counted = "SELECT verdict, COUNT(*) FROM import_rows GROUP BY verdict ORDER BY verdict";
    let counts: Vec<(String, i64)> = sqlx::query_as(counted).fetch_all(&setting.test.pool).await.unwrap();
    let expected = [("bad_phone", 31), ("duplicate_in_file", 61), ("missing_name", 29), ("new", 2863)];
    assert_eq!(counts, expected.map(|(verdict, count)| (verdict.to_owned(), count)));
    assert_eq!(setting.count("SELECT COUNT(*) FROM import_rows WHERE group_name = 'VIP'").await, 634);
    let first: (String, String, String) = sqlx::query_as(
        "SELECT phone_text, phone, CAST(JSON_UNQUOTE(JSON_EXTRACT(attributes, '$.\"최근방문일\"')) AS CHAR)
         FROM import_rows WHERE number = 4",
    )
    .fetch_one(&setting.test.pool)
    .await
    .unwrap();
    assert_eq!(first, ("010-0531-6333".into(), "+821005316333".into(), "2024-05-17".into()));
    assert_eq!(setting.deps.store.progress(setting.import).await.unwrap().rows_read, Some(2984));

    // Somebody has begun to review it; then the same notification comes again, with another file in its place.
    setting.run("UPDATE import_rows SET deleted = TRUE WHERE number = 4").await;
    *setting.deps.files.0.lock().unwrap() = Some(b"gone".to_vec());
    assert_eq!(setting.parse().await, import);
    assert_eq!(setting.count("SELECT COUNT(*) FROM import_rows WHERE deleted").await, 1);
    for state in ["ready", "committing", "committed", "failed", "undoing", "undone"] {
        for event in [UPLOADED, REMAPPED] {
            setting.set_state(state).await;
            assert_eq!(setting.acknowledge(event).await.state.as_str(), state);
            assert_eq!(setting.count("SELECT COUNT(*) FROM import_rows").await, 2984);
        }
    }
    setting.test.finish().await;
}

#[tokio::test]
async fn what_a_killed_worker_left_is_begun_anew() {
    let setting = Setting::new("이름,휴대폰\n김단골,01012345678\n".as_bytes()).await;
    setting.run("UPDATE imports SET state = 'parsing'").await;
    setting
        .run(
            "INSERT INTO import_rows (clinic_id, import_id, number, name, phone_text, group_name, attributes, verdict)
             SELECT clinic_id, id, 7, 'left', 'over', '', '{}', 'bad_phone' FROM imports",
        )
        .await;
    assert_eq!(setting.parse().await.state, ImportState::Ready);
    assert_eq!(setting.verdicts().await, [row(2, Verdict::New)]);
    setting.test.finish().await;
}

#[tokio::test]
async fn a_bucket_that_does_not_answer_is_asked_again_later() {
    let setting = Setting::new("이름,휴대폰\n김단골,01012345678\n".as_bytes()).await;
    let file = setting.deps.files.0.lock().unwrap().take();
    assert!(setting.deliver(UPLOADED).await.is_err(), "the message goes back to the queue");
    assert_eq!(setting.import().await.state, ImportState::Parsing);
    *setting.deps.files.0.lock().unwrap() = file;
    assert_eq!(setting.parse().await.state, ImportState::Ready);
    setting.test.finish().await;
}

#[tokio::test]
async fn verdicts_know_the_clinics_own_customers_and_suppressions() {
    let file =
        "이름,휴대폰\n가,01000000001\n나,01000000002\n다,01000000003\n라,01000000004\n마,01000000001\n,01000000001\n바,없음\n";
    let setting = Setting::new(file.as_bytes()).await;
    setting.add_clinic("cli_019a9d2f5c00700080000000000000ff".parse().unwrap()).await;
    setting
        .run(
            "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at)
             SELECT id, id, 'x', IF(HEX(id) LIKE '%FF', '+821000000004', '+821000000001'), '{}', NOW(), NOW() FROM clinics",
        )
        .await;
    setting
        .run(
            "INSERT INTO suppressions (clinic_id, phone, reason, created_at)
             SELECT clinic_id, '+821000000002', 'asked', NOW() FROM imports",
        )
        .await;
    setting.parse().await;
    let expected = [
        row(2, Verdict::Updates),
        row(3, Verdict::Suppressed),
        row(4, Verdict::New),
        row(5, Verdict::New),
        (6, Verdict::Duplicate.as_str().to_owned(), Some(2)),
        row(7, Verdict::MissingName),
        row(8, Verdict::BadPhone),
    ];
    assert_eq!(setting.verdicts().await, expected);
    setting.test.finish().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_read_fails_with_its_reason_and_leaves_no_rows() {
    // The bad cell comes after the first chunk of rows is written.
    let row = |number: u32| format!("김단골,010{number:08}\n");
    let rows: String = (0..5000).map(row).collect();
    let file = format!("이름,휴대폰\n{rows}{},01012345678\n", "가".repeat(400));
    let setting = Setting::new(file.as_bytes()).await;
    let import = setting.parse().await;
    assert_eq!((import.state, import.failure), (ImportState::Failed, Some(ImportFailure::CellTooLarge)));
    assert_eq!((import.failure_at.as_deref(), import.contents.rows_read), (Some("A5002"), 0));
    assert_eq!((import.contents.columns.len(), import.contents.sample.len()), (2, 20));
    assert_eq!(setting.count("SELECT COUNT(*) FROM import_rows").await, 0);
    assert_eq!(setting.parse().await, import);
    setting.test.finish().await;
}

#[tokio::test]
async fn a_file_over_the_limit_is_not_even_fetched() {
    let setting = Setting::new(&vec![b'x'; (10 << 20) + 1]).await;
    let import = setting.parse().await;
    assert_eq!((import.failure, import.failure_at.as_deref()), (Some(ImportFailure::TooLarge), Some("최대 10MB")));
    setting.test.finish().await;
}

#[tokio::test]
async fn a_store_that_is_down_does_not_stop_the_import() {
    let setting = Setting::new(REFERENCE).await;
    assert_eq!(setting.parse().await.state, ImportState::Ready);
    setting.test.finish().await;
}

#[tokio::test]
async fn notifications_about_nothing_are_acknowledged() {
    let setting = Setting::without_import(REFERENCE).await;
    let foreign = json!({"Records": [{"s3": {"object": {"key": "imports/somebody%20else%27s.xlsx"}}}]}).to_string();
    let foreign = json!({"Records": [{"messageId": "1", "body": foreign}]}).to_string();
    for event in [UPLOADED, TEST_EVENT, &foreign] {
        assert!(setting.deliver(event).await.unwrap().batch_item_failures.is_empty());
    }
    assert!(setting.deps.dead_letters.0.lock().unwrap().is_empty());
    let nonsense = json!({"Records": [{"messageId": "1", "body": "{\"Event\":\"s3:Nonsense\"}"}]}).to_string();
    assert!(setting.deliver(&nonsense).await.unwrap().batch_item_failures.is_empty());
    assert_eq!(setting.deps.dead_letters.0.lock().unwrap().len(), 1, "what cannot be understood is kept");
    setting.test.finish().await;
}
