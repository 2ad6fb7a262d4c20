//! The deployed application from outside: HTTP, uploads, links and queues, on the emulator.

#[path = "../support/stack.rs"]
mod support;

mod accounts;
mod campaign;
mod clicks;
mod codes;
mod console;
mod docs;
mod import;
mod lists;
mod referral;
mod refusal;
mod review;
mod sending;
mod withdrawal;

use reqwest::Method;
use serde_json::{Value, json};
use support::{Person, Stack};

/// A clinic with a name of its own, and the person who owns it.
async fn clinic(stack: &Stack, name: &str) -> (Person, Value) {
    let sender_key = format!("sender-of-{name}");
    let profile = json!({"senderKey": sender_key, "uuid": format!("@{name}"), "name": name});
    stack.aligo(Method::POST, "/admin/profiles", profile).await;
    let owner = stack.sign_up(&format!("{name}@clinic.example"), "이원장", "+821099990001").await;
    let registration = json!({
        "name": format!("{name} 의원"), "senderKey": sender_key, "senderPhone": "02-123-4567", "linkHosts": ["www.example.com"],
    });
    let clinic = owner.post("/v1/clinics", registration).await;
    (owner, clinic)
}
