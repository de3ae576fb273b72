//! One file of a result on its way into storage: encoded, compressed and uploaded as the rows come, in bounded memory.
//!
//! A file shows in storage whole or not at all: small ones are put at once, large ones are multipart uploads that are completed at the
//! end and aborted when the statement does not get there. How durable a finished file is, is the object store's promise.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use object_store::ObjectStore;
use object_store::path::Path;
use outflow_core::manifest::Meta;
use outflow_core::statement::UnloadStatement;
use outflow_core::{Error, Result};
use outflow_storage::from_object_store;

use super::chunks::Chunks;
use super::encode::Layout;
use super::measure::Size;
use super::progress::Meter;
use super::row_groups::RowGroups;
use super::upload::Upload;

/// A file that is being written.
pub(super) struct FileWriter {
    key: Path,
    body: Body,
    upload: Upload,
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
        Ok(match Layout::new(statement) {
            Some(layout) => {
                let header_records = layout.header_records();
                (Self::Text(Box::new(Chunks::new(Arc::new(layout), statement, schema))), header_records)
            }
            None => (Self::Parquet(Box::new(RowGroups::new(statement, schema)?)), 0),
        })
    }

    async fn push(&mut self, batch: &RecordBatch, size: Size) -> Result<Vec<Bytes>> {
        match self {
            Self::Text(chunks) => chunks.push(batch, size).await,
            Self::Parquet(row_groups) => row_groups.push(batch, size).await,
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
        Ok(Self { upload: Upload::new(store, key.clone()), key, body, header_records, rows: 0, bytes: 0, meter })
    }

    /// Writes rows of that size.
    ///
    /// # Errors
    /// Storage's; `query_failed` for a value that the file cannot hold; or `internal`. Then the file is to be aborted.
    pub(super) async fn write(&mut self, batch: &RecordBatch, size: Size) -> Result<()> {
        let ready = self.body.push(batch, size).await?;
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
    /// As [`FileWriter::write`]; then the file is not there, and is to be aborted too.
    pub(super) async fn finish(&mut self) -> Result<WrittenFile> {
        let last = self.body.finish().await?;
        self.put(last).await?;
        self.upload.finish().await.map_err(|error| self.failed(error))?;
        let meta = Meta { content_length: self.bytes, record_count: self.rows + self.header_records };
        Ok(WrittenFile { key: self.key.clone(), meta, rows: self.rows })
    }

    /// Gives the file up, also while it ends.
    pub(super) async fn abort(&mut self) {
        self.upload.abort().await;
    }

    async fn put(&mut self, pieces: Vec<Bytes>) -> Result<()> {
        for piece in pieces {
            let length = piece.len() as u64;
            self.upload.put(piece).await.map_err(|error| self.failed(error))?;
            self.bytes += length;
            self.meter.add_bytes(length);
        }
        Ok(())
    }

    fn failed(&self, error: object_store::Error) -> Error {
        from_object_store(error, &format!("writing `{}`", self.key))
    }
}
