//! First: who gets it.

use maud::{Markup, html};

use super::frame::Frame;
use super::known::{Group, Known, List};
use super::plan::Plan;
use super::step::Step;
use crate::form::Errors;
use crate::parts::{self, Field};
use crate::site::{Answer, Person};

/// What the API takes.
const MOST: usize = 100;

/// What is not answered here.
pub fn errors(site: &Person, _: &Known, plan: &Plan) -> Errors {
    let words = &site.words().send;
    let mut errors = Errors::none();
    if plan.groups.is_empty() {
        errors.add("group", words.no_group);
    } else if plan.groups.len() > MOST {
        errors.add("group", words.too_many_groups);
    }
    errors
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
    let list: List<Group> = list.send().await?;
    let chosen = &frame.known.groups;
    let others: Vec<_> = list.items.iter().filter(|group| !chosen.iter().any(|known| known.id == group.id)).collect();
    let content = html! {
        h2 { (words.who_gets_it) }
        @if let Some(error) = frame.errors.at("group") { p.error #field-group tabindex="-1" { (error) } }
        @if !chosen.is_empty() {
            fieldset.choices {
                legend { (words.chosen_groups) }
                div.choice-list { @for group in chosen { (choice(group, true, words.people)) } }
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
                div.choice-list { @for group in &others { (choice(group, false, words.people)) } }
            }
        }
        div.actions {
            @if cursor.is_some() { button.button.small type="submit" name="cursor" value="" { (common.first_page) } }
            @if let Some(next) = &list.next_cursor {
                button.button.small type="submit" name="cursor" value=(next) { (words.more_to_choose) }
            }
        }
        p.muted aria-live="polite" data-count=(words.chosen_count) data-with-script hidden { (words.chosen_count.replace("{}", &chosen.len().to_string())) }
    };
    Ok(frame.asking(&["group"], Step::Groups, &content))
}

fn choice(group: &Group, is_chosen: bool, people: &str) -> Markup {
    html! {
        label.choice {
            input type="checkbox" name="group" value=(group.id) checked[is_chosen] data-row;
            span { (group.name) }
            span.muted.number { (people.replace("{}", &parts::number(group.customers))) }
        }
    }
}
