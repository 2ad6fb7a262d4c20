//! Campaigns in the middle of their life, written past the API.

use serde_json::Value;
use shared::db::campaigns::Campaign;
use shared::db::messages::NewMessage;
use shared::db::{bundles, campaigns, messages};
use shared::model::state::{BundleState, CampaignState};
use shared::model::{BundleId, GroupId};
use shared::testing::{self, campaign, message};

use crate::scene::{Clinic, Scene};

/// A campaign of a clinic.
pub struct Life<'a> {
    scene: &'a Scene,
    pub campaign: Campaign,
}

impl<'a> Life<'a> {
    /// Writes the campaign as it is made of the usual one, to these groups.
    pub async fn begin(
        scene: &'a Scene,
        clinic: &Clinic,
        groups: &[GroupId],
        change: impl FnOnce(Campaign) -> Campaign,
    ) -> Self {
        // Ids sort by the millisecond.
        scene.clock.advance(chrono::TimeDelta::milliseconds(2));
        let campaign = change(campaign(&scene.ambient, clinic.id));
        let mut connection = scene.test.pool.acquire().await.unwrap();
        campaigns::insert(&mut connection, &campaign, groups).await.unwrap();
        let failure = "UPDATE campaigns SET started_at = ?, finished_at = ?, prepared_bundles = ? WHERE id = ?";
        let update = sqlx::query(failure).bind(campaign.started_at).bind(campaign.finished_at);
        update.bind(campaign.prepared.bundles).bind(campaign.id).execute(&mut *connection).await.unwrap();
        Self { scene, campaign }
    }

    /// One in this state.
    pub async fn of(scene: &'a Scene, clinic: &Clinic, state: CampaignState) -> Self {
        Self::begin(scene, clinic, &[], |campaign| Campaign { state, ..campaign }).await
    }

    pub fn path(&self) -> String {
        format!("/v1/campaigns/{}", self.campaign.id)
    }

    /// Adds messages 1 to `count`, changed one by one.
    pub async fn messages(&self, count: u32, change: impl Fn(NewMessage) -> NewMessage) {
        let lines: Vec<_> = (1..=count).map(|number| change(message(&self.campaign, number))).collect();
        let mut connection = self.scene.test.pool.acquire().await.unwrap();
        messages::insert_all(&mut connection, &lines).await.unwrap();
    }

    /// Adds a bundle in this state and puts messages in it.
    pub async fn bundle(&self, position: u32, state: BundleState, messages: std::ops::RangeInclusive<u32>) -> BundleId {
        let id = BundleId::new(&self.scene.ambient);
        sqlx::query("INSERT INTO bundles (clinic_id, id, campaign_id, position, state) VALUES (?, ?, ?, ?, ?)")
            .bind(self.campaign.clinic)
            .bind(id)
            .bind(self.campaign.id)
            .bind(position)
            .bind(state.as_str())
            .execute(&self.scene.test.pool)
            .await
            .unwrap();
        self.set("bundle_id = ?", messages, |query| query.bind(id)).await;
        id
    }

    /// Changes messages by SQL.
    pub async fn set<'q>(
        &self,
        assignments: &str,
        numbers: std::ops::RangeInclusive<u32>,
        bind: impl FnOnce(Query<'q>) -> Query<'q>,
    ) {
        let update = format!("UPDATE messages SET {assignments} WHERE campaign_id = ? AND number BETWEEN ? AND ?");
        let query = bind(sqlx::query(sqlx::AssertSqlSafe(update)));
        let query = query.bind(self.campaign.id).bind(*numbers.start()).bind(*numbers.end());
        query.execute(&self.scene.test.pool).await.unwrap();
    }

    /// The state of a bundle.
    pub async fn state_of(&self, bundle: BundleId) -> BundleState {
        let mut connection = self.scene.test.pool.acquire().await.unwrap();
        bundles::find(&mut connection, self.campaign.clinic, bundle).await.unwrap().unwrap().state
    }

    /// The campaign as it is stored now.
    pub async fn now(&self) -> Campaign {
        let mut connection = self.scene.test.pool.acquire().await.unwrap();
        campaigns::find(&mut connection, self.campaign.clinic, self.campaign.id).await.unwrap().unwrap()
    }

    /// The campaign as the API shows it; its numbers are those of the rows.
    pub async fn shown(&self, clinic: &Clinic) -> Value {
        let shown = clinic.staff.get(&self.path()).await;
        assert_eq!(shown.status, 200, "{shown:?}");
        let totals = testing::totals::totals(&self.scene.test.pool, self.campaign.clinic, self.campaign.id).await;
        let whole = &shown.json["messages"];
        assert_eq!(whole, &serde_json::to_value(totals).unwrap());
        let sum = |list: &str, field: &str| -> u64 {
            shown.json[list].as_array().unwrap().iter().map(|line| line[field].as_u64().unwrap()).sum()
        };
        for state in ["requested", "queued", "sent", "delivered", "failed", "unknown", "excluded"] {
            assert_eq!(sum("groups", state), whole[state].as_u64().unwrap(), "{state}: groups add up");
        }
        for (list, state) in [("excluded", "excluded"), ("failures", "failed"), ("unknowns", "unknown")] {
            assert_eq!(sum(list, "count"), whole[state].as_u64().unwrap(), "{state}: reasons add up");
        }
        shown.json
    }
}

type Query<'q> = sqlx::query::Query<'q, sqlx::MySql, sqlx::mysql::MySqlArguments>;
