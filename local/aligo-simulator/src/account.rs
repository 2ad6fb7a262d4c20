//! What concerns the account: who may call, profiles, the money left, withdrawing a reservation, the old token.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::{
    answer::{Answer, Refusal},
    form::Form,
    settings::HeartinfoShape,
    state::{Reservation, World},
};

/// The account that the simulator serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `apikey`.
    pub api_key: String,
    /// `userid`.
    pub user_id: String,
}

/// Lets a caller in, or says why not. An old `token` is not looked at.
///
/// # Errors
/// When key or account are wrong or absent, or the address is not registered.
pub fn admit(world: &World, credentials: &Credentials, form: &Form<'_>, address: IpAddr) -> Result<(), Refusal> {
    let known = form.get("apikey") == Some(&credentials.api_key) && form.get("userid") == Some(&credentials.user_id);
    if !known {
        return Err(Refusal { code: world.settings.auth_failure_code, message: "인증오류입니다.".to_owned() });
    }
    if !world.settings.admits(address) {
        return Err(Refusal::catch_all("인증되지 않는 서버 IP로 부터의 호출 입니다."));
    }
    Ok(())
}

/// `profile/list`.
///
/// # Errors
/// Never; the type is the one of all calls.
pub fn profiles(world: &World, form: &Form<'_>) -> Answer {
    let list: Vec<_> = world
        .profiles
        .iter()
        .filter(|profile| form.get("plusid").is_none_or(|id| id == profile.uuid))
        .filter(|profile| form.get("senderkey").is_none_or(|key| key == profile.sender_key))
        .collect();
    Ok(json!({ "code": 0, "message": "정상적으로 조회되었습니다.", "list": list }))
}

/// Prices of text messages in won, for the counts of `heartinfo`.
const TEXT_MESSAGE_PRICES: [(&str, f64); 3] = [("SMS_CNT", 8.4), ("LMS_CNT", 25.9), ("MMS_CNT", 60.0)];

/// The most bytes in EUC-KR of a short text message.
const SHORT_BYTES: usize = 90;

/// What a text message costs: short up to 90 bytes in EUC-KR, long beyond.
#[must_use]
pub fn text_message_price(text: &str) -> f64 {
    let bytes: usize = text.chars().map(|character| if character.is_ascii() { 1 } else { 2 }).sum();
    TEXT_MESSAGE_PRICES[usize::from(bytes > SHORT_BYTES)].1
}

/// `heartinfo`: how many messages the money left would pay for.
///
/// # Errors
/// Never; the type is the one of all calls.
pub fn heartinfo(world: &World) -> Answer {
    let mut counts = serde_json::Map::new();
    let alimtalk = ("ALT_CNT", world.settings.unit_price);
    for (field, price) in TEXT_MESSAGE_PRICES.into_iter().chain([alimtalk]) {
        counts.insert(field.to_owned(), affordable(world.balance, price));
    }
    let message = "정상적으로 조회되었습니다.";
    let code = world.settings.done_code;
    Ok(match world.settings.heartinfo_shape {
        HeartinfoShape::Flat => {
            counts.insert("result_code".to_owned(), code.into());
            counts.insert("message".to_owned(), message.into());
            Value::Object(counts)
        }
        HeartinfoShape::List => json!({ "code": code, "message": message, "list": counts }),
    })
}

/// How often `price` goes into `balance`, as a whole number.
fn affordable(balance: f64, price: f64) -> Value {
    let count = if price > 0.0 { (balance / price).floor().max(0.0) } else { 0.0 };
    serde_json::from_str(&format!("{count:.0}")).unwrap_or_default()
}

/// `cancel`: withdraws a reservation, at least five minutes before it is due.
///
/// # Errors
/// When it is too late, the call was never reserved, is unknown, or was withdrawn already.
pub fn cancel(world: &mut World, form: &Form<'_>, now: DateTime<Utc>) -> Answer {
    let mid = form.get("mid").ok_or_else(|| Refusal::missing("mid"))?;
    let call = world
        .call(mid)
        .map(|call| call.mid)
        .and_then(|mid| world.call_mut(mid))
        .filter(|call| call.reservation != Reservation::Cancelled && !call.test_mode)
        .ok_or_else(|| Refusal::catch_all("취소할 내역이 존재하지 않습니다."))?;
    let in_time = call.reservation == Reservation::Reserved && now + TimeDelta::minutes(5) <= call.start_at;
    if !in_time {
        return Err(Refusal::catch_all("발송 5분전까지만 취소가 가능합니다."));
    }
    call.reservation = Reservation::Cancelled;
    let (mid, refund) = (call.mid, call.total);
    world.balance += refund;
    world.charges.retain(|charge| charge.mid != mid);
    Ok(json!({
        "code": world.settings.done_code,
        "message": "정상적으로 취소되었습니다.",
    }))
}

/// `token/create/{n}/{unit}`: nothing needs the token any more, but the call still answers.
///
/// # Errors
/// When the path names no duration.
pub fn token(path: &str, now: DateTime<Utc>) -> Answer {
    let mut segments = path.trim_matches('/').rsplit('/');
    let (unit, count) = (segments.next(), segments.next());
    let valid = unit.is_some_and(|unit| matches!(unit, "y" | "m" | "d" | "h" | "i" | "s"))
        && count.is_some_and(|count| count.parse::<u32>().is_ok());
    if !valid {
        return Err(Refusal::catch_all("토큰 유효기간이 올바르지 않습니다."));
    }
    let token = format!("{:x}", now.timestamp_micros());
    Ok(json!({
        "code": 0,
        "message": "정상적으로 생성되었습니다.",
        "urlencode": token,
        "token": token,
    }))
}
