//! Sending again to those who did not get it, or did not open its link.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::db::campaigns::{Audience, Campaign};
use shared::model::CustomerId;
use shared::model::approval::Described;
use shared::model::state::CampaignPart;
use shared::testing::Answer;

use crate::scene::{Clinic, Scene, described, problem};

/// A clinic that has sent a campaign to some customers.
struct Sent {
    clinic: Clinic,
    template: Value,
    campaign: Campaign,
    customers: Vec<CustomerId>,
}

impl Sent {
    /// To so many customers, all of whom got it.
    async fn new(scene: &Scene, customers: usize) -> Self {
        let clinic = scene.ready("clinic").await;
        let template = scene.template(&clinic, "APR").await;
        let mut ids = Vec::new();
        for number in 1..=customers {
            ids.push(scene.customer(&clinic, &format!("고객 {number}"), &format!("010-1111-{number:04}"), json!({})).await);
        }
        let asked = clinic.ask("sent", clinic.wish(&template)).await;
        scene.prepare().await;
        let campaign = scene.campaign(&clinic, &asked).await;
        let sent = Self { clinic, template, campaign, customers: ids };
        sent.end(scene, &sent.campaign).await;
        sent
    }

    /// The campaign has come to its end, and everybody got it who was not left out.
    async fn end(&self, scene: &Scene, campaign: &Campaign) {
        for update in [
            "UPDATE messages SET state = 'delivered' WHERE campaign_id = ? AND state = 'queued'",
            "UPDATE bundles SET state = 'accepted' WHERE campaign_id = ?",
            "UPDATE campaigns SET state = 'finished' WHERE id = ?",
        ] {
            sqlx::query(update).bind(campaign.id).execute(&scene.test.pool).await.unwrap();
        }
    }

    /// The message with that number failed.
    async fn fail(&self, scene: &Scene, campaign: &Campaign, number: u32, reason: &str) {
        let update = sqlx::query("UPDATE messages SET state = 'failed', reason = ? WHERE campaign_id = ? AND number = ?");
        update.bind(reason).bind(campaign.id).bind(number).execute(&scene.test.pool).await.unwrap();
    }

    async fn again(&self, key: &str, wish: Value) -> Answer {
        self.again_from(&self.campaign, key, wish).await
    }

    async fn again_from(&self, campaign: &Campaign, key: &str, wish: Value) -> Answer {
        self.clinic.staff.post_once(key, &format!("/v1/campaigns/{}/again", campaign.id), wish).await
    }

    /// The names of those who have a message of the campaign.
    async fn names(&self, scene: &Scene, campaign: &Campaign) -> Vec<String> {
        let names =
            sqlx::query_scalar("SELECT name FROM messages WHERE campaign_id = ? AND state <> 'excluded' ORDER BY number");
        names.bind(campaign.id).fetch_all(&scene.test.pool).await.unwrap()
    }
}

#[tokio::test]
async fn it_goes_to_those_who_certainly_failed_and_may_get_it_now() {
    let scene = Scene::new().await;
    let sent = Sent::new(&scene, 8).await;
    let reasons = ["not_reachable", "no_kakaotalk", "provider_fault", "not_reachable", "not_reachable", "rejected_by_provider"];
    for (number, reason) in (1..).zip(reasons) {
        sent.fail(&scene, &sent.campaign, number, reason).await;
    }
    sqlx::query("UPDATE messages SET state = 'unknown', reason = 'no_answer' WHERE campaign_id = ? AND number = 7")
        .bind(sent.campaign.id)
        .execute(&scene.test.pool)
        .await
        .unwrap();
    // One is a customer no more, one has refused since.
    let gone = sqlx::query("DELETE FROM customers WHERE id = ?").bind(sent.customers[3]);
    gone.execute(&scene.test.pool).await.unwrap();
    scene.suppress(&sent.clinic, "010-1111-0005").await;

    let asked = sent.again("k1", json!({"part": "failed"})).await;
    assert_eq!((asked.status, &asked.json["name"]), (202, &json!("봄맞이 (재발송)")), "{asked:?}");
    assert_eq!(sent.again("k1", json!({"part": "failed"})).await.json, asked.json, "a lost answer");
    let campaign = scene.campaign(&sent.clinic, &asked).await;
    assert_eq!(campaign.audience, Audience::Part { source: sent.campaign.id, part: CampaignPart::Failed });
    assert_eq!(campaign.destination, sent.campaign.destination);
    assert_eq!(scene.publisher.take::<shared::message::CampaignRequested>().len(), 1);
    let fact = shared::message::CampaignRequested::V1 { clinic_id: sent.clinic.id, campaign_id: campaign.id };
    scene.prepare_these(&[fact]).await;
    assert_eq!(sent.names(&scene, &campaign).await, ["고객 1", "고객 3", "고객 6"]);
    scene.test.finish().await;
}

#[tokio::test]
async fn it_goes_to_those_who_did_not_open_the_link() {
    let scene = Scene::new().await;
    let sent = Sent::new(&scene, 3).await;
    sqlx::query("UPDATE messages SET first_click_at = NOW(6) WHERE campaign_id = ? AND number = 2")
        .bind(sent.campaign.id)
        .execute(&scene.test.pool)
        .await
        .unwrap();
    sent.fail(&scene, &sent.campaign, 3, "not_reachable").await;
    let at = (scene.ambient.now() + TimeDelta::hours(1)).to_rfc3339();
    let wish = json!({
        "part": "not_clicked", "name": "다시 한번", "destination": "https://www.example.com/last", "scheduledAt": at,
    });
    let asked = sent.again("k1", wish).await;
    assert_eq!((&asked.json["state"], &asked.json["name"]), (&json!("scheduled"), &json!("다시 한번")), "{asked:?}");
    assert_eq!(asked.json["destination"], "https://www.example.com/last");
    assert_eq!(scene.told(), 0);
    sqlx::query("UPDATE campaigns SET state = 'requested' WHERE state = 'scheduled'").execute(&scene.test.pool).await.unwrap();
    let campaign = scene.campaign(&sent.clinic, &asked).await;
    let fact = shared::message::CampaignRequested::V1 { clinic_id: sent.clinic.id, campaign_id: campaign.id };
    scene.prepare_these(&[fact]).await;
    assert_eq!(sent.names(&scene, &campaign).await, ["고객 1"]);
    scene.test.finish().await;
}

#[tokio::test]
async fn nobody_gets_it_a_second_time_however_often_it_is_asked_for() {
    let scene = Scene::new().await;
    let sent = Sent::new(&scene, 4).await;
    sent.fail(&scene, &sent.campaign, 1, "not_reachable").await;
    sent.fail(&scene, &sent.campaign, 2, "not_reachable").await;
    let wish = json!({"part": "failed"});
    let first = sent.again("k1", wish.clone()).await;
    let busy = sent.again("k2", wish.clone()).await;
    assert_eq!((problem(&busy), &busy.json["campaignId"]), ((409, "again-under-way", ""), &first.json["id"]));
    scene.prepare().await;
    let campaign = scene.campaign(&sent.clinic, &first).await;
    sent.end(&scene, &campaign).await;
    sent.fail(&scene, &campaign, 2, "not_reachable").await;
    // A result that came late.
    sent.fail(&scene, &sent.campaign, 3, "other").await;
    let second = sent.again("k3", wish.clone()).await;
    scene.prepare().await;
    let campaign = scene.campaign(&sent.clinic, &second).await;
    assert_eq!(sent.names(&scene, &campaign).await, ["고객 2", "고객 3"]);
    sent.end(&scene, &campaign).await;
    let nobody = sent.again("k4", wish).await;
    assert_eq!(
        (problem(&nobody), &nobody.json["recipients"], &nobody.json["failed"]),
        ((422, "no-recipients", ""), &json!(0), &json!(3))
    );
    assert_eq!(nobody.json["detail"], "실패한 3건 가운데 지금 다시 보낼 수 있는 고객이 없습니다.");
    scene.test.finish().await;
}

#[tokio::test]
async fn those_who_failed_again_are_asked_for_at_the_first_campaign_alone() {
    let scene = Scene::new().await;
    let sent = Sent::new(&scene, 2).await;
    sent.fail(&scene, &sent.campaign, 1, "not_reachable").await;
    for (number, part) in (0..).zip(["failed", "not_clicked"]) {
        let again = sent.again(&format!("a{number}"), json!({"part": part})).await;
        let second = scene.campaign(&sent.clinic, &again).await;
        scene.prepare().await;
        sent.end(&scene, &second).await;
        sent.fail(&scene, &second, 1, "not_reachable").await;
        let refused = sent.again_from(&second, "chain", json!({"part": "failed"})).await;
        assert_eq!(problem(&refused), (422, "invalid-input", "part"));
        let named = (&refused.json["sourceCampaignId"], &refused.json["sourcePart"]);
        assert_eq!(named, (&json!(sent.campaign.id), &json!(part)));
        // Asking there covers them.
        let third = sent.again(&format!("b{number}"), json!({"part": part})).await;
        let third = scene.campaign(&sent.clinic, &third).await;
        scene.prepare().await;
        assert_eq!(sent.names(&scene, &third).await, sent.names(&scene, &second).await);
        sent.end(&scene, &third).await;
        // Whoever got it may be reminded from there.
        assert_eq!(sent.again_from(&third, &format!("c{number}"), json!({"part": "not_clicked"})).await.status, 202);
        assert_eq!(scene.told(), 1);
    }
    scene.test.finish().await;
}

#[tokio::test]
async fn of_two_who_ask_at_the_same_moment_one_is_told_of_the_other() {
    let scene = Scene::new().await;
    let sent = Sent::new(&scene, 2).await;
    let wish = json!({"part": "not_clicked"});
    let (one, other) = tokio::join!(sent.again("k1", wish.clone()), sent.again("k2", wish));
    let (made, refused) = if one.status == 202 { (one, other) } else { (other, one) };
    assert_eq!((made.status, problem(&refused)), (202, (409, "again-under-way", "")));
    assert_eq!(refused.json["campaignId"], made.json["id"]);
    assert_eq!(scene.told(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn an_advertisement_is_not_sent_again_as_information() {
    let scene = Scene::new().await;
    let sent = Sent::new(&scene, 1).await;
    let content = "(광고) 새봄치과\r\n무료수신거부 080-000-0000".to_owned();
    let marked = scene.described(&sent.clinic, Described { code: "TA_2".to_owned(), content, ..described() }).await;
    let wish = json!({"part": "not_clicked", "templateId": marked, "destination": "https://www.example.com/"});
    let refused = sent.again("k1", wish.clone()).await;
    let expected = ((409, "template-not-sendable", ""), &json!("advertising-mark"));
    assert_eq!((problem(&refused), &refused.json["reason"]), expected);
    // What was advertising before is so again.
    sqlx::query("UPDATE campaigns SET kind = 'advertising'").execute(&scene.test.pool).await.unwrap();
    let again = sent.again("k2", wish).await;
    assert_eq!((again.status, &again.json["kind"]), (202, &json!("advertising")), "{again:?}");
    assert_eq!(scene.told(), 1);
    scene.test.finish().await;
}

#[tokio::test]
async fn what_cannot_be_sent_again_says_why() {
    let scene = Scene::new().await;
    let sent = Sent::new(&scene, 1).await;
    for state in ["scheduled", "requested", "preparing", "sending", "paused"] {
        let update = sqlx::query("UPDATE campaigns SET state = ? WHERE id = ?").bind(state).bind(sent.campaign.id);
        update.execute(&scene.test.pool).await.unwrap();
        let refused = sent.again("k1", json!({"part": "failed"})).await;
        assert_eq!((problem(&refused), &refused.json["state"]), ((409, "campaign-state", ""), &json!(state)));
    }
    for state in ["canceled", "failed", "finished"] {
        let update = sqlx::query("UPDATE campaigns SET state = ? WHERE id = ?").bind(state).bind(sent.campaign.id);
        update.execute(&scene.test.pool).await.unwrap();
        assert_eq!(problem(&sent.again("k1", json!({"part": "failed"})).await), (422, "no-recipients", ""));
    }
    assert_eq!(problem(&sent.again("k1", json!({"part": "delivered"})).await), (422, "invalid-input", "part"));
    let far = json!({"part": "not_clicked", "destination": "https://evil.example/"});
    assert_eq!(problem(&sent.again("k1", far).await), (422, "invalid-input", "destination"));
    let other = scene.ready("other").await;
    let path = format!("/v1/campaigns/{}/again", sent.campaign.id);
    let foreign = other.staff.post_once("k1", &path, json!({"part": "not_clicked"})).await;
    assert_eq!(problem(&foreign), (404, "not-found", ""));
    let foreign = json!({"part": "not_clicked", "templateId": scene.template(&other, "APR").await});
    assert_eq!(problem(&sent.again("k1", foreign).await), (404, "not-found", "templateId"));

    let wish = json!({"templateId": sent.template, "destination": "https://www.example.com/", "phones": ["010-2222-0001"]});
    let test = sent.clinic.staff.post_once("k1", "/v1/campaigns/test", wish).await;
    let test = scene.campaign(&sent.clinic, &test).await;
    assert_eq!(problem(&sent.again_from(&test, "k1", json!({"part": "failed"})).await), (409, "campaign-state", ""));

    let plain = scene.described(&sent.clinic, Described { buttons: Vec::new(), ..described() }).await;
    let asked = sent.clinic.ask("k2", json!({"groupIds": [sent.clinic.group], "templateId": plain})).await;
    let plain = scene.campaign(&sent.clinic, &asked).await;
    sqlx::query("UPDATE campaigns SET state = 'finished' WHERE id = ?").bind(plain.id).execute(&scene.test.pool).await.unwrap();
    let unlinked = sent.again_from(&plain, "k1", json!({"part": "not_clicked"})).await;
    assert_eq!(problem(&unlinked), (422, "invalid-input", "part"));
    assert_eq!(scene.told(), 2);
    scene.test.finish().await;
}
