//! What is done with the customers that were chosen in the list.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use crate::api::{Call, Failure, Problem};
use crate::form::{Errors, Form};
use crate::page::{Nav, Page, Shell};
use crate::pages::customers::all;
use crate::pages::customers::list::{count as counted, one_group, targets};
use crate::pages::groups::Group;
use crate::pages::groups::choose::{Found, NEW, NEW_NAME, SEARCH};
use crate::parts;
use crate::site::{Answer, Person, Site, inside};
use crate::visitor::Tone;

/// The field with a chosen customer.
pub const CUSTOMER: &str = "customer";
/// The box that chooses all of the filter.
pub const EVERYTHING: &str = "everything";
/// The field with the group to go to.
pub const TO: &str = "to";
/// The field with what to do: the buttons have it.
pub const DO: &str = "do";
/// The window with the groups.
const GROUPS: &str = "to-group";
/// The window that asks before customers are deleted.
const DELETE: &str = "delete-chosen";

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// They join a group.
    Add,
    /// They join a group and stay in this one.
    Copy,
    /// They join a group and leave this one.
    Move,
    /// They leave this one.
    Remove,
    /// They are deleted.
    Delete,
}

impl Wish {
    const ALL: [Self; 5] = [Self::Add, Self::Copy, Self::Move, Self::Remove, Self::Delete];

    /// What the button sends.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Copy => "copy",
            Self::Move => "move",
            Self::Remove => "remove",
            Self::Delete => "delete",
        }
    }

    /// By what the button sends.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|wish| wish.name() == name)
    }

    /// Whether a group to go to is needed.
    #[must_use]
    pub const fn has_target(self) -> bool {
        matches!(self, Self::Add | Self::Copy | Self::Move)
    }

    /// Whether it is about a group that they are in.
    const fn has_source(self) -> bool {
        matches!(self, Self::Copy | Self::Move | Self::Remove)
    }

    /// The call of the API that does it.
    pub fn call(self, site: &Site, from: &str, to: &str) -> Call {
        match self {
            Self::Add => site.api().post(["groups", to, "add"]),
            Self::Copy | Self::Move | Self::Remove => site.api().post(["groups", from, self.name()]),
            Self::Delete => site.api().post(["customers", "delete"]),
        }
    }

    /// What can be done with customers of a group, or of all, in the window with the groups.
    fn of(group: Option<&Group>) -> &'static [Self] {
        // Who is in no group has nothing to leave or to stay in.
        if group.is_some_and(|group| !group.unassigned) { &[Self::Move, Self::Copy] } else { &[Self::Add] }
    }
}

/// What the API says was done.
#[derive(Debug, Deserialize)]
struct Done {
    #[serde(alias = "deleted")]
    changed: u64,
}

/// Does what was asked for.
///
/// # Errors
/// When the API does not answer.
pub async fn act(site: Person, form: Form) -> Answer {
    let nobody = form.all(CUSTOMER).is_empty() && !form.has(EVERYTHING);
    if nobody {
        return Ok(site.go_saying(back(&form), Tone::Warning, site.words().customers.choose_first));
    }
    let wish = Wish::named(form.text(DO));
    let Some(wish) = wish.filter(|wish| !form.restored() && (!wish.has_source() || form.filled("group").is_some())) else {
        return page(&site, &form, &Errors::none()).await;
    };
    let to = match target(&site, wish, &form).await? {
        Ok(to) => to,
        Err(errors) => return page(&site, &form, &errors).await,
    };
    if form.has(EVERYTHING) {
        return all::begin(&site, wish, &form, to).await;
    }
    let mut body = json!({ "customerIds": form.all(CUSTOMER) });
    if matches!(wish, Wish::Copy | Wish::Move) {
        body["to"] = json!(to.id);
    }
    match wish.call(&site, form.text("group"), &to.id).json(&body).send::<Done>().await {
        Ok(done) => {
            // Of those who are moved the API counts whom the group did not have; people count whom they chose.
            let count = if wish == Wish::Move { form.all(CUSTOMER).len() as u64 } else { done.changed };
            let text = (site.words().customers.done)(wish, count, &to.name);
            // Who makes a group wants to do something with it next: to send to it.
            let to_group = parts::address("/customers", [("group", to.id.as_str())]);
            Ok(site.go_saying(if to.is_new { &to_group } else { back(&form) }, Tone::Good, &text))
        }
        Err(failure) => refused(&site, &form, failure, &to).await,
    }
}

/// Where to go to.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it was made for this.
    pub is_new: bool,
}

/// The group to go to; one that is new is made.
async fn target(site: &Person, wish: Wish, form: &Form) -> Result<Result<Target, Errors>, Failure> {
    if !wish.has_target() {
        return Ok(Ok(Target::default()));
    }
    let chosen = form.text(TO);
    let new = chosen == NEW || (chosen.is_empty() && form.filled(NEW_NAME).is_some());
    let call = match (new, chosen) {
        (true, _) => site.api().post(["groups"]).json(&json!({ "name": form.text(NEW_NAME) })),
        (false, "") => return Ok(Err(error(TO, site.words().groups.choose_first))),
        (false, id) => site.api().get(["groups", id]),
    };
    match call.send::<Group>().await {
        Ok(group) => Ok(Ok(Target { id: group.id, name: group.name, is_new: new })),
        Err(failure) if failure.is_not_found() => Ok(Err(error(TO, site.words().groups.gone))),
        Err(failure) => Ok(Err(Errors::of(&failure.about_input()?, &[("name", NEW_NAME)]))),
    }
}

/// The API does not do it: with another group it may.
async fn refused(site: &Person, form: &Form, failure: Failure, to: &Target) -> Answer {
    if failure.is_not_found() {
        return Ok(site.go_saying(back(form), Tone::Bad, site.words().groups.gone));
    }
    let problem: Problem = failure.about_input()?;
    if problem.is("unassigned-group") {
        let form = form.clone().with_value(TO, &to.id);
        return page(site, &form, &error(TO, problem.short())).await;
    }
    Ok(site.go_saying(back(form), Tone::Bad, problem.short()))
}

fn error(field: &str, text: &str) -> Errors {
    let mut errors = Errors::none();
    errors.add(field, text);
    errors
}

/// The list from which they were chosen.
#[must_use]
pub fn back(form: &Form) -> &str {
    inside(form.text("back")).filter(|path| path.starts_with("/customers")).unwrap_or("/customers")
}

/// The page of a selection: without a script groups are looked for here, errors are shown here, and here it comes back to after
/// signing in again.
async fn page(site: &Person, form: &Form, errors: &Errors) -> Answer {
    let chosen = async {
        if form.has(EVERYTHING) {
            counted(site, form.text("q"), form.text("group")).await
        } else {
            Ok(form.all(CUSTOMER).len() as u64)
        }
    };
    let (shell, group, chosen) = tokio::try_join!(site.shell(), one_group(site, form.text("group")), chosen)?;
    let mut groups = targets(site, group.as_ref(), form.text(SEARCH)).await?;
    if let Some(to) = form.filled(TO).filter(|to| *to != NEW)
        && let Ok(Some(to)) = one_group(site, to).await
    {
        groups = groups.with([to]);
    }
    Ok(drawn(site, (shell, chosen), group.as_ref(), &groups, form, errors))
}

fn drawn(
    site: &Person,
    (shell, chosen): (Shell, u64),
    group: Option<&Group>,
    groups: &Found,
    form: &Form,
    errors: &Errors,
) -> Response {
    let words = site.words();
    let title = (words.customers.chosen_title)(chosen);
    Page::staff(site, shell, Nav::Customers, title.as_str()).errors(errors).script("groups").body(html! {
        p.back { a href=(back(form)) { "← " (words.customers.title) } }
        h1 { (title) }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        form method="post" action="/customers/selection" {
            (parts::csrf(site))
            (carried(form))
            div.card {
                (groups.field(site, words.customers.target, (DO, "find"), form, errors))
                div.actions { (go_buttons(site, group)) }
            }
            @if group.is_some_and(|group| !group.unassigned) { (remove_button(site)) " " }
            (delete_window(site, &html! { (title) }))
            " " a.button href=(back(form)) { (words.common.cancel) }
        }
    })
}

/// What was chosen, to be sent again.
#[must_use]
pub fn carried(form: &Form) -> Markup {
    html! {
        @for name in ["back", "q", "group", "sort", "until"] { (parts::hidden(name, form.text(name))) }
        @if form.has(EVERYTHING) {
            (parts::hidden(EVERYTHING, "yes"))
        } @else {
            @for id in form.all(CUSTOMER) { (parts::hidden(CUSTOMER, id)) }
        }
    }
}

/// The window of the list in which the group is chosen.
#[must_use]
pub fn windows(site: &Site, group: Option<&Group>, groups: &Found, total: u64) -> Markup {
    let words = &site.words().customers;
    html! {
        div.dialog.wide #(GROUPS) popover="auto" role="dialog" aria-label=(words.target) {
            p.count { (count(site, total)) }
            (groups.field(site, words.target, (DO, "find"), &Form::default(), &Errors::none()))
            div.actions {
                (go_buttons(site, group))
                button.button type="button" popovertarget=(GROUPS) popovertargetaction="hide" { (site.words().common.close) }
            }
        }
    }
}

/// What stands below the list: what can be done with those who are chosen.
#[must_use]
pub fn bar(site: &Site, group: Option<&Group>, total: u64) -> Markup {
    let words = &site.words().customers;
    html! {
        div.selection {
            span role="status" { (count(site, total)) }
            button.plain-link type="button" hidden data-forget { (words.choose_nobody) }
            button.button type="button" popovertarget=(GROUPS) data-needs { (if Wish::of(group).len() > 1 { words.to_group } else { words.add_to_group }) }
            @if group.is_some_and(|group| !group.unassigned) { (remove_button(site)) }
            (delete_window(site, &count(site, total)))
        }
    }
}

/// How many are chosen, which a script fills in: those in the boxes, or all of so many.
fn count(site: &Site, total: u64) -> Markup {
    let words = &site.words().customers;
    html! { span data-count=(words.chosen) data-whole=((words.chosen_all)(total)) {} span.hint data-kept-count=(words.kept) {} }
}

fn go_buttons(site: &Site, group: Option<&Group>) -> Markup {
    html! {
        @for (at, wish) in Wish::of(group).iter().enumerate() {
            button class=(if at == 0 { "button primary" } else { "button" }) type="submit" name=(DO) value=(wish.name()) { ((site.words().customers.wish)(*wish)) }
        }
    }
}

fn remove_button(site: &Site) -> Markup {
    html! { button.button type="submit" name=(DO) value=(Wish::Remove.name()) data-needs { ((site.words().customers.wish)(Wish::Remove)) } }
}

/// Asks once more. It is part of the form with the boxes, so it has none of its own.
fn delete_window(site: &Site, number: &Markup) -> Markup {
    let words = site.words();
    html! {
        button.button.danger type="button" popovertarget=(DELETE) data-needs { (words.common.delete) }
        div.dialog #(DELETE) popover="auto" role="dialog" aria-labelledby="delete-title" {
            h2 #delete-title { (words.customers.delete_question) }
            p { (number) }
            p { (words.customers.delete_hint) }
            div.actions {
                button.button.danger type="submit" name=(DO) value=(Wish::Delete.name()) { (words.common.delete) }
                button.button type="button" popovertarget=(DELETE) popovertargetaction="hide" { (words.common.close) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(unassigned: bool) -> Group {
        Group { id: "grp_1".to_owned(), name: "VIP".to_owned(), unassigned, customers: 3 }
    }

    #[test]
    fn only_who_is_in_a_group_can_be_copied_or_moved_out_of_it() {
        assert_eq!(Wish::of(None), [Wish::Add]);
        assert_eq!(Wish::of(Some(&group(true))), [Wish::Add]);
        assert_eq!(Wish::of(Some(&group(false))), [Wish::Move, Wish::Copy]);
        assert!(Wish::of(None).iter().all(|wish| !wish.has_source()));
    }

    #[test]
    fn every_wish_is_known_by_what_its_button_sends() {
        for wish in Wish::ALL {
            assert_eq!(Wish::named(wish.name()), Some(wish));
        }
        assert_eq!(Wish::named("find"), None);
    }

    #[test]
    fn a_selection_leads_back_to_the_list_and_nowhere_else() {
        assert_eq!(back(&Form::with([("back", "/customers?q=%EA%B9%80&cursor=x")])), "/customers?q=%EA%B9%80&cursor=x");
        for path in ["", "/send", "//evil.example/customers", "https://evil.example/customers"] {
            assert_eq!(back(&Form::with([("back", path)])), "/customers", "{path}");
        }
    }
}
