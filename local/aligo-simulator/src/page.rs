//! The page for people: the last messages as the receivers' phones show them, with links that can be clicked.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::{
    app::App,
    clock,
    matching::{self, Button},
    outcome::{self, Stage},
    state::{Call, Message, World},
};

/// How many messages are shown.
const SHOWN: usize = 50;

/// The choice of messages.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PageQuery {
    phone: String,
}

/// `GET /`.
pub async fn show(State(app): State<Arc<App>>, Query(query): Query<PageQuery>) -> Response {
    let html = app.read(|world, now| render(world, &query.phone, now));
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, html).into_response()
}

/// `GET /page.css`.
pub async fn style() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (headers, include_str!("page.css")).into_response()
}

fn render(world: &World, phone: &str, now: DateTime<Utc>) -> String {
    let wanted = outcome::digits(phone);
    let messages: Vec<String> = world
        .calls
        .iter()
        .rev()
        .filter(|call| call.is_real())
        .flat_map(|call| call.messages.iter().map(move |message| (call, message)))
        .filter(|(_, message)| message.accepted)
        .filter(|(_, message)| wanted.is_empty() || message.receiver.ends_with(&wanted))
        .take(SHOWN)
        .map(|(call, message)| article(world, call, message, now))
        .collect();
    let list = if messages.is_empty() {
        "<p class=\"empty\">아직 받은 메시지가 없습니다. 단골에서 알림톡을 보내면 여기에 나타납니다.</p>".to_owned()
    } else {
        messages.concat()
    };
    format!(
        "<!doctype html>\n<html lang=\"ko\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta http-equiv=\"refresh\" content=\"10\">\
         <title>받은 알림톡</title><link rel=\"stylesheet\" href=\"/page.css\"></head><body>\
         <header><h1>받은 알림톡</h1><p>실제로는 아무에게도 보내지 않았습니다. \
         환자의 휴대전화에 보일 모습이며, 버튼을 누르면 클릭으로 집계됩니다.</p>\
         <form><label>전화번호 <input name=\"phone\" inputmode=\"tel\" value=\"{}\" \
         placeholder=\"끝자리만 적어도 됩니다\"></label><button>찾기</button></form></header>\
         <main>{list}</main></body></html>\n",
        escape(phone)
    )
}

fn article(world: &World, call: &Call, message: &Message, now: DateTime<Utc>) -> String {
    let profile = world
        .profiles
        .iter()
        .find(|profile| profile.sender_key == call.sender_key)
        .map_or("알 수 없는 채널", |profile| &profile.name);
    let (class, state) = match message.life.stage(now) {
        Stage::Final('0', at) => ("arrived", format!("{} 도착", clock::stamp(at))),
        Stage::Final(letter, _) => ("failed", format!("도착하지 않음: {} ({letter})", outcome::wording(letter))),
        Stage::Absent if now < call.start_at => ("waiting", format!("{} 예약", clock::stamp(call.start_at))),
        Stage::Absent | Stage::Sending | Stage::Preliminary(_) => ("waiting", "보내는 중".to_owned()),
    };
    let title = message.emtitle.as_deref().map(|title| format!("<h3>{}</h3>", escape(title))).unwrap_or_default();
    let buttons: String =
        message.button_json.as_deref().and_then(matching::parse_buttons).unwrap_or_default().iter().map(link).collect();
    format!(
        "<article class=\"{class}\"><h2>{}</h2><div class=\"bubble\"><p class=\"kind\">알림톡 도착</p>{title}\
         <p class=\"text\">{}</p>{buttons}</div><footer>{} · {}</footer></article>",
        escape(profile),
        escape(&message.message),
        escape(&message.receiver),
        escape(&state),
    )
}

/// A button. Only web links lead anywhere: what else a sender writes there must not run in this page.
fn link(button: &Button) -> String {
    let target = [&button.link_mo, &button.link_pc]
        .into_iter()
        .find(|target| !target.is_empty())
        .and_then(|target| url::Url::parse(target).ok())
        .filter(|target| matches!(target.scheme(), "http" | "https"));
    let name = escape(&button.name);
    match target {
        Some(target) => {
            format!("<a href=\"{}\" target=\"_blank\" rel=\"noopener noreferrer\">{name}</a>", escape(target.as_str()))
        }
        None => format!("<span class=\"button\">{name}</span>"),
    }
}

/// Makes a text harmless inside an element and inside a quoted attribute.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\r' | '\t' => escaped.push(character),
            control if control.is_control() => escaped.push('\u{FFFD}'),
            other => escaped.push(other),
        }
    }
    escaped
}
