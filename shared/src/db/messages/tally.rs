//! What has become of a campaign's messages, counted from the rows at one moment.

use std::collections::BTreeMap;

use sqlx::MySqlConnection;

use super::Totals;
use crate::db::decode;
use crate::model::state::MessageState;
use crate::model::{CampaignId, ClinicId, GroupId};

/// How many messages are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    group: Option<GroupId>,
    state: MessageState,
    reason: Option<String>,
    count: u64,
    /// Those of them whose end is known.
    ended: u64,
}

/// The messages of a campaign at one moment. All sums are sums of the same rows, so they cannot contradict each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    lines: Vec<Line>,
}

/// Counts the campaign's messages.
///
/// # Errors
/// When the database does not answer.
pub async fn tally(connection: &mut MySqlConnection, clinic: ClinicId, campaign: CampaignId) -> Result<Tally, sqlx::Error> {
    // The campaign's rows lie side by side by their numbers; any other index would fetch them one by one.
    let rows = sqlx::query!(
        r#"SELECT group_id AS "group: GroupId", state, reason, COUNT(*) AS "count: u64", COUNT(resulted_at) AS "ended: u64"
           FROM messages FORCE INDEX (PRIMARY) WHERE campaign_id = ? AND clinic_id = ? GROUP BY group_id, state, reason"#,
        campaign,
        clinic
    )
    .fetch_all(connection)
    .await?;
    let lines = rows.into_iter().map(|row| {
        let state = decode(&row.state)?;
        Ok(Line { group: row.group, state, reason: row.reason, count: row.count, ended: row.ended })
    });
    Ok(Tally { lines: lines.collect::<Result<_, sqlx::Error>>()? })
}

impl Tally {
    /// All messages by state.
    #[must_use]
    pub fn totals(&self) -> Totals {
        totals(self.lines.iter())
    }

    /// Messages by state for each group through which recipients were reached, those without a group first.
    #[must_use]
    pub fn by_group(&self) -> BTreeMap<Option<GroupId>, Totals> {
        let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for line in &self.lines {
            groups.entry(line.group).or_default().push(line);
        }
        groups.into_iter().map(|(group, lines)| (group, totals(lines.into_iter()))).collect()
    }

    /// How many messages in this state have which reason, the commonest first.
    #[must_use]
    pub fn reasons(&self, state: MessageState) -> Vec<(String, u64)> {
        let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
        for line in self.lines.iter().filter(|line| line.state == state) {
            if let Some(reason) = &line.reason {
                *reasons.entry(reason).or_default() += line.count;
            }
        }
        let mut reasons: Vec<_> = reasons.into_iter().map(|(reason, count)| (reason.to_owned(), count)).collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        reasons
    }

    /// How many of those that were handed over have come to their end: delivered, failed, or unclear for good.
    #[must_use]
    pub fn ended(&self) -> u64 {
        let ended = self.lines.iter().map(|line| match line.state {
            MessageState::Delivered | MessageState::Failed => line.count,
            MessageState::Unknown => line.ended,
            MessageState::Queued | MessageState::Sent | MessageState::Excluded => 0,
        });
        ended.sum()
    }
}

fn totals<'a>(lines: impl Iterator<Item = &'a Line>) -> Totals {
    let mut counts: BTreeMap<MessageState, u64> = BTreeMap::new();
    for line in lines {
        *counts.entry(line.state).or_default() += line.count;
    }
    counts.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_reasons_add_up_to_the_whole() {
        let group = |number| Some(GroupId::from_uuid(uuid::Uuid::from_u128(number)));
        let line = |group, state, reason: Option<&str>, count, ended| Line {
            group,
            state,
            reason: reason.map(str::to_owned),
            count,
            ended,
        };
        let tally = Tally {
            lines: vec![
                line(group(2), MessageState::Delivered, None, 90, 90),
                line(group(2), MessageState::Failed, Some("other"), 1, 1),
                line(group(1), MessageState::Failed, Some("other"), 2, 2),
                line(group(1), MessageState::Failed, Some("blocked"), 1, 1),
                line(None, MessageState::Failed, Some("blocked"), 4, 4),
                line(None, MessageState::Unknown, Some("no_answer"), 5, 0),
                line(None, MessageState::Unknown, Some("receipt_unclear"), 6, 6),
                line(None, MessageState::Excluded, Some("canceled"), 7, 7),
            ],
        };
        let totals = tally.totals();
        assert_eq!((totals.requested, totals.failed, totals.unknown, totals.excluded), (116, 8, 11, 7));
        let by_group = tally.by_group();
        assert_eq!(by_group.keys().copied().collect::<Vec<_>>(), [None, group(1), group(2)]);
        assert_eq!(by_group.values().map(|totals| totals.requested).sum::<u64>(), totals.requested);
        assert_eq!(tally.reasons(MessageState::Failed), [("blocked".to_owned(), 5), ("other".to_owned(), 3)]);
        assert_eq!(tally.ended(), 90 + 8 + 6);
    }
}
