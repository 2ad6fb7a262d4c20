//! What a clinic without templates can begin with. Messages are Korean whatever the language of the page is.

use maud::{Markup, html};

use super::draft::Draft;
use crate::parts;
use crate::site::Site;

/// A text that informs, as Kakao approves it, with `{clinic}` where the clinic's name stands.
struct Example {
    /// Its name in addresses.
    key: &'static str,
    name: &'static str,
    content: &'static str,
}

const EXAMPLES: [Example; 3] = [
    Example {
        key: "reservation",
        name: "예약 안내",
        content: "#{고객명}님, 예약을 안내해 드립니다.\n\n■ 병원: {clinic}\n■ 일시: #{예약일시}\n■ 진료: #{진료과목}\n\n시간을 바꾸시려면 \
                  예약 전날까지 병원으로 연락해 주세요.",
    },
    Example {
        key: "visit",
        name: "방문 감사",
        content: "#{고객명}님, {clinic}에 방문해 주셔서 감사합니다.\n\n■ 방문일: #{방문일}\n\n진료 후 불편하신 점이 있으면 병원으로 연락해 \
                  주세요.",
    },
    Example {
        key: "checkup",
        name: "검진 안내",
        content: "#{고객명}님, {clinic}입니다.\n정기 검진 시기가 되어 안내해 드립니다.\n\n■ 지난 검진일: #{지난검진일}\n■ 검진 시기: \
                  #{검진시기}\n\n예약하시려면 병원으로 연락해 주세요.",
    },
];

/// A draft like this example, for this clinic.
pub fn draft(key: &str, clinic: &str) -> Option<Draft> {
    let example = EXAMPLES.iter().find(|example| example.key == key)?;
    let content = example.content.replace("{clinic}", clinic);
    Some(Draft { name: example.name.to_owned(), content, ..Draft::blank() })
}

/// Links that fill the editor.
pub fn links(site: &Site, chosen: &str) -> Markup {
    let words = &site.words().templates;
    html! {
        section aria-labelledby="examples-title" {
            h2 #examples-title { (words.examples) }
            p.hint { (words.examples_hint) }
            ul.chips {
                @for example in &EXAMPLES {
                    li { a lang="ko" href=(parts::address("/templates/new", [("example", example.key)])) aria-current=[(example.key == chosen).then_some("true")] { (example.name) } }
                }
            }
        }
    }
}
