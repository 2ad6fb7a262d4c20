//! Imports that are read again, as staff say.

use shared::model::import::{ColumnRole, ImportFailure};
use shared::model::state::{ImportState, Verdict};

use crate::setting::{REMAPPED, Setting, row};

#[tokio::test]
async fn an_import_is_read_again_as_staff_say_and_all_its_rows_are_replaced() {
    let file = "고객님,이름,번호\n가,나,010-1111-1111\n다,라,010-2222-2222\n마,바,010-3333-3333\n";
    let setting = Setting::new(file.as_bytes()).await;
    let failed = setting.parse().await;
    assert_eq!((failed.state, failed.failure), (ImportState::Failed, Some(ImportFailure::NoPhoneColumn)));
    assert_eq!((failed.contents.sample.len(), failed.contents.rows_read), (4, 0), "so that staff can say what is what");

    setting.wish(None, &[("C", ColumnRole::Phone)]).await;
    let ready = setting.acknowledge(REMAPPED).await;
    assert_eq!((ready.state, ready.failure, ready.failure_at.as_deref()), (ImportState::Ready, None, None));
    assert_eq!(setting.verdicts().await, [2, 3, 4].map(|number| row(number, Verdict::New)));
    assert_eq!(setting.count("SELECT COUNT(*) FROM import_rows WHERE name = '나'").await, 1);

    // Meanwhile somebody has edited and deleted rows; then the names turn out to be in the other column, and row 2 the header.
    setting.run("UPDATE import_rows SET deleted = TRUE, name = '사' WHERE number > 2").await;
    setting.wish(Some(2), &[("A", ColumnRole::Name), ("C", ColumnRole::Phone)]).await;
    setting.acknowledge(REMAPPED).await;
    assert_eq!(setting.verdicts().await, [3, 4].map(|number| row(number, Verdict::New)));
    assert_eq!(setting.count("SELECT COUNT(*) FROM import_rows WHERE name IN ('다', '마') AND NOT deleted").await, 2);

    // A wish that cannot be followed leaves no rows, and another one brings them back.
    setting.wish(None, &[("C", ColumnRole::Ignored)]).await;
    assert_eq!(setting.acknowledge(REMAPPED).await.failure, Some(ImportFailure::NoPhoneColumn));
    assert_eq!(setting.count("SELECT COUNT(*) FROM import_rows").await, 0);
    setting.wish(None, &[("C", ColumnRole::Phone)]).await;
    assert_eq!(setting.acknowledge(REMAPPED).await.contents.rows_read, 3);
    setting.test.finish().await;
}

#[tokio::test]
async fn a_late_notification_of_the_upload_follows_the_wish_too() {
    let setting = Setting::new("고객님,번호\n가,010-1111-1111\n".as_bytes()).await;
    assert_eq!(setting.acknowledge(REMAPPED).await.state, ImportState::Uploading, "there is nothing to be read again yet");
    setting.wish(None, &[("A", ColumnRole::Name), ("B", ColumnRole::Phone)]).await;
    assert_eq!(setting.parse().await.contents.rows_read, 1);
    setting.put("gone");
    assert_eq!(setting.acknowledge(REMAPPED).await.contents.rows_read, 1, "it was read before");
    setting.test.finish().await;
}
