//! Where a statement writes: the names of its files, as UNLOAD gives them, and the manifest that is written after them.

use std::collections::HashMap;
use std::sync::Arc;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use outflow_core::manifest::{Author, Entry, Manifest, Meta, Schema};
use outflow_core::options::Format;
use outflow_core::statement::UnloadStatement;
use outflow_core::{Code, Error, Result};
use outflow_storage::from_object_store;

use super::column::Columns;
use super::file::WrittenFile;

/// The place that a statement names after TO.
#[derive(Debug, Clone)]
pub(super) struct Destination {
    store: Arc<dyn ObjectStore>,
    bucket: String,
    prefix: String,
    suffix: String,
    parallel: bool,
}

impl Destination {
    /// The statement's destination in one of the buckets.
    ///
    /// # Errors
    /// `query_invalid` when it is no `s3://bucket/prefix`; `config_invalid` when there is no such bucket.
    pub(super) fn new(statement: &UnloadStatement, buckets: &HashMap<String, Arc<dyn ObjectStore>>) -> Result<Self> {
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
        Ok(Self {
            store: Arc::clone(store),
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            suffix,
            parallel: statement.parallel,
        })
    }

    /// The store of the bucket.
    pub(super) fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// The key of a slice's file: `<prefix>000` for a serial unload, `<prefix>0000_part_00` for a parallel one.
    ///
    /// # Errors
    /// `query_invalid` when it is no key.
    pub(super) fn key(&self, slice: usize, part: usize) -> Result<Path> {
        let (prefix, suffix) = (&self.prefix, &self.suffix);
        path(&if self.parallel {
            format!("{prefix}{slice:04}_part_{part:02}{suffix}")
        } else {
            format!("{prefix}{part:03}{suffix}")
        })
    }

    /// Refuses a destination at which there is something, as UNLOAD does without ALLOWOVERWRITE.
    ///
    /// # Errors
    /// `query_failed` naming what is there; storage's when it cannot be told.
    pub(super) async fn refuse_existing(&self) -> Result<()> {
        let folder = match self.prefix.rsplit_once('/') {
            Some((folder, _)) => Some(path(folder)?),
            None => None,
        };
        let failed = |error| from_object_store(error, &format!("looking for files at `{}`", self.prefix));
        let mut objects = self.store.list(folder.as_ref());
        while let Some(object) = objects.try_next().await.map_err(failed)? {
            if object.location.as_ref().starts_with(&self.prefix) {
                let message = format!("the destination is not empty: `{}` is there; unload to another prefix", object.location);
                return Err(Error::new(Code::QueryFailed, message));
            }
        }
        Ok(())
    }

    /// Writes the manifest, which says that the files are all there are.
    ///
    /// # Errors
    /// Storage's.
    pub(super) async fn write_manifest(&self, files: &[WrittenFile], columns: &Columns) -> Result<()> {
        let entries = files.iter().map(|file| Entry { url: format!("s3://{}/{}", self.bucket, file.key), meta: Some(file.meta) });
        let sum = files.iter().fold(Meta { content_length: 0, record_count: 0 }, |sum, file| Meta {
            content_length: sum.content_length + file.meta.content_length,
            record_count: sum.record_count + file.meta.record_count,
        });
        let manifest = Manifest {
            entries: entries.collect(),
            schema: Some(Schema { elements: columns.elements() }),
            meta: Some(sum),
            author: Some(Author { name: "Outflow".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }),
        };
        let text = serde_json::to_vec_pretty(&manifest)
            .map_err(|error| Error::new(Code::Internal, "the manifest could not be written").with_source(error))?;
        let key = path(&format!("{}manifest", self.prefix))?;
        let written = self.store.put(&key, PutPayload::from(text)).await;
        written.map_err(|error| from_object_store(error, &format!("writing `{key}`"))).map(|_| ())
    }
}

fn path(key: &str) -> Result<Path> {
    Path::parse(key).map_err(|error| Error::new(Code::QueryInvalid, format!("`{key}` is no key")).with_source(error))
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;
    use outflow_core::options::Compression;

    use super::*;

    fn statement(format: Format, compression: Compression, parallel: bool, extension: Option<&str>) -> UnloadStatement {
        UnloadStatement {
            format,
            compression,
            parallel,
            extension: extension.map(str::to_owned),
            ..UnloadStatement::plain("SELECT 1", "s3://local/a/b/output")
        }
    }

    fn buckets() -> HashMap<String, Arc<dyn ObjectStore>> {
        HashMap::from([("local".to_owned(), Arc::new(InMemory::new()) as Arc<dyn ObjectStore>)])
    }

    #[test]
    fn files_are_named_as_unload_names_them() {
        let cases = [
            (statement(Format::Csv, Compression::None, false, None), "a/b/output000", "a/b/output002"),
            (statement(Format::Csv, Compression::Gzip, false, None), "a/b/output000.gz", "a/b/output002.gz"),
            (statement(Format::Csv, Compression::Gzip, false, Some("csv.gz")), "a/b/output000.csv.gz", "a/b/output002.csv.gz"),
            (statement(Format::Json, Compression::Zstd, true, None), "a/b/output0000_part_00.zst", "a/b/output0001_part_02.zst"),
            (
                statement(Format::Parquet, Compression::None, true, None),
                "a/b/output0000_part_00.parquet",
                "a/b/output0001_part_02.parquet",
            ),
            (statement(Format::Parquet, Compression::None, false, None), "a/b/output000.parquet", "a/b/output002.parquet"),
        ];
        for (statement, first, later) in cases {
            let destination = Destination::new(&statement, &buckets()).unwrap();
            assert_eq!(destination.key(0, 0).unwrap().as_ref(), first);
            assert_eq!(destination.key(1, 2).unwrap().as_ref(), later);
        }
    }

    #[tokio::test]
    async fn what_is_there_is_refused_but_not_what_only_looks_alike() {
        let buckets = buckets();
        let destination = Destination::new(&statement(Format::Csv, Compression::None, false, None), &buckets).unwrap();
        for harmless in ["a/b/other", "a/boutput", "a/b2/output000"] {
            destination.store().put(&Path::from(harmless), PutPayload::from_static(b"x")).await.unwrap();
        }
        destination.refuse_existing().await.unwrap();
        destination.store().put(&Path::from("a/b/output7"), PutPayload::from_static(b"x")).await.unwrap();
        assert_eq!(destination.refuse_existing().await.unwrap_err().code(), Code::QueryFailed);
    }

    #[test]
    fn a_destination_elsewhere_is_refused() {
        let mut elsewhere = statement(Format::Csv, Compression::None, false, None);
        elsewhere.destination = "s3://other/key".to_owned();
        assert_eq!(Destination::new(&elsewhere, &buckets()).unwrap_err().code(), Code::ConfigInvalid);
        elsewhere.destination = "/tmp/key".to_owned();
        assert_eq!(Destination::new(&elsewhere, &buckets()).unwrap_err().code(), Code::QueryInvalid);
    }
}
