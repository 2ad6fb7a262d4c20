//! Members, friends and points.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Connection, MySqlConnection};

use crate::clinic;
use crate::support::{Person, Stack};

async fn join(person: &Person, code: &Value) -> Value {
    person.post("/v1/signups", json!({ "referralCode": code })).await
}

/// The points of somebody's only clinic.
async fn wait_for_points(person: &Person, points: i64) {
    person.wait_for("/v1/me", |me| me["clinics"][0]["points"] == points).await;
}

#[tokio::test]
async fn a_member_and_a_friend_earn_points_exactly_once_whatever_is_delivered_again() {
    let stack = Stack::of_environment();
    let (owner, clinic) = clinic(&stack, "referral").await;
    let member = stack.sign_up("member@user.example", "김단골", "+821011110001").await;
    let friend = stack.sign_up("friend@user.example", "박친구", "+821011110002").await;

    let joined = join(&member, &clinic["referralCode"]).await;
    assert_eq!((&joined["membership"], &joined["clinicId"]), (&json!("confirmed"), &clinic["id"]));
    wait_for_points(&member, 1000).await;

    join(&friend, &joined["referralCode"]).await;
    wait_for_points(&friend, 1000).await;
    wait_for_points(&member, 2000).await;
    let friends = member.get("/v1/me/friends").await;
    assert_eq!(friends["invited"][0]["name"], "박친구");
    assert_eq!(friend.get("/v1/me/friends").await["invitedBy"][0]["name"], "김단골");

    // Everything once more: the request, and every message that it led to.
    join(&friend, &joined["referralCode"]).await;
    for grant in grants(&stack, &clinic).await {
        stack.deliver_again("grant-points", &grant).await;
        stack.deliver_again("grant-points", &grant).await;
    }
    while stack.queue_size("grant-points").await > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(member.get("/v1/me").await["clinics"][0]["points"], 2000);
    assert_eq!(friend.get("/v1/me").await["clinics"][0]["points"], 1000);
    assert_eq!(member.list("/v1/me/points").await.len(), 2);
    assert_eq!(stack.queue_size("grant-points-dead-letter").await, 0);

    let members = owner.list("/v1/members").await;
    let shown: Vec<_> =
        members.iter().map(|member| (member["name"].as_str().unwrap(), member["points"].as_i64().unwrap())).collect();
    assert_eq!(shown, [("박친구", 1000), ("김단골", 2000)]);
    assert_eq!(owner.get("/v1/stats").await["members"], 2);
}

/// The facts as they were published, made again from the ledger.
async fn grants(stack: &Stack, clinic: &Value) -> Vec<Value> {
    let mut connection = MySqlConnection::connect(&stack.database_url).await.unwrap();
    let id = clinic["id"].as_str().unwrap().trim_start_matches("cli_");
    let lines: Vec<(String, String, String, String, i32)> = sqlx::query_as(
        "SELECT grant_key, reason, LOWER(HEX(user_id)), LOWER(HEX(referral_id)), amount FROM point_entries
         WHERE clinic_id = UNHEX(?)",
    )
    .bind(id)
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert_eq!(lines.len(), 3);
    let fact = |(key, reason, user, referral, amount): (String, String, String, String, i32)| {
        json!({
            "type": "points_earned.v1", "grantKey": key, "clinicId": clinic["id"], "userId": format!("usr_{user}"),
            "reason": reason, "amount": amount, "referralId": format!("ref_{referral}"),
        })
    };
    lines.into_iter().map(fact).collect()
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_in_the_dead_letter_queue() {
    let stack = Stack::of_environment();
    stack.deliver_again("record-clicks", &json!({"type": "click_received.v9"})).await;
    for _ in 0..100 {
        if stack.queue_size("record-clicks-dead-letter").await == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("the unreadable message did not reach the dead-letter queue");
}
