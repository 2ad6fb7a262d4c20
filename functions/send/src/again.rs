//! Sending again to those who did not get a campaign, or who did not open its link.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::aws::topics::Publisher;
use shared::clock::Ambient;
use shared::db::campaigns::{self, Audience, Campaign};
use shared::db::idempotency::Request;
use shared::db::messages;
use shared::db::recipients::{self, Position, Selection};
use shared::http::{Body, Caller, IdempotencyKey, Ids, Kind, Problem, Staff};
use shared::model::customer::CampaignName;
use shared::model::state::{CampaignKind, CampaignPart, CampaignState};
use shared::model::template::{Button, LINK_VARIABLE, variables};
use shared::model::{CampaignId, TemplateId, quiet};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::Deps;
use crate::ask::{answer, before, done};
use crate::plan::{Intent, Said, is_worth_while, plan, write};
use crate::show::CampaignView;

/// To whom a campaign is to be sent again, and what is to be different.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CampaignAgain, example = json!({"part": "not_clicked", "scheduledAt": "2026-03-05T10:00:00+09:00"}))]
pub struct Wish {
    /// Which of its recipients.
    part: CampaignPart,
    /// The earlier campaign's name and what is different, unless said.
    name: Option<CampaignName>,
    /// What to send; the same template unless said, as it is approved now.
    template_id: Option<TemplateId>,
    /// Where the link leads; to the same address unless said.
    destination: Option<String>,
    /// From when on the link leads to a page that says that it has ended: later than the beginning, and within 2 years of it. Unless said,
    /// a link to the same address ends when that of the earlier campaign does, or never if that is over by the beginning.
    #[serde(default, deserialize_with = "shared::http::moment", skip_serializing_if = "Option::is_none")]
    link_expires_at: Option<DateTime<Utc>>,
    /// When to begin, within 60 days; now unless said.
    #[serde(default, deserialize_with = "shared::http::moment")]
    scheduled_at: Option<DateTime<Utc>>,
    /// How late it may begin by itself; later than that it asks. 60 minutes unless said.
    #[schema(minimum = 5, maximum = 1440)]
    stale_after_minutes: Option<u32>,
}

/// Sends again to some recipients of a campaign
///
/// To those whose message certainly failed for a reason that may have passed (`failed`), or to those who got it and did not open the
/// link (`not_clicked`): a new campaign, to the customers as they are today. The earlier one must have come to its end. Who has it
/// already by sending again is left out; to remind them once more, go on from that campaign. `failed` is asked of the first campaign only:
/// there it covers those whose message failed once more.
#[utoipa::path(
    post,
    path = "/v1/campaigns/{campaignId}/again",
    operation_id = "sendCampaignAgain",
    responses((status = 202, description = "The campaign will be prepared and sent.", body = CampaignView))
)]
pub async fn again<P: Publisher, V, D>(
    State(deps): State<Arc<Deps<P, V, D>>>,
    caller: Caller,
    Ids(id): Ids<CampaignId>,
    IdempotencyKey(key): IdempotencyKey,
    Body(wish): Body<Wish>,
) -> Result<Response, Problem> {
    let request = Request::new(&caller.subject, "POST /v1/campaigns/again", &key, &(id, &wish));
    let (ambient, caller, wish, request) = (&deps.ambient, &caller, &wish, &request);
    let asked = deps.database.transaction::<_, Problem>("send_again", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            if let Some(answered) = before(tx, ambient, request).await? {
                return Ok(answered);
            }
            // Of two who ask at the same time the second finds the campaign of the first.
            let source = campaigns::lock(tx, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
            settled(&source, wish.part)?;
            not_now(tx, &source, wish.part).await?;
            anybody(tx, &source, wish.part).await?;
            let campaign = follow(tx, ambient, &staff, &source, wish).await?;
            let outgoing = write(tx, ambient, &campaign, &[]).await?;
            let id = campaign.id;
            done(tx, request, (&staff, id), &CampaignView::new(campaign, Vec::new()), outgoing).await
        })
    });
    answer(&deps, asked.await?).await
}

/// The new campaign.
async fn follow(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    staff: &Staff,
    source: &Campaign,
    wish: &Wish,
) -> Result<Campaign, Problem> {
    let template = wish.template_id.unwrap_or(source.template);
    let addition = match wish.part {
        CampaignPart::Failed => " (재발송)",
        CampaignPart::NotClicked => " (미클릭 재발송)",
    };
    let room = CampaignName::MAX.saturating_sub(addition.chars().count());
    let named = || source.name.chars().take(room).chain(addition.chars()).collect();
    // Another template has other variables, and perhaps no link.
    let is_same = template == source.template;
    let destination = wish.destination.as_deref().or_else(|| Some(source.destination.as_str()).filter(|_| is_same));
    // The same offer ends at the same time, unless that is too near for whoever gets it now, or too far.
    let begins = quiet::first_for(source.kind, source.quiet, wish.scheduled_at.unwrap_or_else(|| ambient.now()));
    let is_same_link = destination.is_some_and(|destination| destination == source.destination);
    let link_expires_at =
        wish.link_expires_at.or(source.link_expires_at.filter(|at| is_same_link && is_worth_while(*at, begins)));
    let intent = Intent {
        name: Some(wish.name.clone().map_or_else(named, String::from)),
        kind: source.kind,
        audience: Audience::Part { source: source.id, part: wish.part },
        template,
        destination,
        link_expires_at,
        sources: if is_same { Said::Before(&source.sources) } else { Said::Nothing },
        scheduled_at: wish.scheduled_at,
        stale_after_minutes: wish.stale_after_minutes,
    };
    Ok(plan(connection, ambient, staff, intent).await?.campaign)
}

/// Whether it is known who belongs to this part.
fn settled(source: &Campaign, part: CampaignPart) -> Result<(), Problem> {
    let refuse = |ko: &str, en: &str| Problem::of(Kind::CampaignState).detail(ko, en).with("state", source.state.as_str());
    if source.kind == CampaignKind::Test {
        return Err(refuse("시험 발송은 다시 보낼 수 없습니다.", "A test is not sent again."));
    }
    if !matches!(source.state, CampaignState::Finished | CampaignState::Canceled | CampaignState::Failed) {
        return Err(refuse("발송이 끝난 뒤에 다시 보낼 수 있습니다.", "It can be sent again when it has come to its end."));
    }
    // Whoever failed here is among those of the earlier campaign, who may be written to from there as well: nobody would see it.
    if let Audience::Part { source: first, part: of_first } = source.audience
        && part == CampaignPart::Failed
    {
        let problem = Problem::invalid(
            "part",
            "다시 보낸 발송입니다. 이 발송에서 실패한 고객은 처음 발송에서 다시 보내 주세요.",
            "this campaign was sent again itself: those who failed here are sent to again from the first campaign",
        );
        return Err(problem.with("sourceCampaignId", first.to_string()).with("sourcePart", of_first.as_str()));
    }
    let is_tracked = source.buttons.iter().any(Button::is_tracked) || variables(&source.content).contains(LINK_VARIABLE);
    if part == CampaignPart::NotClicked && !is_tracked {
        return Err(Problem::invalid(
            "part",
            "이 발송에는 클릭을 세는 링크가 없습니다.",
            "the campaign has no link whose visits are counted",
        ));
    }
    Ok(())
}

/// Who belongs to the part is known only when nobody else is writing to it: whoever got a later campaign is left out.
async fn not_now(connection: &mut MySqlConnection, source: &Campaign, part: CampaignPart) -> Result<(), Problem> {
    let Some(later) = campaigns::find_again(connection, source.clinic, source.id, part).await? else { return Ok(()) };
    let problem = Problem::of(Kind::AgainUnderWay)
        .detail("그 발송이 끝난 뒤에 다시 보낼 수 있습니다.", "It can be sent again when that campaign has come to its end.");
    Err(problem.with("campaignId", later.to_string()))
}

/// There must be somebody in this part.
async fn anybody(connection: &mut MySqlConnection, source: &Campaign, part: CampaignPart) -> Result<(), Problem> {
    let selection = Selection::Part { source: source.id, part };
    let page = recipients::page(connection, source.clinic, &selection, Position::default(), 1).await?;
    if !page.recipients.is_empty() {
        return Ok(());
    }
    let counted = messages::count_by_state(connection, source.clinic, source.id).await?;
    let totals = messages::Totals::from(counted);
    let (count, ko, en) = match part {
        CampaignPart::Failed => (
            totals.failed,
            format!("실패한 {}건 가운데 지금 다시 보낼 수 있는 고객이 없습니다.", totals.failed),
            format!("Of the {} that failed there is none that can be sent again now.", totals.failed),
        ),
        CampaignPart::NotClicked => (
            totals.delivered,
            format!("받은 {}명 가운데 링크를 열지 않았고 아직 다시 보내지 않은 고객이 없습니다.", totals.delivered),
            format!(
                "Of the {} who got it there is no customer who did not open the link and was not sent to again.",
                totals.delivered
            ),
        ),
    };
    Err(Problem::of(Kind::NoRecipients).detail(ko, en).with("recipients", 0).with(part.as_str(), count))
}
