//! Migrations over a schema that holds data.

use shared::db::MIGRATIONS;
use shared::testing::TestDatabase;

/// A clinic with one of everything, as the first version of the application leaves it.
const POPULATED: &[&str] = &[
    "INSERT INTO clinics (id, name, points_notice, created_at) VALUES (UNHEX(REPEAT('01', 16)), '새봄치과의원', '비급여', NOW(6))",
    "INSERT INTO customer_groups (clinic_id, id, name, unassigned, created_at)
     VALUES (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('02', 16)), '미지정', TRUE, NOW(6)),
            (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('03', 16)), 'VIP', NULL, NOW(6))",
    "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at)
     VALUES (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('04', 16)), '홍길동', '+821000000100', '{\"메모\": \"🦷\"}', NOW(6), NOW(6))",
    "INSERT INTO customer_group_members (clinic_id, group_id, customer_id)
     VALUES (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('03', 16)), UNHEX(REPEAT('04', 16)))",
    "INSERT INTO users (id, subject, name, created_at) VALUES (UNHEX(REPEAT('05', 16)), 'subject', '홍길동', NOW(6))",
    "INSERT INTO memberships (clinic_id, user_id, state, created_at)
     VALUES (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('05', 16)), 'confirmed', NOW(6))",
    "INSERT INTO point_entries (id, grant_key, clinic_id, user_id, reason, amount, created_at)
     VALUES (UNHEX(REPEAT('06', 16)), 'join:1', UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('05', 16)), 'join', 1000, NOW(6))",
    "INSERT INTO point_balances (clinic_id, user_id, balance) VALUES (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('05', 16)), 1000)",
];

/// What the rows above must still say after every later migration.
const KEPT: &[(&str, i64)] = &[
    ("SELECT COUNT(*) FROM clinics WHERE name = '새봄치과의원' AND points_enabled", 1),
    ("SELECT COUNT(*) FROM customer_groups WHERE unassigned", 1),
    ("SELECT COUNT(*) FROM customers WHERE attributes LIKE '%🦷%'", 1),
    ("SELECT COUNT(*) FROM customer_group_members", 1),
    ("SELECT COUNT(*) FROM memberships WHERE state = 'confirmed'", 1),
    ("SELECT CAST(SUM(amount) AS SIGNED) FROM point_entries", 1000),
    ("SELECT CAST(SUM(balance) AS SIGNED) FROM point_balances", 1000),
];

/// Applies the first migration, fills the tables, applies the rest: what was there stays.
#[tokio::test]
async fn later_migrations_keep_what_the_first_version_wrote() {
    let test = TestDatabase::empty().await;
    let first = MIGRATIONS.iter().next().unwrap().version;
    MIGRATIONS.run_to(first, &test.pool).await.unwrap();
    for statement in POPULATED {
        sqlx::query(*statement).execute(&test.pool).await.unwrap();
    }
    MIGRATIONS.run(&test.pool).await.unwrap();
    for (question, expected) in KEPT {
        let count: i64 = sqlx::query_scalar(*question).fetch_one(&test.pool).await.unwrap();
        assert_eq!(count, *expected, "{question}");
    }
    test.finish().await;
}

/// The rules that must be keys: each of these statements has to be refused by the database itself.
#[tokio::test]
async fn the_database_itself_enforces_the_rules() {
    let test = TestDatabase::new().await;
    for statement in POPULATED {
        sqlx::query(*statement).execute(&test.pool).await.unwrap();
    }
    sqlx::query(
        "INSERT INTO referral_codes (code, clinic_id, user_id, created_at)
         VALUES ('00000000', UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('05', 16)), NOW(6))",
    )
    .execute(&test.pool)
    .await
    .unwrap();
    for (rule, statement) in [
        (
            "a phone once per clinic",
            "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at)
             VALUES (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('14', 16)), '성춘향', '+821000000100', '{}', NOW(6), NOW(6))",
        ),
        (
            "one unassigned group per clinic",
            "INSERT INTO customer_groups (clinic_id, id, name, unassigned, created_at)
             VALUES (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('12', 16)), '또 미지정', TRUE, NOW(6))",
        ),
        (
            "a customer in groups of the own clinic only",
            "INSERT INTO customer_group_members (clinic_id, group_id, customer_id)
             VALUES (UNHEX(REPEAT('09', 16)), UNHEX(REPEAT('03', 16)), UNHEX(REPEAT('04', 16)))",
        ),
        (
            "one code per user and clinic",
            "INSERT INTO referral_codes (code, clinic_id, user_id, created_at)
             VALUES ('00000001', UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('05', 16)), NOW(6))",
        ),
        (
            "no self-referral",
            "INSERT INTO referrals (id, clinic_id, user_id, code, referrer_id, created_at) VALUES (UNHEX(REPEAT('07', 16)),
             UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('05', 16)), '00000000', UNHEX(REPEAT('05', 16)), NOW(6))",
        ),
        (
            "a grant is remembered for ever",
            "INSERT INTO point_entries (id, grant_key, clinic_id, user_id, reason, amount, created_at) VALUES
             (UNHEX(REPEAT('16', 16)), 'join:1', UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('05', 16)), 'join', 1, NOW(6))",
        ),
        ("no negative balance", "UPDATE point_balances SET balance = balance - 1001"),
    ] {
        assert!(sqlx::query(statement).execute(&test.pool).await.is_err(), "not enforced: {rule}");
    }
    test.finish().await;
}
