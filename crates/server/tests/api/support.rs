//! What the tests share: a whole service on a loopback port, and a client that holds every answer against the OpenAPI document.

mod answer;
mod app;
mod bus;
mod clock;
mod contract;
mod gate;
mod numbers;
mod sse;
mod stored;

pub(crate) use self::answer::Answer;
pub(crate) use self::app::{Setup, TestApp, client};
pub(crate) use self::numbers::csv;
pub(crate) use self::sse::Sse;

/// Longer than anything here takes, on the slowest machine; only a failure waits for it.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// Snapshots an answer's body without what differs from run to run.
macro_rules! assert_body {
    ($answer:expr) => {
        insta::assert_json_snapshot!($answer.json(), {
            ".**.unloadId" => "[uuid]",
            ".**.createdAt" => "[time]",
            ".**.startedAt" => "[time]",
            ".**.finishedAt" => "[time]",
            ".**.expiresAt" => "[time]",
            ".**.verifiedAt" => "[time]",
            ".**.statementId" => "[statement]",
            ".**.url" => "[link]",
            ".**.byteCount" => "[bytes]",
            ".**.bytes" => "[bytes]",
            ".**.checksum.value" => "[sum]",
            ".**.detail" => insta::dynamic_redaction($crate::support::without_addresses),
            ".**.s3FileUrl" => insta::dynamic_redaction($crate::support::without_addresses),
            ".**.statement" => insta::dynamic_redaction($crate::support::without_addresses),
            ".links.*" => insta::dynamic_redaction($crate::support::without_addresses),
        })
    };
}
pub(crate) use assert_body;

/// Ports, ids and moments, replaced by what they are.
pub(crate) fn without_addresses(
    value: insta::internals::Content,
    _: insta::internals::ContentPath<'_>,
) -> insta::internals::Content {
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
