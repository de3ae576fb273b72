//! The type that the rest of the service holds: it knows keys, and hides what lies beneath them.

use std::fs::File;
use std::io::Write;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use object_store::ObjectStore;
use object_store::path::Path;
use outflow_core::address::PublicUrl;
use outflow_core::key::{AttemptPlace, RESULTS, StorageKey};
use outflow_core::receipt::ReceiptFile;
use outflow_core::{Code, Error, Result};

use crate::error::{from_io, from_write};
use crate::link::{LinkKeys, Signer};
use crate::local::LocalFolder;
use crate::summing::{Summing, Sums};

/// The bucket that a local folder goes by in UNLOAD and in manifests.
const LOCAL_BUCKET: &str = "local";

/// What a storage needs to know beside its place.
#[derive(Debug, Clone)]
pub struct StorageOptions {
    /// Where callers reach the service: links to local files lead there.
    pub public_url: PublicUrl,
    /// What those links are signed with.
    pub link_keys: LinkKeys,
}

/// Where result files land.
///
/// What [`put`](Self::put) and [`join`](Self::join) answer for is on disk, and with it everything that was written before into the
/// same attempt. What is written through [`object_store`](Self::object_store) is visible whole or not at all, and on disk after the
/// next `put`, `join` or [`settle`](Self::settle) of its attempt.
#[derive(Debug, Clone)]
pub struct Storage {
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) sums: Arc<Sums>,
    pub(crate) folder: LocalFolder,
    pub(crate) signer: Arc<Signer>,
    public_url: PublicUrl,
    bucket: String,
}

impl Storage {
    /// Opens what the locator names: `file:PATH`, a folder, which is made if it is not there. Removes what a crash left half-written.
    ///
    /// # Errors
    /// `config_invalid` for any other locator; `storage_denied`, `storage_full` or `storage_unavailable` when the folder cannot be made
    /// or written to.
    pub async fn open(locator: &str, options: StorageOptions) -> Result<Self> {
        let root = folder_of(locator)?;
        let opened = tokio::task::spawn_blocking(move || {
            LocalFolder::open(&root, RESULTS)
                .map_err(|error| from_io(error, &format!("opening the storage folder `{}`", root.display())))
        });
        let folder = opened.await.map_err(stopped)??;
        let sums = Arc::new(Sums::default());
        Ok(Self {
            objects: Arc::new(Summing::new(folder.clone(), Arc::clone(&sums))),
            sums,
            folder,
            signer: Arc::new(Signer::new(options.link_keys, options.public_url.clone())),
            public_url: options.public_url,
            bucket: LOCAL_BUCKET.to_owned(),
        })
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
        format!("s3://{}/{}", self.bucket, key.path())
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

    /// The plain address of a result, neither signed nor expiring: of its one file, or of the receipt beside several.
    pub fn file_url(&self, place: &AttemptPlace, files: &[ReceiptFile]) -> String {
        match files {
            [file] => self.public_url.file(&place.request_id, file.index),
            _ => self.public_url.receipt(&place.request_id),
        }
    }

    /// Writes a file, over whatever is there: it and all that was written before into its attempt's folder is on disk when this
    /// answers. A crash or an error leaves the former file or none.
    ///
    /// # Errors
    /// `storage_full`, `storage_denied`, `storage_unavailable`.
    pub async fn put(&self, key: &StorageKey, bytes: Bytes) -> Result<()> {
        let (location, write) = (path_of(key)?, move |mut file: &File| file.write_all(&bytes));
        self.sums.forget(&location);
        let written = self.folder.publish(&location, write).await;
        written.map_err(|error| from_write(error, &format!("writing `{}`", key.path())))
    }

    /// Brings on disk what was written into an attempt's folder through the object store. Of nothing, this does nothing.
    ///
    /// # Errors
    /// `storage_unavailable` when a file could not be brought there; then the attempt is lost, and every later call says so too.
    pub async fn settle(&self, place: &AttemptPlace) -> Result<()> {
        let key = StorageKey::Attempt(place.clone());
        let settled = self.folder.settle(&path_of(&key)?).await;
        settled.map_err(|error| from_write(error, &format!("bringing `{}` on disk", key.path())))
    }

    /// Deletes all that an attempt wrote or is still writing, its folder, and that of the unload if it is empty then. Idempotent.
    ///
    /// # Errors
    /// `storage_denied`, `storage_unavailable`; some of it may be gone then.
    pub async fn delete_attempt(&self, place: &AttemptPlace) -> Result<()> {
        let key = StorageKey::Attempt(place.clone());
        let (folder, path) = (self.folder.clone(), path_of(&key)?);
        self.sums.forget_below(&path);
        let removed = tokio::task::spawn_blocking(move || folder.remove(&path)).await.map_err(stopped)?;
        removed.map_err(|error| from_io(error, &format!("deleting `{}`", key.path())))
    }

    /// Whether storage is there and can be written to.
    ///
    /// # Errors
    /// `storage_full`, `storage_denied`, `storage_unavailable`.
    pub async fn check(&self) -> Result<()> {
        let folder = self.folder.clone();
        let checked = tokio::task::spawn_blocking(move || folder.check()).await.map_err(stopped)?;
        checked.map_err(|error| from_write(error, &format!("checking the storage `{}`", self.folder)))
    }
}

/// Whether that is the name of a file within an attempt's folder; parts between slashes are folders of partitions.
pub(crate) fn is_file_name(name: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part.len() <= 255 && part != "." && part != "..";
    name.len() <= 1024 && name.split('/').all(is_part) && !name.contains(|c: char| c.is_control() || c == '\\')
}

/// The object of a key.
pub(crate) fn path_of(key: &StorageKey) -> Result<Path> {
    let refused =
        || Error::new(Code::VerificationFailed, format!("`{}` is not the name of a file in storage", key.path().escape_debug()));
    if let StorageKey::File(_, name) = key
        && !is_file_name(name)
    {
        return Err(refused());
    }
    Path::parse(key.path()).map_err(|error| refused().with_source(error))
}

/// A task that was stopped because the process ends.
pub(crate) fn stopped(error: tokio::task::JoinError) -> Error {
    Error::new(Code::StorageUnavailable, "work on storage was stopped").with_source(error)
}

fn folder_of(locator: &str) -> Result<PathBuf> {
    let invalid = |why: &str| {
        Err(Error::new(Code::ConfigInvalid, format!("the storage `{}` {why}; write `file:PATH`", locator.escape_debug())))
    };
    match locator.split_once(':') {
        Some(("file", rest)) => {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            if path.is_empty() { invalid("names no folder") } else { Ok(FilePath::new(path).to_owned()) }
        }
        Some(("s3", _)) => invalid("is in S3, which this version does not write to"),
        Some(_) => invalid("has an unknown scheme"),
        None => invalid("has no scheme"),
    }
}

#[cfg(test)]
mod tests;
