//! The messages of a campaign as a file.

use axum::extract::Path;
use chrono::{DateTime, Utc};
use maud::html;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::known::Campaign;
use crate::form::Form;
use crate::page::{Nav, Page};
use crate::parts;
use crate::site::{Answer, Person};
use crate::visitor::Tone;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    url: String,
    #[serde(rename = "fileName")]
    name: String,
    rows: u64,
    expires_at: DateTime<Utc>,
}

/// Has the file made, and shows where it is.
///
/// # Errors
/// When the API does not answer.
pub async fn export(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    let words = &site.words().campaigns;
    let path = format!("/campaigns/{}", parts::encoded(&id));
    if form.restored() {
        return Ok(site.go_saying(&path, Tone::Warning, site.words().common.not_done));
    }
    let format = if form.text("format") == "csv" { "csv" } else { "xlsx" };
    let mut wish = Map::from_iter([("format".to_owned(), json!(format))]);
    for (field, name) in [("state", "state"), ("group", "groupId")] {
        wish.extend(form.filled(field).map(|value| (name.to_owned(), json!(value))));
    }
    wish.extend(form.filled("clicked").map(|clicked| ("clicked".to_owned(), json!(clicked == "true"))));
    let call = site.api().post(["campaigns", &id, "export"]).json(&Value::Object(wish));
    let api = site.api();
    let (shell, campaign) = tokio::try_join!(site.shell(), api.get(["campaigns", &id]).send::<Campaign>())?;
    let file: File = match call.send().await {
        Ok(file) => file,
        Err(failure) => return Ok(site.go_saying(&path, Tone::Bad, &failure.about_input()?.text())),
    };
    Ok(Page::staff(&site, shell.clone(), Nav::Campaigns, words.file_ready).body(html! {
        p { a href=(path) { "← " (campaign.name) } }
        h1 { (words.file_ready) }
        dl.facts {
            dt { (words.file) } dd { (file.name) }
            dt { (words.rows) } dd { (parts::number(file.rows)) }
            dt { (words.file_until) } dd { (parts::moment(file.expires_at, &shell.zone)) }
        }
        p.actions { a.button.primary href=(file.url) download=(file.name) { (site.words().common.download) } }
        p.small.muted { (words.file_hint) }
    }))
}
