//! What signing up leaves behind, as the people themselves and the clinic see it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::message::PointsEarned;
use shared::testing::people::{console, pepper, source_key};
use shared::testing::{Client, FakePublisher};

use crate::world::{World, items, names, refused};

async fn sign_up(world: &World, publisher: &Arc<FakePublisher>) -> Client {
    let deps = signup_with_referral::Deps {
        database: world.test.another().await,
        ambient: Ambient::system().unwrap(),
        publisher: Arc::clone(publisher),
        pepper: pepper(),
        console: console(),
        source_key: source_key(),
    };
    Client::anonymous("signup-with-referral", signup_with_referral::routes(deps))
}

#[tokio::test]
async fn what_a_sign_up_leaves_behind_is_what_everybody_sees() {
    let world = World::new().await;
    let publisher = Arc::<FakePublisher>::default();
    let signups = sign_up(&world, &publisher).await;
    let poster = world.code(world.clinic, None, "접수대 QR").await;
    let (host, guest) = ("host", "guest");
    let proven = |client: &Client, who: &str| {
        let phone = if who == host { "+821011110001" } else { "+821011110002" };
        client.with_subject(who).proving(Some(phone), None)
    };
    let join = async |who: &str, code: &str| proven(&signups, who).post("/v1/signups", json!({ "referralCode": code })).await;
    let joined = join(host, &poster).await.json;
    let own = joined["referralCode"].as_str().unwrap();
    assert_eq!(join(guest, own).await.status, 201);
    assert_eq!(publisher.take::<PointsEarned>().len(), 3);

    let me = proven(&world.app, host).get("/v1/me").await.json;
    let clinic = &me["clinics"][0];
    assert_eq!((&clinic["referralCode"], &clinic["membership"]), (&joined["referralCode"], &json!("confirmed")));
    assert_eq!((&me["userId"], &me["phone"]), (&joined["userId"], &json!("010-1111-0001")));
    let friends = proven(&world.app, host).get("/v1/me/friends").await.json;
    assert_eq!((names(&friends["invited"]), &friends["invitedCount"]), (vec!["이름 guest"], &json!(1)));
    let friends = proven(&world.app, guest).get("/v1/me/friends").await.json;
    assert_eq!(names(&friends["invitedBy"]), ["이름 host"]);

    let list = world.owner.get("/v1/members").await;
    assert_eq!(names(&list.json["items"]), ["이름 guest", "이름 host"]);
    assert!(items(&list).iter().all(|member| member["customerId"].is_string()), "members can be messaged");
    let by_poster = world.owner.get(&format!("/v1/members?code={poster}")).await;
    assert_eq!(names(&by_poster.json["items"]), ["이름 host"]);
    let host_id = joined["userId"].as_str().unwrap();
    let profile = world.owner.get(&format!("/v1/members/{host_id}")).await.json;
    assert_eq!((&profile["source"]["label"], &profile["invitedCount"]), (&json!("접수대 QR"), &json!(1)));
    let tree = world.owner.get(&format!("/v1/members/{host_id}/tree")).await.json;
    assert_eq!(tree["people"].as_array().unwrap().len(), 2);

    // Whoever has left brings nobody any more, and whom the clinic has removed does not come back by a code.
    assert_eq!(
        proven(&world.app, host).send("DELETE", &format!("/v1/memberships/{}", world.clinic), &[], Value::Null).await.status,
        204
    );
    let late = signups.with_subject("late").post("/v1/signups", json!({ "referralCode": own })).await;
    assert_eq!(refused(&late), (404, "unknown-code"));
    let guest_id = items(&list)[0]["userId"].as_str().unwrap().to_owned();
    assert_eq!(world.nurse.post(&format!("/v1/members/{guest_id}/end"), Value::Null).await.status, 200);
    assert_eq!(refused(&join(guest, &poster).await).0, 409);
    assert_eq!(world.owner.get("/v1/members/counts").await.json, json!({"pending": 0, "confirmed": 0, "ended": 2}));
    world.test.finish().await;
}

#[tokio::test]
async fn one_phone_pays_for_one_joining_however_the_accounts_take_turns_to_prove_it() {
    const PHONE: Option<&str> = Some("+821011110003");
    let world = World::new().await;
    let publisher = Arc::<FakePublisher>::default();
    let signups = sign_up(&world, &publisher).await;
    let code = world.code(world.clinic, None, "").await;
    let patch = async |who: &str, phone, email| {
        let person = world.app.with_subject(who).proving(phone, email);
        assert_eq!(person.send("PATCH", "/v1/me", &[], json!({})).await.status, 200);
    };
    let join = async |who: &str, phone, email| {
        let person = signups.with_subject(who).proving(phone, email);
        person.post("/v1/signups", json!({ "referralCode": code })).await.json["joinPoints"].clone()
    };
    // Whoever proves a phone, and joins when the account has another one that is not proven, is known by the proven one.
    for (who, email, points) in
        [("one", "one@mail.example", 1000), ("two", "two@mail.example", 0), ("three", "three@mail.example", 0)]
    {
        patch(who, PHONE, Some(email)).await;
        assert_eq!(join(who, None, Some(email)).await, points, "{who}");
    }
    // Whoever has joined and proves a phone later is known by that too, by the one of before, and by another address.
    assert_eq!(join("four", None, Some("four@mail.example")).await, 1000);
    patch("four", Some("+821011110004"), Some("four@mail.example")).await;
    patch("four", Some("+821011110005"), Some("other@mail.example")).await;
    assert_eq!(join("five", Some("+821011110004"), Some("five@mail.example")).await, 0);
    assert_eq!(join("six", Some("+821011110005"), Some("six@mail.example")).await, 0);
    assert_eq!(join("seven", None, Some("other@mail.example")).await, 0);
    // To ask another clinic is such a moment, too.
    let asking = world.app.with_subject("four").proving(Some("+821011110006"), None);
    assert_eq!(asking.post("/v1/memberships", json!({"clinicId": world.foreign})).await.status, 201);
    assert_eq!(join("eight", Some("+821011110006"), None).await, 0);
    // Whoever has proven a phone and never joined has earned nothing by it.
    patch("somebody", Some("+821011110007"), None).await;
    assert_eq!(join("somebody's other account", Some("+821011110007"), None).await, 1000);
    publisher.take::<PointsEarned>();
    world.test.finish().await;
}
