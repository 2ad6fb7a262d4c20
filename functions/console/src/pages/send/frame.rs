//! What all steps have: where one is, what is chosen so far, the form around it, the way on and the way back.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::known::Known;
use super::plan::{PATH, Plan};
use super::step::Step;
use crate::form::{Errors, Form};
use crate::page::{Nav, Page};
use crate::parts;
use crate::site::Site;
use crate::visitor::Tone;

/// One step of the way.
pub struct Frame<'a> {
    /// Who looks.
    pub site: &'a Site,
    /// What is known.
    pub known: &'a Known,
    /// What is said.
    pub plan: &'a Plan,
    /// What the last form said besides.
    pub form: &'a Form,
    /// What is wrong with it.
    pub errors: &'a Errors,
    /// Where one is.
    pub step: Step,
}

impl Frame<'_> {
    /// The page of a step that asks for something: `own` are the fields that it asks for itself, `enter` is the step to which the
    /// Enter key leads.
    pub fn asking(&self, own: &[&str], enter: Step, content: &Markup) -> Response {
        let template = self.known.template.as_ref();
        let words = self.site.words();
        let is_short = self.plan.is_short();
        let next = match self.step.after(template) {
            Some(Step::Check) => words.send.to_check,
            _ => words.common.next,
        };
        let form = html! {
            form #wizard method=(if is_short { "get" } else { "post" }) action=(PATH) novalidate data-select[self.step == Step::Groups] {
                // The first button is the one that the Enter key presses.
                button.visually-hidden type="submit" name="step" value=(enter.name()) tabindex="-1" aria-hidden="true" { (next) }
                @if !is_short { (parts::csrf(self.site)) }
                (parts::hidden("here", self.step.name()))
                (self.plan.hidden(own))
                (self.steps())
                (self.summary())
                (content)
                div.actions.wizard-actions {
                    @if let Some(step) = self.step.after(template) {
                        button.button.primary type="submit" name="step" value=(step.name()) data-needs[self.step == Step::Groups] { (next) }
                    }
                    @if let Some(step) = self.step.before(template) {
                        button.button type="submit" name="step" value=(step.name()) { (words.common.back) }
                    }
                }
            }
        };
        self.page(&form)
    }

    /// The page of a step with forms of its own. They come after the one that leads to the other steps.
    pub fn telling(&self, content: &Markup) -> Response {
        let is_short = self.plan.is_short();
        let back = self.step.before(self.known.template.as_ref());
        self.page(&html! {
            form #wizard method=(if is_short { "get" } else { "post" }) action=(PATH) {
                @if !is_short { (parts::csrf(self.site)) }
                (parts::hidden("here", self.step.name()))
                (self.plan.hidden(&[]))
                (self.steps())
                (self.summary())
            }
            (content)
            @if let Some(step) = back {
                div.actions {
                    button.button type="submit" form="wizard" name="step" value=(step.name()) { (self.site.words().common.back) }
                }
            }
        })
    }

    fn page(&self, content: &Markup) -> Response {
        let words = &self.site.words().send;
        let title = format!("{}: {}", words.title, words.step(self.step));
        let page = Page::staff(self.site, self.known.shell.clone(), Nav::Campaigns, title).script("select").script("live");
        let page = if self.errors.is_empty() { page } else { page.status(StatusCode::UNPROCESSABLE_ENTITY) };
        page.body(html! {
            div.head {
                h1 { (words.title) }
                a.plain-link href="/campaigns" { (words.leave) }
            }
            (parts::restored(self.site, self.form))
            @if let Some(lost) = self.known.lost(words) { (parts::notice(Tone::Warning, html! { (lost) })) }
            (parts::error_summary(self.site, self.errors))
            (content)
        })
    }

    /// All steps in their order, each a way to it.
    fn steps(&self) -> Markup {
        let words = &self.site.words().send;
        let template = self.known.template.as_ref();
        html! {
            ol.steps.wizard-steps aria-label=(words.steps) {
                @for step in Step::ALL.into_iter().filter(|step| step.applies(template)) {
                    li aria-current=[(step == self.step).then_some("step")] {
                        @if step == self.step { span { (words.step(step)) } }
                        @else { button type="submit" name="step" value=(step.name()) { (words.step(step)) } }
                    }
                }
            }
        }
    }

    /// What is chosen so far.
    fn summary(&self) -> Markup {
        let words = &self.site.words().send;
        let Known { groups, template, .. } = self.known;
        let first: Vec<_> = groups.iter().take(3).map(|group| group.name(self.site.words())).collect();
        let more = groups.len().saturating_sub(first.len());
        html! {
            @if self.step != Step::Groups && !groups.is_empty() {
                dl.facts.wizard-summary {
                    dt { (words.to) }
                    dd {
                        (first.join(", ")) @if more > 0 { " " (words.more_groups.replace("{}", &more.to_string())) }
                        " · " strong.nowrap { (self.known.people(words)) }
                    }
                    @if let Some(template) = template.as_ref().filter(|_| self.step > Step::Template) {
                        dt { (words.step(Step::Template)) }
                        dd { (template.name) }
                    }
                    @if self.step > Step::Link && !self.plan.destination.is_empty() {
                        dt { (words.step(Step::Link)) }
                        dd { (self.plan.destination) }
                    }
                }
            }
        }
    }
}
