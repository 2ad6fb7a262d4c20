//! Where an invite link leads: `/i/{code}` says who invites and what one gets, and lets people join.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use shared::model::ReferralCode;
use shared::model::state::MembershipState;

use crate::api::Failure;
use crate::form::{Errors, Form};
use crate::page::Page;
use crate::parts;
use crate::site::{Answer, Deps, Person, Site};
use crate::visitor::Tone;

/// Its routes.
pub fn routes() -> Router<Arc<Deps>> {
    Router::new().route("/i/{code}", get(show).post(join))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invitation {
    clinic_id: String,
    clinic_name: String,
    join_points: Option<u64>,
    points_notice: Option<String>,
    of_friend: bool,
}

/// The clinics of whoever looks.
#[derive(Default, Deserialize)]
struct Mine {
    clinics: Vec<Clinic>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Clinic {
    #[serde(rename = "clinicId")]
    id: String,
    membership: MembershipState,
    referral_code: Option<String>,
}

/// How whoever looks stands to the clinic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Stranger,
    Pending,
    Member,
    /// A member, whose own code it is.
    Inviter,
}

impl Standing {
    fn of(mine: &Mine, clinic: &str, code: &str) -> Self {
        let Some(there) = mine.clinics.iter().find(|there| there.id == clinic) else { return Self::Stranger };
        // As the API reads codes: an address may be typed in other letters.
        let code = code.parse::<ReferralCode>().ok();
        match there.membership {
            MembershipState::Pending => Self::Pending,
            MembershipState::Ended => Self::Stranger,
            MembershipState::Confirmed if there.referral_code.as_deref() == code.as_ref().map(ReferralCode::as_str) => {
                Self::Inviter
            }
            MembershipState::Confirmed => Self::Member,
        }
    }
}

async fn show(site: Site, Path(code): Path<String>) -> Answer {
    page(&site, &code, &Form::default(), &Errors::none()).await
}

async fn page(site: &Site, code: &str, form: &Form, errors: &Errors) -> Answer {
    let mine = async {
        if !site.is_signed_in() {
            return Mine::default();
        }
        // The invitation is worth reading also when this is not known.
        site.api().get(["me"]).send().await.unwrap_or_default()
    };
    match tokio::join!(site.anonymous_api().get(["invitations", code]).send::<Invitation>(), mine) {
        (Ok(invitation), mine) => {
            let standing = Standing::of(&mine, &invitation.clinic_id, code);
            Ok(invited(site, (code, standing), &invitation, form, errors))
        }
        (Err(failure), _) if failure.is_not_found() => Ok(unknown(site)),
        (Err(failure), _) => Err(failure),
    }
}

fn invited(site: &Site, (code, standing): (&str, Standing), invitation: &Invitation, form: &Form, errors: &Errors) -> Response {
    let words = &site.words().invite;
    let clinic = &invitation.clinic_name;
    let here = format!("/i/{}", parts::encoded(code));
    Page::new(site, (words.title)(clinic)).head(preview(site, &here, invitation)).errors(errors).body(html! {
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        @if !errors.is_empty() && site.is_signed_in() { p { a.button href="/me" { (words.to_my_page) } } }
        @if standing == Standing::Inviter { (parts::notice(Tone::Plain, html! { (words.own) })) }
        section.invite.card {
            @if standing == Standing::Member {
                p.invite-from { (words.member) }
                h1 { (clinic) }
            } @else {
                (offer(site, invitation))
            }
            (way_in(site, &here, standing))
        }
    })
}

/// Who invites, and what one gets.
fn offer(site: &Site, invitation: &Invitation) -> Markup {
    let words = &site.words().invite;
    html! {
        p.invite-from { (if invitation.of_friend { words.of_friend } else { words.of_clinic }) }
        h1 { (invitation.clinic_name) }
        @if let Some(points) = invitation.join_points.filter(|points| *points > 0) {
            p.invite-points { strong { ((words.points)(&parts::number(points))) } }
            p.muted.small { (words.points_once) @if let Some(notice) = &invitation.points_notice { " " (notice) } }
        }
        ul.invite-benefits { @for benefit in words.benefits { li { (benefit) } } }
    }
}

/// Joins, or signs up and in first. Who is a member already goes to their own page.
fn way_in(site: &Site, here: &str, standing: Standing) -> Markup {
    let words = &site.words().invite;
    if matches!(standing, Standing::Member | Standing::Inviter) {
        return html! { a.button.primary.wide href="/me" { (words.to_my_page) } };
    }
    if site.is_signed_in() {
        return html! {
            @if standing == Standing::Pending { p { (words.pending) } }
            p.muted.small { (words.seen) }
            form method="post" action=(here) { (parts::csrf(site)) button.button.primary.wide type="submit" { (words.join) } }
        };
    }
    let with_next = |path| parts::address(path, [("next", here)]);
    html! {
        p.muted.small { (words.seen) }
        a.button.primary.wide href=(with_next("/sign-up")) { (words.sign_up_and_join) }
        a.button.wide href=(with_next("/sign-in")) { (words.sign_in_and_join) }
        p.muted.small { (words.comes_back) br; a href=(with_next("/sign-up/confirm")) { (words.have_code) } }
    }
}

/// What KakaoTalk shows of the link: the clinic, and never the person who invites.
fn preview(site: &Site, here: &str, invitation: &Invitation) -> Markup {
    let words = &site.words().invite;
    let origin = &site.deps().origin;
    let points = invitation.join_points.filter(|points| *points > 0).map(|points| (words.points)(&parts::number(points)));
    let description = points.map_or_else(|| words.preview.to_owned(), |points| format!("{points}. {}", words.preview));
    html! {
        meta property="og:type" content="website";
        meta property="og:site_name" content=(site.words().common.product);
        meta property="og:title" content={ ((words.title)(&invitation.clinic_name)) };
        meta property="og:description" content=(description);
        meta property="og:url" content={ (origin) (here) };
        meta property="og:image" content={ (origin) (site.deps().assets.path("card.png")) };
        meta property="og:image:width" content="800";
        meta property="og:image:height" content="400";
        meta name="description" content=(description);
    }
}

fn unknown(site: &Site) -> Response {
    let words = &site.words().invite;
    Page::new(site, words.unknown_title).status(StatusCode::NOT_FOUND).body(html! {
        h1 { (words.unknown_title) }
        p { (words.unknown_text) }
        @if site.is_signed_in() { p { a.button href="/me" { (words.to_my_page) } } }
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Joined {
    clinic_name: String,
    join_points: u64,
    points_held: bool,
}

async fn join(site: Person, Path(code): Path<String>, form: Form) -> Answer {
    if form.restored() {
        return page(&site, &code, &form, &Errors::none()).await;
    }
    match site.api().post(["signups"]).json(&json!({ "referralCode": code })).send::<Joined>().await {
        Ok(joined) => Ok(site.go_saying("/me", Tone::Good, &said(&site, &joined))),
        Err(failure) => refused(&site, &code, failure).await,
    }
}

fn said(site: &Site, joined: &Joined) -> String {
    let words = &site.words().invite;
    let clinic = &joined.clinic_name;
    if joined.points_held {
        (words.joined_points_held)(clinic)
    } else if joined.join_points > 0 {
        (words.joined_with_points)(clinic, &parts::number(joined.join_points))
    } else {
        (words.joined)(clinic)
    }
}

async fn refused(site: &Site, code: &str, failure: Failure) -> Answer {
    if failure.is_not_found() {
        return Ok(unknown(site));
    }
    let problem = failure.about_input()?;
    if problem.is("already-member") {
        return Ok(site.go_saying("/me", Tone::Plain, &problem.text()));
    }
    page(site, code, &Form::default(), &Errors::whole(problem.text())).await
}
