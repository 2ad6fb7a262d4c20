//! The fields of a customer: to fill in, and to read.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::future::join_all;
use maud::{Markup, html};
use serde_json::{Value, json};

use crate::api::{Failure, Problem};
use crate::began;
use crate::form::{Errors, Form};
use crate::pages::customers::list::one_group;
use crate::pages::customers::selection::DO;
use crate::pages::customers::{Column, Customer};
use crate::pages::groups::choose::{Choice, Found, Offer, SEARCH};
use crate::parts::{self, Field};
use crate::site::{Person, Site};

/// How many of the clinic's own columns are offered that the customer has no value in.
const OFFERED: usize = 30;
/// How many columns can be added at once.
const NEW_COLUMNS: usize = 2;
/// The most characters of a column's name.
const MAX_COLUMN: usize = 100;
/// The most characters of a person's name.
const MAX_NAME: usize = 50;
/// The field with a group.
const GROUP: &str = "group";
/// How many groups are asked for one by one.
const ASKED: usize = 20;

/// The groups of a form.
pub struct Groups {
    found: Found,
    /// Chosen ones that nobody was asked about: they stay chosen.
    kept: Vec<String>,
}

/// The form of a new customer.
#[must_use]
pub fn empty(columns: &[Column], group: &str) -> Form {
    let group = Some(group).filter(|group| !group.is_empty());
    filled(None, columns, &group.into_iter().map(str::to_owned).collect::<Vec<_>>())
}

/// The form of a customer who is there.
#[must_use]
pub fn of(customer: &Customer, columns: &[Column], groups: &[String]) -> Form {
    began::with(&filled(Some(customer), columns, groups))
}

fn filled(customer: Option<&Customer>, columns: &[Column], groups: &[String]) -> Form {
    let none = BTreeMap::new();
    let attributes = customer.map_or(&none, |customer| &customer.attributes);
    let offered = columns.iter().map(|column| &column.name).filter(|name| !attributes.contains_key(*name)).take(OFFERED);
    let offered: BTreeSet<_> = offered.collect();
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut put = |name: &str, value: &str| fields.push((name.to_owned(), value.to_owned()));
    if let Some(customer) = customer {
        put("name", &customer.name);
        put("phone", &customer.phone);
        if customer.advertising_consent_at.is_some() {
            put("consent", "yes");
        }
    }
    // In the clinic's order; what is in no column of it comes last.
    let known =
        columns.iter().map(|column| &column.name).filter(|name| attributes.contains_key(*name) || offered.contains(name));
    let rest = attributes.keys().filter(|name| !columns.iter().any(|column| column.name == **name));
    for (index, name) in known.chain(rest).enumerate() {
        put(&format!("column.{index}"), name);
        put(&format!("value.{index}"), attributes.get(name).map_or("", String::as_str));
    }
    for group in groups {
        put(GROUP, group);
    }
    Form::with(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

/// Whether the form is sent to look for a group: by its button, or by the enter key in its field.
#[must_use]
pub fn looks_for_group(form: &Form) -> bool {
    let entered = form.text(DO) == "enter" && form.filled(SEARCH).is_some_and(|text| text != form.text("searched"));
    form.text(DO) == "find" || entered
}

/// The groups to offer: those that are chosen, and what is looked for. Of the customer's own the names are known.
///
/// # Errors
/// When the API does not answer.
pub async fn groups(site: &Site, form: &Form, own: impl IntoIterator<Item = Choice>) -> Result<Groups, Failure> {
    let found = Offer::many(GROUP).looking_for(form.text(SEARCH)).find_at(site).await?;
    let chosen: BTreeSet<_> = form.all(GROUP).into_iter().collect();
    let found = found.with(own.into_iter().filter(|group| chosen.contains(group.id.as_str())));
    let unknown: Vec<_> = chosen.into_iter().filter(|id| !found.has(id)).collect();
    let (asked, rest) = unknown.split_at(unknown.len().min(ASKED));
    let answers = join_all(asked.iter().map(|id| one_group(site, id))).await;
    let (mut named, mut kept) = (Vec::new(), rest.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
    for (id, answer) in asked.iter().zip(answers) {
        match answer {
            Ok(group) => named.extend(group),
            // One that is gone meanwhile cannot be chosen any more.
            Err(failure) if failure.is_not_found() => {}
            Err(_) => kept.push((*id).to_owned()),
        }
    }
    Ok(Groups { found: found.with(named), kept })
}

/// What the API is told of a new customer.
#[must_use]
pub fn new_customer(form: &Form) -> Value {
    let attributes: BTreeMap<_, _> = attributes(form).into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    json!({
        "name": form.text("name"),
        "phone": form.text("phone"),
        "attributes": attributes,
        "groupIds": form.all(GROUP),
        "advertisingConsent": form.has("consent"),
    })
}

/// What the API is told of a customer who is there: what was changed, so that what a colleague did meanwhile stays. A form that was
/// left open must not give back a consent that was withdrawn.
#[must_use]
pub fn change(form: &Form) -> Value {
    let before = all(&began::before(form));
    let mut change = began::changed(all(form), &before);
    if let Some(attributes) = change.get_mut("attributes") {
        *attributes = began::changed(attributes.take(), &before["attributes"]);
    }
    change
}

/// All that the form of a customer says.
fn all(form: &Form) -> Value {
    json!({
        "name": form.text("name"),
        "phone": form.text("phone"),
        "attributes": attributes(form),
        "groupIds": form.all(GROUP).into_iter().collect::<BTreeSet<_>>(),
        "advertisingConsent": form.has("consent"),
    })
}

/// Names and values; one without a value is taken away.
fn attributes(form: &Form) -> BTreeMap<&str, Option<&str>> {
    let mut attributes = BTreeMap::new();
    for (names, values) in [("column.", "value."), ("new-column.", "new-value.")] {
        let values: HashMap<_, _> = form.below(values).collect();
        let value = |at| values.get(at).map(|value| value.trim()).filter(|value| !value.is_empty());
        let named = form.below(names).filter(|(_, name)| !name.trim().is_empty());
        attributes.extend(named.map(|(at, name)| (name, value(at))));
    }
    attributes
}

/// What is wrong, next to the field that it is about.
#[must_use]
pub fn errors(problem: &Problem) -> Errors {
    if problem.is("phone-taken") {
        let mut errors = Errors::none();
        errors.add("phone", problem.title.clone());
        return errors;
    }
    Errors::of(problem, &[("groupIds", GROUP)])
}

/// All fields.
#[must_use]
pub fn fields(site: &Person, form: &Form, errors: &Errors, groups: &Groups) -> Markup {
    let words = site.words();
    html! {
        (parts::csrf(site))
        // What the enter key presses.
        button.visually-hidden type="submit" name=(DO) value="enter" tabindex="-1" aria-hidden="true" {}
        (parts::hidden("searched", form.text(SEARCH)))
        (began::hidden(form))
        @for id in &groups.kept { (parts::hidden(GROUP, id)) }
        div.pair {
            (Field::text("name", words.common.name, form, errors).max_length(MAX_NAME).autocomplete("off").required())
            (Field::text("phone", words.common.phone, form, errors).kind("tel").hint(words.imports.edit_phone_hint).autocomplete("off").required())
        }
        (parts::tick("consent", words.customers.consent, form.has("consent"), Some(words.customers.consent_hint)))
        (groups.found.field(site, words.groups.title, (DO, "find"), form, errors))
        (own_columns(site, form, errors))
    }
}

fn own_columns(site: &Person, form: &Form, errors: &Errors) -> Markup {
    let words = &site.words().customers;
    let error = errors.at("attributes");
    let none = Errors::none();
    let values: HashMap<_, _> = form.below("value.").collect();
    html! {
        fieldset #field-attributes tabindex=[error.map(|_| "-1")] aria-describedby=[error.map(|_| "field-attributes-error")] {
            legend { (words.attributes) }
            @if let Some(error) = error { p.error #field-attributes-error { (error) } }
            p.hint { (words.attributes_hint) }
            div.pair {
                @for (at, name) in form.below("column.") {
                    (parts::hidden(&format!("column.{at}"), name))
                    (own_column(&format!("value.{at}"), name, values.get(at).copied().unwrap_or_default()))
                }
            }
            details.more open[form.below("new-").any(|(_, text)| !text.trim().is_empty())] {
                summary { (words.more_columns) }
                @for at in 0..NEW_COLUMNS {
                    div.pair {
                        (Field::text(&format!("new-column.{at}"), words.new_column, form, &none).max_length(MAX_COLUMN).autocomplete("off"))
                        (Field::text(&format!("new-value.{at}"), words.new_value, form, &none).autocomplete("off"))
                    }
                }
            }
        }
    }
}

/// What has several lines keeps them.
fn own_column(field: &str, name: &str, value: &str) -> Markup {
    let (form, errors) = (Form::default(), Errors::none());
    let entry = Field::text(field, name, &form, &errors).value(value).autocomplete("off");
    html! { @if value.lines().count() > 1 { (entry.rows(3)) } @else { (entry) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer(attributes: &[(&str, &str)]) -> Customer {
        serde_json::from_value(json!({
            "id": "cus_1", "name": "김단골", "phone": "010-1234-5678",
            "attributes": attributes.iter().copied().collect::<BTreeMap<_, _>>(),
            "createdAt": "2026-11-21T00:00:00Z", "updatedAt": "2026-11-21T00:00:00Z", "advertisingConsentAt": null,
        }))
        .unwrap()
    }

    fn columns(names: &[&str]) -> Vec<Column> {
        names.iter().map(|name| Column { name: (*name).to_owned() }).collect()
    }

    #[test]
    fn a_form_that_is_sent_back_as_it_is_changes_nothing() {
        let form =
            of(&customer(&[("생일", "3월 2일"), ("메모", "가\n나")]), &columns(&["생일", "취미"]), &["grp_1".to_owned()]);
        assert_eq!(change(&form), json!({}));
    }

    #[test]
    fn what_was_changed_is_told_and_nothing_else() {
        let form = of(&customer(&[("생일", "3월 2일"), ("메모", "가")]), &columns(&["생일", "취미"]), &["grp_1".to_owned()]);
        let sent = form.with_value("phone", "010-1234-5679").with_value("value.0", " ").with_value("value.1", "걷기");
        let sent = sent.with_value("new-column.0", "별명").with_value("new-value.0", "단골");
        assert_eq!(
            change(&sent),
            json!({ "phone": "010-1234-5679", "attributes": { "생일": null, "취미": "걷기", "별명": "단골" } })
        );
    }

    #[test]
    fn a_consent_is_given_or_taken_back_only_by_its_box() {
        let agreed = |had| Form::with([("consent", "yes"), (if had { "had-consent" } else { "had-name" }, "yes")]);
        assert_eq!(change(&agreed(true)).get("advertisingConsent"), None, "a colleague may have withdrawn it meanwhile");
        assert_eq!(change(&agreed(false))["advertisingConsent"], true);
        assert_eq!(change(&Form::with([("had-consent", "yes")]))["advertisingConsent"], false);
        assert_eq!(change(&Form::with([("had-name", "김")])).get("advertisingConsent"), None);
    }

    #[test]
    fn groups_are_named_only_when_they_were_changed() {
        let form = Form::with([("group", "grp_2"), ("group", "grp_1"), ("had-group", "grp_1")]);
        assert_eq!(change(&form)["groupIds"], json!(["grp_1", "grp_2"]));
        assert_eq!(change(&Form::with([("had-group", "grp_1")]))["groupIds"], json!([]));
    }

    #[test]
    fn a_new_customer_has_what_was_filled_in() {
        let form = Form::with([
            ("name", " 김단골 "),
            ("phone", "010"),
            ("column.0", "생일"),
            ("value.0", ""),
            ("new-column.0", "취미"),
            ("new-value.0", "걷기"),
            ("new-column.1", " "),
            ("new-value.1", "x"),
            ("group", "grp_1"),
            ("consent", "yes"),
        ]);
        assert_eq!(
            new_customer(&form),
            json!({
                "name": "김단골", "phone": "010", "attributes": { "취미": "걷기" }, "groupIds": ["grp_1"],
                "advertisingConsent": true,
            })
        );
    }

    #[test]
    fn the_enter_key_looks_for_a_group_only_while_one_is_looked_for() {
        let form = |search, searched| Form::with([(DO, "enter"), (SEARCH, search), ("searched", searched)]);
        assert!(looks_for_group(&form("VIP", "")));
        assert!(!looks_for_group(&form("VIP", "VIP")) && !looks_for_group(&form("", "")));
        assert!(looks_for_group(&Form::with([(DO, "find")])) && !looks_for_group(&Form::with([(DO, "save"), (SEARCH, "VIP")])));
    }

    #[test]
    fn a_clinic_with_many_columns_is_offered_the_first_of_them() {
        let names: Vec<_> = (0..200).map(|number| format!("항목 {number}")).collect();
        let all = columns(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let form = of(&customer(&[("항목 150", "x")]), &all, &[]);
        assert_eq!(form.below("column.").count(), OFFERED + 1);
        assert_eq!(form.below("column.").last(), Some(("30", "항목 150")));
    }
}
