//! What an invitation says before anybody signs in.

use axum::body::Body;
use axum::http::Request;
use lambda_http::aws_lambda_events::apigw::ApiGatewayProxyRequestContext;
use lambda_http::request::RequestContext;
use serde_json::json;
use shared::clock::Ambient;
use shared::db::code_guesses::PER_SOURCE;
use shared::http::{self, SOURCE_HEADER, Source, SourceKey};
use shared::model::ReferralCode;
use shared::testing::FixedClock;
use shared::testing::people::{console, pepper, source_key};
use signup_with_referral::{Deps, routes};
use tower::ServiceExt;

use crate::world::{World, code, kind};

fn path(code: &str) -> String {
    format!("/v1/invitations/{code}")
}

#[tokio::test]
async fn an_invitation_names_the_clinic_and_its_points_and_not_the_friend() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    world.set(&clinic, "points_notice = '비급여만'").await;
    let friend = world.join("friend", &clinic.code).await;
    world.earned();
    let shown = world.anybody.get(&path(&clinic.code)).await;
    let expected = json!({"clinicId": clinic.id, "clinicName": "새봄치과의원", "joinPoints": 1000, "pointsNotice": "비급여만", "ofFriend": false});
    assert_eq!((shown.status, shown.json), (200, expected));
    let shown = world.anybody.get(&path(&code(&friend).to_lowercase())).await;
    let expected = json!({"clinicId": clinic.id, "clinicName": "새봄치과의원", "joinPoints": 1000, "pointsNotice": "비급여만", "ofFriend": true});
    assert_eq!((shown.status, shown.json), (200, expected));
    world.set(&clinic, "points_enabled = FALSE").await;
    let shown = world.anybody.get(&path(&clinic.code)).await;
    let expected = json!({"clinicId": clinic.id, "clinicName": "새봄치과의원", "joinPoints": null, "pointsNotice": null, "ofFriend": false});
    assert_eq!(shown.json, expected);
    world.set(&clinic, "accepts_members = FALSE").await;
    assert_eq!(kind(&world.anybody.get(&path(&clinic.code)).await), (409, "clinic-closed"));
    world.test.finish().await;
}

#[tokio::test]
async fn a_typo_is_no_try_and_nobody_is_counted_for_all_who_come_from_nowhere() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let random = Ambient::seeded(FixedClock::new(), 79);
    for wrong in ["7K3M9QXX", "nothing", "%00", "%ED%95%9C"] {
        assert_eq!(kind(&world.anybody.get(&path(wrong)).await), (404, "unknown-code"), "{wrong}");
        assert_eq!(ask_from(&world, "203.0.113.1", wrong).await.0, 404, "{wrong}");
    }
    for _ in 0..PER_SOURCE {
        assert_eq!(kind(&world.anybody.get(&path(ReferralCode::new(&random).as_str())).await), (404, "unknown-code"));
    }
    assert_eq!(world.anybody.get(&path(&clinic.code)).await.status, 200);
    assert_eq!(world.count("code_guesses").await, 0);
    world.test.finish().await;
}

/// Asks as API Gateway would for a visitor at that address.
async fn ask_from(world: &World, address: &str, code: &str) -> (u16, Option<String>) {
    ask(world, address, None, code).await
}

/// Asks as the console would for a visitor at that address, or as somebody does who has another key.
async fn ask_through_console(world: &World, key: &SourceKey, visitor: &str, code: &str) -> (u16, Option<String>) {
    let proof = key.prove(&Source(visitor.to_owned()), world.ambient.now()).unwrap();
    ask(world, "192.0.2.1", Some(&proof), code).await
}

async fn ask(world: &World, address: &str, proof: Option<&str>, code: &str) -> (u16, Option<String>) {
    let deps = Deps {
        database: world.test.another().await,
        ambient: Ambient::seeded(world.clock.clone(), 80),
        publisher: world.publisher.clone(),
        pepper: pepper(),
        console: console(),
        source_key: source_key(),
    };
    let mut context = ApiGatewayProxyRequestContext::default();
    context.identity.source_ip = Some(address.to_owned());
    let request = proof.into_iter().fold(Request::get(path(code)), |request, proof| request.header(SOURCE_HEADER, proof));
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(RequestContext::ApiGatewayV1(context));
    let response = http::app("signup-with-referral", routes(deps)).oneshot(request).await.unwrap();
    let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), retry_after)
}

#[tokio::test]
async fn guesses_are_counted_for_each_address_and_no_address_is_kept() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let random = Ambient::seeded(FixedClock::new(), 81);
    // So many that those behind one address of a carrier do not hinder each other soon. All of one network are one.
    for _ in 0..200 {
        assert_eq!(ask_from(&world, "2001:db8:1:2:3::1", ReferralCode::new(&random).as_str()).await, (404, None));
    }
    assert_eq!(ask_from(&world, "2001:db8:1:2:4::1", &clinic.code).await, (429, Some("600".to_owned())));
    assert_eq!(ask_from(&world, "203.0.113.1", &clinic.code).await.0, 200);
    // Who is signed in is counted by the account.
    assert_eq!(world.join("person", &clinic.code).await.status, 201);
    world.earned();
    assert_eq!(world.count("code_guesses WHERE guesser LIKE '%2001%'").await, 0);
    world.test.finish().await;
}

#[tokio::test]
async fn visitors_of_the_console_are_counted_one_by_one_and_nobody_can_say_to_be_another() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    let (key, random) = (source_key(), Ambient::seeded(FixedClock::new(), 83));
    for _ in 0..PER_SOURCE {
        let wrong = ReferralCode::new(&random);
        assert_eq!(ask_through_console(&world, &key, "2001:db8:1:2::", wrong.as_str()).await, (404, None));
    }
    assert_eq!(ask_through_console(&world, &key, "2001:db8:1:2::", &clinic.code).await.0, 429);
    assert_eq!(ask_through_console(&world, &key, "203.0.113.1", &clinic.code).await.0, 200);
    // The same visitor is known past the console, and is no other by a proof of their own.
    let stranger = SourceKey::new("the key of somebody else, of whom it is").unwrap();
    let forged = stranger.prove(&Source("203.0.113.1".to_owned()), world.ambient.now()).unwrap();
    for proof in [None, Some(forged.as_str()), Some("203.0.113.1")] {
        assert_eq!(ask(&world, "2001:db8:1:2:3::1", proof, &clinic.code).await.0, 429, "{proof:?}");
    }
    // Who forges hinders nobody but themselves.
    assert_eq!(ask_through_console(&world, &stranger, "203.0.113.1", ReferralCode::new(&random).as_str()).await.0, 404);
    assert_eq!(world.count("code_guesses").await, 2, "the network, and the address that the forger was seen at");
    world.test.finish().await;
}
