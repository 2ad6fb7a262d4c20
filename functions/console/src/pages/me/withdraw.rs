//! Leaving Dangol for good.

use axum::http::header;
use axum::response::Response;
use maud::html;
use serde_json::json;

use crate::form::{Errors, Form};
use crate::page::Page;
use crate::parts;
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

pub(super) async fn show(site: Person) -> Response {
    page(&site, &Form::default(), &Errors::none())
}

fn page(site: &Site, form: &Form, errors: &Errors) -> Response {
    let words = &site.words().me;
    let error = errors.at("understood");
    Page::new(site, words.withdraw).errors(errors).body(html! {
        p { a href="/me" { "← " (words.title) } }
        h1 { (words.withdraw) }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        ul { @for text in words.withdraw_text { li { (text) } } }
        form method="post" action="/me/withdraw" {
            (parts::csrf(site))
            div.field.tick {
                input type="checkbox" id="field-understood" name="understood" value="yes" required checked[form.has("understood")]
                    aria-invalid=[error.map(|_| "true")] aria-describedby=[error.map(|_| "field-understood-error")];
                label for="field-understood" { (words.withdraw_tick) }
                @if let Some(error) = error { p.error id="field-understood-error" { (error) } }
            }
            div.actions {
                button.button.danger type="submit" { (words.withdraw) }
                a.button href="/me" { (site.words().common.cancel) }
            }
        }
    })
}

pub(super) async fn withdraw(site: Person, form: Form) -> Answer {
    if form.restored() {
        return Ok(page(&site, &form, &Errors::none()));
    }
    if !form.has("understood") {
        let mut errors = Errors::none();
        errors.add("understood", site.words().me.withdraw_untick);
        return Ok(page(&site, &form, &errors));
    }
    if let Err(failure) = site.api().delete(["me"]).json(&json!({ "confirm": "withdraw" })).done().await {
        return Ok(page(&site, &form, &Errors::whole(failure.about_input()?.text())));
    }
    let mut response = site.go_saying("/sign-in", Tone::Good, site.words().me.withdrawn);
    for cookie in site.visitor().clone().leave() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
