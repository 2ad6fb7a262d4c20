//! One message, with the text and the buttons that were sent, and its way.

use axum::extract::Path;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;
use shared::model::template::Button;

use super::known::{Campaign, message_tone};
use crate::page::{Nav, Page, Shell};
use crate::pages::send::talk::{Bubble, bubble};
use crate::parts;
use crate::site::{Answer, Person};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    number: u32,
    customer_id: Option<String>,
    name: String,
    phone: String,
    text: Option<String>,
    title: Option<String>,
    #[serde(default)]
    buttons: Vec<Button>,
    link: Option<String>,
    state: String,
    state_text: String,
    reason: Option<String>,
    result_code: Option<String>,
    #[serde(rename = "resultMessage")]
    result_words: Option<String>,
    provider_id: Option<String>,
    handed_over_at: Option<DateTime<Utc>>,
    sent_at: Option<DateTime<Utc>>,
    resulted_at: Option<DateTime<Utc>>,
    first_click_at: Option<DateTime<Utc>>,
}

/// The page.
///
/// # Errors
/// When there is no such message, or the API does not answer.
pub async fn show(site: Person, Path((id, number)): Path<(String, String)>) -> Answer {
    let api = site.api();
    let (shell, campaign, message) = tokio::try_join!(
        site.shell(),
        api.get(["campaigns", &id]).send::<Campaign>(),
        api.get(["campaigns", &id, "messages", &number]).send::<Message>(),
    )?;
    let words = &site.words().campaigns;
    let title = words.message_number.replace("{}", &message.number.to_string());
    let buttons: Vec<_> = message.buttons.iter().map(|button| button.name.as_str()).collect();
    let content = html! {
        p { a href={ "/campaigns/" (campaign.id) "#messages" } { "← " (campaign.name) } }
        h1 { (title) }
        div.columns.preview-columns {
            div {
                @match &message.text {
                    Some(text) => {
                        (bubble(Bubble {
                            sender: &shell.clinic,
                            heading: site.words().send.talk_heading,
                            title: message.title.as_deref().unwrap_or_default(),
                            subtitle: "",
                            text,
                            buttons: &buttons,
                        }))
                    }
                    None => p.muted { (words.nothing_to_send) },
                }
            }
            div { (facts(&site, &shell, &message)) }
        }
    };
    Ok(Page::staff(&site, shell, Nav::Campaigns, format!("{title} · {}", campaign.name)).body(content))
}

fn facts(site: &Person, shell: &Shell, message: &Message) -> Markup {
    let (words, common) = (&site.words().campaigns, &site.words().common);
    let moments = [
        (words.handed_over_at, message.handed_over_at),
        (words.sent_at, message.sent_at),
        (words.resulted_at, message.resulted_at),
        (words.opened_at, message.first_click_at),
    ];
    let texts = [
        (words.link, message.link.as_ref()),
        (words.result_code, message.result_code.as_ref()),
        (words.result_message, message.result_words.as_ref()),
        (words.provider_id, message.provider_id.as_ref()),
    ];
    html! {
        dl.facts {
            dt { (words.recipient) }
            dd { @match &message.customer_id { Some(id) => a href={ "/customers/" (id) } { (message.name) }, None => (message.name) } }
            dt { (common.phone) } dd { (message.phone) }
            dt { (common.state) } dd { (parts::badge(message_tone(&message.state), &message.state_text)) }
            @if let Some(reason) = &message.reason { dt { (words.reason) } dd { (reason) } }
            @for (name, at) in moments { @if let Some(at) = at { dt { (name) } dd { (parts::moment(at, &shell.zone)) } } }
            @for (name, text) in texts { @if let Some(text) = text.filter(|text| !text.is_empty()) { dt { (name) } dd { (text) } } }
        }
    }
}
