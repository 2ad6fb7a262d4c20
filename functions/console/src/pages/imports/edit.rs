//! Correcting a row, on a page of its own.

use axum::extract::{Path, Query};
use axum::response::Response;
use maud::html;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::model::{Column, Import, path};
use super::rows::{Filter, Row};
use super::show::{find, head, refused, title};
use super::states::{Role, State, Verdict};
use crate::api::Failure;
use crate::form::{Errors, Form};
use crate::page::{Nav, Page};
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// The button that leads on to the next row.
const AND_ON: &str = "and-on";

/// What the API says about a row that was changed.
#[derive(Deserialize)]
struct Edited {
    verdict: Verdict,
    reason: Option<String>,
}

/// Rows that cannot become customers as they are, and can be mended.
fn to_mend(import: &Import) -> u64 {
    Verdict::TO_MEND.into_iter().map(|verdict| import.count(verdict)).sum()
}

/// Shows the row as it is.
///
/// # Errors
/// When there is no such import, or the API does not answer.
pub async fn show(site: Person, Path((id, number)): Path<(String, String)>, Query(filter): Query<Filter>) -> Answer {
    let number = number.parse().unwrap_or(0);
    // The API lists rows and shows none alone, so the row is looked for on the page from which people come.
    let (import, rows) = tokio::try_join!(find(&site, &id), filter.list(&site, &id))?;
    let Some(row) = rows.items.iter().find(|row| row.number == number && !row.deleted && import.state == State::Ready) else {
        return Ok(site.go_saying(&filter.address(&id), Tone::Warning, site.words().imports.row_gone));
    };
    let fields = fields(&import, row);
    let form = Form::with(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let why = row.reason.as_deref().unwrap_or_default();
    page(&site, &Shown { import: &import, number, filter: &filter, why }, &form, &Errors::none()).await
}

/// What is being edited.
struct Shown<'a> {
    import: &'a Import,
    number: u64,
    filter: &'a Filter,
    /// What is wrong with it, as far as it is known.
    why: &'a str,
}

/// The columns of the clinic's own, with the names of their fields. A header may be anything, so it cannot be the name.
fn details(import: &Import) -> impl Iterator<Item = (String, &Column)> {
    let columns = import.columns.iter().enumerate().filter(|(_, column)| column.role == Role::Attribute);
    columns.map(|(index, column)| (format!("detail-{index}"), column))
}

fn fields(import: &Import, row: &Row) -> Vec<(String, String)> {
    let own = [("name", &row.name), ("phone", &row.phone_text)].map(|(name, value)| (name.to_owned(), value.clone()));
    let group = ("group".to_owned(), row.group.clone().unwrap_or_default());
    let details = details(import).map(|(name, column)| (name, row.attributes.get(&column.header).cloned().unwrap_or_default()));
    own.into_iter().chain([group]).chain(details).collect()
}

async fn page(site: &Site, shown: &Shown<'_>, form: &Form, errors: &Errors) -> Result<Response, Failure> {
    let Shown { import, number, filter, why } = *shown;
    let shell = site.shell().await?;
    let (words, common) = (&site.words().imports, &site.words().common);
    let heading = (words.edit_title)(number);
    let page = Page::staff(site, shell, Nav::Imports, format!("{heading} · {}", title(site, import))).errors(errors);
    Ok(page.body(html! {
        (head(site, import, &html! {}))
        h2 { (heading) }
        @if !why.is_empty() { (parts::notice(Tone::Plain, html! { (why) })) }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        form.card method="post" action=(path(&import.id, &format!("rows/{number}"))) {
            (parts::csrf(site)) (filter.hidden())
            (Field::text("name", common.name, form, errors))
            (Field::text("phone", common.phone, form, errors).input_mode("tel").hint(words.edit_phone_hint))
            (Field::text("group", words.group_column, form, errors))
            @for (name, column) in details(import) {
                @let field = Field::text(&name, &column.header, form, errors);
                @if form.raw(&name).contains('\n') { (field.rows(3)) } @else { (field) }
            }
            div.actions {
                button.button.primary type="submit" { (common.save) }
                @if to_mend(import) > 1 { button.button type="submit" name=(AND_ON) value="yes" { (words.save_and_next) } }
                a.button href=(filter.address(&import.id)) { (words.back_to_review) }
            }
        }
    }))
}

/// Writes the correction. The row is judged anew: one that still cannot become a customer stays to be mended.
///
/// # Errors
/// When there is no such import or row, or the API does not answer.
pub async fn save(site: Person, Path((id, number)): Path<(String, String)>, form: Form) -> Answer {
    let words = &site.words().imports;
    let number = number.parse().unwrap_or(0);
    let filter = Filter::of(&form);
    let import = find(&site, &id).await?;
    let shown = Shown { import: &import, number, filter: &filter, why: "" };
    if form.restored() {
        return page(&site, &shown, &form, &Errors::none()).await;
    }
    let attributes: Map<String, Value> =
        details(&import).map(|(name, column)| (column.header.clone(), json!(form.text(&name)))).collect();
    let edit = json!({
        "name": form.text("name"), "phone": form.text("phone"), "group": form.text("group"), "attributes": attributes,
    });
    match site.api().patch(["imports", &id, "rows", &number.to_string()]).json(&edit).send::<Edited>().await {
        Ok(Edited { verdict, reason }) => match verdict.wrong_field() {
            Some(field) => {
                let mut errors = Errors::whole((words.edited_still_bad)(number));
                errors.add(field, reason.unwrap_or_default());
                page(&site, &shown, &form, &errors).await
            }
            None if form.has(AND_ON) => {
                let next = next(&site, &id, number).await?;
                let (address, said) = next.map_or((filter.address(&id), words.all_mended), |address| (address, words.edited));
                Ok(site.go_saying(&address, Tone::Good, &said(number)))
            }
            None => Ok(site.go_saying(&filter.address_of_row(&id, number), Tone::Good, &(words.edited)(number))),
        },
        Err(Failure::Problem(problem)) if problem.status == 422 => {
            let names: Vec<_> =
                details(&import).map(|(name, column)| (format!("attributes.{}", column.header), name)).collect();
            let names: Vec<_> = names.iter().map(|(path, name)| (path.as_str(), name.as_str())).collect();
            page(&site, &shown, &form, &Errors::of(&problem, &names)).await
        }
        Err(failure) => refused(&site, &id, failure),
    }
}

/// Where the next row is mended: one further down, otherwise one from the beginning.
async fn next(site: &Site, id: &str, after: u64) -> Result<Option<String>, Failure> {
    let [phone, name] = Verdict::TO_MEND.map(Filter::of_verdict);
    let (phones, names) = tokio::try_join!(phone.list(site, id), name.list(site, id))?;
    let rows = [(&phone, &phones), (&name, &names)]
        .into_iter()
        .flat_map(|(filter, rows)| rows.items.iter().map(move |row| (row.number <= after, row.number, filter)));
    let next = rows.min_by_key(|(is_before, number, _)| (*is_before, *number));
    Ok(next.map(|(_, number, filter)| filter.of_row(id, number)))
}
