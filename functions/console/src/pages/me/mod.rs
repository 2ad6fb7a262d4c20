//! What is mine: clinics with codes and points, friends, the ledger, name and phone, leaving.

mod friends;
mod points;
mod profile;
mod withdraw;

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use crate::api::List;
use crate::form::Form;
use crate::page::Page;
use crate::parts;
use crate::site::{Answer, Deps, Person, Site};
use crate::visitor::Tone;

/// Patients are shown moments on Korean clocks, as the clinics are there.
const ZONE: &str = "Asia/Seoul";

/// Its routes.
pub fn routes() -> Router<Arc<Deps>> {
    Router::new()
        .route("/me", get(show))
        .route("/me/clinics/{clinic}/leave", post(leave))
        .route("/me/friends", get(friends::show))
        .route("/me/points", get(points::show))
        .route("/me/profile", get(profile::show).post(profile::rename))
        .route("/me/phone/code", post(profile::send_code))
        .route("/me/phone", get(profile::show_code).post(profile::verify))
        .route("/me/withdraw", get(withdraw::show).post(withdraw::withdraw))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mine {
    name: Option<String>,
    phone: Option<String>,
    clinics: Vec<Clinic>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Clinic {
    #[serde(rename = "clinicId")]
    id: String,
    #[serde(rename = "clinicName")]
    name: String,
    membership: String,
    since: DateTime<Utc>,
    points: i64,
    points_held: u64,
    points_notice: String,
    referral_code: Option<String>,
    invite_link: Option<String>,
}

async fn show(site: Person) -> Answer {
    let api = site.api();
    let of_staff = async {
        match api.get(["clinic"]).send::<Value>().await {
            Ok(_) => Ok(true),
            Err(failure) if failure.problem().is_some_and(|problem| problem.is("not-staff")) => Ok(false),
            Err(failure) => Err(failure),
        }
    };
    let (mine, friends, points, is_staff) = tokio::try_join!(
        api.get(["me"]).send::<Mine>(),
        api.get(["me", "friends"]).query("limit", 5).send::<friends::Friends>(),
        api.get(["me", "points"]).query("limit", 5).send::<List<points::Line>>(),
        of_staff,
    )?;
    let words = &site.words().me;
    Ok(Page::new(&site, words.title).script("share").body(html! {
        h1 { (words.title) }
        @if is_staff { p { a.button href="/" { (words.to_clinic) } } }
        @if mine.clinics.is_empty() { (parts::empty(words.empty.0, words.empty.1, None)) }
        @for clinic in &mine.clinics { (card(&site, clinic)) }
        @if !mine.clinics.is_empty() {
            section.card {
                h2 { (words.friends) }
                (friends::summary(&site, &friends))
            }
            section.card {
                h2 { (words.history) }
                (points::lines(&site, &points, &mine.clinics))
                @if !points.items.is_empty() { p { a href="/me/points" { (words.show_all) } } }
            }
        }
        section.card {
            h2 { (words.profile) }
            dl.facts {
                dt { (site.words().common.name) } dd { (mine.name.as_deref().unwrap_or("–")) }
                dt { (site.words().common.phone) } dd { (mine.phone.as_deref().unwrap_or(words.no_phone)) }
            }
            p { a href="/me/profile" { (site.words().common.edit) } }
        }
        @if !is_staff { p.small { a href="/start?as=clinic" { (words.register) } } }
    }))
}

fn card(site: &Site, clinic: &Clinic) -> Markup {
    let words = &site.words().me;
    let confirmed = clinic.membership == "confirmed";
    html! {
        section.card.membership {
            div.head {
                h2 { (clinic.name) }
                @if confirmed { (parts::badge(Tone::Good, words.confirmed)) } @else { (parts::badge(Tone::Warning, words.pending)) }
            }
            @if confirmed {
                p.figure { ((words.points)(&parts::number(clinic.points))) }
                @if clinic.points_held > 0 { p.muted { ((words.held)(&parts::number(clinic.points_held))) } }
                p.muted.small { (clinic.points_notice) }
            } @else {
                p { (words.pending_text) }
            }
            @if let (Some(code), Some(link)) = (&clinic.referral_code, &clinic.invite_link) { (own_code(site, clinic, code, link)) }
            p.muted.small { (words.since) " " (parts::day(clinic.since, ZONE)) }
            (parts::confirm(
                site,
                &format!("leave-{}", clinic.id),
                words.leave,
                &(words.leave_question)(&clinic.name),
                &format!("/me/clinics/{}/leave", clinic.id),
                &parts::hidden("clinic", &clinic.name),
            ))
        }
    }
}

/// The code with everything by which it gets to a friend: letters, link, QR code, the phone's own way to share.
fn own_code(site: &Site, clinic: &Clinic, code: &str, link: &str) -> Markup {
    let words = &site.words().me;
    let common = &site.words().common;
    html! {
        h3 { (words.my_code) }
        p.code { (code) }
        p.muted.small { (words.my_code_text) }
        p.small { a href=(link) { (link) } }
        div.actions {
            button.button.primary type="button" hidden data-with-script data-share=(link)
                data-title=(clinic.name) data-text={ ((words.share_text)(&clinic.name)) } data-copied=(common.copied) data-not-copied=(common.not_copied) { (words.share) }
            button.button type="button" hidden data-with-script data-copy=(link) data-copied=(common.copied) data-not-copied=(common.not_copied) { (words.copy_link) }
        }
        details.more open {
            summary { (words.show_qr) }
            img.qr src={ "/v1/invitations/" (parts::encoded(code)) "/qr?format=svg" } width="240" height="240" loading="lazy"
                alt={ ((words.qr_alt)(&clinic.name)) };
        }
    }
}

async fn leave(site: Person, Path(clinic): Path<String>, form: Form) -> Answer {
    if form.restored() {
        return Ok(site.go_saying("/me", Tone::Warning, site.words().common.not_done));
    }
    site.api().delete(["memberships", &clinic]).done().await?;
    Ok(site.go_saying("/me", Tone::Good, &(site.words().me.left)(form.text("clinic"))))
}
