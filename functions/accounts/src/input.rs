//! What people type: addresses, passwords, codes and tokens. None of it is ever shown by `Debug`.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use shared::http::{Kind, Problem};
use utoipa::ToSchema;

/// The fewest characters of a password. The user pool has the same rules; they are looked at here first, so that the answer to
/// a weak password is the same whether or not the address has an account.
pub const MIN_PASSWORD: usize = 12;

/// An e-mail address. Capitals make no difference.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, format = "email", max_length = 254, example = "kim@example.com")]
pub struct Email(String);

/// The text is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct NotAnEmail;

impl Email {
    /// The address in lower case: Cognito takes capitals for the same, other readers may not.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Email {
    type Error = NotAnEmail;

    /// Takes what a mail can be sent to: Cognito and SES send to ASCII addresses only.
    fn try_from(text: String) -> Result<Self, NotAnEmail> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnEmail)?;
        let in_local = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte);
        let in_domain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let labels = domain.split('.').collect::<Vec<_>>();
        let holds = text.len() <= 254
            && (1..=64).contains(&local.len())
            && local.bytes().all(in_local)
            && !local.split('.').any(str::is_empty)
            && labels.len() >= 2
            && labels.iter().all(|label| !label.is_empty() && label.bytes().all(in_domain));
        if holds { Ok(Self(text.to_ascii_lowercase())) } else { Err(NotAnEmail) }
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email")
    }
}

/// The text is empty or too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to {max} characters")]
pub struct WrongLength {
    max: usize,
}

fn bounded(text: String, max: usize) -> Result<SecretString, WrongLength> {
    if (1..=max).contains(&text.chars().count()) { Ok(text.into()) } else { Err(WrongLength { max }) }
}

/// A password.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, format = "password", min_length = 1, max_length = 256, example = "correct-horse-7")]
pub struct Password(SecretString);

impl TryFrom<String> for Password {
    type Error = WrongLength;

    fn try_from(text: String) -> Result<Self, WrongLength> {
        bounded(text, 256).map(Self)
    }
}

impl Password {
    /// The password itself.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Refuses a new password that does not meet the rules.
    ///
    /// # Errors
    /// When it is too short, lacks a lower-case letter or a digit, or begins or ends with a space.
    pub fn check(&self) -> Result<(), Problem> {
        let text = self.expose();
        if text.trim() != text {
            let (ko, en) =
                ("비밀번호의 처음과 끝에는 공백을 쓸 수 없습니다.", "A password neither begins nor ends with a space.");
            return Err(Problem::of(Kind::WeakPassword).detail(ko, en));
        }
        let letter = text.bytes().any(|byte| byte.is_ascii_lowercase());
        let digit = text.bytes().any(|byte| byte.is_ascii_digit());
        if text.chars().count() >= MIN_PASSWORD && letter && digit {
            return Ok(());
        }
        Err(Problem::of(Kind::WeakPassword))
    }
}

/// A code that was sent. Spaces and hyphens in it make no difference.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, min_length = 1, max_length = 32, example = "123456")]
pub struct Code(SecretString);

impl TryFrom<String> for Code {
    type Error = WrongLength;

    fn try_from(text: String) -> Result<Self, WrongLength> {
        bounded(text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect(), 32).map(Self)
    }
}

impl Code {
    /// The code itself.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// A token that a sign-in has given.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, min_length = 1, max_length = 16384, example = "eyJraWQiOiJ...")]
pub struct Token(SecretString);

impl TryFrom<String> for Token {
    type Error = WrongLength;

    fn try_from(text: String) -> Result<Self, WrongLength> {
        bounded(text.trim().to_owned(), 16_384).map(Self)
    }
}

impl Token {
    /// The token itself.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(text: &str) -> Option<String> {
        Email::try_from(text.to_owned()).ok().map(|email| email.0)
    }

    #[test]
    fn an_address_is_taken_in_lower_case_and_what_no_mail_reaches_is_refused() {
        for (typed, kept) in [
            (" Kim@Example.COM ", "kim@example.com"),
            ("first.last+clinic@mail.example.co.kr", "first.last+clinic@mail.example.co.kr"),
            ("o'neil_1@xn--9n2bp8q.kr", "o'neil_1@xn--9n2bp8q.kr"),
        ] {
            assert_eq!(email(typed).as_deref(), Some(kept));
        }
        let long = format!("{}@example.com", "a".repeat(65));
        for typed in ["", "kim", "@example.com", "kim@", "kim@localhost", "a@b@example.com", "k im@example.com", &long]
            .into_iter()
            .chain(["kim@example..com", ".kim@example.com", "김@example.com", "kim@예시.kr", "kim@example.com\nBcc: x@y.zz"])
        {
            assert_eq!(email(typed), None, "{typed}");
        }
    }

    #[test]
    fn a_password_needs_twelve_characters_a_lower_case_letter_and_a_digit() {
        let strong = |text: &str| Password::try_from(text.to_owned()).unwrap().check().is_ok();
        for text in ["correct-horse-1", "비밀번호입니다만요요a1", "a23456789012"] {
            assert!(strong(text), "{text}");
        }
        for text in ["a2345678901", "CORRECT-HORSE-1", "correct-horse-", "123456789012", " correct-horse-1", "correct-horse-1 "]
        {
            assert!(!strong(text), "{text}");
        }
    }

    #[test]
    fn the_user_pool_has_the_rules_that_are_checked_here() {
        let template = include_str!("../../../template.yaml");
        for rule in [
            &*format!("MinimumLength: {MIN_PASSWORD}"),
            "RequireLowercase: true",
            "RequireUppercase: false",
            "RequireNumbers: true",
            "RequireSymbols: false",
        ] {
            assert!(template.contains(rule), "{rule}");
        }
    }

    #[test]
    fn a_code_may_be_typed_with_spaces_and_nothing_typed_shows_in_a_log() {
        let code = Code::try_from(" 123-4 56 ".to_owned()).unwrap();
        assert_eq!(code.expose(), "123456");
        assert!(Code::try_from(" - ".to_owned()).is_err());
        let token = Token::try_from("eyJ".to_owned()).unwrap();
        let (email, password) = (Email("kim@example.com".to_owned()), Password("correct-horse-1".to_owned().into()));
        let shown = format!("{email:?} {password:?} {code:?} {token:?}");
        assert!(["kim", "horse", "123456", "eyJ"].iter().all(|secret| !shown.contains(secret)), "{shown}");
    }
}
