//! Errors as Redshift tells them: a SQLSTATE and a message in its own words, made from the engine's.

use outflow_core::{Code, Error, Position};
use outflow_storage::{S3Refusal, refusal_of};

use crate::belief;

/// Why a statement failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SqlError {
    /// The SQLSTATE.
    pub(crate) state: &'static str,
    /// What happened, without `ERROR:` before it.
    pub(crate) message: String,
    /// What else helps whoever reads it.
    pub(crate) hint: Option<String>,
    /// Where in the statement.
    pub(crate) position: Option<Position>,
}

impl SqlError {
    pub(crate) fn new(state: &'static str, message: impl Into<String>) -> Self {
        Self { state, message: message.into(), hint: None, position: None }
    }

    /// A statement of a kind that the emulator does not have.
    pub(crate) fn unsupported(what: &str) -> Self {
        Self::new("0A000", format!("the emulator does not run {what}"))
    }

    /// A bucket that is not there.
    pub(crate) fn no_bucket(bucket: &str, place: &str) -> Self {
        let message = "S3ServiceException:The specified bucket does not exist,Status 404,Error NoSuchBucket";
        Self { hint: Some(format!("the bucket `{bucket}` would be {place}")), ..Self::new("XX000", message) }
    }

    /// That somebody stopped it.
    pub(crate) fn cancelled(query_id: i64) -> Self {
        Self::new("57014", format!("Query ({query_id}) cancelled on user's request"))
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.state == "57014"
    }

    /// As a client of the Data API reads it.
    pub(crate) fn told(&self) -> String {
        match &self.hint {
            Some(hint) => format!("ERROR: {}\n  Hint: {hint}", self.message),
            None => format!("ERROR: {}", self.message),
        }
    }

    /// The engine's error in Redshift's words, as far as they are known.
    pub(crate) fn from_engine(error: &Error, query_id: i64) -> Self {
        let message = error.message();
        if let Some(refusal) = refusal_of(error).filter(|_| error.code() != Code::UnloadCancelled) {
            return Self::new("XX000", refused(refusal));
        }
        let named = message.split('`').nth(1).unwrap_or_default();
        let (state, told) = match error.code() {
            Code::UnloadCancelled => return Self::cancelled(query_id),
            Code::UnknownTable => ("42P01", format!("relation \"{named}\" does not exist")),
            Code::UnknownColumn => ("42703", format!("column \"{named}\" does not exist")),
            Code::DuplicateColumn => ("42701", message.to_owned()),
            Code::SqlSyntax | Code::SqlTooComplex => ("42601", message.to_owned()),
            Code::QueryInvalid => ("42601", message.to_owned()),
            Code::QueryFailed if message.starts_with(BY_ZERO) => ("22012", message.to_owned()),
            Code::QueryFailed if message.starts_with(NOT_EMPTY) => ("XX000", told_not_empty().to_owned()),
            Code::StorageDenied => ("XX000", "S3ServiceException:Access Denied,Status 403,Error AccessDenied".to_owned()),
            Code::StorageFull | Code::StorageUnavailable => ("XX000", format!("S3ServiceException:{message},Status 503")),
            _ => ("XX000", message.to_owned()),
        };
        let hint = (told != message).then(|| message.to_owned());
        Self { state, message: told, hint, position: error.position() }
    }
}

/// What S3 says, as Redshift passes it on.
fn refused(refusal: &S3Refusal) -> String {
    let S3Refusal { status, name, message, request_id, is_elsewhere } = refusal;
    let id = request_id.as_ref().map(|id| format!(",Rid {id}")).unwrap_or_default();
    if *is_elsewhere {
        return format!("S3ServiceException:{},Status 301,Error PermanentRedirect{id}", belief::OTHER_REGION);
    }
    // Not all that speaks S3 has sentences.
    let said = match name.as_str() {
        _ if !message.is_empty() => message,
        "NoSuchBucket" => "The specified bucket does not exist",
        "AccessDenied" => "Access Denied",
        name => name,
    };
    format!("S3ServiceException:{said},Status {status},Error {name}{id}")
}

/// How the engine says that something was divided by zero.
const BY_ZERO: &str = "division by zero";

/// How the engine begins to say that something lies at the destination.
const NOT_EMPTY: &str = "the destination is not empty";

fn told_not_empty() -> &'static str {
    "Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually removing the target files in \
     S3, or using the ALLOWOVERWRITE option."
}
