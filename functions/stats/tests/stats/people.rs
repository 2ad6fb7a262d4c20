//! New members, invitations and points, which are counted from their rows.

use serde_json::{Value, json};
use sqlx::MySqlPool;

use crate::world::World;

/// Twelve users who joined the clinic an hour apart from the evening of 28 February on, each third through a friend's code and each
/// fourth through the clinic's, for points of their own amount.
async fn join(pool: &MySqlPool, clinic: shared::model::ClinicId) {
    let statements = [
        "INSERT INTO users (id, subject, name, created_at)
         SELECT UNHEX(LPAD(n, 32, '0')), CONCAT('user-', n), 'n', NOW() FROM numbers WHERE ? IS NOT NULL",
        "INSERT INTO memberships (clinic_id, user_id, state, ended_because, created_at, confirmed_at)
         SELECT ?, UNHEX(LPAD(n, 32, '0')), IF(n = 5, 'ended', 'confirmed'), IF(n = 5, 'left', NULL), '2026-01-01',
             '2026-02-28 12:30:00' + INTERVAL n HOUR FROM numbers",
        "INSERT INTO referral_codes (code, clinic_id, user_id, created_at)
         SELECT CONCAT('CODE000', n), ?, UNHEX(LPAD(n, 32, '0')), '2026-01-01' FROM numbers WHERE n < 3",
        "INSERT INTO referral_codes (code, clinic_id, user_id, created_at) SELECT 'CLINIC00', ?, NULL, '2026-01-01'",
        "INSERT INTO referrals (id, clinic_id, user_id, code, referrer_id, created_at)
         SELECT UNHEX(LPAD(n, 32, '0')), ?, UNHEX(LPAD(n, 32, '0')), 'CODE0001', UNHEX(LPAD(1, 32, '0')),
             '2026-02-28 12:30:00' + INTERVAL n HOUR FROM numbers WHERE n % 3 = 0",
        "INSERT INTO referrals (id, clinic_id, user_id, code, referrer_id, created_at)
         SELECT UNHEX(LPAD(n, 32, '0')), ?, UNHEX(LPAD(n, 32, '0')), 'CLINIC00', NULL,
             '2026-02-28 12:30:00' + INTERVAL n HOUR FROM numbers WHERE n % 4 = 0 AND n % 3 <> 0",
        "INSERT INTO point_entries (id, grant_key, clinic_id, user_id, reason, amount, created_at)
         SELECT UNHEX(LPAD(n, 32, '0')), CONCAT('join:', n), ?, UNHEX(LPAD(n, 32, '0')), 'join', 100 * n,
             '2026-02-28 12:30:00' + INTERVAL n HOUR FROM numbers",
    ];
    let numbers =
        "CREATE TABLE numbers AS SELECT n FROM JSON_TABLE('[1,2,3,4,5,6,7,8,9,10,11,12]', '$[*]' COLUMNS (n INT PATH '$')) t";
    sqlx::query(numbers).execute(pool).await.unwrap();
    for statement in statements {
        sqlx::query(statement).bind(clinic).execute(pool).await.unwrap();
    }
}

#[tokio::test]
async fn members_invitations_and_points_are_shown_for_the_whole_clinic_alone() {
    let world = World::new().await;
    let (clinic, staff) = world.clinic("clinic").await;
    let (_, stranger) = world.clinic("other").await;
    join(&world.test.pool, clinic).await;
    let people = |numbers: &Value| ["newMembers", "invitations", "pointsGranted"].map(|name| numbers[name].clone());

    // In Seoul it is nine hours later: user 1 joined at 22:30 on the 28th, users 3 to 12 on 1 March.
    let days = staff.get("/v1/stats/series?by=day&from=2026-02-28&to=2026-03-02").await.json;
    let periods: Vec<_> = days["periods"].as_array().unwrap().iter().map(people).collect();
    assert_eq!(periods, [[2, 0, 300], [10, 4, 7500], [0, 0, 0]].map(|day| day.map(|number| json!(number))));
    assert_eq!(people(&days["total"]), [12, 4, 7800].map(|number| json!(number)));
    let hours = staff.get("/v1/stats/series?from=2026-02-28").await.json;
    assert_eq!(people(&hours["periods"][22]), [json!(1), json!(0), json!(100)]);
    let compared = staff.get("/v1/stats/series?by=week&from=2026-03-01&compare=previous").await.json;
    assert_eq!(people(&compared["previous"]["total"]), [json!(2), json!(0), json!(300)]);

    let foreign = stranger.get("/v1/stats/series?by=day&from=2026-02-28&to=2026-03-02").await.json;
    assert_eq!(people(&foreign["total"]), [json!(0), json!(0), json!(0)]);
    let group: shared::model::GroupId = sqlx::query_scalar("SELECT id FROM customer_groups WHERE clinic_id = ?")
        .bind(clinic)
        .fetch_one(&world.test.pool)
        .await
        .unwrap();
    let of_group = staff.get(&format!("/v1/stats/series?by=day&from=2026-03-01&groupId={group}")).await.json;
    assert_eq!(people(&of_group["total"]), [Value::Null, Value::Null, Value::Null], "{of_group:#}");
    world.test.finish().await;
}
