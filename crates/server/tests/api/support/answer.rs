//! An answer, read whole and held against the contract.

use outflow_core::{Code, RequestId};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;

use super::contract;

/// An answer of the service.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What was asked for.
    path: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let path = response.url().path().to_owned();
        Self { path, status, headers, body: response.bytes().await.expect("the answer comes whole").into() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(&self.body)))
    }

    /// That it is the problem of that status and code, with everything that a problem has; gives what it says.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> String {
        let body = self.json();
        assert_eq!((self.status, body["code"].as_str()), (status, Some(code)), "{body}");
        assert_eq!(self.header(CONTENT_TYPE.as_str()), "application/problem+json");
        assert_eq!(body["status"], status);
        assert_eq!(body["type"], format!("/docs/errors/{code}"));
        assert_eq!(body["title"], Code::parse(code).expect("the code is one of ours").title());
        assert!(body.as_object().unwrap().contains_key("requestId"), "{body}");
        // What is turned away before its handler is not read so far.
        if let (Some(id), 400 | 404 | 409 | 410 | 413 | 415 | 422) = (named(&self.path), status) {
            assert_eq!(body["requestId"], id, "{} does not say which unload it is about: {body}", self.path);
        }
        body["detail"].as_str().unwrap().to_owned()
    }

    /// That the OpenAPI document has it.
    #[track_caller]
    pub(crate) fn check(&self, method: &Method, path: &str) {
        contract::check(method, path, self.status, self.header(CONTENT_TYPE.as_str()));
    }
}

/// The unload that a path is about, if it is about one.
fn named(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/api/unload/")?;
    let rest = rest.strip_prefix("status/").or_else(|| rest.strip_prefix("file/")).unwrap_or(rest);
    let id = rest.split('/').next()?;
    RequestId::parse(id).is_ok().then_some(id)
}
