//! Writing messages down.

use sqlx::types::Json;
use sqlx::{MySqlConnection, QueryBuilder};

use super::NewMessage;

/// How many lines one statement adds: 14,000 of the 65,535 values that it may have.
const LINES_PER_STATEMENT: usize = 1000;

/// Adds messages, a thousand per statement. A recipient's number and phone are unique within the campaign (`PRIMARY`,
/// `messages_phone`).
///
/// # Errors
/// When the database refuses.
pub async fn insert_all(connection: &mut MySqlConnection, messages: &[NewMessage]) -> Result<(), sqlx::Error> {
    for chunk in messages.chunks(LINES_PER_STATEMENT) {
        let mut query = QueryBuilder::new(
            "INSERT INTO messages (clinic_id, campaign_id, number, bundle_id, customer_id, group_id, name, phone, body, title, buttons,
                 link, state, reason) ",
        );
        query.push_values(chunk, |mut row, message| {
            row.push_bind(message.clinic)
                .push_bind(message.campaign)
                .push_bind(message.number)
                .push_bind(message.bundle)
                .push_bind(message.customer)
                .push_bind(message.group)
                .push_bind(&message.name)
                .push_bind(message.phone.e164())
                .push_bind(&message.body)
                .push_bind(message.title.as_deref())
                .push_bind(message.buttons.as_ref().map(Json))
                .push_bind(&message.link)
                .push_bind(message.state.as_str())
                .push_bind(message.reason.as_deref());
        });
        // The text differs with the number of lines: prepared once, it would only push others out of the cache.
        query.build().persistent(false).execute(&mut *connection).await?;
    }
    Ok(())
}
