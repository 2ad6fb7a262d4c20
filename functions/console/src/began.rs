//! What a form began with. It says so in hidden fields, so that only what somebody changed is sent: what a colleague changed in the
//! meantime stays as it is.

use maud::{Markup, html};
use serde_json::Value;

use crate::form::Form;
use crate::parts;

/// The fields that say it begin like this.
const HAD: &str = "had-";

/// A form that begins with what stands in this one.
#[must_use]
pub fn with(form: &Form) -> Form {
    let had: Vec<_> = form.below("").map(|(name, value)| (format!("{HAD}{name}"), value)).collect();
    Form::with(form.below("").chain(had.iter().map(|(name, value)| (name.as_str(), *value))))
}

/// The hidden fields. A form that is shown again still says what it began with.
#[must_use]
pub fn hidden(form: &Form) -> Markup {
    html! { @for (name, value) in form.below(HAD) { (parts::hidden(&format!("{HAD}{name}"), value)) } }
}

/// The form as it began.
#[must_use]
pub fn before(form: &Form) -> Form {
    Form::with(form.below(HAD))
}

/// Of what a form says, what it did not say when it began.
#[must_use]
pub fn changed(now: Value, before: &Value) -> Value {
    match now {
        Value::Object(fields) => fields.into_iter().filter(|(name, value)| before.get(name) != Some(value)).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_remembers_what_it_began_with_whatever_is_typed() {
        let begun = with(&Form::with([("name", "김단골"), ("group", "grp_1"), ("group", "grp_2")]));
        let sent = begun.with_value("name", "이단골").with_value("group", "grp_2").with_value("consent", "yes");
        let before = before(&sent);
        assert_eq!(
            (before.text("name"), before.all("group"), before.has("consent")),
            ("김단골", vec!["grp_1", "grp_2"], false)
        );
        let again = hidden(&sent).into_string();
        assert!(again.contains("name=\"had-name\" value=\"김단골\"") && !again.contains("이단골"), "{again}");
        assert_eq!(hidden(&Form::with([("name", "x")])).into_string(), "");
    }

    #[test]
    fn only_what_differs_is_said() {
        let before = json!({ "a": 1, "b": null, "c": [1, 2] });
        assert_eq!(changed(json!({ "a": 1, "b": 2, "c": [2] }), &before), json!({ "b": 2, "c": [2] }));
        assert_eq!(changed(json!({ "b": null, "d": null }), &before), json!({ "d": null }), "it was not there");
    }
}
