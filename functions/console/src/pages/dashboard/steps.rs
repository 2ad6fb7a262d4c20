//! What a new clinic does first, and what comes next.

use maud::{Markup, html};
use serde::Deserialize;

use super::now::StatsNow;
use super::recent::Codes;
use crate::api::{Failure, List};
use crate::parts;
use crate::site::Site;
use crate::visitor::Tone;
use crate::words::dashboard::Dashboard;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Clinic {
    sender_key: Option<String>,
    sender_phone: Option<String>,
}

#[derive(Deserialize)]
struct Template {
    id: String,
    sendable: bool,
    inspection: String,
}

/// What is done, and what is not.
pub struct Steps([Step; 5]);

struct Step {
    done: bool,
    /// Where it is done; none when somebody else has to do something first.
    path: String,
    /// What is the matter when it has been begun.
    begun: Option<&'static str>,
    /// Whether only an owner can do it.
    owners: bool,
}

/// Looks what the clinic has already.
pub async fn find(site: &Site, now: &StatsNow, codes: &Codes) -> Result<Steps, Failure> {
    let api = site.api();
    let (clinic, templates) = tokio::try_join!(
        api.get(["clinic"]).send::<Clinic>(),
        api.get(["templates"]).query("limit", 100).send::<List<Template>>(),
    )?;
    Ok(Steps::of(&clinic, &templates.items, now, codes, &site.words().dashboard))
}

impl Steps {
    fn of(clinic: &Clinic, templates: &[Template], now: &StatsNow, codes: &Codes, words: &Dashboard) -> Self {
        let step = |done: bool, path: &str| Step { done, path: path.to_owned(), begun: None, owners: false };
        let has_sender = clinic.sender_key.is_some() && clinic.sender_phone.is_some();
        let in_review = templates.iter().any(|template| template.inspection == "REQ");
        let waiting = templates.iter().find(|template| matches!(template.inspection.as_str(), "REG" | "REJ"));
        let (path, begun) = match waiting {
            _ if in_review => ("/templates".to_owned(), Some(words.template_in_review)),
            Some(template) => {
                let begun = if template.inspection == "REJ" { words.template_refused } else { words.template_waits };
                (format!("/templates/{}", template.id), Some(begun))
            }
            None => ("/templates/new".to_owned(), None),
        };
        let print = codes.first_usable().map_or("/codes".to_owned(), |code| format!("/codes/{code}/print?format=poster"));
        Self([
            Step { owners: true, ..step(has_sender, "/settings") },
            step(now.customers > 0, "/imports"),
            Step { done: templates.iter().any(|template| template.sendable), path, begun, owners: false },
            step(now.messages.requested > 0, "/send"),
            step(codes.uses() > 0 || now.members > 0, &print),
        ])
    }

    /// The list, in which the first that is not done stands out.
    pub fn card(&self, words: &Dashboard, owner: bool) -> Markup {
        let next = self.0.iter().position(|step| !step.done);
        let done = self.0.iter().filter(|step| step.done).count();
        html! {
            section.card.first-steps #first-steps aria-labelledby="first-steps-title" {
                h2 #first-steps-title { (words.first_steps) }
                p { ((words.steps_done)(done, self.0.len())) }
                progress max=(self.0.len()) value=(done) aria-hidden="true" {}
                ol {
                    @for (place, (step, text)) in self.0.iter().zip(words.steps).enumerate() {
                        li.done[step.done] aria-current=[(next == Some(place)).then_some("step")] {
                            div {
                                h3 { (text.title) " "
                                    @if step.done { (parts::badge(Tone::Good, words.step_done)) }
                                    @else if let Some(begun) = step.begun { (parts::badge(Tone::Warning, begun)) }
                                    @else if next == Some(place) { (parts::badge(Tone::Plain, words.step_next)) }
                                }
                                p.muted { (text.why) }
                            }
                            @if step.owners && !owner && !step.done { p.muted { (words.ask_owner) } }
                            @else if next == Some(place) { a.button.primary href=(step.path) { (text.action) } }
                            @else if !step.done { a.button href=(step.path) { (text.action) } }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::http::Language;

    use super::*;
    use crate::words::Words;

    fn steps(sender: &Value, templates: &Value, customers: u64, uses: u64) -> (Steps, &'static Dashboard) {
        let words = &Words::of(Language::Korean).dashboard;
        let now = json!({
            "customers": customers, "groups": 1, "members": 0, "pointsGranted": 0,
            "messages": {"requested": 0, "notHandedOver": 0, "awaiting": 0, "delivered": 0, "failed": 0, "unknown": 0},
            "successRate": {"delivered": 0, "of": 0}, "clickRate": {"uniqueClicks": 0, "of": 0},
            "clicks": {"human": 0, "unique": 0, "previews": 0, "prefetches": 0, "bots": 0, "rejected": 0},
        });
        let codes = json!({"items": [{"code": "7K3M9QXF", "state": "usable", "uses": uses}]});
        let clinic = serde_json::from_value(json!({"senderKey": sender, "senderPhone": sender})).unwrap();
        let templates: Vec<Template> = serde_json::from_value(templates.clone()).unwrap();
        let (now, codes) = (serde_json::from_value(now).unwrap(), serde_json::from_value(codes).unwrap());
        (Steps::of(&clinic, &templates, &now, &codes, words), words)
    }

    fn next(steps: &(Steps, &'static Dashboard), owner: bool) -> Option<String> {
        let card = steps.0.card(steps.1, owner).into_string();
        let (_, rest) = card.split_once("<a class=\"button primary\" href=\"")?;
        Some(rest.split('"').next()?.to_owned())
    }

    #[test]
    fn the_first_step_that_is_not_done_is_the_next() {
        let approved = json!([{"id": "tpl_1", "sendable": true, "inspection": "APR"}]);
        assert_eq!(next(&steps(&Value::Null, &json!([]), 0, 0), true).unwrap(), "/settings");
        assert_eq!(next(&steps(&json!("key"), &json!([]), 0, 0), true).unwrap(), "/imports");
        assert_eq!(next(&steps(&json!("key"), &json!([]), 1, 0), true).unwrap(), "/templates/new");
        assert_eq!(next(&steps(&json!("key"), &approved, 1, 0), true).unwrap(), "/send");
    }

    #[test]
    fn a_template_that_was_begun_is_gone_on_with() {
        let refused = json!([{"id": "tpl_1", "sendable": false, "inspection": "REJ"}]);
        let refused = steps(&json!("key"), &refused, 1, 0);
        assert_eq!(next(&refused, true).unwrap(), "/templates/tpl_1");
        assert!(refused.0.card(refused.1, true).into_string().contains(refused.1.template_refused));
    }

    #[test]
    fn only_owners_are_sent_to_the_settings() {
        assert_eq!(next(&steps(&Value::Null, &json!([]), 0, 0), false), None);
    }

    #[test]
    fn the_code_to_print_is_the_clinics_own_and_done_once_somebody_came_by_it() {
        let (open, words) = steps(&Value::Null, &json!([]), 0, 0);
        assert!(open.card(words, true).into_string().contains("/codes/7K3M9QXF/print?format=poster"));
        let (used, words) = steps(&Value::Null, &json!([]), 0, 1);
        assert!(!used.card(words, true).into_string().contains("/print"));
    }
}
