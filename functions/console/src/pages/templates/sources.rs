//! What fills the variables of a template.

use std::collections::HashMap;

use axum::extract::Path;
use maud::{Markup, html};
use serde_json::{Map, Value, json};
use shared::model::sources::{MAX_COLUMN, MAX_DEFAULT};

use super::edit::{find, whole};
use super::view::{Template, Variable};
use crate::api::List;
use crate::began;
use crate::form::{Errors, Form};
use crate::pages::customers::Column;
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// More columns than these are not proposed; any can be typed.
const MOST_PROPOSALS: usize = 200;

/// The variables that somebody can say something about, with their places in the form.
fn own(template: &Template) -> impl Iterator<Item = (usize, &Variable)> {
    template.sources.iter().filter(|variable| variable.filled_by == "column").enumerate()
}

/// The form, as the template has it, which is what it begins with.
pub fn form(template: &Template) -> Form {
    let fields: Vec<_> = own(template)
        .flat_map(|(place, it)| {
            let column = it.column.clone().unwrap_or_default();
            [
                (format!("variable-{place}"), it.name.clone()),
                (format!("column-{place}"), column),
                (format!("default-{place}"), it.default.clone().unwrap_or_default()),
            ]
        })
        .collect();
    began::with(&Form::with(fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))))
}

/// What the form says: columns that are called like their variable need not be said.
fn said(form: &Form) -> (Vec<&str>, Value) {
    let texts = |prefix| {
        let texts = form.below(prefix).map(|(place, text)| (place, text.trim())).filter(|(_, text)| !text.is_empty());
        texts.collect::<HashMap<_, _>>()
    };
    let [named, columns, defaults] = ["variable-", "column-", "default-"].map(texts);
    let places = (0..).map(|place: usize| place.to_string());
    let lines: Vec<_> = places.map_while(|place| Some((*named.get(place.as_str())?, place))).collect();
    let mut sources = Map::new();
    for (variable, place) in &lines {
        let column = columns.get(place.as_str()).filter(|column| *column != variable);
        sources.insert((*variable).to_owned(), json!({ "column": column, "default": defaults.get(place.as_str()) }));
    }
    (lines.into_iter().map(|(variable, _)| variable).collect(), Value::Object(sources))
}

/// What fills the variables then: what was changed in the form, and all else as it is. The API takes all of it at once.
fn wish(now: &Value, form: &Form, template: &Template) -> Value {
    let (there, begun) = (self::form(template), began::before(form));
    let mut sources = said(&there).1;
    if let (Value::Object(sources), Value::Object(changed)) = (&mut sources, began::changed(now.clone(), &said(&begun).1)) {
        sources.extend(changed);
    }
    json!({ "sources": sources })
}

/// The form.
pub fn section(site: &Site, template: &Template, columns: &List<Column>, form: &Form, errors: &Errors) -> Markup {
    let words = &site.words().templates;
    html! {
        section aria-labelledby="sources-title" {
            h2 #sources-title { (words.sources) }
            p.muted { (words.sources_text) }
            @if template.sources.is_empty() {
                p.card.muted { (words.no_variables) }
            } @else {
                form.sources #sources method="post" action={ "/templates/" (template.id) "/sources" } {
                    (parts::csrf(site))
                    (began::hidden(form))
                    ul {
                        @for it in template.sources.iter().filter(|it| it.filled_by == "name") {
                            li { mark.variable { (it.name) } " " span { (words.filled_by_name) } }
                        }
                        @for (place, variable) in own(template) { li { (line(site, variable, place, form, errors)) } }
                    }
                    datalist #columns { @for column in columns.items.iter().take(MOST_PROPOSALS) { option value=(column.name) {} } }
                    @if own(template).next().is_some() { button.button type="submit" { (words.save_sources) } }
                }
            }
        }
    }
}

fn line(site: &Site, variable: &Variable, place: usize, form: &Form, errors: &Errors) -> Markup {
    let words = &site.words().templates;
    let [hidden, column, default] = ["variable", "column", "default"].map(|name| format!("{name}-{place}"));
    let [column_label, default_label] = [(words.column_of)(&variable.name), (words.default_of)(&variable.name)];
    html! {
        p { mark.variable { (variable.name) }
            @if variable.column_known == Some(false) { " " (parts::badge(Tone::Warning, words.column_unknown)) }
        }
        (parts::hidden(&hidden, &variable.name))
        div.inline-form {
            (Field::text(&column, &column_label, form, errors).max_length(MAX_COLUMN).list("columns"))
            (Field::text(&default, &default_label, form, errors).max_length(MAX_DEFAULT))
        }
        @if variable.column_known == Some(false) { p.hint { (words.column_unknown_text) } }
    }
}

/// Keeps what the form says.
pub async fn set(site: Person, Path(id): Path<String>, sent: Form) -> Answer {
    let (variables, now) = said(&sent);
    let errors = if sent.restored() {
        Errors::none()
    } else {
        let template: Template = site.api().get(["templates", &id]).send().await?;
        match site.api().put(["templates", &id, "sources"]).json(&wish(&now, &sent, &template)).done().await {
            Ok(()) => {
                let page = format!("/templates/{id}#sources-title");
                return Ok(site.go_saying(&page, Tone::Good, site.words().templates.sources_saved));
            }
            Err(failure) => {
                let fields: Vec<(String, String)> = variables.iter().enumerate().flat_map(names).collect();
                let fields: Vec<_> = fields.iter().map(|(theirs, ours)| (theirs.as_str(), ours.as_str())).collect();
                Errors::of(&failure.about_input()?, &fields)
            }
        }
    };
    let found = find(&site, &id).await?;
    Ok(whole(&site, found, None, &Errors::none(), &sent, (&sent, &errors)))
}

/// What the API calls the fields of a variable, and what the form does.
fn names((place, variable): (usize, &&str)) -> [(String, String); 3] {
    [
        (format!("sources.{variable}"), format!("column-{place}")),
        (format!("sources.{variable}.column"), format!("column-{place}")),
        (format!("sources.{variable}.default"), format!("default-{place}")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_from_the_variables_own_column_is_said() {
        let form = Form::with([
            ("variable-0", "검진일"),
            ("column-0", "검진일"),
            ("default-0", "곧"),
            ("variable-1", "담당의"),
            ("column-1", "원장"),
            ("default-1", ""),
        ]);
        let (variables, said) = said(&form);
        assert_eq!(variables, ["검진일", "담당의"]);
        assert_eq!(said, json!({"검진일": {"column": null, "default": "곧"}, "담당의": {"column": "원장", "default": null}}));
    }
}
