//! The fields of a customer: to fill in, and to read.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use serde_json::{Value, json};

use crate::api::{Failure, Problem};
use crate::form::{Errors, Form};
use crate::pages::customers::list::one_group;
use crate::pages::customers::selection::DO;
use crate::pages::customers::{Column, Customer};
use crate::pages::groups::Group;
use crate::pages::groups::choose::{Found, Offer, SEARCH};
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
/// The field with a group that the customer was in when the form was shown.
const HAD: &str = "had-group";

/// The form of a new customer.
#[must_use]
pub fn empty(columns: &[Column], group: &str) -> Form {
    let group = Some(group).filter(|group| !group.is_empty());
    filled(None, columns, &group.into_iter().map(str::to_owned).collect::<Vec<_>>())
}

/// The form of a customer who is there.
#[must_use]
pub fn of(customer: &Customer, columns: &[Column], groups: &[String]) -> Form {
    filled(Some(customer), columns, groups)
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
        if customer.is_some() {
            put(HAD, group);
        }
    }
    Form::with(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

/// Whether the form is sent to look for a group: by its button, or by the enter key in its field.
#[must_use]
pub fn looks_for_group(form: &Form) -> bool {
    let entered = form.text(DO) == "enter" && form.filled(SEARCH).is_some_and(|text| text != form.text("searched"));
    form.text(DO) == "find" || entered
}

/// The groups to offer: those that are chosen, and what is looked for.
///
/// # Errors
/// When the API does not answer.
pub async fn groups(site: &Site, form: &Form, known: &[Group]) -> Result<Found, Failure> {
    let found = Offer::many(GROUP).looking_for(form.text(SEARCH)).find_at(site).await?;
    let mut chosen = Vec::new();
    for id in form.all(GROUP).into_iter().filter(|id| !found.has(id)) {
        match known.iter().find(|group| group.id == id) {
            Some(group) => chosen.push(group.clone()),
            None => chosen.extend(one_group(site, id).await.unwrap_or_default()),
        }
    }
    Ok(found.with(chosen))
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

/// What the API is told of a customer who is there. Groups are named only when they were changed, so that what a colleague did
/// meanwhile stays.
#[must_use]
pub fn change(form: &Form) -> Value {
    let mut change = json!({
        "name": form.text("name"),
        "phone": form.text("phone"),
        "attributes": attributes(form),
        "advertisingConsent": form.has("consent"),
    });
    let [groups, had] = [GROUP, HAD].map(|field| form.all(field).into_iter().collect::<BTreeSet<_>>());
    if groups != had {
        change["groupIds"] = json!(groups);
    }
    change
}

/// Names and values; one without a value is taken away.
fn attributes(form: &Form) -> BTreeMap<&str, Option<&str>> {
    let old = form.below("column.").map(|(at, name)| (name, at, "value."));
    let new = form.below("new-column.").map(|(at, name)| (name, at, "new-value."));
    let named = old.chain(new).filter(|(name, ..)| !name.trim().is_empty());
    named.map(|(name, at, values)| (name, form.filled(&format!("{values}{at}")))).collect()
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
pub fn fields(site: &Person, form: &Form, errors: &Errors, groups: &Found) -> Markup {
    let words = site.words();
    html! {
        (parts::csrf(site))
        // What the enter key presses.
        button.visually-hidden type="submit" name=(DO) value="enter" tabindex="-1" aria-hidden="true" {}
        (parts::hidden("searched", form.text(SEARCH)))
        @for id in form.all(HAD) { (parts::hidden(HAD, id)) }
        div.pair {
            (Field::text("name", words.common.name, form, errors).max_length(MAX_NAME).autocomplete("off").required())
            (Field::text("phone", words.common.phone, form, errors).kind("tel").hint("010-1234-5678").autocomplete("off").required())
        }
        (parts::tick("consent", words.customers.consent, form.has("consent"), Some(words.customers.consent_hint)))
        (groups.field(site, words.groups.title, (DO, "find"), form, errors))
        (own_columns(site, form, errors))
    }
}

fn own_columns(site: &Person, form: &Form, errors: &Errors) -> Markup {
    let words = &site.words().customers;
    let error = errors.at("attributes");
    let none = Errors::none();
    html! {
        fieldset #field-attributes tabindex=[error.map(|_| "-1")] aria-describedby=[error.map(|_| "field-attributes-error")] {
            legend { (words.attributes) }
            @if let Some(error) = error { p.error #field-attributes-error { (error) } }
            p.hint { (words.attributes_hint) }
            div.pair {
                @for (at, name) in form.below("column.") {
                    (parts::hidden(&format!("column.{at}"), name))
                    (own_column(&format!("value.{at}"), name, form, &none))
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
fn own_column(field: &str, name: &str, form: &Form, errors: &Errors) -> Markup {
    let lines = form.raw(field).lines().count();
    let entry = Field::text(field, name, form, errors).autocomplete("off");
    html! { @if lines > 1 { (entry.rows(3)) } @else { (entry) } }
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
        assert_eq!(
            change(&form),
            json!({
                "name": "김단골", "phone": "010-1234-5678", "advertisingConsent": false,
                "attributes": { "생일": "3월 2일", "취미": null, "메모": "가\n나" },
            })
        );
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
