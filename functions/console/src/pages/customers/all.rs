//! What is done with all customers of a filter: step by step, with a page that shows how far it is. A script goes on by itself;
//! without one there is a button.

use axum::response::Response;
use chrono::SecondsFormat;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::Failure;
use crate::form::Form;
use crate::page::{Nav, Page, Shell};
use crate::pages::customers::list;
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
    /// How many there were when they were counted last: whoever is asked confirms this number.
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

/// Begins. Who deletes is asked once more, with the number of this moment.
///
/// # Errors
/// When the API does not answer.
pub async fn begin(site: &Person, wish: Wish, form: &Form, to: Target) -> Answer {
    let mut work = Work::of(wish, form, to);
    work.cursor = String::new();
    work.changed = 0;
    if wish == Wish::Delete {
        return ask(site, work, form).await;
    }
    match work.count(site).await {
        Ok(()) => go_on(site, work).await,
        Err(failure) => refused(site, &work, failure),
    }
}

/// Does one step more.
///
/// # Errors
/// When the API does not answer.
pub async fn step(site: Person, form: Form) -> Answer {
    let Some(wish) = Wish::named(form.text(DO)) else { return Ok(site.go("/customers")) };
    let to = Target { id: form.text(TO).to_owned(), name: form.text("to-name").to_owned(), is_new: false };
    let mut work = Work::of(wish, &form, to);
    if form.restored() {
        return ask(&site, work, &form).await;
    }
    if work.cursor.is_empty() {
        let confirmed = work.total;
        if let Err(failure) = work.count(&site).await {
            return refused(&site, &work, failure);
        }
        if work.total > confirmed {
            work.until = now(&site);
            return question(&site, &work, &form, true).await;
        }
    }
    go_on(&site, work).await
}

fn now(site: &Person) -> String {
    site.deps().ambient.now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

async fn go_on(site: &Person, mut work: Work) -> Answer {
    let call = work.wish.call(site, &work.group, &work.to.id).json(&work.body());
    let (shell, step) = tokio::join!(site.shell(), call.send::<Step>());
    let step = match step {
        Ok(step) => step,
        Err(failure) => return refused(site, &work, failure),
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
            p.error role="status" data-stopped=(site.words().customers.stopped) {}
            form method="post" action="/customers/all" data-step {
                (work.fields(site))
                button.button.primary type="submit" { (site.words().customers.go_on) }
            }
            p { a href=(work.back) { (site.words().customers.stop) } }
        },
    ))
}

/// The API does not do it.
fn refused(site: &Person, work: &Work, failure: Failure) -> Answer {
    if failure.is_not_found() {
        return Ok(site.go_saying(&work.back, Tone::Bad, site.words().groups.gone));
    }
    let problem = failure.about_input()?;
    Ok(site.go_saying(&work.back, Tone::Bad, problem.short()))
}

/// Nothing is done yet, or nothing since the session ended: the button begins, or goes on. Before it begins they are counted, and
/// those who are there at this moment are meant.
async fn ask(site: &Person, mut work: Work, form: &Form) -> Answer {
    if work.cursor.is_empty() {
        work.until = now(site);
        if let Err(failure) = work.count(site).await {
            return refused(site, &work, failure);
        }
    }
    question(site, &work, form, false).await
}

/// Asks, with the number.
async fn question(site: &Person, work: &Work, form: &Form, more: bool) -> Answer {
    let words = site.words();
    let shell = site.shell().await?;
    Ok(page(
        site,
        shell,
        work,
        &html! {
            (parts::restored(site, form))
            @if more { (parts::notice(Tone::Warning, html! { (words.customers.more_meanwhile) })) }
            p { strong { ((words.customers.ask_all)(work.wish, work.remaining)) } }
            @if work.wish == Wish::Delete {
                p { (words.customers.delete_hint) }
                p.hint { (words.customers.delete_all_hint) }
            }
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

    /// Counts them anew: what a form or an address says may be old, or made up.
    async fn count(&mut self, site: &Person) -> Result<(), Failure> {
        self.total = list::count(site, &self.q, &self.group).await?;
        self.remaining = self.total;
        Ok(())
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
        let to = Target { id: "grp_2".to_owned(), name: "VIP".to_owned(), is_new: false };
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
