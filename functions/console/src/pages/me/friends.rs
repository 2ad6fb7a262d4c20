//! Whom I invited, and who invited me.

use axum::extract::Query;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;

use super::{Mine, ZONE};
use crate::page::Page;
use crate::parts;
use crate::site::{Answer, Person, Site};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Friends {
    invited: Vec<Friend>,
    invited_by: Vec<Friend>,
    invited_count: u64,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Friend {
    name: String,
    clinic_name: String,
    joined_at: DateTime<Utc>,
}

/// How many, and the latest of them.
pub(super) fn summary(site: &Site, friends: &Friends) -> Markup {
    let words = &site.words().me;
    html! {
        @if friends.invited_count == 0 && friends.invited_by.is_empty() {
            p.muted { (words.no_friends) }
        } @else {
            p { ((words.invited_count)(&parts::number(friends.invited_count))) }
            ul { @for friend in &friends.invited { li { (friend.name) " " span.muted.small { (friend.clinic_name) } } } }
            p { a href="/me/friends" { (words.show_all) } }
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Filter {
    #[serde(default)]
    clinic: String,
    #[serde(default)]
    cursor: String,
}

pub(super) async fn show(site: Person, Query(filter): Query<Filter>) -> Answer {
    let api = site.api();
    let list = api
        .get(["me", "friends"])
        .query("limit", 50)
        .maybe("clinicId", Some(&filter.clinic))
        .maybe("cursor", Some(&filter.cursor));
    let (mine, friends) = tokio::try_join!(api.get(["me"]).send::<Mine>(), list.send::<Friends>())?;
    let words = &site.words().me;
    let path = parts::address("/me/friends", [("clinic", filter.clinic.as_str())]);
    Ok(Page::new(&site, words.friends).body(html! {
        p { a href="/me" { "← " (words.title) } }
        h1 { (words.friends) }
        (clinics(&site, "/me/friends", &mine, &filter.clinic))
        @if friends.invited_count == 0 && friends.invited_by.is_empty() { (parts::empty(words.no_friends, "", None)) }
        @if !friends.invited_by.is_empty() { h2 { (words.invited_by) } (table(&site, words.invited_by, &friends.invited_by)) }
        @if friends.invited_count > 0 {
            h2 { (words.invited) }
            p { ((words.invited_count)(&parts::number(friends.invited_count))) }
            (table(&site, words.invited, &friends.invited))
        }
        (parts::pager(&site, &path, filter.cursor.is_empty(), friends.next_cursor.as_deref()))
    }))
}

/// Links to the lists of one clinic; nothing when there is one only.
pub(super) fn clinics(site: &Site, path: &str, mine: &Mine, chosen: &str) -> Markup {
    let words = &site.words().me;
    let current = |id: &str| (id == chosen).then_some("true");
    html! {
        @if mine.clinics.len() > 1 {
            ul.chips {
                li { a href=(path) aria-current=[current("")] { (words.all_clinics) } }
                @for clinic in &mine.clinics {
                    li { a href=(parts::address(path, [("clinic", clinic.id.as_str())])) aria-current=[current(&clinic.id)] { (clinic.name) } }
                }
            }
        }
    }
}

fn table(site: &Site, caption: &str, friends: &[Friend]) -> Markup {
    let words = &site.words().me;
    let head = html! { th scope="col" { (site.words().common.name) } th scope="col" { (words.clinic) } th scope="col" { (words.joined_at) } };
    let rows = html! {
        @for friend in friends {
            tr { th scope="row" { (friend.name) } td { (friend.clinic_name) } td.nowrap { (parts::day(friend.joined_at, ZONE)) } }
        }
    };
    parts::table(caption, &head, &rows)
}
