//! First: who gets it.

use maud::{Markup, html};
use serde::Deserialize;

use super::frame::Frame;
use super::known::Known;
use super::plan::{MOST_GROUPS, Plan};
use super::step::Step;
use crate::api::{Failure, List};
use crate::form::Errors;
use crate::pages::groups::Group;
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};

/// What is not answered here.
pub fn errors(site: &Person, _: &Known, plan: &Plan) -> Errors {
    let words = &site.words().send;
    let mut errors = Errors::none();
    if plan.groups.is_empty() {
        errors.add("group", words.no_group);
    } else if plan.groups.len() > MOST_GROUPS {
        errors.add("group", words.too_many_groups);
    }
    errors
}

/// How many customers there are.
#[derive(Debug, Deserialize)]
struct Total {
    total: u64,
}

/// Chooses all groups, which together are everybody; says whether the API takes so many.
///
/// # Errors
/// When the API does not answer.
pub async fn choose_everybody(site: &Site, plan: &mut Plan) -> Result<bool, Failure> {
    let all: List<Group> = site.api().get(["groups"]).query("limit", MOST_GROUPS).send().await?;
    if all.next_cursor.is_some() {
        return Ok(false);
    }
    plan.groups = all.items.into_iter().map(|group| group.id).collect();
    Ok(true)
}

/// The page: those that are chosen above, below them a page of the others.
///
/// # Errors
/// When the API does not answer.
pub async fn page(frame: &Frame<'_>) -> Answer {
    let (words, common) = (&frame.site.words().send, &frame.site.words().common);
    let search = frame.form.text("q");
    // Another search begins at its beginning.
    let cursor = frame.form.filled("cursor").filter(|_| frame.form.text("searched") == search);
    let list = frame.site.api().get(["groups"]).query("limit", 50).maybe("q", Some(search)).maybe("cursor", cursor);
    let total = frame.site.api().get(["customers"]).query("count", true).query("limit", 1);
    let (list, Total { total }) = tokio::try_join!(list.send::<List<Group>>(), total.send())?;
    let chosen = &frame.known.groups;
    let others: Vec<_> = list.items.iter().filter(|group| !chosen.iter().any(|known| known.id == group.id)).collect();
    let content = html! {
        h2 { (words.who_gets_it) }
        @if let Some(error) = frame.errors.at("group") { p.error #field-group tabindex="-1" { (error) } }
        @if !chosen.is_empty() {
            fieldset.choices {
                legend { (words.chosen_groups) }
                div.choice-list { @for group in chosen { (choice(frame.site, group, true)) } }
            }
        }
        div.search role="search" {
            (Field::text("q", words.search_groups, frame.form, frame.errors).kind("search").max_length(50))
            (parts::hidden("searched", search))
            button.button type="submit" name="step" value="groups" { (common.search) }
        }
        @if others.is_empty() && list.next_cursor.is_none() {
            @if search.is_empty() && chosen.is_empty() { (parts::empty(words.no_groups_yet, words.make_groups, Some(("/customers", words.to_customers)))) }
            @else { p.muted { (words.no_other_groups) } }
        } @else {
            fieldset.choices {
                legend { (words.all_groups) }
                div.choice-list { @for group in &others { (choice(frame.site, group, false)) } }
            }
        }
        div.actions {
            @if cursor.is_some() { button.button.small type="submit" name="cursor" value="" { (common.first_page) } }
            @if let Some(next) = &list.next_cursor {
                button.button.small type="submit" name="cursor" value=(next) { (words.more_to_choose) }
            }
        }
        @if !list.items.is_empty() && search.is_empty() && cursor.is_none() && total > 0 {
            div.actions {
                button.button.small type="submit" name="everybody" value="yes" { (words.everybody.replace("{}", &words.people.replace("{}", &parts::number(total)))) }
            }
            p.small.muted { (words.some_people) " " a href="/customers" { (words.to_customers) } }
        }
        p aria-live="polite" {
            strong data-sum=(words.at_most) data-sum-of-one=(words.people) { @if !chosen.is_empty() { (frame.known.people(words)) } }
            " " span.muted data-count=(words.chosen_count) data-with-script hidden {}
        }
    };
    Ok(frame.asking(&["group"], Step::Groups, &content))
}

fn choice(site: &Site, group: &Group, is_chosen: bool) -> Markup {
    let words = site.words();
    html! {
        label.choice {
            input type="checkbox" name="group" value=(group.id) checked[is_chosen] data-row data-size=(group.customers);
            span { (group.name(words)) }
            span.muted.number { (words.send.people.replace("{}", &parts::number(group.customers))) }
        }
    }
}
