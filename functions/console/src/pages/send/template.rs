//! Second: what it says. Templates that cannot be sent are shown too, with the reason.

use maud::{Markup, html};

use super::frame::Frame;
use super::known::{Known, Template};
use super::plan::Plan;
use super::step::Step;
use crate::api::List;
use crate::form::Errors;
use crate::parts;
use crate::site::{Answer, Person};
use crate::visitor::Tone;
use crate::words::send::Send;

/// So many texts of 1,000 characters stay far below the weight that a page may have.
const PAGE: u32 = 20;

/// What is not answered here.
pub fn errors(site: &Person, known: &Known, _: &Plan) -> Errors {
    let words = &site.words().send;
    let mut errors = Errors::none();
    match &known.template {
        None => errors.add("template", words.no_template),
        Some(template) if !template.sendable => {
            errors.add("template", template.obstacle.as_ref().map_or(words.not_sendable, |obstacle| obstacle.text.as_str()));
        }
        Some(_) => {}
    }
    errors
}

/// The page.
///
/// # Errors
/// When the API does not answer.
pub async fn page(frame: &Frame<'_>) -> Answer {
    let (words, common) = (&frame.site.words().send, &frame.site.words().common);
    let cursor = frame.form.filled("cursor");
    let list = frame.site.api().get(["templates"]).query("limit", PAGE).maybe("cursor", cursor);
    let list: List<Template> = list.send().await?;
    let chosen = frame.known.template.as_ref();
    let is_listed = chosen.is_some_and(|chosen| list.items.iter().any(|template| template.id == chosen.id));
    let (can, cannot): (Vec<_>, Vec<_>) =
        chosen.filter(|_| !is_listed).into_iter().chain(&list.items).partition(|template| template.sendable);
    let only = can.first().filter(|_| can.len() == 1 && cursor.is_none() && list.next_cursor.is_none());
    let marked = chosen.or(only.copied());
    let is_chosen = |template: &Template| marked.is_some_and(|marked| marked.id == template.id);
    let content = html! {
        h2 { (words.what_it_says) }
        @if let Some(error) = frame.errors.at("template") { p.error #field-template tabindex="-1" { (error) } }
        @if list.items.is_empty() && cursor.is_none() {
            (parts::empty(words.no_templates_yet, words.make_templates, Some(("/templates", words.to_templates))))
        }
        @if !can.is_empty() {
            fieldset.choices {
                legend { (words.can_be_sent) }
                div.template-list { @for template in &can { (card(template, is_chosen(template), words)) } }
            }
        }
        @if !cannot.is_empty() {
            fieldset.choices {
                legend { (words.cannot_be_sent) }
                div.template-list { @for template in &cannot { (card(template, false, words)) } }
            }
        }
        div.actions {
            @if cursor.is_some() { button.button.small type="submit" name="cursor" value="" { (common.first_page) } }
            @if let Some(next) = &list.next_cursor {
                button.button.small type="submit" name="cursor" value=(next) { (words.more_to_choose) }
            }
        }
    };
    Ok(frame.asking(&["template"], Step::Template.after(chosen).unwrap_or(Step::Link), &content))
}

fn card(template: &Template, is_chosen: bool, words: &Send) -> Markup {
    let id = format!("template-{}", template.id);
    let why = format!("{id}-why");
    html! {
        div.template-card data-off[!template.sendable] {
            input type="radio" name="template" id=(id) value=(template.id) checked[is_chosen] disabled[!template.sendable]
                aria-describedby=[(!template.sendable).then_some(why.as_str())];
            label for=(id) {
                (template.name) " "
                @if template.has_link() { (parts::badge(Tone::Plain, words.has_link)) }
            }
            @if let Some(obstacle) = &template.obstacle { p.error #(why) { (obstacle.text) } }
            @if let Some(warning) = template.dormancy.as_ref().and_then(|dormancy| dormancy.warning.as_ref()) {
                p.small.warning-text { (warning) }
            }
            @if !template.emphasis_title.is_empty() { p.template-title { (template.emphasis_title) } }
            p.template-text { (template.content.replace("\r\n", "\n")) }
        }
    }
}
