//! Migrations over a schema that holds data.

use shared::db::MIGRATIONS;
use shared::testing::{TestDatabase, rollup};

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
    "INSERT INTO suppressions (clinic_id, phone, reason, created_at)
     VALUES (UNHEX(REPEAT('01', 16)), '+821000000900', 'channel_blocked', NOW(6))",
    "INSERT INTO imports (clinic_id, id, file_name, state, failure, sheet_name, column_names, rows_read, rows_committed, created_at,
       updated_at)
     VALUES (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('21', 16)), '고객명단.xlsx', 'ready', NULL, '고객명단',
              '[{\"header\": \"고객명\", \"role\": \"name\"}, {\"header\": \"휴대폰\", \"role\": \"phone\"}]', 2, 0, NOW(6), NOW(6)),
            (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('22', 16)), '지난 명단.csv', 'committed', NULL, NULL, '[]', 1, 1, NOW(6), NOW(6)),
            (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('23', 16)), '사진.png', 'failed', 'not_a_spreadsheet', NULL, NULL, 0, 0, NOW(6),
              NOW(6))",
    "INSERT INTO import_rows (clinic_id, import_id, number, name, phone_text, phone, group_name, attributes, verdict, duplicate_of)
     VALUES (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('21', 16)), 2, '성춘향', '01000000200', '+821000000200', 'VIP',
              '{\"메모\": \"🦷\"}', 'new', NULL),
            (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('21', 16)), 3, '', '1', NULL, '', '{}', 'bad_phone', NULL),
            (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('22', 16)), 2, '홍길동', '010-0000-0100', '+821000000100', '', '{}', 'new', NULL)",
    "INSERT INTO campaigns (clinic_id, id, name, template_id, template_code, content, buttons, sender_key, sender_phone, destination,
       state, created_by, created_at)
     VALUES (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('31', 16)), '안내', UNHEX(REPEAT('32', 16)), 'T1', '#{고객명}님', '[]', 'key',
       '02-123-4567', 'https://www.example.com/', 'finished', UNHEX(REPEAT('33', 16)), NOW(6)),
            (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('34', 16)), '지금', UNHEX(REPEAT('32', 16)), 'T1', '#{고객명}님', '[]', 'key',
       '02-123-4567', 'https://www.example.com/', 'sending', UNHEX(REPEAT('33', 16)), NOW(6))",
    "INSERT INTO bundles (clinic_id, id, campaign_id, position, state, called_at)
     VALUES (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('35', 16)), UNHEX(REPEAT('34', 16)), 7, 'prepared', NOW(6))",
    "INSERT INTO messages (clinic_id, campaign_id, number, customer_id, name, phone, body, link, state)
     VALUES (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('31', 16)), 1, UNHEX(REPEAT('04', 16)), '홍길동', '+821000000100', '홍길동님',
       'token', 'delivered')",
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
    ("SELECT COUNT(DISTINCT id) FROM suppressions WHERE created_by IS NULL AND note IS NULL", 1),
    // Imports under review stay so, and what was committed before there were choices was committed by the defaults.
    ("SELECT COUNT(*) FROM imports WHERE state = 'ready' AND update_existing AND worked_through = 0 AND wish IS NULL", 1),
    ("SELECT COUNT(*) FROM imports WHERE state = 'committed' AND rows_committed = 1 AND target_group_id IS NULL", 1),
    ("SELECT COUNT(*) FROM imports WHERE failure = 'not_a_spreadsheet' AND failure_at IS NULL", 1),
    ("SELECT COUNT(*) FROM import_rows WHERE customer_id IS NULL AND outcome = '' AND NOT deleted", 3),
    ("SELECT COUNT(*) FROM import_rows WHERE attributes LIKE '%🦷%' AND verdict = 'new'", 1),
    ("SELECT COUNT(*) FROM customer_groups WHERE import_id IS NULL", 2),
    // What customers have is known as the clinic's columns.
    ("SELECT COUNT(*) FROM customer_columns WHERE name = '메모'", 1),
    ("SELECT COUNT(*) FROM customer_columns WHERE name = '메모'", 1),
    ("SELECT COUNT(*) FROM messages WHERE body = '홍길동님' AND group_id IS NULL AND customer_id IS NOT NULL", 1),
    // What is under way goes on, without a canary that it never had; nobody has agreed to advertising by that.
    ("SELECT COUNT(*) FROM campaigns WHERE state = 'sending' AND released_at IS NOT NULL AND kind = 'information'", 1),
    ("SELECT COUNT(*) FROM campaigns WHERE link_expires_at IS NULL AND counts_checked_at IS NULL", 2),
    ("SELECT COUNT(*) FROM bundles WHERE state = 'prepared' AND attempt = 0 AND not_before IS NULL", 1),
    ("SELECT COUNT(*) FROM customers WHERE advertising_consent_at IS NULL", 1),
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

/// What breaks a rule, over the rows above, another two users and a code.
const FORBIDDEN: &[(&str, &str)] = &[
    (
        "a phone once per clinic",
        "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at)
         VALUES (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('14', 16)), '성춘향', '+821000000100', '{}', NOW(6), NOW(6))",
    ),
    (
        "a phone is suppressed once, with its first reason",
        "INSERT INTO suppressions (clinic_id, phone, reason, created_at)
         VALUES (UNHEX(REPEAT('01', 16)), '+821000000900', 'forgotten', NOW(6))",
    ),
    (
        "a row of a file once per import",
        "INSERT INTO import_rows (clinic_id, import_id, number, name, phone_text, group_name, attributes, verdict)
         VALUES (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('21', 16)), 2, '', '', '', '{}', 'missing_name')",
    ),
    (
        "rows of an import of the own clinic only",
        "INSERT INTO import_rows (clinic_id, import_id, number, name, phone_text, group_name, attributes, verdict)
         VALUES (UNHEX(REPEAT('09', 16)), UNHEX(REPEAT('21', 16)), 4, '', '', '', '{}', 'missing_name')",
    ),
    (
        "a column once per clinic",
        "INSERT INTO customer_columns (clinic_id, name, created_at)
         VALUES (UNHEX(REPEAT('01', 16)), '생일', NOW(6)), (UNHEX(REPEAT('01', 16)), '생일', NOW(6))",
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
    ("what is spent goes away", "UPDATE point_entries SET reason = 'spend'"),
    ("what reverses names what it takes back", "UPDATE point_entries SET reason = 'reverse', amount = -1000"),
    (
        "a line is taken back once",
        "INSERT INTO point_entries (id, grant_key, clinic_id, user_id, reason, amount, reverses, created_at)
         VALUES (UNHEX(REPEAT('17', 16)), 'reverse:1', UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('05', 16)), 'reverse', -1000,
                 UNHEX(REPEAT('06', 16)), NOW(6)),
                (UNHEX(REPEAT('18', 16)), 'reverse:2', UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('05', 16)), 'reverse', -1000,
                 UNHEX(REPEAT('06', 16)), NOW(6))",
    ),
    ("what ends ends for a reason", "UPDATE memberships SET state = 'ended'"),
    (
        "a customer is one member",
        "INSERT INTO memberships (clinic_id, user_id, state, customer_id, created_at)
         SELECT UNHEX(REPEAT('01', 16)), id, 'confirmed', UNHEX(REPEAT('04', 16)), NOW(6)
         FROM users WHERE subject IN ('second', 'third')",
    ),
    (
        "points are held once",
        "INSERT INTO held_grants (clinic_id, id, grant_key, user_id, reason, amount, referral_id, held_because, created_at)
         SELECT UNHEX(REPEAT('01', 16)), id, 'invite:1', id, 'invite', 1, id, 'burst', NOW(6)
         FROM users WHERE subject IN ('second', 'third')",
    ),
    (
        "a person is known once",
        "INSERT INTO person_keys (person_key, user_id, created_at)
         SELECT REPEAT('k', 32), id, NOW(6) FROM users WHERE subject IN ('second', 'third')",
    ),
    (
        "an invitation of staff is one",
        "INSERT INTO staff_invitations (clinic_id, id, token_hash, name, role, invited_by, created_at, expires_at)
         SELECT UNHEX(REPEAT('01', 16)), id, REPEAT('t', 32), '', 'staff', id, NOW(6), NOW(6)
         FROM users WHERE subject IN ('second', 'third')",
    ),
];

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
    sqlx::query(
        "INSERT INTO users (id, subject, name, created_at)
         VALUES (UNHEX(REPEAT('a2', 16)), 'second', '', NOW(6)), (UNHEX(REPEAT('a3', 16)), 'third', '', NOW(6))",
    )
    .execute(&test.pool)
    .await
    .unwrap();
    for (rule, statement) in FORBIDDEN {
        assert!(sqlx::query(*statement).execute(&test.pool).await.is_err(), "not enforced: {rule}");
    }
    test.finish().await;
}

/// Deleting takes along what cannot be without the deleted, and nothing else.
#[tokio::test]
async fn a_deletion_takes_along_what_belongs_to_it_and_leaves_the_past_readable() {
    let test = TestDatabase::new().await;
    for statement in POPULATED {
        sqlx::query(*statement).execute(&test.pool).await.unwrap();
    }
    for (deleted, statement, left, expected) in [
        ("a group", "DELETE FROM customer_groups WHERE name = 'VIP'", "SELECT COUNT(*) FROM customers", 1),
        ("its members", "DO 0", "SELECT COUNT(*) FROM customer_group_members", 0),
        ("a customer", "DELETE FROM customers", "SELECT COUNT(*) FROM messages WHERE body = '홍길동님'", 1),
        ("an import", "DELETE FROM imports WHERE state = 'ready'", "SELECT COUNT(*) FROM import_rows", 1),
    ] {
        sqlx::query(statement).execute(&test.pool).await.unwrap();
        let count: i64 = sqlx::query_scalar(left).fetch_one(&test.pool).await.unwrap();
        assert_eq!(count, expected, "{deleted}");
    }
    test.finish().await;
}

/// What the version before the roll-up of all scopes leaves: two clinics, a campaign to two groups, one of the same template, a test,
/// messages in every state, visits of every class, and a first click that is not the earliest.
const SENT: &[&str] = &[
    "INSERT INTO clinics (id, name, points_notice, created_at) VALUES (UNHEX(REPEAT('01', 16)), '새봄치과의원', '', NOW(6)),
         (UNHEX(REPEAT('02', 16)), '늘봄의원', '', NOW(6))",
    "INSERT INTO campaigns (clinic_id, id, name, kind, template_id, template_code, content, buttons, sender_key, sender_phone, destination,
         state, created_by, created_at)
     SELECT UNHEX(REPEAT(clinic, 16)), UNHEX(REPEAT(id, 16)), '안내', kind, UNHEX(REPEAT('32', 16)), 'T1', '#{고객명}님', '[]', 'key',
         '02-123-4567', 'https://www.example.com/', 'finished', UNHEX(REPEAT('33', 16)), NOW(6)
     FROM (SELECT '01' AS clinic, '41' AS id, 'information' AS kind UNION ALL SELECT '01', '42', 'advertising'
         UNION ALL SELECT '01', '43', 'test' UNION ALL SELECT '02', '44', 'information') campaigns",
    "INSERT INTO messages (clinic_id, campaign_id, number, group_id, name, phone, body, link, state, reason, sent_at, resulted_at,
         first_click_at)
     SELECT c.clinic_id, c.id, number, UNHEX(REPEAT(reached, 16)), '홍길동', CONCAT('+8210000001', number), '홍길동님', 'token', m.state,
         reason, sent, resulted, first
     FROM (
         SELECT 10 AS number, '51' AS reached, 'delivered' AS state, NULL AS reason, '2026-03-02 01:59:59.999999' AS sent,
             '2026-03-02 02:00:00' AS resulted, '2026-03-02 05:10:00' AS first
         UNION ALL SELECT 11, '51', 'delivered', NULL, '2026-03-02 02:00:00', '2026-03-02 02:20:00', '2026-03-02 04:00:00'
         UNION ALL SELECT 12, '52', 'failed', 'blocked', '2026-03-02 02:00:00', '2026-03-03 02:20:00', NULL
         UNION ALL SELECT 13, '52', 'failed', NULL, '2026-03-02 02:00:00', '2026-03-03 02:30:00', NULL
         UNION ALL SELECT 14, NULL, 'failed', 'rejected_by_provider', NULL, '2026-03-02 02:30:00', NULL
         UNION ALL SELECT 15, NULL, 'sent', NULL, '2026-03-02 02:30:00', NULL, NULL
         UNION ALL SELECT 16, '51', 'unknown', 'no_result', '2026-03-02 02:30:00', '2026-03-03 02:30:00', NULL
         UNION ALL SELECT 17, '51', 'excluded', 'suppressed', NULL, '2026-03-02 00:30:00', NULL
         UNION ALL SELECT 18, '52', 'queued', NULL, NULL, NULL, NULL) m JOIN campaigns c",
    "INSERT INTO clicks (id, clinic_id, campaign_id, message_number, class, reason, rule_version, agent, clicked_at)
     SELECT UNHEX(MD5(CONCAT(HEX(c.id), v.id))), c.clinic_id, c.id, number, class, v.reason, 1, 'agent', clicked
     FROM (
         SELECT 1 AS id, 10 AS number, 'human' AS class, 'browser' AS reason, '2026-03-02 05:10:00' AS clicked
         UNION ALL SELECT 2, 10, 'human', 'browser', '2026-03-02 02:00:01'
         UNION ALL SELECT 3, 11, 'human', 'browser', '2026-03-02 04:00:00'
         UNION ALL SELECT 4, 11, 'preview', 'kakao', '2026-03-02 02:01:00'
         UNION ALL SELECT 5, 11, 'prefetch', 'head', '2026-03-02 02:02:00'
         UNION ALL SELECT 6, 11, 'prefetch', 'purpose', '2026-03-02 02:03:00'
         UNION ALL SELECT 7, 15, 'bot', 'empty', '2026-03-02 09:00:00'
         UNION ALL SELECT 8, 16, 'human', 'browser', '2026-03-02 09:00:00') v JOIN campaigns c",
];

/// The numbers of hours are filled from what was sent and visited before there was a roll-up of all scopes.
#[tokio::test]
async fn the_roll_up_begins_with_what_was_sent_before_it() {
    let test = TestDatabase::empty().await;
    MIGRATIONS.run_to(5, &test.pool).await.unwrap();
    for statement in SENT {
        sqlx::query(*statement).execute(&test.pool).await.unwrap();
    }
    MIGRATIONS.run(&test.pool).await.unwrap();
    rollup::assert_equals_rows(&test.pool).await;
    for (question, expected) in [
        // Of each campaign the provider took 6; the test of the first clinic counts in itself alone.
        (
            "SELECT SUM(sent) FROM hourly_totals WHERE scope_id = UNHEX(REPEAT('41', 16)) AND part_id = UNHEX(REPEAT('00', 16))",
            6,
        ),
        ("SELECT SUM(sent) FROM hourly_totals WHERE scope_id = UNHEX(REPEAT('01', 16))", 12),
        (
            "SELECT SUM(sent) FROM hourly_totals WHERE clinic_id = UNHEX(REPEAT('02', 16)) AND scope_id = UNHEX(REPEAT('32', 16))",
            6,
        ),
        ("SELECT SUM(failed) FROM hourly_failures WHERE scope_id = UNHEX(REPEAT('01', 16)) AND reason = 'other'", 2),
        ("SELECT SUM(unique_clicks) FROM hourly_totals WHERE scope_id = UNHEX(REPEAT('51', 16))", 9),
        ("SELECT COUNT(*) FROM messages WHERE first_click_at = '2026-03-02 02:00:01'", 4),
        ("SELECT COUNT(*) FROM clicks WHERE method = 'HEAD' AND reason = 'head' AND origin IS NULL", 4),
        ("SELECT COUNT(*) FROM clicks WHERE purpose = 'prefetch' AND reason = 'purpose'", 4),
        ("SELECT COUNT(*) FROM campaigns WHERE link_expires_at IS NULL AND counts_checked_at IS NULL", 4),
    ] {
        let question = format!("SELECT CAST(({question}) AS SIGNED)");
        let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(question.clone())).fetch_one(&test.pool).await.unwrap();
        assert_eq!(found, expected, "{question}");
    }
    test.finish().await;
}

/// Memberships that had ended before it was kept why, and points of clinics that had no caps.
#[tokio::test]
async fn memberships_and_points_of_before_fit_the_new_rules() {
    let test = TestDatabase::empty().await;
    MIGRATIONS.run_to(6, &test.pool).await.unwrap();
    for statement in POPULATED.iter().copied().chain([
        "INSERT INTO users (id, subject, name, created_at, withdrawn_at)
         VALUES (UNHEX(REPEAT('a2', 16)), 'second', '성춘향', NOW(6), NULL)",
        "INSERT INTO memberships (clinic_id, user_id, state, created_at)
         VALUES (UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('a2', 16)), 'ended', '2026-03-02 01:00:00')",
        "INSERT INTO referral_codes (code, clinic_id, user_id, created_at)
         VALUES ('00000000', UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('05', 16)), NOW(6))",
        "INSERT INTO referrals (id, clinic_id, user_id, code, referrer_id, created_at) VALUES (UNHEX(REPEAT('07', 16)),
         UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('a2', 16)), '00000000', UNHEX(REPEAT('05', 16)), NOW(6))",
        "INSERT INTO staff (id, clinic_id, subject, name, role, created_at)
         VALUES (UNHEX(REPEAT('08', 16)), UNHEX(REPEAT('01', 16)), 'staff', '이원장', 'owner', NOW(6))",
        "INSERT INTO point_entries (id, grant_key, clinic_id, user_id, reason, amount, created_at)
         VALUES (UNHEX(REPEAT('b1', 16)), 'join:2', UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('a2', 16)), 'join', 700, '2026-03-02 01:00:00'),
                (UNHEX(REPEAT('b2', 16)), 'invite:2', UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('05', 16)), 'invite', 10, '2026-03-02 01:00:00'),
                (UNHEX(REPEAT('b3', 16)), 'invite:3', UNHEX(REPEAT('01', 16)), UNHEX(REPEAT('05', 16)), 'invite', 10, '2026-03-03 01:00:00')",
    ]) {
        sqlx::query(statement).execute(&test.pool).await.unwrap();
    }
    MIGRATIONS.run(&test.pool).await.unwrap();
    for question in [
        "SELECT COUNT(*) FROM memberships WHERE state = 'ended' AND ended_because = 'removed' AND ended_at = '2026-03-02 01:00:00'",
        "SELECT COUNT(*) FROM memberships WHERE state = 'confirmed' AND ended_because IS NULL AND customer_id IS NULL",
        "SELECT COUNT(*) FROM referral_codes WHERE disabled_at IS NULL AND expires_at IS NULL",
        "SELECT COUNT(*) FROM referrals WHERE unpaid_because IS NULL AND join_points = 700",
        // What a member was paid for inviting counts towards the limit in total, and not towards that of the day.
        "SELECT COUNT(*) FROM invite_counts WHERE referrer_id = UNHEX(REPEAT('05', 16)) AND in_total = 2 AND that_day = 0
           AND in_burst = 0 AND day = '2026-03-03' AND burst_since = '2026-03-03 01:00:00'",
        "SELECT COUNT(*) FROM invite_counts",
        "SELECT COUNT(*) FROM staff WHERE removed_at IS NULL AND phone IS NULL",
        "SELECT COUNT(*) FROM clinics WHERE accepts_members AND invites_per_day = 20 AND invites_in_total = 200 AND NOT pays_for_known",
        "SELECT COUNT(*) FROM point_entries WHERE amount = 1000 AND note = '' AND reverses IS NULL AND staff_id IS NULL",
    ] {
        let found: i64 = sqlx::query_scalar(question).fetch_one(&test.pool).await.unwrap();
        assert_eq!(found, 1, "{question}");
    }
    test.finish().await;
}
