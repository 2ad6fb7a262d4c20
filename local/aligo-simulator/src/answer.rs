//! What the provider answers: always HTTP 200, the verdict in `code`, numbers as it pleases.

use serde_json::{Map, Value, json};

use crate::settings::Numbers;

/// `code` of most failures: no money, unknown address, missing field.
pub const CATCH_ALL: i64 = -99;

/// `code` of a template that is not in the state which the request needs.
pub const WRONG_STATE: i64 = 509;

/// A request that the provider did not carry out. Nothing of it took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The `code`; never 0.
    pub code: i64,
    /// The text for people.
    pub message: String,
}

impl Refusal {
    /// A refusal with the code that stands for nearly everything.
    pub fn catch_all(message: impl Into<String>) -> Self {
        Self { code: CATCH_ALL, message: message.into() }
    }

    /// A refusal because of a template's state.
    pub fn wrong_state(message: impl Into<String>) -> Self {
        Self { code: WRONG_STATE, message: message.into() }
    }

    /// A refusal because a required field is absent or empty.
    #[must_use]
    pub fn missing(field: &str) -> Self {
        Self::catch_all(format!("필수 입력값이 없습니다. ({field})"))
    }
}

/// The JSON of a success, or why there is none.
pub type Answer = Result<Value, Refusal>;

/// The JSON value of an answer, its numbers written in the chosen way.
#[must_use]
pub fn body(answer: Answer, numbers: Numbers) -> Value {
    let value = answer.unwrap_or_else(|refusal| json!({ "code": refusal.code, "message": refusal.message }));
    match numbers {
        Numbers::Documented => value,
        Numbers::Strings => numbers_as_strings(value),
        Numbers::Numbers => strings_as_numbers(value),
    }
}

fn numbers_as_strings(value: Value) -> Value {
    map_scalars(value, &|_, scalar| match scalar {
        Value::Number(number) => Value::String(number.to_string()),
        other => other,
    })
}

fn strings_as_numbers(value: Value) -> Value {
    map_scalars(value, &|field, scalar| match scalar {
        Value::String(text) if is_numeric_field(field) => {
            text.parse::<u64>().map_or_else(|_| Value::String(text.clone()), Value::from)
        }
        other => other,
    })
}

/// The fields that mean a number. `msgid` is not one: it may begin with a "Q".
fn is_numeric_field(field: &str) -> bool {
    matches!(field, "mid" | "smid" | "msg_count" | "currentPage" | "totalPage" | "totalCount" | "status")
}

fn map_scalars(value: Value, change: &impl Fn(&str, Value) -> Value) -> Value {
    fn walk(field: &str, value: Value, change: &impl Fn(&str, Value) -> Value) -> Value {
        match value {
            Value::Object(fields) => Value::Object(
                fields
                    .into_iter()
                    .map(|(name, value)| {
                        let value = walk(&name, value, change);
                        (name, value)
                    })
                    .collect::<Map<_, _>>(),
            ),
            Value::Array(values) => Value::Array(values.into_iter().map(|value| walk(field, value, change)).collect()),
            scalar => change(field, scalar),
        }
    }
    walk("", value, change)
}

/// One page of a list, with the paging fields as the provider writes them: strings.
///
/// `limit` outside of 50..=500 counts as the nearer bound.
#[must_use]
pub fn page(rows: &[Value], page: usize, limit: usize) -> Value {
    let limit = limit.clamp(50, 500);
    let shown: Vec<&Value> = rows.iter().skip(page.saturating_sub(1).saturating_mul(limit)).take(limit).collect();
    json!({
        "code": 0,
        "message": "성공적으로 조회 하였습니다.",
        "list": shown,
        "currentPage": page.to_string(),
        "totalPage": rows.len().div_ceil(limit).to_string(),
        "totalCount": rows.len().to_string(),
    })
}
