//! The documentation of the API, which anybody may read.

use reqwest::Method;

use crate::support::Stack;

#[tokio::test]
async fn the_documentation_is_there_for_anybody_with_all_that_its_page_needs() {
    let stack = Stack::of_environment();
    let page = stack.anonymous(Method::GET, "/docs", &[("Accept", "text/html")]).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));

    // Scripts, styles and pictures come from the same function, not from somebody else's server.
    let mut files = 0;
    for attribute in ["src=\"", "href=\""] {
        for rest in page.text.split(attribute).skip(1) {
            let address = rest.split('"').next().unwrap();
            if address.starts_with("data:") {
                continue;
            }
            assert!(!address.contains("://"), "{address}");
            let path =
                if address.starts_with('/') { address.to_owned() } else { format!("/{}", address.trim_start_matches("./")) };
            let file = stack.anonymous(Method::GET, &path, &[]).await;
            assert_eq!(file.status, 200, "{path}");
            files += 1;
        }
    }
    assert!(files >= 2, "a script and a style: {}", page.text);
}

#[tokio::test]
async fn the_description_of_the_api_is_there_for_anybody() {
    let stack = Stack::of_environment();
    let answer = stack.anonymous(Method::GET, "/v1/openapi.json", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.json["openapi"].as_str().unwrap().starts_with("3.1"), "{}", answer.json["openapi"]);
    for (path, method) in [("/v1/imports/{importId}/undo", "post"), ("/v1/customers/export", "post"), ("/v1/stats", "get")] {
        assert!(answer.json["paths"][path][method].is_object(), "{method} {path}");
    }
}
