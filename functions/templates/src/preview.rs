//! A template as one customer would get it, and everything that stands in the way.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::db::audit::{self, Subject};
use shared::db::clinics;
use shared::db::recipients::{self, Recipient};
use shared::db::templates::{self, Template};
use shared::http::{Body, Caller, Ids, Language, Problem, Staff};
use shared::model::draft::{Draft, Person, Source, Sources, Unfit};
use shared::model::link::{self, TOKEN_LENGTH};
use shared::model::result::Reason;
use shared::model::template::{Button, LINK_VARIABLE};
use shared::model::{CustomerId, TemplateId, sources};
use shared::provider::Provider;
use utoipa::ToSchema;

use crate::Deps;
use crate::sources::tidy;

/// Stands where the token of a message's own will be, and is as long. It leads nowhere.
const SAMPLE_TOKEN: &str = "preview-preview-preview-preview-preview-prev";
const _: () = assert!(SAMPLE_TOKEN.len() == TOKEN_LENGTH);

/// Whose message is to be seen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PreviewWish, example = json!({
    "customerId": "cus_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e",
    "destination": "https://www.example.com/checkup",
}))]
pub struct Wish {
    /// A customer of the clinic.
    customer_id: CustomerId,
    /// Where the link is to lead, when the template has one.
    destination: Option<String>,
    /// Where variables come from, in place of what the template says; an empty source is the column of the variable's name.
    #[serde(default)]
    #[schema(value_type = Option<std::collections::BTreeMap<String, Source>>)]
    sources: Option<Sources>,
}

/// A message as it would be sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TemplatePreview)]
pub struct Preview {
    /// The finished text; none when a variable has no value.
    text: Option<String>,
    /// The finished title, empty when the template has none.
    title: Option<String>,
    /// The line below the title, empty when the template has none.
    subtitle: String,
    /// The finished buttons. Where the link's token will be stands a sample of the same length, which leads nowhere.
    buttons: Option<Vec<Button>>,
    /// How many characters the text has, of 1,000; a line break counts as two.
    characters: Option<usize>,
    /// Where the link leads; none when the template has no link, or it is not said, or it may not lead there.
    destination: Option<String>,
    /// Whether the customer would get exactly this.
    sendable: bool,
    /// Everything that stands in the way.
    problems: Vec<Obstructed>,
}

/// Something that stands in the way of a message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreviewProblem)]
struct Obstructed {
    /// A stable word.
    #[schema(example = "missing_variable")]
    kind: &'static str,
    /// The same for people, in the caller's language.
    #[schema(example = "문구의 변수에 채울 값이 없습니다.")]
    text: String,
    /// The variables without a value, when that is it.
    #[schema(example = json!(["검진일"]))]
    variables: BTreeSet<String>,
}

/// Shows a template as a customer would get it
///
/// By the rules by which it is sent: text, title and buttons with everything filled in. Who looked at whose is logged.
#[utoipa::path(
    post,
    path = "/v1/templates/{templateId}/preview",
    operation_id = "previewTemplate",
    responses((status = 200, body = Preview))
)]
pub async fn preview<V: Provider + Send + Sync>(
    State(deps): State<Arc<Deps<V>>>,
    caller: Caller,
    language: Language,
    Ids(id): Ids<TemplateId>,
    Body(wish): Body<Wish>,
) -> Result<Json<Preview>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let template = templates::find(&mut connection, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
    let customer = recipients::find(&mut connection, staff.clinic, wish.customer_id).await?;
    let customer = customer.ok_or_else(|| Problem::not_found().with("field", "customerId"))?;
    let template = match &wish.sources {
        Some(sources) => Template { sources: sources::merged(&template.sources, tidy(sources, &template)?), ..template },
        None => template,
    };
    let hosts = clinics::list_link_hosts(&mut connection, staff.clinic).await?;
    audit::record(&mut connection, &deps.ambient, &staff, "template.preview", Subject::Customer(wish.customer_id), 1).await?;
    tracing::info!(
        event = "template.previewed", staff.id = %staff.id, template.id = %id, customer.id = %wish.customer_id, "preview shown"
    );
    Ok(Json(rendered(&template, &customer, wish.destination.as_deref(), &hosts, language)))
}

fn rendered(
    template: &Template,
    customer: &Recipient,
    destination: Option<&str>,
    hosts: &[String],
    language: Language,
) -> Preview {
    let mut problems = Vec::new();
    let mut add = |kind, (ko, en): (&str, &str), variables| {
        problems.push(Obstructed { kind, text: language.choose(ko, en).to_owned(), variables });
    };
    let described = &template.described;
    if let Some(obstacle) = described.obstacle() {
        add(obstacle.as_str(), obstacle.explanation(), BTreeSet::new());
    }
    let mut unfit = |Unfit { reason, missing }: Unfit| add(reason.as_str(), reason.explanation(), missing);
    if customer.suppressed {
        unfit(Unfit::because(Reason::Suppressed));
    }
    if customer.phone.is_safe_number() {
        unfit(Unfit::because(Reason::SafeNumber));
    }
    let draft = Draft {
        content: &described.content,
        emphasis_title: &described.emphasis_title,
        buttons: &described.buttons,
        sources: &template.sources,
    };
    let person = Person { name: &customer.name, phone: &customer.phone, attributes: &customer.attributes };
    let finished = draft.fill(person, SAMPLE_TOKEN).map_err(&mut unfit).ok();
    if finished.as_ref().is_some_and(shared::model::draft::Rendered::is_too_long) {
        unfit(Unfit::because(Reason::TooLong));
    }
    let destination = destination.map(str::trim).filter(|asked| !asked.is_empty() && draft.variables().contains(LINK_VARIABLE));
    let destination = destination.and_then(|asked| match link::destination(asked, hosts) {
        Ok(url) => Some(String::from(url)),
        Err(error) => {
            add("bad-destination", error.explanation(), BTreeSet::new());
            None
        }
    });
    let characters = finished.as_ref().map(shared::model::draft::Rendered::characters);
    let (text, title, buttons) = finished.map_or((None, None, None), |it| (Some(it.text), Some(it.title), Some(it.buttons)));
    Preview {
        text,
        title,
        buttons,
        characters,
        subtitle: described.emphasis_subtitle.clone(),
        destination,
        sendable: problems.is_empty(),
        problems,
    }
}
