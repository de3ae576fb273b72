//! Who a request says that it wants, and from where: a page of another site must not use this service through its visitor's browser.
//!
//! Loopback alone does not keep such a page out. It can make its own name lead to 127.0.0.1 (then `Host` names it), or send requests
//! across sites whose answers it cannot read (then `Origin` names it).

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use outflow_core::Code;
use outflow_core::address::is_loopback;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::header;
use crate::settings::{Hosts, ServerSettings};

/// Lets a request through that names this service, and comes from it or from no page at all.
pub(super) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    match verdict(&app.settings, request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn verdict(settings: &ServerSettings, uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    let Hosts::Own(names) = &settings.hosts else { return Ok(()) };
    let public = settings.public_url.as_str().parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_ascii_lowercase));
    let is_own = |host: &str| {
        is_loopback(host) || public.as_deref() == Some(host) || names.iter().any(|name| name.eq_ignore_ascii_case(host))
    };

    if !asked_host(uri, headers).is_some_and(|host| is_own(&host)) {
        let message = format!("the request is for another host than this service; use `{}`", settings.public_url);
        return Err(ApiError::new(Code::HostNotAllowed, message));
    }
    if headers.contains_key(ORIGIN) && !origin_host(headers).is_some_and(|host| is_own(&host)) {
        return Err(ApiError::new(
            Code::OriginNotAllowed,
            "the request comes from a page of another site, which may not use this service",
        ));
    }
    Ok(())
}

/// The one host that a request names; several are none.
fn asked_host(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    if let Some(host) = uri.host() {
        return Some(normal(host));
    }
    let mut sent = headers.get_all(HOST).iter();
    let host = sent.next()?.to_str().ok()?;
    if sent.next().is_some() {
        return None;
    }
    Some(normal(host.parse::<Authority>().ok()?.host()))
}

fn origin_host(headers: &HeaderMap) -> Option<String> {
    header(headers, ORIGIN)?.parse::<Uri>().ok()?.host().map(normal)
}

fn normal(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
