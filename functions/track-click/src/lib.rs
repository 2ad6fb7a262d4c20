//! Triggered by `GET` and `HEAD /c/{token}`, the link in a message.
//! Responsible for sending the visitor on, whatever is down, and for handing the visit over to record-clicks.

mod page;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::aws::queues::{NotSent, Queue};
use shared::clock::Ambient;
use shared::db::{Database, campaigns};
use shared::failure::chain;
use shared::http::Table;
use shared::message::ClickReceived;
use shared::model::click::{self, RULE_VERSION, Visit};
use shared::model::link::LinkKeys;
use shared::model::state::ClickClass;
use shared::model::{CampaignId, ClickId, MessageId};
use shared::route;
use shared::store::{Destination, Store};
use utoipa::openapi::OpenApi;

/// How long a visitor waits for the store.
pub const STORE_PATIENCE: Duration = Duration::from_millis(50);
/// How long a visitor waits for the queue.
pub const QUEUE_PATIENCE: Duration = Duration::from_millis(300);
/// How much of the agent is kept, in characters.
const AGENT_LENGTH: usize = 300;

/// What every answer says to browsers, caches and search engines.
const PRIVATE: [(HeaderName, &str); 3] = [
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// Where visits are handed over, so that a visitor never waits for their record.
pub trait Clicks: Send + Sync + 'static {
    /// Hands a visit over within [`QUEUE_PATIENCE`].
    fn hand_over(&self, click: &ClickReceived) -> impl Future<Output = Result<(), NotSent>> + Send;
}

impl Clicks for Queue {
    async fn hand_over(&self, click: &ClickReceived) -> Result<(), NotSent> {
        self.send(click).await
    }
}

/// What the use case needs.
pub struct Deps<C> {
    /// The keys that sign links.
    pub keys: LinkKeys,
    /// What this process knows already.
    pub memory: Memory,
    /// What all processes know.
    pub store: Store,
    /// The truth, asked only when nobody else knows.
    pub database: Database,
    /// Where visits are handed over.
    pub clicks: C,
    /// Time and randomness.
    pub ambient: Ambient,
}

/// Destinations that this process has seen. A campaign's destination never changes, so they do not grow old.
#[derive(Debug, Default)]
pub struct Memory(Mutex<HashMap<CampaignId, Destination>>);

impl Memory {
    /// About 2 MB when every address is of usual length.
    const MOST: usize = 10_000;

    fn recall(&self, campaign: CampaignId) -> Option<Destination> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&campaign).cloned()
    }

    fn remember(&self, campaign: CampaignId, destination: Destination) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= Self::MOST {
            // The store still knows them.
            known.clear();
        }
        known.insert(campaign, destination);
    }
}

fn table<C: Clicks>() -> Table<Arc<Deps<C>>> {
    Table::new("Links", "The links in messages. People open them, programs of this API do not.")
        .add(route!(open::<C>))
        .add(route!(probe::<C>))
}

/// The routes of this function.
pub fn routes<C: Clicks>(deps: Deps<C>) -> Router {
    table().router(Arc::new(deps))
}

/// The documentation of these routes.
#[must_use]
pub fn openapi() -> OpenApi {
    table::<Queue>().document()
}

/// Who follows a link.
struct Visitor {
    agent: String,
    class: ClickClass,
    reason: &'static str,
}

impl Visitor {
    fn of(method: &Method, headers: &HeaderMap) -> Self {
        let agent = text(headers, &header::USER_AGENT);
        let purpose = [HeaderName::from_static("sec-purpose"), HeaderName::from_static("purpose")];
        let purpose = purpose.iter().map(|name| text(headers, name)).collect::<String>();
        let (class, reason) = click::classify(Visit { method: method.as_str(), agent: &agent, purpose: &purpose });
        Self { agent, class, reason }
    }
}

/// Sends the visitor of a link on
///
/// The visit is classified and recorded; the visitor never waits for that.
#[utoipa::path(
    get,
    path = "/c/{token}",
    operation_id = "openLink",
    responses(
        (status = 302, description = "`Location` says where the link leads.", headers(("Location" = String))),
        (status = 404, description = "A page: the link is not one of ours, or leads nowhere.", content_type = "text/html", body = String),
        (status = 503, description = "A page: nobody can tell at the moment where it leads.", content_type = "text/html", body = String),
    )
)]
async fn open<C: Clicks>(
    State(deps): State<Arc<Deps<C>>>,
    method: Method,
    headers: HeaderMap,
    token: Result<Path<String>, PathRejection>,
) -> Response {
    let Some(message) = token.ok().and_then(|Path(token)| deps.keys.read(&token).ok()) else {
        tracing::info!(event = "link.unknown", "not a link of ours");
        return page::unknown();
    };
    deps.follow(message, &Visitor::of(&method, &headers)).await
}

/// Says where a link leads, to programs that look ahead
#[utoipa::path(
    head,
    path = "/c/{token}",
    operation_id = "probeLink",
    responses(
        (status = 302, description = "`Location` says where the link leads.", headers(("Location" = String))),
        (status = 404, description = "The link is not one of ours, or leads nowhere.", content_type = "text/html"),
        (status = 503, description = "Nobody can tell at the moment where it leads.", content_type = "text/html"),
    )
)]
async fn probe<C: Clicks>(
    state: State<Arc<Deps<C>>>,
    method: Method,
    headers: HeaderMap,
    token: Result<Path<String>, PathRejection>,
) -> Response {
    open(state, method, headers, token).await
}

/// What the store has not been told yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// Nothing: it knew the way and has counted the visit.
    Nothing,
    /// The visit.
    Visit,
    /// The destination.
    Destination,
}

impl<C: Clicks> Deps<C> {
    async fn follow(&self, message: MessageId, visitor: &Visitor) -> Response {
        match self.find(message.campaign, visitor.class).await {
            Ok(Some((destination, left))) => {
                let click = self.click(message, visitor, &destination);
                tokio::join!(self.hand_over(&click), self.settle(message, visitor.class, &destination, left));
                redirect(&destination.url)
            }
            Ok(None) => leads_nowhere(message),
            Err(error) => not_found_out(message, visitor, &error),
        }
    }

    fn click(&self, message: MessageId, visitor: &Visitor, destination: &Destination) -> ClickReceived {
        ClickReceived::V1 {
            click_id: ClickId::new(&self.ambient),
            clinic_id: destination.clinic,
            campaign_id: message.campaign,
            message_number: message.number,
            class: visitor.class,
            reason: visitor.reason.to_owned(),
            rule_version: RULE_VERSION,
            agent: visitor.agent.chars().take(AGENT_LENGTH).collect(),
            clicked_at: self.ambient.now(),
        }
    }

    /// Where the campaign's links lead: from memory, else from the store, else from the database.
    async fn find(&self, campaign: CampaignId, class: ClickClass) -> Result<Option<(Destination, Left)>, sqlx::Error> {
        if let Some(destination) = self.memory.recall(campaign) {
            return Ok(Some((destination, Left::Visit)));
        }
        let found = if let Some(Some(destination)) = bounded(self.store.visit(campaign, class)).await {
            Some((destination, Left::Nothing))
        } else {
            let row = campaigns::find_destination(&mut *self.database.acquire().await?, campaign).await?;
            row.map(|(clinic, url)| (Destination { clinic, url }, Left::Destination))
        };
        if let Some((destination, _)) = &found {
            self.memory.remember(campaign, destination.clone());
        }
        Ok(found)
    }

    /// Hands the visit over. When that fails, the log line holds the message as it would have been queued: sending `body` to
    /// the queue of record-clicks recovers the click, and sending it twice does no harm.
    async fn hand_over(&self, click: &ClickReceived) {
        if let Err(error) = self.clicks.hand_over(click).await {
            let body = serde_json::to_string(click).unwrap_or_default();
            tracing::error!(event = "click.not_queued", body, %error, "a click waits in this line to be queued");
        }
    }

    async fn settle(&self, message: MessageId, class: ClickClass, destination: &Destination, left: Left) {
        match left {
            Left::Nothing => {}
            Left::Visit => _ = bounded(self.store.visit(message.campaign, class)).await,
            Left::Destination => _ = bounded(self.store.put_destination(message.campaign, destination)).await,
        }
    }
}

/// Waits for the store, but not for long: it only makes things faster. Connecting anew counts, which the store's own
/// patience does not cover.
async fn bounded<T, E: std::error::Error + 'static>(asked: impl Future<Output = Result<T, E>>) -> Option<T> {
    let failure = match tokio::time::timeout(STORE_PATIENCE, asked).await {
        Ok(Ok(answer)) => return Some(answer),
        Ok(Err(error)) => chain(&error),
        Err(_) => "no answer in time".to_owned(),
    };
    tracing::warn!(event = "store.failed", error = failure, "the store did not help");
    None
}

/// A token that we signed for a campaign that is gone, or has no destination.
fn leads_nowhere(message: MessageId) -> Response {
    tracing::warn!(event = "link.no_campaign", campaign.id = %message.campaign, "a link of ours leads nowhere");
    page::unknown()
}

/// Neither memory nor store know the way, and the database does not answer. The visit is in this line, and nowhere else.
fn not_found_out(message: MessageId, visitor: &Visitor, error: &sqlx::Error) -> Response {
    tracing::error!(event = "link.not_found_out", campaign.id = %message.campaign, message.number = message.number,
        class = %visitor.class, agent = visitor.agent, error = %chain(error), "nobody can tell where a link leads");
    page::unavailable()
}

fn redirect(url: &str) -> Response {
    match HeaderValue::from_str(url) {
        Ok(location) => (StatusCode::FOUND, PRIVATE, [(header::LOCATION, location)]).into_response(),
        // Destinations are checked and normalised before they are stored; one that is no header is a broken row.
        Err(_) => page::unknown(),
    }
}

/// A header as text; bytes that are none become replacement characters.
fn text(headers: &HeaderMap, name: &HeaderName) -> String {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
}
