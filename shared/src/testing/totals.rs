//! Whether the numbers that people see are those of the rows, at any moment.

use std::collections::BTreeMap;

use sqlx::Executor as _;
use sqlx::mysql::MySqlPool;

use crate::db::messages::{self, Totals};
use crate::model::state::MessageState;
use crate::model::{CampaignId, ClinicId, GroupId};

/// The campaign's totals as the API shows them, compared with its rows one by one: for the campaign and for each group, and
/// `requested` with the sum of all states. Both are read at one moment, so it holds while others work on the campaign.
///
/// # Panics
/// When they differ, or the database does not answer.
pub async fn totals(pool: &MySqlPool, clinic: ClinicId, campaign: CampaignId) -> Totals {
    let mut connection = pool.acquire().await.expect("the database answers");
    for begin in ["SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT"] {
        connection.execute(begin).await.expect("a snapshot");
    }
    let tally = messages::tally(&mut connection, clinic, campaign).await.expect("the database counts");
    let rows: Vec<(u32, Option<GroupId>, String)> =
        sqlx::query_as("SELECT number, group_id, state FROM messages WHERE clinic_id = ? AND campaign_id = ? ORDER BY number")
            .bind(clinic)
            .bind(campaign)
            .fetch_all(&mut *connection)
            .await
            .expect("the database answers");
    connection.execute("COMMIT").await.expect("the snapshot ends");

    let mut whole: BTreeMap<MessageState, u64> = BTreeMap::new();
    let mut groups: BTreeMap<Option<GroupId>, BTreeMap<MessageState, u64>> = BTreeMap::new();
    for (expected, (number, group, state)) in (1..).zip(&rows) {
        assert_eq!(*number, expected, "numbers have no gaps");
        let state = state.parse().expect("a state");
        *whole.entry(state).or_default() += 1;
        *groups.entry(*group).or_default().entry(state).or_default() += 1;
    }
    let shown = tally.totals();
    assert_eq!(shown, Totals::from(whole), "the campaign's numbers are those of its rows");
    let groups: BTreeMap<_, _> = groups.into_iter().map(|(group, states)| (group, Totals::from(states))).collect();
    assert_eq!(tally.by_group(), groups, "the groups' numbers are those of their rows");
    for totals in groups.values().chain([&shown]) {
        let Totals { requested, queued, sent, delivered, failed, unknown, excluded } = *totals;
        assert_eq!(requested, queued + sent + delivered + failed + unknown + excluded);
    }
    assert_eq!(shown.requested, groups.values().map(|group| group.requested).sum::<u64>());
    shown
}
