//! A user's profile and own clinics.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{CONSOLE, World, names, refused};

#[tokio::test]
async fn a_user_sees_the_own_clinics_with_code_link_points_and_what_is_held() {
    let world = World::new().await;
    let (host, code) = world.member("host", world.clinic).await;
    world.stands("host", world.foreign, "pending").await;
    world.adjust(host, world.clinic, 1500).await;
    for (amount, state) in [(300, "held"), (40, "held"), (5, "released"), (6, "refused")] {
        world.hold(host, world.clinic, amount, state).await;
    }
    world.hold(host, world.foreign, 7, "held").await;
    let me = world.app.with_subject("host").get("/v1/me").await.json;
    assert_eq!((&me["userId"], &me["name"]), (&json!(host), &json!("이름 host")));
    let [here, there] = me["clinics"].as_array().unwrap().as_slice() else { panic!("{me}") };
    assert_eq!(here["inviteLink"], format!("{CONSOLE}/i/{code}"));
    assert_eq!(here["qrLink"], format!("/v1/invitations/{code}/qr"));
    assert_eq!((&here["membership"], &here["referralCode"]), (&json!("confirmed"), &json!(code)));
    assert_eq!((&here["points"], &here["pointsHeld"]), (&json!(1500), &json!(340)));
    assert_eq!((&here["clinicName"], &there["clinicName"]), (&json!("새봄의원"), &json!("한빛의원")));
    assert_eq!(
        (&there["membership"], &there["referralCode"], &there["inviteLink"], &there["qrLink"]),
        (&json!("pending"), &Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!((&there["points"], &there["pointsHeld"]), (&json!(0), &json!(7)));
    world.test.finish().await;
}

#[tokio::test]
async fn a_code_through_which_nobody_can_join_is_not_shown() {
    let world = World::new().await;
    world.member("host", world.clinic).await;
    let host = world.app.with_subject("host");
    let code = async || host.get("/v1/me").await.json["clinics"][0]["referralCode"].clone();
    assert!(code().await.is_string());
    for (change, shown) in [
        ("UPDATE referral_codes SET disabled_at = NOW(6) WHERE user_id IS NOT NULL", false),
        (
            "UPDATE referral_codes SET disabled_at = NULL, expires_at = NOW(6) - INTERVAL 1 SECOND WHERE user_id IS NOT NULL",
            false,
        ),
        ("UPDATE referral_codes SET expires_at = NOW(6) + INTERVAL 1 HOUR WHERE user_id IS NOT NULL", true),
        ("UPDATE memberships SET state = 'pending'", false),
    ] {
        world.run(change).await;
        assert_eq!(code().await.is_string(), shown, "{change}");
    }
    world.test.finish().await;
}

#[tokio::test]
async fn a_clinic_that_was_left_is_none_of_the_own() {
    let world = World::new().await;
    let (host, _) = world.member("host", world.clinic).await;
    world.adjust(host, world.clinic, 10).await;
    world.stands("host", world.foreign, "ended").await;
    let me = world.app.with_subject("host");
    assert_eq!(me.get("/v1/me").await.json["clinics"].as_array().unwrap().len(), 1);
    assert_eq!(me.send("DELETE", &format!("/v1/memberships/{}", world.clinic), &[], Value::Null).await.status, 204);
    let left = me.get("/v1/me").await.json;
    assert_eq!((&left["userId"], &left["clinics"]), (&json!(host), &json!([])));
    world.test.finish().await;
}

#[tokio::test]
async fn somebody_new_sees_empty_lists() {
    let world = World::new().await;
    let nobody = world.app.with_subject("nobody");
    assert_eq!(nobody.get("/v1/me").await.json, json!({"name": "이름 nobody", "phone": null, "clinics": []}));
    assert_eq!(nobody.get("/v1/me/points").await.json, json!({"items": []}));
    assert_eq!(nobody.get("/v1/me/friends").await.json, json!({"invitedCount": 0, "invited": [], "invitedBy": []}));
    let proven = nobody.proving(Some("+821012345678"), None);
    assert_eq!(proven.get("/v1/me").await.json["phone"], "010-1234-5678");
    assert_eq!(world.app.get("/v1/me").await.status, 401);
    assert_eq!(world.count("users").await, 0, "looking makes nobody");
    world.test.finish().await;
}

#[tokio::test]
async fn a_proven_phone_is_taken_over_and_makes_the_user_a_customer_where_they_are_confirmed() {
    let world = World::new().await;
    world.member("host", world.clinic).await;
    world.stands("host", world.foreign, "pending").await;
    let host = world.app.with_subject("host");
    let patch = async |who: &shared::testing::Client, body| who.send("PATCH", "/v1/me", &[], body).await;
    // What was typed at sign-up is no phone until it is proven.
    let renamed = patch(&host, json!({"name": "  김  단골 "})).await;
    assert_eq!((renamed.status, &renamed.json["name"], &renamed.json["phone"]), (200, &json!("김 단골"), &Value::Null));
    assert_eq!(world.count("customers").await, 0);

    let proven = host.proving(Some("+821012345678"), None);
    let taken = patch(&proven, json!({})).await;
    assert_eq!((&taken.json["name"], &taken.json["phone"]), (&json!("김 단골"), &json!("010-1234-5678")));
    assert_eq!(world.count("customers WHERE name = '김 단골' AND phone = '+821012345678'").await, 1);
    let linked = "memberships m JOIN customers c ON c.clinic_id = m.clinic_id AND c.id = m.customer_id";
    assert_eq!((world.count(linked).await, world.count("customers").await), (1, 1), "only where the user is confirmed");

    // Again, and with another phone: still one customer, who follows.
    patch(&proven, json!({})).await;
    let moved = patch(&host.proving(Some("+821087654321"), None), json!({"name": "김단골"})).await;
    assert_eq!(moved.json["phone"], "010-8765-4321");
    assert_eq!(world.count("customers").await, 1);
    assert_eq!(world.count("customers WHERE phone = '+821087654321'").await, 1);
    // A token without a proven phone takes nothing away.
    assert_eq!(patch(&host, json!({})).await.json["phone"], "010-8765-4321");
    world.test.finish().await;
}

#[tokio::test]
async fn a_customer_whom_the_clinic_has_written_down_becomes_the_member_and_stays_as_it_is() {
    let world = World::new().await;
    world.member("host", world.clinic).await;
    let customer = "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at)
        VALUES (?, UNHEX(REPEAT('0c', 16)), '김단골(임플란트)', '+821012345678', '{}', NOW(6), NOW(6))";
    sqlx::query(customer).bind(world.clinic).execute(&world.test.pool).await.unwrap();
    let host = world.app.with_subject("host").proving(Some("+821012345678"), None);
    assert_eq!(host.send("PATCH", "/v1/me", &[], json!({"name": "김단골"})).await.status, 200);
    assert_eq!(world.count("memberships WHERE customer_id = UNHEX(REPEAT('0c', 16)) AND customer_made = FALSE").await, 1);
    assert_eq!(world.count("customers WHERE name = '김단골(임플란트)'").await, 1);
    world.test.finish().await;
}

#[tokio::test]
async fn a_name_that_is_none_is_refused_and_changes_nothing() {
    let world = World::new().await;
    world.member("host", world.clinic).await;
    let host = world.app.with_subject("host");
    for (body, field) in [
        (json!({"name": " \u{200b}"}), "name"),
        (json!({"name": "가".repeat(51)}), "name"),
        (json!({"name": 1}), "name"),
        (json!({"phone": "010-1234-5678"}), "phone"),
    ] {
        let answer = host.send("PATCH", "/v1/me", &[], body).await;
        assert_eq!((refused(&answer), &answer.json["field"]), ((422, "invalid-input"), &json!(field)));
    }
    assert_eq!(host.get("/v1/me").await.json["name"], "이름 host");
    world.test.finish().await;
}

#[tokio::test]
async fn whoever_has_withdrawn_does_nothing_more_with_the_old_token() {
    let world = World::new().await;
    let (host, code) = world.member("host", world.clinic).await;
    world.brought("guest", world.clinic, &(host, code)).await;
    world.withdraw(host).await;
    let old = world.app.with_subject("host");
    assert_eq!(old.send("PATCH", "/v1/me", &[], json!({"name": "돌아옴"})).await.status, 401);
    assert_eq!(old.post("/v1/memberships", json!({"clinicId": world.clinic})).await.status, 401);
    assert_eq!(old.send("DELETE", &format!("/v1/memberships/{}", world.clinic), &[], Value::Null).await.status, 404);
    let friends = old.get("/v1/me/friends").await.json;
    assert_eq!((names(&friends["invited"]), &friends["invitedCount"]), (vec![], &json!(0)));
    assert_eq!(world.count("users").await, 2);
    world.test.finish().await;
}

/// Two first requests at the same moment: the other one's token was made before the phone was proven.
#[tokio::test]
async fn a_phone_is_taken_over_also_when_somebody_else_makes_the_user_in_this_moment() {
    let world = World::new().await;
    let mut other = world.test.pool.begin().await.unwrap();
    let insert = "INSERT INTO users (id, subject, name, created_at) VALUES (REPEAT('u', 16), 'guest', '', NOW(6))";
    sqlx::query(insert).execute(&mut *other).await.unwrap();
    let guest = world.app.with_subject("guest").proving(Some("+821012345678"), None);
    let changing = tokio::spawn(async move { guest.send("PATCH", "/v1/me", &[], json!({"name": "김단골"})).await });
    let waiting = "SELECT COUNT(*) FROM information_schema.innodb_trx t JOIN information_schema.processlist p
        ON p.id = t.trx_mysql_thread_id WHERE p.db = DATABASE() AND t.trx_state = 'LOCK WAIT'";
    let waits = async {
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&world.test.pool).await.unwrap() == 0 {
            tokio::time::sleep(Duration::from_millis(120)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(3), waits).await.expect("the request waits for the other");
    other.commit().await.unwrap();
    let changed = changing.await.unwrap();
    assert_eq!((changed.status, &changed.json["phone"]), (200, &json!("010-1234-5678")), "{changed:?}");
    assert_eq!(world.count("users WHERE phone = '+821012345678'").await, 1);
    world.test.finish().await;
}
