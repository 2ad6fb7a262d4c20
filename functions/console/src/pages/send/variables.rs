//! Fourth: what fills the variables of the text, what stands in, and who has neither.

use maud::{Markup, html};
use shared::model::sources::{self, MAX_DEFAULT};

use super::frame::Frame;
use super::known::{Known, Template, Variable};
use super::plan::{COLUMN, DEFAULT, Plan};
use super::preflight;
use super::step::Step;
use crate::api::List;
use crate::form::Errors;
use crate::pages::customers::Column;
use crate::site::{Answer, Person};

/// What is not answered here, by the rules of the API.
pub fn errors(site: &Person, known: &Known, plan: &Plan) -> Errors {
    let mut errors = Errors::none();
    let Some(template) = &known.template else { return errors };
    if let Err(flaw) = sources::tidy(&plan.sources(), &template.draft()) {
        let place = template.columns().position(|known| flaw.field.contains(&known.name));
        errors.add(&format!("variable-{}", place.unwrap_or_default()), site.language().choose(&flaw.ko, &flaw.en));
    }
    errors
}

/// The page.
///
/// # Errors
/// When the API does not answer.
pub async fn page(frame: &Frame<'_>) -> Answer {
    let words = &frame.site.words().send;
    let columns: List<Column> = frame.site.api().get(["customers", "columns"]).send().await?;
    let columns: Vec<_> = columns.items.iter().map(|column| column.name.as_str()).collect();
    let template = frame.known.template.as_ref();
    let variables: Vec<_> = template.into_iter().flat_map(Template::columns).collect();
    let has_name = template.is_some_and(|template| template.sources.iter().any(|variable| variable.filled_by == "name"));
    let lacking = preflight::later(frame, preflight::LACKING, words.looking_for_lacking).await?;
    let content = html! {
        h2 { (words.what_fills_it) }
        p { (words.variables_hint) @if has_name { " " (words.name_fills_itself) } }
        div.variable-list {
            @for (place, variable) in variables.iter().enumerate() { (fields(frame, place, variable, &columns)) }
        }
        div.actions { button.button type="submit" name="step" value="variables" { (words.look_again) } }
        h2 { (words.who_lacks) }
        (lacking)
    };
    Ok(frame.asking(&[COLUMN, DEFAULT], Step::Variables, &content))
}

/// What fills one of them.
fn fields(frame: &Frame<'_>, place: usize, variable: &Variable, columns: &[&str]) -> Markup {
    let words = &frame.site.words().send;
    let name = variable.name.as_str();
    let by_template = (variable.column.as_deref().unwrap_or(name), variable.default.as_deref().unwrap_or_default());
    let (column, default) =
        frame.plan.filled.get(name).map_or(by_template, |(column, default)| (column.as_str(), default.as_str()));
    let column = if column.is_empty() { name } else { column };
    let is_known = columns.contains(&column);
    let (of_column, of_default) = (format!("variable-{place}-column"), format!("field-variable-{place}"));
    let error = frame.errors.at(&format!("variable-{place}"));
    let error_id = format!("{of_default}-error");
    html! {
        fieldset.variable {
            legend { "#{" (name) "}" }
            div.field {
                label for=(of_column) { (words.column) }
                select id=(of_column) name={ (COLUMN) (name) } {
                    @if !is_known { option value=(column) selected { (words.unknown_column.replace("{}", column)) } }
                    @for known in columns { option value=(known) selected[*known == column] { (known) } }
                }
            }
            div.field {
                label for=(of_default) { (words.stands_in) }
                input type="text" id=(of_default) name={ (DEFAULT) (name) } value=(default) maxlength=(MAX_DEFAULT) autocomplete="off"
                    placeholder=(words.nothing_stands_in) aria-invalid=[error.map(|_| "true")] aria-describedby=[error.map(|_| &error_id)];
                @if let Some(error) = error { p.error id=(error_id) { (error) } }
            }
        }
    }
}
