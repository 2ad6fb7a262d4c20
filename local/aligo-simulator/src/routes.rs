//! The provider's calls over HTTP, with the faults of the script.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, DefaultBodyLimit, State},
    http::{StatusCode, Uri, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use chrono::{DateTime, Utc};

use crate::{
    account, admin,
    answer::{self, Answer, Refusal},
    app::App,
    connection::Peer,
    faults::{Kind, Plan, SEND_PATH},
    form::Form,
    history, page, send,
    settings::{ContentType, Numbers},
    state::World,
    templates,
};

/// 500 receivers with 1,000 Korean characters each and their buttons are about 6 MB of percent signs.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// All routes.
pub fn router(app: Arc<App>) -> Router {
    let admin = admin::router().layer(middleware::from_fn(admin::refuse_other_sites));
    Router::new()
        .route("/", get(page::show))
        .route("/page.css", get(page::style))
        .nest("/admin", admin)
        .route("/akv10/{*path}", any(provider))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .with_state(app)
}

/// One call of the provider. It runs in a task of its own: like the provider, it does not stop when the caller goes.
async fn provider(State(app): State<Arc<App>>, ConnectInfo(peer): ConnectInfo<Peer>, uri: Uri, body: Bytes) -> Response {
    let path = format!("{}/", uri.path().trim_end_matches('/'));
    tokio::spawn(async move { answer_call(&app, &peer, &path, &body).await })
        .await
        .unwrap_or_else(|_| error_page(StatusCode::INTERNAL_SERVER_ERROR))
}

async fn answer_call(app: &App, peer: &Peer, path: &str, body: &[u8]) -> Response {
    let form = Form::parse(body);
    app.write(|world, _| *world.requests.entry(path.to_owned()).or_default() += 1);
    let plan = app.script(|script| script.plan(path, &form));
    tokio::time::sleep(plan.latency).await;
    let Some(fault) = &plan.fault else {
        return written(app, carry_out(app, peer, path, &form, &plan));
    };
    let answer = if fault.kind.accepts() {
        carry_out(app, peer, path, &form, &plan)
    } else {
        Err(Refusal { code: fault.code, message: fault.message.clone() })
    };
    let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::BAD_GATEWAY);
    match fault.kind {
        Kind::Reset | Kind::AcceptThenReset => {
            peer.reset();
            StatusCode::OK.into_response()
        }
        Kind::ServerError | Kind::AcceptThenServerError => error_page(status),
        Kind::AcceptThenBrokenJson => half(&text(app, answer).0, content_type(app)),
        Kind::AcceptThenDelay => {
            tokio::time::sleep(Duration::from_millis(fault.milliseconds)).await;
            written(app, answer)
        }
        Kind::Latency | Kind::Partial | Kind::Refuse => written(app, answer),
    }
}

/// Checks the caller and does what the path says. An accepted call that a fault befalls remembers which one it was.
fn carry_out(app: &App, peer: &Peer, path: &str, form: &Form, plan: &Plan) -> Answer {
    app.write(|world, now| {
        account::admit(world, app.credentials(), form, peer.address)?;
        let accepted_before = world.calls.len();
        let answer = dispatch(world, path, form, now, plan);
        if let (Some(fault), Some(call)) = (&plan.fault, world.calls.get_mut(accepted_before)) {
            call.answered =
                serde_json::to_value(fault.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default();
        }
        answer
    })
}

fn dispatch(world: &mut World, path: &str, form: &Form, now: DateTime<Utc>, plan: &Plan) -> Answer {
    match path {
        SEND_PATH => send::accept(world, form, now, plan.withheld),
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
