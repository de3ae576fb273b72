//! What the Data API refuses, as our codes, and whether it may have taken effect all the same. What any API of AWS refuses is in
//! `redshift/aws/error.rs`.
//!
//! What a statement itself fails of is told in `redshift/failure.rs`.

use outflow_core::{Code, Error};

use crate::redshift::aws::{self, Found, ProvideErrorMetadata, SdkError};
use crate::redshift::tidy;

/// Who is asked.
const API: &str = "the Data API";

/// A call that failed.
#[derive(Debug)]
pub(super) struct Refusal {
    /// What went wrong.
    pub(super) error: Error,
    /// Whether the call may have taken effect: its answer was lost, or makes no sense.
    pub(super) may_have_taken_effect: bool,
    /// The Data API's own name for it, where it gave one.
    pub(super) name: String,
    /// What the Data API said, for who must look closer.
    pub(super) said: String,
}

impl Refusal {
    /// An answer that makes no sense: whatever was asked for may have been done.
    pub(super) fn senseless(operation: &str, why: &str) -> Self {
        Self {
            error: Error::new(Code::WarehouseUnavailable, format!("the Data API's answer to `{operation}` {why}")),
            may_have_taken_effect: true,
            name: String::new(),
            said: why.to_owned(),
        }
    }

    /// Whether it refuses to hold the answer back until the statement ends.
    pub(super) fn is_of_waiting(&self) -> bool {
        self.name == "ActiveWaitingRequestsExceededException"
            || (self.is_validation() && self.said.to_lowercase().contains("waittimeseconds"))
    }

    /// Whether the Data API does not know the statement.
    pub(super) fn is_unknown_statement(&self) -> bool {
        self.name == "ResourceNotFoundException"
    }

    /// Whether it says that the request is one that can never work.
    pub(super) fn is_validation(&self) -> bool {
        self.name == "ValidationException"
    }

    /// Whether it asks for fewer calls a second, and not for fewer statements at a time.
    pub(super) fn is_of_rate(&self) -> bool {
        aws::is_of_rate(&self.name)
    }

    /// Whether it passes when less is asked for.
    pub(super) fn is_throttling(&self) -> bool {
        self.error.code() == Code::WarehouseThrottled
    }
}

/// What a failed call comes down to; `operation` is what was asked for, as AWS names it.
pub(super) fn refusal<E, R>(operation: &'static str, error: SdkError<E, R>) -> Refusal
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let name = error.code().unwrap_or_default().to_owned();
    let told = aws::told(&error);
    let said = error.message().map_or_else(|| told.clone(), str::to_owned);
    let (found, may_have_taken_effect) =
        aws::unanswered(API, operation, &error, &told).unwrap_or_else(|| from_service(operation, &name, &said));
    let error = Error::new(found.0, found.1).with_source(told);
    Refusal { error, may_have_taken_effect, name, said }
}

fn unavailable(message: String) -> Found {
    (Code::WarehouseUnavailable, message)
}

/// What the Data API answered. AWS's own words name accounts and roles: they go into the log, and into the answer only where they are about
/// what stands in the configuration.
fn from_service(operation: &str, name: &str, said: &str) -> (Found, bool) {
    let refused = |code: Code, message: String| ((code, message), false);
    if let Some(found) = aws::usual(API, operation, name, said) {
        return (found, false);
    }
    match name {
        "ActiveStatementsExceededException" => refused(
            Code::WarehouseThrottled,
            "the warehouse has as many active statements as the Data API allows; lower `maxRunning`, or wait".to_owned(),
        ),
        "ActiveSessionsExceededException" => {
            refused(Code::WarehouseThrottled, "the warehouse has as many sessions as the Data API allows".to_owned())
        }
        "ActiveWaitingRequestsExceededException" => {
            refused(Code::WarehouseThrottled, "too many calls wait for the same statement".to_owned())
        }
        _ if aws::DENIED.contains(&name) => refused(
            Code::WarehouseDenied,
            format!(
                "AWS refuses `redshift-data:{operation}`; allow it to the service's role, and the way to log in (`redshift-serverless:GetCredentials`, `redshift:GetClusterCredentialsWithIAM`, or the secret)"
            ),
        ),
        "ValidationException" | "ResourceNotFoundException" if aws::is_asleep(said) => {
            refused(Code::WarehouseUnavailable, format!("the warehouse is not available now: {}", tidy(said)))
        }
        "ValidationException" | "InvalidParameterException" => {
            refused(Code::ConfigInvalid, format!("the Data API does not take `{operation}` as it was sent: {}", tidy(said)))
        }
        "ResourceNotFoundException" => {
            refused(Code::ConfigInvalid, format!("the Data API does not find what `{operation}` names: {}", tidy(said)))
        }
        "DatabaseConnectionException" => (
            unavailable("the Data API cannot connect to the database; look at its name, its user and its state".to_owned()),
            false,
        ),
        "ExecuteStatementException" | "BatchExecuteStatementException" | "QueryTimeoutException" | "InternalServerException" => {
            (unavailable(format!("the Data API failed at `{operation}`")), true)
        }
        _ => (
            unavailable(format!(
                "the Data API failed at `{operation}`{}",
                if name.is_empty() { String::new() } else { format!(" with `{name}`") }
            )),
            true,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_code_and_only_what_is_unclear_may_have_taken_effect() {
        for (name, said, code, unclear) in [
            ("ThrottlingException", "Rate exceeded", Code::WarehouseThrottled, false),
            ("ActiveStatementsExceededException", "too many", Code::WarehouseThrottled, false),
            ("ActiveSessionsExceededException", "too many", Code::WarehouseThrottled, false),
            ("AccessDeniedException", "User: arn:aws:iam::1:user/x is not", Code::WarehouseDenied, false),
            ("ExpiredTokenException", "expired", Code::WarehouseUnavailable, false),
            ("InvalidSignatureException", "Signature expired: 2026", Code::WarehouseUnavailable, false),
            ("InvalidSignatureException", "does not match", Code::WarehouseDenied, false),
            ("UnrecognizedClientException", "invalid", Code::WarehouseDenied, false),
            ("ValidationException", "Workgroup wg does not exist.", Code::ConfigInvalid, false),
            ("ValidationException", "The cluster is paused.", Code::WarehouseUnavailable, false),
            ("ResourceNotFoundException", "no such workgroup", Code::ConfigInvalid, false),
            ("InternalServerException", "oops", Code::WarehouseUnavailable, true),
            ("ExecuteStatementException", "oops", Code::WarehouseUnavailable, true),
            ("FutureException", "oops", Code::WarehouseUnavailable, true),
            ("", "502", Code::WarehouseUnavailable, true),
        ] {
            let ((found, message), may) = from_service("ExecuteStatement", name, said);
            assert_eq!((found, may), (code, unclear), "{name}: {message}");
            assert!(!message.contains("arn:aws:iam"), "{message}");
            assert!(!message.ends_with('.'), "{message}");
        }
    }
}
