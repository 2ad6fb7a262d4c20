//! From what staff want to a campaign that can be sent, or why it cannot be: one set of rules for asking, pre-flight, tests and
//! sending again.

use chrono::{DateTime, TimeDelta, Utc};
use shared::aws::topics::Outgoing;
use shared::clock::Ambient;
use shared::db::campaigns::{self, Audience, Campaign, Prepared};
use shared::db::templates::{self, Template};
use shared::db::{clinics, groups, outbox};
use shared::http::{Kind, Problem, Staff};
use shared::message::CampaignRequested;
use shared::model::approval::Described;
use shared::model::customer::CampaignName;
use shared::model::draft::{Draft, Sources};
use shared::model::state::{CampaignKind, CampaignState};
use shared::model::template::LINK_VARIABLE;
use shared::model::wording::Flaw;
use shared::model::{CampaignId, ClinicId, GroupId, TemplateId, advertising, link, quiet, sources};
use sqlx::MySqlConnection;

/// The most groups of one campaign.
pub const MOST_GROUPS: usize = 100;
/// How late a campaign may begin unless said.
const STALE_AFTER_MINUTES: u32 = 60;
/// How long a wish may have been on its way to us.
const LATE: TimeDelta = TimeDelta::minutes(1);
/// How far ahead a campaign may be planned.
const AHEAD: TimeDelta = TimeDelta::days(60);
/// How long after the beginning a link may end; whoever wants it to work for longer lets it work for ever.
const LINK_LIFE: TimeDelta = TimeDelta::days(730);

/// What is to be sent, to whom and when.
pub struct Intent<'a> {
    /// The template's name unless said.
    pub name: Option<String>,
    /// What it is for.
    pub kind: CampaignKind,
    /// To whom it goes.
    pub audience: Audience,
    /// What is said.
    pub template: TemplateId,
    /// Where the link leads.
    pub destination: Option<&'a str>,
    /// From when on the link leads to a page that says so; none for never.
    pub link_expires_at: Option<DateTime<Utc>>,
    /// What is said of the sources of variables.
    pub sources: Said<'a>,
    /// When it is to begin; none for now.
    pub scheduled_at: Option<DateTime<Utc>>,
    /// How late it may begin.
    pub stale_after_minutes: Option<u32>,
}

/// What is said of the sources of variables.
#[derive(Debug, Clone, Copy)]
pub enum Said<'a> {
    /// Nothing: they are those of the template.
    Nothing,
    /// These, variable by variable in place of those of the template.
    Now(&'a Sources),
    /// All of them, for an earlier campaign with the same template.
    Before(&'a Sources),
}

/// A campaign that can be sent, as far as can be known here. It is not written yet.
pub struct Plan {
    /// The campaign.
    pub campaign: Campaign,
    /// What it says, as the provider last showed it.
    pub described: Described,
    /// When that was last used.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl Plan {
    /// What everybody gets.
    pub fn draft(&self) -> Draft<'_> {
        self.campaign.draft()
    }

    /// When it is to begin.
    pub fn begins_at(&self) -> DateTime<Utc> {
        self.campaign.scheduled_at.unwrap_or(self.campaign.created_at)
    }
}

/// Makes the campaign, or says why it cannot be sent.
pub async fn plan(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    staff: &Staff,
    intent: Intent<'_>,
) -> Result<Plan, Problem> {
    let now = ambient.now();
    let (scheduled_at, stale_after_minutes) = schedule(intent.scheduled_at, intent.stale_after_minutes, now)?;
    let template = templates::find(connection, staff.clinic, intent.template).await?;
    let template = template.ok_or_else(|| Problem::not_found().with("field", "templateId"))?;
    if let Some(obstacle) = template.described.obstacle() {
        return Err(not_sendable(obstacle.explanation(), obstacle.as_str()));
    }
    let sources = filled(&template, intent.sources)?;
    let clinic = clinics::find(connection, staff.clinic).await?.ok_or_else(Problem::not_found)?;
    let (Some(sender_key), Some(sender_phone)) = (clinic.sender_key, clinic.sender_phone) else {
        return Err(no_sender());
    };
    let hosts = clinics::list_link_hosts(connection, staff.clinic).await?;
    let destination = destination(intent.destination, &template.described, &hosts)?;
    let Template { id, described, last_used_at, .. } = template;
    let name = intent.name.unwrap_or_else(|| described.name.clone());
    let campaign = Campaign {
        clinic: staff.clinic,
        id: CampaignId::new(ambient),
        name: name.chars().take(CampaignName::MAX).collect(),
        kind: intent.kind,
        audience: intent.audience,
        template: id,
        template_code: described.code.clone(),
        content: described.content.clone(),
        emphasis_title: described.emphasis_title.clone(),
        buttons: described.buttons.clone(),
        sources,
        sender_key,
        sender_phone,
        destination,
        link_expires_at: intent.link_expires_at,
        state: if scheduled_at.is_some() { CampaignState::Scheduled } else { CampaignState::Requested },
        failure: None,
        resumed_from: None,
        scheduled_at,
        stale_after_minutes,
        prepared: Prepared::default(),
        released_at: None,
        quiet: clinics::find_quiet_hours(connection, staff.clinic).await?,
        resumed_at: None,
        started_at: None,
        finished_at: None,
        created_by: staff.id,
        created_at: now,
    };
    suits(&campaign)?;
    ends(&campaign)?;
    Ok(Plan { campaign, described, last_used_at })
}

/// Writes the campaign down, and that others are to be told of it unless it waits for its time.
pub async fn write(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    campaign: &Campaign,
    groups: &[GroupId],
) -> Result<Option<Outgoing>, sqlx::Error> {
    campaigns::insert(connection, campaign, groups).await?;
    templates::mark_used(connection, campaign.clinic, campaign.template, campaign.created_at).await?;
    if campaign.state == CampaignState::Scheduled {
        return Ok(None);
    }
    let fact = CampaignRequested::V1 { clinic_id: campaign.clinic, campaign_id: campaign.id };
    outbox::insert(connection, ambient, &fact).await.map(Some)
}

/// The groups asked for, each once, in the order in which they are named. One that the clinic does not have is named by its place.
/// Held in one order until the transaction ends: who deletes a group finds the campaign, or the campaign finds no group.
pub async fn known_groups(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    asked: &[GroupId],
) -> Result<Vec<GroupId>, Problem> {
    if asked.is_empty() || asked.len() > MOST_GROUPS {
        let (ko, en) = (format!("그룹을 1~{MOST_GROUPS}개 선택하세요."), format!("choose 1 to {MOST_GROUPS} groups"));
        return Err(Problem::invalid("groupIds", ko, en));
    }
    let mut places: Vec<_> = asked.iter().zip(0_usize..).collect();
    places.sort_unstable();
    let (mut before, mut known) = (None, Vec::with_capacity(places.len()));
    for (group, place) in places {
        if before.replace(group) == Some(group) {
            continue;
        }
        if !groups::hold(connection, clinic, *group).await? {
            return Err(Problem::not_found().with("field", format!("groupIds[{place}]")));
        }
        known.push((place, *group));
    }
    known.sort_unstable();
    Ok(known.into_iter().map(|(_, group)| group).collect())
}

/// When it is to begin, and how late it may.
fn schedule(
    at: Option<DateTime<Utc>>,
    stale_after_minutes: Option<u32>,
    now: DateTime<Utc>,
) -> Result<(Option<DateTime<Utc>>, u32), Problem> {
    let stale_after_minutes = stale_after_minutes.unwrap_or(STALE_AFTER_MINUTES);
    if !(5..=1440).contains(&stale_after_minutes) {
        return Err(Problem::invalid("staleAfterMinutes", "5~1440분으로 정해 주세요.", "must be 5 to 1440 minutes"));
    }
    if at.is_some_and(|at| at < now - LATE) {
        return Err(Problem::invalid("scheduledAt", "이미 지난 시각입니다.", "that time has passed"));
    }
    if at.is_some_and(|at| at > now + AHEAD) {
        let days = AHEAD.num_days();
        let (ko, en) = (format!("{days}일 안의 시각으로 예약해 주세요."), format!("must be within {days} days"));
        return Err(Problem::invalid("scheduledAt", ko, en));
    }
    Ok((at, stale_after_minutes))
}

/// Whether what is said is right for what it is said for.
fn suits(campaign: &Campaign) -> Result<(), Problem> {
    let draft = campaign.draft();
    match campaign.kind {
        CampaignKind::Advertising => {
            advertising::lack(&draft).map_or(Ok(()), |lack| Err(not_sendable(lack.explanation(), lack.as_str())))
        }
        CampaignKind::Information if advertising::is_marked(&draft) => Err(match campaign.audience {
            // Whoever sends again does not choose what for.
            Audience::Part { .. } => not_sendable(
                (
                    "광고 표시가 있는 템플릿은 정보성 발송을 다시 보내는 데 쓸 수 없습니다. 광고(advertising)로 새로 발송하세요.",
                    "The template is marked as advertising, and the earlier campaign was information: ask for a new campaign.",
                ),
                "advertising-mark",
            ),
            Audience::Groups | Audience::Test { .. } => Problem::invalid(
                "kind",
                "광고 표시가 있는 템플릿입니다. 광고(advertising)로 발송하세요.",
                "the template is marked as advertising: send it as advertising",
            ),
        }),
        CampaignKind::Test if campaign.is_advertising_tried_at_night(campaign.created_at) => Err(tried_at_night()),
        CampaignKind::Information | CampaignKind::Test => Ok(()),
    }
}

/// Whether the link ends when it may: nobody is sent one that has ended already.
fn ends(campaign: &Campaign) -> Result<(), Problem> {
    let Some(at) = campaign.link_expires_at else { return Ok(()) };
    let invalid = |ko: &str, en: &str| Err(Problem::invalid("linkExpiresAt", ko, en));
    let begins = quiet::first_for(campaign.kind, campaign.quiet, campaign.scheduled_at.unwrap_or(campaign.created_at));
    if campaign.destination.is_empty() {
        return invalid("이 템플릿에는 링크가 없습니다.", "the template has no link");
    }
    if at <= begins {
        return invalid("발송이 시작된 뒤의 시각으로 정해 주세요.", "must be later than the beginning of the campaign");
    }
    if at > begins + LINK_LIFE {
        return invalid("발송 시작 후 2년 안의 시각으로 정해 주세요.", "must be within 2 years after the beginning");
    }
    Ok(())
}

/// Whether a link that ends then may be taken over by a campaign that begins then, without anybody having said so.
pub fn is_worth_while(ends: DateTime<Utc>, begins: DateTime<Utc>) -> bool {
    (begins + TimeDelta::days(1)..=begins + LINK_LIFE).contains(&ends)
}

/// Nobody gets advertising at night, and who tries it may have taken a customer's number.
pub fn tried_at_night() -> Problem {
    not_sendable(
        (
            "야간(20시 59분~8시)에는 광고를 시험 발송할 수 없습니다. 오전 8시 이후에 다시 시도해 주세요.",
            "Advertising is not tried between 20:59 and 08:00. Try again after 08:00.",
        ),
        "quiet-hours",
    )
}

fn not_sendable((ko, en): (&str, &str), reason: &str) -> Problem {
    Problem::of(Kind::TemplateNotSendable).detail(ko, en).with("reason", reason)
}

/// Where the variables come from: what is said now in place of what the template says.
fn filled(template: &Template, said: Said<'_>) -> Result<Sources, Problem> {
    let wished = match said {
        Said::Nothing => return Ok(template.sources.clone()),
        Said::Before(sources) => return Ok(sources.clone()),
        Said::Now(sources) => sources,
    };
    let Described { content, emphasis_title, buttons, .. } = &template.described;
    let draft = Draft { content, emphasis_title, buttons, sources: wished };
    let said = sources::tidy(wished, &draft).map_err(|Flaw { field, ko, en }| Problem::invalid(&field, ko, en))?;
    Ok(sources::merged(&template.sources, said))
}

fn no_sender() -> Problem {
    Problem::of(Kind::SenderNotSet).detail(
        "병원 설정에서 카카오톡 발신 프로필 키(senderKey)와 발신 번호(senderPhone)를 먼저 등록하세요.",
        "Set senderKey and senderPhone of the clinic first.",
    )
}

/// Where the links are to lead, empty when the message has none.
fn destination(asked: Option<&str>, described: &Described, hosts: &[String]) -> Result<String, Problem> {
    let invalid = |ko: &str, en: &str| Problem::invalid("destination", ko, en);
    let Some(asked) = asked.map(str::trim).filter(|asked| !asked.is_empty()) else {
        return if has_link(described) {
            Err(invalid(
                "이 템플릿에는 링크가 있습니다. 연결할 주소를 입력하세요.",
                "the template has a link: say where it leads",
            ))
        } else {
            Ok(String::new())
        };
    };
    link::destination(asked, hosts).map(String::from).map_err(|error| {
        let (ko, en) = error.explanation();
        invalid(ko, en)
    })
}

/// Whether a message of the template has a link whose visits are counted.
pub fn has_link(described: &Described) -> bool {
    let Described { content, emphasis_title, buttons, .. } = described;
    let nothing = Sources::new();
    Draft { content, emphasis_title, buttons, sources: &nothing }.variables().contains(LINK_VARIABLE)
}
