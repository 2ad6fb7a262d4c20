//! Clinics, their customers, and the campaigns that they ask for.

use aligo_simulator::outcome::{self, Fate};
use aligo_simulator::settings::Settings;
use shared::db::campaigns::{self, Campaign};
use shared::db::suppressions::{self, Cause};
use shared::message::CampaignRequested;
use shared::model::state::{CampaignKind, SuppressionReason};
use shared::model::{CampaignId, ClinicId, CustomerId, GroupId, PhoneNumber};
use shared::testing::{campaign, clinic};
use sqlx::QueryBuilder;

use crate::wire::Lane;
use crate::world::World;

impl World {
    /// A clinic without customers.
    pub async fn clinic(&self) -> ClinicId {
        clinic(&self.test.pool, &self.ambient).await
    }

    /// A group of so many people whom the clinic did not have: most can be reached. Of a hundred, one has a number that forwards
    /// calls only, and one asked before not to be written to.
    pub async fn group(&mut self, clinic: ClinicId, size: u32) -> GroupId {
        let group = GroupId::new(&self.ambient);
        let now = self.ambient.now();
        sqlx::query("INSERT INTO customer_groups (clinic_id, id, name, created_at) VALUES (?, ?, ?, ?)")
            .bind(clinic)
            .bind(group)
            .bind(group.to_string())
            .bind(now)
            .execute(&self.test.pool)
            .await
            .expect("a group");
        let people: Vec<(CustomerId, PhoneNumber)> =
            (0..size).map(|place| (CustomerId::new(&self.ambient), self.phone(place % 100 == 7))).collect();
        for chunk in people.chunks(1000) {
            let mut customers = QueryBuilder::new(
                "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at, advertising_consent_at) ",
            );
            customers.push_values(chunk, |mut row, (id, phone)| {
                row.push_bind(clinic).push_bind(*id).push_bind("김단골").push_bind(phone.e164());
                row.push_bind("{}").push_bind(now).push_bind(now).push_bind(now);
            });
            customers.build().persistent(false).execute(&self.test.pool).await.expect("new customers");
        }
        self.join(clinic, group, people.iter().map(|(id, _)| *id)).await;
        let refused: Vec<_> = people.iter().skip(50).step_by(100).map(|(_, phone)| phone).collect();
        self.suppress(clinic, &refused).await;
        group
    }

    /// These customers are in the group, too.
    pub async fn join(&self, clinic: ClinicId, group: GroupId, customers: impl Iterator<Item = CustomerId>) {
        let customers: Vec<_> = customers.collect();
        for chunk in customers.chunks(1000) {
            let mut query = QueryBuilder::new("INSERT INTO customer_group_members (clinic_id, group_id, customer_id) ");
            query.push_values(chunk, |mut row, id| {
                row.push_bind(clinic).push_bind(group).push_bind(*id);
            });
            query.build().persistent(false).execute(&self.test.pool).await.expect("new members");
        }
    }

    /// Some of the customers of a group.
    pub async fn members(&self, group: GroupId, limit: u32) -> Vec<CustomerId> {
        let members = sqlx::query_scalar(
            "SELECT customer_id FROM customer_group_members WHERE group_id = ? ORDER BY customer_id LIMIT ?",
        );
        members.bind(group).bind(limit).fetch_all(&self.test.pool).await.expect("the database answers")
    }

    /// They ask not to be written to, as the route of the ledger writes it down.
    pub async fn suppress(&self, clinic: ClinicId, phones: &[&PhoneNumber]) {
        let mut transaction = self.test.pool.begin().await.expect("the database answers");
        let cause = Cause::of(SuppressionReason::Asked);
        suppressions::insert_all(&mut transaction, &self.ambient, clinic, phones, &cause).await.expect("lines of the ledger");
        transaction.commit().await.expect("the database answers");
    }

    /// A number that nobody has: one whose message ends soon, as people's do.
    fn phone(&mut self, forwards: bool) -> PhoneNumber {
        loop {
            self.people += 1;
            let digits = if forwards { format!("0505{:07}", self.people) } else { format!("0102{:07}", self.people) };
            let settings = Settings::default();
            let ends_soon = matches!(outcome::of_number(&digits, &settings), Fate::Result('0' | 'A' | 'B' | '8' | 'J'));
            if let Some(phone) = digits.parse().ok().filter(|_| ends_soon) {
                return phone;
            }
        }
    }

    /// A campaign to these groups is asked for.
    pub async fn ask(&self, clinic: ClinicId, groups: &[GroupId], kind: CampaignKind) -> CampaignId {
        let asked = Campaign { sender_key: self.simulator.options.sender_key.clone(), kind, ..campaign(&self.ambient, clinic) };
        let mut transaction = self.test.pool.begin().await.expect("the database answers");
        campaigns::insert(&mut transaction, &asked, groups).await.expect("the campaign is new");
        transaction.commit().await.expect("the database answers");
        let fact = CampaignRequested::V1 { clinic_id: clinic, campaign_id: asked.id };
        self.queues.send(Lane::Prepare, serde_json::to_string(&fact).expect("facts are JSON"));
        asked.id
    }
}
