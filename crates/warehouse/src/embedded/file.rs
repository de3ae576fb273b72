//! One file of a result on its way into storage: encoded, compressed and uploaded as the rows come, in bounded memory.
//!
//! A file shows in storage whole or not at all: small ones are put at once, large ones are multipart uploads that are completed at the
//! end and aborted when the statement does not get there. How durable a finished file is, is the object store's promise.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use object_store::ObjectStore;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use outflow_core::manifest::Meta;
use outflow_core::statement::UnloadStatement;
use outflow_core::{Error, Result};
use outflow_storage::from_object_store;
use tokio::io::AsyncWriteExt;

use super::chunks::Chunks;
use super::encode::Layout;
use super::progress::Meter;
use super::row_groups::RowGroups;

/// The size of a part, well over the 5 MiB that S3 demands, and how many are on their way at once.
const PART: usize = 8 << 20;
const PARTS_AT_ONCE: usize = 2;

/// A file that is being written.
pub(super) struct FileWriter {
    key: Path,
    body: Body,
    upload: BufWriter,
    header_records: u64,
    rows: u64,
    bytes: u64,
    meter: Arc<Meter>,
}

/// How rows become the bytes of a file.
enum Body {
    Text(Box<Chunks>),
    Parquet(Box<RowGroups>),
}

impl Body {
    fn new(statement: &UnloadStatement, schema: &SchemaRef) -> Result<(Self, u64)> {
        Ok(match Layout::new(statement, schema)? {
            Some(layout) => {
                let header_records = layout.header_records();
                (Self::Text(Box::new(Chunks::new(Arc::new(layout), statement, schema))), header_records)
            }
            None => (Self::Parquet(Box::new(RowGroups::new(statement, schema)?)), 0),
        })
    }

    async fn push(&mut self, batch: &RecordBatch) -> Result<Vec<Bytes>> {
        match self {
            Self::Text(chunks) => chunks.push(batch).await,
            Self::Parquet(row_groups) => row_groups.push(batch).await,
        }
    }

    async fn flush(&mut self) -> Result<Vec<Bytes>> {
        match self {
            Self::Text(chunks) => chunks.flush().await,
            Self::Parquet(row_groups) => row_groups.flush().await,
        }
    }

    async fn finish(&mut self) -> Result<Vec<Bytes>> {
        match self {
            Self::Text(chunks) => chunks.finish().await,
            Self::Parquet(row_groups) => row_groups.finish().await,
        }
    }

    fn held_back(&self) -> u64 {
        match self {
            Self::Text(chunks) => chunks.held_back(),
            Self::Parquet(row_groups) => row_groups.held_back(),
        }
    }
}

/// A file that has been written.
#[derive(Debug)]
pub(super) struct WrittenFile {
    /// Its key in the bucket.
    pub(super) key: Path,
    /// Its bytes, and its records with header lines.
    pub(super) meta: Meta,
    /// Its data rows.
    pub(super) rows: u64,
}

/// The whole file of a result without rows: its header or its schema, and nothing else.
///
/// # Errors
/// As [`FileWriter::new`].
pub(super) async fn file_of_nothing(statement: &UnloadStatement, schema: &SchemaRef) -> Result<Vec<u8>> {
    let (mut body, _) = Body::new(statement, schema)?;
    Ok(body.finish().await?.concat())
}

impl FileWriter {
    /// A file at that key; nothing is written before the first row.
    ///
    /// # Errors
    /// `query_invalid` for a column that the format cannot hold.
    pub(super) fn new(
        store: Arc<dyn ObjectStore>,
        key: Path,
        statement: &UnloadStatement,
        schema: &SchemaRef,
        meter: Arc<Meter>,
    ) -> Result<Self> {
        let (body, header_records) = Body::new(statement, schema)?;
        Ok(Self {
            upload: BufWriter::with_capacity(store, key.clone(), PART).with_max_concurrency(PARTS_AT_ONCE),
            key,
            body,
            header_records,
            rows: 0,
            bytes: 0,
            meter,
        })
    }

    /// Writes rows.
    ///
    /// # Errors
    /// Storage's; `query_failed` for a value that the file cannot hold; or `internal`. Then the file is to be aborted.
    pub(super) async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let ready = self.body.push(batch).await?;
        self.rows += batch.num_rows() as u64;
        self.meter.add_rows(batch.num_rows() as u64);
        self.put(ready).await
    }

    /// The size that the file would have, at most, if it ended here.
    pub(super) fn size(&self) -> u64 {
        self.bytes + self.body.held_back()
    }

    /// Waits for what is in work; then [`size`](Self::size) is close to the truth.
    ///
    /// # Errors
    /// As [`FileWriter::write`].
    pub(super) async fn settle(&mut self) -> Result<()> {
        let ready = self.body.flush().await?;
        self.put(ready).await
    }

    /// Ends the file: after this it is there.
    ///
    /// # Errors
    /// Storage's, or `internal`; then the file is not there, and nothing is left to abort but what storage itself forgets.
    pub(super) async fn finish(mut self) -> Result<WrittenFile> {
        let ended = self.write_end().await;
        if ended.is_err() {
            self.abort().await;
        }
        ended?;
        self.upload
            .shutdown()
            .await
            .map_err(|error| self.failed(object_store::Error::Generic { store: "upload", source: error.into() }))?;
        let meta = Meta { content_length: self.bytes, record_count: self.rows + self.header_records };
        Ok(WrittenFile { key: self.key, meta, rows: self.rows })
    }

    /// Gives the file up. What storage cannot be told now, it must forget by itself.
    pub(super) async fn abort(&mut self) {
        if let Err(error) = self.upload.abort().await {
            tracing::warn!(key = %self.key, %error, "an upload could not be aborted");
        }
    }

    async fn write_end(&mut self) -> Result<()> {
        let last = self.body.finish().await?;
        self.put(last).await
    }

    async fn put(&mut self, pieces: Vec<Bytes>) -> Result<()> {
        for piece in pieces {
            // A part at a time: the upload looks only before each whether too many are on their way.
            for start in (0..piece.len()).step_by(PART) {
                let part = piece.slice(start..piece.len().min(start + PART));
                let length = part.len() as u64;
                if let Err(error) = self.upload.put(part).await {
                    return Err(self.failed(error));
                }
                self.bytes += length;
                self.meter.add_bytes(length);
            }
        }
        Ok(())
    }

    fn failed(&self, error: object_store::Error) -> Error {
        from_object_store(error, &format!("writing `{}`", self.key))
    }
}
