//! Codes of a clinic, and their QR codes as a browser gets them.

use reqwest::Method;
use serde_json::json;

use crate::clinic;
use crate::support::Stack;

/// What a browser accepts where a page says `<img>`.
const IMAGE: &str = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";

#[tokio::test]
async fn a_code_is_made_labelled_and_disabled_and_its_picture_reaches_a_browser() {
    let stack = Stack::of_environment();
    let (owner, _) = clinic(&stack, "codes").await;
    // The body has letters beyond ASCII: it comes through the API encoded.
    let made = owner.post_once("desk", "/v1/referral-codes", json!({"label": "접수대 QR"})).await;
    assert_eq!((&made["label"], &made["state"]), (&json!("접수대 QR"), &json!("usable")));
    let code = made["code"].as_str().unwrap_or_else(|| panic!("{made}"));
    let path = format!("/v1/referral-codes/{code}");
    let disabled = owner.send(Method::PATCH, &path, &[], json!({"disabled": true})).await;
    assert_eq!(disabled.json["state"], "disabled", "{}", disabled.text);
    assert_eq!(owner.list("/v1/referral-codes").await.len(), 2);

    // Drawn for anybody, whatever became of the code.
    for accept in [IMAGE, "text/html,application/xhtml+xml,*/*;q=0.8", "*/*"] {
        let png = stack.bytes(&format!("/v1/invitations/{code}/qr?format=png"), accept).await;
        assert_eq!(png.get(1..4), Some(&b"PNG"[..]), "{accept}: {:?}", png.get(..20));
        assert_eq!(png.get(16..24), Some(&[0, 0, 2, 0, 0, 0, 2, 0][..]), "512 pixels square");
    }
    let svg = stack.anonymous(Method::GET, &format!("/v1/invitations/{code}/qr"), &[("Accept", IMAGE)]).await;
    assert!(svg.text.starts_with("<svg ") && svg.text.ends_with("</svg>"), "{}", svg.text);
    assert_eq!(svg.headers["cache-control"], "public, max-age=86400");
}
