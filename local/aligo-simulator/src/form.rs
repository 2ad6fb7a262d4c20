//! The body of a request: `application/x-www-form-urlencoded` in UTF-8.

use std::collections::HashMap;

/// The fields of a request. Of a repeated field the last one counts, as in PHP.
#[derive(Debug, Clone, Default)]
pub struct Form(HashMap<String, String>);

impl Form {
    /// Reads a body. Anything that is no form yields no fields, which the checks then call missing.
    #[must_use]
    pub fn parse(body: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(body).into_owned().collect())
    }

    /// The value of a field, or `None` when it is absent or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of the `number`th of a numbered field such as `receiver_1`.
    #[must_use]
    pub fn numbered(&self, name: &str, number: u32) -> Option<&str> {
        self.get(&format!("{name}_{number}"))
    }

    /// The numbers N of all `name_N` fields that hold something, ascending.
    #[must_use]
    pub fn numbers(&self, name: &str) -> Vec<u32> {
        let mut numbers: Vec<u32> = self
            .0
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .filter_map(|(field, _)| field.strip_prefix(name)?.strip_prefix('_')?.parse().ok())
            .collect();
        numbers.sort_unstable();
        numbers
    }

    /// A positive number, such as a page; `otherwise` when it is absent or unreadable.
    #[must_use]
    pub fn number(&self, name: &str, otherwise: usize) -> usize {
        self.get(name).and_then(|value| value.trim().parse().ok()).filter(|number| *number > 0).unwrap_or(otherwise)
    }
}
