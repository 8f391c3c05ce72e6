//! What every answer says of itself to browsers.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request};
use axum::middleware::from_fn_with_state;
use http_api::headers::{Defaults, add_defaults};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::common::Api;

const EVERYWHERE: [(&str, &str); 8] = [
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
];

async fn ask(router: &Router, method: Method, path: &str) -> (HeaderMap, String) {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    (parts.headers, String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned())
}

#[tokio::test]
async fn every_answer_tells_browsers_to_do_as_little_as_they_can_with_it() {
    let api = Api::start().await;
    let routes = http_api::table().into_iter().map(|row| (row.method, row.path.replace(['{', '}'], "")));
    let others = [
        (Method::GET, "/nowhere"),
        (Method::TRACE, "/v1/me"),
        (Method::OPTIONS, "/v1/me"),
        (Method::GET, "/docs/"),
        (Method::GET, "/v1/openapi.json"),
    ];
    for (method, path) in routes.chain(others.map(|(method, path)| (method, path.to_owned()))) {
        let (headers, _) = ask(&api.router, method.clone(), &path).await;
        for (name, value) in EVERYWHERE {
            let found = headers.get(name).unwrap_or_else(|| panic!("{method} {path} has no {name}"));
            // The published schemas may be kept.
            assert!(found == value || (name == "cache-control" && is_published(&path)), "{method} {path}: {name}: {found:?}");
            assert_eq!(headers.get_all(name).iter().count(), 1, "{method} {path}: {name}");
        }
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"), "{method} {path}: {policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{method} {path}: {policy}");
        assert!(headers["permissions-policy"].to_str().unwrap().contains("camera=()"), "{method} {path}");
        assert!(!headers.contains_key("access-control-allow-origin"), "{method} {path}: other sites may not read this");
        assert!(!headers.contains_key("server"), "{method} {path}");
    }
}

#[tokio::test]
async fn the_browsable_reference_works_without_anything_inline() {
    let api = Api::start().await;
    let (headers, page) = ask(&api.router, Method::GET, "/docs/").await;
    assert!(headers["content-security-policy"].to_str().unwrap().contains("script-src 'self';"));
    let scripts: Vec<_> = page.match_indices("<script").map(|(at, _)| page[at..].split('>').next().unwrap()).collect();
    assert_eq!(scripts.len(), 3, "{page}");
    assert!(scripts.iter().all(|script| script.contains("src=\"./")), "{scripts:?}");
    assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("onload="), "{page}");
}

#[tokio::test]
async fn a_service_that_is_not_reached_over_tls_does_not_ask_for_it() {
    let router = |base_url: &str| Router::new().layer(from_fn_with_state(Defaults::new(base_url), add_defaults));
    let (plain, _) = ask(&router("http://127.0.0.1:8080"), Method::GET, "/").await;
    assert!(!plain.contains_key("strict-transport-security"));
    assert_eq!(plain["x-content-type-options"], "nosniff");
    let (secure, _) = ask(&router("https://gateway.example"), Method::GET, "/").await;
    assert!(secure.contains_key("strict-transport-security"));
}

/// What is the same for everybody, and changes with a release only.
fn is_published(path: &str) -> bool {
    path.starts_with("/v1/schemas") || path == "/v1/asyncapi.json"
}
