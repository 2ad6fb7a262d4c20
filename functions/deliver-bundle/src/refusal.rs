//! What a refusal of the provider means. Its codes say little: `-99` is most things, so its words are read.

/// A refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It does not let us in: the key, or the address that we call from. No call would go through.
    NoAccess,
    /// The account is empty.
    OutOfMoney,
    /// Anything else; it may be the bundle's fault.
    Other,
}

/// Reads one. A sender's number is "인증" as well, so that word alone says nothing.
pub(crate) fn read(code: i32, words: &str) -> Refusal {
    let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    let names_address = || words.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| word == "IP");
    if code == -101 || code == -99 && says(&["인증"]) && names_address() {
        Refusal::NoAccess
    } else if says(&["포인트", "잔액", "충전", "부족"]) {
        Refusal::OutOfMoney
    } else {
        Refusal::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_read_by_its_words_where_the_code_says_nothing() {
        for (code, words, refusal) in [
            (-99, "포인트가 부족합니다.", Refusal::OutOfMoney),
            (-99, "잔액이 없습니다. 충전 후 이용하세요.", Refusal::OutOfMoney),
            (-99, "인증되지 않는 서버 IP로 부터의 호출 입니다.", Refusal::NoAccess),
            (-101, "인증오류입니다.", Refusal::NoAccess),
            (-101, "", Refusal::NoAccess),
            (-99, "미인증 IP(203.0.113.7)입니다.", Refusal::NoAccess),
            (-99, "인증되지 않은 발신번호입니다.", Refusal::Other),
            (-99, "RECIPIENT 인증 오류", Refusal::Other),
            (-99, "IP가 허용되지 않습니다.", Refusal::Other),
            (-99, "발신프로필이 존재하지 않습니다.", Refusal::Other),
            (509, "인증 상태가 아닙니다.", Refusal::Other),
            (-99, "", Refusal::Other),
        ] {
            assert_eq!(read(code, words), refusal, "{code} {words}");
        }
    }
}
