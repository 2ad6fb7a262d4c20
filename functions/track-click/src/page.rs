//! The pages for visitors who cannot be sent on: small, in both languages, nothing of the visitor's in them.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::PRIVATE;

/// For a link that is not one of ours, or leads nowhere.
pub fn unknown() -> Response {
    page(
        StatusCode::NOT_FOUND,
        "링크를 찾을 수 없습니다",
        "주소가 잘렸거나 잘못 입력되었을 수 있습니다. 받으신 메시지의 버튼을 다시 눌러 주세요.",
        "This link leads nowhere",
        "The address may have been cut off. Please tap the button in your message again.",
    )
}

/// For a link of ours that has ended.
pub fn ended() -> Response {
    page(
        StatusCode::GONE,
        "기간이 끝난 링크입니다",
        "이 링크의 이용 기간이 끝났습니다. 궁금한 점은 메시지를 보낸 병원에 문의해 주세요.",
        "This link has ended",
        "It was valid for a limited time. Please ask the clinic that sent you the message.",
    )
}

/// For somebody who showed too many links that are not ours.
pub fn too_many(seconds: i64) -> Response {
    let page = page(
        StatusCode::TOO_MANY_REQUESTS,
        "잠시 후 다시 시도해 주세요",
        "잘못된 주소가 너무 많이 요청되었습니다. 받으신 메시지의 버튼은 그대로 사용할 수 있습니다.",
        "Please try again in a moment",
        "Too many wrong addresses were asked for. The button in your message still works.",
    );
    ([(header::RETRY_AFTER, seconds.to_string())], page).into_response()
}

/// For a link of ours whose destination nobody can tell at the moment.
pub fn unavailable() -> Response {
    let page = page(
        StatusCode::SERVICE_UNAVAILABLE,
        "잠시 후 다시 시도해 주세요",
        "일시적인 오류로 페이지를 열지 못했습니다. 잠시 후 버튼을 다시 눌러 주세요.",
        "Please try again in a moment",
        "A passing fault kept us from opening the page. Please tap the button again in a moment.",
    );
    ([(header::RETRY_AFTER, "5")], page).into_response()
}

fn page(status: StatusCode, title_ko: &str, text_ko: &str, title_en: &str, text_en: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"ko\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <title>{title_ko}</title>\n\
         <style>body{{font-family:system-ui,sans-serif;max-width:26rem;margin:18vh auto 0;padding:0 1.5rem;line-height:1.6;\
         color:#222}}h1{{font-size:1.25rem}}section+section{{margin-top:2.5rem;color:#555}}</style>\n</head>\n<body>\n\
         <section>\n<h1>{title_ko}</h1>\n<p>{text_ko}</p>\n</section>\n\
         <section lang=\"en\">\n<h1>{title_en}</h1>\n<p>{text_en}</p>\n</section>\n</body>\n</html>\n"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, PRIVATE, headers, html).into_response()
}
