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

use super::compress::{CHUNK, Compressor};
use super::encode::Encoder;
use super::progress::Meter;

/// The size of a part, well over the 5 MiB that S3 demands, and how many are on their way at once.
const PART: usize = 8 << 20;
const PARTS_AT_ONCE: usize = 2;

/// A file that is being written.
pub(super) struct FileWriter {
    key: Path,
    schema: SchemaRef,
    encoder: Encoder,
    compressor: Compressor,
    upload: BufWriter,
    pending: Vec<u8>,
    rows: u64,
    bytes: u64,
    meter: Arc<Meter>,
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

impl FileWriter {
    /// A file at that key; nothing is written before the first row.
    ///
    /// # Errors
    /// As the encoder's.
    pub(super) fn new(
        store: Arc<dyn ObjectStore>,
        key: Path,
        statement: &UnloadStatement,
        schema: &SchemaRef,
        meter: Arc<Meter>,
    ) -> Result<Self> {
        Ok(Self {
            upload: BufWriter::with_capacity(store, key.clone(), PART).with_max_concurrency(PARTS_AT_ONCE),
            key,
            schema: SchemaRef::clone(schema),
            encoder: Encoder::new(statement, schema)?,
            compressor: Compressor::new(statement.compression),
            pending: Vec::new(),
            rows: 0,
            bytes: 0,
            meter,
        })
    }

    /// Writes rows.
    ///
    /// # Errors
    /// Storage's, or `internal`; then the file is to be aborted.
    pub(super) async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let rows = batch.num_rows();
        // Rows may be long: no more of them are encoded at once than make about a chunk.
        let step = (rows * CHUNK / batch.get_array_memory_size().max(1)).clamp(16, rows.max(16));
        for start in (0..rows).step_by(step) {
            let part = batch.slice(start, step.min(rows - start));
            self.encoder.write(&part, &mut self.pending)?;
            self.rows += part.num_rows() as u64;
            self.meter.add_rows(part.num_rows() as u64);
            // Nothing is cut off at the end: of text there is hardly more, and a row group of Parquet is not copied for it.
            if self.pending.len() >= CHUNK {
                let chunk = std::mem::take(&mut self.pending);
                let ready = self.compressor.push(chunk).await?;
                self.put(ready).await?;
            }
        }
        Ok(())
    }

    /// The size that the file would have, at most, if it ended here.
    pub(super) fn size(&self) -> u64 {
        self.bytes + (self.pending.len() + self.encoder.held_back()) as u64
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
        let records = self.rows + self.encoder.header_records();
        let meta = Meta { content_length: self.bytes, record_count: records };
        Ok(WrittenFile { key: self.key, meta, rows: self.rows })
    }

    /// Gives the file up. What storage cannot be told now, it must forget by itself.
    pub(super) async fn abort(&mut self) {
        if let Err(error) = self.upload.abort().await {
            tracing::warn!(key = %self.key, %error, "an upload could not be aborted");
        }
    }

    async fn write_end(&mut self) -> Result<()> {
        self.encoder.finish(&self.schema, &mut self.pending)?;
        let last = std::mem::take(&mut self.pending);
        for piece in self.compressor.finish(last).await? {
            self.put(piece).await?;
        }
        Ok(())
    }

    async fn put(&mut self, piece: Bytes) -> Result<()> {
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
        Ok(())
    }

    fn failed(&self, error: object_store::Error) -> Error {
        from_object_store(error, &format!("writing `{}`", self.key))
    }
}
