//! `alimtalk/send`: what is refused at once, what is accepted, and what will become of it.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::{
    answer::{Answer, Refusal},
    clock,
    faults::Random,
    form::Form,
    matching::{self, Finished},
    outcome::{self, Fate, Life},
    settings::ProfileCheck,
    state::{Call, Message, Reservation, World},
    templates::Template,
};

/// The most receivers that one call may have.
pub const MOST_RECEIVERS: usize = 500;

/// The most characters of a finished text.
const MOST_CHARACTERS: usize = 1_000;

/// Receivers that a fault takes out of a call although nothing is wrong with them.
#[derive(Debug, Clone, Copy)]
pub struct Withheld {
    /// How many.
    pub count: u32,
    /// Chooses which.
    pub seed: u64,
}

/// The fields of a call that all of its receivers share.
struct Common<'a> {
    sender_key: &'a str,
    tpl_code: &'a str,
    sender: String,
    start_at: DateTime<Utc>,
    reservation: Reservation,
    test_mode: bool,
    failover: bool,
}

/// The fields of one receiver.
struct Recipient<'a> {
    given: &'a str,
    well_formed: bool,
    message: &'a str,
    emtitle: Option<&'a str>,
    button_json: Option<&'a str>,
    has_substitute: bool,
}

/// Accepts or refuses a call. An accepted one is paid for and on record when this returns.
///
/// # Errors
/// When a field is missing, there are more than 500 receivers, the sender profile is unknown, the reservation is not in
/// the future, or the money does not suffice. Nothing of the call took effect then.
pub fn accept(world: &mut World, form: &Form, now: DateTime<Utc>, withheld: Option<Withheld>) -> Answer {
    let common = read_common(form, now)?;
    let mut recipients = read_recipients(form)?;
    if world.settings.profile_check == ProfileCheck::Refuse && !world.has_profile(common.sender_key) {
        return Err(Refusal::catch_all("발신프로필이 존재하지 않습니다."));
    }
    if let Some(withheld) = withheld {
        withhold(&mut recipients, withheld);
    }
    let scnt = recipients.iter().filter(|recipient| recipient.well_formed).count();
    let fcnt = recipients.len() - scnt;
    let unit = world.settings.unit_price;
    let total = unit * f64::from(u32::try_from(scnt).unwrap_or(u32::MAX));
    if world.balance < total {
        return Err(Refusal::catch_all("포인트가 부족합니다."));
    }
    if !common.test_mode {
        world.balance -= total;
    }
    let call = build(world, &common, &recipients, now, total);
    let mid = call.mid;
    world.record(call);
    Ok(json!({
        "code": 0,
        "message": "성공적으로 전송요청 하였습니다.",
        "info": {
            "type": "AT",
            "mid": mid.to_string(),
            "current": format!("{:.1}", world.balance),
            "unit": unit,
            "total": total,
            "scnt": scnt,
            "fcnt": fcnt,
        },
    }))
}

fn read_common(form: &Form, now: DateTime<Utc>) -> Result<Common<'_>, Refusal> {
    let required = |field: &str| form.get(field).ok_or_else(|| Refusal::missing(field));
    let says_yes = |field: &str| form.get(field) == Some("Y");
    let start_at = match form.get("senddate") {
        None => None,
        Some(text) => Some(
            clock::parse_reservation(text)
                .filter(|at| *at > now)
                .ok_or_else(|| Refusal::catch_all("예약일시가 올바르지 않습니다."))?,
        ),
    };
    Ok(Common {
        sender_key: required("senderkey")?,
        tpl_code: required("tpl_code")?,
        sender: outcome::digits(required("sender")?),
        start_at: start_at.unwrap_or(now),
        reservation: start_at.map_or(Reservation::None, |_| Reservation::Reserved),
        test_mode: says_yes("testMode"),
        failover: says_yes("failover"),
    })
}

fn read_recipients(form: &Form) -> Result<Vec<Recipient<'_>>, Refusal> {
    let numbers = form.numbers("receiver");
    if numbers.is_empty() {
        return Err(Refusal::missing("receiver_1"));
    }
    if numbers.len() > MOST_RECEIVERS || numbers.last().is_some_and(|last| *last > 500) {
        return Err(Refusal::catch_all("한번에 500건까지 전송이 가능합니다."));
    }
    numbers.into_iter().map(|number| read_recipient(form, number)).collect()
}

fn read_recipient(form: &Form, number: u32) -> Result<Recipient<'_>, Refusal> {
    let required = |field: &str| form.numbered(field, number).ok_or_else(|| Refusal::missing(&format!("{field}_{number}")));
    required("subject")?;
    let given = required("receiver")?;
    Ok(Recipient {
        given,
        well_formed: outcome::is_well_formed(given),
        message: required("message")?,
        emtitle: form.numbered("emtitle", number),
        button_json: form.numbered("button", number),
        has_substitute: form.numbered("fmessage", number).is_some(),
    })
}

/// Turns some well-formed receivers into malformed ones.
fn withhold(recipients: &mut [Recipient<'_>], withheld: Withheld) {
    let mut random = Random::new(withheld.seed);
    let mut candidates: Vec<usize> = (0..recipients.len()).filter(|index| recipients[*index].well_formed).collect();
    for _ in 0..withheld.count {
        if candidates.is_empty() {
            break;
        }
        let chosen = candidates.swap_remove(random.below(candidates.len()));
        recipients[chosen].well_formed = false;
    }
}

fn build(world: &mut World, common: &Common<'_>, recipients: &[Recipient<'_>], now: DateTime<Utc>, total: f64) -> Call {
    let mid = world.next_mid(now);
    let mut seen = HashSet::new();
    let messages = recipients
        .iter()
        .map(|recipient| {
            let receiver = outcome::digits(recipient.given);
            let repeated = !seen.insert((receiver.clone(), recipient.message));
            build_message(world, common, recipient, receiver, repeated, now)
        })
        .collect();
    Call {
        mid,
        tpl_code: common.tpl_code.to_owned(),
        sender_key: common.sender_key.to_owned(),
        sender: common.sender.clone(),
        registered_at: now,
        start_at: common.start_at,
        reservation: common.reservation,
        test_mode: common.test_mode,
        total,
        answered: "answered".to_owned(),
        messages,
    }
}

fn build_message(
    world: &mut World,
    common: &Common<'_>,
    recipient: &Recipient<'_>,
    receiver: String,
    repeated: bool,
    now: DateTime<Utc>,
) -> Message {
    let life = if recipient.well_formed {
        let fate = fate(world, common, recipient, &receiver, repeated);
        Life::begin(fate, common.start_at, &world.settings)
    } else {
        Life::over('I', common.start_at)
    };
    let fails = life.fate.letter().is_some_and(|letter| letter != '0');
    let substituted = fails && recipient.well_formed && common.failover && recipient.has_substitute;
    Message {
        given: recipient.given.to_owned(),
        message: recipient.message.to_owned(),
        emtitle: recipient.emtitle.map(str::to_owned),
        button_json: recipient.button_json.map(str::to_owned),
        link_token: recipient.button_json.and_then(matching::parse_buttons).and_then(|buttons| matching::link_token(&buttons)),
        accepted: recipient.well_formed,
        msgid: world.next_msgid(now),
        smid: substituted.then(|| world.next_msgid(now)),
        receiver,
        life,
    }
}

/// What becomes of a well-formed receiver. Mistakes of the caller come before anything about the number.
fn fate(world: &World, common: &Common<'_>, recipient: &Recipient<'_>, receiver: &str, repeated: bool) -> Fate {
    let wrong = wrong_call(world, common).or_else(|| wrong_message(world, common, recipient)).or_else(|| {
        let again = repeated || world.is_repetition(receiver, recipient.message, common.start_at);
        again.then_some('D')
    });
    wrong.map_or_else(|| outcome::of_number(receiver, &world.settings), Fate::Result)
}

fn wrong_call(world: &World, common: &Common<'_>) -> Option<char> {
    if !world.has_profile(common.sender_key) {
        return Some('1');
    }
    let sendable = world.template(common.sender_key, common.tpl_code).is_some_and(Template::is_sendable);
    if !sendable {
        return Some('M');
    }
    (!world.settings.owns_sender(&common.sender)).then_some('S')
}

fn wrong_message(world: &World, common: &Common<'_>, recipient: &Recipient<'_>) -> Option<char> {
    let message = recipient.message;
    if message.replace("\r\n", "\n").chars().count() > MOST_CHARACTERS {
        return Some('L');
    }
    let template = world.template(common.sender_key, common.tpl_code)?;
    let finished = Finished { message, emtitle: recipient.emtitle, button_json: recipient.button_json };
    matching::mismatch(template, &finished, world.settings.line_breaks)
}
