//! A clinic's settings: what they are, and changing them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use shared::db::clinics::{self, Clinic, Invitations};
use shared::db::{groups, referral_codes, staff};
use shared::http::{Body, Caller, Problem, Staff};
use shared::model::customer::{ClinicName, PointsNotice, SenderKey};
use shared::model::phone::SenderNumber;
use shared::model::quiet::{Hours, Minute};
use shared::model::state::Role;
use shared::model::{ClinicId, GroupId, Points, StaffId};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::{Deps, link_hosts, taken_or_broken};

/// What `invitesPerDay` may be.
const MAX_PER_DAY: u32 = 10_000;
/// What `invitesInTotal` may be.
const MAX_IN_TOTAL: u32 = 1_000_000;

/// What may be changed; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ClinicChange, example = json!({"linkHosts": ["www.example.com"], "joinPoints": 1000}))]
#[expect(clippy::option_option, reason = "absent leaves a limit as it is, `null` takes it off")]
pub struct Change {
    /// The clinic's name.
    name: Option<ClinicName>,
    /// The key of its KakaoTalk channel.
    sender_key: Option<SenderKey>,
    /// Its sender number.
    sender_phone: Option<SenderNumber>,
    /// All hosts that links in messages may lead to.
    #[schema(max_items = 20)]
    link_hosts: Option<Vec<String>>,
    /// Whether first sign-ups by a code earn points.
    points_enabled: Option<bool>,
    /// What a new user earns.
    join_points: Option<Points>,
    /// What the friend earns who invited a new user.
    invite_points: Option<Points>,
    /// What people read about points.
    points_notice: Option<PointsNotice>,
    /// Whether new members are taken. Those who are members stay.
    accepts_members: Option<bool>,
    /// Paid invitations of one member in a day of the clinic, at most 10,000; more are held for review. `null` takes the limit off.
    #[serde(default, deserialize_with = "limit::<_, MAX_PER_DAY>")]
    #[schema(value_type = Option<u32>, maximum = 10_000, example = 20)]
    invites_per_day: Option<Option<u32>>,
    /// Paid invitations of one member at all, at most 1,000,000; more are held for review. `null` takes the limit off.
    #[serde(default, deserialize_with = "limit::<_, MAX_IN_TOTAL>")]
    #[schema(value_type = Option<u32>, maximum = 1_000_000, example = 200)]
    invites_in_total: Option<Option<u32>>,
    /// Whether somebody whom the clinic knew before, as a customer or as staff, pays invite points.
    pays_for_known: Option<bool>,
    /// Whether points are held for review when the new member has not proven a phone.
    holds_unproven: Option<bool>,
    /// The hours in which nothing but tests is sent: what would begin in them waits for their end. At least an hour between 08:00 and 20:59
    /// stays outside. `null` takes them off.
    #[serde(default, deserialize_with = "quiet_hours")]
    #[schema(value_type = Option<QuietHours>)]
    quiet_hours: Option<Option<Hours>>,
}

/// A limit that may be taken off.
#[expect(clippy::option_option, reason = "absent leaves a limit as it is, `null` takes it off")]
fn limit<'de, D: Deserializer<'de>, const MOST: u32>(deserializer: D) -> Result<Option<Option<u32>>, D::Error> {
    let limit = Option::<u32>::deserialize(deserializer)?;
    if limit.is_some_and(|limit| limit > MOST) {
        return Err(D::Error::custom(format_args!("must be at most {MOST}")));
    }
    Ok(Some(limit))
}

/// Hours of every day, in Korea; over midnight when they end earlier than they begin.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// When they begin.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "21:00")]
    from: String,
    /// When they end, which is not part of them.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "08:30")]
    to: String,
}

impl QuietHours {
    fn of(from: Minute, to: Minute) -> Self {
        Self { from: from.to_string(), to: to.to_string() }
    }
}

#[expect(clippy::option_option, reason = "absent leaves the hours as they are, `null` takes them off")]
fn quiet_hours<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Hours>>, D::Error> {
    let Some(QuietHours { from, to }) = Option::<QuietHours>::deserialize(deserializer)? else { return Ok(Some(None)) };
    let hours = Hours { from: from.parse().map_err(D::Error::custom)?, to: to.parse().map_err(D::Error::custom)? };
    if !hours.leave_time() {
        return Err(D::Error::custom("must leave an hour between 08:00 and 20:59"));
    }
    Ok(Some(Some(hours)))
}

/// A clinic as its staff sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Clinic)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the clinic's own")]
pub struct ClinicView {
    /// The clinic.
    id: ClinicId,
    /// Its name.
    #[schema(example = "단골의원")]
    name: String,
    /// Its time zone, by its IANA name.
    #[schema(example = "Asia/Seoul")]
    time_zone: String,
    /// The key of its KakaoTalk channel.
    #[schema(example = "2f1b8c0e5d7a4c3b9e6f")]
    sender_key: Option<String>,
    /// Its sender number, digits only.
    #[schema(example = "025550101")]
    sender_phone: Option<String>,
    /// Hosts that links in messages may lead to.
    #[schema(example = json!(["www.example.com"]))]
    link_hosts: Vec<String>,
    /// Whether first sign-ups by a code earn points.
    points_enabled: bool,
    /// What a new user earns.
    #[schema(example = 1000)]
    join_points: u32,
    /// What the friend earns who invited a new user.
    #[schema(example = 1000)]
    invite_points: u32,
    /// What people read about points.
    points_notice: String,
    /// Whether new members are taken.
    accepts_members: bool,
    /// Paid invitations of one member in a day of the clinic; null for no limit.
    #[schema(example = 20)]
    invites_per_day: Option<u32>,
    /// Paid invitations of one member at all; null for no limit.
    #[schema(example = 200)]
    invites_in_total: Option<u32>,
    /// Whether somebody whom the clinic knew before pays invite points.
    pays_for_known: bool,
    /// Whether points are held for review when the new member has not proven a phone.
    holds_unproven: bool,
    /// The hours in which nothing but tests is sent; null for none.
    quiet_hours: Option<QuietHours>,
    /// The hours in which no advertising is sent, by law.
    advertising_quiet_hours: QuietHours,
    /// The group of customers that are in no other.
    unassigned_group_id: Option<GroupId>,
    /// The clinic's own code, for QR codes and pamphlets.
    #[schema(example = "7K3M9QXF")]
    referral_code: Option<String>,
    /// Who asks.
    me: Me,
}

/// The staff member who asks.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StaffMe)]
struct Me {
    /// The person.
    staff_id: StaffId,
    /// What the clinic calls them; empty when they have given no name.
    #[schema(example = "이원장")]
    name: String,
    /// What they may do.
    role: Role,
}

/// Shows the caller's clinic
#[utoipa::path(get, path = "/v1/clinic", operation_id = "showClinic", responses((status = 200, body = ClinicView)))]
pub async fn show(State(deps): State<Arc<Deps>>, caller: Caller) -> Result<Json<ClinicView>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let clinic = clinics::find(&mut connection, staff.clinic).await?.ok_or_else(Problem::not_found)?;
    view(&mut connection, clinic, &staff).await.map(Json)
}

/// Changes the clinic's settings
///
/// What is absent stays. Only the owner may do this.
#[utoipa::path(patch, path = "/v1/clinic", operation_id = "changeClinic", responses((status = 200, body = ClinicView)))]
pub async fn change(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Body(change): Body<Change>,
) -> Result<Json<ClinicView>, Problem> {
    let hosts = change.link_hosts.as_deref().map(link_hosts).transpose()?;
    let (caller, change, hosts, now) = (&caller, &change, hosts.as_deref(), deps.ambient.now());
    let changed = deps.database.transaction::<_, Problem>("change_clinic", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            staff.require_owner()?;
            // All settings are written, so that those who change others at the same moment come one after the other.
            let clinic = clinics::lock(tx, staff.clinic).await?.ok_or_else(Problem::not_found)?;
            let clinic = change.applied_to(clinic);
            clinics::update(tx, &clinic).await.map_err(taken_or_broken)?;
            if let Some(hours) = change.quiet_hours {
                clinics::set_quiet_hours(tx, clinic.id, hours, now).await?;
            }
            if let Some(hosts) = hosts {
                clinics::replace_link_hosts(tx, clinic.id, hosts).await?;
            }
            view(tx, clinic, &staff).await
        })
    });
    changed.await.map(Json)
}

impl Change {
    fn applied_to(&self, clinic: Clinic) -> Clinic {
        let before = clinic.invitations;
        Clinic {
            name: self.name.clone().map_or(clinic.name, String::from),
            sender_key: self.sender_key.clone().map(String::from).or(clinic.sender_key),
            sender_phone: self.sender_phone.clone().map(String::from).or(clinic.sender_phone),
            points_enabled: self.points_enabled.unwrap_or(clinic.points_enabled),
            join_points: self.join_points.map_or(clinic.join_points, Points::get),
            invite_points: self.invite_points.map_or(clinic.invite_points, Points::get),
            points_notice: self.points_notice.clone().map_or(clinic.points_notice, String::from),
            invitations: Invitations {
                accepts_members: self.accepts_members.unwrap_or(before.accepts_members),
                per_day: self.invites_per_day.unwrap_or(before.per_day),
                in_total: self.invites_in_total.unwrap_or(before.in_total),
                pays_for_known: self.pays_for_known.unwrap_or(before.pays_for_known),
                holds_unproven: self.holds_unproven.unwrap_or(before.holds_unproven),
            },
            ..clinic
        }
    }
}

/// The clinic as its staff sees it.
pub async fn view(connection: &mut MySqlConnection, clinic: Clinic, staff: &Staff) -> Result<ClinicView, Problem> {
    let hours = clinics::find_quiet_hours(connection, clinic.id).await?;
    Ok(ClinicView {
        quiet_hours: hours.map(|Hours { from, to }| QuietHours::of(from, to)),
        advertising_quiet_hours: QuietHours::of(Minute::ADVERTISING_STOPS, Minute::ADVERTISING_GOES_ON),
        me: Me {
            name: staff::find_name(connection, staff.id).await?.unwrap_or_default(),
            staff_id: staff.id,
            role: staff.role,
        },
        link_hosts: clinics::list_link_hosts(connection, clinic.id).await?,
        unassigned_group_id: groups::find_unassigned(connection, clinic.id).await?,
        referral_code: referral_codes::find_of_clinic(connection, clinic.id).await?,
        id: clinic.id,
        name: clinic.name,
        time_zone: clinic.time_zone,
        sender_key: clinic.sender_key,
        sender_phone: clinic.sender_phone,
        points_enabled: clinic.points_enabled,
        join_points: clinic.join_points,
        invite_points: clinic.invite_points,
        points_notice: clinic.points_notice,
        accepts_members: clinic.invitations.accepts_members,
        invites_per_day: clinic.invitations.per_day,
        invites_in_total: clinic.invitations.in_total,
        pays_for_known: clinic.invitations.pays_for_known,
        holds_unproven: clinic.invitations.holds_unproven,
    })
}
