//! The clinic's members: how many there are, who waits, and everybody.

use axum::extract::Query;
use axum::response::Response;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;
use shared::model::state::MembershipState;

use super::{CodeOf, confirm_button, decline_button, path, state};
use crate::api::List;
use crate::form::{Errors, Form};
use crate::page::{Nav, Page, Shell};
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};

/// The longest search that the API takes, in characters.
const LONGEST_SEARCH: usize = 50;
/// How many of those who wait stand above the list.
const WAITING: u32 = 20;

/// Which members to show.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    cursor: String,
}

impl Asked {
    fn q(&self) -> String {
        self.q.chars().take(LONGEST_SEARCH).collect()
    }

    fn state(&self) -> Option<MembershipState> {
        MembershipState::ALL.iter().copied().find(|state| state.as_str() == self.state)
    }

    /// Whether everybody is asked for, from the beginning.
    fn is_plain(&self) -> bool {
        [&self.q, &self.state, &self.code, &self.cursor].into_iter().all(String::is_empty)
    }

    /// The page without its place in the list.
    fn path(&self) -> String {
        let state = self.state().map_or("", MembershipState::as_str);
        parts::address("/members", [("q", self.q().as_str()), ("state", state), ("code", &self.code)])
    }
}

#[derive(Deserialize)]
struct Counts {
    pending: u64,
    confirmed: u64,
    ended: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Member {
    user_id: String,
    name: String,
    phone: Option<String>,
    membership: MembershipState,
    referral_code: Option<String>,
    referral_code_of: Option<CodeOf>,
    points: i64,
    since: DateTime<Utc>,
}

/// Shows the list, with those who wait above it.
///
/// # Errors
/// As the API says.
pub async fn show(site: Person, Query(asked): Query<Asked>) -> Answer {
    let api = site.api();
    let list = api
        .get(["members"])
        .maybe("q", Some(asked.q()))
        .maybe("state", asked.state())
        .maybe("code", Some(&asked.code))
        .maybe("cursor", Some(&asked.cursor));
    let waiting = async {
        if !asked.is_plain() {
            return Ok(None);
        }
        api.get(["members"]).query("state", "pending").query("limit", WAITING).send::<List<Member>>().await.map(Some)
    };
    let (shell, counts, mut members, waiting) =
        tokio::try_join!(site.shell(), api.get(["members", "counts"]).send::<Counts>(), list.send::<List<Member>>(), waiting)?;
    // Nobody stands on the page twice.
    if let Some(waiting) = &waiting {
        members.items.retain(|member| waiting.items.iter().all(|other| other.user_id != member.user_id));
    }
    Ok(page(&site, shell, &asked, (&counts, &members, waiting.as_ref())))
}

fn page(site: &Site, shell: Shell, asked: &Asked, shown: (&Counts, &List<Member>, Option<&List<Member>>)) -> Response {
    let words = &site.words().members;
    let (counts, members, waiting) = shown;
    let zone = shell.zone.clone();
    Page::staff(site, shell, Nav::Members, words.title).body(html! {
        h1 { (words.title) }
        (search(site, asked))
        (chips(site, asked, counts))
        @if let Some(waiting) = waiting.filter(|waiting| !waiting.items.is_empty()) {
            section.card aria-labelledby="waiting" {
                h2 #waiting { (words.waiting_title.replace("{}", &parts::number(counts.pending))) }
                p { (words.waiting_text) }
                (pending(site, waiting, &zone, "/members"))
                @if waiting.next_cursor.is_some() { p { a href="/members?state=pending" { (words.waiting_more) } } }
            }
        }
        @if !asked.code.is_empty() {
            @let of = members.items.first().and_then(|member| member.referral_code_of.as_ref());
            p {
                (words.through_code) " " @if let Some(of) = of { strong { (of.name(site.words())) } " " } code { (asked.code) }
                " · " a href="/members" { (words.show_all) }
            }
        }
        (everybody(site, asked, members, (&zone, waiting.is_some_and(|waiting| !waiting.items.is_empty()))))
        (parts::pager(site, &asked.path(), asked.cursor.is_empty(), members.next_cursor.as_deref()))
    })
}

/// The list, or what to do when there is none. `(zone, whether somebody stands above it)`.
fn everybody(site: &Site, asked: &Asked, members: &List<Member>, (zone, above): (&str, bool)) -> Markup {
    let words = &site.words().members;
    if !members.items.is_empty() {
        return if asked.state() == Some(MembershipState::Pending) {
            pending(site, members, zone, &asked.path())
        } else {
            table(site, members, zone)
        };
    }
    match asked.state() {
        Some(MembershipState::Pending) if asked.q.is_empty() => parts::empty(words.nobody_waits, words.nobody_waits_text, None),
        _ if asked.is_plain() && above => html! {},
        _ if asked.is_plain() => parts::empty(words.none_title, words.none_text, Some(("/codes", words.none_action))),
        _ => parts::empty(words.nothing_found, words.nothing_found_text, Some(("/members", words.show_all))),
    }
}

fn search(site: &Site, asked: &Asked) -> Markup {
    let words = site.words();
    let (q, errors) = (asked.q(), Errors::none());
    let form = Form::with([("q", q.as_str())]);
    html! {
        form.search role="search" method="get" action="/members" {
            (Field::text("q", words.members.search_label, &form, &errors).kind("search").max_length(LONGEST_SEARCH))
            @if let Some(state) = asked.state() { (parts::hidden("state", state.as_str())) }
            @if !asked.code.is_empty() { (parts::hidden("code", &asked.code)) }
            button.button type="submit" { (words.common.search) }
            @if !q.is_empty() { a.button href=(parts::address("/members", [("state", asked.state.as_str())])) { (words.common.reset) } }
        }
    }
}

fn chips(site: &Site, asked: &Asked, counts: &Counts) -> Markup {
    let words = &site.words().members;
    let all = counts.pending + counts.confirmed + counts.ended;
    let states = [
        (None, words.all, all),
        (Some(MembershipState::Confirmed), words.confirmed, counts.confirmed),
        (Some(MembershipState::Pending), words.pending, counts.pending),
        (Some(MembershipState::Ended), words.ended, counts.ended),
    ];
    let q = asked.q();
    html! {
        nav aria-label=(words.states) {
            ul.chips #member-states {
                @for (state, word, count) in states {
                    @let name = state.map_or("", MembershipState::as_str);
                    @let path = parts::address("/members", [("q", q.as_str()), ("state", name), ("code", &asked.code)]);
                    li { a href=(path) aria-current=[(asked.state() == state).then_some("page")] { (word) " " (parts::number(count)) } }
                }
            }
        }
    }
}

/// Those who wait, with the buttons that decide.
fn pending(site: &Site, members: &List<Member>, zone: &str, next: &str) -> Markup {
    let words = site.words();
    let head = html! {
        th scope="col" { (words.common.name) }
        th scope="col" { (words.members.decision) }
        th scope="col" { (words.common.phone) }
        th scope="col" { (words.members.asked_at) }
    };
    let rows = html! {
        @for member in &members.items {
            tr {
                th.name scope="row" { a href=(path(&member.user_id)) { (member.name) } }
                td {
                    div.row-actions {
                        (confirm_button(site, words.members.confirm, (&member.user_id, &member.name), next))
                        (decline_button(site, (&member.user_id, &member.name), next))
                    }
                }
                td.nowrap { (phone(site, member)) }
                td.nowrap { (parts::moment(member.since, zone)) }
            }
        }
    };
    parts::table(words.members.pending, &head, &rows)
}

fn phone(site: &Site, member: &Member) -> Markup {
    let words = &site.words().members;
    html! {
        @match (&member.phone, member.membership) {
            (Some(phone), _) => (phone),
            (None, MembershipState::Ended) => "–",
            (None, _) => span.muted { (words.unproven) },
        }
    }
}

fn table(site: &Site, members: &List<Member>, zone: &str) -> Markup {
    let words = site.words();
    let head = html! {
        th scope="col" { (words.common.name) }
        th scope="col" { (words.common.state) }
        th scope="col" { (words.common.phone) }
        th.number scope="col" { (words.members.points) }
        th scope="col" { (words.members.came_by) }
        th scope="col" { (words.members.since) }
    };
    let rows = html! {
        @for member in &members.items {
            tr {
                th.name scope="row" { a href=(path(&member.user_id)) { (member.name) } }
                td { (state(&words.members, member.membership)) }
                td.nowrap { (phone(site, member)) }
                td.number { (parts::number(member.points)) }
                td.nowrap {
                    @match (&member.referral_code, &member.referral_code_of) {
                        (Some(code), Some(of)) => {
                            a href=(parts::address("/members", [("code", code.as_str())])) { (of.name(words)) }
                            br; code.muted.small { (code) }
                        },
                        _ => span.muted { (words.members.no_code) },
                    }
                }
                td.nowrap { (parts::day(member.since, zone)) }
            }
        }
    };
    parts::table(words.members.list_caption, &head, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_kept_in_the_address_and_nothing_else_is() {
        let asked = Asked { q: "가".repeat(60), state: "ended".into(), code: "7K3M9QXF".into(), cursor: "x".into() };
        assert_eq!(asked.q().chars().count(), LONGEST_SEARCH);
        assert!(asked.path().ends_with("&state=ended&code=7K3M9QXF"), "{}", asked.path());
        let odd = Asked { state: "\"><script>".into(), ..Asked::default() };
        assert_eq!((odd.state(), odd.path().as_str(), odd.is_plain()), (None, "/members", false));
    }
}
