//! Showing the visits of a campaign's links: the rows behind its numbers, each with what it was taken for and why.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::db::audit::{self, Subject};
use shared::db::campaigns;
use shared::db::clicks::{self, Listed, Place, Wanted};
use shared::http::{Caller, Cursor, Ids, Language, Page, Params, Problem, Staff};
use shared::model::state::ClickClass;
use shared::model::{CampaignId, ClickId};
use utoipa::{IntoParams, ToSchema};

use crate::Deps;
use crate::messages::FEW;
use crate::show::foreign_cursor;
use crate::words::{choose, click_class};

/// One visit of a link.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Click)]
pub struct ClickView {
    id: ClickId,
    /// The place in the campaign of the recipient whose link was visited.
    message_number: u32,
    /// The recipient's name when the campaign was prepared. Whoever has the link may have visited it.
    name: String,
    /// When.
    clicked_at: DateTime<Utc>,
    class: ClickClass,
    /// The class in the caller's language.
    class_text: &'static str,
    /// Why it is thought so, as a stable word.
    reason: String,
    /// By which version of the rules.
    rule_version: u16,
    /// What the visitor's program calls itself.
    agent: String,
    /// HTTP method.
    method: String,
    /// `Sec-Purpose` or `Purpose`, empty when absent.
    purpose: String,
}

/// Which visits, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClickParams {
    /// Only visits of this class.
    class: Option<ClickClass>,
    /// Only visits of this message's link.
    message_number: Option<u32>,
    /// Where the page before ended.
    cursor: Option<Cursor>,
    /// How many, at most 200; 50 unless said.
    limit: Option<u32>,
}

/// Lists the visits of a campaign's links
///
/// Everything that its click numbers are made of, by message and then by time: `human` are its clicks, and `messageNumber` counted once
/// among them its unique clicks. A list of one class may have pages that are not full, even empty ones, as long as there is a
/// `nextCursor`: for each page 10,000 visits are looked through. Who looked at which visits is logged.
#[utoipa::path(
    get,
    path = "/v1/campaigns/{campaignId}/clicks",
    operation_id = "listClicks",
    responses((status = 200, body = Page<ClickView>))
)]
pub async fn list<P, V, D>(
    State(deps): State<Arc<Deps<P, V, D>>>,
    caller: Caller,
    language: Language,
    Ids(id): Ids<CampaignId>,
    Params(params): Params<ClickParams>,
) -> Result<Json<Page<ClickView>>, Problem> {
    let limit = Page::<ClickView>::limit(params.limit);
    let after = params.cursor.map(|cursor| place(&cursor.0).ok_or_else(foreign_cursor)).transpose()?;
    let wanted = Wanted { class: params.class, message_number: params.message_number };
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    campaigns::find(&mut connection, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
    let found = clicks::list(&mut connection, staff.clinic, id, wanted, after, limit + 1).await?;
    let views = found.clicks.into_iter().map(|click| ClickView::new(click, language)).collect();
    let mut page = Page::cut(views, limit, |last: &ClickView| key(last.message_number, last.clicked_at, last.id));
    if page.next_cursor.is_none() {
        page.next_cursor = found.more.map(|more| Cursor(key(more.message_number, more.clicked_at, more.id)));
    }
    let mut numbers: Vec<_> = page.items.iter().map(|item| item.message_number).collect();
    let (count, first, last) = (numbers.len(), numbers.first().copied(), numbers.last().copied());
    numbers.dedup();
    audit::record(&mut connection, &deps.ambient, &staff, "click.list", Subject::Campaign(id), numbers.len()).await?;
    let few = numbers.iter().filter(|_| count <= FEW).map(u32::to_string).collect::<Vec<_>>().join(" ");
    tracing::info!(
        event = "clicks.read",
        staff.id = %staff.id,
        campaign.id = %id,
        count,
        first,
        last,
        message.numbers = few,
        "clicks shown"
    );
    Ok(Json(page))
}

impl ClickView {
    fn new(click: Listed, language: Language) -> Self {
        Self {
            id: click.place.id,
            message_number: click.place.message_number,
            name: click.name,
            clicked_at: click.place.clicked_at,
            class: click.class,
            class_text: choose(click_class(click.class), language),
            reason: click.reason,
            rule_version: click.rule_version,
            agent: click.agent,
            method: click.method,
            purpose: click.purpose,
        }
    }
}

fn key(message_number: u32, clicked_at: DateTime<Utc>, id: ClickId) -> String {
    format!("{message_number} {} {id}", clicked_at.timestamp_micros())
}

fn place(key: &str) -> Option<Place> {
    let mut parts = key.split(' ');
    let message_number = parts.next()?.parse().ok()?;
    // Beyond these the database has no moments.
    let clicked_at = parts.next()?.parse().ok().and_then(DateTime::from_timestamp_micros)?;
    let is_stored = (1000..10_000).contains(&chrono::Datelike::year(&clicked_at));
    let id = parts.next()?.parse().ok()?;
    Some(Place { message_number, clicked_at, id }).filter(|_| is_stored && parts.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_what_it_writes_and_nothing_else_is_one() {
        let clicked_at = "2026-03-02T01:00:00.000001Z".parse().unwrap();
        let id = ClickId::from_uuid("0199d1c0a5f07b3c8e2d4f6a1b3c5d7e".parse().unwrap());
        let text = key(7, clicked_at, id);
        assert_eq!(place(&text), Some(Place { message_number: 7, clicked_at, id }));
        let late = format!("1 253402300800000000 {id}");
        for other in ["", "7", "7 1", "7 1 clk_1", &late, &format!("{text} "), &text.replace('7', "-7"), &text.replace(' ', "")]
        {
            assert_eq!(place(other), None, "{other}");
        }
    }
}
