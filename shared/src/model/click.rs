//! Who visited a link: a person, a preview, a prefetch or a program.

use crate::model::state::ClickClass;

/// Changes whenever [`classify`] would answer differently, so that history can be classified again.
pub const RULE_VERSION: u16 = 1;

/// What is known of a visit.
#[derive(Debug, Clone, Copy)]
pub struct Visit<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// `User-Agent`, empty when absent.
    pub agent: &'a str,
    /// `Sec-Purpose` or `Purpose`, empty when absent.
    pub purpose: &'a str,
}

/// Link previews. Checked before programs: several call themselves a bot.
const PREVIEWS: &[(&str, &str)] = &[
    ("kakaotalk-scrap", "kakaotalk_scrap"),
    ("facebookexternalhit", "facebook_preview"),
    ("facebot", "facebook_preview"),
    ("line-poker", "line_preview"),
    ("linebot", "line_preview"),
    ("slackbot-linkexpanding", "slack_preview"),
    ("slack-imgproxy", "slack_preview"),
    ("twitterbot", "x_preview"),
    ("telegrambot", "telegram_preview"),
    ("whatsapp/", "whatsapp_preview"),
    ("discordbot", "discord_preview"),
    ("skypeuripreview", "skype_preview"),
    ("yeti-mobile-preview", "naver_preview"),
    ("ntwebpageassist", "nateon_preview"),
    ("linkpreview", "link_preview"),
    ("iframely", "link_preview"),
    ("embedly", "link_preview"),
];

/// Programs, as whole words: a CUBOT phone is not a bot.
const PROGRAMS: &[&str] = &[
    "bot",
    "googlebot",
    "bingbot",
    "yeti",
    "daum",
    "daumoa",
    "yandexbot",
    "baiduspider",
    "duckduckbot",
    "applebot",
    "ahrefsbot",
    "semrushbot",
    "petalbot",
    "bytespider",
    "gptbot",
    "ccbot",
    "spider",
    "crawler",
    "slurp",
    "curl",
    "wget",
    "python",
    "aiohttp",
    "httpx",
    "scrapy",
    "java",
    "okhttp",
    "axios",
    "go-http-client",
    "libwww-perl",
    "headlesschrome",
    "phantomjs",
    "puppeteer",
    "playwright",
    "selenium",
    "urlscan",
    "virustotal",
    "proofpoint",
    "barracuda",
    "mimecast",
    "symantec",
    "safelinks",
    "scanner",
    "nmap",
    "zgrab",
    "masscan",
    "censys",
    "expanse",
    "postmanruntime",
    "insomnia",
    "node-fetch",
    "undici",
    "ruby",
    "reqwest",
];

/// Classes a visit and says why, in a stable word.
#[must_use]
pub fn classify(visit: Visit<'_>) -> (ClickClass, &'static str) {
    let agent = visit.agent.trim().to_ascii_lowercase();
    if let Some(&(_, reason)) = PREVIEWS.iter().find(|(mark, _)| agent.contains(mark)) {
        return (ClickClass::Preview, reason);
    }
    // Samsung's SMS preview: no person has run Firefox 24 on Ubuntu since 2014. iMessage pretends to be three previews.
    if agent.contains("ubuntu") && agent.contains("firefox/24.0") {
        return (ClickClass::Preview, "samsung_sms_preview");
    }
    if visit.method.eq_ignore_ascii_case("HEAD") {
        return (ClickClass::Prefetch, "head");
    }
    if visit.purpose.to_ascii_lowercase().contains("prefetch") || visit.purpose.to_ascii_lowercase().contains("preview") {
        return (ClickClass::Prefetch, "purpose");
    }
    if agent.is_empty() {
        return (ClickClass::Bot, "no_agent");
    }
    if agent.contains("kakaotalk") {
        return (ClickClass::Human, "kakaotalk_in_app");
    }
    if is_program(&agent) {
        return (ClickClass::Bot, "program");
    }
    if agent.starts_with("mozilla/") || agent.starts_with("opera/") {
        return (ClickClass::Human, "browser");
    }
    (ClickClass::Bot, "not_a_browser")
}

fn is_program(agent: &str) -> bool {
    let words = agent.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words
        .clone()
        .any(|word| PROGRAMS.contains(&word) || word.split('-').any(|part| matches!(part, "bot" | "crawler" | "spider")))
        || words.into_iter().any(|word| word.ends_with("bot") && !word.starts_with("cubot") && word.len() > 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANDROID: &str = "Mozilla/5.0 (Linux; Android 14; SM-S918N Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/120.0.6099.230 Mobile Safari/537.36";

    fn class(agent: &str) -> ClickClass {
        classify(Visit { method: "GET", agent, purpose: "" }).0
    }

    #[test]
    fn kakaotalks_in_app_browser_is_a_person() {
        for suffix in [";KAKAOTALK 2410210", " KAKAOTALK 10.3.5", " KAKAOTALK/26.8.1 (INAPP)"] {
            assert_eq!(class(&format!("{ANDROID}{suffix}")), ClickClass::Human, "{suffix}");
        }
    }

    #[test]
    fn browsers_are_people_whatever_the_phone_is_called() {
        for agent in [
            ANDROID,
            "Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Linux; Android 10; CUBOT_NOTE_20) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-A536N) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/23.0 Chrome/115.0 Mobile Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 NAVER(inapp; search; 2000; 12.4.3; 15PRO)",
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        ] {
            assert_eq!(class(agent), ClickClass::Human, "{agent}");
        }
    }

    #[test]
    fn link_previews_are_not_people() {
        for agent in [
            "facebookexternalhit/1.1; kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984",
            "kakaotalk-scrap/1.0",
            "facebookexternalhit/1.1;line-poker/1.0",
            "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
            "Mozilla/5.0 (Windows NT 10.0) NTWebPageAssist",
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:24.0) Gecko/20100101 Firefox/24.0",
        ] {
            assert_eq!(class(agent), ClickClass::Preview, "{agent}");
        }
    }

    #[test]
    fn programs_are_not_people() {
        for agent in [
            "",
            "curl/8.5.0",
            "python-requests/2.31.0",
            "Go-http-client/2.0",
            "Dalvik/2.1.0 (Linux; U; Android 14)",
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 (compatible; Yeti/1.1; +https://naver.me/spd)",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0 Safari/537.36",
            "Mozilla/5.0 (compatible; Daum/4.1; +http://cs.daum.net/)",
        ] {
            assert_ne!(class(agent), ClickClass::Human, "{agent}");
        }
    }

    #[test]
    fn fetching_ahead_is_not_a_click() {
        let visit = Visit { method: "GET", agent: ANDROID, purpose: "prefetch;prerender" };
        assert_eq!(classify(visit).0, ClickClass::Prefetch);
        assert_eq!(classify(Visit { method: "HEAD", purpose: "", ..visit }).0, ClickClass::Prefetch);
    }
}
