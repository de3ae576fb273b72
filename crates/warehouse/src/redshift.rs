//! What Redshift says and is asked, whichever way it is reached: shared by the Data API and the wire protocol.

pub(crate) mod aws;
pub(crate) mod catalog;
pub(crate) mod column;
pub(crate) mod empty;
pub(crate) mod failure;
mod place;
pub(crate) mod seen;

/// A row of a small query of ours, each value as text.
pub(crate) type Row = Vec<Option<String>>;

/// The words of an error and of what is behind it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Somebody else's sentence as one of ours: one line, without its full stop.
pub(crate) fn tidy(said: &str) -> String {
    let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    line.trim_end_matches('.').chars().take(400).collect()
}
