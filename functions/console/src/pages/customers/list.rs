//! The customers: found, sorted, chosen. Beside them the groups.

use axum::extract::Query;
use axum::response::Response;
use chrono::SecondsFormat;
use maud::{Markup, html};
use serde::Deserialize;

use crate::api::{Call, Failure, List};
use crate::form::{Errors, Form};
use crate::page::{Nav, Page, Shell};
use crate::pages::customers::{Column, Customer, selection};
use crate::pages::groups::Group;
use crate::pages::groups::choose::{Found, Offer, SEARCH};
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};

/// The most characters of a search.
pub const MAX_SEARCH: usize = 50;
/// How many of the clinic's own columns stand in the list; the third only where there is room.
const OWN_COLUMNS: usize = 3;

/// Which customers to show.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// A part of a name or of a phone.
    pub q: String,
    /// The group.
    pub group: String,
    /// The order.
    pub sort: String,
    cursor: String,
    /// How many there are on all pages, as the first page said.
    total: String,
    /// A part of a group's name.
    #[serde(rename = "find-group")]
    find: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    items: Vec<Customer>,
    next_cursor: Option<String>,
    total: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Counted {
    total: u64,
}

impl Asked {
    /// The first page of it.
    #[must_use]
    pub fn address(&self) -> String {
        parts::address("/customers", [("group", self.group.as_str()), ("q", &self.q), ("sort", &self.sort)])
    }

    /// The same in another order.
    fn sorted(&self, sort: &str) -> String {
        Self { sort: sort.to_owned(), ..self.clone() }.address()
    }

    fn order(&self) -> &str {
        if matches!(self.sort.as_str(), "oldest" | "name") { &self.sort } else { "recent" }
    }
}

/// What the page shows.
struct Content {
    asked: Asked,
    listed: Listed,
    total: u64,
    groups: Found,
    targets: Found,
    group: Option<Group>,
    columns: Vec<Column>,
}

/// Shows a page of customers.
///
/// # Errors
/// When there is no such group, or the API does not answer.
pub async fn show(site: Person, Query(mut asked): Query<Asked>) -> Answer {
    asked.q = asked.q.trim().chars().take(MAX_SEARCH).collect();
    let groups = Offer::links(&asked.group).looking_for(&asked.find).find_at(&site);
    let columns = site.api().get(["customers", "columns"]);
    let (shell, listed, groups, group, columns) = tokio::try_join!(
        site.shell(),
        call(&site, &asked).send::<Listed>(),
        groups,
        one_group(&site, &asked.group),
        columns.send::<List<Column>>(),
    )?;
    let targets = targets(&site, group.as_ref(), "").await?.focused();
    let mut columns = columns.items;
    columns.truncate(OWN_COLUMNS);
    let seen = listed.items.len() as u64;
    let total = listed.total.or_else(|| asked.total.parse().ok()).unwrap_or(seen).max(seen);
    Ok(page(&site, shell, &Content { asked, listed, total, groups, targets, group, columns }))
}

fn call(site: &Site, asked: &Asked) -> Call {
    let is_first = asked.cursor.is_empty();
    let call = site.api().get(["customers"]).maybe("q", Some(&asked.q)).maybe("groupId", Some(&asked.group));
    call.query("sort", asked.order()).maybe("cursor", Some(&asked.cursor)).maybe("count", is_first.then_some("true"))
}

/// How many customers there are at this moment who have this text in their name or phone, and are in this group.
///
/// # Errors
/// When there is no such group, or the API does not answer.
pub async fn count(site: &Site, q: &str, group: &str) -> Result<u64, Failure> {
    let call = site.api().get(["customers"]).maybe("q", Some(q)).maybe("groupId", Some(group));
    call.query("count", true).query("limit", 1).send::<Counted>().await.map(|counted| counted.total)
}

/// The group of this id; none without an id.
///
/// # Errors
/// When there is no such group, or the API does not answer.
pub async fn one_group(site: &Site, id: &str) -> Result<Option<Group>, Failure> {
    if id.is_empty() {
        return Ok(None);
    }
    site.api().get(["groups", id]).send().await.map(Some)
}

/// The groups that customers of this group may be brought to.
///
/// # Errors
/// When the API does not answer.
pub async fn targets(site: &Site, from: Option<&Group>, search: &str) -> Result<Found, Failure> {
    let offer = Offer::one(selection::TO).without(from.map_or("", |group| &group.id));
    offer.unassigned(from.is_some_and(|group| !group.unassigned)).looking_for(search).find_at(site).await
}

fn page(site: &Person, shell: Shell, content: &Content) -> Response {
    let words = &site.words().customers;
    let title = content.group.as_ref().map_or(words.title, |group| site.words().groups.name_of(&group.name, group.unassigned));
    let zone = shell.zone.clone();
    let is_first = content.asked.cursor.is_empty();
    let page = Page::staff(site, shell, Nav::Customers, title).script("keep").script("select").script("groups");
    page.body(html! {
        (head(site, content, title))
        div.columns.people {
            (aside(site, content))
            section aria-label=(words.list) {
                div.tools { (search(site, &content.asked)) (export(site, &content.asked)) }
                @if content.listed.items.is_empty() && content.listed.next_cursor.is_none() {
                    (nobody(site, &content.asked))
                } @else {
                    form #chosen method="post" action="/customers/selection" data-select data-keep="/customers" {
                        (parts::csrf(site))
                        (hidden(site, content))
                        (selection::windows(site, content.group.as_ref(), &content.targets, content.total))
                        (everything(site, content))
                        (table(site, content, &zone))
                        (selection::bar(site, content.group.as_ref(), content.total))
                    }
                    (parts::pager(site, &next_path(content), is_first, content.listed.next_cursor.as_deref()))
                }
            }
        }
    })
}

/// The first page counts; the others are told.
fn next_path(content: &Content) -> String {
    let (asked, total) = (&content.asked, content.total.to_string());
    let total = if content.listed.next_cursor.is_some() { total.as_str() } else { "" };
    parts::address("/customers", [("group", asked.group.as_str()), ("q", &asked.q), ("sort", &asked.sort), ("total", total)])
}

fn head(site: &Person, content: &Content, title: &str) -> Markup {
    let words = site.words();
    html! {
        div.head {
            h1 { (title) " " span.count { (parts::number(content.total)) (words.customers.people) } }
            div.actions {
                a.button href=(parts::address("/customers/new", [("group", content.asked.group.as_str())])) { (words.customers.add) }
                a.button href="/imports" { (words.customers.import) }
                @match &content.group {
                    Some(group) => {
                        @if !group.unassigned { a.button href={ "/groups/" (group.id) } { (words.customers.manage_group) } }
                        a.button.primary #send href=(parts::address("/send", [("group", group.id.as_str())])) { (words.groups.send) }
                    }
                    None => {
                        button.button #send type="button" disabled aria-describedby="send-hint" { (words.groups.send) }
                        span.hint #send-hint { (words.customers.send_hint) }
                    }
                }
            }
        }
    }
}

/// The groups, as links; on a phone behind a line that opens.
fn aside(site: &Person, content: &Content) -> Markup {
    let words = site.words();
    let asked = &content.asked;
    let here =
        content.group.as_ref().map_or(words.customers.everybody, |group| words.groups.name_of(&group.name, group.unassigned));
    // The chosen group is there, even if it is not among the first ones.
    let others: Vec<_> = content.group.iter().filter(|group| !content.groups.has(&group.id)).collect();
    html! {
        nav.group-side aria-label=(words.groups.title) data-groups=(content.groups.address()) {
            details open[!asked.find.is_empty()] {
                summary { (words.groups.title) ": " strong { (here) } }
                a.pick href=(Asked { group: String::new(), ..asked.clone() }.address()) aria-current=[asked.group.is_empty().then_some("page")] { span { (words.customers.everybody) } }
                @for group in others {
                    a.pick href=(asked.address()) aria-current="page" { span { (here) } " " span.number.muted { (parts::number(group.customers)) } }
                }
                form.inline-form method="get" action="/customers" role="search" aria-label=(words.groups.search) {
                    @for (name, value) in [("group", &asked.group), ("q", &asked.q), ("sort", &asked.sort)] {
                        @if !value.is_empty() { (parts::hidden(name, value)) }
                    }
                    div.field {
                        label.visually-hidden for="find-group" { (words.groups.search) }
                        input #find-group name=(SEARCH) type="search" value=(asked.find) maxlength=(MAX_SEARCH) placeholder=(words.groups.search) autocomplete="off" data-search;
                    }
                    button.button type="submit" data-without-script { (words.common.search) }
                }
                p.visually-hidden role="status" data-said {}
                (content.groups.list(site, &[]))
                p { a href="/groups" { (words.customers.manage_groups) } }
            }
        }
    }
}

fn search(site: &Person, asked: &Asked) -> Markup {
    let words = site.words();
    let (form, none) = (Form::with([("q", asked.q.as_str())]), Errors::none());
    let all = Asked { q: String::new(), ..asked.clone() }.address();
    html! {
        form.search method="get" action="/customers" role="search" {
            @for (name, value) in [("group", &asked.group), ("sort", &asked.sort)] {
                @if !value.is_empty() { (parts::hidden(name, value)) }
            }
            (Field::text("q", words.customers.search, &form, &none).kind("search").max_length(MAX_SEARCH).autocomplete("off"))
            button.button type="submit" { (words.common.search) }
            @if !asked.q.is_empty() { a.button href=(all) { (words.common.reset) } }
        }
    }
}

fn nobody(site: &Person, asked: &Asked) -> Markup {
    let words = &site.words().customers;
    html! {
        @if !asked.q.is_empty() {
            (parts::empty(words.none_found, words.none_found_text, None))
        } @else if !asked.group.is_empty() {
            (parts::empty(words.group_empty, words.group_empty_text, Some(("/customers", words.everybody))))
        } @else {
            (parts::empty(words.none, words.none_text, Some(("/imports", words.import))))
        }
    }
}

/// What the form says besides the boxes.
fn hidden(site: &Person, content: &Content) -> Markup {
    let now = site.deps().ambient.now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let asked = &content.asked;
    html! {
        @for (name, value) in [("back", site.here()), ("q", &asked.q), ("group", &asked.group), ("sort", &asked.sort), ("until", &now)] {
            (parts::hidden(name, value))
        }
    }
}

/// Chooses all of the filter, where that is more than the page.
fn everything(site: &Person, content: &Content) -> Markup {
    let words = &site.words().customers;
    if content.total <= content.listed.items.len() as u64 {
        return html! {};
    }
    let label = if content.asked.q.is_empty() { words.choose_all } else { words.choose_all_found };
    html! {
        div.everything {
            label.pick {
                input type="checkbox" name=(selection::EVERYTHING) value="yes" data-everything;
                span { (label(content.total)) }
            }
        }
    }
}

fn table(site: &Person, content: &Content, zone: &str) -> Markup {
    let words = site.words();
    let (mine, columns) = (&words.customers, &content.columns);
    let head = html! {
        th.box {
            span hidden data-with-script { input type="checkbox" data-all aria-label=(mine.choose_page); }
            span.visually-hidden { (mine.choose) }
        }
        (sortable(content, words.common.name, &[("name", "ascending")]))
        th scope="col" { (words.common.phone) }
        @for (at, column) in (1..).zip(columns) { th class={ "own-" (at) } scope="col" { span.clip { (column.name) } } }
        @if content.asked.group.is_empty() { th.of-groups scope="col" { (mine.groups_short) } }
        th scope="col" { (mine.consent_short) }
        (sortable(content, mine.added, &[("recent", "descending"), ("oldest", "ascending")]))
    };
    let rows = html! {
        @for customer in &content.listed.items {
            tr {
                td.box { input type="checkbox" name=(selection::CUSTOMER) value=(customer.id) data-row aria-label=((mine.choose_this)(&customer.name)); }
                th.person scope="row" { a href={ "/customers/" (parts::encoded(&customer.id)) } { (customer.name) } }
                td.nowrap { (customer.phone) }
                @for (at, column) in (1..).zip(columns) { td class={ "own-" (at) } { span.clip { (customer.attributes.get(&column.name).map_or("", String::as_str)) } } }
                @if content.asked.group.is_empty() { td.of-groups { span.clip { (customer.group_names.join(", ")) } } }
                td { @if customer.advertising_consent_at.is_some() { (parts::badge(crate::visitor::Tone::Good, mine.agreed)) } @else { span.muted aria-hidden="true" { "–" } span.visually-hidden { (mine.not_agreed) } } }
                td.nowrap { (parts::day(customer.created_at, zone)) }
            }
        }
    };
    parts::table(mine.list, &head, &rows)
}

/// The head of a column by which the list can be sorted: orders with what they are called for screen readers. Its link leads to the
/// next of them.
fn sortable(content: &Content, label: &str, orders: &[(&str, &str)]) -> Markup {
    let now = orders.iter().position(|(order, _)| *order == content.asked.order());
    let (next, _) = orders[now.map_or(0, |at| (at + 1) % orders.len())];
    let direction = now.map(|at| orders[at].1);
    html! {
        th scope="col" aria-sort=[direction] {
            a.sort href=(content.asked.sorted(next)) {
                (label)
                span aria-hidden="true" { @match direction { Some("ascending") => " ↑", Some(_) => " ↓", None => " ↕" } }
            }
        }
    }
}

/// The same customers as a file.
fn export(site: &Person, asked: &Asked) -> Markup {
    let words = &site.words().customers;
    html! {
        form.export method="post" action="/customers/export" data-file aria-label=(words.export) {
            (parts::csrf(site))
            (parts::hidden("q", &asked.q)) (parts::hidden("group", &asked.group)) (parts::hidden("back", site.here()))
            button.button type="submit" name="format" value="xlsx" { (words.export_xlsx) }
            button.button type="submit" name="format" value="csv" { (words.export_csv) }
        }
    }
}
