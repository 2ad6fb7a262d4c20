//! Visits of links, one line each.

use chrono::{DateTime, Utc};
use sqlx::{MySqlConnection, QueryBuilder};

use crate::model::state::ClickClass;
use crate::model::{ClickId, ClinicId, MessageId};

/// How much of the agent is kept, in characters.
const AGENT_LENGTH: usize = 300;

/// A visit as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Click {
    /// Made at the redirect.
    pub id: ClickId,
    /// The tenant.
    pub clinic: ClinicId,
    /// The message whose link was visited.
    pub message: MessageId,
    /// Who visited.
    pub class: ClickClass,
    /// Why it is thought so.
    pub reason: String,
    /// By which version of the rules.
    pub rule_version: u16,
    /// What the visitor's program calls itself.
    pub agent: String,
    /// When.
    pub clicked_at: DateTime<Utc>,
}

/// Adds visits in one statement: all of them, or none when one is there already (unique key `PRIMARY`).
///
/// # Errors
/// When the database refuses.
pub async fn insert_all(connection: &mut MySqlConnection, clicks: &[Click]) -> Result<(), sqlx::Error> {
    if clicks.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::new(
        "INSERT INTO clicks (id, clinic_id, campaign_id, message_number, class, reason, rule_version, agent, clicked_at) ",
    );
    query.push_values(clicks, |mut row, click| {
        row.push_bind(click.id)
            .push_bind(click.clinic)
            .push_bind(click.message.campaign)
            .push_bind(click.message.number)
            .push_bind(click.class.as_str())
            .push_bind(&click.reason)
            .push_bind(click.rule_version)
            .push_bind(click.agent.chars().take(AGENT_LENGTH).collect::<String>())
            .push_bind(click.clicked_at);
    });
    query.build().execute(connection).await.map(drop)
}
