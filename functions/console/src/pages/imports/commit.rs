//! The decision: which group, what happens to known customers, and off it goes.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::json;

use super::model::{Existing, Import, lead_back, path};
use super::show::{find, head_at, title};
use super::states::{Role, State, Verdict};
use crate::api::{Failure, List};
use crate::form::{Errors, Form};
use crate::page::{Nav, Page};
use crate::pages::groups::Group;
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};

/// Names of groups that a field proposes, and that are looked through for a name.
const PROPOSED: u32 = 50;
const LOOKED_THROUGH: u32 = 200;

/// Asks for the settings.
///
/// # Errors
/// When there is no such import, or the API does not answer.
pub async fn show(site: Person, Path(id): Path<String>) -> Answer {
    let import = find(&site, &id).await?;
    if import.state != State::Ready || import.good() == 0 {
        return Ok(lead_back(&site, &id));
    }
    let form = Form::with([("to", "file"), ("existing", "update"), ("make", "yes")]);
    page(&site, &import, &form, &Errors::none()).await
}

async fn page(site: &Site, import: &Import, form: &Form, errors: &Errors) -> Result<Response, Failure> {
    let groups = site.api().get(["groups"]).query("limit", PROPOSED).send::<List<Group>>();
    let (shell, groups) = tokio::try_join!(site.shell(), groups)?;
    let words = &site.words().imports;
    let key = form.filled("key").map_or_else(|| site.fresh_key(), str::to_owned);
    let page =
        Page::staff(site, shell, Nav::Imports, format!("{} · {}", words.commit_title, title(site, import))).errors(errors);
    Ok(page.body(html! {
        (head_at(site, import, 2, &html! {}))
        h2 { (words.commit_title) }
        p {
            strong { ((words.good_rows)(import.good())) } " "
            @if import.bad() > 0 { span.muted { ((words.bad_rows)(import.bad())) } }
        }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        form.import-settings method="post" action=(path(&import.id, "commit")) {
            (parts::csrf(site)) (parts::hidden("key", &key))
            (where_to(site, import, &groups, form, errors))
            (known(site, import, form))
            p.muted { (words.no_consent) }
            div.actions {
                button.button.primary type="submit" { ((words.commit)(import.good())) }
                a.button href=(import.path()) { (words.back_to_review) }
            }
        }
    }))
}

fn where_to(site: &Site, import: &Import, groups: &List<Group>, form: &Form, errors: &Errors) -> Markup {
    let words = &site.words().imports;
    let to_one = form.text("to") == "one";
    let names_groups = import.columns.iter().any(|column| column.role == Role::Group);
    let (file, file_hint) =
        if names_groups { (words.to_file, words.to_file_hint) } else { (words.to_none, words.to_none_hint) };
    html! {
        fieldset {
            legend { (words.where_to) }
            (choice("to", "file", file, file_hint, !to_one))
            (choice("to", "one", words.to_one, words.to_one_hint, to_one))
            div.import-group {
                (Field::text("group", words.group_name, form, errors).hint(words.group_hint).max_length(50).list("groups").autocomplete("off"))
                datalist #groups { @for group in groups.items.iter().filter(|group| !group.unassigned) { option value=(group.name) {} } }
                (parts::tick("make", words.make_group, form.has("make"), None))
            }
        }
    }
}

fn known(site: &Site, import: &Import, form: &Form) -> Markup {
    let words = &site.words().imports;
    let leave = form.text("existing") == "leave";
    html! {
        fieldset {
            legend { (words.known_heading) }
            p.hint { ((words.known_count)(import.count(Verdict::Updates))) }
            (choice("existing", "update", words.known_update, words.known_update_hint, !leave))
            (choice("existing", "leave", words.known_leave, words.known_leave_hint, leave))
        }
    }
}

fn choice(name: &str, value: &str, label: &str, hint: &str, chosen: bool) -> Markup {
    let id = format!("field-{name}-{value}");
    html! {
        div.field.tick {
            input type="radio" id=(id) name=(name) value=(value) checked[chosen] aria-describedby={ (id) "-hint" };
            label for=(id) { (label) }
            p.hint id={ (id) "-hint" } { (hint) }
        }
    }
}

/// Has the rows become customers.
///
/// # Errors
/// When there is no such import, or the API does not answer.
pub async fn commit(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    let import = find(&site, &id).await?;
    if form.restored() {
        return page(&site, &import, &form, &Errors::none()).await;
    }
    let target = match target(&site, &form).await? {
        Ok(target) => target,
        Err(errors) => return page(&site, &import, &form, &errors).await,
    };
    let existing = if form.text("existing") == "leave" { Existing::Leave } else { Existing::Update };
    let approval = json!({ "targetGroupId": target, "existing": existing });
    match site.api().post(["imports", &id, "commit"]).idempotent(form.text("key")).json(&approval).done().await {
        Ok(()) => Ok(lead_back(&site, &id)),
        Err(failure) => {
            let problem = failure.about_input()?;
            let errors = Errors::of(&problem, &[("targetGroupId", "group")]);
            page(&site, &import, &rekeyed(&form, problem.is("idempotency-key-reused")), &errors).await
        }
    }
}

/// The form with a key of its own when the one that it has stands for other choices.
fn rekeyed(form: &Form, used: bool) -> Form {
    let fields = ["to", "group", "make", "existing", "key"];
    let kept = fields.into_iter().filter(|field| form.has(field) && !(used && *field == "key"));
    Form::with(kept.map(|field| (field, form.raw(field))))
}

/// The one group that everybody joins, made where it is wanted; none when the file says.
async fn target(site: &Site, form: &Form) -> Result<Result<Option<String>, Errors>, Failure> {
    let words = &site.words().imports;
    let beside = |text: &str| {
        let mut errors = Errors::none();
        errors.add("group", text);
        Ok(Err(errors))
    };
    let name = match (form.text("to") == "one", form.filled("group")) {
        (false, None) => return Ok(Ok(None)),
        (false, Some(_)) => return beside(words.group_or_file),
        (true, None) => return beside(words.group_missing),
        (true, Some(name)) => name,
    };
    let found = site.api().get(["groups"]).query("q", name).query("limit", LOOKED_THROUGH).send::<List<Group>>().await;
    let groups = match found {
        Ok(groups) => groups.items,
        Err(failure) => return Ok(Err(Errors::of(&failure.about_input()?, &[("q", "group")]))),
    };
    if let Some(group) = groups.into_iter().find(|group| same_name(&group.name, name)) {
        return Ok(Ok(Some(group.id)));
    }
    if !form.has("make") {
        return beside(words.group_unknown);
    }
    match site.api().post(["groups"]).json(&json!({ "name": name })).send::<Group>().await {
        Ok(group) => Ok(Ok(Some(group.id))),
        Err(failure) => {
            let problem = failure.about_input()?;
            if problem.field.is_some() { Ok(Err(Errors::of(&problem, &[("name", "group")]))) } else { beside(&problem.text()) }
        }
    }
}

/// Names of groups are the same without regard to capitals, as the database sees them.
fn same_name(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_known_by_its_name_without_capitals() {
        assert!(same_name("VIP", "vip") && same_name("재방문", "재방문") && !same_name("VIP 2", "VIP"));
    }

    #[test]
    fn a_key_that_stands_for_other_choices_is_not_used_again() {
        let form = Form::with([("to", "one"), ("group", "VIP"), ("key", "k")]);
        assert_eq!(rekeyed(&form, true), Form::with([("to", "one"), ("group", "VIP")]));
        assert_eq!(rekeyed(&form, false), form);
    }
}
