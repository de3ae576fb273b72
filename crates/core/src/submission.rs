//! A request to unload, as it came in and before it was checked against anything but its own form.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::options::Requested;
use crate::parameter::Parameters;
use crate::{Code, Error, RequestId, Result};

/// How many labels an unload may carry.
pub const MAX_LABELS: usize = 16;

/// What a caller asks for.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The caller's name for it; one is made when it is absent.
    pub request_id: Option<RequestId>,
    /// The query as sent.
    pub sql: String,
    /// What `:name` stands for.
    pub parameters: Parameters,
    /// The warehouse's name in the configuration; the first configured when it is absent.
    pub warehouse: Option<String>,
    /// The options as sent.
    pub requested: Requested,
    /// The caller's labels.
    pub labels: BTreeMap<String, String>,
    /// The request as sent without its `requestId`, in canonical form; two requests are the same when it is equal.
    pub request: Value,
    /// The unload that this one repeats.
    pub retry_of: Option<RequestId>,
}

/// Checks labels: at most 16; keys of 1 to 63 of `A-Za-z0-9._/-`, values of at most 255 characters without control characters.
///
/// # Errors
/// `invalid_request`, naming the label.
pub fn check_labels(labels: &BTreeMap<String, String>) -> Result<()> {
    if labels.len() > MAX_LABELS {
        return Err(Error::new(Code::InvalidRequest, format!("there are {} labels and {MAX_LABELS} are allowed", labels.len())));
    }
    for (key, value) in labels {
        let key_fits =
            (1..=63).contains(&key.len()) && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-'));
        if !key_fits {
            let shown: String = key.chars().take(80).collect();
            return Err(Error::new(
                Code::InvalidRequest,
                format!("the label `{}` is not 1 to 63 of A-Z, a-z, 0-9, `.`, `_`, `/` and `-`", shown.escape_debug()),
            ));
        }
        if value.chars().count() > 255 || value.chars().any(char::is_control) {
            return Err(Error::new(
                Code::InvalidRequest,
                format!("the value of the label `{key}` has more than 255 characters, or a control character"),
            ));
        }
    }
    Ok(())
}
