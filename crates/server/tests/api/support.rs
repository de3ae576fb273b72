//! What the tests share: a whole service on a loopback port, and a client that holds every answer against the OpenAPI document.

mod answer;
mod app;
mod bus;
mod clock;
mod contract;
mod gate;
mod log;
mod sse;
mod storage;
mod stored;
mod warehouse;

pub(crate) use self::answer::Answer;
pub(crate) use self::app::{Setup, TestApp, client};
pub(crate) use self::log::log;
pub(crate) use self::sse::Sse;
pub(crate) use self::warehouse::csv;

/// Longer than anything here takes, on the slowest machine; only a failure waits for it.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// Snapshots an answer's body without what differs from run to run.
macro_rules! assert_body {
    ($answer:expr) => {{
        let body = $answer.json();
        $crate::support::redacted().bind(|| insta::assert_json_snapshot!(body));
    }};
    ($name:literal, $answer:expr) => {{
        let body = $answer.json();
        $crate::support::redacted().bind(|| insta::assert_json_snapshot!($name, body));
    }};
}
pub(crate) use assert_body;

/// What is left out of snapshots.
pub(crate) fn redacted() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    for (field, kind) in [
        ("unloadId", "[uuid]"),
        ("createdAt", "[time]"),
        ("startedAt", "[time]"),
        ("finishedAt", "[time]"),
        ("expiresAt", "[time]"),
        ("verifiedAt", "[time]"),
        ("statementId", "[statement]"),
        ("url", "[link]"),
        ("byteCount", "[bytes]"),
        ("bytes", "[bytes]"),
        ("checksum.value", "[sum]"),
    ] {
        settings.add_dynamic_redaction(&format!(".**.{field}"), move |value, _| if value.is_nil() { value } else { kind.into() });
    }
    for field in ["**.detail", "**.message", "**.s3FileUrl", "**.statement", "links.*", "items[].links.*"] {
        settings.add_dynamic_redaction(&format!(".{field}"), without_addresses);
    }
    settings
}

/// Ports, ids and moments, replaced by what they are.
fn without_addresses(value: insta::internals::Content, _: insta::internals::ContentPath<'_>) -> insta::internals::Content {
    let Some(text) = value.as_str() else { return value };
    let mut words = Vec::new();
    for word in text.split_inclusive([' ', '/', '\'', ';', '`']) {
        let bare = word.trim_end_matches([' ', '/', '\'', ';', '`']);
        let kind = if bare.starts_with("127.0.0.1:") {
            "[address]"
        } else if bare.len() >= 36 && bare.is_char_boundary(36) && bare[..36].chars().all(|c| c.is_ascii_hexdigit() || c == '-') {
            "[uuid]"
        } else if chrono::DateTime::parse_from_rfc3339(bare).is_ok() {
            "[time]"
        } else {
            bare
        };
        words.push(format!("{kind}{}", &word[bare.len()..]));
    }
    words.concat().into()
}

/// SHA-256 in lowercase hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
