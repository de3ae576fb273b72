//! What a bucket says of itself, as far as we may ask: facts for whoever examines a set-up. Nothing is judged here, and nothing is written.

use chrono::TimeDelta;
use outflow_core::key::{AttemptPlace, RESULTS, StorageKey};
use outflow_core::{Result, Timestamp};

use crate::storage::{Backend, Storage};

/// An answer that may be out of reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told<T> {
    /// It is so.
    Known(T),
    /// We may not ask; this is the right that it needs.
    Denied(&'static str),
    /// It cannot be told, for this reason: what answers does not have that call, or failed at it.
    Unknown(String),
}

/// A bucket as S3 tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketFacts {
    /// Its name.
    pub name: String,
    /// What the keys of results begin with.
    pub prefix: String,
    /// The region that our calls are signed for.
    pub used_region: String,
    /// The region that it is in.
    pub region: Told<String>,
    /// Whether all four ways to make something public are blocked on it; those of the account are not told here.
    pub blocks_public_access: Told<bool>,
    /// Whether its policy lets anybody in.
    pub is_public: Told<bool>,
    /// How it encrypts what comes without a word of it.
    pub encryption: Told<Option<BucketEncryption>>,
    /// Whether it keeps former versions.
    pub versioning: Told<bool>,
    /// The rules by which it deletes and moves objects, those that are switched on.
    pub lifecycle: Told<Vec<LifecycleRule>>,
    /// By how much the clock of S3 is ahead of ours; exact to some two seconds.
    pub clock_ahead: Told<TimeDelta>,
    /// Whether its versions, and its open uploads, may be listed: without either, nothing can be deleted for good.
    pub can_list_all: Told<()>,
}

/// How a bucket encrypts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BucketEncryption {
    /// With S3's own keys.
    S3,
    /// With a key of KMS; the account's own for S3, when none is named.
    Kms(Option<String>),
}

/// One rule of a lifecycle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LifecycleRule {
    /// Its name.
    pub id: String,
    /// What the keys begin with that it is for.
    pub prefix: String,
    /// Whether it is for tagged objects alone, as none of ours are.
    pub is_for_tags: bool,
    /// After how many days objects are deleted.
    pub expires_after_days: Option<u32>,
    /// From when on objects are deleted.
    pub expires_on: Option<Timestamp>,
    /// After how many days objects are moved to a class from which they cannot be read at once, and which.
    pub archives_after_days: Option<(u32, String)>,
    /// After how many days uploads are aborted that were left incomplete.
    pub aborts_after_days: Option<u32>,
}

impl LifecycleRule {
    /// Whether it is for all, or for some, of the keys that begin so.
    pub fn concerns(&self, prefix: &str) -> bool {
        !self.is_for_tags && (prefix.starts_with(&self.prefix) || self.prefix.starts_with(prefix))
    }
}

impl Storage {
    /// What the bucket says of itself; `None` of a folder. Every call is made once, whatever became of the others.
    pub async fn bucket_facts(&self) -> Option<BucketFacts> {
        match &self.backend {
            Backend::Folder(_) => None,
            Backend::S3(bucket) => Some(Box::pin(bucket.facts(&self.results_prefix())).await),
        }
    }

    /// How many uploads into an attempt's folder are open; `None` where that cannot be told, and of a folder.
    ///
    /// # Errors
    /// `storage_denied`, `storage_unavailable`.
    pub async fn open_uploads(&self, place: &AttemptPlace) -> Result<Option<usize>> {
        let Backend::S3(bucket) = &self.backend else { return Ok(None) };
        let key = StorageKey::Attempt(place.clone());
        let counted = bucket.open_uploads(&self.whole_key(&key)).await;
        counted.map_err(|failure| failure.into_error(&format!("looking for uploads into `{}`", key.path())))
    }

    /// What the keys of all results begin with.
    pub(crate) fn results_prefix(&self) -> String {
        match self.prefix() {
            Some(prefix) => format!("{prefix}/{RESULTS}/"),
            None => format!("{RESULTS}/"),
        }
    }
}
