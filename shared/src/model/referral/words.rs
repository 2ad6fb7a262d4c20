//! Words that no code may hold: people read codes aloud at a desk, and a clinic prints them.

/// English, also in the spelling of those who write digits for letters. Beside the rude ones those that nobody wants to read from
/// a clinic.
const ENGLISH: &[&str] = &[
    "AIDS", "ANAL", "ANUS", "ASS", "BITCH", "CANCER", "CLIT", "COCK", "COON", "CUM", "CUNT", "DEAD", "DEATH", "DICK", "DIE",
    "DYKE", "FAG", "FAP", "FART", "FCK", "FUC", "FUK", "GOOK", "GRAVE", "HATE", "HITLER", "HIV", "HOE", "JAP", "JEW", "JIZZ",
    "KILL", "KKK", "NAZI", "NEGRO", "NIG", "PENIS", "PIMP", "PISS", "POOP", "PORN", "PUSSY", "RAPE", "SATAN", "SEX", "SHAG",
    "SHIT", "SLAG", "SLUT", "SPERM", "TIT", "TURD", "TWAT", "WANK", "WTF", "WHORE",
];

/// Korean as it comes out of a keyboard whose language was not switched (2-beolsik): TLQKF is 시발.
const KOREAN: &[&str] = &[
    "TLQ",    // 십, 시발, 씹
    "TQKF",   // ㅅ발
    "TQ",     // ㅅㅂ
    "TPRTM",  // 섹스
    "TPR",    // 섹
    "TOR",    // 새끼 (as TORL), 색
    "RJFFP",  // 걸레
    "RKDRKS", // 강간
    "RPDL",   // 게이
    "RHWK",   // 고자
    "QUDTLS", // 병신
    "QT",     // ㅂㅅ
    "QHWL",   // 보지
    "QKRNF",  // 빠굴
    "WKWL",   // 자지
    "WHW",    // 좆
    "WHSSK",  // 존나
    "WLFKF",  // 지랄
    "WNRDJ",  // 죽어
    "WNRDM",  // 죽음
    "WKTKF",  // 자살
    "WT",     // ㅈㅅ
    "ELWU",   // 디져
    "ENLWU",  // 뒤져
    "DOAL",   // 애미
    "DOQL",   // 애비
    "DKA",    // 암
    "SLRMAL", // 니그미
    "SRMAK",  // 느금마
    "SLAL",   // 니미
    "SUS",    // 년
    "ALCLS",  // 미친
    "AOCNS",  // 매춘
    "CKDSU",  // 창녀
    "TKAKD",  // 사망
    "TKFDLS", // 살인
    "18",     // 십팔
];

/// The letters and digits of the code that can be read as this letter.
const fn alike(letter: u8) -> &'static [u8] {
    match letter {
        b'A' => b"A4",
        b'B' => b"B8",
        b'E' => b"E3",
        b'G' => b"G69",
        b'I' | b'L' => b"1",
        b'O' => b"0",
        b'S' => b"S5",
        b'T' => b"T7",
        b'U' => b"V",
        b'Z' => b"Z2",
        _ => &[],
    }
}

/// Whether the code holds a word of either list.
pub(super) fn reads_badly(code: &str) -> bool {
    let read = |letter: u8, shown: u8| letter == shown || alike(letter).contains(&shown);
    // On a Korean keyboard a digit is a digit, and only what looks like a vowel or like ㅇ is read for it.
    let typed =
        |letter: u8, shown: u8| letter == shown || matches!(letter, b'L' | b'O' | b'U') && alike(letter).contains(&shown);
    holds(code, ENGLISH, read) || holds(code, KOREAN, typed)
}

fn holds(code: &str, words: &[&str], same: impl Fn(u8, u8) -> bool) -> bool {
    words.iter().any(|word| {
        let windows = &mut code.as_bytes().windows(word.len());
        windows.any(|window| word.bytes().zip(window).all(|(letter, &shown)| same(letter, shown)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_is_found_also_when_digits_stand_for_letters() {
        for code in ["SH1T2345", "2A553456", "345FVCK2", "PVSSY234", "D1CK2345", "234H1V56", "2345KKK6", "B1TCHQ23", "23D1E456"]
        {
            assert!(reads_badly(code), "{code}");
        }
    }

    #[test]
    fn korean_is_found_as_a_keyboard_types_it() {
        for code in ["T1QKF234", "23WHW456", "QVDT1S23", "2T0R1345", "WKW12345", "23456TQ7", "0318A234", "23SVS456"] {
            assert!(reads_badly(code), "{code}");
        }
    }

    #[test]
    fn ordinary_codes_are_not_thrown_away() {
        for code in ["7K3M9QXA", "M4RK2W9P", "K1M2P4RK", "GRN34HWY", "23456789"] {
            assert!(!reads_badly(code), "{code}");
        }
    }
}
