//! The OpenAPI document as a test sees it: what an answer may be.

use std::sync::LazyLock;

use reqwest::Method;
use serde_json::Value;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(outflow_server::openapi()).unwrap());

/// That the document has an answer of that status and media type for a request. What has no operation is a problem of 404 or 405.
#[track_caller]
pub(crate) fn check(method: &Method, path: &str, status: u16, content_type: &str) {
    let method = if *method == Method::HEAD { "get" } else { &method.as_str().to_lowercase() };
    let operation = template(path).and_then(|template| DOCUMENT["paths"][template].get(method));
    let Some(operation) = operation else {
        assert!([404, 405].contains(&status), "{method} {path} is not documented and answers {status}");
        return;
    };
    let response = &operation["responses"][status.to_string()];
    assert!(response.is_object(), "{method} {path} answers {status}, which is not documented");
    let Some(content) = response["content"].as_object() else { return };
    let media_type = content_type.split(';').next().unwrap_or_default();
    let is_known = content.contains_key(media_type) || content.contains_key("application/octet-stream");
    assert!(is_known, "{method} {path} answers {status} as `{media_type}`, which is not documented");
}

/// The path of the document that a path is of; the most literal one of several.
fn template(path: &str) -> Option<&'static str> {
    let sent: Vec<_> = path.split('/').collect();
    let templates = DOCUMENT["paths"].as_object().unwrap().keys();
    templates
        .filter_map(|template| {
            let parts: Vec<_> = template.split('/').collect();
            let fits =
                parts.len() == sent.len() && parts.iter().zip(&sent).all(|(part, sent)| part.starts_with('{') || part == sent);
            fits.then(|| (parts.iter().filter(|part| !part.starts_with('{')).count(), template.as_str()))
        })
        .max()
        .map(|(_, template)| template)
}
