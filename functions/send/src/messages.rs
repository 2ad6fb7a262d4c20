//! Showing the messages of a campaign: who got what, when, and what became of it, in words a clinic understands.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::db::audit::{self, Subject};
use shared::db::bundles::{self, Bundle};
use shared::db::campaigns::{self, Campaign};
use shared::db::messages::{self, Message, Person, Wanted};
use shared::http::{Caller, Cursor, Ids, Language, Page, Params, Problem, Staff};
use shared::model::result::Reason;
use shared::model::state::{BundleState, MessageState};
use shared::model::template::{Button, LINK_VARIABLE};
use shared::model::{BundleId, CampaignId, CustomerId, GroupId, PhoneNumber};
use utoipa::{IntoParams, ToSchema};

use crate::Deps;
use crate::show::foreign_cursor;
use crate::words::{choose, message_state, plain};

const MAX_SEARCH: usize = 50;
/// Up to how many messages are named in the log one by one.
pub const FEW: usize = 20;

/// One recipient's message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Message)]
pub struct MessageView {
    /// The recipient's place in the campaign, from 1.
    number: u32,
    /// The recipient, who may have been deleted since; null for a test.
    customer_id: Option<CustomerId>,
    /// The group through which the recipient was reached.
    group_id: Option<GroupId>,
    /// The recipient's name at that time.
    name: String,
    /// The recipient's phone at that time.
    phone: PhoneNumber,
    /// The finished text; null when there was nothing to send.
    text: Option<String>,
    /// The address of the button, as this recipient gets it.
    link: Option<String>,
    state: MessageState,
    /// The state in the caller's language.
    state_text: &'static str,
    /// Why, in the caller's language.
    reason: Option<String>,
    /// Why, as a stable word.
    reason_code: Option<String>,
    /// The provider's code, raw.
    result_code: Option<String>,
    /// When the provider took it.
    sent_at: Option<DateTime<Utc>>,
    /// When its end became known.
    resulted_at: Option<DateTime<Utc>>,
    /// When a person first opened the link.
    first_click_at: Option<DateTime<Utc>>,
}

/// One recipient's message with everything that was sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageDetail {
    #[serde(flatten)]
    message: MessageView,
    /// The emphasised title, where the template has one.
    title: Option<String>,
    /// The buttons with their finished addresses.
    buttons: Vec<Button>,
    /// When it was written down; null when it was to go to nobody, and for messages of earlier versions.
    written_at: Option<DateTime<Utc>>,
    /// When it was last handed over to the provider.
    handed_over_at: Option<DateTime<Utc>>,
    /// The provider's words for the result.
    result_message: Option<String>,
    /// The provider's id of the call in which it was handed over.
    provider_id: Option<String>,
    /// The provider's id of the SMS that was sent instead.
    substitute_id: Option<String>,
}

/// Which messages, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MessageParams {
    /// Only messages in this state.
    state: Option<MessageState>,
    /// Only messages to recipients who were reached through this group.
    group_id: Option<GroupId>,
    /// Only messages with this reason, as a stable word.
    reason: Option<String>,
    /// `true` for those whose link a person opened, `false` for the others.
    clicked: Option<bool>,
    /// A part of a recipient's name or phone, at most 50 characters.
    q: Option<String>,
    /// Where the page before ended.
    cursor: Option<Cursor>,
    /// How many, at most 200; 50 unless said.
    limit: Option<u32>,
}

impl MessageParams {
    fn wanted(&self) -> Result<Wanted, Problem> {
        let reason = self.reason.as_deref().map(|reason| {
            let known = Reason::named(reason).map(Reason::as_str);
            known.ok_or_else(|| Problem::invalid("reason", "없는 사유입니다.", "there is no such reason"))
        });
        let text = self.q.as_deref().unwrap_or_default();
        if text.chars().count() > MAX_SEARCH {
            let (ko, en) = (format!("검색어는 최대 {MAX_SEARCH}자입니다."), format!("at most {MAX_SEARCH} characters"));
            return Err(Problem::invalid("q", ko, en));
        }
        Ok(Wanted {
            state: self.state,
            group: self.group_id,
            reason: reason.transpose()?,
            clicked: self.clicked,
            person: Person::of(text),
        })
    }
}

/// Lists the messages of a campaign
///
/// In the order in which recipients were numbered. A list that is narrowed down may have pages that are not full, even empty ones, as long
/// as there is a `nextCursor`: for each page 100,000 messages are looked through. Who looked at which messages is logged.
#[utoipa::path(
    get,
    path = "/v1/campaigns/{campaignId}/messages",
    operation_id = "listMessages",
    responses((status = 200, body = Page<MessageView>))
)]
pub async fn list<P, V, D>(
    State(deps): State<Arc<Deps<P, V, D>>>,
    caller: Caller,
    language: Language,
    Ids(id): Ids<CampaignId>,
    Params(params): Params<MessageParams>,
) -> Result<Json<Page<MessageView>>, Problem> {
    let limit = Page::<MessageView>::limit(params.limit);
    let wanted = params.wanted()?;
    let after = params.cursor.map(|cursor| cursor.0.parse()).transpose().map_err(|_| foreign_cursor())?.unwrap_or(0);
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let campaign = campaigns::find(&mut connection, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
    let found = messages::search(&mut connection, staff.clinic, id, &wanted, after, limit + 1).await?;
    let views = found.messages.into_iter().map(|message| MessageView::new(message, &campaign.buttons, language)).collect();
    let mut page = Page::cut(views, limit, |last: &MessageView| last.number.to_string());
    if page.next_cursor.is_none() {
        page.next_cursor = found.more.map(|more| Cursor(more.to_string()));
    }
    // Who looked at whose data: a few are told by their numbers, more by the first and the last.
    let numbers: Vec<_> = page.items.iter().map(|item| item.number).collect();
    let (count, first, last) = (numbers.len(), numbers.first(), numbers.last());
    audit::record(&mut connection, &deps.ambient, &staff, "message.list", Subject::Campaign(id), count).await?;
    let few = numbers.iter().filter(|_| count <= FEW).map(u32::to_string).collect::<Vec<_>>().join(" ");
    tracing::info!(
        event = "personal_data.shown",
        staff.id = %staff.id,
        campaign.id = %id,
        count,
        first,
        last,
        message.numbers = few,
        "messages shown"
    );
    Ok(Json(page))
}

/// Shows a message
///
/// Text, title, buttons and link are exactly those that were sent. Who looked is logged.
#[utoipa::path(
    get,
    path = "/v1/campaigns/{campaignId}/messages/{number}",
    operation_id = "showMessage",
    responses((status = 200, body = MessageDetail))
)]
pub async fn show<P, V, D>(
    State(deps): State<Arc<Deps<P, V, D>>>,
    caller: Caller,
    language: Language,
    Ids((id, number)): Ids<(CampaignId, u32)>,
) -> Result<Json<MessageDetail>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let campaign = campaigns::find(&mut connection, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
    let found = messages::find(&mut connection, staff.clinic, id, number).await?.ok_or_else(Problem::not_found)?;
    let bundle = match found.bundle {
        Some(bundle) => bundles::find(&mut connection, staff.clinic, bundle).await?,
        None => None,
    };
    let subject = found.customer.map_or(Subject::Campaign(id), Subject::Customer);
    audit::record(&mut connection, &deps.ambient, &staff, "message.show", subject, 1).await?;
    tracing::info!(event = "message.read", staff.id = %staff.id, campaign.id = %id, message.number = number, "message shown");
    Ok(Json(MessageDetail::new(found, bundle, &campaign, language)))
}

impl MessageView {
    /// The message, and the approved buttons of its campaign.
    pub fn new(message: Message, buttons: &[Button], language: Language) -> Self {
        Self {
            link: link(&message, buttons),
            number: message.number,
            customer_id: message.customer,
            group_id: message.group,
            name: message.name,
            phone: message.phone,
            text: Some(message.body).filter(|text| !text.is_empty()),
            state: message.state,
            state_text: choose(message_state(message.state), language),
            reason: message.reason.as_deref().map(|reason| plain(reason, language)),
            reason_code: message.reason,
            result_code: message.result_code,
            sent_at: message.sent_at,
            resulted_at: message.resulted_at,
            first_click_at: message.first_click_at,
        }
    }
}

impl MessageDetail {
    fn new(mut message: Message, bundle: Option<Bundle>, campaign: &Campaign, language: Language) -> Self {
        let nothing = message.body.is_empty();
        let title = message.title.take().unwrap_or_else(|| campaign.emphasis_title.clone());
        let was_called = |bundle: &&Bundle| bundle.state != BundleState::Prepared && message.state != MessageState::Excluded;
        Self {
            title: Some(title).filter(|title| !title.is_empty() && !nothing),
            buttons: buttons(&message, campaign),
            written_at: message.bundle.and_then(written_at),
            handed_over_at: bundle.as_ref().filter(was_called).and_then(|bundle| bundle.called_at),
            result_message: message.result_message.take(),
            provider_id: bundle.filter(|_| message.state != MessageState::Excluded).and_then(|bundle| bundle.provider_id),
            substitute_id: message.substitute_id.take(),
            message: MessageView::new(message, &campaign.buttons, language),
        }
    }
}

/// A bundle is made together with its messages, and its id tells when.
fn written_at(bundle: BundleId) -> Option<DateTime<Utc>> {
    let (seconds, nanoseconds) = bundle.uuid().get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)
}

/// The buttons as this recipient gets them; none when there was nothing to send. A button whose address could not be completed was never
/// sent.
fn buttons(message: &Message, campaign: &Campaign) -> Vec<Button> {
    if message.body.is_empty() {
        return Vec::new();
    }
    let values = BTreeMap::from([(LINK_VARIABLE.to_owned(), message.link.clone())]);
    let filled = || campaign.buttons.iter().filter_map(|button| button.rendered(&values).ok()).collect();
    message.buttons.clone().unwrap_or_else(filled)
}

/// The address of the tracked button as this recipient gets it.
pub fn link(message: &Message, buttons: &[Button]) -> Option<String> {
    let place = buttons.iter().position(Button::is_tracked).filter(|_| !message.link.is_empty())?;
    let values = BTreeMap::from([(LINK_VARIABLE.to_owned(), message.link.clone())]);
    let filled = || buttons.get(place)?.rendered(&values).ok();
    let button = message.buttons.as_ref().map_or_else(filled, |finished| finished.get(place).cloned())?;
    Some(if button.link_mo.is_empty() { button.link_pc } else { button.link_mo })
}
