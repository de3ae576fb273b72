//! What AWS refuses whatever it was asked for, as our codes, and what keeps an answer from coming. `api` is who was asked, as messages
//! name it.

use std::error::Error;
use std::fmt::Debug;

use aws_credential_types::provider::error::CredentialsError;
use outflow_core::Code;

use super::{ProvideErrorMetadata, SdkError};
use crate::redshift::chain;

/// AWS's names for more calls a second than it takes.
const RATE: [&str; 5] = ["ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"];
/// AWS's names for an action that the caller's role does not allow.
pub(crate) const DENIED: [&str; 4] = ["AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "NotAuthorized"];

/// A code, and the message that goes with it.
pub(crate) type Found = (Code, String);

/// Whether that name asks for fewer calls a second.
#[cfg(feature = "redshift-data")]
pub(crate) fn is_of_rate(name: &str) -> bool {
    RATE.contains(&name)
}

/// What a failed call comes down to, in words: what the service answered, or what kept its answer from coming. An answer that cannot be read
/// is not told: it may hold a password.
pub(crate) fn told<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    match (error, error.code()) {
        (SdkError::ServiceError(_), Some(name)) => format!("{name}: {}", error.message().unwrap_or_default()),
        (SdkError::ServiceError(_) | SdkError::ResponseError(_), _) => error.to_string(),
        _ => chain(error),
    }
}

/// A call that brought no answer of the service, and whether it may have taken effect all the same; nothing when the service answered.
/// `told` is the whole of the error's text.
pub(crate) fn unanswered<E, R>(api: &str, operation: &str, error: &SdkError<E, R>, told: &str) -> Option<(Found, bool)>
where
    E: ProvideErrorMetadata + Error + 'static,
    R: Debug + 'static,
{
    Some(match error {
        SdkError::ServiceError(_) => return None,
        _ if is_for_now(error) => {
            let message = "the AWS credentials cannot be had now; look at who gives them";
            (unavailable(message.to_owned()), false)
        }
        SdkError::ConstructionFailure(_) => (from_here(api, told), false),
        SdkError::DispatchFailure(failure) => {
            let is_of_credentials = is_of_credentials(told);
            let found = if is_of_credentials { from_here(api, told) } else { unreachable(api) };
            (found, !is_of_credentials && !failure.is_user())
        }
        SdkError::TimeoutError(_) => (unavailable(format!("{api} did not answer `{operation}` in time")), true),
        SdkError::ResponseError(_) => (unavailable(format!("{api}'s answer to `{operation}` cannot be read")), true),
        _ => (unavailable(format!("`{operation}` failed")), true),
    })
}

fn unavailable(message: String) -> Found {
    (Code::WarehouseUnavailable, message)
}

fn unreachable(api: &str) -> Found {
    unavailable(format!("{api} cannot be reached; look at the network, `region` and `endpoint`"))
}

fn is_of_credentials(told: &str) -> bool {
    let told = told.to_lowercase();
    told.contains("credential") || told.contains("identity")
}

/// Whether who should give the credentials cannot just now; where nobody has any, nobody will.
fn is_for_now(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(cause) = error.downcast_ref::<CredentialsError>() {
            return matches!(cause, CredentialsError::ProviderTimedOut(_) | CredentialsError::ProviderError(_));
        }
        next = error.source();
    }
    false
}

/// What failed before anything was sent.
fn from_here(api: &str, told: &str) -> Found {
    if told.to_lowercase().contains("region") && !is_of_credentials(told) {
        let message = format!("the region of {api} is not known; set `region` of the warehouse, or `AWS_REGION`");
        return (Code::ConfigInvalid, message);
    }
    if is_of_credentials(told) {
        let message = "there are no AWS credentials that can be used; give the service a role, or set `AWS_PROFILE`, or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`";
        return (Code::WarehouseDenied, message.to_owned());
    }
    (Code::ConfigInvalid, format!("the call of {api} cannot be made; look at `region`, `endpoint` and the AWS configuration"))
}

/// What every API of AWS refuses by the same names: too many calls, and credentials that it does not take. Nothing of it has taken effect.
pub(crate) fn usual(api: &str, operation: &str, name: &str, said: &str) -> Option<Found> {
    Some(match name {
        _ if RATE.contains(&name) => (Code::WarehouseThrottled, format!("{api} asks for fewer calls of `{operation}`")),
        // Whoever refreshes them lets what waits go on.
        "ExpiredTokenException" | "ExpiredToken" | "RequestExpired" | "TokenRefreshRequired" => {
            unavailable("the AWS credentials have expired; refresh them".to_owned())
        }
        "InvalidSignatureException" | "SignatureDoesNotMatch" if said.contains("xpired") || said.contains("not yet current") => {
            unavailable("AWS refuses the signature for its time; set this machine's clock".to_owned())
        }
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignatureException"
        | "MissingAuthenticationTokenException"
        | "OptInRequired" => {
            (Code::WarehouseDenied, "AWS does not accept the credentials; look at the role, or at the keys".to_owned())
        }
        _ => return None,
    })
}

/// A paused or resuming warehouse comes back.
pub(crate) fn is_asleep(said: &str) -> bool {
    let said = said.to_lowercase();
    ["paus", "resum", "not available", "not in available", "being modified", "unavailable"].iter().any(|word| said.contains(word))
}
