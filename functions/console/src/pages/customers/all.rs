//! What is done with all customers of a filter: step by step, with a page that shows how far it is. A script goes on by itself;
//! without one there is a button.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::form::Form;
use crate::page::{Nav, Page, Shell};
use crate::pages::customers::selection::{DO, TO, Target, Wish, back};
use crate::parts;
use crate::site::{Answer, Person};
use crate::visitor::Tone;

/// The work, as its form carries it.
struct Work {
    wish: Wish,
    to: Target,
    group: String,
    q: String,
    until: String,
    cursor: String,
    /// How many there were in the beginning.
    total: u64,
    /// With how many something happened so far.
    changed: u64,
    /// How many are left.
    remaining: u64,
    back: String,
}

/// What the API says about a step.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    #[serde(alias = "deleted")]
    changed: u64,
    #[serde(default)]
    remaining: u64,
    next_cursor: Option<String>,
}

/// Begins. Who deletes is asked once more, with the number.
///
/// # Errors
/// When the API does not answer.
pub async fn begin(site: &Person, wish: Wish, form: &Form, to: Target) -> Answer {
    let mut work = Work::of(wish, form, to);
    work.cursor = String::new();
    work.changed = 0;
    work.remaining = work.total;
    if wish == Wish::Delete { ask(site, &work, form).await } else { go_on(site, work).await }
}

/// Does one step more.
///
/// # Errors
/// When the API does not answer.
pub async fn step(site: Person, form: Form) -> Answer {
    let Some(wish) = Wish::named(form.text(DO)) else { return Ok(site.go("/customers")) };
    let to = Target { id: form.text(TO).to_owned(), name: form.text("to-name").to_owned() };
    let work = Work::of(wish, &form, to);
    if form.restored() { ask(&site, &work, &form).await } else { go_on(&site, work).await }
}

async fn go_on(site: &Person, mut work: Work) -> Answer {
    let call = work.wish.call(site, &work.group, &work.to.id).json(&work.body());
    let (shell, step) = tokio::join!(site.shell(), call.send::<Step>());
    let step = match step {
        Ok(step) => step,
        Err(failure) if failure.is_not_found() => {
            return Ok(site.go_saying(&work.back, Tone::Bad, site.words().groups.gone));
        }
        Err(failure) => {
            let problem = failure.about_input()?;
            return Ok(site.go_saying(&work.back, Tone::Bad, problem.short()));
        }
    };
    work.changed += step.changed;
    work.remaining = step.remaining;
    let Some(cursor) = step.next_cursor else { return Ok(finished(site, shell?, &work)) };
    work.cursor = cursor;
    Ok(page(
        site,
        shell?,
        &work,
        &html! {
            (parts::progress(site.words().customers.progress, work.total.saturating_sub(work.remaining), work.total))
            p role="status" { ((site.words().customers.remaining)(work.remaining)) }
            p.hint { (site.words().customers.keep_open) }
            form method="post" action="/customers/all" data-step {
                (work.fields(site))
                button.button.primary type="submit" { (site.words().customers.go_on) }
            }
            p { a href=(work.back) { (site.words().customers.stop) } }
        },
    ))
}

/// Nothing is done yet, or nothing since the session ended: the button begins, or goes on.
async fn ask(site: &Person, work: &Work, form: &Form) -> Answer {
    let words = site.words();
    let shell = site.shell().await?;
    Ok(page(
        site,
        shell,
        work,
        &html! {
            (parts::restored(site, form))
            p { ((words.customers.ask_all)(work.wish, work.remaining)) }
            @if work.wish == Wish::Delete { p { (words.customers.delete_hint) } }
            form method="post" action="/customers/all" {
                (work.fields(site))
                div.actions {
                    button class=(if work.wish == Wish::Delete { "button danger" } else { "button primary" }) type="submit" {
                        ((words.customers.wish)(work.wish))
                    }
                    a.button href=(work.back) { (words.common.cancel) }
                }
            }
        },
    ))
}

fn finished(site: &Person, shell: Shell, work: &Work) -> Response {
    let words = site.words();
    let count = if work.wish == Wish::Move { work.total } else { work.changed };
    // What is deleted is on no page any more.
    let back = if work.wish == Wish::Delete { "/customers" } else { &work.back };
    page(
        site,
        shell,
        work,
        &html! {
            (parts::progress(words.customers.progress, work.total, work.total))
            (parts::notice(Tone::Good, html! { p #end tabindex="-1" data-end { ((words.customers.done)(work.wish, count, &work.to.name)) } }))
            div.actions {
                a.button.primary href=(back) { (words.customers.to_list) }
                @if !work.to.id.is_empty() {
                    a.button href=(parts::address("/customers", [("group", work.to.id.as_str())])) { (words.groups.show_customers) ": " (work.to.name) }
                }
            }
        },
    )
}

fn page(site: &Person, shell: Shell, work: &Work, content: &Markup) -> Response {
    let title = (site.words().customers.wish)(work.wish);
    Page::staff(site, shell, Nav::Customers, title).script("work").body(html! {
        h1 { (title) }
        div.card data-work { (content) }
    })
}

impl Work {
    fn of(wish: Wish, form: &Form, to: Target) -> Self {
        let number = |name| form.number(name).and_then(|number| u64::try_from(number).ok()).unwrap_or(0);
        Self {
            wish,
            to,
            group: form.text("group").to_owned(),
            q: form.text("q").to_owned(),
            until: form.text("until").to_owned(),
            cursor: form.text("cursor").to_owned(),
            total: number("total"),
            changed: number("changed"),
            remaining: number("remaining"),
            back: back(form).to_owned(),
        }
    }

    /// What the API is asked for.
    fn body(&self) -> Value {
        let mut all = json!({});
        for (name, value) in [("q", &self.q), ("groupId", &self.group), ("addedUntil", &self.until)] {
            if !value.is_empty() {
                all[name] = json!(value);
            }
        }
        let mut body = json!({ "all": all });
        if matches!(self.wish, Wish::Copy | Wish::Move) {
            body["to"] = json!(self.to.id);
        }
        if !self.cursor.is_empty() {
            body["cursor"] = json!(self.cursor);
        }
        body
    }

    fn fields(&self, site: &Person) -> Markup {
        let [total, changed, remaining] = [self.total, self.changed, self.remaining].map(|number| number.to_string());
        let fields = [
            (DO, self.wish.name()),
            (TO, &self.to.id),
            ("to-name", &self.to.name),
            ("group", &self.group),
            ("q", &self.q),
            ("until", &self.until),
            ("cursor", &self.cursor),
            ("total", &total),
            ("changed", &changed),
            ("remaining", &remaining),
            ("back", &self.back),
        ];
        html! { (parts::csrf(site)) @for (name, value) in fields { (parts::hidden(name, value)) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(wish: Wish, fields: &[(&str, &str)]) -> Work {
        let to = Target { id: "grp_2".to_owned(), name: "VIP".to_owned() };
        Work::of(wish, &Form::with(fields.iter().copied()), to)
    }

    #[test]
    fn a_step_asks_for_the_filter_and_for_nobody_who_came_later() {
        let fields = [("q", "김"), ("group", "grp_1"), ("until", "2026-11-21T02:00:00.000Z"), ("cursor", "c")];
        assert_eq!(
            work(Wish::Move, &fields).body(),
            json!({
                "all": { "q": "김", "groupId": "grp_1", "addedUntil": "2026-11-21T02:00:00.000Z" }, "to": "grp_2", "cursor": "c",
            })
        );
        assert_eq!(work(Wish::Delete, &[]).body(), json!({ "all": {} }));
        assert_eq!(work(Wish::Add, &[]).body(), json!({ "all": {} }), "the group is in the path");
    }

    #[test]
    fn numbers_that_somebody_made_up_are_none() {
        let work = work(Wish::Add, &[("total", "-5"), ("changed", "x"), ("remaining", "12")]);
        assert_eq!((work.total, work.changed, work.remaining), (0, 0, 12));
    }
}
