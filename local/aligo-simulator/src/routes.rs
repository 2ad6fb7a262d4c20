//! The provider's calls over HTTP, with the faults of the script.

use std::sync::Arc;

use axum::{
    Router,
    body::to_bytes,
    extract::{ConnectInfo, Request, State},
    http::{StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use chrono::{DateTime, Utc};
use tokio::time::{Duration, Instant, sleep_until};

use crate::{
    account, admin,
    answer::{self, Answer, Refusal},
    app::App,
    connection::Peer,
    faults::{Kind, SEND_PATH},
    form::Form,
    history,
    outage::OutageKind,
    page,
    script::Plan,
    send::{self, Draft},
    settings::{ContentType, Numbers},
    state::World,
    templates,
};

/// 500 receivers with 1,000 Korean characters each and their buttons are about 6 MB of percent signs.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// All routes.
pub fn router(app: Arc<App>) -> Router {
    own_routes().route("/akv10/{*path}", any(provider)).with_state(app)
}

/// Everything but the provider's calls.
pub fn admin_router(app: Arc<App>) -> Router {
    own_routes().with_state(app)
}

fn own_routes() -> Router<Arc<App>> {
    let admin = admin::router().layer(middleware::from_fn(admin::refuse_other_sites));
    Router::new().route("/", get(page::show)).route("/page.css", get(page::style)).nest("/admin", admin)
}

/// A call as it came in.
struct Arrival {
    at: Instant,
    peer: Peer,
    path: String,
    content_type: Option<String>,
}

/// One call of the provider. It runs in a task of its own: like the provider, it does not stop when the caller goes.
async fn provider(State(app): State<Arc<App>>, ConnectInfo(peer): ConnectInfo<Peer>, request: Request) -> Response {
    let at = Instant::now();
    let path = format!("{}/", request.uri().path().trim_end_matches('/'));
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let Ok(body) = to_bytes(request.into_body(), MOST_BYTES).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let arrival = Arrival { at, peer, path, content_type };
    tokio::spawn(async move { answer_call(&app, &arrival, &body).await })
        .await
        .unwrap_or_else(|_| error_page(StatusCode::INTERNAL_SERVER_ERROR))
}

async fn answer_call(app: &App, arrival: &Arrival, body: &[u8]) -> Response {
    app.write(|world, _| *world.requests.entry(arrival.path.clone()).or_default() += 1);
    match app.outage() {
        None => {}
        Some(OutageKind::Unavailable) => return error_page(StatusCode::SERVICE_UNAVAILABLE),
        Some(OutageKind::Refused | OutageKind::Closed) => {
            arrival.peer.reset();
            return StatusCode::OK.into_response();
        }
    }
    let body = String::from_utf8_lossy(body);
    let form = Form::parse(arrival.content_type.as_deref(), &body);
    let plan = app.script(|script| script.plan(&arrival.path, &form));
    sleep_until(arrival.at + plan.latency).await;
    let response = respond(app, arrival, &form, &plan).await;
    let latency = app.read(|world, _| world.settings.latency_ms);
    sleep_until(arrival.at + Duration::from_millis(latency.into())).await;
    response
}

/// Does what is in store for the call.
async fn respond(app: &App, arrival: &Arrival, form: &Form<'_>, plan: &Plan) -> Response {
    let Some(fault) = &plan.fault else {
        return written(app, carry_out(app, arrival, form, plan));
    };
    let answer = if fault.kind.accepts() {
        carry_out(app, arrival, form, plan)
    } else {
        Err(Refusal { code: fault.code, message: fault.message.clone() })
    };
    let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::BAD_GATEWAY);
    match fault.kind {
        Kind::Reset | Kind::AcceptThenReset => {
            arrival.peer.reset();
            StatusCode::OK.into_response()
        }
        Kind::ServerError | Kind::AcceptThenServerError => error_page(status),
        Kind::AcceptThenBrokenJson => half(&text(app, answer).0, content_type(app)),
        Kind::AcceptThenDelay => {
            sleep_until(arrival.at + plan.latency + Duration::from_millis(fault.milliseconds)).await;
            written(app, answer)
        }
        Kind::Latency | Kind::Partial | Kind::Refuse => written(app, answer),
    }
}

/// Checks the caller and does what the path says. An accepted call that a fault befalls remembers which one it was.
fn carry_out(app: &App, arrival: &Arrival, form: &Form<'_>, plan: &Plan) -> Answer {
    // Read before the world is locked: ten calls of 500 receivers can be read at once.
    let draft = (arrival.path == SEND_PATH).then(|| Draft::read(form));
    app.write(|world, now| {
        account::admit(world, app.credentials(), form, arrival.peer.address)?;
        let Some(draft) = draft else {
            return dispatch(world, &arrival.path, form, now);
        };
        let accepted_before = world.calls.len();
        let answer = send::accept(world, draft?, now, plan.withheld);
        if let (Some(fault), Some(call)) = (&plan.fault, world.calls.get_mut(accepted_before)) {
            call.answered =
                serde_json::to_value(fault.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default();
        }
        answer
    })
}

fn dispatch(world: &mut World, path: &str, form: &Form<'_>, now: DateTime<Utc>) -> Answer {
    match path {
        "/akv10/history/list/" => history::list(world, form, now),
        "/akv10/history/detail/" => history::detail(world, form, now),
        "/akv10/heartinfo/" => account::heartinfo(world),
        "/akv10/cancel/" => account::cancel(world, form, now),
        "/akv10/profile/list/" => account::profiles(world, form),
        "/akv10/template/list/" => templates::list(world, form),
        "/akv10/template/add/" => templates::add(world, form, now),
        "/akv10/template/modify/" => templates::modify(world, form),
        "/akv10/template/del/" => templates::delete(world, form),
        "/akv10/template/request/" => templates::request(world, form),
        _ if path.starts_with("/akv10/token/create/") => account::token(path.trim_start_matches("/akv10/token/create/"), now),
        _ => Err(Refusal::catch_all("존재하지 않는 API 입니다.")),
    }
}

fn content_type(app: &App) -> ContentType {
    app.read(|world, _| world.settings.content_type)
}

fn text(app: &App, answer: Answer) -> (String, ContentType) {
    let (numbers, content_type): (Numbers, ContentType) =
        app.read(|world, _| (world.settings.numbers, world.settings.content_type));
    (answer::body(answer, numbers).to_string(), content_type)
}

fn written(app: &App, answer: Answer) -> Response {
    let (body, content_type) = text(app, answer);
    ([(header::CONTENT_TYPE, content_type.header())], body).into_response()
}

/// The first half of a text, cut between characters.
fn half(body: &str, content_type: ContentType) -> Response {
    let half: String = body.chars().take(body.chars().count() / 2).collect();
    ([(header::CONTENT_TYPE, content_type.header())], half).into_response()
}

fn error_page(status: StatusCode) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/html")];
    let page = format!(
        "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    (status, headers, page).into_response()
}
