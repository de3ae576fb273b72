//! The type that the rest of the service holds: it knows keys, and hides what lies beneath them.

use std::io::Write;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use aws_credential_types::provider::SharedCredentialsProvider;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, PutOptions};
use outflow_core::address::PublicUrl;
use outflow_core::key::{AttemptPlace, RESULTS, StorageKey};
use outflow_core::receipt::ReceiptFile;
use outflow_core::{Code, Error, Result};

use crate::error::{from_io, from_object_store, from_write};
use crate::link::{LinkKeys, Signer};
use crate::local::LocalFolder;
use crate::s3::{Bucket, Failure};
use crate::summing::{Summing, Sums};

/// The bucket that a local folder goes by in UNLOAD and in manifests.
const LOCAL_BUCKET: &str = "local";

/// What a storage needs to know beside its place.
#[derive(Debug, Clone)]
pub struct StorageOptions {
    /// Where callers reach the service: links to what it hands out itself lead there.
    pub public_url: PublicUrl,
    /// What those links are signed with.
    pub link_keys: LinkKeys,
    /// How to reach S3, where the locator names a bucket.
    pub s3: S3Options,
}

/// How to reach a bucket. What is left open is found as the AWS tools find it: variables, profile, machine.
#[derive(Debug, Clone, Default)]
pub struct S3Options {
    /// Another address than AWS's.
    pub endpoint: Option<String>,
    /// The bucket's region.
    pub region: Option<String>,
    /// The address that links lead to, where callers reach the bucket by another one than the service does.
    pub public_endpoint: Option<String>,
    /// Whether the bucket stands in the path of an address, and not in its host; so it is at another endpoint than AWS's unless told.
    pub path_style: Option<bool>,
    /// How S3 is asked to encrypt what we write; as the bucket does, when absent.
    pub encryption: Option<Encryption>,
    /// Whether downloads go through the service instead of by links to S3.
    pub proxy: bool,
    /// Who gives credentials; the AWS default chain, when absent.
    pub credentials: Option<SharedCredentialsProvider>,
}

/// How S3 is asked to encrypt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// With S3's own keys.
    S3,
    /// With a key of KMS; with the account's own for S3, when none is named.
    Kms {
        /// Its id, alias or ARN.
        key_id: Option<String>,
    },
}

/// What lies beneath a storage.
#[derive(Debug, Clone)]
pub(crate) enum Backend {
    /// A folder of this machine.
    Folder(LocalFolder),
    /// A bucket of S3.
    S3(Bucket),
}

/// Where result files land.
///
/// What [`put`](Self::put) and [`join`](Self::join) answer for is on disk, and with it everything that was written before into the
/// same attempt. What is written through [`object_store`](Self::object_store) is visible whole or not at all, and on disk after the
/// next `put`, `join` or [`settle`](Self::settle) of its attempt; in S3, at once.
#[derive(Debug, Clone)]
pub struct Storage {
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) sums: Arc<Sums>,
    pub(crate) backend: Backend,
    pub(crate) signer: Arc<Signer>,
    /// Whether what S3 has is handed out by the service.
    pub(crate) is_proxy: bool,
    public_url: PublicUrl,
    bucket: String,
    /// What all keys are below, without slashes around it.
    prefix: Option<String>,
}

impl Storage {
    /// Opens what the locator names. `file:PATH` is a folder, which is made if it is not there; what a crash left half-written in it is
    /// removed. `s3://BUCKET` or `s3://BUCKET/PREFIX` is looked at, and opened even when S3 does not answer now.
    ///
    /// # Errors
    /// `config_invalid` for any other locator, a bucket that is not there or in another region; `storage_denied`, `storage_full`, of a
    /// folder `storage_unavailable` when it cannot be made or written to, and of a bucket the same when the credentials have expired.
    pub async fn open(locator: &str, options: StorageOptions) -> Result<Self> {
        match place_of(locator)? {
            Place::Folder(root) => {
                let opened = tokio::task::spawn_blocking(move || {
                    LocalFolder::open(&root, RESULTS)
                        .map_err(|error| from_io(error, &format!("opening the storage folder `{}`", root.display())))
                });
                let folder = opened.await.map_err(stopped)??;
                let sums = Arc::new(Sums::default());
                let objects = Arc::new(Summing::new(folder.clone(), Arc::clone(&sums)));
                Ok(Self::new(Backend::Folder(folder), objects, sums, options, LOCAL_BUCKET.to_owned(), None))
            }
            Place::Bucket { name, prefix } => {
                let bucket = Bucket::open(&name, &options.s3).await?;
                let sums = Arc::new(Sums::default());
                let objects = Arc::new(Summing::new(bucket.clone(), Arc::clone(&sums)));
                let storage = Self::new(Backend::S3(bucket.clone()), objects, sums, options, name, prefix);
                if let Err(failure) = storage.check_bucket(&bucket).await {
                    // Nothing runs yet that could wait until somebody renews them.
                    let is_for_now = failure.code.kind().is_retryable() && !failure.is_of_credentials();
                    let error = failure.into_error(&format!("checking the storage `{bucket}`"));
                    if !is_for_now {
                        return Err(error);
                    }
                    tracing::warn!(error = error.chain(), "storage does not answer yet");
                }
                Ok(storage)
            }
        }
    }

    fn new(
        backend: Backend,
        objects: Arc<dyn ObjectStore>,
        sums: Arc<Sums>,
        options: StorageOptions,
        bucket: String,
        prefix: Option<String>,
    ) -> Self {
        let signer = Arc::new(Signer::new(options.link_keys, options.public_url.clone()));
        let (is_proxy, public_url) = (options.s3.proxy, options.public_url);
        Self { objects, sums, backend, signer, is_proxy, public_url, bucket, prefix }
    }

    /// What a warehouse inside this process writes to; it is the bucket [`bucket`](Self::bucket).
    pub fn object_store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.objects)
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The address of a key as UNLOAD takes it: `s3://bucket/key`.
    pub fn uri(&self, key: &StorageKey) -> String {
        format!("s3://{}/{}", self.bucket, self.whole_key(key))
    }

    /// What all keys are below, without slashes around it.
    pub(crate) fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    /// A key with the storage's own prefix before it.
    pub(crate) fn whole_key(&self, key: &StorageKey) -> String {
        match &self.prefix {
            Some(prefix) => format!("{prefix}/{}", key.path()),
            None => key.path(),
        }
    }

    /// The name of a file by the address that a manifest gives it.
    ///
    /// # Errors
    /// `verification_failed` when the address does not lie in the attempt's own folder.
    pub fn file_name(&self, place: &AttemptPlace, uri: &str) -> Result<String> {
        let folder = self.uri(&StorageKey::Attempt(place.clone()));
        match uri.strip_prefix(&folder) {
            Some(name) if is_file_name(name) => Ok(name.to_owned()),
            _ => {
                Err(Error::new(Code::VerificationFailed, format!("the file `{}` does not lie in `{folder}`", uri.escape_debug())))
            }
        }
    }

    /// The plain address of a result, neither signed nor expiring: of its one file, or of the receipt beside several. In S3 it is that of
    /// the object, of a folder the service's own.
    pub fn file_url(&self, place: &AttemptPlace, files: &[ReceiptFile]) -> String {
        match (&self.backend, files) {
            (Backend::Folder(_), [file]) => self.public_url.file(&place.request_id, file.index),
            (Backend::Folder(_), _) => self.public_url.receipt(&place.request_id),
            (Backend::S3(bucket), [file]) => bucket.address(&self.whole_key(&StorageKey::File(place.clone(), file.name.clone()))),
            (Backend::S3(bucket), _) => bucket.address(&self.whole_key(&StorageKey::Receipt(place.clone()))),
        }
    }

    /// Writes a file, over whatever is there: it and all that was written before into its attempt's folder is on disk when this
    /// answers. A crash or an error leaves the former file or none.
    ///
    /// # Errors
    /// `storage_full`, `storage_denied`, `storage_unavailable`.
    pub async fn put(&self, key: &StorageKey, bytes: Bytes) -> Result<()> {
        let (location, what) = (self.path_of(key)?, format!("writing `{}`", key.path()));
        match &self.backend {
            Backend::Folder(folder) => {
                self.sums.forget(&location);
                let written = folder.publish(&location, move |mut file| file.write_all(&bytes)).await;
                written.map_err(|error| from_write(error, &what))
            }
            Backend::S3(_) => {
                let written = self.objects.put_opts(&location, bytes.into(), PutOptions::default()).await;
                written.map(drop).map_err(|error| from_object_store(error, &what))
            }
        }
    }

    /// Brings on disk what was written into an attempt's folder through the object store. Of nothing, this does nothing.
    ///
    /// # Errors
    /// `storage_unavailable` when a file could not be brought there; then the attempt is lost, and every later call says so too.
    pub async fn settle(&self, place: &AttemptPlace) -> Result<()> {
        let Backend::Folder(folder) = &self.backend else { return Ok(()) };
        let key = StorageKey::Attempt(place.clone());
        let settled = folder.settle(&self.path_of(&key)?).await;
        settled.map_err(|error| from_write(error, &format!("bringing `{}` on disk", key.path())))
    }

    /// Deletes all that an attempt wrote or is still writing, for good: in a bucket with versions, those too. Of a folder, that of the
    /// unload goes as well if it is empty then. Idempotent.
    ///
    /// # Errors
    /// `storage_denied`, `storage_unavailable`; some of it may be gone then.
    pub async fn delete_attempt(&self, place: &AttemptPlace) -> Result<()> {
        let key = StorageKey::Attempt(place.clone());
        let what = format!("deleting `{}`", key.path());
        self.sums.forget_below(&self.path_of(&key)?);
        match &self.backend {
            Backend::Folder(folder) => {
                let (folder, path) = (folder.clone(), self.path_of(&key)?);
                let removed = tokio::task::spawn_blocking(move || folder.remove(&path)).await.map_err(stopped)?;
                removed.map_err(|error| from_io(error, &what))
            }
            Backend::S3(bucket) => bucket.delete_below(&self.whole_key(&key)).await.map_err(|failure| failure.into_error(&what)),
        }
    }

    /// Whether storage is there and can be written to.
    ///
    /// # Errors
    /// `storage_full`, `storage_denied`, `storage_unavailable`; `config_invalid` for a bucket that is not there or in another region.
    pub async fn check(&self) -> Result<()> {
        match &self.backend {
            Backend::Folder(folder) => {
                let folder = folder.clone();
                let what = format!("checking the storage `{folder}`");
                let checked = tokio::task::spawn_blocking(move || folder.check()).await.map_err(stopped)?;
                checked.map_err(|error| from_write(error, &what))
            }
            Backend::S3(bucket) => {
                let checked = self.check_bucket(bucket).await;
                checked.map_err(|failure| failure.into_error(&format!("checking the storage `{bucket}`")))
            }
        }
    }

    async fn check_bucket(&self, bucket: &Bucket) -> Result<(), Failure> {
        bucket.check(&self.results_prefix()).await
    }

    /// The object of a key.
    pub(crate) fn path_of(&self, key: &StorageKey) -> Result<Path> {
        let refused = || {
            Error::new(Code::VerificationFailed, format!("`{}` is not the name of a file in storage", key.path().escape_debug()))
        };
        if let StorageKey::File(_, name) = key
            && !is_file_name(name)
        {
            return Err(refused());
        }
        Path::parse(self.whole_key(key)).map_err(|error| refused().with_source(error))
    }
}

/// Whether that is the name of a file within an attempt's folder; parts between slashes are folders of partitions.
pub(crate) fn is_file_name(name: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part.len() <= 255 && part != "." && part != "..";
    name.len() <= 1024 && name.split('/').all(is_part) && !name.contains(|c: char| c.is_control() || c == '\\')
}

/// A task that was stopped because the process ends.
pub(crate) fn stopped(error: tokio::task::JoinError) -> Error {
    Error::new(Code::StorageUnavailable, "work on storage was stopped").with_source(error)
}

/// What a locator names.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Folder(PathBuf),
    Bucket { name: String, prefix: Option<String> },
}

fn place_of(locator: &str) -> Result<Place> {
    let invalid = |why: &str| {
        let message =
            format!("the storage `{}` {why}; write `file:PATH`, `s3://BUCKET` or `s3://BUCKET/PREFIX`", locator.escape_debug());
        Err(Error::new(Code::ConfigInvalid, message))
    };
    match locator.split_once(':') {
        Some(("file", rest)) => {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            if path.is_empty() { invalid("names no folder") } else { Ok(Place::Folder(FilePath::new(path).to_owned())) }
        }
        Some(("s3", rest)) => {
            let rest = rest.strip_prefix("//").unwrap_or_default();
            let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let prefix = prefix.trim_matches('/');
            if name.is_empty() {
                return invalid("names no bucket");
            }
            if !prefix.is_empty() && Path::parse(prefix).is_err() {
                return invalid("has a prefix that is none");
            }
            Ok(Place::Bucket { name: name.to_owned(), prefix: (!prefix.is_empty()).then(|| prefix.to_owned()) })
        }
        Some(_) => invalid("has an unknown scheme"),
        None => invalid("has no scheme"),
    }
}

#[cfg(test)]
mod tests;
