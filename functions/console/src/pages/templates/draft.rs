//! What somebody wants a template to say: read from the form, from a template, and told to the API.

use serde_json::{Value, json};
use shared::model::template::{Button, count_variables};
use shared::model::wording::{MAX_BUTTONS, with_crlf};

use super::view::Template;
use crate::api::Problem;
use crate::began;
use crate::form::{Errors, Form};

/// A web link whose visits are counted; the other kinds have the provider's names.
pub const TRACKED: &str = "tracked";

/// The names of a button's fields, and what the API calls them.
const BUTTON_FIELDS: [(&str, &str); 7] = [
    ("name", "name"),
    ("kind", "linkType"),
    ("kind", "tracked"),
    ("mobile", "linkMo"),
    ("desktop", "linkPc"),
    ("ios", "linkIos"),
    ("android", "linkAnd"),
];

/// A template that is being written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    pub name: String,
    pub content: String,
    pub title: String,
    pub subtitle: String,
    pub kind: String,
    pub buttons: Vec<ButtonDraft>,
}

/// A button that is being written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ButtonDraft {
    pub name: String,
    pub kind: String,
    mobile: String,
    desktop: String,
    ios: String,
    android: String,
}

/// The name of a field of a button.
pub fn button_field(place: usize, name: &str) -> String {
    format!("button-{place}-{name}")
}

impl Draft {
    /// A draft that says nothing, with a button that is counted.
    pub fn blank() -> Self {
        Self { kind: "BA".to_owned(), buttons: vec![ButtonDraft::blank()], ..Self::default() }
    }

    /// What the form says.
    pub fn read(form: &Form) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        let buttons = (0..MAX_BUTTONS).filter(|place| form.has(&button_field(*place, "kind")));
        Self {
            name: text("name"),
            content: form.raw("content").to_owned(),
            title: text("emphasisTitle"),
            subtitle: text("emphasisSubtitle"),
            kind: text("kind"),
            buttons: buttons.map(|place| ButtonDraft::read(form, place)).collect(),
        }
    }

    /// What a template says.
    pub fn of(template: &Template) -> Self {
        Self {
            name: template.name.clone(),
            content: template.content.clone(),
            title: template.emphasis_title.clone(),
            subtitle: template.emphasis_subtitle.clone(),
            kind: template.kind.clone(),
            buttons: template.buttons.iter().map(ButtonDraft::of).collect(),
        }
    }

    /// The same without buttons of which nothing is filled in.
    #[must_use]
    pub fn without_empty_buttons(mut self) -> Self {
        self.buttons.retain(|button| button.texts().iter().any(|text| !text.is_empty()));
        self
    }

    /// The fields of a form that says this.
    pub fn form(&self) -> Form {
        let mut fields = vec![
            ("name".to_owned(), self.name.as_str()),
            ("content".to_owned(), &self.content),
            ("emphasisTitle".to_owned(), &self.title),
            ("emphasisSubtitle".to_owned(), &self.subtitle),
            ("kind".to_owned(), &self.kind),
        ];
        for (place, button) in self.buttons.iter().enumerate() {
            fields.push((button_field(place, "kind"), &button.kind));
            let names = ["name", "mobile", "desktop", "ios", "android"];
            fields.extend(names.into_iter().zip(button.texts()).map(|(name, text)| (button_field(place, name), text)));
        }
        Form::with(fields.iter().map(|(name, value)| (name.as_str(), *value)))
    }

    /// What the API is asked to store.
    pub fn wish(&self) -> Value {
        json!({
            "name": self.name,
            "content": self.content,
            "emphasisTitle": self.title,
            "emphasisSubtitle": self.subtitle,
            "kind": if self.kind.is_empty() { "BA" } else { &self.kind },
            "buttons": self.buttons.iter().map(ButtonDraft::wish).collect::<Vec<_>>(),
        })
    }

    /// What the API is asked to change: what this form did not say when it began. Buttons are told together.
    pub fn change(&self, form: &Form) -> Value {
        let before = Self::read(&began::before(form)).without_empty_buttons();
        began::changed(self.wish(), &before.wish())
    }

    /// What the API says is wrong, beside the fields of the form.
    pub fn errors(&self, problem: &Problem) -> Errors {
        let fields: Vec<(String, String)> = (0..self.buttons.len())
            .flat_map(|place| {
                BUTTON_FIELDS.map(|(ours, theirs)| (format!("buttons[{place}].{theirs}"), button_field(place, ours)))
            })
            .collect();
        let fields: Vec<_> = fields.iter().map(|(theirs, ours)| (theirs.as_str(), ours.as_str())).collect();
        Errors::of(problem, &fields)
    }

    /// How many characters the text has for the provider.
    pub fn characters(&self) -> usize {
        with_crlf(self.content.trim()).chars().count()
    }

    /// How many variables the text has, each as often as it stands there.
    pub fn variables(&self) -> usize {
        count_variables(&self.content)
    }
}

impl ButtonDraft {
    /// A button without a name, of the kind that is most useful.
    pub fn blank() -> Self {
        Self { kind: TRACKED.to_owned(), ..Self::default() }
    }

    fn read(form: &Form, place: usize) -> Self {
        let text = |name: &str| form.text(&button_field(place, name)).to_owned();
        Self {
            name: text("name"),
            kind: text("kind"),
            mobile: text("mobile"),
            desktop: text("desktop"),
            ios: text("ios"),
            android: text("android"),
        }
    }

    fn of(button: &Button) -> Self {
        if button.link_type == "WL" && button.is_tracked() {
            return Self { name: button.name.clone(), ..Self::blank() };
        }
        Self {
            name: button.name.clone(),
            kind: button.link_type.clone(),
            mobile: button.link_mo.clone(),
            desktop: button.link_pc.clone(),
            ios: button.link_ios.clone(),
            android: button.link_and.clone(),
        }
    }

    fn texts(&self) -> [&str; 5] {
        [&self.name, &self.mobile, &self.desktop, &self.ios, &self.android]
    }

    /// What belongs to another kind of button is left out: its fields were hidden.
    fn wish(&self) -> Value {
        match self.kind.as_str() {
            TRACKED => json!({ "name": self.name, "linkType": "WL", "tracked": true }),
            "WL" => json!({ "name": self.name, "linkType": "WL", "linkMo": self.mobile, "linkPc": self.desktop }),
            "AL" => json!({
                "name": self.name, "linkType": "AL", "linkIos": self.ios, "linkAnd": self.android,
                "linkMo": self.mobile, "linkPc": self.desktop,
            }),
            kind => json!({ "name": self.name, "linkType": kind }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        Form::with([
            ("name", " 검진 안내 "),
            ("content", "#{고객명}님\r\n#{검진일}\n"),
            ("emphasisTitle", "검진"),
            ("emphasisSubtitle", ""),
            ("kind", "BA"),
            ("button-0-kind", "tracked"),
            ("button-0-name", ""),
            ("button-1-kind", "WL"),
            ("button-1-name", "홈페이지"),
            ("button-1-mobile", "https://www.example.com/"),
            ("button-2-kind", "AC"),
            ("button-2-name", "채널 추가"),
            ("button-2-mobile", "https://left.over/"),
        ])
    }

    #[test]
    fn a_form_becomes_what_the_api_takes() {
        let wish = Draft::read(&form()).without_empty_buttons().wish();
        assert_eq!(
            wish,
            json!({
                "name": "검진 안내", "content": "#{고객명}님\r\n#{검진일}\n", "emphasisTitle": "검진", "emphasisSubtitle": "",
                "kind": "BA",
                "buttons": [
                    {"name": "홈페이지", "linkType": "WL", "linkMo": "https://www.example.com/", "linkPc": ""},
                    {"name": "채널 추가", "linkType": "AC"},
                ],
            })
        );
    }

    #[test]
    fn a_draft_survives_its_form() {
        let draft = Draft::read(&form());
        assert_eq!(Draft::read(&draft.form()), draft);
        assert_eq!(draft.buttons.len(), 3);
    }

    #[test]
    fn of_a_template_that_is_there_only_what_was_changed_is_told() {
        let begun = began::with(&form());
        let change = |form: &Form| Draft::read(form).without_empty_buttons().change(form);
        assert_eq!(change(&begun), json!({}), "an empty button is none");
        let sent = begun.with_value("content", "새 글").with_value("button-2-name", "채널");
        let buttons = [
            json!({"name": "홈페이지", "linkType": "WL", "linkMo": "https://www.example.com/", "linkPc": ""}),
            json!({"name": "채널", "linkType": "AC"}),
        ];
        assert_eq!(change(&sent), json!({ "content": "새 글", "buttons": buttons }));
    }

    #[test]
    fn characters_are_counted_as_the_provider_does() {
        let draft = Draft { content: "  가나\n다\r\n라 #{a}#{a} ".to_owned(), ..Draft::default() };
        assert_eq!((draft.characters(), draft.variables()), (17, 2));
    }

    #[test]
    fn a_counted_button_is_recognised() {
        let button = |link: &str| Button { link_type: "WL".to_owned(), link_mo: link.to_owned(), ..Button::default() };
        assert_eq!(ButtonDraft::of(&button("https://go.example.com/c/#{link}")).kind, TRACKED);
        assert_eq!(ButtonDraft::of(&button("https://www.example.com/")).kind, "WL");
    }

    #[test]
    fn what_is_wrong_with_a_button_stands_beside_its_field() {
        let problem = |field: &str| -> Problem {
            serde_json::from_value(json!({"status": 422, "title": "t", "detail": "wrong", "field": field})).unwrap()
        };
        let draft = Draft::read(&form()).without_empty_buttons();
        assert_eq!(draft.errors(&problem("buttons[0].linkMo")).at("button-0-mobile"), Some("wrong"));
        assert_eq!(draft.errors(&problem("buttons[1].tracked")).at("button-1-kind"), Some("wrong"));
        assert_eq!(draft.errors(&problem("content")).at("content"), Some("wrong"));
    }
}
