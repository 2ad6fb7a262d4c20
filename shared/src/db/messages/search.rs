//! Looking for messages of a campaign. No index knows what became of a message, so a list is read along the campaign's numbers,
//! [so many](SPAN) at a time: a page costs no more, however rare what is looked for.

use sqlx::MySqlConnection;
use sqlx::types::Json;

use super::{Message, Row, messages};
use crate::db::customers::literal;
use crate::model::customer::visible;
use crate::model::state::MessageState;
use crate::model::template::Button;
use crate::model::{BundleId, CampaignId, ClinicId, CustomerId, GroupId, PhoneNumber};

/// How many numbers are looked through for one page.
pub const SPAN: u32 = 100_000;

/// Which messages are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only those in this state.
    pub state: Option<MessageState>,
    /// Only those of recipients who were reached through this group.
    pub group: Option<GroupId>,
    /// Only those with this reason, a stable word.
    pub reason: Option<&'static str>,
    /// Only those whose link was opened by a person, or was not.
    pub clicked: Option<bool>,
    /// Only those of recipients with this part of a name or phone.
    pub person: Person,
}

/// A part of the name or phone of recipients, in patterns of `LIKE .. ESCAPE '|'`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    whole: Option<PhoneNumber>,
    name: Option<String>,
    phone: Option<String>,
    start: Option<String>,
}

impl Person {
    /// Reads what people type, by the rules of the list of customers: `010-12` is the beginning of `+821012345678`, `12-34` is
    /// in its middle, and both may be in a name. Nothing typed is everybody.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let text = visible(text);
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let like_a_phone = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ' ' | '.' | '+' | '(' | ')'));
        if text.is_empty() {
            return Self::default();
        }
        let name = Some(format!("%{}%", literal(&text)));
        if !like_a_phone || digits.is_empty() {
            return Self { name, ..Self::default() };
        }
        if let Ok(phone) = text.parse() {
            return Self { whole: Some(phone), ..Self::default() };
        }
        if text.starts_with('+') {
            return Self { phone: Some(format!("+{digits}%")), ..Self::default() };
        }
        let start = digits.strip_prefix('0').map(|national| format!("+82{national}%"));
        Self { whole: None, name, phone: Some(format!("%{digits}%")), start }
    }

    fn is_anybody(&self) -> bool {
        self.name.is_none() && self.phone.is_none()
    }
}

/// A piece of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The messages in order of their numbers.
    pub messages: Vec<Message>,
    /// The number behind which there may be more although fewer were found than asked for.
    pub more: Option<u32>,
}

/// The campaign's messages behind the number `after` that are asked for, at most so many.
///
/// # Errors
/// When the database does not answer.
pub async fn search(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
    wanted: &Wanted,
    after: u32,
    limit: u32,
) -> Result<Found, sqlx::Error> {
    let (mut after, mut until) = (after, after.saturating_add(SPAN));
    if let Some(phone) = &wanted.person.whole {
        let number = sqlx::query_scalar!(
            "SELECT number FROM messages FORCE INDEX (messages_phone) WHERE campaign_id = ? AND phone = ? AND clinic_id = ?",
            campaign,
            phone.e164(),
            clinic
        );
        let number = number.fetch_optional(&mut *connection).await?;
        let Some(number) = number.filter(|number| *number > after) else { return Ok(Found::default()) };
        (after, until) = (number - 1, number);
    }
    let messages = between(connection, clinic, campaign, wanted, (after, until), limit).await?;
    let is_full = u32::try_from(messages.len()).is_ok_and(|found| found >= limit);
    let more = if is_full || wanted.person.whole.is_some() {
        None
    } else {
        let last = last_number(connection, clinic, campaign).await?;
        Some(until).filter(|until| *until < last)
    };
    Ok(Found { messages, more })
}

/// Those among the numbers behind the first up to the second.
async fn between(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
    wanted: &Wanted,
    (after, until): (u32, u32),
    limit: u32,
) -> Result<Vec<Message>, sqlx::Error> {
    let Wanted { state, group, reason, clicked, person } = wanted;
    let state = state.map(MessageState::as_str);
    messages!(
        connection,
        "FORCE INDEX (PRIMARY) WHERE campaign_id = ? AND number > ? AND number <= ? AND clinic_id = ?
         AND (? IS NULL OR state = ?) AND (? IS NULL OR group_id = ?) AND (? IS NULL OR reason = ?)
         AND (? IS NULL OR (first_click_at IS NOT NULL) = ?)
         AND (? OR name LIKE ? ESCAPE '|' OR phone LIKE ? OR phone LIKE ?) ORDER BY number LIMIT ?",
        campaign,
        after,
        until,
        clinic,
        state,
        state,
        group,
        group,
        reason,
        reason,
        clicked,
        clicked,
        person.is_anybody(),
        person.name,
        person.phone,
        person.start,
        limit
    )
}

/// The number of the campaign's last message so far, 0 when there is none.
async fn last_number(connection: &mut MySqlConnection, clinic: ClinicId, campaign: CampaignId) -> Result<u32, sqlx::Error> {
    let last = sqlx::query_scalar!(
        "SELECT number FROM messages FORCE INDEX (PRIMARY) WHERE campaign_id = ? AND clinic_id = ? ORDER BY number DESC LIMIT 1",
        campaign,
        clinic
    );
    last.fetch_optional(connection).await.map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_phone_is_read_as_people_write_it() {
        let part = |text: &str| {
            let Person { name, phone, start, .. } = Person::of(text);
            [name, phone, start].map(Option::unwrap_or_default)
        };
        assert_eq!(part("010-12"), ["%010-12%", "%01012%", "+821012%"]);
        assert_eq!(part(" 5678 "), ["%5678%", "%5678%", ""]);
        assert_eq!(part("+82 10-12"), ["", "+821012%", ""]);
        assert_eq!(part("50%_|단골"), ["%50|%|_||단골%", "", ""]);
        assert_eq!(Person::of("010 1234 5678").whole, Some("010-1234-5678".parse().unwrap()));
        assert_eq!(Person::of(" \u{200b}"), Person::default());
    }
}
