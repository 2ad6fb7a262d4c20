//! `alimtalk/send`: what is refused at once, what is accepted, and what will become of it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::{
    account,
    answer::{Answer, Refusal},
    clock,
    form::{Form, Numbered},
    matching::{self, Button, Finished, Pattern},
    outcome::{self, Fate, Life},
    random::Random,
    settings::{ProfileCheck, Settings, SubstituteFields},
    state::{Call, Charge, Message, Profile, Reservation, World},
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

/// A call, read but not judged: what takes time and needs no look at the account.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    sender_key: &'a str,
    tpl_code: &'a str,
    sender: String,
    senddate: Option<&'a str>,
    test_mode: bool,
    failover: bool,
    recipients: Vec<Recipient<'a>>,
}

/// The fields of one receiver.
#[derive(Debug, Clone)]
struct Recipient<'a> {
    number: u32,
    given: &'a str,
    digits: String,
    well_formed: bool,
    message: &'a str,
    emtitle: Option<&'a str>,
    button_json: Option<&'a str>,
    /// What `button_json` says; `None` when it cannot be read.
    buttons: Option<Vec<Button>>,
    substitute_subject: Option<&'a str>,
    substitute: Option<&'a str>,
}

impl Recipient<'_> {
    fn finished(&self) -> Finished<'_> {
        Finished { message: self.message, emtitle: self.emtitle, buttons: self.buttons.as_deref() }
    }
}

impl<'a> Draft<'a> {
    /// Reads the fields of a call.
    ///
    /// # Errors
    /// When a required one is missing, or there are more than 500 receivers.
    pub fn read(form: &'a Form<'_>) -> Result<Self, Refusal> {
        let required = |field: &str| form.get(field).ok_or_else(|| Refusal::missing(field));
        let says_yes = |field: &str| form.get(field) == Some("Y");
        Ok(Self {
            sender_key: required("senderkey")?,
            tpl_code: required("tpl_code")?,
            sender: outcome::digits(required("sender")?),
            senddate: form.get("senddate"),
            test_mode: says_yes("testMode"),
            failover: says_yes("failover"),
            recipients: read_recipients(form)?,
        })
    }
}

fn read_recipients<'a>(form: &'a Form<'_>) -> Result<Vec<Recipient<'a>>, Refusal> {
    let present = || form.numbered().filter(|(_, fields)| fields.get("receiver").is_some());
    if present().next().is_none() {
        return Err(Refusal::missing("receiver_1"));
    }
    if present().count() > MOST_RECEIVERS || present().any(|(number, _)| number > 500) {
        return Err(Refusal::catch_all("한번에 500건까지 전송이 가능합니다."));
    }
    present().map(|(number, fields)| read_recipient(number, fields)).collect()
}

fn read_recipient<'a>(number: u32, fields: &'a Numbered<'_>) -> Result<Recipient<'a>, Refusal> {
    let required = |field: &str| fields.get(field).ok_or_else(|| Refusal::missing(&format!("{field}_{number}")));
    required("subject")?;
    let given = required("receiver")?;
    let button_json = fields.get("button");
    Ok(Recipient {
        number,
        given,
        digits: outcome::digits(given),
        well_formed: outcome::is_well_formed(given),
        message: required("message")?,
        emtitle: fields.get("emtitle"),
        button_json,
        buttons: button_json.map_or_else(|| Some(Vec::new()), matching::parse_buttons),
        substitute_subject: fields.get("fsubject"),
        substitute: fields.get("fmessage"),
    })
}

/// What a call is measured against, the same for all of its receivers.
struct Judge<'a> {
    settings: &'a Settings,
    pattern: Option<Pattern<'a>>,
    wrong_call: Option<char>,
    start_at: DateTime<Utc>,
}

/// Accepts or refuses a call. An accepted one is paid for and on record when this returns.
///
/// # Errors
/// When the sender profile is unknown, the reservation is not in the future, a substitute lacks its text, or the money does
/// not suffice. Nothing of the call took effect then.
pub fn accept(world: &mut World, mut draft: Draft<'_>, now: DateTime<Utc>, withheld: Option<Withheld>) -> Answer {
    let reserved_for = reservation(&draft, now)?;
    if world.settings.profile_check == ProfileCheck::Refuse && world.profile(draft.sender_key).is_none() {
        return Err(Refusal::catch_all("발신프로필이 존재하지 않습니다."));
    }
    if draft.failover && world.settings.substitute_fields == SubstituteFields::Required {
        check_substitutes(&draft.recipients)?;
    }
    if let Some(withheld) = withheld {
        withhold(&mut draft.recipients, withheld);
    }
    let scnt = draft.recipients.iter().filter(|recipient| recipient.well_formed).count();
    let fcnt = draft.recipients.len() - scnt;
    let unit = world.settings.unit_price;
    let total = unit * f64::from(u32::try_from(scnt).unwrap_or(u32::MAX));
    if world.balance < total {
        return Err(Refusal::catch_all("포인트가 부족합니다."));
    }
    let call = build(world, &draft, now, reserved_for, total);
    let mid = call.mid;
    if !draft.test_mode {
        world.balance -= total;
        charge_substitutes(world, &call, &draft.recipients);
    }
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

fn reservation(draft: &Draft<'_>, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Refusal> {
    let read = |text| clock::parse_reservation(text).filter(|at| *at > now);
    draft.senddate.map(|text| read(text).ok_or_else(|| Refusal::catch_all("예약일시가 올바르지 않습니다."))).transpose()
}

fn check_substitutes(recipients: &[Recipient<'_>]) -> Result<(), Refusal> {
    recipients.iter().try_for_each(|recipient| {
        let number = recipient.number;
        recipient.substitute_subject.ok_or_else(|| Refusal::missing(&format!("fsubject_{number}")))?;
        recipient.substitute.ok_or_else(|| Refusal::missing(&format!("fmessage_{number}")))?;
        Ok(())
    })
}

/// The money for substitutes is taken when they go out: as soon as the message has failed.
fn charge_substitutes(world: &mut World, call: &Call, recipients: &[Recipient<'_>]) {
    for (message, recipient) in call.messages.iter().zip(recipients) {
        if let (Some(_), Some(due), Some(text)) = (message.smid, message.life.final_at, recipient.substitute) {
            world.charges.push(Charge { mid: call.mid, due, won: account::text_message_price(text) });
        }
    }
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

fn build(world: &mut World, draft: &Draft<'_>, now: DateTime<Utc>, reserved_for: Option<DateTime<Utc>>, total: f64) -> Call {
    let mid = world.next_mid(now);
    let recipients = &draft.recipients;
    let first_msgid = world.take_msgids(now, 2 * u64::try_from(recipients.len()).unwrap_or_default());
    let start_at = reserved_for.unwrap_or(now);
    let template = world.template(draft.sender_key, draft.tpl_code);
    let judge = Judge {
        settings: &world.settings,
        pattern: template.map(|template| Pattern::new(template, world.settings.line_breaks)),
        wrong_call: wrong_call(world, draft, template),
        start_at,
    };
    let mut seen: HashMap<&str, Vec<&str>> = HashMap::new();
    let messages = recipients
        .iter()
        .zip((first_msgid..).step_by(2))
        .map(|(recipient, msgid)| {
            let before = seen.entry(&recipient.digits).or_default();
            let repeated = before.contains(&recipient.message);
            before.push(recipient.message);
            build_message(world, &judge, recipient, msgid, repeated, draft.failover)
        })
        .collect();
    Call {
        mid,
        tpl_code: draft.tpl_code.to_owned(),
        sender_key: draft.sender_key.to_owned(),
        sender: draft.sender.clone(),
        registered_at: now,
        start_at,
        reservation: reserved_for.map_or(Reservation::None, |_| Reservation::Reserved),
        test_mode: draft.test_mode,
        total,
        answered: "answered".to_owned(),
        messages,
    }
}

fn build_message(
    world: &World,
    judge: &Judge<'_>,
    recipient: &Recipient<'_>,
    msgid: u64,
    repeated: bool,
    failover: bool,
) -> Message {
    let life = if recipient.well_formed {
        Life::begin(fate(world, judge, recipient, repeated), judge.start_at, judge.settings)
    } else {
        Life::over('I', judge.start_at)
    };
    let fails = life.fate.letter().is_some_and(|letter| letter != '0');
    let substituted = fails && recipient.well_formed && failover && recipient.substitute.is_some();
    let finished = recipient.finished();
    Message {
        receiver: recipient.digits.clone(),
        given: recipient.given.to_owned(),
        message: recipient.message.to_owned(),
        emtitle: recipient.emtitle.map(str::to_owned),
        button_json: recipient.button_json.map(str::to_owned),
        link_token: judge
            .pattern
            .as_ref()
            .map_or_else(|| matching::any_link_token(&finished), |pattern| pattern.link_token(&finished)),
        accepted: recipient.well_formed,
        msgid,
        smid: substituted.then_some(msgid + 1),
        life,
    }
}

/// What becomes of a well-formed receiver. Mistakes of the caller come before anything about the number.
fn fate(world: &World, judge: &Judge<'_>, recipient: &Recipient<'_>, repeated: bool) -> Fate {
    let wrong = judge.wrong_call.or_else(|| wrong_message(judge, recipient)).or_else(|| {
        let again = repeated || world.is_repetition(&recipient.digits, recipient.message, judge.start_at);
        again.then_some('D')
    });
    wrong.map_or_else(|| outcome::of_number(&recipient.digits, judge.settings), Fate::Result)
}

fn wrong_call(world: &World, draft: &Draft<'_>, template: Option<&Template>) -> Option<char> {
    if !world.profile(draft.sender_key).is_some_and(Profile::is_usable) {
        return Some('1');
    }
    if !template.is_some_and(Template::is_sendable) {
        return Some('M');
    }
    (!world.settings.owns_sender(&draft.sender)).then_some('S')
}

fn wrong_message(judge: &Judge<'_>, recipient: &Recipient<'_>) -> Option<char> {
    let message = recipient.message;
    // A character has at least one byte; a line break counts once.
    let is_too_long =
        message.len() > MOST_CHARACTERS && message.chars().count() - message.matches("\r\n").count() > MOST_CHARACTERS;
    if is_too_long {
        return Some('L');
    }
    let allowed = judge.pattern.as_ref()?.allows(&recipient.finished());
    (!allowed).then_some('U')
}
