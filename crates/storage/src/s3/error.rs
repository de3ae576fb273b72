//! What S3 and the SDK say, in our codes, with what is to be done about it.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
pub(super) use aws_sdk_s3::error::ProvideErrorMetadata;
use outflow_core::{Code, Error};

use super::join::MOST_PARTS;

/// What S3 says with a status of 4xx although the same can succeed later: a body that came too slowly or not whole, and too many calls.
const PASSING: [&str; 8] = [
    "RequestTimeout",
    "IncompleteBody",
    "BadDigest",
    "XAmzContentSHA256Mismatch",
    "InvalidPart",
    "Throttling",
    "ThrottlingException",
    "KMS.ThrottlingException",
];

/// What S3 says of credentials whose time is over.
const EXPIRED: [&str; 2] = ["ExpiredToken", "TokenRefreshRequired"];

/// An error of the SDK.
pub(super) type SdkError<E> = aws_sdk_s3::error::SdkError<E, HttpResponse>;

/// What S3 itself said when it refused a call, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Refusal {
    /// The status of the answer.
    pub status: u16,
    /// S3's name for why, as `NoSuchBucket`; empty where the answer has none.
    pub name: String,
    /// Its sentence; empty where the answer has none.
    pub message: String,
    /// Its name for the call.
    pub request_id: Option<String>,
    /// Whether the bucket is in another region than was asked.
    pub is_elsewhere: bool,
}

/// A call to S3 that failed.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub(crate) struct Failure {
    /// What it is to us.
    pub(crate) code: Code,
    /// What to tell, with the remedy.
    pub(crate) sentence: String,
    /// The status of the answer, if there was one.
    pub(super) status: Option<u16>,
    /// S3's own name for it.
    pub(super) name: Option<String>,
    /// What S3 answered, where it did and refused.
    pub(crate) refusal: Option<S3Refusal>,
    #[source]
    source: Box<dyn StdError + Send + Sync>,
}

impl Failure {
    /// Our error; `what` says what was tried, and where.
    pub(crate) fn into_error(self, what: &str) -> Error {
        Error::new(self.code, format!("{what}: {}", self.sentence)).with_source(self)
    }

    /// The object store's error.
    pub(super) fn into_object_store(self, path: &str) -> object_store::Error {
        let path = path.to_owned();
        match (self.status, self.code) {
            (Some(304), _) => object_store::Error::NotModified { path, source: Box::new(self) },
            (Some(409 | 412), _) => object_store::Error::Precondition { path, source: Box::new(self) },
            (_, Code::NotFound) => object_store::Error::NotFound { path, source: Box::new(self) },
            (_, Code::StorageDenied) => object_store::Error::PermissionDenied { path, source: Box::new(self) },
            _ => object_store::Error::Generic { store: "S3", source: Box::new(self) },
        }
    }

    /// For what cannot be asked at all.
    pub(super) fn of_ours(sentence: &str, source: impl StdError + Send + Sync + 'static) -> Self {
        Self {
            code: Code::Internal,
            sentence: sentence.to_owned(),
            status: None,
            name: None,
            refusal: None,
            source: Box::new(source),
        }
    }

    /// For what stands in the middle of an answer; `said` is S3's own sentence.
    pub(super) fn said(code: Code, sentence: String, name: &str, said: String) -> Self {
        Self { code, sentence, status: None, name: Some(name.to_owned()), refusal: None, source: said.into() }
    }

    /// Whether it is the credentials that lack or have ended: they must be given or renewed, which may happen while the service runs.
    pub(crate) fn is_of_credentials(&self) -> bool {
        self.name.as_deref().is_some_and(|name| EXPIRED.contains(&name)) || credentials_error(&*self.source).is_some()
    }

    /// For an upload that has as many parts as S3 takes.
    pub(super) fn too_many_parts() -> Self {
        let sentence =
            format!("S3 takes no file of more than {MOST_PARTS} parts; send `singleFile` false, or a smaller `maxFileSizeMb`");
        let source = "there are as many parts as S3 takes".into();
        Self { code: Code::SingleFileTooLarge, sentence, status: None, name: None, refusal: None, source }
    }

    /// Whether what answers does not have that call at all, as many that speak S3 lack some.
    pub(super) fn is_unknown_call(&self) -> bool {
        matches!(self.status, Some(405 | 501)) || self.name.as_deref() == Some("NotImplemented")
    }

    /// The same, known to mean that there is no bucket.
    pub(super) fn no_such_bucket(self, bucket: &str) -> Self {
        let sentence = format!("there is no bucket `{bucket}`; make it, or name another in `storage.url`");
        Self { code: Code::ConfigInvalid, sentence, ..self }
    }
}

/// What an error means; `action` is the permission that the call needs, where S3 does not name another one that is missing.
pub(super) fn classify<E>(error: SdkError<E>, action: &'static str, bucket: &str, region: &str) -> Failure
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    let answer = error.raw_response();
    let status = answer.map(|answer| answer.status().as_u16());
    let header = |name: &str| answer.and_then(|answer| answer.headers().get(name)).map(str::to_owned);
    let home = header("x-amz-bucket-region").filter(|home| home != region);
    let name = error.code().map(str::to_owned);
    let said = name.clone().or_else(|| status.map(|status| format!("HTTP {status}"))).unwrap_or_default();
    let is_elsewhere = matches!(status, Some(301 | 307))
        || ["PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"].contains(&said.as_str())
        || (status == Some(400) && home.is_some());
    let (code, sentence) = match (status, said.as_str()) {
        (_, "NoSuchBucket") => {
            (Code::ConfigInvalid, format!("there is no bucket `{bucket}`; make it, or name another in `storage.url`"))
        }
        (_, "InvalidBucketName") => {
            (Code::ConfigInvalid, format!("`{bucket}` is no name that a bucket can have; correct `storage.url`"))
        }
        (_, "EntityTooLarge") => (Code::SingleFileTooLarge, "S3 takes no file of that size; send `singleFile` false".to_owned()),
        _ if is_elsewhere => (Code::ConfigInvalid, elsewhere(bucket, region, home.as_deref())),
        (_, "NoSuchUpload") => (Code::StorageUnavailable, "the upload was aborted meanwhile".to_owned()),
        (Some(404), _) => (Code::NotFound, "it is not there".to_owned()),
        // Whoever renews them lets what waits go on; so does whoever sets the clock.
        (_, name) if EXPIRED.contains(&name) => {
            (Code::StorageUnavailable, format!("the AWS credentials have expired ({said}); renew them"))
        }
        (_, "RequestTimeTooSkewed") => {
            (Code::StorageUnavailable, "the clock of this machine differs too much from that of S3; set it right".to_owned())
        }
        (_, name) if name.starts_with("KMS.") && !PASSING.contains(&name) => (
            Code::StorageDenied,
            format!(
                "the key that S3 is to encrypt with cannot be used ({said}); check `storage.kmsKeyId`, and that the role may use it"
            ),
        ),
        (_, "InvalidAccessKeyId" | "InvalidToken" | "SignatureDoesNotMatch") => {
            (Code::StorageDenied, format!("S3 does not take the AWS credentials ({said}); check the access key and its secret"))
        }
        (_, "InvalidObjectState") => {
            let sentence = "the object lies in an archive, from where S3 gives nothing at once; see that no lifecycle rule moves results there";
            (Code::StorageDenied, sentence.to_owned())
        }
        (Some(401 | 403), _) => (Code::StorageDenied, refused(&said, missing_right(error.message()), action, bucket)),
        (Some(412), _) => (Code::StorageUnavailable, "the object was replaced meanwhile".to_owned()),
        (Some(507), _) => (Code::StorageFull, "there is no room left; free some, or shorten the retention".to_owned()),
        (Some(429 | 503), _) => (Code::StorageUnavailable, format!("S3 asks for fewer calls, and went on doing so ({said})")),
        // A conflict passes as well; anything else would be refused again.
        (Some(400..=499), name) if !matches!(status, Some(408 | 409)) && !PASSING.contains(&name) => (
            Code::StorageDenied,
            format!(
                "S3 does not take the call ({said}); check the section `storage` of the configuration, and what answers there"
            ),
        ),
        (Some(_), _) => (Code::StorageUnavailable, format!("S3 does not answer as it should ({said})")),
        (None, _) => match (credentials_error(&error), &error) {
            (Some(cause), _) => no_credentials(cause),
            (None, SdkError::TimeoutError(_)) => (Code::StorageUnavailable, "S3 did not answer in time".to_owned()),
            (None, _) => (Code::StorageUnavailable, format!("S3 cannot be reached ({})", root(&error))),
        },
    };
    let refusal = status.map(|status| S3Refusal {
        status,
        name: name.clone().unwrap_or_default(),
        message: error.message().unwrap_or_default().to_owned(),
        request_id: header("x-amz-request-id"),
        is_elsewhere,
    });
    Failure { code, sentence, status, name, refusal, source: Box::new(error) }
}

/// For what goes wrong in the middle of an answer.
pub(super) fn broken_off(source: impl StdError + Send + Sync + 'static) -> Failure {
    let sentence = "S3 broke off its answer".to_owned();
    Failure { code: Code::StorageUnavailable, sentence, status: None, name: None, refusal: None, source: Box::new(source) }
}

fn refused(said: &str, named: Option<&str>, action: &str, bucket: &str) -> String {
    // Of a file that is not there S3 says so only to those who may list.
    if named.is_none() && action == "s3:GetObject" {
        return format!(
            "S3 refuses access ({said}); allow `s3:GetObject` on the objects of the bucket `{bucket}`, and `s3:ListBucket` on the bucket, \
             without which it refuses a file that is not there as well, to the role or user of the service"
        );
    }
    let action = named.unwrap_or(action);
    let on = if action.starts_with("kms:") { "the key that encrypts in the bucket" } else { "the bucket" };
    format!("S3 refuses access ({said}); allow `{action}` on {on} `{bucket}` to the role or user of the service")
}

/// The right that S3 itself says is missing. It may be one that the call needs beside its own, as that to a key of KMS.
pub(super) fn missing_right(message: Option<&str>) -> Option<&str> {
    let (_, rest) = message?.split_once("not authorized to perform: ")?;
    let right = rest.split_whitespace().next()?;
    let is_name = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    right.split_once(':').filter(|(service, call)| is_name(service) && is_name(call)).map(|_| right)
}

fn elsewhere(bucket: &str, region: &str, home: Option<&str>) -> String {
    match home {
        Some(home) => {
            format!("the bucket `{bucket}` is in the region `{home}`, not in `{region}`; set `storage.region` to `{home}`")
        }
        None => format!("the bucket `{bucket}` is not in the region `{region}`; set `storage.region` to the bucket's own"),
    }
}

fn credentials_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a CredentialsError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<CredentialsError>() {
            return Some(error);
        }
        next = error.source();
    }
    None
}

/// Where nobody has any, nobody will; one who should give them and cannot now may later.
fn no_credentials(error: &CredentialsError) -> (Code, String) {
    let why = root(error);
    match error {
        CredentialsError::ProviderTimedOut(_) | CredentialsError::ProviderError(_) => {
            (Code::StorageUnavailable, format!("the AWS credentials cannot be had now ({why}); look at who gives them"))
        }
        _ => (
            Code::StorageDenied,
            format!(
                "no AWS credentials were found ({why}); give the service a role, a profile or `AWS_ACCESS_KEY_ID` and its secret"
            ),
        ),
    }
}

/// What lies deepest, in its own words.
fn root(error: &(dyn StdError + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
