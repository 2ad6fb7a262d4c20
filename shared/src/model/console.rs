//! Where the console is: what the links begin with that people open.

use std::fmt;
use std::str::FromStr;

use url::Url;

/// The longest origin, so that an invite link fits a QR code that can be printed small.
const LONGEST: usize = 100;

/// The origin of the console, `https://app.example.com`. The default is none: it stands in until the configuration is checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConsoleOrigin(String);

/// The text is no origin of a web page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an origin such as https://app.example.com, of at most {LONGEST} characters")]
pub struct NotAnOrigin;

impl ConsoleOrigin {
    /// Where somebody is invited with a code.
    #[must_use]
    pub fn invite_link(&self, code: impl fmt::Display) -> String {
        format!("{self}/i/{code}")
    }
}

impl FromStr for ConsoleOrigin {
    type Err = NotAnOrigin;

    /// A slash at the end is taken off.
    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let url = Url::parse(text).map_err(|_| NotAnOrigin)?;
        let origin = url.origin().ascii_serialization();
        // Parsing tidies the text up: what has more than an origin is another text afterwards.
        let plain = text.trim_end_matches('/').eq_ignore_ascii_case(&origin);
        let known = matches!(url.scheme(), "https" | "http");
        if plain && known && origin.len() <= LONGEST { Ok(Self(origin)) } else { Err(NotAnOrigin) }
    }
}

impl fmt::Display for ConsoleOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_made_of_an_origin_and_a_code() {
        for text in ["https://app.example.com", "https://app.example.com/", "HTTPS://App.example.com"] {
            let origin: ConsoleOrigin = text.parse().unwrap();
            assert_eq!(origin.invite_link("7K3M9QXF"), "https://app.example.com/i/7K3M9QXF");
        }
        assert_eq!("http://localhost:4700".parse::<ConsoleOrigin>().unwrap().to_string(), "http://localhost:4700");
    }

    #[test]
    fn what_is_more_or_less_than_an_origin_is_refused() {
        let long = format!("https://{}.example.com", "a".repeat(LONGEST));
        let texts = [
            "",
            "*",
            "app.example.com",
            "https://app.example.com/console",
            "https://a@app.example.com",
            "ftp://app.example.com",
        ];
        for text in texts.into_iter().chain(["https://app.example.com?a=b", "javascript:alert(1)", long.as_str()]) {
            assert_eq!(text.parse::<ConsoleOrigin>(), Err(NotAnOrigin), "{text}");
        }
    }
}
