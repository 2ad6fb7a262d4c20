//! Adding and changing a customer.

use axum::extract::{Path, Query};
use maud::html;
use serde::Deserialize;

use crate::api::List;
use crate::form::{Errors, Form};
use crate::page::{Nav, Page};
use crate::pages::customers::selection::DO;
use crate::pages::customers::{Column, Customer, fields, one};
use crate::parts;
use crate::site::{Answer, Person};
use crate::visitor::Tone;

/// The group that a new customer shall be in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    group: String,
}

/// Shows an empty form.
///
/// # Errors
/// When the API does not answer.
pub async fn new(site: Person, Query(asked): Query<Asked>) -> Answer {
    let columns: List<Column> = site.api().get(["customers", "columns"]).send().await?;
    let form = fields::empty(&columns.items, &asked.group);
    form_page(&site, &form, &Errors::none()).await
}

/// Adds the customer.
///
/// # Errors
/// When the API does not answer.
pub async fn add(site: Person, form: Form) -> Answer {
    if form.restored() || fields::looks_for_group(&form) {
        return form_page(&site, &form, &Errors::none()).await;
    }
    match site.api().post(["customers"]).json(&fields::new_customer(&form)).send::<Customer>().await {
        Ok(customer) => {
            let group = form.all("group").first().copied().unwrap_or_default();
            let path = match form.text(DO) {
                "another" => parts::address("/customers/new", [("group", group)]),
                _ => format!("/customers/{}", parts::encoded(&customer.id)),
            };
            Ok(site.go_saying(&path, Tone::Good, site.words().customers.added_one))
        }
        Err(failure) => {
            let problem = failure.about_input()?;
            form_page(&site, &form, &fields::errors(&problem)).await
        }
    }
}

async fn form_page(site: &Person, form: &Form, errors: &Errors) -> Answer {
    let (shell, groups) = tokio::try_join!(site.shell(), fields::groups(site, form, []))?;
    let words = site.words();
    Ok(Page::staff(site, shell, Nav::Customers, words.customers.add).errors(errors).script("groups").body(html! {
        p.back { a href="/customers" { "← " (words.customers.title) } }
        h1 { (words.customers.add) }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        form.customer method="post" action="/customers/new" {
            (fields::fields(site, form, errors, &groups))
            div.actions {
                button.button.primary type="submit" name=(DO) value="save" { (words.customers.add) }
                button.button type="submit" name=(DO) value="another" { (words.customers.add_another) }
                a.button href="/customers" { (words.common.cancel) }
            }
        }
    }))
}

/// Changes a customer.
///
/// # Errors
/// When there is none, or the API does not answer.
pub async fn change(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    if form.restored() || fields::looks_for_group(&form) {
        return one::page(&site, &id, "", Some(&form), &Errors::none()).await;
    }
    match site.api().patch(["customers", &id]).json(&fields::change(&form)).send::<Customer>().await {
        Ok(customer) => {
            let path = format!("/customers/{}", parts::encoded(&customer.id));
            Ok(site.go_saying(&path, Tone::Good, site.words().customers.changed))
        }
        Err(failure) => {
            let problem = failure.about_input()?;
            one::page(&site, &id, "", Some(&form), &fields::errors(&problem)).await
        }
    }
}
