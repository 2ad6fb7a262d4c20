use chrono::{DateTime, TimeDelta, Utc};
use sqlx::AssertSqlSafe;

use super::*;
use crate::clock::Ambient;
use crate::db::campaigns::{self, Campaign};
use crate::db::clicks::{self, Click};
use crate::db::hourly_totals::{Delta, Moves, Owner};
use crate::db::messages::{self, NewMessage};
use crate::model::state::{CampaignKind, ClickClass, MessageState};
use crate::testing::{TestDatabase, ambient, campaign, clinic, message};

/// A campaign with a message to a group that arrived and was opened twice, one that failed, and one that nobody sent, all counted.
async fn counted(test: &TestDatabase, ambient: &Ambient, kind: CampaignKind) -> Campaign {
    let clinic = clinic(&test.pool, ambient).await;
    let campaign = Campaign { kind, ..campaign(ambient, clinic) };
    let (owner, group, at) = (Owner::from(&campaign), Some(GroupId::new(ambient)), ambient.now());
    let later = at + TimeDelta::minutes(90);
    let mut connection = test.pool.acquire().await.unwrap();
    campaigns::insert(&mut connection, &campaign, &[]).await.unwrap();
    let new: Vec<_> =
        (1..=3).map(|number| NewMessage { group: group.filter(|_| number == 1), ..message(&campaign, number) }).collect();
    messages::insert_all(&mut connection, &new).await.unwrap();
    let mut moves = Moves::default();
    for (number, state, reason) in [(1, MessageState::Delivered, None), (2, MessageState::Failed, Some("blocked"))] {
        let first = (number == 1).then_some(later);
        sqlx::query("UPDATE messages SET state = ?, reason = ?, sent_at = ?, resulted_at = ?, first_click_at = ? WHERE number = ? AND campaign_id = ?")
            .bind(state.as_str())
            .bind(reason)
            .bind(at)
            .bind(later)
            .bind(first)
            .bind(number)
            .bind(campaign.id)
            .execute(&mut *connection)
            .await
            .unwrap();
        let group = group.filter(|_| number == 1);
        moves.add(owner, group, at, Delta { sent: 1, ..Delta::default() });
        match reason {
            Some(reason) => moves.fail(owner, group, later, reason, 1),
            None => moves.add(owner, group, later, Delta { delivered: 1, unique_clicks: 1, ..Delta::default() }),
        }
    }
    let visit = |class, minutes| click(&campaign, ambient, class, later + TimeDelta::minutes(minutes));
    let visits = [(ClickClass::Human, 0), (ClickClass::Human, 60), (ClickClass::Preview, 1), (ClickClass::Rejected, 600)];
    let visits = visits.map(|(class, minutes)| visit(class, minutes));
    clicks::insert_all(&mut connection, &visits).await.unwrap();
    for visit in &visits {
        moves.add(owner, group, visit.clicked_at, Delta::visits(visit.class, 1));
    }
    moves.store(&mut connection).await.unwrap();
    campaign
}

fn click(campaign: &Campaign, ambient: &Ambient, class: ClickClass, clicked_at: DateTime<Utc>) -> Click {
    Click {
        id: ClickId::new(ambient),
        clinic: campaign.clinic,
        message: MessageId { campaign: campaign.id, number: 1 },
        class,
        reason: "browser".to_owned(),
        rule_version: 1,
        agent: "Mozilla/5.0".to_owned(),
        method: "GET".to_owned(),
        purpose: String::new(),
        numbered: None,
        clicked_at,
    }
}

#[tokio::test]
async fn what_was_counted_right_equals_the_rows_also_for_several_clinics_and_a_test() {
    let test = TestDatabase::new().await;
    let (ambient, _) = ambient();
    assert_equals_rows(&test.pool).await;
    for kind in [CampaignKind::Information, CampaignKind::Test, CampaignKind::Advertising] {
        counted(&test, &ambient, kind).await;
        assert_equals_rows(&test.pool).await;
    }
    test.pool.execute("UPDATE hourly_totals SET sent = 7, bots = 7").await.unwrap();
    test.pool.execute("DELETE FROM hourly_failures").await.unwrap();
    fill(&test.pool).await;
    assert_equals_rows(&test.pool).await;
    test.finish().await;
}

#[tokio::test]
async fn each_kind_of_damage_is_found() {
    let test = TestDatabase::new().await;
    let (ambient, _) = ambient();
    let campaign = counted(&test, &ambient, CampaignKind::Information).await;
    let id = campaign.id.uuid().simple();
    let clinic = campaign.clinic.uuid().simple();
    let totals = [
        "sent = sent + 1",
        "delivered = delivered + 1",
        "failed = failed - 1",
        "human_clicks = human_clicks + 1",
        "unique_clicks = unique_clicks - 1",
        "previews = previews + 1",
        "prefetches = prefetches + 1",
        "bots = bots + 1",
        "rejected = rejected + 1",
        "hour = hour - INTERVAL 100 HOUR",
        "scope_id = X'00000000000000000000000000000001'",
        "part_id = X'00000000000000000000000000000001'",
        "clinic_id = X'00000000000000000000000000000001'",
    ];
    let mut damages: Vec<String> = Vec::new();
    for scope in
        [format!("scope_id = X'{id}'"), format!("scope_id = X'{clinic}'"), format!("scope_id NOT IN (X'{id}', X'{clinic}')")]
    {
        damages.extend(totals.iter().map(|set| format!("UPDATE hourly_totals SET {set} WHERE {scope} LIMIT 1")));
        damages.push(format!("UPDATE hourly_failures SET failed = failed + 1 WHERE {scope} LIMIT 1"));
        damages.push(format!("UPDATE hourly_failures SET reason = 'other' WHERE {scope} LIMIT 1"));
        damages.push(format!("DELETE FROM hourly_totals WHERE {scope} LIMIT 1"));
        damages.push(format!("DELETE FROM hourly_failures WHERE {scope} LIMIT 1"));
    }
    let rows = [
        "UPDATE messages SET state = 'sent' WHERE number = 1",
        "UPDATE messages SET state = 'delivered' WHERE number = 2",
        "UPDATE messages SET reason = NULL WHERE number = 2",
        "UPDATE messages SET group_id = NULL WHERE number = 1",
        "UPDATE messages SET sent_at = resulted_at WHERE number = 2",
        "UPDATE messages SET resulted_at = resulted_at + INTERVAL 1 HOUR WHERE number = 2",
        "UPDATE messages SET sent_at = '2026-01-01' WHERE number = 3",
        "UPDATE messages SET first_click_at = NULL WHERE number = 1",
        "UPDATE messages SET first_click_at = first_click_at + INTERVAL 1 MICROSECOND WHERE number = 1",
        "UPDATE messages SET first_click_at = '2026-01-01' WHERE number = 3",
        "UPDATE clicks SET class = 'bot' WHERE class = 'preview'",
        "UPDATE clicks SET class = 'person' WHERE class = 'preview'",
        "UPDATE clicks SET message_number = 2 WHERE class = 'preview'",
        "UPDATE clicks SET message_number = 9 WHERE class = 'preview'",
        "UPDATE clicks SET clinic_id = campaign_id WHERE class = 'preview'",
        "UPDATE clicks SET clicked_at = clicked_at - INTERVAL 2 HOUR WHERE class = 'rejected'",
        "DELETE FROM clicks WHERE class = 'human' ORDER BY clicked_at LIMIT 1",
        "DELETE FROM clicks WHERE class = 'human' ORDER BY clicked_at DESC LIMIT 1",
        "UPDATE campaigns SET kind = 'test'",
        "UPDATE campaigns SET template_id = id",
    ];
    damages.extend(rows.map(str::to_owned));
    damages.push(format!("INSERT INTO hourly_totals (clinic_id, scope_id, part_id, hour, bots) VALUES (X'{clinic}', X'{id}', X'{id}', '2026-01-01', 1)"));
    for table in ["hourly_totals", "hourly_failures", "messages", "clicks", "campaigns"] {
        test.pool.execute(AssertSqlSafe(format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}"))).await.unwrap();
    }
    for damage in &damages {
        let done = test.pool.execute(AssertSqlSafe(damage.clone())).await.unwrap();
        assert!(done.rows_affected() > 0, "{damage} does nothing");
        assert!(!differences(&test.pool).await.is_empty(), "{damage} is not found");
        for table in ["hourly_totals", "hourly_failures", "clicks"] {
            test.pool.execute(AssertSqlSafe(format!("DELETE FROM {table}"))).await.unwrap();
            test.pool.execute(AssertSqlSafe(format!("INSERT INTO {table} SELECT * FROM kept_{table}"))).await.unwrap();
        }
        test.pool
            .execute(
                "UPDATE campaigns c JOIN kept_campaigns k ON k.id = c.id SET c.kind = k.kind, c.template_id = k.template_id",
            )
            .await
            .unwrap();
        let back = "UPDATE messages m JOIN kept_messages k ON k.campaign_id = m.campaign_id AND k.number = m.number SET m.state = k.state,
             m.reason = k.reason, m.group_id = k.group_id, m.sent_at = k.sent_at, m.resulted_at = k.resulted_at, m.first_click_at = k.first_click_at";
        test.pool.execute(back).await.unwrap();
        assert_equals_rows(&test.pool).await;
    }
    test.finish().await;
}
