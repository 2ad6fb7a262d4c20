//! Visits of links, as API Gateway hands them to a function and as they reach a bare server, and what must come back.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};
use shared::message::ClickReceived;
use shared::model::link::{Destination, LinkKeys};
use shared::model::state::ClickClass;
use shared::model::{CampaignId, ClinicId, MessageId};
use uuid::Uuid;

use crate::Failed;
use crate::wire::Message;

/// Campaigns whose links are visited in turns.
const CAMPAIGNS: u32 = 20;
/// Recipients of each.
const RECIPIENTS: u32 = 1000;
const HOST: &str = "a1b2c3d4e5.execute-api.ap-northeast-2.amazonaws.com";
/// Where visits come from, unless said otherwise.
pub const ADDRESS: &str = "203.0.113.1";
/// The headers that no answer may lack.
const PRIVATE: [(&str, &str); 3] =
    [("cache-control", "no-store"), ("x-robots-tag", "noindex, nofollow"), ("referrer-policy", "no-referrer")];

const KAKAOTALK: &str = "Mozilla/5.0 (Linux; Android 14; SM-S918N Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) \
                         Version/4.0 Chrome/120.0.6099.230 Mobile Safari/537.36;KAKAOTALK 2410210";
const KAKAOTALK_IOS: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                             Mobile/15E148 KAKAOTALK 10.3.5";
const CHROME: &str =
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36";
const SCRAPER: &str = "facebookexternalhit/1.1; kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984";
const GOOGLEBOT: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

/// Who visits, in turns: mostly people.
const VISITORS: [(&str, &str, ClickClass); 8] = [
    ("GET", KAKAOTALK, ClickClass::Human),
    ("GET", KAKAOTALK_IOS, ClickClass::Human),
    ("GET", SCRAPER, ClickClass::Preview),
    ("GET", KAKAOTALK, ClickClass::Human),
    ("GET", CHROME, ClickClass::Human),
    ("HEAD", KAKAOTALK, ClickClass::Prefetch),
    ("GET", KAKAOTALK_IOS, ClickClass::Human),
    ("GET", GOOGLEBOT, ClickClass::Bot),
];

/// The key that signs all links of the benchmark.
///
/// # Errors
/// Never: it is long enough.
pub fn keys() -> Result<LinkKeys, Failed> {
    Ok(LinkKeys::new(&secret())?)
}

/// The same as the secret holds it.
#[must_use]
pub fn secret() -> BTreeMap<String, String> {
    [("current".to_owned(), "1".to_owned()), ("1".to_owned(), "k".repeat(64))].into()
}

/// The campaigns and where their links lead.
pub fn campaigns() -> impl Iterator<Item = (CampaignId, Destination)> {
    (0..CAMPAIGNS).map(|number| (campaign(number), destination(number)))
}

fn campaign(number: u32) -> CampaignId {
    CampaignId::from_uuid(Uuid::from_u128(0x019a_9d2f_5c00_7000_8000_0000_0000_0000 + u128::from(number)))
}

fn destination(number: u32) -> Destination {
    let clinic = ClinicId::from_uuid(Uuid::from_u128(0x019a_9d2f_5c00_7000_8000_0000_0000_00a1));
    Destination { clinic, url: format!("https://www.example.com/spring?campaign={number}"), expires_at: None }
}

/// Somebody opens a link.
#[derive(Debug, Clone)]
pub struct Visit {
    /// `GET` or `HEAD`.
    pub method: &'static str,
    /// What the visitor's program calls itself.
    pub agent: &'static str,
    /// The last part of the link.
    pub token: String,
    /// Whose link it is, where it leads and what the visitor is; nothing when it is nobody's.
    pub known: Option<(MessageId, String, ClickClass)>,
}

/// Visits number `from` to `to` of an endless row: the same numbers are the same visits.
pub fn of_links(keys: &LinkKeys, from: u32, to: u32) -> impl Iterator<Item = Visit> {
    (from..to).map(|turn| {
        let (method, agent, class) = VISITORS[(turn % 8) as usize];
        let number = turn % CAMPAIGNS;
        let message = MessageId { campaign: campaign(number), number: 1 + turn / CAMPAIGNS % RECIPIENTS };
        Visit { method, agent, token: keys.mint(message), known: Some((message, destination(number).url, class)) }
    })
}

/// How visits look on their way.
#[derive(Debug)]
pub struct Forms {
    event: String,
    request: String,
}

impl Default for Forms {
    fn default() -> Self {
        Self::new()
    }
}

impl Forms {
    /// What KakaoTalk's browser on Android sends, as a regional API of API Gateway hands it on.
    #[must_use]
    pub fn new() -> Self {
        let headers = [
            ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"),
            ("Accept-Encoding", "gzip, deflate"),
            ("Accept-Language", "ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7"),
            ("Host", HOST),
            ("Sec-Fetch-Dest", "document"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Site", "none"),
            ("Sec-Fetch-User", "?1"),
            ("Upgrade-Insecure-Requests", "1"),
            ("User-Agent", "%AGENT%"),
            ("X-Amzn-Trace-Id", "Root=1-69a4e5d0-5f84c3b56f4e2d0a1b2c3d4e"),
            ("X-Forwarded-For", "%ADDRESS%"),
            ("X-Forwarded-Port", "443"),
            ("X-Forwarded-Proto", "https"),
            ("X-Requested-With", "com.kakao.talk"),
        ];
        let single: serde_json::Map<String, Value> =
            headers.iter().map(|(name, value)| ((*name).into(), json!(value))).collect();
        let multiple: serde_json::Map<String, Value> =
            headers.iter().map(|(name, value)| ((*name).into(), json!([value]))).collect();
        let event = json!({
            "resource": "/c/{token}",
            "path": "/c/%TOKEN%",
            "httpMethod": "%METHOD%",
            "headers": single,
            "multiValueHeaders": multiple,
            "queryStringParameters": null,
            "multiValueQueryStringParameters": null,
            "pathParameters": { "token": "%TOKEN%" },
            "stageVariables": null,
            "requestContext": {
                "resourceId": "abc123",
                "resourcePath": "/c/{token}",
                "httpMethod": "%METHOD%",
                "extendedRequestId": "UqHvXG1_oE0EQ9g=",
                "requestTime": "02/Mar/2026:01:00:00 +0000",
                "path": "/live/c/%TOKEN%",
                "accountId": "123456789012",
                "protocol": "HTTP/1.1",
                "stage": "live",
                "domainPrefix": "a1b2c3d4e5",
                "requestTimeEpoch": 1_772_413_200_000_u64,
                "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
                "identity": {
                    "cognitoIdentityPoolId": null,
                    "accountId": null,
                    "cognitoIdentityId": null,
                    "caller": null,
                    "sourceIp": "%ADDRESS%",
                    "principalOrgId": null,
                    "accessKey": null,
                    "cognitoAuthenticationType": null,
                    "cognitoAuthenticationProvider": null,
                    "userArn": null,
                    "userAgent": "%AGENT%",
                    "user": null,
                },
                "domainName": HOST,
                "deploymentId": "d1e2f3",
                "apiId": "a1b2c3d4e5",
            },
            "body": null,
            "isBase64Encoded": false,
        });
        let lines = headers.map(|(name, value)| format!("{name}: {value}\r\n")).concat();
        Self { event: event.to_string(), request: format!("%METHOD% /c/%TOKEN% HTTP/1.1\r\n{lines}\r\n") }
    }

    /// The event of API Gateway (REST, proxy).
    #[must_use]
    pub fn event(&self, visit: &Visit, address: &str) -> Vec<u8> {
        filled(&self.event, visit, address)
    }

    /// The request itself.
    #[must_use]
    pub fn request(&self, visit: &Visit, address: &str) -> Vec<u8> {
        filled(&self.request, visit, address)
    }
}

fn filled(form: &str, visit: &Visit, address: &str) -> Vec<u8> {
    let mut text = String::with_capacity(form.len() + 512);
    let mut parts = form.split('%');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        text.push_str(match part {
            "METHOD" => visit.method,
            "TOKEN" => &visit.token,
            "AGENT" => visit.agent,
            "ADDRESS" => address,
            other => other,
        });
    }
    text.into_bytes()
}

/// An answer to a visitor, whichever way it came.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    headers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proxied {
    status_code: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
}

impl Answer {
    /// What a function answers API Gateway.
    ///
    /// # Errors
    /// When it is not of that form.
    pub fn of_function(answer: &[u8]) -> Result<Self, Failed> {
        let proxied: Proxied = serde_json::from_slice(answer)?;
        let multiple = proxied.multi_value_headers.into_iter().flatten();
        let multiple = multiple.filter_map(|(name, values)| Some((name, values.into_iter().next()?)));
        let headers = proxied.headers.into_iter().flatten().chain(multiple);
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        Ok(Self { status: proxied.status_code, headers })
    }

    /// What a server answers.
    #[must_use]
    pub fn of_server(answer: Message) -> Self {
        let status = answer.status();
        let headers = answer.headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        Self { status, headers }
    }

    /// Whether it sends the visitor anywhere.
    #[must_use]
    pub fn leads_somewhere(&self) -> bool {
        (300..400).contains(&self.status) || self.headers.contains_key("location")
    }

    /// Checks that the visitor was sent where the link leads, with the three headers.
    ///
    /// # Errors
    /// When not.
    pub fn check(&self, visit: &Visit) -> Result<(), Failed> {
        let (_, url, _) = visit.known.as_ref().ok_or("nobody's link leads nowhere")?;
        let said = |name: &str, value: &str| self.headers.get(name).is_some_and(|said| said == value);
        if self.status == 302 && said("location", url) && PRIVATE.iter().all(|(name, value)| said(name, value)) {
            return Ok(());
        }
        Err(format!("{} of {} was answered by {self:?}", visit.method, visit.token).into())
    }
}

/// Checks that the queue has each visit once, and of the right class.
///
/// # Errors
/// When not.
pub fn check_queued(visits: &[Visit], bodies: &[String]) -> Result<(), Failed> {
    let mut ids = BTreeSet::new();
    let mut queued = BTreeMap::new();
    for body in bodies {
        let ClickReceived::V1 { click_id, campaign_id, message_number, class, .. } = serde_json::from_str(body)?;
        ids.insert(click_id);
        *queued.entry((MessageId { campaign: campaign_id, number: message_number }, class)).or_insert(0_u32) += 1;
    }
    let mut made = BTreeMap::new();
    for (message, _, class) in visits.iter().filter_map(|visit| visit.known.as_ref()) {
        *made.entry((*message, *class)).or_insert(0_u32) += 1;
    }
    if ids.len() == bodies.len() && queued == made {
        return Ok(());
    }
    let (queued, made) = (bodies.len(), visits.len());
    Err(format!("the queue has {queued} visits with {} ids, and there were {made}, or classes differ", ids.len()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_fills_both_forms() {
        let (forms, keys) = (Forms::new(), keys().unwrap());
        let visit = of_links(&keys, 5, 6).next().unwrap();
        let event: Value = serde_json::from_slice(&forms.event(&visit, "203.0.113.9")).unwrap();
        assert_eq!(event["pathParameters"]["token"], visit.token);
        assert_eq!(event["requestContext"]["identity"]["sourceIp"], "203.0.113.9");
        assert_eq!(event["httpMethod"], "HEAD");
        let request = String::from_utf8(forms.request(&visit, ADDRESS)).unwrap();
        assert!(request.starts_with(&format!("HEAD /c/{} HTTP/1.1\r\n", visit.token)) && request.ends_with("\r\n\r\n"));
        assert!(!request.contains('%') && !event.to_string().contains('%'));
    }

    #[test]
    fn an_answer_without_one_header_or_to_elsewhere_is_noticed() {
        let visit = of_links(&keys().unwrap(), 3, 4).next().unwrap();
        let answer = |location: &str, robots: &str| {
            let headers = json!({ "location": [location], "cache-control": ["no-store"], "x-robots-tag": [robots],
                "Referrer-Policy": ["no-referrer"] });
            let answer = json!({ "statusCode": 302, "headers": {}, "multiValueHeaders": headers });
            Answer::of_function(answer.to_string().as_bytes()).unwrap()
        };
        let right = "https://www.example.com/spring?campaign=3";
        answer(right, "noindex, nofollow").check(&visit).unwrap();
        assert!(answer(right, "noindex").check(&visit).is_err());
        assert!(answer("https://evil.example/", "noindex, nofollow").check(&visit).is_err());
    }

    #[test]
    fn a_visit_that_is_lost_doubled_or_of_another_class_is_noticed() {
        let visits: Vec<Visit> = of_links(&keys().unwrap(), 0, 8).collect();
        let body = |at: usize| {
            let (message, _, class) = visits[at].known.as_ref().unwrap();
            let id = format!("clk_{at:032x}");
            json!({ "type": "click_received.v1", "clickId": id, "clinicId": destination(0).clinic,
                "campaignId": message.campaign, "messageNumber": message.number, "class": class, "reason": "any",
                "ruleVersion": 1, "agent": "", "clickedAt": "2026-03-02T01:00:00Z" })
            .to_string()
        };
        let all: Vec<String> = (0..8).map(body).collect();
        check_queued(&visits, &all).unwrap();
        assert!(check_queued(&visits, &all[1..]).is_err());
        assert!(check_queued(&visits, &[&all[..], &all[..1]].concat()).is_err());
        assert!(check_queued(&visits, &[&all[..7], &[all[7].replace("bot", "human")]].concat()).is_err());
    }
}
