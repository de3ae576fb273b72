//! A bucket in S3, or in what speaks S3, as an object store: a write is visible whole or not at all, and an upload that is given up is
//! aborted.
//!
//! Everything goes through the AWS SDK, so that region, endpoint, credentials, retries and the variables that set them mean the same for
//! every call. It knows keys of objects, not unloads.

mod address;
mod connect;
mod delete;
mod error;
mod facts;
mod join;
mod list;
mod making;
mod pieces;
mod sign;
mod signing;
mod store;
mod upload;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{ChecksumMode, ServerSideEncryption};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use object_store::ObjectStore;
use outflow_core::text::hex;

use self::address::Address;
use self::connect::{Connection, Patience};
pub(crate) use self::error::Failure;
pub use self::error::S3Refusal;
use self::error::classify;
pub(crate) use self::join::{Joined, Source, Stretch};
use self::making::Making;
pub(crate) use self::sign::Method;
use self::signing::Signing;
use self::upload::Begun;
use crate::{Encryption, S3Options};

/// A bucket as an object store, for whoever has keys of their own and none of ours, such as one that stands in for a warehouse. Nothing is
/// asked of it yet. `public_endpoint` and `proxy` mean nothing to it.
///
/// # Errors
/// `config_invalid` when no region is known.
pub async fn open_bucket(name: &str, options: &S3Options) -> outflow_core::Result<Arc<dyn ObjectStore>> {
    Ok(Arc::new(Bucket::open(name, options).await?))
}

/// For how long it is believed that the bucket can be written to.
const PROOF_HOLDS: Duration = Duration::from_secs(600);

/// A bucket.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    client: Client,
    /// For calls that have not much to send or to copy: S3 has less time to begin its answer.
    quick: Client,
    /// Makes links: over the public endpoint, with credentials whose end is known.
    presigner: Client,
    signing: Arc<Signing>,
    name: String,
    region: String,
    address: Address,
    encryption: Option<Encryption>,
    written: Arc<Mutex<Option<Instant>>>,
    making: Making,
}

impl Bucket {
    /// Prepares access to a bucket; asks nothing of it yet.
    ///
    /// # Errors
    /// `config_invalid` when no region is known.
    pub(crate) async fn open(name: &str, options: &S3Options) -> outflow_core::Result<Self> {
        Self::open_with(name, options, Patience::default()).await
    }

    async fn open_with(name: &str, options: &S3Options, patience: Patience) -> outflow_core::Result<Self> {
        let Connection { client, quick, presigner, signing, region, address } = connect::connect(name, options, patience).await?;
        let (name, encryption) = (name.to_owned(), options.encryption.clone());
        let (written, making) = (Arc::default(), Making::default());
        Ok(Self { client, quick, presigner, signing, name, region, address, encryption, written, making })
    }

    /// Whether the bucket can be listed below a prefix and written to. The latter is proven by an upload that is begun and aborted, which
    /// leaves nothing, and is then believed for a while. One that died between the two left its upload to the next, which aborts it.
    ///
    /// # Errors
    /// What keeps us from it.
    pub(crate) async fn check(&self, prefix: &str) -> Result<(), Failure> {
        let listed = self.quick.list_objects_v2().bucket(&self.name).prefix(prefix).max_keys(1).send().await;
        listed.map_err(|error| self.failure("s3:ListBucket", error))?;
        let is_proven = self.proof().is_some_and(|at| at.elapsed() < PROOF_HOLDS);
        if !is_proven {
            let key = format!("{prefix}check");
            self.abort_uploads(&key, true).await?;
            self.begin(&key).await?.abort().await?;
            *self.proof() = Some(Instant::now());
        }
        Ok(())
    }

    /// Whether there is no such bucket: of an object that is not there S3 says no more than that.
    ///
    /// # Errors
    /// When there is none, or it is not known. A bucket that may not be asked for is there, as under a policy that allows to list some
    /// prefixes alone.
    pub(crate) async fn missing(&self) -> Result<(), Failure> {
        let head = self.quick.head_bucket().bucket(&self.name).send().await;
        match head.map_err(|error| self.failure("s3:ListBucket", error)) {
            Ok(_) => Ok(()),
            Err(failure) if failure.status == Some(403) => Ok(()),
            Err(failure) if failure.status == Some(404) => Err(self.no_such_bucket(failure)),
            Err(failure) => Err(failure),
        }
    }

    /// What a refusal to look at an object means. The answer to a `HEAD` has no body, so that expired credentials, a wrong clock and a
    /// missing right look alike; the answer to a list says which it is.
    async fn explained(&self, key: &str, failure: Failure) -> Failure {
        if failure.name.is_some() || !matches!(failure.status, Some(400 | 403)) {
            return failure;
        }
        let listed = self.quick.list_objects_v2().bucket(&self.name).prefix(key).max_keys(1).send().await;
        match listed.map_err(|error| self.failure("s3:ListBucket", error)) {
            Err(said) if said.name.as_deref() != Some("AccessDenied") => said,
            _ => failure,
        }
    }

    /// The CRC-64/NVME that S3 keeps of a whole object, lowercase hexadecimal; `None` when it keeps none.
    ///
    /// # Errors
    /// What keeps us from it.
    pub(crate) async fn crc64nvme(&self, key: &str) -> Result<Option<String>, Failure> {
        let head = self.quick.head_object().bucket(&self.name).key(key).checksum_mode(ChecksumMode::Enabled).send().await;
        let head = match head.map_err(|error| self.failure("s3:GetObject", error)) {
            Ok(head) => head,
            Err(failure) => return Err(self.explained(key, failure).await),
        };
        let kept = head.checksum_crc64_nvme().and_then(|value| STANDARD.decode(value).ok()).filter(|bytes| bytes.len() == 8);
        Ok(kept.map(|bytes| hex(&bytes)))
    }

    /// Begins an upload in parts.
    async fn begin(&self, key: &str) -> Result<Begun, Failure> {
        let (encryption, key_id) = self.encryption();
        let begun = self.quick.create_multipart_upload().bucket(&self.name).key(key);
        let begun = begun.set_server_side_encryption(encryption).set_ssekms_key_id(key_id).send().await;
        let begun = begun.map_err(|error| self.failure("s3:PutObject", error))?;
        Ok(Begun::new(self.clone(), key.to_owned(), begun.upload_id.unwrap_or_default()))
    }

    fn encryption(&self) -> (Option<ServerSideEncryption>, Option<String>) {
        match &self.encryption {
            None => (None, None),
            Some(Encryption::S3) => (Some(ServerSideEncryption::Aes256), None),
            Some(Encryption::Kms { key_id }) => (Some(ServerSideEncryption::AwsKms), key_id.clone()),
        }
    }

    fn failure<E>(&self, action: &'static str, error: error::SdkError<E>) -> Failure
    where
        E: std::error::Error + error::ProvideErrorMetadata + Send + Sync + 'static,
    {
        classify(error, action, &self.name, &self.region)
    }

    fn no_such_bucket(&self, failure: Failure) -> Failure {
        failure.no_such_bucket(&self.name)
    }

    fn proof(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.name)
    }
}

#[cfg(test)]
mod tests;
