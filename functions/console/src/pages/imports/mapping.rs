//! Which sheet, which row of names and which columns are read.

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};
use serde::Serialize;

use super::model::{Import, cut, lead_back, path};
use super::show::{find, head, title};
use super::states::Role;
use crate::api::Failure;
use crate::form::{Errors, Form};
use crate::page::{Nav, Page};
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};

/// Rows of the file that are shown, and characters of each cell. A file may have 50 columns.
const ROWS: usize = 12;
const CELL: usize = 24;
/// Columns that are read.
const COLUMNS: usize = 50;

/// How a file is to be read.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Wish {
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    header_row: Option<u64>,
    columns: BTreeMap<String, Role>,
}

/// How the file was read, in one line, with the way to change it.
pub fn line(site: &Site, import: &Import) -> Markup {
    let words = &site.words().imports;
    let letters = |role: Role| {
        let columns = import.columns.iter().filter(|column| column.role == role).map(|column| column.letter.as_str());
        columns.collect::<Vec<_>>().join(", ")
    };
    html! {
        p.import-mapping {
            span.muted { (words.mapping_line) } " "
            @if let Some(sheet) = &import.sheet { (words.sheet) " " b { (cut(sheet, CELL)) } " · " }
            (words.header_row) " " b { @if import.header_row == 0 { (words.no_header) } @else { (import.header_row) } }
            @for role in Role::ALL.into_iter().filter(|role| !letters(*role).is_empty()) {
                " · " (role.word(words)) " " b { (letters(role)) }
            }
            " " @if import.remappable { a.button.small href=(path(&import.id, "mapping")) { (words.change_mapping) } }
        }
    }
}

/// The letters of the columns that the file has.
fn letters(import: &Import) -> Vec<String> {
    let widest = import.sample.iter().map(|row| row.cells.len()).max().unwrap_or(0).clamp(import.columns.len(), COLUMNS);
    (0..widest).map(letter).collect()
}

/// `A`, `Z`, `AA`.
fn letter(index: usize) -> String {
    let of = |index: usize| char::from(b'A' + u8::try_from(index % 26).unwrap_or(0));
    match index / 26 {
        0 => of(index).to_string(),
        tens => [of(tens - 1), of(index)].iter().collect(),
    }
}

/// The field that says what a column is.
fn role_field(letter: &str) -> String {
    format!("column-{letter}")
}

/// What the column was taken for; nothing where the file could not be read so far.
fn role(import: &Import, letter: &str) -> Option<Role> {
    import.columns.iter().find(|column| column.letter == letter).map(|column| column.role)
}

/// The first rows of the file.
pub fn sample(site: &Site, import: &Import) -> Markup {
    let letters = letters(import);
    let head = html! { th.number scope="col" { (site.words().imports.row_column) } @for letter in &letters { th scope="col" { (letter) } } };
    parts::table(site.words().imports.sample_heading, &head, &sample_rows(import, &letters))
}

fn sample_rows(import: &Import, letters: &[String]) -> Markup {
    html! {
        @for row in import.sample.iter().take(ROWS) {
            tr.import-header[row.number == import.header_row] {
                th.number scope="row" { (row.number) }
                @for index in 0..letters.len() { td { (row.cells.get(index).map(|cell| cut(cell, CELL)).unwrap_or_default()) } }
            }
        }
    }
}

/// Shows how the file was read.
///
/// # Errors
/// When there is no such import, or the API does not answer.
pub async fn show(site: Person, Path(id): Path<String>) -> Answer {
    let import = find(&site, &id).await?;
    if !import.remappable {
        return Ok(lead_back(&site, &id));
    }
    let read = !import.columns.is_empty() && import.failure.is_none();
    let header_row = if read { import.header_row.to_string() } else { String::new() };
    let roles = letters(&import)
        .into_iter()
        .filter_map(|letter| Some((role_field(&letter), role(&import, &letter)?.code().to_owned())));
    let fields: Vec<(String, String)> = roles
        .chain([("headerRow".to_owned(), header_row), ("sheet".to_owned(), import.sheet.clone().unwrap_or_default())])
        .collect();
    let form = Form::with(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    page(&site, &import, &form, &Errors::none()).await
}

async fn page(site: &Site, import: &Import, form: &Form, errors: &Errors) -> Result<Response, Failure> {
    let shell = site.shell().await?;
    let words = &site.words().imports;
    let action = path(&import.id, "mapping");
    let page =
        Page::staff(site, shell, Nav::Imports, format!("{} · {}", words.mapping_title, title(site, import))).errors(errors);
    Ok(page.body(html! {
        (head(site, import, &html! { a.button href=(import.path()) { (site.words().common.back) } }))
        h2 { (words.mapping_title) }
        p.muted { (words.mapping_intro) }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        @if import.sheets.len() > 1 {
            form.card method="post" action=(action) {
                h3 { (words.other_sheet) }
                (parts::csrf(site)) (parts::hidden("only", "sheet"))
                div.inline-form {
                    (Field::text("sheet", words.sheet, form, errors).options(import.sheets.iter().map(|sheet| (sheet.as_str(), sheet.as_str()))))
                    button.button type="submit" { (words.read_sheet) }
                }
            }
        }
        form.card method="post" action=(action) {
            h3 { (words.columns_heading) }
            (parts::csrf(site)) (parts::hidden("sheet", import.sheet.as_deref().unwrap_or_default()))
            (Field::text("headerRow", words.header_row, form, errors).input_mode("numeric").hint(words.header_row_hint))
            (columns(site, import, form))
            div.actions {
                button.button.primary type="submit" { (words.read_anew) }
                a.button href=(import.path()) { (site.words().common.cancel) }
            }
        }
    }))
}

/// The first rows of the file, and above each column what it is.
fn columns(site: &Site, import: &Import, form: &Form) -> Markup {
    let words = &site.words().imports;
    let letters = letters(import);
    let head = html! {
        th.number scope="col" { (words.row_column) }
        @for letter in &letters {
            th scope="col" {
                @let name = role_field(letter);
                label for={ "field-" (name) } { ((words.role_of)(letter)) }
                select.import-role id={ "field-" (name) } name=(name) {
                    option value="" { (words.role_auto) }
                    @for role in Role::ALL { option value=(role.code()) selected[form.text(&name) == role.code()] { (role.word(words)) } }
                }
            }
        }
    };
    parts::table(words.sample_caption, &head, &sample_rows(import, &letters))
}

/// What the form asks for. Another sheet is read as if nothing had ever been said. With another row of names the columns are
/// called otherwise, so only what was said about them now counts.
fn wish(import: &Import, form: &Form) -> Result<Wish, ()> {
    let sheet = form.filled("sheet").map(str::to_owned);
    if form.text("only") == "sheet" {
        return Ok(Wish { sheet, ..Wish::default() });
    }
    let header_row = match form.filled("headerRow") {
        None => None,
        Some(_) => Some(form.number("headerRow").and_then(|row| u64::try_from(row).ok()).ok_or(())?),
    };
    let same_names = header_row == Some(import.header_row);
    let columns = letters(import).into_iter().filter_map(|letter| {
        let chosen = Role::ALL.into_iter().find(|role| role.code() == form.text(&role_field(&letter)))?;
        (same_names || role(import, &letter) != Some(chosen)).then_some((letter, chosen))
    });
    Ok(Wish { sheet, header_row, columns: columns.collect() })
}

/// Has the file read anew.
///
/// # Errors
/// When there is no such import, or the API does not answer.
pub async fn read_anew(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    let import = find(&site, &id).await?;
    let mut errors = Errors::none();
    if form.restored() {
        return page(&site, &import, &form, &errors).await;
    }
    let Ok(wish) = wish(&import, &form) else {
        errors.add("headerRow", site.words().imports.header_row_wrong);
        return page(&site, &import, &form, &errors).await;
    };
    match site.api().post(["imports", &id, "remap"]).json(&wish).done().await {
        Ok(()) => Ok(lead_back(&site, &id)),
        Err(failure) => {
            let problem = failure.about_input()?;
            let of_columns = problem.field.as_deref().is_some_and(|field| field.starts_with("columns"));
            let errors = if of_columns { Errors::whole(problem.text()) } else { Errors::of(&problem, &[]) };
            page(&site, &import, &form, &errors).await
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn import() -> Import {
        let column = |letter: &str, role: &str| json!({ "letter": letter, "header": letter, "role": role });
        serde_json::from_value(json!({
            "id": "imp_1", "fileName": "고객.xlsx", "state": "ready", "rowsRead": 2, "rowsCommitted": 0, "rowsAdded": 0, "rowsUpdated": 0,
            "rowsUndone": 0, "rowsKept": 0, "rowsExpired": false, "options": { "existing": "update" }, "sheet": "고객", "sheets": ["고객"],
            "headerRow": 3, "columns": [column("A", "name"), column("B", "phone"), column("C", "attribute")],
            "sample": [{ "number": 3, "cells": ["A", "B", "C", "D"] }], "remappable": true, "counts": { "new": 2 }, "deleted": 0,
        }))
        .unwrap()
    }

    fn form(header_row: &'static str, third: &'static str) -> Form {
        let columns = [("column-A", "name"), ("column-B", "phone"), ("column-C", third), ("column-D", "")];
        Form::with(columns.into_iter().chain([("sheet", "고객"), ("headerRow", header_row)]))
    }

    #[test]
    fn columns_are_called_as_a_spreadsheet_does() {
        assert_eq!([0, 25, 26, 49].map(letter), ["A", "Z", "AA", "AX"]);
        assert_eq!(letters(&import()), ["A", "B", "C", "D"]);
    }

    #[test]
    fn what_is_shown_of_the_columns_is_said_with_the_same_names() {
        let wish = wish(&import(), &form("3", "ignored")).unwrap();
        let columns =
            [("A", Role::Name), ("B", Role::Phone), ("C", Role::Ignored)].map(|(letter, role)| (letter.to_owned(), role));
        assert_eq!(wish, Wish { sheet: Some("고객".to_owned()), header_row: Some(3), columns: BTreeMap::from(columns) });
    }

    #[test]
    fn with_other_names_only_what_was_changed_is_said() {
        let wish = wish(&import(), &form("5", "ignored")).unwrap();
        assert_eq!(wish.header_row, Some(5));
        assert_eq!(wish.columns, BTreeMap::from([("C".to_owned(), Role::Ignored)]));
        assert!(self::wish(&import(), &form("", "attribute")).unwrap().columns.is_empty());
    }

    #[test]
    fn another_sheet_is_read_as_if_nothing_had_been_said() {
        let form = Form::with([("only", "sheet"), ("sheet", "메모"), ("headerRow", "3"), ("column-A", "phone")]);
        assert_eq!(wish(&import(), &form), Ok(Wish { sheet: Some("메모".to_owned()), ..Wish::default() }));
    }

    #[test]
    fn a_header_row_is_a_number() {
        assert!(["x", "-1", "1.5"].iter().all(|row| wish(&import(), &Form::with([("headerRow", *row)])).is_err()));
    }
}
