//! What is asked: JSON bodies, query parameters, path ids and keys, each refused with the field named.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use crate::http::{Kind, Problem};

/// A JSON body. Types refuse unknown fields with `#[serde(deny_unknown_fields)]`.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state).await.map_err(|_| Problem::of(Kind::TooLarge))?;
        parse(&bytes).map(Body)
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = if bytes.is_empty() { b"{}" } else { bytes };
    let deserializer = &mut serde_json::Deserializer::from_slice(text);
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let inner = error.inner();
        if inner.is_syntax() || inner.is_eof() {
            return Problem::of(Kind::NotJson);
        }
        let reason = reason(&inner.to_string());
        let field = named_in(&reason).map_or_else(|| error.path().to_string(), str::to_owned);
        Problem::invalid(&field, format!("`{field}`: {}", korean(&reason)), format!("`{field}`: {reason}"))
    })
}

const NOT_A_MOMENT: &str = "must be a moment such as 2026-03-02T09:00:00+09:00";

/// A moment in a body, for `#[serde(default, deserialize_with = "shared::http::moment")]`: what is none is told from what is no date.
///
/// # Errors
/// When it is neither a moment nor `null`.
pub fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(|_| D::Error::custom(NOT_A_MOMENT))).transpose()
}

/// What a reason means to a person who reads Korean. The model's own sentences are translated; what remains is about types,
/// which only a program gets wrong.
fn korean(reason: &str) -> String {
    const SENTENCES: &[(&str, &str)] = &[
        ("unknown field", "사용할 수 없는 항목입니다."),
        ("missing field", "필수 항목입니다."),
        ("not a Korean mobile number", "알림톡을 받을 수 있는 휴대폰 번호가 아닙니다. 010-1234-5678 형식으로 입력해 주세요."),
        ("not a Korean sender number", "발신 번호가 아닙니다. 02-555-0101 또는 1588-1234 형식으로 입력해 주세요."),
        ("not an e-mail address", "이메일 주소가 아닙니다. name@example.com 형식으로 입력해 주세요."),
        ("not a referral code", "추천 코드가 아닙니다. 오타가 없는지 확인해 주세요."),
        ("not a cursor of this list", "이 목록의 커서가 아닙니다."),
        (NOT_A_MOMENT, "시각은 2026-03-02T09:00:00+09:00 형식으로 입력해 주세요."),
        ("expected an id", "식별자가 올바르지 않습니다."),
        ("must be a time of day", "시각은 21:00 형식으로 입력해 주세요."),
        ("must leave an hour", "08:00~20:59 중 적어도 한 시간은 발송할 수 있게 남겨 두세요."),
        ("unknown variant", "선택할 수 없는 값입니다."),
        ("invalid type", "값의 형식이 올바르지 않습니다."),
        ("invalid value", "값의 형식이 올바르지 않습니다."),
        ("invalid length", "값의 형식이 올바르지 않습니다."),
        ("invalid digit", "숫자를 입력해 주세요."),
        ("number too", "숫자의 범위를 벗어났습니다."),
        ("premature end of input", "날짜는 2026-03-02 형식으로 입력해 주세요."),
        ("input contains invalid characters", "날짜는 2026-03-02 형식으로 입력해 주세요."),
    ];
    if let Some((_, sentence)) = SENTENCES.iter().find(|(start, _)| reason.starts_with(start)) {
        return (*sentence).to_owned();
    }
    // "must have 1 to 50 characters", "must have 1 to 64 ASCII letters, …", "must be at most 1000000"
    if let Some(size) = reason.strip_prefix("must have ").and_then(|rest| rest.strip_suffix(" characters")) {
        return format!("{}자로 입력해 주세요.", size.replace(" to ", "~"));
    }
    if reason.starts_with("must have 1 to 64 ASCII") {
        return "영문, 숫자, 기호 1~64자로 입력해 주세요.".to_owned();
    }
    if let Some(most) = reason.strip_prefix("must be at most ") {
        return format!("최대 {most}까지 입력할 수 있습니다.");
    }
    "사용할 수 없는 값입니다.".to_owned()
}

/// serde's sentence without "at line 1 column 7", which helps nobody who sends one line.
fn reason(sentence: &str) -> String {
    sentence.rsplit_once(" at line ").map_or(sentence, |(reason, _)| reason).to_owned()
}

/// The field that serde names in an "unknown field" or "missing field" sentence.
fn named_in(reason: &str) -> Option<&str> {
    let rest = reason.strip_prefix("unknown field `").or_else(|| reason.strip_prefix("missing field `"))?;
    rest.split('`').next()
}

/// Query parameters.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        query.map(|axum::extract::Query(params)| Self(params)).map_err(|rejection| {
            let text = rejection.body_text();
            let reason = text.rsplit_once("deserialize query string: ").map_or(text.as_str(), |(_, reason)| reason);
            let field = named_in(reason).or_else(|| reason.split(':').next().filter(|f| !f.contains(' '))).unwrap_or("query");
            Problem::invalid(field, format!("`{field}`: {}", korean(reason)), format!("`{field}`: {reason}"))
        })
    }
}

/// Ids in the path. What is not even an id answers like an id that does not exist.
#[derive(Debug)]
pub struct Ids<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Ids<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Path::from_request_parts(parts, state).await.map(|Path(ids)| Self(ids)).map_err(|_| Problem::not_found())
    }
}

/// The caller's key for a request that must not be carried out twice.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(pub String);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let key = parts.headers.get("idempotency-key").and_then(|value| value.to_str().ok()).unwrap_or_default();
        if (1..=100).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self(key.to_owned()));
        }
        Err(Problem::of(Kind::IdempotencyKeyRequired))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::model::{CustomerName, PhoneNumber};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        #[expect(dead_code, reason = "only parsed")]
        name: CustomerName,
        #[expect(dead_code, reason = "only parsed")]
        phones: Vec<PhoneNumber>,
    }

    fn field(json: &str) -> (String, String) {
        let problem = parse::<Input>(json.as_bytes()).unwrap_err();
        let text = format!("{problem:?}");
        (
            problem.kind().code().to_owned(),
            text.split("\"field\": String(\"").nth(1).unwrap_or("\"").split('"').next().unwrap().to_owned(),
        )
    }

    #[test]
    fn the_field_that_is_wrong_is_named() {
        let invalid = |field: &str| ("invalid-input".to_owned(), field.to_owned());
        assert_eq!(field(r#"{"name":"a","phones":[],"clinicId":1}"#), invalid("clinicId"));
        assert_eq!(field(r#"{"phones":[]}"#), invalid("name"));
        assert_eq!(field(r#"{"name":" ","phones":[]}"#), invalid("name"));
        assert_eq!(field(r#"{"name":"a","phones":["010-1234-5678","010"]}"#), invalid("phones[1]"));
    }

    #[test]
    fn a_korean_reader_gets_korean_reasons() {
        for (reason, sentence) in [
            (CustomerName::try_from(String::new()).unwrap_err().to_string(), "1~50자로 입력해 주세요."),
            (PhoneNumber::try_from(String::new()).unwrap_err().to_string(), "알림톡을 받을 수 있는 휴대폰 번호가 아닙니다."),
            (crate::model::ReferralCode::try_from(String::new()).unwrap_err().to_string(), "추천 코드가 아닙니다."),
            (crate::model::ClinicId::try_from(String::new()).unwrap_err().to_string(), "식별자가 올바르지 않습니다."),
            (crate::model::Points::try_from(u32::MAX).unwrap_err().to_string(), "최대 1000000까지 입력할 수 있습니다."),
            (crate::model::customer::SenderKey::try_from(String::new()).unwrap_err().to_string(), "영문, 숫자, 기호 1~64자"),
        ] {
            assert!(korean(&reason).starts_with(sentence), "{reason} -> {}", korean(&reason));
        }
    }

    #[test]
    fn a_moment_that_is_none_is_told_how_to_write_one() {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wish {
            #[serde(default, deserialize_with = "moment")]
            scheduled_at: Option<DateTime<Utc>>,
        }
        let read = |json: &str| parse::<Wish>(json.as_bytes()).map(|wish| wish.scheduled_at.map(|at| at.to_rfc3339()));
        let nine = r#"{"scheduledAt":"2026-03-02T09:00:00+09:00"}"#;
        assert_eq!(read(nine).unwrap().as_deref(), Some("2026-03-02T00:00:00+00:00"));
        for none in ["{}", r#"{"scheduledAt":null}"#] {
            assert_eq!(read(none).unwrap(), None);
        }
        for wrong in ["", "2026-03-02", "2026-03-02T09:00:00", "내일", "2026-13-02T09:00:00+09:00"] {
            let problem = format!("{:?}", read(&format!(r#"{{"scheduledAt":"{wrong}"}}"#)).unwrap_err());
            let (ko, en) = ("시각은 2026-03-02T09:00:00+09:00 형식으로 입력해 주세요.", NOT_A_MOMENT);
            assert!(problem.contains(ko) && problem.contains(en) && problem.contains("scheduledAt"), "{problem}");
        }
    }

    #[test]
    fn what_is_not_json_is_said_to_be_none() {
        assert_eq!(field("name=a").0, "not-json");
        assert_eq!(field("{").0, "not-json");
    }
}
