//! Where a statement writes: the names of its files, as UNLOAD gives them, and the manifest that is written after them.

mod occupied;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use outflow_core::manifest::{Author, Entry, Manifest, Meta, Schema};
use outflow_core::options::Format;
use outflow_core::{Code, Error, Result};
use outflow_storage::from_object_store;
use serde_json::json;
use tokio::sync::Mutex;

use super::column::Columns;
use super::file::WrittenFile;
use super::unload::{Existing, ManifestKind, Unload};

/// The longest key that S3 takes, in bytes.
const LONGEST_KEY: usize = 1_024;
/// The longest name that a folder of files can have, where they lie and where they are downloaded to, in bytes.
const LONGEST_NAME: usize = 255;
/// The most files that `PARTITION BY` may make: with the longest keys, a manifest of less than the 64 MiB that are read of it.
const MOST_FILES: usize = 50_000;

/// The place that a statement names after TO.
#[derive(Debug)]
pub(super) struct Destination {
    store: Arc<dyn ObjectStore>,
    bucket: String,
    prefix: String,
    suffix: String,
    parallel: bool,
    is_partitioned: bool,
    existing: Existing,
    manifest: ManifestKind,
    /// The partitions' folders that were emptied by this statement.
    emptied: Mutex<HashSet<String>>,
    /// How many files were begun in partitions' folders.
    begun: AtomicUsize,
}

impl Destination {
    /// The statement's destination in one of the buckets.
    ///
    /// # Errors
    /// `query_invalid` when it is no `s3://bucket/prefix`, or `CLEANPATH` would empty a whole bucket; `config_invalid` when there is no
    /// such bucket.
    pub(super) fn new(unload: &Unload, buckets: &HashMap<String, Arc<dyn ObjectStore>>) -> Result<Self> {
        let Unload { statement, manifest, existing } = unload;
        let place = &statement.destination;
        let Some((bucket, prefix)) = place.strip_prefix("s3://").and_then(|place| place.split_once('/')) else {
            return Err(Error::new(Code::QueryInvalid, format!("the destination `{place}` is no `s3://bucket/prefix`")));
        };
        let store = buckets.get(bucket).ok_or_else(|| {
            Error::new(
                Code::ConfigInvalid,
                format!("the embedded warehouse has no bucket `{bucket}` to write to; check `storage.url`"),
            )
        })?;
        let suffix = match (&statement.extension, statement.format, statement.compression.extension()) {
            (Some(extension), ..) => format!(".{extension}"),
            (None, Format::Parquet, _) => ".parquet".to_owned(),
            (None, _, Some(extension)) => format!(".{extension}"),
            (None, _, None) => String::new(),
        };
        let is_partitioned = !statement.partition_by.is_empty();
        if *existing == Existing::Deleted && prefix.is_empty() && !is_partitioned {
            return Err(Error::new(Code::QueryInvalid, "CLEANPATH would delete the whole bucket; name a prefix in it"));
        }
        let slash = if is_partitioned && !prefix.is_empty() && !prefix.ends_with('/') { "/" } else { "" };
        Ok(Self {
            store: Arc::clone(store),
            bucket: bucket.to_owned(),
            prefix: format!("{prefix}{slash}"),
            suffix,
            parallel: statement.parallel,
            is_partitioned,
            existing: *existing,
            manifest: *manifest,
            emptied: Mutex::default(),
            begun: AtomicUsize::new(0),
        })
    }

    /// The store of the bucket.
    pub(super) fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// The key of a slice's file in that folder: `<prefix>000` for a serial unload, `<prefix>0000_part_00` for a parallel one.
    ///
    /// # Errors
    /// `query_invalid` when it is no key; `query_failed` when the values of a partition make it, or the name of a folder, too long.
    pub(super) fn key(&self, folder: &str, slice: usize, part: usize) -> Result<Path> {
        let (prefix, suffix) = (&self.prefix, &self.suffix);
        let key = if self.parallel {
            format!("{prefix}{folder}{slice:04}_part_{part:02}{suffix}")
        } else {
            format!("{prefix}{folder}{part:03}{suffix}")
        };
        if let Some(long) = folder.split('/').find(|name| name.len() > LONGEST_NAME) {
            let shown: String = long.chars().take(40).collect();
            let message = format!(
                "the folder of the partition `{shown}…` has a name of {} bytes, and folders take {LONGEST_NAME}; partition by something shorter",
                long.len()
            );
            return Err(Error::new(Code::QueryFailed, message));
        }
        if key.len() > LONGEST_KEY && !folder.is_empty() {
            let shown: String = folder.chars().take(40).collect();
            let message = format!(
                "the folder of the partition `{shown}…` makes a key of {} bytes, and S3 takes {LONGEST_KEY}; partition by something shorter",
                key.len()
            );
            return Err(Error::new(Code::QueryFailed, message));
        }
        path(&key)
    }

    /// Sees to what lies at the destination already, before anything is written: refuses it, or deletes it. With `PARTITION BY` nothing is
    /// deleted yet.
    ///
    /// # Errors
    /// `query_failed` naming what is there; storage's.
    pub(super) async fn prepare(&self) -> Result<()> {
        match self.existing {
            Existing::Refused => occupied::refuse(&self.store, &self.prefix).await,
            Existing::Deleted if !self.is_partitioned => occupied::delete(&self.store, &self.prefix).await,
            Existing::Deleted | Existing::Overwritten => Ok(()),
        }
    }

    /// Sees to what lies in a partition's folder, and to it that there are not too many files; before each file is begun there. Slices
    /// that come to a folder at the same time wait for one another, so that none deletes what another has written.
    ///
    /// # Errors
    /// `query_failed` for one file more than a statement may write into folders; storage's.
    pub(super) async fn prepare_folder(&self, folder: &str) -> Result<()> {
        if self.is_partitioned && self.begun.fetch_add(1, Ordering::Relaxed) >= MOST_FILES {
            let message = format!("PARTITION BY makes more than {MOST_FILES} files; partition by columns of fewer values");
            return Err(Error::new(Code::QueryFailed, message));
        }
        if self.existing != Existing::Deleted || !self.is_partitioned {
            return Ok(());
        }
        let mut emptied = self.emptied.lock().await;
        if !emptied.contains(folder) {
            occupied::delete(&self.store, &format!("{}{folder}", self.prefix)).await?;
            emptied.insert(folder.to_owned());
        }
        Ok(())
    }

    /// Writes the manifest that was asked for, if one was; it says that the files are all there are.
    ///
    /// # Errors
    /// Storage's.
    pub(super) async fn write_manifest(&self, files: &[WrittenFile], columns: &Columns) -> Result<()> {
        let url = |file: &WrittenFile| format!("s3://{}/{}", self.bucket, file.key);
        let text = match self.manifest {
            ManifestKind::None => return Ok(()),
            ManifestKind::Plain => {
                let entries: Vec<_> = files.iter().map(|file| json!({ "url": url(file) })).collect();
                serde_json::to_vec_pretty(&json!({ "entries": entries }))
            }
            ManifestKind::Verbose => {
                let sum = files.iter().fold(Meta { content_length: 0, record_count: 0 }, |sum, file| Meta {
                    content_length: sum.content_length + file.meta.content_length,
                    record_count: sum.record_count + file.meta.record_count,
                });
                serde_json::to_vec_pretty(&Manifest {
                    entries: files.iter().map(|file| Entry { url: url(file), meta: Some(file.meta) }).collect(),
                    schema: Some(Schema { elements: columns.elements() }),
                    meta: Some(sum),
                    author: Some(Author { name: "Outflow".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }),
                })
            }
        };
        let text = text.map_err(|error| Error::new(Code::Internal, "the manifest could not be written").with_source(error))?;
        let key = path(&format!("{}manifest", self.prefix))?;
        let written = self.store.put(&key, PutPayload::from(text)).await;
        written.map_err(|error| from_object_store(error, &format!("writing `{key}`"))).map(|_| ())
    }
}

fn path(key: &str) -> Result<Path> {
    Path::parse(key).map_err(|error| Error::new(Code::QueryInvalid, format!("`{key}` is no key")).with_source(error))
}

#[cfg(test)]
mod tests;
