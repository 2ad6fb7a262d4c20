//! A test to numbers of the staff: the message as a customer would get it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::aws::topics::Publisher;
use shared::clock::Ambient;
use shared::db::audit::{self, Subject};
use shared::db::campaigns::{Audience, Campaign};
use shared::db::idempotency::Request;
use shared::db::recipients;
use shared::http::{Body, Caller, IdempotencyKey, Language, Problem, Staff};
use shared::model::draft::{Source, Sources};
use shared::model::result::Reason;
use shared::model::state::CampaignKind;
use shared::model::template::{LINK_VARIABLE, NAME_VARIABLE};
use shared::model::{CustomerId, PhoneNumber, TemplateId, advertising};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::Deps;
use crate::ask::{Asked, answer, before, done};
use crate::plan::{Intent, Plan, Said, plan, write};
use crate::show::CampaignView;

/// The most numbers of one test.
const MOST_PHONES: usize = 5;

/// What is to be tried, and where.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CampaignTest, example = json!({
    "templateId": "tpl_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e",
    "destination": "https://www.example.com/checkup",
    "phones": ["010-1234-5678"],
    "customerId": "cus_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e",
}))]
pub struct Wish {
    /// What to send.
    template_id: TemplateId,
    /// Where the link leads, when the template has one.
    destination: Option<String>,
    /// From when on the link leads to a page that says that it has ended, within 2 years; never unless said.
    #[serde(default, deserialize_with = "shared::http::moment", skip_serializing_if = "Option::is_none")]
    link_expires_at: Option<DateTime<Utc>>,
    /// Where variables come from, in place of what the template says.
    #[schema(value_type = Option<std::collections::BTreeMap<String, Source>>)]
    sources: Option<Sources>,
    /// 1 to 5 numbers of the staff's own.
    #[schema(min_items = 1, max_items = 5)]
    phones: Vec<PhoneNumber>,
    /// Whose values are shown. A variable without a value shows what stands in for it, or its name in brackets.
    customer_id: Option<CustomerId>,
}

/// A test that was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignTested)]
struct TestView {
    #[serde(flatten)]
    campaign: CampaignView,
    /// Where it goes, each number once.
    phones: Vec<PhoneView>,
}

/// A number to which a test goes, or not.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CampaignTestPhone)]
struct PhoneView {
    /// The number.
    phone: PhoneNumber,
    /// Why it gets nothing, in the caller's language.
    reason: Option<String>,
    /// Why, as a stable word.
    #[schema(example = "suppressed")]
    reason_code: Option<&'static str>,
}

/// Sends a test to own numbers
///
/// The whole way to the phone, at once, with a link that works. It is counted in itself alone, not in the clinic's statistics. A number that must not be written to
/// gets nothing, as always, and the answer says so. What is marked as advertising is not tried at night, and a number of a customer who
/// has not agreed to advertising does not get it. Whose values were shown to whom is logged.
#[utoipa::path(
    post,
    path = "/v1/campaigns/test",
    operation_id = "testCampaign",
    responses((status = 202, description = "The test will be sent.", body = TestView))
)]
pub async fn test<P: Publisher, V, D>(
    State(deps): State<Arc<Deps<P, V, D>>>,
    caller: Caller,
    language: Language,
    IdempotencyKey(key): IdempotencyKey,
    Body(wish): Body<Wish>,
) -> Result<Response, Problem> {
    let phones = &distinct(&wish.phones)?;
    let request = Request::new(&caller.subject, "POST /v1/campaigns/test", &key, &wish);
    let (ambient, caller, wish, request) = (&deps.ambient, &caller, &wish, &request);
    let asked = deps.database.transaction::<_, Problem>("test_campaign", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            if let Some(answered) = before(tx, ambient, request).await? {
                return Ok(answered);
            }
            let campaign = campaign(tx, ambient, &staff, wish, phones).await?;
            let reasons = reasons(tx, &campaign, phones).await?;
            let phones: Vec<_> =
                phones.iter().zip(reasons).map(|(phone, reason)| PhoneView::new(phone, reason, language)).collect();
            let outgoing = write(tx, ambient, &campaign, &[]).await?;
            let subject = wish.customer_id.map_or(Subject::Campaign(campaign.id), Subject::Customer);
            audit::record(tx, ambient, &staff, "campaign.test", subject, phones.len()).await?;
            let id = campaign.id;
            let view = TestView { campaign: CampaignView::new(campaign, Vec::new()), phones };
            done(tx, request, (&staff, id), &view, outgoing).await
        })
    });
    let asked = asked.await?;
    if let (Asked::Now(staff, id, ..), Some(customer)) = (&asked, wish.customer_id) {
        tracing::info!(
            event = "campaign.values_tried", staff.id = %staff, campaign.id = %id, customer.id = %customer,
            "a test shows a customer's values"
        );
    }
    answer(&deps, asked).await
}

/// Why each of the numbers gets nothing, by the rules by which the test is prepared.
async fn reasons(
    connection: &mut MySqlConnection,
    campaign: &Campaign,
    phones: &[PhoneNumber],
) -> Result<Vec<Option<Reason>>, sqlx::Error> {
    let suppressed = recipients::are_suppressed(connection, campaign.clinic, phones).await?;
    let have_not_agreed = recipients::have_not_agreed(connection, campaign.clinic, phones).await?;
    let is_marked = advertising::is_marked(&campaign.draft());
    let each = phones.iter().zip(suppressed.into_iter().zip(have_not_agreed));
    let reason = |(phone, (suppressed, has_not_agreed)): (&PhoneNumber, (bool, bool))| {
        let reasons = [
            (suppressed, Reason::Suppressed),
            (has_not_agreed && is_marked, Reason::NoConsent),
            (phone.is_safe_number(), Reason::SafeNumber),
        ];
        reasons.into_iter().find(|(applies, _)| *applies).map(|(_, reason)| reason)
    };
    Ok(each.map(reason).collect())
}

/// The numbers, each once.
fn distinct(phones: &[PhoneNumber]) -> Result<Vec<PhoneNumber>, Problem> {
    let mut distinct = Vec::new();
    for phone in phones.iter().take(MOST_PHONES + 1) {
        if !distinct.contains(phone) {
            distinct.push(phone.clone());
        }
    }
    if phones.is_empty() || phones.len() > MOST_PHONES {
        let (ko, en) = (format!("번호를 1~{MOST_PHONES}개 입력하세요."), format!("give 1 to {MOST_PHONES} numbers"));
        return Err(Problem::invalid("phones", ko, en));
    }
    Ok(distinct)
}

/// The test as a campaign.
async fn campaign(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    staff: &Staff,
    wish: &Wish,
    phones: &[PhoneNumber],
) -> Result<Campaign, Problem> {
    if let Some(customer) = wish.customer_id
        && recipients::find(connection, staff.clinic, customer).await?.is_none()
    {
        return Err(Problem::not_found().with("field", "customerId"));
    }
    let intent = Intent {
        name: None,
        kind: CampaignKind::Test,
        audience: Audience::Test { phones: phones.to_vec(), customer: wish.customer_id },
        template: wish.template_id,
        destination: wish.destination.as_deref(),
        link_expires_at: wish.link_expires_at,
        sources: wish.sources.as_ref().map_or(Said::Nothing, Said::Now),
        scheduled_at: None,
        stale_after_minutes: None,
    };
    let plan = plan(connection, ambient, staff, intent).await?;
    let sources = with_names(&plan);
    // It is a test itself: nothing has to be tried before it.
    let released_at = Some(plan.campaign.created_at);
    Ok(Campaign { sources, released_at, ..plan.campaign })
}

/// Where nothing stands in for a variable, its name does.
fn with_names(plan: &Plan) -> Sources {
    let mut sources = plan.campaign.sources.clone();
    for name in plan.draft().variables().into_iter().filter(|name| !matches!(*name, NAME_VARIABLE | LINK_VARIABLE)) {
        sources.entry(name.to_owned()).or_default().default.get_or_insert_with(|| format!("[{name}]"));
    }
    sources
}

impl PhoneView {
    fn new(phone: &PhoneNumber, reason: Option<Reason>, language: Language) -> Self {
        let text = reason.map(|reason| {
            let (ko, en) = reason.explanation();
            language.choose(ko, en).to_owned()
        });
        Self { phone: phone.clone(), reason: text, reason_code: reason.map(Reason::as_str) }
    }
}
