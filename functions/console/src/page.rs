//! The frame around what a page shows: head, navigation, notices.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use shared::http::Language;

use crate::parts;
use crate::site::Site;

/// The clinic for which somebody works, as the frame shows it.
#[derive(Debug, Clone)]
pub struct Shell {
    /// Its name.
    pub clinic: String,
    /// Whether the person may do what only owners may.
    pub owner: bool,
    /// The clinic's time zone: `Asia/Seoul`.
    pub zone: String,
}

/// Where a page stands in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nav {
    /// The numbers.
    Dashboard,
    /// What was sent.
    Campaigns,
    /// Texts.
    Templates,
    /// Customers and groups.
    Customers,
    /// Lists that were uploaded.
    Imports,
    /// Who wants no messages.
    Suppressions,
    /// Members.
    Members,
    /// Referral codes.
    Codes,
    /// The ledger.
    Points,
    /// Settings.
    Settings,
    /// Colleagues.
    Staff,
    /// Who did what.
    Audit,
    /// Nowhere in it.
    None,
}

/// A page that is being put together.
pub struct Page<'a> {
    site: &'a Site,
    title: String,
    status: StatusCode,
    nav: Nav,
    shell: Option<Shell>,
    wide: bool,
    scripts: Vec<&'static str>,
    head: Option<Markup>,
}

impl<'a> Page<'a> {
    /// A page with this title and without the staff's navigation: for patients and for those who are not signed in.
    #[must_use]
    pub fn new(site: &'a Site, title: impl Into<String>) -> Self {
        Self {
            site,
            title: title.into(),
            status: StatusCode::OK,
            nav: Nav::None,
            shell: None,
            wide: false,
            scripts: Vec::new(),
            head: None,
        }
    }

    /// A page of a clinic's staff.
    #[must_use]
    pub fn staff(site: &'a Site, shell: Shell, nav: Nav, title: impl Into<String>) -> Self {
        Self { nav, shell: Some(shell), wide: true, ..Self::new(site, title) }
    }

    /// Another status than 200: 422 for a form with errors.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// 422 when there are errors in the form that it shows.
    #[must_use]
    pub fn errors(self, errors: &crate::form::Errors) -> Self {
        if errors.is_empty() { self } else { self.status(StatusCode::UNPROCESSABLE_ENTITY) }
    }

    /// A script of `src/assets`, without its ending. All pages have `console`.
    #[must_use]
    pub fn script(mut self, name: &'static str) -> Self {
        self.scripts.push(name);
        self
    }

    /// More for the head: what link previews show.
    #[must_use]
    pub fn head(mut self, head: Markup) -> Self {
        self.head = Some(head);
        self
    }

    /// The answer with this content. It begins with the page's `h1`.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "pages are written as `.body(html! { .. })`")]
    pub fn body(self, content: Markup) -> Response {
        let language = self.site.language();
        let words = &self.site.words().common;
        let assets = &self.site.deps().assets;
        let notice = self.site.visitor().notice.as_ref();
        let narrow = if self.wide { "page" } else { "page narrow" };
        let markup = html! {
            (DOCTYPE)
            html lang=(language.tag()) {
                head {
                    meta charset="utf-8";
                    title { (self.title) " · " (words.product) }
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="format-detection" content="telephone=no";
                    link rel="icon" href=(assets.path("icon.svg")) type="image/svg+xml";
                    link rel="stylesheet" href=(assets.path("console.css"));
                    @for name in std::iter::once(&"console").chain(&self.scripts) {
                        script type="module" src=(assets.path(&format!("{name}.js"))) {}
                    }
                    @if let Some(head) = &self.head { (head) }
                }
                body class=[self.shell.is_some().then_some("staff")] {
                    a.skip href="#content" { (words.skip_to_content) }
                    @match &self.shell {
                        Some(shell) => (staff_bar(self.site, shell, self.nav)),
                        None => (plain_bar(self.site)),
                    }
                    main #content class=(narrow) tabindex="-1" {
                        @if let Some((tone, text)) = notice { (parts::notice(*tone, html! { (text) })) }
                        (content)
                    }
                }
            }
        };
        (
            self.status,
            [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::VARY, "Cookie, Accept-Language")],
            markup.into_string(),
        )
            .into_response()
    }
}

/// A piece of a page, which a script puts in the place of an older one.
#[must_use]
pub fn fragment(content: Markup) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], content.into_string()).into_response()
}

/// The places of the navigation: paths, and whether owners alone may go there.
const PLACES: [&[(Nav, &str, bool)]; 4] = [
    &[(Nav::Dashboard, "/", false), (Nav::Campaigns, "/campaigns", false), (Nav::Templates, "/templates", false)],
    &[(Nav::Customers, "/customers", false), (Nav::Imports, "/imports", false), (Nav::Suppressions, "/suppressions", false)],
    &[(Nav::Members, "/members", false), (Nav::Codes, "/codes", false), (Nav::Points, "/points", false)],
    &[(Nav::Settings, "/settings", false), (Nav::Staff, "/staff", false), (Nav::Audit, "/audit", true)],
];

fn staff_bar(site: &Site, shell: &Shell, here: Nav) -> Markup {
    let words = &site.words().common;
    html! {
        header.bar {
            a.brand href="/" { (words.product) }
            span.clinic { (shell.clinic) }
            details.menu {
                summary aria-label=(words.menu) { span.bars aria-hidden="true" {} }
                nav aria-label=(words.navigation) {
                    @for (place, group) in PLACES.iter().zip(words.nav_groups) {
                        p.nav-group aria-hidden="true" { (group) }
                        ul {
                            @for (nav, path, _) in place.iter().filter(|(.., owners)| shell.owner || !owners) {
                                li { a href=(path) aria-current=[(*nav == here).then_some("page")] { (words.nav(*nav)) } }
                            }
                        }
                    }
                    (account(site))
                }
            }
        }
    }
}

/// Who is signed in, the way out, and the other language.
fn account(site: &Site) -> Markup {
    let words = &site.words().common;
    html! {
        div.account {
            @if let Some(email) = site.visitor().email() { p.who { (email) } }
            a href="/me" { (words.my_page) }
            @if site.is_signed_in() {
                form method="post" action="/sign-out" { (parts::csrf(site)) button.plain-link type="submit" { (words.sign_out) } }
            }
            (other_language(site))
        }
    }
}

fn plain_bar(site: &Site) -> Markup {
    let words = &site.words().common;
    html! {
        header.bar.plain {
            a.brand href=(if site.is_signed_in() { "/me" } else { "/sign-in" }) { (words.product) }
            div.account {
                @if site.is_signed_in() {
                    form method="post" action="/sign-out" { (parts::csrf(site)) button.plain-link type="submit" { (words.sign_out) } }
                }
                (other_language(site))
            }
        }
    }
}

fn other_language(site: &Site) -> Markup {
    let (tag, name) = match site.language() {
        Language::Korean => ("en", "English"),
        Language::English => ("ko", "한국어"),
    };
    html! {
        form method="post" action="/language" {
            (parts::csrf(site))
            input type="hidden" name="next" value=(site.here());
            button.plain-link type="submit" name="language" value=(tag) lang=(tag) { (name) }
        }
    }
}
