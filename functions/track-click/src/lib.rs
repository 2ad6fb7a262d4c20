//! Triggered by `GET` and `HEAD /c/{token}`, the link in a message.
//! Responsible for sending the visitor on, whatever is down, and for handing the visit over to record-clicks.

mod breaker;
mod database;
mod follow;
mod guarded;
mod guesses;
mod hand_over;
mod keys;
mod memory;
mod page;
mod visitor;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, Method, header};
use axum::response::Response;
use shared::aws::queues::Queue;
use shared::clock::Ambient;
use shared::http::{Source, Table};
use shared::model::link::LinkKeys;
use shared::route;
use shared::store::Store;
use utoipa::openapi::OpenApi;

use crate::database::GuardedDatabase;
use crate::guarded::GuardedStore;
use crate::guesses::Guesses;
use crate::hand_over::HandOver;
use crate::keys::Keys;
use crate::memory::Memory;
use crate::visitor::Visitor;

pub use crate::database::DatabaseSource;
pub use crate::guesses::GUESSES_A_MINUTE;
pub use crate::hand_over::{Clicks, MOST_WAITING};
pub use crate::keys::{KeySource, NoSource};

/// How long a visitor waits for the store.
pub const STORE_PATIENCE: Duration = Duration::from_millis(50);
/// How long connecting to the store may take; visitors do not wait for that either.
pub const STORE_CONNECTING: Duration = Duration::from_secs(1);
/// How long a visitor waits for the queue.
pub const QUEUE_PATIENCE: Duration = Duration::from_millis(300);

/// What every answer says to browsers, caches and search engines.
const PRIVATE: [(HeaderName, &str); 3] = [
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// What the use case needs, and what a process knows.
pub struct Deps<C, K = NoSource> {
    keys: Keys<K>,
    memory: Memory,
    guesses: Guesses,
    store: GuardedStore,
    database: Arc<GuardedDatabase>,
    clicks: HandOver<C>,
    ambient: Arc<Ambient>,
}

impl<C: Clicks> Deps<C> {
    /// A process that has seen nothing yet. The store is what all processes know; the database is the truth, asked only when
    /// nobody else knows; visits are handed over to `clicks`.
    pub fn new(keys: LinkKeys, store: Store, database: impl Into<DatabaseSource>, clicks: C, ambient: Ambient) -> Self {
        Self {
            keys: Keys::new(keys, None),
            memory: Memory::default(),
            guesses: Guesses::default(),
            store: GuardedStore::new(store),
            database: Arc::new(GuardedDatabase::new(database.into())),
            clicks: HandOver::new(clicks),
            ambient: Arc::new(ambient),
        }
    }

    /// Says how long a connection to the database waits for an answer until it is given up.
    #[must_use]
    pub fn with_query_patience(mut self, patience: Duration) -> Self {
        // Nobody has asked yet.
        if let Some(database) = Arc::get_mut(&mut self.database) {
            database.query_patience = patience;
        }
        self
    }

    /// Says where the keys are read again when a link names one that is not there.
    pub fn with_keys_from<K: KeySource>(self, source: K) -> Deps<C, K> {
        let Self { keys, memory, guesses, store, database, clicks, ambient } = self;
        Deps { keys: keys.from(source), memory, guesses, store, database, clicks, ambient }
    }
}

fn table<C: Clicks, K: KeySource>() -> Table<Arc<Deps<C, K>>> {
    Table::new("Links", "The links in messages. People open them, programs of this API do not.")
        .add(route!(open::<C, K>))
        .add(route!(probe::<C, K>))
}

/// The routes of this function.
pub fn routes<C: Clicks, K: KeySource>(deps: Deps<C, K>) -> Router {
    table().router(Arc::new(deps))
}

/// The documentation of these routes.
#[must_use]
pub fn openapi() -> OpenApi {
    table::<Queue, NoSource>().document()
}

/// Sends the visitor of a link on
///
/// The visit is classified and recorded; the visitor never waits for that. Whatever stands in the query is ignored.
#[utoipa::path(
    get,
    path = "/c/{token}",
    operation_id = "openLink",
    responses(
        (status = 302, description = "`Location` says where the link leads.", headers(("Location" = String))),
        (status = 404, description = "A page: the link is not one of ours, or leads nowhere.", content_type = "text/html", body = String),
        (status = 410, description = "A page: the link has ended.", content_type = "text/html", body = String),
        (status = 429, description = "A page: too many links that are not ours from one address. Ours still work.", content_type = "text/html", body = String),
        (status = 503, description = "A page: nobody can tell at the moment where it leads.", content_type = "text/html", body = String),
    )
)]
async fn open<C: Clicks, K: KeySource>(
    State(deps): State<Arc<Deps<C, K>>>,
    method: Method,
    headers: HeaderMap,
    source: Source,
    token: Result<Path<String>, PathRejection>,
) -> Response {
    let now = deps.ambient.now();
    let token = token.as_ref().map_or("", |Path(token)| token);
    match deps.keys.read(token, now).await {
        Ok(message) => deps.follow(message, Visitor::of(method, &headers), now).await,
        Err(_) => deps.turn_away(&source, now).await,
    }
}

/// Says where a link leads, to programs that look ahead
#[utoipa::path(
    head,
    path = "/c/{token}",
    operation_id = "probeLink",
    responses(
        (status = 302, description = "`Location` says where the link leads.", headers(("Location" = String))),
        (status = 404, description = "The link is not one of ours, or leads nowhere.", content_type = "text/html"),
        (status = 410, description = "The link has ended.", content_type = "text/html"),
        (status = 429, description = "Too many links that are not ours from one address. Ours still work.", content_type = "text/html"),
        (status = 503, description = "Nobody can tell at the moment where it leads.", content_type = "text/html"),
    )
)]
async fn probe<C: Clicks, K: KeySource>(
    state: State<Arc<Deps<C, K>>>,
    method: Method,
    headers: HeaderMap,
    source: Source,
    token: Result<Path<String>, PathRejection>,
) -> Response {
    open(state, method, headers, source, token).await.map(|_| Body::empty())
}
