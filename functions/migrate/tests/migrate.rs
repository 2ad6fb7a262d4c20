//! Migrating, against a real database.

use migrate::{Migrated, handle};
use shared::db::MIGRATIONS;
use shared::testing::TestDatabase;

#[tokio::test]
async fn an_empty_database_gets_the_schema_and_a_second_run_changes_nothing() {
    let test = TestDatabase::empty().await;
    let migrations = u64::try_from(MIGRATIONS.iter().count()).unwrap();
    let version = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap();
    let database = test.another().await;
    assert_eq!(handle(&database).await.unwrap(), Migrated { version, applied: migrations });
    assert_eq!(handle(&database).await.unwrap(), Migrated { version, applied: 0 });
    test.finish().await;
}
