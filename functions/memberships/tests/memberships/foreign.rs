//! What belongs to others answers as if it did not exist.

use serde_json::{Value, json};
use shared::model::{ClinicId, UserId};

use crate::world::{World, items, refused};

const OF_MEMBERS: [(&str, &str); 5] = [
    ("GET", "/v1/members/{}"),
    ("GET", "/v1/members/{}/tree"),
    ("POST", "/v1/members/{}/confirm"),
    ("POST", "/v1/members/{}/decline"),
    ("POST", "/v1/members/{}/end"),
];

#[tokio::test]
async fn members_of_another_clinic_answer_exactly_like_missing_ones() {
    let world = World::new().await;
    let here = world.member("host", world.clinic).await;
    world.brought("guest", world.clinic, &here).await;
    let asked = world.stands("asked", world.clinic, "pending").await;
    let withdrawn = world.stands("withdrawn", world.foreign, "confirmed").await;
    world.withdraw(withdrawn).await;
    let nobody = world.user("nobody").await;
    let missing = UserId::new(&world.ambient);
    for (method, route) in OF_MEMBERS {
        let answer = async |id: &str| world.other.send(method, &route.replace("{}", id), &[], Value::Null).await;
        let expected = answer(&missing.to_string()).await;
        assert_eq!(refused(&expected), (404, "not-found"), "{method} {route}");
        for id in
            [here.0, asked, withdrawn, nobody].map(|user| user.to_string()).into_iter().chain(["usr_1".into(), "x".into()])
        {
            let foreign = answer(&id).await;
            assert_eq!((foreign.status, &foreign.json), (404, &expected.json), "{method} {route} of {id}");
        }
    }
    assert_eq!(items(&world.other.get("/v1/members").await), Vec::<Value>::new());
    assert_eq!(world.other.get("/v1/members/counts").await.json, json!({"pending": 0, "confirmed": 0, "ended": 0}));
    assert_eq!(world.count("audit_entries WHERE action <> 'members.list'").await, 0);
    assert_eq!(world.count("memberships WHERE state = 'confirmed'").await, 2);
    world.test.finish().await;
}

#[tokio::test]
async fn whoever_works_for_no_clinic_sees_no_members_not_even_themselves() {
    let world = World::new().await;
    let (host, _) = world.member("host", world.clinic).await;
    let stranger = world.app.with_subject("host");
    let below = OF_MEMBERS.map(|(method, route)| (method, route.replace("{}", &host.to_string())));
    for (method, path) in below.into_iter().chain([("GET", "/v1/members".into()), ("GET", "/v1/members/counts".into())]) {
        assert_eq!(refused(&stranger.send(method, &path, &[], Value::Null).await), (403, "not-staff"), "{method} {path}");
        assert_eq!(world.app.send(method, &path, &[], Value::Null).await.status, 401, "{method} {path}");
    }
    assert_eq!(world.count("audit_entries").await, 0);
    world.test.finish().await;
}

#[tokio::test]
async fn a_clinic_that_is_not_the_users_answers_exactly_like_a_missing_one() {
    let world = World::new().await;
    world.member("host", world.clinic).await;
    world.stands("host", world.foreign, "ended").await;
    world.member("stranger", world.foreign).await;
    let missing = ClinicId::new(&world.ambient);
    for who in ["host", "nobody"] {
        let client = world.app.with_subject(who);
        for (method, route) in
            [("GET", "/v1/me/friends?clinicId={}"), ("GET", "/v1/me/points?clinicId={}"), ("DELETE", "/v1/memberships/{}")]
        {
            let answer =
                async |id: ClinicId| client.send(method, &route.replace("{}", &id.to_string()), &[], Value::Null).await;
            let expected = answer(missing).await;
            assert_eq!(refused(&expected), (404, "not-found"), "{method} {route}");
            let foreign = answer(world.foreign).await;
            assert_eq!((foreign.status, &foreign.json), (404, &expected.json), "{method} {route} of {who}");
        }
    }
    // A clinic that is not there cannot be asked; one that is may be asked by anybody.
    let asked = world.app.with_subject("nobody").post("/v1/memberships", json!({ "clinicId": missing })).await;
    assert_eq!(refused(&asked), (404, "not-found"));
    assert_eq!(world.count("users WHERE subject = 'nobody'").await, 0, "who asks nobody is nobody");
    world.test.finish().await;
}

/// The routes of others must not tell what somebody has: each one's own, and nothing else.
#[tokio::test]
async fn a_user_sees_nothing_of_another_at_the_same_clinic() {
    let world = World::new().await;
    let host = world.member("host", world.clinic).await;
    world.brought("guest", world.clinic, &host).await;
    world.adjust(host.0, world.clinic, 500).await;
    world.member("neighbour", world.clinic).await;
    let neighbour = world.app.with_subject("neighbour");
    let friends = neighbour.get("/v1/me/friends").await.json;
    assert_eq!(friends, json!({"invitedCount": 0, "invited": [], "invitedBy": []}));
    assert_eq!(items(&neighbour.get(&format!("/v1/me/points?clinicId={}", world.clinic)).await), Vec::<Value>::new());
    assert_eq!(neighbour.get("/v1/me").await.json["clinics"][0]["points"], 0);
    world.test.finish().await;
}
