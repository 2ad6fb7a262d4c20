//! Groups to choose from, in a form: also where there are a thousand. The first ones are shown, the others are looked for.

use axum::extract::Query;
use maud::{Markup, html};
use serde::Deserialize;

use crate::api::{Failure, List};
use crate::form::{Errors, Form};
use crate::page::fragment;
use crate::pages::groups::{Group, MAX_NAME};
use crate::parts;
use crate::site::{Answer, Person, Site};

/// How many groups are shown at once.
const SHOWN: u32 = 50;
/// What stands in the place of a group's id when it is yet to be made.
pub const NEW: &str = "new";
/// The field with the name of a group that is yet to be made.
pub const NEW_NAME: &str = "new-group";
/// The field with the text to look for.
pub const SEARCH: &str = "find-group";

/// How groups are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum As {
    /// Links to the customers of each.
    Links,
    /// One of them, or a new one.
    One,
    /// Any number of them.
    Many,
}

/// What is offered.
#[derive(Debug, Clone, Deserialize)]
pub struct Offer {
    /// How.
    #[serde(rename = "as")]
    pub how: As,
    /// The field of the form.
    #[serde(default)]
    pub name: String,
    /// A group that is not offered: the one that people are moved out of.
    #[serde(default)]
    pub without: String,
    /// The group whose page it is, among links.
    #[serde(default)]
    pub here: String,
    /// Whether the unassigned group may be chosen.
    #[serde(default)]
    pub unassigned: bool,
    /// What to look for.
    #[serde(default)]
    pub q: String,
}

/// A group that can be chosen.
pub struct Choice {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it holds those who are in no other.
    pub unassigned: bool,
    /// How many customers are in it, where that is known.
    pub customers: Option<u64>,
}

impl From<Group> for Choice {
    fn from(group: Group) -> Self {
        Self { id: group.id, name: group.name, unassigned: group.unassigned, customers: Some(group.customers) }
    }
}

/// What was found of an offer.
pub struct Found {
    offer: Offer,
    groups: Vec<Choice>,
    more: bool,
    focused: bool,
}

impl Offer {
    /// One group, in this field.
    #[must_use]
    pub fn one(name: &str) -> Self {
        Self {
            how: As::One,
            name: name.to_owned(),
            without: String::new(),
            here: String::new(),
            unassigned: false,
            q: String::new(),
        }
    }

    /// Any number of groups, in this field.
    #[must_use]
    pub fn many(name: &str) -> Self {
        Self { how: As::Many, ..Self::one(name) }
    }

    /// Links, one of which leads to where somebody is.
    #[must_use]
    pub fn links(here: &str) -> Self {
        Self { how: As::Links, here: here.to_owned(), unassigned: true, ..Self::one("group") }
    }

    /// Leaves a group out.
    #[must_use]
    pub fn without(self, group: &str) -> Self {
        Self { without: group.to_owned(), ..self }
    }

    /// Offers the unassigned group too, or not.
    #[must_use]
    pub fn unassigned(self, unassigned: bool) -> Self {
        Self { unassigned, ..self }
    }

    /// Looks for a part of the name.
    #[must_use]
    pub fn looking_for(self, text: &str) -> Self {
        Self { q: text.trim().chars().take(MAX_NAME).collect(), ..self }
    }

    /// Asks the API.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn find_at(self, site: &Site) -> Result<Found, Failure> {
        let call = site.api().get(["groups"]).maybe("q", Some(&self.q)).query("limit", SHOWN);
        let List::<Group> { mut items, next_cursor } = call.send().await?;
        items.retain(|group| group.id != self.without && (self.unassigned || !group.unassigned));
        let groups = items.into_iter().map(Choice::from).collect();
        Ok(Found { offer: self, groups, more: next_cursor.is_some(), focused: false })
    }
}

/// What a script asks for while somebody types.
///
/// # Errors
/// When the API does not answer.
pub async fn find(site: Person, Query(offer): Query<Offer>) -> Answer {
    let q = offer.q.clone();
    let found = offer.looking_for(&q).find_at(&site).await?;
    Ok(fragment(found.list(&site, &[])))
}

impl Found {
    /// Puts these at the beginning, unless they are there already.
    #[must_use]
    pub fn with<T: Into<Choice>>(mut self, groups: impl IntoIterator<Item = T>) -> Self {
        for group in groups.into_iter().map(T::into) {
            if !self.has(&group.id) {
                self.groups.insert(0, group);
            }
        }
        self
    }

    /// Has the search take the focus, when the window that it is in opens.
    #[must_use]
    pub const fn focused(mut self) -> Self {
        self.focused = true;
        self
    }

    /// Whether the group is among them.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.groups.iter().any(|group| group.id == id)
    }

    /// The field: a search, what it found, and for one group the place for a new one. `find` is what the search's button sends, as
    /// name and value.
    #[must_use]
    pub fn field(&self, site: &Site, legend: &str, find: (&str, &str), form: &Form, errors: &Errors) -> Markup {
        let words = site.words();
        let name = self.offer.name.as_str();
        let error = errors.at(name);
        let described = error.map(|_| format!("field-{name}-error"));
        let search = format!("search-{name}");
        html! {
            fieldset.pick-groups id={ "field-" (name) } tabindex=[error.map(|_| "-1")] data-groups=(self.address()) aria-describedby=[described.as_deref()] {
                legend { (legend) }
                @if let Some(error) = error { p.error id=[described.as_deref()] { (error) } }
                div.inline-form {
                    div.field {
                        label for=(search) { (words.groups.search) }
                        input id=(search) name=(SEARCH) type="search" value=(self.offer.q) maxlength=(MAX_NAME) autocomplete="off" autofocus[self.focused] data-search;
                    }
                    button.button type="submit" name=(find.0) value=(find.1) formnovalidate data-without-script { (words.common.search) }
                }
                p.visually-hidden role="status" data-said {}
                (self.list(site, &form.all(name)))
                @if self.offer.how == As::One { (self.new_one(site, form, errors)) }
            }
        }
    }

    /// Where a script asks again.
    #[must_use]
    pub fn address(&self) -> String {
        let how = match self.offer.how {
            As::Links => "links",
            As::One => "one",
            As::Many => "many",
        };
        let unassigned = if self.offer.unassigned { "true" } else { "" };
        let Offer { name, without, here, .. } = &self.offer;
        let fields = [("as", how), ("name", name), ("without", without), ("here", here), ("unassigned", unassigned)];
        parts::address("/groups/choose", fields)
    }

    fn new_one(&self, site: &Site, form: &Form, errors: &Errors) -> Markup {
        let words = &site.words().groups;
        let name = self.offer.name.as_str();
        let error = errors.at(NEW_NAME);
        let described = error.map(|_| format!("field-{NEW_NAME}-error"));
        html! {
            ul.pick-list.plain {
                li.pick-new {
                    label.pick {
                        input type="radio" name=(name) value=(NEW) checked[form.all(name).contains(&NEW) || error.is_some()];
                        span { (words.new_one) }
                    }
                    input id={ "field-" (NEW_NAME) } name=(NEW_NAME) type="text" maxlength=(MAX_NAME) value=(form.raw(NEW_NAME)) data-new
                        aria-label=(words.new_name) placeholder=(words.new_name) autocomplete="off"
                        aria-invalid=[error.map(|_| "true")] aria-describedby=[described.as_deref()];
                    @if let Some(error) = error { p.error id=[described.as_deref()] { (error) } }
                }
            }
        }
    }

    /// What was found, as a script puts it in the place of what was found before.
    #[must_use]
    pub fn list(&self, site: &Site, chosen: &[&str]) -> Markup {
        let words = &site.words().groups;
        // What is chosen comes first: in a long list it would be out of sight.
        let is_chosen = |group: &&Choice| chosen.contains(&group.id.as_str());
        let groups = self.groups.iter().filter(is_chosen).chain(self.groups.iter().filter(|group| !is_chosen(group)));
        html! {
            div.found data-found {
                ul.pick-list { @for group in groups { li { (self.choice(site, group, is_chosen(&group))) } } }
                @if self.groups.is_empty() { p.hint data-nothing { (words.none_found) } }
                @if self.more { p.hint { (words.more) } }
            }
        }
    }

    fn choice(&self, site: &Site, group: &Choice, chosen: bool) -> Markup {
        let words = &site.words().groups;
        let customers = group.customers.map(parts::number).unwrap_or_default();
        let name = if group.unassigned && self.offer.how == As::One {
            words.out_of_all
        } else {
            words.name_of(&group.name, group.unassigned)
        };
        let kind = if self.offer.how == As::Many { "checkbox" } else { "radio" };
        html! {
            @if self.offer.how == As::Links {
                a.pick href=(parts::address("/customers", [("group", group.id.as_str())])) aria-current=[(group.id == self.offer.here).then_some("page")] {
                    span { (name) } " " span.number.muted { (customers) }
                }
            } @else {
                label.pick {
                    input type=(kind) name=(self.offer.name) value=(group.id) checked[chosen];
                    span { (name) } " " span.number.muted { (customers) }
                }
            }
        }
    }
}
