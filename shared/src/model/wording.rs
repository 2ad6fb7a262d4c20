//! What a clinic wants a template to say, and what `KakaoTalk` would not take of it.

use serde::{Deserialize, Serialize};

use crate::model::customer::visible;
use crate::model::draft::MAX_TITLE;
use crate::model::template::{Button, LINK_VARIABLE, MAX_CHARACTERS, count_variables, variables};

/// The most characters of a template's name.
pub const MAX_NAME: usize = 150;
/// The most variables of a text, each as often as it stands there.
pub const MAX_VARIABLES: usize = 40;
/// The most buttons.
pub const MAX_BUTTONS: usize = 5;
/// The most characters on a button.
pub const MAX_BUTTON_NAME: usize = 14;
/// The most characters of a button's address.
pub const MAX_ADDRESS: usize = 500;

/// Kinds of messages, in the provider's spelling.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum MessageKind {
    /// Plain.
    #[default]
    Ba,
    /// With additional information.
    Ex,
    /// With a button that adds the channel.
    Ad,
    /// With both.
    Mi,
}

impl MessageKind {
    /// As the provider spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ba => "BA",
            Self::Ex => "EX",
            Self::Ad => "AD",
            Self::Mi => "MI",
        }
    }
}

/// What a template is to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wording {
    /// What the clinic calls it.
    pub name: String,
    /// The text with its variables.
    pub content: String,
    /// `BA`, `EX`, `AD` or `MI`.
    pub kind: String,
    /// The title above the text, empty when there is none.
    pub emphasis_title: String,
    /// The line below the title, empty when there is none.
    pub emphasis_subtitle: String,
    /// The buttons in their order.
    pub buttons: Vec<Button>,
}

/// What `KakaoTalk` would not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The JSON path of what is wrong.
    pub field: String,
    /// What is wrong, in Korean.
    pub ko: String,
    /// The same in English.
    pub en: String,
}

fn flaw(field: impl Into<String>, ko: impl Into<String>, en: impl Into<String>) -> Flaw {
    Flaw { field: field.into(), ko: ko.into(), en: en.into() }
}

/// What a type of button is called in Korean; none for a type that there is not.
#[must_use]
pub fn link_type_name(link_type: &str) -> Option<&'static str> {
    Some(match link_type {
        "WL" => "웹링크",
        "AL" => "앱링크",
        "AC" => "채널추가",
        "DS" => "배송조회",
        "BK" => "봇키워드",
        "MD" => "메시지전달",
        _ => return None,
    })
}

/// The text with the provider's line breaks.
#[must_use]
pub fn with_crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}

impl Wording {
    /// The wording as the provider keeps it: names tidy, line breaks CRLF, buttons with the names of their types.
    #[must_use]
    pub fn tidy(self) -> Self {
        let buttons = self.buttons.into_iter().map(|button| Button {
            name: visible(&button.name),
            link_type_name: link_type_name(&button.link_type).unwrap_or_default().to_owned(),
            ..button
        });
        Self {
            name: visible(&self.name),
            content: with_crlf(self.content.trim()),
            emphasis_title: visible(&self.emphasis_title),
            emphasis_subtitle: visible(&self.emphasis_subtitle),
            buttons: buttons.collect(),
            kind: self.kind,
        }
    }

    /// Checks what `KakaoTalk` is known to insist on. `link_base` is what stands before the token in our links; empty when it is
    /// not known.
    ///
    /// # Errors
    /// The first thing that it would not take.
    pub fn check(&self, link_base: &str) -> Result<(), Flaw> {
        let length = self.content.chars().count();
        if !(1..=MAX_NAME).contains(&self.name.chars().count()) {
            return Err(flaw(
                "name",
                format!("1~{MAX_NAME}자로 입력해 주세요."),
                format!("must have 1 to {MAX_NAME} characters"),
            ));
        }
        if !(1..=MAX_CHARACTERS).contains(&length) {
            return Err(flaw(
                "content",
                format!("내용은 1~{MAX_CHARACTERS}자까지 쓸 수 있습니다. 지금은 {length}자입니다(줄바꿈은 2자)."),
                format!("the text must have 1 to {MAX_CHARACTERS} characters, and has {length} (a line break is two)"),
            ));
        }
        let count = count_variables(&self.content);
        if count > MAX_VARIABLES {
            return Err(flaw(
                "content",
                format!("변수는 {MAX_VARIABLES}개까지 쓸 수 있습니다. 지금은 {count}개입니다."),
                format!("the text may have {MAX_VARIABLES} variables, and has {count}"),
            ));
        }
        for (field, text) in [("content", &self.content), ("emphasisTitle", &self.emphasis_title)] {
            check_variables(field, text)?;
        }
        self.check_emphasis()?;
        if self.buttons.len() > MAX_BUTTONS {
            return Err(flaw(
                "buttons",
                format!("버튼은 {MAX_BUTTONS}개까지 쓸 수 있습니다."),
                format!("there may be {MAX_BUTTONS} buttons"),
            ));
        }
        self.buttons.iter().enumerate().try_for_each(|(place, button)| check_button(place, button, link_base))
    }

    fn check_emphasis(&self) -> Result<(), Flaw> {
        for (field, text) in [("emphasisTitle", &self.emphasis_title), ("emphasisSubtitle", &self.emphasis_subtitle)] {
            if text.chars().count() > MAX_TITLE {
                return Err(flaw(
                    field,
                    format!("{MAX_TITLE}자까지 쓸 수 있습니다."),
                    format!("may have {MAX_TITLE} characters"),
                ));
            }
        }
        if !variables(&self.emphasis_subtitle).is_empty() {
            return Err(flaw("emphasisSubtitle", "보조 문구에는 변수를 쓸 수 없습니다.", "the subtitle cannot have variables"));
        }
        if self.emphasis_title.is_empty() && !self.emphasis_subtitle.is_empty() {
            return Err(flaw("emphasisTitle", "보조 문구를 쓰려면 강조 제목이 필요합니다.", "a subtitle needs a title"));
        }
        Ok(())
    }

    /// Whether both say the same, whatever the line breaks and the blanks around.
    #[must_use]
    pub fn says_what(&self, other: &Self) -> bool {
        let (one, other) = (self.clone().tidy(), other.clone().tidy());
        one == other
    }

    /// Whether both have the same name and text.
    #[must_use]
    pub fn is_twin_of(&self, other: &Self) -> bool {
        visible(&self.name) == visible(&other.name) && with_crlf(self.content.trim()) == with_crlf(other.content.trim())
    }
}

/// A variable has a name, and every `#{` is one.
fn check_variables(field: &str, text: &str) -> Result<(), Flaw> {
    let named = variables(text).into_iter().all(|name| !name.trim().is_empty() && !name.contains(['#', '{']));
    if named && text.matches("#{").count() == count_variables(text) {
        return Ok(());
    }
    Err(flaw(field, "변수는 #{이름} 형식으로 써 주세요.", "a variable is written as #{name}"))
}

fn check_button(place: usize, button: &Button, link_base: &str) -> Result<(), Flaw> {
    let field = |name: &str| format!("buttons[{place}].{name}");
    if !(1..=MAX_BUTTON_NAME).contains(&button.name.chars().count()) || button.name.contains("#{") {
        return Err(flaw(
            field("name"),
            format!("버튼 이름은 변수 없이 1~{MAX_BUTTON_NAME}자로 써 주세요."),
            format!("a button's name has 1 to {MAX_BUTTON_NAME} characters and no variables"),
        ));
    }
    if link_type_name(&button.link_type).is_none() {
        return Err(flaw(
            field("linkType"),
            "버튼 종류는 WL, AL, AC, DS, BK, MD 중 하나입니다.",
            "a button is one of WL, AL, AC, DS, BK, MD",
        ));
    }
    if button.link_type == "WL" && button.link_mo.is_empty() {
        return Err(flaw(
            field("linkMo"),
            "웹링크 버튼에는 모바일 주소가 필요합니다.",
            "a web link needs an address for phones",
        ));
    }
    if button.link_type == "AL" && button.link_ios.is_empty() && button.link_and.is_empty() {
        return Err(flaw(field("linkIos"), "앱링크 버튼에는 앱 주소가 필요합니다.", "an app link needs an address of an app"));
    }
    let names = ["linkMo", "linkPc", "linkIos", "linkAnd"];
    for (name, address) in names.into_iter().zip(button.addresses()).filter(|(_, address)| !address.is_empty()) {
        check_address(&field(name), address, matches!(name, "linkMo" | "linkPc"), link_base)?;
    }
    Ok(())
}

fn check_address(field: &str, address: &str, is_web: bool, link_base: &str) -> Result<(), Flaw> {
    let unusable = address.len() > MAX_ADDRESS || address.chars().any(|c| c.is_whitespace() || c.is_control());
    let (scheme, rest) = address.split_once("://").unwrap_or_default();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let web = !is_web || matches!(scheme, "https" | "http");
    // `#{` in the host looks like the beginning of a fragment: what stands before it is no whole host.
    let variable_host = rest.get(host.len()..).is_some_and(|tail| tail.starts_with("#{")) || scheme.contains("#{");
    if unusable || scheme.is_empty() || !web || variable_host || (is_web && host.is_empty()) {
        return Err(flaw(
            field,
            format!("http:// 또는 https://로 시작하고 도메인까지는 변수가 없는 {MAX_ADDRESS}자 이내의 주소를 입력해 주세요."),
            format!(
                "an address begins with http:// or https://, has no variables up to the end of its host, and has at most \
                 {MAX_ADDRESS} characters"
            ),
        ));
    }
    check_variables(field, address)?;
    let tracked = variables(address).contains(LINK_VARIABLE);
    let expected = format!("{link_base}/#{{{LINK_VARIABLE}}}");
    if tracked && if link_base.is_empty() { !address.ends_with("/#{link}") } else { address != expected } {
        let expected = if link_base.is_empty() { "https://…/#{link}" } else { &expected };
        return Err(flaw(
            field,
            format!("클릭을 세는 링크는 {expected} 로 써야 합니다."),
            format!("a link whose visits are counted must be {expected}"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://go.example.com/c";

    fn button(name: &str, link_type: &str, link_mo: &str) -> Button {
        Button { name: name.to_owned(), link_type: link_type.to_owned(), link_mo: link_mo.to_owned(), ..Button::default() }
    }

    fn wording(content: &str, buttons: Vec<Button>) -> Wording {
        Wording { name: "안내".to_owned(), content: content.to_owned(), kind: "BA".to_owned(), buttons, ..Wording::default() }
    }

    fn field(wording: &Wording) -> String {
        let flaw = wording.check(BASE).unwrap_err();
        assert!(flaw.en.is_ascii() && !flaw.ko.is_ascii(), "{flaw:?}");
        flaw.field
    }

    #[test]
    fn what_is_within_the_limits_is_taken() {
        let five = vec![button(&"가".repeat(14), "WL", "https://go.example.com/c/#{link}"); 5];
        assert_eq!(wording(&format!("{}{}", "가".repeat(760), "#{변수}".repeat(40)), five).check(BASE), Ok(()));
        assert_eq!(wording("가", vec![button("채널 추가", "AC", "")]).check(BASE), Ok(()));
        assert_eq!(wording("가", vec![button("보기", "WL", "https://a.kr/p?n=#{고객명}")]).check(BASE), Ok(()));
        let app = Button { link_ios: "clinic://open/#{예약}".to_owned(), ..button("앱", "AL", "") };
        assert_eq!(wording("가", vec![app]).check(BASE), Ok(()));
    }

    #[test]
    fn the_text_has_limits() {
        assert_eq!(field(&wording("", vec![])), "content");
        assert_eq!(field(&wording(&"가".repeat(1001), vec![])), "content");
        assert_eq!(field(&wording(&"#{a}".repeat(41), vec![])), "content");
        assert_eq!(field(&wording("#{}", vec![])), "content");
        assert_eq!(field(&wording("#{a", vec![])), "content");
        assert_eq!(field(&Wording { name: String::new(), ..wording("가", vec![]) }), "name");
    }

    #[test]
    fn the_title_has_limits() {
        let titled = |title: &str, subtitle: &str| {
            let (emphasis_title, emphasis_subtitle) = (title.to_owned(), subtitle.to_owned());
            Wording { emphasis_title, emphasis_subtitle, ..wording("가", vec![]) }
        };
        assert_eq!(titled("제목", "보조").check(BASE), Ok(()));
        assert_eq!(field(&titled(&"가".repeat(51), "")), "emphasisTitle");
        assert_eq!(field(&titled("", "보조")), "emphasisTitle");
        assert_eq!(field(&titled("제목", "#{고객명}")), "emphasisSubtitle");
    }

    #[test]
    fn buttons_have_limits() {
        let first = |button: Button| field(&wording("가", vec![button]));
        assert_eq!(field(&wording("가", vec![button("보기", "MD", ""); 6])), "buttons");
        assert_eq!(first(button(&"가".repeat(15), "MD", "")), "buttons[0].name");
        assert_eq!(first(button("#{고객명}", "MD", "")), "buttons[0].name");
        assert_eq!(first(button("보기", "XX", "")), "buttons[0].linkType");
        assert_eq!(first(button("보기", "WL", "")), "buttons[0].linkMo");
        assert_eq!(first(button("보기", "AL", "")), "buttons[0].linkIos");
    }

    #[test]
    fn an_address_is_fixed_up_to_its_host_and_a_tracked_one_altogether() {
        for address in [
            "go.example.com",
            "ftp://a.kr/",
            "https://#{host}/",
            "https://a.#{host}/",
            "#{scheme}://a.kr/",
            "https://",
            "https://a.kr/a b",
            "https://a.kr/#{",
            "https://evil.example/c/#{link}",
            "https://go.example.com/c/#{link}?x=1",
            "https://go.example.com/#{link}",
        ] {
            assert_eq!(field(&wording("가", vec![button("보기", "WL", address)])), "buttons[0].linkMo", "{address}");
        }
        let unknown = |address: &str| wording("가", vec![button("보기", "WL", address)]).check("");
        assert_eq!(unknown("https://any.example/c/#{link}"), Ok(()));
        assert!(unknown("https://any.example/#{link}/more").is_err());
    }

    #[test]
    fn line_breaks_and_blanks_around_make_no_other_template() {
        let one = wording("가\n나 ", vec![button("보기", "MD", "")]);
        let other = wording("가\r\n나", vec![Button { link_type_name: "메시지전달".to_owned(), ..button("보기", "MD", "") }]);
        assert!(one.says_what(&other) && one.is_twin_of(&other));
        assert!(!one.says_what(&wording("가\r\n나", vec![])) && one.is_twin_of(&wording("가\r\n나", vec![])));
        assert!(!one.is_twin_of(&wording("가 나", vec![])));
    }
}
