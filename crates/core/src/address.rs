//! The addresses that Outflow gives out: everybody who writes one into an answer, an event or a receipt takes it from here.
//!
//! Only stable ones. What is signed and expires is made by the storage at the moment of the click. And whether a host is this machine.

use std::fmt;
use std::net::IpAddr;

use crate::{Code, Error, RequestId, Result};

/// Where callers reach the service, `http://127.0.0.1:8080` for instance; no slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// Reads an address; slashes at its end are dropped.
    ///
    /// # Errors
    /// `config_invalid` unless it is `http://` or `https://` with a host, and neither a query nor a fragment.
    pub fn parse(text: &str) -> Result<Self> {
        let trimmed = text.trim_end_matches('/');
        let rest = trimmed.strip_prefix("http://").or_else(|| trimmed.strip_prefix("https://"));
        let is_fit = rest.is_some_and(|rest| {
            !rest.is_empty()
                && !rest.starts_with('/')
                && !rest.contains(['?', '#', '"', '\\', '@'])
                && rest.chars().all(|c| c.is_ascii_graphic())
        });
        if !is_fit {
            let shown = text.split('@').next_back().unwrap_or_default().escape_debug();
            return Err(Error::new(
                Code::ConfigInvalid,
                format!(
                    "the public URL `{shown}` is not an address like `https://outflow.example.com`, without user, query or fragment"
                ),
            ));
        }
        Ok(Self(trimmed.to_owned()))
    }

    /// The address as text, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the paths of the service begin with out there: nothing, or the path of the public address.
    pub fn path(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.find('/').map_or("", |start| &rest[start..])
    }

    /// An unload's own address.
    pub fn unload(&self, request_id: &RequestId) -> String {
        format!("{}/api/unload/{request_id}", self.0)
    }

    /// The stable address of one of its files.
    pub fn file(&self, request_id: &RequestId, index: u32) -> String {
        format!("{}/api/unload/{request_id}/files/{index}", self.0)
    }

    /// The address of its receipt.
    pub fn receipt(&self, request_id: &RequestId) -> String {
        format!("{}/api/unload/{request_id}/receipt", self.0)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether what is sent to that address passes in plain text over a network: `http://`, and not to this machine.
pub fn passes_in_the_clear(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://").filter(|(scheme, _)| scheme.eq_ignore_ascii_case("http")) else { return false };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => host.split(':').next(),
    };
    let host = host.unwrap_or_default();
    let is_loopback = host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    !is_loopback
}

/// Whether a host as it stands in an address is this machine: an IP address of loopback, in brackets or not, or `localhost`, or a name
/// below it. Nobody is asked about any other name. Some systems ask others about names below `localhost`, so that no secret may depend on it.
pub fn is_loopback(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match address.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => {
            let last = host.strip_suffix('.').unwrap_or(host).rsplit('.').next();
            last.is_some_and(|last| last.eq_ignore_ascii_case("localhost"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_heard_beyond_this_machine() {
        for (url, is_heard) in [
            ("http://10.0.0.1:9", true),
            ("HTTP://aws.internal/x", true),
            ("http://localhost.example.com", true),
            ("http://127.0.0.1@example.com", true),
            ("http://", true),
            ("https://10.0.0.1", false),
            ("http://localhost:8080/", false),
            ("http://127.0.0.9", false),
            ("http://[::1]:1?x", false),
        ] {
            assert_eq!(passes_in_the_clear(url), is_heard, "{url}");
        }
    }

    #[test]
    fn loopback_is_told_from_what_looks_like_it() {
        for host in ["localhost", "LocalHost.", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "::1", "[::ffff:127.0.0.1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in
            ["", ".", "0.0.0.0", "10.0.0.1", "[::]", "[::2]", "localhost.example.com", "127.0.0.1.example.com", "notlocalhost"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn addresses_are_built_on_the_public_one() {
        let url = PublicUrl::parse("https://outflow.example.com/base/").unwrap();
        let id = RequestId::parse("abc123").unwrap();
        assert_eq!(url.unload(&id), "https://outflow.example.com/base/api/unload/abc123");
        assert_eq!(url.file(&id, 2), "https://outflow.example.com/base/api/unload/abc123/files/2");
        assert_eq!(url.receipt(&id), "https://outflow.example.com/base/api/unload/abc123/receipt");
        assert_eq!(url.path(), "/base");
        assert_eq!(PublicUrl::parse("http://127.0.0.1:8080/").unwrap().path(), "");
    }

    #[test]
    fn what_is_no_address_is_refused_and_no_password_is_shown() {
        for text in [
            "",
            "outflow.example.com",
            "ftp://a",
            "http://",
            "http:///a",
            "https://a?b=c",
            "https://a#b",
            "https://a b",
            "https://me:s3cr3t@a",
        ] {
            let error = PublicUrl::parse(text).unwrap_err();
            assert_eq!(error.code(), Code::ConfigInvalid, "{text}");
            assert!(!error.message().contains("s3cr3t"));
        }
    }
}
