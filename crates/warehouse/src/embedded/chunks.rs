//! The body of a text file: rows are gathered to chunks, and chunks are encoded and compressed side by side, on threads of their own. What
//! is ready comes out in the order in which the rows came.
//!
//! Memory is bounded in bytes: fewer than [`SIDE_BY_SIDE`] chunks are in work when rows are taken, each of about [`CHUNK`] bytes of text.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use bytes::Bytes;
use outflow_core::options::Format;
use outflow_core::statement::UnloadStatement;
use outflow_core::{Code, Error, Result};
use tokio::task::{JoinHandle, spawn_blocking};

use super::compress::{Compressor, Stream};
use super::encode::Layout;
use super::text::buffer::Buffer;
use super::text::text_bytes;

/// How much text goes into one chunk, that is, into one gzip member of a long file.
const CHUNK: usize = 2 << 20;
/// How many chunks are in work at once: one for each of two cores, and one that waits for a core.
const SIDE_BY_SIDE: usize = 3;
/// Up to here a whole file is made at once: handing it to another thread would take longer.
const AT_ONCE: usize = 64 << 10;
/// What a value is taken to become beside its text, in bytes, when rows are measured.
const VALUE: usize = 8;
/// How many times its measure a chunk may become: in JSON a byte of text may be six.
const AT_MOST: u64 = 8;

/// The body of one file.
pub(super) struct Chunks {
    layout: Arc<Layout>,
    compressor: Compressor,
    /// What a row takes beside its texts, about.
    row_size: usize,
    /// What comes before the first row, until that is written.
    head: Vec<u8>,
    gathered: Vec<RecordBatch>,
    gathered_size: usize,
    in_work: VecDeque<Chunk>,
    /// The one frame of a file whose readers may stop at the first; begun with the second chunk.
    stream: Option<Stream>,
    is_begun: bool,
    /// How much text goes into one chunk.
    chunk: usize,
}

/// A chunk in work.
struct Chunk {
    size: usize,
    made: JoinHandle<Result<Vec<u8>>>,
}

impl Chunks {
    /// The body of a file of that statement.
    pub(super) fn new(layout: Arc<Layout>, statement: &UnloadStatement, schema: &Schema) -> Self {
        let names: usize = schema.fields().iter().map(|field| field.name().len() + 4).sum();
        Self {
            compressor: Compressor::new(statement.compression, statement.format),
            row_size: schema.fields().len() * VALUE + if statement.format == Format::Json { names } else { 0 },
            head: layout.head(schema),
            layout,
            gathered: Vec::new(),
            gathered_size: 0,
            in_work: VecDeque::new(),
            stream: None,
            is_begun: false,
            chunk: CHUNK,
        }
    }

    /// Takes rows; gives what is ready.
    ///
    /// # Errors
    /// As [`Layout::write`].
    pub(super) async fn push(&mut self, batch: &RecordBatch) -> Result<Vec<Bytes>> {
        let mut ready = Vec::new();
        let (rows, size) = (batch.num_rows(), self.measure(batch));
        // Rows may be long: no more of them are encoded at once than make about a chunk.
        let step = (rows * self.chunk / size.max(1)).clamp(1, rows.max(1));
        for start in (0..rows).step_by(step) {
            let part = batch.slice(start, step.min(rows - start));
            self.gathered_size += self.measure(&part);
            self.gathered.push(part);
            if self.gathered_size >= self.chunk {
                self.begin_chunk();
                while self.in_work.len() >= SIDE_BY_SIDE {
                    ready.push(self.next().await?);
                }
            }
        }
        Ok(ready)
    }

    /// How many bytes may still come of what was taken, at most.
    pub(super) fn held_back(&self) -> u64 {
        let in_work: usize = self.in_work.iter().map(|chunk| chunk.size).sum();
        let text = self.head.len() as u64 + (in_work + self.gathered_size) as u64 * AT_MOST;
        text + self.stream.as_ref().map_or(0, Stream::held_back)
    }

    /// Gives all that was taken so far.
    ///
    /// # Errors
    /// As [`Chunks::push`].
    pub(super) async fn flush(&mut self) -> Result<Vec<Bytes>> {
        let mut ready = self.all().await?;
        if let Some(stream) = self.stream.take() {
            let (stream, piece) = blocking(move || stream.flush()).await?;
            self.stream = Some(stream);
            ready.push(piece.into());
        }
        Ok(ready)
    }

    /// Gives what is left. Of no rows there is the head alone, and that is a whole file too.
    ///
    /// # Errors
    /// As [`Chunks::push`].
    pub(super) async fn finish(&mut self) -> Result<Vec<Bytes>> {
        if !self.is_begun && self.gathered_size <= AT_ONCE {
            let text =
                encode(&self.layout, std::mem::take(&mut self.head), &std::mem::take(&mut self.gathered), self.gathered_size)?;
            return Ok(vec![self.compressor.whole(text)?.into()]);
        }
        let mut ready = self.all().await?;
        if let Some(stream) = self.stream.take() {
            ready.push(blocking(move || stream.finish()).await?.into());
        }
        Ok(ready)
    }

    /// Ends what is gathered and in work.
    async fn all(&mut self) -> Result<Vec<Bytes>> {
        if !self.gathered.is_empty() {
            self.begin_chunk();
        }
        let mut ready = Vec::new();
        while !self.in_work.is_empty() {
            ready.push(self.next().await?);
        }
        Ok(ready)
    }

    fn measure(&self, batch: &RecordBatch) -> usize {
        let texts: usize = batch.columns().iter().map(|column| text_bytes(column.as_ref())).sum();
        texts + batch.num_rows() * self.row_size
    }

    fn begin_chunk(&mut self) {
        let (layout, compressor) = (Arc::clone(&self.layout), self.compressor);
        let (head, gathered) = (std::mem::take(&mut self.head), std::mem::take(&mut self.gathered));
        let size = std::mem::take(&mut self.gathered_size);
        self.is_begun = true;
        let made = spawn_blocking(move || compressor.chunk(encode(&layout, head, &gathered, size)?));
        self.in_work.push_back(Chunk { size, made });
    }

    /// The chunk that was begun first.
    async fn next(&mut self) -> Result<Bytes> {
        let Some(chunk) = self.in_work.pop_front() else { return Ok(Bytes::new()) };
        let made = chunk.made.await.map_err(stopped)??;
        let Some(stream) = self.stream.take().map_or_else(|| self.compressor.stream(), |stream| Some(Ok(stream))) else {
            return Ok(made.into());
        };
        let mut stream = stream?;
        let (stream, piece) = blocking(move || stream.push(&made).map(|piece| (stream, piece))).await?;
        self.stream = Some(stream);
        Ok(piece.into())
    }
}

/// The text of rows that were measured so.
fn encode(layout: &Layout, head: Vec<u8>, batches: &[RecordBatch], size: usize) -> Result<Vec<u8>> {
    let mut text = Buffer::with_room(size);
    text.extend(&head);
    for batch in batches {
        layout.write(batch, &mut text)?;
    }
    Ok(text.into_bytes())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    spawn_blocking(work).await.map_err(stopped)?
}

fn stopped(error: tokio::task::JoinError) -> Error {
    Error::new(Code::Internal, "encoding the result stopped in the middle").with_source(error)
}

#[cfg(test)]
mod tests;
