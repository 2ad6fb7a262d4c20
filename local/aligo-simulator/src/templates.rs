//! The template store and its review states: REG (registered), REQ (under review), APR (approved), REJ (rejected).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    answer::{Answer, Refusal},
    clock,
    form::Form,
    matching::{self, Button},
    state::World,
};

/// A template with the provider's own field names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Template {
    /// The sender profile it belongs to; of a seeded one the simulator's own when left out.
    #[serde(default)]
    pub sender_key: String,
    /// Its code.
    pub templt_code: String,
    /// Its name.
    pub templt_name: String,
    /// The text, with CRLF line breaks.
    pub templt_content: String,
    /// BA, EX, AD or MI.
    #[serde(default = "basic")]
    pub template_type: String,
    /// NONE, TEXT or IMAGE.
    #[serde(default = "none")]
    pub template_em_type: String,
    /// The emphasised title.
    #[serde(default)]
    pub templt_title: String,
    /// The line below the title.
    #[serde(default)]
    pub templt_subtitle: String,
    /// S stopped, A normal, R waiting.
    #[serde(default = "waiting")]
    pub status: String,
    /// REG, REQ, APR or REJ.
    #[serde(default = "registered")]
    pub insp_status: String,
    /// When it was made, as text in KST.
    #[serde(default)]
    pub cdate: String,
    /// What the reviewers wrote.
    #[serde(default)]
    pub comments: Vec<Value>,
    /// Its buttons.
    #[serde(default)]
    pub buttons: Vec<Button>,
}

fn basic() -> String {
    "BA".to_owned()
}

fn none() -> String {
    "NONE".to_owned()
}

fn waiting() -> String {
    "R".to_owned()
}

fn registered() -> String {
    "REG".to_owned()
}

/// A decision of the reviewers, made through the admin API.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Review {
    /// APR or REJ; REG and REQ are accepted too.
    pub insp_status: String,
    /// S, A or R; when left out as the settings say for APR, otherwise R.
    pub status: Option<String>,
    /// The reviewers' reason.
    pub comment: Option<String>,
}

impl Template {
    /// Whether a message can be sent with it.
    #[must_use]
    pub fn is_sendable(&self) -> bool {
        self.insp_status == "APR" && self.status != "S"
    }

    /// Whether it belongs to everyone and so cannot be changed.
    fn is_shared(&self) -> bool {
        self.templt_code.starts_with(['D', 'P'])
    }

    fn is_changeable(&self) -> bool {
        self.status == "R" && matches!(self.insp_status.as_str(), "REG" | "REJ") && !self.is_shared()
    }

    /// Completes a template that was seeded: line breaks, places and captions of the buttons, date.
    #[must_use]
    pub fn completed(mut self, sender_key: &str, now: DateTime<Utc>) -> Self {
        if self.sender_key.is_empty() {
            sender_key.clone_into(&mut self.sender_key);
        }
        if self.cdate.is_empty() {
            self.cdate = clock::stamp(now);
        }
        self.templt_content = with_crlf(&self.templt_content);
        complete_buttons(&mut self.buttons);
        self
    }

    /// Applies a decision of the reviewers.
    pub fn review(&mut self, review: Review, approved_status: &str, now: DateTime<Utc>) {
        self.status =
            review.status.unwrap_or_else(|| if review.insp_status == "APR" { approved_status.to_owned() } else { waiting() });
        if let Some(comment) = review.comment {
            self.comments.push(json!({
                "id": self.comments.len() + 1,
                "content": comment,
                "userName": "카카오 심사",
                "createdAt": clock::stamp(now),
                "status": review.insp_status,
            }));
        }
        self.insp_status = review.insp_status;
    }
}

fn with_crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

fn complete_buttons(buttons: &mut [Button]) {
    for (ordering, button) in (1..).zip(buttons) {
        button.ordering = ordering;
        if button.link_type_name.is_empty() {
            matching::link_type_name(&button.link_type).clone_into(&mut button.link_type_name);
        }
    }
}

/// `template/list`.
///
/// # Errors
/// When the sender profile is missing or unknown.
pub fn list(world: &World, form: &Form<'_>) -> Answer {
    let sender_key = profile(world, form)?;
    let code = form.get("tpl_code");
    let list: Vec<&Template> = world
        .templates
        .iter()
        .filter(|template| template.sender_key == sender_key)
        .filter(|template| code.is_none_or(|code| code == template.templt_code))
        .collect();
    let count = |state: &str| list.iter().filter(|template| template.insp_status == state).count();
    let info = json!({
        "REG": count("REG"), "REQ": count("REQ"), "APR": count("APR"), "REJ": count("REJ"),
    });
    Ok(json!({ "code": 0, "message": "정상적으로 조회되었습니다.", "list": list, "info": info }))
}

/// `template/add`.
///
/// # Errors
/// When a field is missing or Kakao's limits are not kept.
pub fn add(world: &mut World, form: &Form<'_>, now: DateTime<Utc>) -> Answer {
    let sender_key = profile(world, form)?.to_owned();
    let draft = Draft::read(form)?;
    let mut template = Template {
        sender_key,
        templt_code: world.next_template_code(),
        templt_name: String::new(),
        templt_content: String::new(),
        template_type: basic(),
        template_em_type: none(),
        templt_title: String::new(),
        templt_subtitle: String::new(),
        status: waiting(),
        insp_status: registered(),
        cdate: clock::stamp(now),
        comments: Vec::new(),
        buttons: Vec::new(),
    };
    draft.write(&mut template);
    let answer = json!({ "code": 0, "message": "템플릿 등록을 완료하였습니다.", "data": template });
    world.templates.push(template);
    Ok(answer)
}

/// `template/modify`: only a template that waits and is registered or rejected.
///
/// # Errors
/// 509 in any other state; otherwise as [`add`].
pub fn modify(world: &mut World, form: &Form<'_>) -> Answer {
    let draft = Draft::read(form)?;
    let template = find(world, form)?;
    if !template.is_changeable() {
        return Err(Refusal::wrong_state("수정 가능 상태가 아닙니다."));
    }
    draft.write(template);
    template.insp_status = registered();
    Ok(json!({ "code": 0, "message": "템플릿을 수정하였습니다.", "data": template }))
}

/// `template/del`: never an approved or a shared one.
///
/// # Errors
/// 509 when it is approved, under review or shared.
pub fn delete(world: &mut World, form: &Form<'_>) -> Answer {
    let template = find(world, form)?;
    if !template.is_changeable() {
        return Err(Refusal::wrong_state("삭제 가능 상태가 아닙니다."));
    }
    let (sender_key, code) = (template.sender_key.clone(), template.templt_code.clone());
    world.templates.retain(|template| template.sender_key != sender_key || template.templt_code != code);
    Ok(json!({ "code": 0, "message": "템플릿을 삭제하였습니다." }))
}

/// `template/request`: asks for the review.
///
/// # Errors
/// 509 when it is approved, under review or shared.
pub fn request(world: &mut World, form: &Form<'_>) -> Answer {
    let template = find(world, form)?;
    if !template.is_changeable() {
        return Err(Refusal::wrong_state("검수요청 가능 상태가 아닙니다."));
    }
    "REQ".clone_into(&mut template.insp_status);
    Ok(json!({ "code": 0, "message": "검수요청을 하였습니다." }))
}

/// The sender profile of a request, known to the account.
fn profile<'a>(world: &World, form: &'a Form<'_>) -> Result<&'a str, Refusal> {
    let sender_key = form.get("senderkey").ok_or_else(|| Refusal::missing("senderkey"))?;
    if world.profile(sender_key).is_none() {
        return Err(Refusal::catch_all("발신프로필이 존재하지 않습니다."));
    }
    Ok(sender_key)
}

fn find<'a>(world: &'a mut World, form: &Form<'_>) -> Result<&'a mut Template, Refusal> {
    let sender_key = profile(world, form)?;
    let code = form.get("tpl_code").ok_or_else(|| Refusal::missing("tpl_code"))?;
    world
        .templates
        .iter_mut()
        .find(|template| template.sender_key == sender_key && template.templt_code == code)
        .ok_or_else(|| Refusal::catch_all("템플릿이 존재하지 않습니다."))
}

/// What `add` and `modify` bring.
struct Draft {
    name: String,
    content: String,
    template_type: String,
    em_type: String,
    title: String,
    subtitle: String,
    buttons: Vec<Button>,
}

impl Draft {
    fn read(form: &Form<'_>) -> Result<Self, Refusal> {
        let required = |field: &str| form.get(field).ok_or_else(|| Refusal::missing(field));
        let optional = |field: &str| form.get(field).unwrap_or_default().to_owned();
        let draft = Self {
            name: required("tpl_name")?.to_owned(),
            content: with_crlf(required("tpl_content")?),
            template_type: form.get("tpl_type").map_or_else(basic, str::to_owned),
            em_type: form.get("tpl_emtype").map_or_else(none, str::to_owned),
            title: optional("tpl_title"),
            subtitle: optional("tpl_stitle"),
            buttons: form
                .get("tpl_button")
                .map_or(Some(Vec::new()), matching::parse_buttons)
                .ok_or_else(|| Refusal::catch_all("버튼 정보가 올바르지 않습니다."))?,
        };
        draft.check()?;
        Ok(draft)
    }

    fn check(&self) -> Result<(), Refusal> {
        let refuse = |broken: bool, why: &str| {
            if broken { Err(Refusal::catch_all(why)) } else { Ok(()) }
        };
        let type_is_known = matches!(self.template_type.as_str(), "BA" | "EX" | "AD" | "MI");
        let em_type_is_known = matches!(self.em_type.as_str(), "NONE" | "TEXT" | "IMAGE");
        let title_is_missing = self.em_type == "TEXT" && self.title.is_empty();
        let length = self.content.replace("\r\n", "\n").chars().count();
        let bad_name = |button: &Button| button.name.chars().count() > 14 || button.name.contains("#{");
        refuse(!type_is_known, "템플릿 유형이 올바르지 않습니다.")?;
        refuse(!em_type_is_known, "강조 유형이 올바르지 않습니다.")?;
        refuse(title_is_missing, "강조 표기형은 제목이 필요합니다.")?;
        refuse(length > 1_000, "템플릿 내용은 1,000자까지 가능합니다.")?;
        refuse(matching::count_variables(&self.content) > 40, "변수는 40개까지 가능합니다.")?;
        refuse(self.buttons.len() > 5, "버튼은 5개까지 가능합니다.")?;
        refuse(self.buttons.iter().any(bad_name), "버튼명은 변수 없이 14자까지 가능합니다.")?;
        refuse(self.buttons.iter().any(has_variable_host), "버튼 링크의 주소에는 변수를 쓸 수 없습니다.")
    }

    fn write(self, template: &mut Template) {
        template.templt_name = self.name;
        template.templt_content = self.content;
        template.template_type = self.template_type;
        template.template_em_type = self.em_type;
        template.templt_title = self.title;
        template.templt_subtitle = self.subtitle;
        template.buttons = self.buttons;
        complete_buttons(&mut template.buttons);
    }
}

/// Scheme and host are frozen at approval, so they cannot be variable.
fn has_variable_host(button: &Button) -> bool {
    [&button.link_mo, &button.link_pc].iter().any(|link| {
        let host =
            link.split_once("://").map_or(link.as_str(), |(scheme, rest)| if scheme.contains("#{") { scheme } else { rest });
        host.split('/').next().is_some_and(|host| host.contains("#{"))
    })
}
