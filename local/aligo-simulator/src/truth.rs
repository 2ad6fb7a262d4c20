//! The truth table: what the simulator really accepted, whatever the caller was told.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::{
    clock::DayPart,
    state::{Call, Message, World},
};

/// Which calls are looked at; the default is all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only calls with this template.
    pub tpl_code: Option<String>,
    /// Only calls accepted in this part of the day in Korea.
    pub accepted_between: Option<DayPart>,
    /// Only calls whose sending begins in this part of the day in Korea: as reserved, otherwise at acceptance.
    pub started_between: Option<DayPart>,
}

impl Filter {
    fn admits(&self, call: &Call) -> bool {
        self.tpl_code.as_ref().is_none_or(|code| *code == call.tpl_code)
            && self.accepted_between.is_none_or(|part| part.covers(call.registered_at))
            && self.started_between.is_none_or(|part| part.covers(call.start_at))
    }
}

/// One message that was really accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The call.
    pub mid: u64,
    /// When the call was accepted, by the simulator's clock.
    pub accepted_at: DateTime<Utc>,
    /// When its sending begins: as reserved, otherwise at acceptance.
    pub start_at: DateTime<Utc>,
    /// The template's code.
    pub tpl_code: String,
    /// The sender's number, digits only.
    pub sender: String,
    /// The receiver's number, digits only.
    pub receiver: String,
    /// The link token found in the buttons or in the text.
    pub link_token: Option<String>,
}

/// The messages that were really accepted: no rehearsals, no withdrawn reservations, no numbers counted in `fcnt`.
#[must_use]
pub fn accepted(world: &World, filter: &Filter) -> Vec<Accepted> {
    real_messages(world, filter)
        .map(|(call, message)| Accepted {
            mid: call.mid,
            accepted_at: call.registered_at,
            start_at: call.start_at,
            tpl_code: call.tpl_code.clone(),
            sender: call.sender.clone(),
            receiver: message.receiver.clone(),
            link_token: message.link_token.clone(),
        })
        .collect()
}

/// How often each link token was really accepted.
#[must_use]
pub fn per_link_token<'a>(world: &'a World, filter: &Filter) -> BTreeMap<&'a str, u64> {
    let mut counts = BTreeMap::new();
    for token in real_messages(world, filter).filter_map(|(_, message)| message.link_token.as_deref()) {
        *counts.entry(token).or_default() += 1;
    }
    counts
}

fn real_messages<'a>(world: &'a World, filter: &Filter) -> impl Iterator<Item = (&'a Call, &'a Message)> {
    let calls = world.calls.iter().filter(|call| call.is_real() && filter.admits(call));
    calls.flat_map(|call| call.messages.iter().filter(|message| message.accepted).map(move |message| (call, message)))
}

/// The answer of `GET /admin/truth`.
#[must_use]
pub fn table(world: &World, filter: &Filter, with_calls: bool) -> Value {
    let mut per_recipient: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let (mut accepted_messages, mut substitutes): (u64, u64) = (0, 0);
    for (call, message) in real_messages(world, filter) {
        accepted_messages += 1;
        substitutes += u64::from(message.smid.is_some());
        *per_recipient.entry((&call.tpl_code, &message.receiver)).or_default() += 1;
    }
    let per_recipient: Vec<Value> = per_recipient
        .into_iter()
        .map(|((tpl_code, receiver), accepted)| json!({ "tplCode": tpl_code, "receiver": receiver, "accepted": accepted }))
        .collect();
    let per_link_token = per_link_token(world, filter);
    let repeated: BTreeMap<_, _> = per_link_token.iter().filter(|(_, accepted)| **accepted > 1).collect();
    let mut table = json!({
        "acceptedCalls": world.calls.iter().filter(|call| call.is_real() && filter.admits(call)).count(),
        "acceptedMessages": accepted_messages,
        "substitutes": substitutes,
        "repeatedLinkTokens": repeated,
        "perLinkToken": per_link_token,
        "perRecipient": per_recipient,
        "requests": world.requests,
    });
    if with_calls {
        table["calls"] = world.calls.iter().filter(|call| filter.admits(call)).map(call_row).collect();
    }
    table
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
        "messages": call.messages.iter().map(message_row).collect::<Vec<_>>(),
    })
}

fn message_row(message: &Message) -> Value {
    json!({
        "receiver": message.receiver,
        "message": message.message,
        "emtitle": message.emtitle,
        "buttonJson": message.button_json,
        "linkToken": message.link_token,
        "accepted": message.accepted,
        "outcome": message.life.fate,
        "smid": message.smid.map(|smid| smid.to_string()),
    })
}
