//! The account, and who has nothing else.

use forget_withdrawn::{Accounts, CognitoAccounts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_cognitoidentityprovider::config::Credentials;

use crate::world::{SUBJECT, World, set_down};

#[tokio::test]
async fn somebody_who_never_joined_a_clinic_has_an_account_that_goes() {
    let world = World::new().await;
    assert_eq!(world.withdraw().await.status, 204);
    assert_eq!(world.withdraw().await.status, 204);
    assert_eq!(world.number("SELECT COUNT(*) FROM withdrawals").await, 1);
    let run = world.run().await.unwrap();
    assert_eq!((run.accounts, run.waiting), (1, 1));
    assert_eq!(*world.accounts.deleted.lock().unwrap(), [SUBJECT]);
    let run = world.run_later().await;
    assert_eq!((run.accounts, run.finished), (0, 1));
    world.test.finish().await;
}

#[tokio::test]
async fn an_account_that_cannot_be_deleted_keeps_nothing_else_back_and_is_tried_again() {
    let world = World::new().await;
    let member = world.person().await;
    let campaign = world.campaign(member.clinic).await;
    let number = world.message(member, campaign, "accepted", shared::model::state::MessageState::Delivered).await;
    assert_eq!(world.withdraw().await.status, 204);
    set_down(&world, true);
    assert!(world.run().await.is_err(), "the alarm is to see it");
    assert!(world.look(campaign, number).await.3, "forgotten all the same");
    world.clock.advance(chrono::TimeDelta::minutes(31));
    assert!(world.run().await.is_err());
    assert_eq!(world.number("SELECT COUNT(*) FROM withdrawals WHERE finished_at IS NULL").await, 1);
    set_down(&world, false);
    let run = world.run().await.unwrap();
    assert_eq!((run.accounts, run.finished), (1, 1));
    world.test.finish().await;
}

#[tokio::test]
async fn a_pool_that_does_not_answer_is_asked_once_in_a_run_and_keeps_nobody_from_being_forgotten() {
    let world = World::new().await;
    for number in 0..3 {
        let insert = sqlx::query("INSERT INTO withdrawals (user_id, subject, requested_at) VALUES (RANDOM_BYTES(16), ?, ?)");
        insert.bind(format!("gone-{number}")).bind(world.now()).execute(&world.test.pool).await.unwrap();
    }
    let member = world.person().await;
    let campaign = world.campaign(member.clinic).await;
    let number = world.message(member, campaign, "accepted", shared::model::state::MessageState::Delivered).await;
    assert_eq!(world.withdraw().await.status, 204);
    set_down(&world, true);
    assert!(world.run().await.is_err(), "the alarm is to see it");
    assert_eq!(*world.accounts.asked.lock().unwrap(), 1);
    assert!(world.look(campaign, number).await.3);
    set_down(&world, false);
    let run = world.run_later().await;
    assert_eq!((run.accounts, run.finished), (4, 4));
    world.test.finish().await;
}

#[tokio::test]
async fn whoever_joined_in_the_moment_of_withdrawing_without_a_user_withdraws_too() {
    let world = World::new().await;
    assert_eq!(world.withdraw().await.status, 204);
    let member = world.person().await;
    let run = world.run().await.unwrap();
    assert_eq!((run.accounts, run.waiting), (1, 1));
    assert_eq!(world.number("SELECT COUNT(*) FROM memberships WHERE state <> 'ended'").await, 0);
    assert_eq!(world.number("SELECT COUNT(*) FROM customers").await, 0);
    let kept: shared::model::UserId =
        sqlx::query_scalar("SELECT user_id FROM withdrawals").fetch_one(&world.test.pool).await.unwrap();
    assert_eq!(kept, member.user);
    assert_eq!(world.run_later().await.finished, 1);
    world.test.finish().await;
}

/// A user pool that answers like this, in turn; answers the operations that it was asked for.
async fn pool(answers: Vec<(u16, &'static str)>) -> (CognitoAccounts, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let mut asked = Vec::new();
        for (status, body) in answers {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            let text = loop {
                let mut part = vec![0; 1 << 14];
                let length = client.read(&mut part).await.unwrap();
                request.extend_from_slice(&part[..length]);
                let text = String::from_utf8(request.clone()).unwrap();
                if text.ends_with('}') {
                    break text;
                }
            };
            let target = text.lines().find_map(|line| line.strip_prefix("x-amz-target: AWSCognitoIdentityProviderService."));
            let body_of = text.split("\r\n\r\n").nth(1).unwrap();
            asked.push(format!("{} {body_of}", target.unwrap()));
            let answer = format!(
                "HTTP/1.1 {status} .\r\ncontent-type: application/x-amz-json-1.1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            client.write_all(answer.as_bytes()).await.unwrap();
        }
        asked
    });
    let sdk = aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(&endpoint)
        .region(Region::new("ap-northeast-2"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .retry_config(aws_config::retry::RetryConfig::disabled())
        .load()
        .await;
    (CognitoAccounts::new(&sdk, "pool-1".to_owned()), asked)
}

#[tokio::test]
async fn an_account_is_signed_out_everywhere_and_then_deleted() {
    let (accounts, asked) = pool(vec![(200, "{}"), (200, "{}")]).await;
    accounts.delete("subject-1").await.unwrap();
    let body = r#"{"UserPoolId":"pool-1","Username":"subject-1"}"#;
    assert_eq!(asked.await.unwrap(), [format!("AdminUserGlobalSignOut {body}"), format!("AdminDeleteUser {body}")]);
}

#[tokio::test]
async fn an_account_that_is_gone_already_is_fine_and_any_other_refusal_is_not() {
    let gone = r#"{"__type":"UserNotFoundException","message":"User does not exist."}"#;
    let busy = r#"{"__type":"TooManyRequestsException","message":"Rate exceeded"}"#;
    for (answers, is_fine) in [
        (vec![(400, gone)], true),
        (vec![(200, "{}"), (400, gone)], true),
        (vec![(400, busy)], false),
        (vec![(200, "{}"), (400, busy)], false),
    ] {
        let (accounts, asked) = pool(answers.clone()).await;
        assert_eq!(accounts.delete("subject-1").await.is_ok(), is_fine, "{answers:?}");
        assert_eq!(asked.await.unwrap().len(), answers.len());
    }
}
