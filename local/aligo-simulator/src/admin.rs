//! The simulator's own API, for tests and for whoever runs it: switches, faults, templates, the truth.

use std::{collections::BTreeMap, sync::Arc};

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
    faults::Fault,
    settings::Settings,
    state::{Call, Message, Profile},
    templates::{Review, Template},
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
        .route("/clock", post(move_clock))
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
    summary: bool,
}

async fn truth(State(app): Shared, Query(query): Query<TruthQuery>) -> Json<Value> {
    app.read(|world, _| {
        let calls: Vec<&Call> = world
            .calls
            .iter()
            .filter(|call| {
                let wanted = query.tpl_code.as_ref();
                wanted.is_none_or(|code| *code == call.tpl_code)
            })
            .collect();
        let mut truth = totals(&calls);
        truth["requests"] = json!(world.requests);
        if !query.summary {
            truth["calls"] = calls.iter().copied().map(call_row).collect();
        }
        Json(truth)
    })
}

/// How often each link and each recipient was really accepted: rehearsals and withdrawn reservations do not count.
fn totals(calls: &[&Call]) -> Value {
    let mut per_link_token: BTreeMap<&str, u64> = BTreeMap::new();
    let mut per_recipient: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut accepted_messages: u64 = 0;
    let real = || calls.iter().filter(|call| call.is_real());
    for call in real() {
        for message in call.messages.iter().filter(|message| message.accepted) {
            accepted_messages += 1;
            let recipient = (call.tpl_code.as_str(), message.receiver.as_str());
            *per_recipient.entry(recipient).or_default() += 1;
            if let Some(token) = &message.link_token {
                *per_link_token.entry(token).or_default() += 1;
            }
        }
    }
    let per_recipient: Vec<Value> = per_recipient
        .into_iter()
        .map(|((tpl_code, receiver), accepted)| json!({ "tplCode": tpl_code, "receiver": receiver, "accepted": accepted }))
        .collect();
    json!({
        "acceptedCalls": real().count(),
        "acceptedMessages": accepted_messages,
        "perLinkToken": per_link_token,
        "perRecipient": per_recipient,
    })
}

fn call_row(call: &Call) -> Value {
    json!({
        "mid": call.mid.to_string(),
        "tplCode": call.tpl_code,
        "senderKey": call.sender_key,
        "sender": call.sender,
        "acceptedAt": call.registered_at,
        "startAt": call.start_at,
        "reservation": call.reservation,
        "testMode": call.test_mode,
        "answered": call.answered,
        "total": call.total,
        "messages": call.messages.iter().map(truth_row).collect::<Vec<_>>(),
    })
}

fn truth_row(message: &Message) -> Value {
    json!({
        "receiver": message.receiver,
        "message": message.message,
        "emtitle": message.emtitle,
        "buttonJson": message.button_json,
        "linkToken": message.link_token,
        "accepted": message.accepted,
        "outcome": message.life.fate,
    })
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

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewFaults {
    seed: Option<u64>,
    faults: Vec<Fault>,
}

async fn faults(State(app): Shared) -> Response {
    app.script(|script| Json(&*script).into_response())
}

async fn add_faults(State(app): Shared, Json(new): Json<NewFaults>) -> Response {
    if let Some(problem) = new.faults.iter().find_map(Fault::problem) {
        return unprocessable(problem);
    }
    app.script(|script| {
        if let Some(seed) = new.seed {
            script.seed(seed);
        }
        for fault in new.faults {
            script.add(fault);
        }
        (StatusCode::CREATED, Json(&*script)).into_response()
    })
}

async fn delete_faults(State(app): Shared) -> StatusCode {
    app.script(|script| *script = crate::faults::Script::default());
    StatusCode::NO_CONTENT
}

async fn settings(State(app): Shared) -> Json<Settings> {
    app.read(|world, _| Json(world.settings.clone()))
}

async fn change_settings(State(app): Shared, Json(changes): Json<Value>) -> Response {
    app.write(|world, _| match changed(&world.settings, changes) {
        Ok(settings) => {
            world.settings = settings;
            Json(&world.settings).into_response()
        }
        Err(why) => unprocessable(why),
    })
}

/// The settings with some of them replaced.
fn changed(settings: &Settings, changes: Value) -> Result<Settings, String> {
    let Value::Object(changes) = changes else {
        return Err("settings are an object".to_owned());
    };
    let mut merged = serde_json::to_value(settings).map_err(|error| error.to_string())?;
    for (name, value) in changes {
        merged[name] = value;
    }
    let settings: Settings = serde_json::from_value(merged).map_err(|error| error.to_string())?;
    if settings.unit_price < 0.0 {
        return Err("unitPrice must not be negative".to_owned());
    }
    Ok(settings)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MoveClock {
    advance_ms: u32,
}

async fn move_clock(State(app): Shared, Json(by): Json<MoveClock>) -> Json<Value> {
    app.write(|world, _| world.settings.clock_offset_ms += i64::from(by.advance_ms));
    app.read(|world, now| Json(json!({ "now": now, "clockOffsetMs": world.settings.clock_offset_ms })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Balance {
    balance: f64,
}

async fn balance(State(app): Shared) -> Json<Value> {
    app.read(|world, _| Json(json!({ "balance": world.balance })))
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
        let template = template.completed(app.sender_key(), now);
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
