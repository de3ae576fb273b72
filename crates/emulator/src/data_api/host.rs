//! Who a request says that it wants, and from where. Whoever reaches the emulator may do everything, and a page in a browser of this machine
//! reaches loopback: it can make its own name lead here (then `Host` names it), or send requests across sites (then there is an `Origin`).

use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};
use outflow_core::address::is_loopback;

use super::error::ApiError;

/// Holds a request to be from no page at all and for this machine.
///
/// # Errors
/// `AccessDeniedException` otherwise.
pub(super) fn check(uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    if headers.contains_key(ORIGIN) {
        return Err(ApiError::denied("The request comes from a page, and the emulator answers none."));
    }
    if asked(uri, headers).is_some_and(|host| is_loopback(&host)) {
        Ok(())
    } else {
        Err(ApiError::denied("The request is for another host than this machine; use 127.0.0.1 or localhost."))
    }
}

/// The one host that a request names; several are none.
fn asked(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let mut sent = headers.get_all(HOST).iter();
    match (uri.host(), sent.next(), sent.next()) {
        (Some(host), ..) => Some(host.to_owned()),
        (None, Some(host), None) => Some(host.to_str().ok()?.parse::<Authority>().ok()?.host().to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn is_let_in(uri: &str, headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        let mut sent = HeaderMap::new();
        headers.for_each(|(name, value): (axum::http::HeaderName, _)| {
            sent.append(name, value);
        });
        check(&uri.parse().unwrap(), &sent).is_ok()
    }

    #[test]
    fn only_this_machine_is_asked_for_and_by_no_page() {
        for host in ["127.0.0.1:8439", "localhost", "LocalHost.:1", "[::1]:8439", "redshift.localhost"] {
            assert!(is_let_in("/", &[("host", host)]), "{host}");
            assert!(!is_let_in("/", &[("host", host), ("origin", "http://localhost")]), "{host}");
        }
        for host in ["example.com", "127.0.0.1.example.com:8439", "10.0.0.1", "localhost.example.com", "", "0.0.0.0"] {
            assert!(!is_let_in("/", &[("host", host)]), "{host}");
        }
        assert!(!is_let_in("/", &[]));
        assert!(!is_let_in("/", &[("host", "localhost"), ("host", "example.com")]));
        assert!(!is_let_in("http://example.com/", &[("host", "localhost")]));
    }
}
