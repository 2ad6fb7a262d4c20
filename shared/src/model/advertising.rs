//! Advertising (광고) by law: marked and refusable. It goes only to those who agreed, and never in [quiet](super::quiet) hours.

/// What an advertisement begins with.
pub const MARK: &str = "(광고)";
/// What it has to name: how to refuse it free of charge.
pub const OPT_OUT: &str = "수신거부";

/// What an approved text lacks to be an advertisement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmarked {
    /// It does not begin with [`MARK`].
    NoMark,
    /// It does not name [`OPT_OUT`].
    NoOptOut,
}

impl Unmarked {
    /// As the API spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoMark => "no-advertising-mark",
            Self::NoOptOut => "no-opt-out",
        }
    }

    /// What a clinic reads, in Korean and English.
    #[must_use]
    pub const fn explanation(self) -> (&'static str, &'static str) {
        match self {
            Self::NoMark => (
                "광고로 보내려면 승인된 문구가 \"(광고)\"로 시작해야 합니다.",
                "To be sent as advertising, the approved text must begin with the mark of advertising (in Korean, in brackets).",
            ),
            Self::NoOptOut => (
                "광고로 보내려면 승인된 문구에 무료 수신거부 방법(\"수신거부\")이 있어야 합니다.",
                "To be sent as advertising, the approved text must say how to refuse it free of charge.",
            ),
        }
    }
}

/// Whether a text says of itself that it is an advertisement.
#[must_use]
pub fn is_marked(content: &str) -> bool {
    content.trim_start().starts_with(MARK)
}

/// What the text lacks to be an advertisement; none when it has all.
#[must_use]
pub fn lack(content: &str) -> Option<Unmarked> {
    if !is_marked(content) {
        return Some(Unmarked::NoMark);
    }
    let letters: String = content.chars().filter(|letter| !letter.is_whitespace()).collect();
    if letters.contains(OPT_OUT) { None } else { Some(Unmarked::NoOptOut) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advertisement_is_marked_and_says_how_to_refuse_it() {
        assert_eq!(lack("(광고) 새봄치과\r\n#{고객명}님\r\n무료 수신 거부 080-000-0000"), None);
        assert_eq!(lack("새봄치과 (광고) 수신거부 080"), Some(Unmarked::NoMark));
        assert_eq!(lack("(광고) 새봄치과"), Some(Unmarked::NoOptOut));
        assert!(is_marked(" (광고)") && !is_marked("[광고]"));
    }
}
