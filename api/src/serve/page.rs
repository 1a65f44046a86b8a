//! The built page, from a folder. Every path without a file extension gives the page itself, which
//! has its own routes.

use std::path::Path;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;
use tower_http::services::ServeDir;

use crate::problem::Problem;

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; \
     object-src 'none'",
);
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const FEATURES: HeaderName = HeaderName::from_static("permissions-policy");
const NO_FEATURES: HeaderValue =
    HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()");
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
    <title>Boxoffice</title><h1>The page is not built</h1>\
    <p>The API is up. For the page, run <code>npm ci &amp;&amp; npm run build</code> in \
    <code>web/</code>, and point <code>BOXOFFICE__API__WEB_DIR</code> at <code>web/dist</code>.</p>\
    </html>\n";

#[derive(Debug, Clone)]
pub(crate) struct Page {
    files: ServeDir,
    index: std::path::PathBuf,
}

impl Page {
    /// The page in this folder. The folder may be missing.
    pub(crate) fn new(folder: &Path) -> Self {
        let files = ServeDir::new(folder).precompressed_br().precompressed_gzip();
        Self { files, index: folder.join("index.html") }
    }

    /// Answers a request that no route matches.
    pub(crate) async fn answer(self, request: Request) -> Response {
        let path = request.uri().path();
        let is_api = path == "/api" || path.starts_with("/api/");
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        if is_api || !reads {
            return Problem::not_found("There is no such route.").into_response();
        }
        let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
        let is_asset = path.starts_with("/assets/");
        let request = if is_file { request } else { at(request, "/index.html") };
        let mut response = self
            .files
            .clone()
            .oneshot(request)
            .await
            .map_or_else(|never| match never {}, |response| response.map(Body::new));
        if !response.status().is_success() && !response.status().is_redirection() {
            response = if is_file || self.index.is_file() {
                Problem::not_found("There is no such file.").into_response()
            } else {
                let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
                (StatusCode::OK, html, NOT_BUILT).into_response()
            };
        } else if is_asset {
            // The file's name changes with its content, so it may be cached for ever.
            let for_ever = HeaderValue::from_static("public, max-age=31536000, immutable");
            response.headers_mut().insert(header::CACHE_CONTROL, for_ever);
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
        headers.insert(OPENER, HeaderValue::from_static("same-origin"));
        headers.insert(FEATURES, NO_FEATURES);
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
        response
    }
}

fn at(mut request: Request, path: &'static str) -> Request {
    *request.uri_mut() = Uri::from_static(path);
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(page: &Page, path: &str) -> (StatusCode, String, String, Option<String>) {
        let request = Request::get(path).header("accept-encoding", "br").body(Body::empty());
        let (parts, body) = page.clone().answer(request.unwrap()).await.into_parts();
        let bytes = axum::body::to_bytes(body, 10_000).await.unwrap();
        let text = |name| parts.headers.get(name).map(|v: &HeaderValue| v.to_str().unwrap().into());
        let cache = text(header::CACHE_CONTROL).unwrap_or_default();
        let encoding = text(header::CONTENT_ENCODING);
        (parts.status, cache, String::from_utf8_lossy(&bytes).into_owned(), encoding)
    }

    #[tokio::test]
    async fn files_are_files_and_every_other_path_is_the_page() {
        let folder = std::env::temp_dir().join(format!("boxoffice-page-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("assets")).unwrap();
        std::fs::write(folder.join("index.html"), "<p>index</p>").unwrap();
        std::fs::write(folder.join("assets/a.js"), "let a").unwrap();
        std::fs::write(folder.join("assets/a.js.br"), "compressed").unwrap();
        let page = Page::new(&folder);
        let (status, cache, body, _) = get(&page, "/events/1/reservations/x").await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "<p>index</p>"));
        assert_eq!(cache, "no-cache");
        let (status, cache, body, encoding) = get(&page, "/assets/a.js").await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "compressed"));
        assert_eq!(encoding.as_deref(), Some("br"));
        assert!(cache.contains("immutable"));
        for missing in ["/assets/b.js", "/favicon.ico", "/api/v2/x", "/..%2f..%2fetc/passwd.txt"] {
            assert_eq!(get(&page, missing).await.0, StatusCode::NOT_FOUND, "{missing}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
        let (status, _, body, _) = get(&page, "/").await;
        assert_eq!(status, StatusCode::OK);
        assert!(body.contains("npm run build"));
        assert_eq!(get(&page, "/assets/a.js").await.0, StatusCode::NOT_FOUND);
    }
}
