//! `history/list` and `history/detail`: the only way to learn what became of a message.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::{
    answer::{self, Answer, Refusal},
    clock,
    form::Form,
    outcome::{self, Stage},
    settings::{DateField, Settings},
    state::{Call, Message, Reservation, World},
};

/// `history/list`: one row per call, newest first.
///
/// # Errors
/// When a date cannot be read.
pub fn list(world: &World, form: &Form<'_>, now: DateTime<Utc>) -> Answer {
    let day = |field: &str| match form.get(field) {
        None => Ok(None),
        Some(text) => clock::parse_day(text).map(Some).ok_or_else(|| Refusal::catch_all("조회일자가 올바르지 않습니다.")),
    };
    let (from, until) = (day("startdate")?, day("enddate")?);
    let rows: Vec<Value> = world
        .calls
        .iter()
        .rev()
        .filter(|call| !call.test_mode)
        .filter(|call| {
            let day = clock::day(call.registered_at);
            from.is_none_or(|from| from <= day) && until.is_none_or(|until| day <= until)
        })
        .map(|call| call_row(call, &world.settings, now))
        .collect();
    Ok(answer::page(&rows, form.number("page", 1), form.number("limit", 50)))
}

fn call_row(call: &Call, settings: &Settings, now: DateTime<Utc>) -> Value {
    let (reserve_date, reserve_state) = match call.reservation {
        Reservation::None => (String::new(), ""),
        Reservation::Cancelled => (clock::stamp(call.start_at), "예약취소"),
        Reservation::Reserved if now < call.start_at => (clock::stamp(call.start_at), "예약대기중"),
        Reservation::Reserved => (clock::stamp(call.start_at), "발송완료"),
    };
    let mut row = json!({
        "mid": call.mid.to_string(),
        "type": "AT",
        "sender": call.sender,
        "msg_count": call.messages.iter().filter(|message| message.accepted).count().to_string(),
        "mbody": call.messages.first().map_or("", |message| &message.message),
        "reserve_date": reserve_date,
        "reserve_state": reserve_state,
    });
    let registered = clock::stamp(call.registered_at);
    if settings.date_field != DateField::RegDate {
        row["regdate"] = registered.clone().into();
    }
    if settings.date_field != DateField::Regdate {
        row["reg_date"] = registered.into();
    }
    row
}

/// `history/detail`: one row per receiver of a call that is listed yet.
///
/// # Errors
/// When `mid` is missing. An unknown one has no rows.
pub fn detail(world: &World, form: &Form<'_>, now: DateTime<Utc>) -> Answer {
    let mid = form.get("mid").ok_or_else(|| Refusal::missing("mid"))?;
    let rows: Vec<Value> = world
        .call(mid)
        .filter(|call| call.is_real())
        .map(|call| {
            call.messages
                .iter()
                .filter(|message| message.accepted || world.settings.malformed_listed)
                .filter_map(|message| message_row(call, message, now))
                .collect()
        })
        .unwrap_or_default();
    Ok(answer::page(&rows, form.number("page", 1), form.number("limit", 50)))
}

fn message_row(call: &Call, message: &Message, now: DateTime<Utc>) -> Option<Value> {
    let (letter, final_at) = match message.life.stage(now) {
        Stage::Absent => return None,
        Stage::Sending => (None, None),
        Stage::Preliminary(letter) => (Some(letter), None),
        Stage::Final(letter, at) => (Some(letter), Some(at)),
    };
    let msgid = match final_at {
        Some(_) => message.msgid.to_string(),
        None => format!("Q{}", message.msgid),
    };
    let moment = |at: Option<DateTime<Utc>>| at.map(clock::stamp).unwrap_or_default();
    Some(json!({
        "msgid": msgid,
        "type": "AT",
        "sender": call.sender,
        "phone": if message.accepted { &message.receiver } else { &message.given },
        "status": if message.accepted { "2" } else { "3" },
        "reqdate": clock::stamp(call.registered_at),
        "sentdate": moment(letter.and(message.life.listed_at)),
        "rsltdate": moment(letter.and(final_at.or(message.life.preliminary_at))),
        "reportdate": moment(final_at),
        "rslt": letter.map(String::from).unwrap_or_default(),
        "rslt_message": letter.map(outcome::wording).unwrap_or_default(),
        "message": message.message,
        "button_json": message.button_json.as_deref().unwrap_or_default(),
        "tpl_code": call.tpl_code,
        "senderKey": call.sender_key,
        "smid": message.smid.filter(|_| final_at.is_some()).unwrap_or_default().to_string(),
    }))
}
