//! The form of a template, with the message that it makes beside it.

use axum::response::Response;
use maud::{Markup, html};
use shared::model::draft::MAX_TITLE;
use shared::model::template::{MAX_CHARACTERS, NAME_VARIABLE};
use shared::model::wording::{MAX_BUTTON_NAME, MAX_BUTTONS, MAX_NAME, MAX_VARIABLES};

use super::draft::{ButtonDraft, Draft, TRACKED, button_field};
use super::talk;
use crate::api::List;
use crate::began;
use crate::form::{Errors, Form};
use crate::page::fragment;
use crate::pages::customers::Column;
use crate::parts::{self, Field, number};
use crate::site::{Person, Site};

/// More columns than these are not offered as buttons.
const MOST_COLUMNS: usize = 30;

/// The form, as it is shown.
pub struct Editor<'a> {
    pub site: &'a Site,
    pub draft: &'a Draft,
    /// What the form began with, when it changes what is there.
    pub began: &'a Form,
    pub errors: &'a Errors,
    /// Where it is sent.
    pub action: &'a str,
    /// The key by which sending it twice is known; none when it changes what is there.
    pub key: Option<&'a str>,
    /// The clinic, which is the sender of the message.
    pub clinic: &'a str,
    pub columns: &'a List<Column>,
}

/// Which button was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressed {
    Save,
    SaveAndSubmit,
    /// Only shows the form again.
    Preview,
    AddButton,
    RemoveButton(usize),
}

impl Pressed {
    /// What the form says. Without a word it is to be saved.
    pub fn of(form: &Form) -> Self {
        let word = form.text("do");
        match word {
            "submit" => Self::SaveAndSubmit,
            "preview" => Self::Preview,
            "add" => Self::AddButton,
            _ => word.strip_prefix("remove-").and_then(|place| place.parse().ok()).map_or(Self::Save, Self::RemoveButton),
        }
    }

    /// Whether something is to be stored.
    pub const fn saves(self) -> bool {
        matches!(self, Self::Save | Self::SaveAndSubmit)
    }

    /// The draft as it is after a button that only changes the form.
    pub fn changed(self, mut draft: Draft) -> Draft {
        match self {
            Self::AddButton if draft.buttons.len() < MAX_BUTTONS => draft.buttons.push(ButtonDraft::blank()),
            Self::RemoveButton(place) if place < draft.buttons.len() => _ = draft.buttons.remove(place),
            _ => {}
        }
        draft
    }
}

/// The message that a form makes, for the script that shows it while somebody types.
pub async fn preview(site: Person, form: Form) -> Response {
    fragment(talk::bubble(&site.words().templates, &Draft::read(&form)))
}

impl Editor<'_> {
    /// The form.
    pub fn markup(&self) -> Markup {
        let (words, common) = (&self.site.words().templates, &self.site.words().common);
        let form = self.draft.form();
        html! {
            form #template method="post" action=(self.action) data-preview="/templates/preview" {
                (parts::csrf(self.site))
                (began::hidden(self.began))
                @if let Some(key) = self.key { (parts::hidden("key", key)) }
                // The first button is what the return key presses.
                button.visually-hidden type="submit" name="do" value="save" tabindex="-1" aria-hidden="true" { (common.save) }
                div.columns.editor {
                    div {
                        (self.words_of_it(&form))
                        (self.buttons(&form))
                        div.actions {
                            button.button.primary type="submit" name="do" value="submit" { (words.save_and_submit) }
                            button.button type="submit" name="do" value="save" { (words.save_only) }
                        }
                        p.hint { (words.submit_hint) }
                    }
                    section.beside aria-labelledby="preview-title" {
                        h2 #preview-title { (words.preview) }
                        div.talk { p.talk-sender { (self.clinic) } (talk::bubble(words, self.draft)) }
                        p.hint { (words.preview_hint) }
                        button.button data-without-script type="submit" name="do" value="preview" formnovalidate { (words.renew_preview) }
                    }
                }
            }
        }
    }

    fn words_of_it(&self, form: &Form) -> Markup {
        let (words, errors) = (&self.site.words().templates, self.errors);
        let kinds = words.kinds.iter().filter(|(kind, _)| matches!(*kind, "BA" | "AD") || *kind == self.draft.kind);
        html! {
            (Field::text("name", words.name, form, errors).hint(words.name_hint).max_length(MAX_NAME).required())
            (Field::text("content", words.content, form, errors).hint(words.content_hint).rows(9).required())
            div.counter {
                (counter("content", self.draft.characters(), MAX_CHARACTERS, words.characters, words.too_many_characters))
                (counter("variables", self.draft.variables(), MAX_VARIABLES, words.variables, words.too_many_variables))
            }
            (self.insertable())
            details.more open[!self.draft.title.is_empty() || errors.at("emphasisTitle").is_some() || errors.at("emphasisSubtitle").is_some()] {
                summary { (words.emphasis) }
                (Field::text("emphasisTitle", words.emphasis_title, form, errors).hint(words.emphasis_hint).max_length(MAX_TITLE))
                (Field::text("emphasisSubtitle", words.emphasis_subtitle, form, errors).hint(words.subtitle_hint).max_length(MAX_TITLE))
            }
            details.more open[self.draft.kind != "BA" || errors.at("kind").is_some()] {
                summary { (words.kind) }
                (Field::text("kind", words.kind, form, errors).hint(words.kind_hint).options(kinds.copied()))
            }
        }
    }

    /// What can be put into the text: by a press with the script, by typing without.
    fn insertable(&self) -> Markup {
        let words = &self.site.words().templates;
        let columns = self.columns.items.iter().map(|column| column.name.as_str());
        let fit = |name: &&str| *name != NAME_VARIABLE && !name.contains(['#', '{', '}']);
        let names = std::iter::once(NAME_VARIABLE).chain(columns.filter(fit).take(MOST_COLUMNS));
        html! {
            div.insert role="group" aria-labelledby="insert-title" {
                p #insert-title { strong { (words.insert) } " " span.muted { (words.insert_hint) } }
                ul {
                    @for name in names {
                        li {
                            button.button.small type="button" data-insert={ "#{" (name) "}" } data-with-script hidden { "#{" (name) "}" }
                            code data-without-script { "#{" (name) "}" }
                        }
                    }
                }
            }
        }
    }

    fn buttons(&self, form: &Form) -> Markup {
        let words = &self.site.words().templates;
        let count = self.draft.buttons.len();
        html! {
            h2 #buttons { (words.buttons) }
            p.hint { (words.buttons_hint) }
            @for place in 0..count { (self.button(form, place)) }
            @if count < MAX_BUTTONS {
                button.button type="submit" name="do" value="add" formaction={ (self.action) "#buttons" } formnovalidate { (words.add_button) }
            }
        }
    }

    fn button(&self, form: &Form, place: usize) -> Markup {
        let (words, errors) = (&self.site.words().templates, self.errors);
        let [name, kind, mobile, desktop, ios, android] =
            ["name", "kind", "mobile", "desktop", "ios", "android"].map(|name| button_field(place, name));
        let label = (words.button_place)(place + 1);
        html! {
            fieldset.button-edit {
                legend { (label) }
                (Field::text(&name, words.button_name, form, errors).hint(words.button_name_hint).max_length(MAX_BUTTON_NAME))
                (Field::text(&kind, words.button_kind, form, errors).options(words.button_kinds))
                p.hint.of-tracked { (words.tracked_hint) " " code { "…/c/#{link}" } }
                div.of-web.of-app {
                    (Field::text(&mobile, words.link_mobile, form, errors).hint(words.link_hint).input_mode("url"))
                    (Field::text(&desktop, words.link_desktop, form, errors).input_mode("url"))
                }
                div.of-app {
                    (Field::text(&ios, words.link_ios, form, errors))
                    (Field::text(&android, words.link_android, form, errors))
                }
                button.button.small type="submit" name="do" value={ "remove-" (place) }
                    formaction={ (self.action) "#buttons" } formnovalidate
                    aria-label={ (label) ": " (words.remove_button) } { (words.remove_button) }
            }
        }
    }
}

/// How much of a limit is used; the script keeps it true.
fn counter(of: &str, used: usize, most: usize, word: &str, warning: &str) -> Markup {
    html! {
        p data-counter=(of) data-most=(most) data-warning=(warning) data-over[used > most] {
            span.muted { (word) } " " strong data-used { (number(used as u64)) } " / " (number(most as u64))
            " " span.error role="status" data-said { @if used > most { (warning) } }
        }
    }
}

/// Whether a button is one whose visits are counted: such a template has a link that each campaign leads somewhere.
pub fn has_link(draft: &Draft) -> bool {
    draft.buttons.iter().any(|button| button.kind == TRACKED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(word: &str) -> Pressed {
        Pressed::of(&Form::with([("do", word)]))
    }

    #[test]
    fn each_button_does_its_own() {
        let words = ["", "save", "submit", "preview", "add", "remove-3", "remove-x"];
        assert_eq!(
            words.map(pressed),
            [
                Pressed::Save,
                Pressed::Save,
                Pressed::SaveAndSubmit,
                Pressed::Preview,
                Pressed::AddButton,
                Pressed::RemoveButton(3),
                Pressed::Save
            ]
        );
    }

    #[test]
    fn buttons_of_a_message_come_and_go() {
        let one = Draft::blank();
        let two = Pressed::AddButton.changed(one.clone());
        assert_eq!(two.buttons.len(), 2);
        assert_eq!(Pressed::RemoveButton(0).changed(two.clone()).buttons.len(), 1);
        assert_eq!(Pressed::RemoveButton(7).changed(two).buttons.len(), 2);
        let full = (0..9).fold(one.clone(), |draft, _| Pressed::AddButton.changed(draft));
        assert_eq!(full.buttons.len(), MAX_BUTTONS);
        assert!(!Pressed::AddButton.saves() && Pressed::SaveAndSubmit.saves());
        assert_eq!(Pressed::Save.changed(one.clone()), one);
    }
}
