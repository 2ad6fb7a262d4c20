//! What staff wants a template to say.

use serde::{Deserialize, Serialize};
use shared::http::Problem;
use shared::model::approval::Described;
use shared::model::template::{Button, LINK_VARIABLE};
use shared::model::wording::{Flaw, MessageKind, Wording};
use utoipa::ToSchema;

/// A button as it is wished for.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = TemplateButtonWish)]
pub struct ButtonWish {
    /// The label, at most 14 characters without variables.
    #[schema(example = "예약하기", max_length = 14)]
    name: String,
    /// `WL` web link, `AL` app link, `AC` add channel, `DS` parcel tracking, `BK` bot keyword, `MD` pass the message on.
    #[schema(example = "WL")]
    link_type: String,
    /// A web link whose visits are counted: its addresses are made here, and where it leads is said by each campaign.
    #[serde(default)]
    tracked: bool,
    /// Address on a phone.
    #[serde(default)]
    link_mo: String,
    /// Address on a desktop.
    #[serde(default)]
    link_pc: String,
    /// Address of the iOS app.
    #[serde(default)]
    link_ios: String,
    /// Address of the Android app.
    #[serde(default)]
    link_and: String,
}

/// A template as it is wished for.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewTemplate, example = json!({
    "name": "검진 안내",
    "content": "#{고객명}님, #{검진일}에 검진이 예약되어 있습니다.",
    "buttons": [{"name": "예약 보기", "linkType": "WL", "tracked": true}],
}))]
pub struct NewTemplate {
    /// Its name, at most 150 characters.
    name: String,
    /// The text: at most 1,000 characters and 40 variables. A line break counts as two characters.
    content: String,
    /// At most 5.
    #[serde(default)]
    buttons: Vec<ButtonWish>,
    /// The kind of message, `BA` unless said.
    #[serde(default)]
    kind: MessageKind,
    /// A title above the text, at most 50 characters.
    #[serde(default)]
    emphasis_title: String,
    /// A line below the title, at most 50 characters without variables.
    #[serde(default)]
    emphasis_subtitle: String,
}

/// What is to be different. What is not given stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = TemplateChange, example = json!({"content": "#{고객명}님, #{검진일}에 뵙겠습니다."}))]
pub struct Edit {
    /// Its name.
    name: Option<String>,
    /// The text.
    content: Option<String>,
    /// All buttons; an empty list leaves none.
    buttons: Option<Vec<ButtonWish>>,
    /// The kind of message.
    kind: Option<MessageKind>,
    /// The title above the text; an empty one leaves none.
    emphasis_title: Option<String>,
    /// The line below the title; an empty one leaves none.
    emphasis_subtitle: Option<String>,
}

impl NewTemplate {
    /// The wording, if Kakao would take it.
    pub fn wording(&self, link_base: &str) -> Result<Wording, Problem> {
        let wording = Wording {
            name: self.name.clone(),
            content: self.content.clone(),
            kind: self.kind.as_str().to_owned(),
            emphasis_title: self.emphasis_title.clone(),
            emphasis_subtitle: self.emphasis_subtitle.clone(),
            buttons: buttons(&self.buttons, link_base)?,
        };
        checked(wording, link_base)
    }
}

impl Edit {
    /// What the template is to say then, if Kakao would take it.
    pub fn wording(self, described: &Described, link_base: &str) -> Result<Wording, Problem> {
        let old = described.wording();
        let wording = Wording {
            name: self.name.unwrap_or(old.name),
            content: self.content.unwrap_or(old.content),
            kind: self.kind.map_or(old.kind, |kind| kind.as_str().to_owned()),
            emphasis_title: self.emphasis_title.unwrap_or(old.emphasis_title),
            emphasis_subtitle: self.emphasis_subtitle.unwrap_or(old.emphasis_subtitle),
            buttons: self.buttons.map_or(Ok(old.buttons), |wished| buttons(&wished, link_base))?,
        };
        checked(wording, link_base)
    }
}

fn checked(wording: Wording, link_base: &str) -> Result<Wording, Problem> {
    let wording = wording.tidy();
    wording.check(link_base).map_err(|Flaw { field, ko, en }| Problem::invalid(&field, ko, en))?;
    Ok(wording)
}

fn buttons(wished: &[ButtonWish], link_base: &str) -> Result<Vec<Button>, Problem> {
    let made = wished.iter().zip(0_usize..).map(|(wish, place)| {
        let mut button = Button {
            name: wish.name.clone(),
            link_type: wish.link_type.clone(),
            link_type_name: String::new(),
            link_mo: wish.link_mo.trim().to_owned(),
            link_pc: wish.link_pc.trim().to_owned(),
            link_ios: wish.link_ios.trim().to_owned(),
            link_and: wish.link_and.trim().to_owned(),
        };
        if wish.tracked {
            let invalid = |ko: &str, en: &str| Problem::invalid(&format!("buttons[{place}].tracked"), ko, en);
            if button.link_type != "WL" || !button.addresses().concat().is_empty() {
                return Err(invalid(
                    "클릭을 세는 버튼은 웹링크(WL)이고 주소를 직접 쓰지 않습니다.",
                    "a button whose visits are counted is a web link (WL), and its addresses are made here",
                ));
            }
            if link_base.is_empty() {
                return Err(invalid("링크 도메인이 설정되지 않았습니다.", "the domain of links is not set"));
            }
            button.link_mo = format!("{link_base}/#{{{LINK_VARIABLE}}}");
            button.link_pc.clone_from(&button.link_mo);
        }
        Ok(button)
    });
    made.collect()
}
