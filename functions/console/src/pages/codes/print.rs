//! Sheets with a code's QR code to print: a poster, and cards for the desk.

use axum::extract::{Path, Query};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;
use shared::http::Language;

use super::{ReferralCode, State};
use crate::page::{Nav, Page, Shell};
use crate::parts;
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;
use crate::words::Words;
use crate::words::codes::Codes;

/// How many cards a sheet has.
const CARDS: usize = 8;
/// How many it has when there is much to say.
const LARGE_CARDS: usize = 4;
/// A name with more characters is written smaller.
const LONG_NAME: usize = 14;
/// A name, and a notice about points, with more characters need more room.
const MUCH: (usize, usize) = (40, 120);

/// Which sheet, and in which language; in the page's unless said.
#[derive(Debug, Deserialize)]
pub struct Asked {
    #[serde(default)]
    format: String,
    #[serde(default)]
    language: String,
}

impl Asked {
    fn is_card(&self) -> bool {
        self.format == "card"
    }

    fn language(&self, page: Language) -> Language {
        match self.language.as_str() {
            "ko" => Language::Korean,
            "en" => Language::English,
            _ => page,
        }
    }
}

/// What a sheet says of the clinic.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Clinic {
    name: String,
    points_enabled: bool,
    join_points: u32,
    points_notice: String,
    accepts_members: bool,
}

impl Clinic {
    /// Whether name and notice are so long that they need the room of other things.
    fn says_much(&self) -> bool {
        let notice = if self.points_enabled { self.points_notice.chars().count() } else { 0 };
        self.name.chars().count() > MUCH.0 || notice > MUCH.1
    }

    fn cards(&self) -> usize {
        if self.says_much() { LARGE_CARDS } else { CARDS }
    }
}

/// Shows a sheet as it will be printed.
///
/// # Errors
/// As the API says.
pub async fn show(site: Person, Path(code): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let api = site.api();
    let (shell, clinic, code) = tokio::try_join!(
        site.shell(),
        api.get(["clinic"]).send::<Clinic>(),
        api.get(["referral-codes", &code]).send::<ReferralCode>(),
    )?;
    Ok(page(&site, shell, &asked, (&clinic, &code)))
}

/// Gives the picture of a QR code as the API draws it: `qr.svg`, `qr.png`.
///
/// # Errors
/// As the API says.
pub async fn picture(site: Person, Path((code, name)): Path<(String, String)>) -> Answer {
    let (format, width, kind) = match name.as_str() {
        "qr.svg" => ("svg", 512, "image/svg+xml"),
        "qr.png" => ("png", 2048, "image/png"),
        _ => return Ok(crate::pages::broken::missing(&site)),
    };
    let drawn = site.api().get(["invitations", &code, "qr"]).query("format", format).query("size", width).answer().await?;
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "private, max-age=3600")], drawn).into_response())
}

fn page(site: &Site, shell: Shell, asked: &Asked, (clinic, code): (&Clinic, &ReferralCode)) -> Response {
    let words = &site.words().codes;
    let language = asked.language(site.language());
    let title = format!("{} · {}", words.print_title, code.name(words));
    Page::staff(site, shell, Nav::Codes, title.as_str()).body(html! {
        div.no-print {
            div.head {
                h1 { (title) }
                a href=(code.path()) { (words.settings) }
            }
            @if !clinic.accepts_members {
                (parts::notice(Tone::Warning, html! { (words.closed) " " a href="/settings" { (words.to_settings) } }))
            }
            @if code.state != State::Usable { (parts::notice(Tone::Warning, html! { (words.not_usable) })) }
            (choices(words, &code.path(), (asked.is_card(), language)))
            p { (words.paper) @if asked.is_card() { " " (words.paper_cards.replace("{}", &clinic.cards().to_string())) } }
            div.actions {
                button.button.primary type="button" hidden data-with-script data-print { (site.words().common.print) }
                span data-without-script { (words.print_by_hand) }
            }
        }
        section aria-label=(words.preview) lang=(language.tag()) {
            @let qr = html! { img src={ (code.path()) "/qr.svg" } alt=(words.qr_of.replace("{}", &code.code)); };
            @let words = &Words::of(language).codes;
            @if asked.is_card() { (cards(words, clinic, code, &qr)) } @else { (poster(words, clinic, code, &qr)) }
        }
    })
}

fn choices(words: &Codes, path: &str, (is_card, language): (bool, Language)) -> Markup {
    let format = if is_card { "card" } else { "poster" };
    let link = |format: &str, language: Language| {
        parts::address(&format!("{path}/print"), [("format", format), ("language", language.tag())])
    };
    html! {
        div.choices {
            nav aria-label=(words.formats) {
                ul.chips {
                    @for (name, word) in [("poster", words.poster), ("card", words.cards)] {
                        li { a href=(link(name, language)) aria-current=[(name == format).then_some("page")] { (word) } }
                    }
                }
            }
            nav aria-label=(words.languages) {
                ul.chips {
                    @for (other, word) in [(Language::Korean, "한국어"), (Language::English, "English")] {
                        @let current = (other == language).then_some("page");
                        li { a href=(link(format, other)) lang=(other.tag()) aria-current=[current] { (word) } }
                    }
                }
            }
        }
    }
}

/// Points for a first join, where the clinic grants any.
fn gain(words: &Codes, clinic: &Clinic) -> Option<String> {
    let granted = clinic.points_enabled && clinic.join_points > 0;
    granted.then(|| words.sheet_points.replace("{}", &parts::number(clinic.join_points)))
}

fn name(clinic: &Clinic) -> Markup {
    let long = clinic.name.chars().count() > LONG_NAME;
    html! { p.sheet-clinic.long[long] { (clinic.name) } }
}

/// A link as people type it: without what browsers add, and broken before the code at most.
fn typed(code: &ReferralCode) -> Markup {
    let link = code.invite_link.strip_prefix("https://").unwrap_or(&code.invite_link);
    html! {
        @match link.strip_suffix(&code.code) {
            Some(place) => { (place) wbr; span.nowrap { (code.code) } },
            None => (link),
        }
    }
}

fn poster(words: &Codes, clinic: &Clinic, code: &ReferralCode, qr: &Markup) -> Markup {
    html! {
        div.sheet {
            article.poster.dense[clinic.says_much()] {
                (name(clinic))
                p.sheet-title { (words.sheet_title) }
                div.sheet-qr { (qr) }
                ol.sheet-steps { @for step in [words.sheet_scan, words.sheet_sign_up, words.sheet_done] { li { (step) } } }
                ul.sheet-gains {
                    @match gain(words, clinic) {
                        Some(points) => { li { strong { (points) } } li { (words.sheet_see) } },
                        None => li { (words.sheet_join) },
                    }
                    li { (words.sheet_share) }
                }
                p.sheet-link { (words.sheet_link) br; strong { (typed(code)) } }
                @if clinic.points_enabled { p.sheet-notice { (clinic.points_notice) } }
            }
        }
    }
}

/// The same card as often as it fits; read out once.
fn cards(words: &Codes, clinic: &Clinic, code: &ReferralCode, qr: &Markup) -> Markup {
    html! {
        div.sheet {
            div.desk-cards.dense[clinic.says_much()] {
                @for number in 0..clinic.cards() {
                    article.desk-card aria-hidden=[(number > 0).then_some("true")] {
                        header { (name(clinic)) p.sheet-title { (words.sheet_card) } }
                        div.sheet-qr { (qr) }
                        div.desk-text {
                            p.sheet-gain { @match gain(words, clinic) { Some(points) => strong { (points) }, None => (words.sheet_join) } }
                            p.sheet-link { (words.sheet_link) br; strong { (typed(code)) } }
                        }
                        @if clinic.points_enabled { p.sheet-notice { (clinic.points_notice) } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clinic(points_enabled: bool, join_points: u32) -> Clinic {
        let (name, points_notice) = ("<b>단골</b>의원".to_owned(), "비급여만".to_owned());
        Clinic { name, points_enabled, join_points, points_notice, accepts_members: true }
    }

    fn drawn(clinic: &Clinic, with: fn(&Codes, &Clinic, &ReferralCode, &Markup) -> Markup) -> String {
        let code = ReferralCode {
            code: "7K3M9QXF".to_owned(),
            invite_link: "https://app.example.com/i/7K3M9QXF".to_owned(),
            member: Some(super::super::Owner { user_id: "usr_1".to_owned(), name: "김단골".to_owned() }),
            label: None,
            state: State::Usable,
            uses: 0,
            disabled_at: None,
            expires_at: None,
            created_at: chrono::DateTime::UNIX_EPOCH,
        };
        with(&Words::of(Language::Korean).codes, clinic, &code, &html! { img alt="QR"; }).into_string()
    }

    #[test]
    fn a_sheet_names_the_clinic_and_never_the_member_whose_code_it_is() {
        for sheet in [drawn(&clinic(true, 1000), poster), drawn(&clinic(true, 1000), cards)] {
            assert!(
                sheet.contains("&lt;b&gt;단골&lt;/b&gt;의원")
                    && sheet.contains(">app.example.com/i/<wbr><span class=\"nowrap\">7K3M9QXF<"),
                "{sheet}"
            );
            assert!(sheet.contains("1,000포인트") && sheet.contains("비급여만") && !sheet.contains("김단골"), "{sheet}");
        }
    }

    #[test]
    fn a_clinic_that_grants_nothing_promises_nothing() {
        for of in [clinic(false, 1000), clinic(true, 0)] {
            let sheet = drawn(&of, poster);
            assert!(!sheet.contains("포인트<") && sheet.contains(Words::of(Language::Korean).codes.sheet_join), "{sheet}");
            assert_eq!(sheet.contains("비급여만"), of.points_enabled);
        }
    }

    #[test]
    fn a_sheet_of_cards_is_read_out_once() {
        let (usual, mut much) = (clinic(true, 1), clinic(true, 1));
        much.points_notice = "가".repeat(500);
        for (of, count) in [(usual, CARDS), (much, LARGE_CARDS)] {
            let sheet = drawn(&of, cards);
            assert_eq!((sheet.matches("desk-card\"").count(), sheet.matches("aria-hidden").count()), (count, count - 1));
        }
    }
}
