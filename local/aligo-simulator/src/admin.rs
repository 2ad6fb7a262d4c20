//! The simulator's own API, for tests and for whoever runs it: switches, faults, templates, the truth.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Query, Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    app::App,
    clock::{self, DayPart},
    outage::{NewOutage, OutageKind},
    script::{Addition, Script},
    settings::Settings,
    state::Profile,
    templates::{Review, Template},
    truth::{self, Filter},
};

type Shared = State<Arc<App>>;

/// The routes below `/admin`.
pub fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/health", get(async || Json(json!({ "status": "ok" }))))
        .route("/truth", get(truth))
        .route("/reset", post(reset))
        .route("/faults", get(faults).post(add_faults).delete(delete_faults))
        .route("/settings", get(settings).patch(change_settings))
        .route("/outages", get(outages).post(add_outage).delete(end_outages))
        .route("/clock", get(show_clock).post(change_clock))
        .route("/balance", get(balance).put(set_balance))
        .route("/profiles", get(profiles).post(add_profile))
        .route("/templates", get(templates).post(add_template))
        .route("/templates/{code}", axum::routing::delete(delete_template))
        .route("/templates/{code}/review", post(review_template))
}

/// A page of another site that happens to be open in the same browser must not drive the simulator.
pub async fn refuse_other_sites(request: Request, next: Next) -> Response {
    let from_elsewhere = request.headers().get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none");
    if from_elsewhere {
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}

fn unprocessable(why: impl Into<String>) -> Response {
    let body = Json(json!({ "error": why.into() }));
    (StatusCode::UNPROCESSABLE_ENTITY, body).into_response()
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct TruthQuery {
    tpl_code: Option<String>,
    accepted_between: Option<String>,
    started_between: Option<String>,
    summary: bool,
}

async fn truth(State(app): Shared, Query(query): Query<TruthQuery>) -> Response {
    let part =
        |text: Option<String>| text.map(|text| DayPart::parse(&text).ok_or("a part of the day is HH:MM-HH:MM")).transpose();
    let (accepted_between, started_between) = match (part(query.accepted_between), part(query.started_between)) {
        (Ok(accepted), Ok(started)) => (accepted, started),
        (Err(problem), _) | (_, Err(problem)) => return unprocessable(problem),
    };
    let filter = Filter { tpl_code: query.tpl_code, accepted_between, started_between };
    app.read(|world, _| Json(truth::table(world, &filter, !query.summary)).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct ResetQuery {
    keep_templates: bool,
}

async fn reset(State(app): Shared, Query(query): Query<ResetQuery>) -> StatusCode {
    app.reset(query.keep_templates);
    StatusCode::NO_CONTENT
}

async fn faults(State(app): Shared) -> Response {
    app.script(|script| Json(&*script).into_response())
}

async fn add_faults(State(app): Shared, Json(new): Json<Addition>) -> Response {
    app.script(|script| match script.add(new) {
        Ok(()) => (StatusCode::CREATED, Json(&*script)).into_response(),
        Err(problem) => unprocessable(problem),
    })
}

async fn delete_faults(State(app): Shared) -> StatusCode {
    app.script(Script::clear_faults);
    StatusCode::NO_CONTENT
}

async fn outages(State(app): Shared) -> Response {
    let now = app.outage();
    app.script(|script| Json(json!({ "now": now, "outages": script.outages() })).into_response())
}

async fn add_outage(State(app): Shared, Json(new): Json<NewOutage>) -> Response {
    if new.kind == OutageKind::Refused && app.options().admin_listen.is_none() {
        return unprocessable("it would refuse the admin API too: start with --admin-listen, or take closed");
    }
    match app.plan_outage(new) {
        Ok(outage) => (StatusCode::CREATED, Json(outage)).into_response(),
        Err(problem) => unprocessable(problem),
    }
}

async fn end_outages(State(app): Shared) -> StatusCode {
    app.end_outages();
    StatusCode::NO_CONTENT
}

async fn settings(State(app): Shared) -> Json<Settings> {
    app.read(|world, _| Json(world.settings.clone()))
}

async fn change_settings(State(app): Shared, Json(changes): Json<Value>) -> Response {
    app.write(|world, _| match world.settings.changed(changes) {
        Ok(settings) => {
            world.settings = settings;
            Json(&world.settings).into_response()
        }
        Err(why) => unprocessable(why),
    })
}

async fn show_clock(State(app): Shared) -> Json<Value> {
    app.read(|world, now| {
        Json(json!({
            "now": now,
            "korea": clock::stamp(now),
            "stopped": world.settings.clock_stopped_at.is_some(),
            "clockOffsetMs": world.settings.clock_offset_ms,
        }))
    })
}

async fn change_clock(app: Shared, Json(change): Json<clock::Change>) -> Response {
    match app.change_clock(change) {
        Ok(_) => show_clock(app).await.into_response(),
        Err(problem) => unprocessable(problem.to_string()),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Balance {
    balance: f64,
}

async fn balance(State(app): Shared) -> Json<Value> {
    // Written, so that substitutes which are due are paid for.
    app.write(|world, _| Json(json!({ "balance": world.balance })))
}

async fn set_balance(State(app): Shared, Json(new): Json<Balance>) -> Json<Value> {
    app.write(|world, _| {
        world.balance = new.balance;
        Json(json!({ "balance": world.balance }))
    })
}

async fn profiles(State(app): Shared) -> Json<Vec<Profile>> {
    app.read(|world, _| Json(world.profiles.clone()))
}

async fn add_profile(State(app): Shared, Json(profile): Json<Profile>) -> Response {
    app.write(|world, _| {
        world.profiles.retain(|other| other.sender_key != profile.sender_key);
        world.profiles.push(profile.clone());
    });
    (StatusCode::CREATED, Json(profile)).into_response()
}

async fn templates(State(app): Shared) -> Json<Vec<Template>> {
    app.read(|world, _| Json(world.templates.clone()))
}

async fn add_template(State(app): Shared, Json(template): Json<Template>) -> Response {
    let template = app.write(|world, now| {
        let template = template.completed(&app.options().sender_key, now);
        world.templates.retain(|other| other.templt_code != template.templt_code);
        world.templates.push(template.clone());
        template
    });
    (StatusCode::CREATED, Json(template)).into_response()
}

async fn delete_template(State(app): Shared, Path(code): Path<String>) -> StatusCode {
    app.write(|world, _| {
        let before = world.templates.len();
        world.templates.retain(|template| template.templt_code != code);
        if world.templates.len() < before { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
    })
}

async fn review_template(State(app): Shared, Path(code): Path<String>, Json(review): Json<Review>) -> Response {
    if !matches!(review.insp_status.as_str(), "REG" | "REQ" | "APR" | "REJ") {
        return unprocessable("inspStatus is REG, REQ, APR or REJ");
    }
    app.write(|world, now| {
        let approved_status = world.settings.approved_status.clone();
        let template = world.templates.iter_mut().find(|template| template.templt_code == code);
        match template {
            None => StatusCode::NOT_FOUND.into_response(),
            Some(template) => {
                template.review(review, &approved_status, now);
                Json(&*template).into_response()
            }
        }
    })
}
