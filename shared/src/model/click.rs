//! Who visited a link: a person, a preview, a prefetch or a program. A person is who comes with a browser that claims nothing else;
//! whoever names no engine, leaves an address to complain to or is known by name does not.

#[cfg(test)]
mod agents;
mod marks;

use self::marks::{DISGUISES, ENGINES, MESSENGERS, PARTS, PHRASES, PREVIEWS, PROGRAMS};
use crate::model::state::ClickClass;

/// Changes whenever [`classify`] would answer differently, so that history can be classified again: after the deployment, by
/// `reclassify-clicks`.
pub const RULE_VERSION: u16 = 2;
/// Of an agent so many characters are kept. The rest is not looked at, so that who judges what was kept comes to the same answer.
pub const AGENT_LENGTH: usize = 300;
/// The same for what a page is asked for.
pub const PURPOSE_LENGTH: usize = 60;

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

/// Classifies a visit and says why, in a stable word.
#[must_use]
pub fn classify(visit: Visit<'_>) -> (ClickClass, &'static str) {
    let agent = kept(visit.agent, AGENT_LENGTH);
    let agent = agent.trim();
    let renders = ENGINES.iter().any(|engine| agent.contains(engine));
    if let Some(reason) = preview(agent, renders) {
        return (ClickClass::Preview, reason);
    }
    if visit.method.eq_ignore_ascii_case("HEAD") {
        return (ClickClass::Prefetch, "head");
    }
    let purpose = kept(visit.purpose, PURPOSE_LENGTH);
    if purpose.contains("prefetch") || purpose.contains("preview") {
        return (ClickClass::Prefetch, "purpose");
    }
    if agent.is_empty() {
        return (ClickClass::Bot, "no_agent");
    }
    // Asked for before programs: no word of theirs may cost a visit from where the messages are read.
    if agent.contains("kakaotalk") && (renders || agent.starts_with("mozilla/")) {
        return (ClickClass::Human, "kakaotalk_in_app");
    }
    if !renders {
        return (ClickClass::Bot, "not_a_browser");
    }
    if let Some(&(_, reason)) = DISGUISES.iter().find(|(disguise, _)| agent == *disguise) {
        return (ClickClass::Bot, reason);
    }
    if leaves_address(agent) {
        return (ClickClass::Bot, "address");
    }
    // Browsers stopped saying so with Internet Explorer 10; programs go on.
    if agent.contains("compatible;") && !["msie ", "konqueror", "webpositive"].iter().any(|old| agent.contains(old)) {
        return (ClickClass::Bot, "compatible");
    }
    if is_program(agent) {
        return (ClickClass::Bot, "program");
    }
    (ClickClass::Human, "browser")
}

fn kept(text: &str, length: usize) -> String {
    text.chars().take(length).map(|character| character.to_ascii_lowercase()).collect()
}

fn preview(agent: &str, renders: bool) -> Option<&'static str> {
    if let Some(&(_, reason)) = PREVIEWS.iter().find(|(mark, _)| agent.contains(mark)) {
        return Some(reason);
    }
    if let Some(&(_, reason)) = MESSENGERS.iter().find(|(name, _)| !renders && agent.starts_with(name)) {
        return Some(reason);
    }
    // Samsung's SMS preview: no person has run Firefox 24 on Ubuntu since 2014.
    (agent.contains("ubuntu") && agent.contains("firefox/24.0")).then_some("samsung_sms_preview")
}

/// Where to complain: a web or a mail address. Ecosia's `android@88.0.4324` and Instagram's `en_KR@calendar=gregorian` are none.
fn leaves_address(agent: &str) -> bool {
    let is_host = |text: &str| {
        let host = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))).next().unwrap_or_default();
        host.starts_with(|c: char| c.is_ascii_alphabetic()) && host.contains('.')
    };
    ["http:/", "https:/", "www.", "mailto:"].iter().any(|mark| agent.contains(mark)) || agent.split('@').skip(1).any(is_host)
}

/// Phones have names of all kinds: CUBOT, M bot 60, Forward Ruby, Spider 8. So in the first brackets of Android, where the phone is,
/// only a name with a version counts.
fn is_program(agent: &str) -> bool {
    let (phone, rest) = if agent.contains("android") { agent.split_once(')').unwrap_or((agent, "")) } else { ("", agent) };
    PHRASES.iter().any(|phrase| rest.contains(phrase))
        || words(rest).any(is_name)
        || words(phone).filter(|word| word.contains('/')).any(is_name)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/')))
}

/// Whether a word, without its version, names a program.
fn is_name(word: &str) -> bool {
    let name = word.split('/').next().unwrap_or_default();
    let is_bot = |part: &str| part.ends_with("bot") && part != "cubot" || matches!(part, "bots" | "robots");
    PROGRAMS.contains(&name)
        || PARTS.iter().any(|part| name.contains(part))
        || name.starts_with("google-")
        || name.ends_with("-google")
        || name.ends_with("agent")
        || name.split(['-', '.']).any(is_bot)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANDROID: &str = "Mozilla/5.0 (Linux; Android 14; SM-S918N Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/120.0.6099.230 Mobile Safari/537.36";

    fn of(agent: &str) -> (ClickClass, &'static str) {
        classify(Visit { method: "GET", agent, purpose: "" })
    }

    #[test]
    fn kakaotalks_in_app_browser_is_a_person_whatever_else_its_agent_says() {
        for suffix in [";KAKAOTALK 2410210", " KAKAOTALK 10.3.5", " KAKAOTALK/26.8.1 (INAPP)", " SomeBot/1.0 KAKAOTALK 10.3.5"]
        {
            assert_eq!(of(&format!("{ANDROID}{suffix}")), (ClickClass::Human, "kakaotalk_in_app"), "{suffix}");
        }
    }

    #[test]
    fn fetching_ahead_is_not_a_click() {
        for purpose in ["prefetch", "prefetch;prerender", "Prefetch;anonymous-client-ip", "preview"] {
            let visit = Visit { method: "GET", agent: ANDROID, purpose };
            assert_eq!(classify(visit), (ClickClass::Prefetch, "purpose"), "{purpose}");
        }
        assert_eq!(classify(Visit { method: "HEAD", agent: ANDROID, purpose: "" }), (ClickClass::Prefetch, "head"));
        assert_eq!(classify(Visit { method: "GET", agent: ANDROID, purpose: "something-else" }).0, ClickClass::Human);
    }

    #[test]
    fn a_preview_is_a_preview_even_when_it_only_asks_whether_the_page_is_there() {
        let visit = Visit { method: "HEAD", agent: "kakaotalk-scrap/1.0", purpose: "" };
        assert_eq!(classify(visit), (ClickClass::Preview, "kakaotalk_scrap"));
    }

    #[test]
    fn only_a_name_with_a_version_is_a_program_where_the_phone_is_named() {
        let with = |phone: &str| {
            of(&format!("Mozilla/5.0 (Linux; Android 8.0; {phone}) AppleWebKit/537.36 Chrome/81.0 Mobile Safari/537.36")).0
        };
        for phone in ["M bot 60 Build/NRD90M", "CUBOT_P20", "Forward Ruby Build/KOT49H", "Spider 8", "Expanse"] {
            assert_eq!(with(phone), ClickClass::Human, "{phone}");
        }
        for program in ["Pixel 2 Build/OPD3.170816.012; Storebot-Google/1.0", "K; SomeSpider/2"] {
            assert_eq!(with(program), ClickClass::Bot, "{program}");
        }
    }

    #[test]
    fn what_is_kept_of_an_agent_is_judged_as_the_whole_of_it() {
        let long = format!("{ANDROID}{}", " 가나다라 Extra/1.0".repeat(30));
        let marked = format!("{long} Googlebot/2.1 (+http://www.google.com/bot.html)");
        let kept: String = marked.chars().take(AGENT_LENGTH).collect();
        assert_eq!(of(&marked), of(&kept));
        assert_eq!(of(&marked), of(&long));
    }

    #[test]
    fn any_text_at_all_is_classified() {
        for agent in ["", " ", "@", "@.", "a@b.c", "(", ")", "mozilla/", "😀", "\u{0}", "Android", "android)", "/", "-", "."]
        {
            let (class, reason) = of(agent);
            assert_ne!(class, ClickClass::Human, "{agent:?}");
            assert!(!reason.is_empty() && reason.len() <= 40);
        }
    }
}
