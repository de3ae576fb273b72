//! The body of a text file: rows are gathered to chunks, and chunks are encoded and compressed side by side, on threads of their own. What
//! is ready comes out in the order in which the rows came.
//!
//! Memory is bounded in bytes: fewer than [`SIDE_BY_SIDE`] chunks are in work when rows are taken, each of about [`CHUNK`] bytes of text.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use bytes::Bytes;
use outflow_core::statement::UnloadStatement;
use outflow_core::{Code, Error, Result};
use tokio::task::{JoinHandle, spawn_blocking};

use super::compress::{Compressor, Stream};
use super::encode::Layout;
use super::measure::{Measure, Size};
use super::text::buffer::Buffer;
use super::text::rooms::Rooms;

/// How much text goes into one chunk, that is, into one gzip member of a long file.
const CHUNK: u64 = 2 << 20;
/// How many chunks are in work at once: one for each of two cores, and others that wait for a core while rows are slow to come.
const SIDE_BY_SIDE: usize = 4;
/// Up to here a whole file is made at once: handing it to another thread would take longer.
const AT_ONCE: u64 = 256 << 10;

/// The body of one file.
pub(super) struct Chunks {
    layout: Arc<Layout>,
    compressor: Compressor,
    measure: Measure,
    /// What comes before the first row, until that is written.
    head: Vec<u8>,
    gathered: Vec<RecordBatch>,
    gathered_size: Size,
    in_work: VecDeque<Chunk>,
    /// The one frame of a file whose readers may stop at the first; begun with the second chunk.
    stream: Option<Stream>,
    is_begun: bool,
    rooms: Rooms,
    /// How much text goes into one chunk.
    chunk: u64,
}

/// A chunk in work.
struct Chunk {
    most: u64,
    made: JoinHandle<Result<Made>>,
}

/// What became of a chunk.
enum Made {
    /// Bytes of the file, and the room of their text.
    Member(Vec<u8>, Buffer),
    /// Text: bytes of the file, or of its one frame.
    Text(Buffer),
}

impl Chunks {
    /// The body of a file of that statement.
    pub(super) fn new(layout: Arc<Layout>, statement: &UnloadStatement, schema: &Schema) -> Self {
        Self {
            compressor: Compressor::new(statement.compression, statement.format),
            measure: Measure::new(statement, schema),
            head: layout.head(schema),
            layout,
            gathered: Vec::new(),
            gathered_size: Size::default(),
            in_work: VecDeque::new(),
            stream: None,
            is_begun: false,
            rooms: Rooms::default(),
            chunk: CHUNK,
        }
    }

    /// Takes rows of that size; gives what is ready.
    ///
    /// # Errors
    /// As [`Layout::write`].
    pub(super) async fn push(&mut self, batch: &RecordBatch, size: Size) -> Result<Vec<Bytes>> {
        let mut ready = Vec::new();
        let rows = batch.num_rows();
        // Rows may be long: no more of them are encoded at once than make about a chunk.
        let step = (rows as u64 * self.chunk / size.likely.max(1)).clamp(1, rows.max(1) as u64) as usize;
        for start in (0..rows).step_by(step) {
            let part = batch.slice(start, step.min(rows - start));
            self.gathered_size += if step < rows { self.measure.of(&part) } else { size };
            self.gathered.push(part);
            if self.gathered_size.likely >= self.chunk {
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
        let in_work: u64 = self.in_work.iter().map(|chunk| chunk.most).sum();
        self.head.len() as u64 + in_work + self.gathered_size.most + self.stream.as_ref().map_or(0, Stream::held_back)
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
        if !self.is_begun && self.gathered_size.most <= AT_ONCE {
            let (head, gathered) = (std::mem::take(&mut self.head), std::mem::take(&mut self.gathered));
            let text = encode(&self.layout, &head, &gathered, self.gathered_size.likely, Buffer::default())?;
            return Ok(vec![self.compressor.whole(text.into_bytes())?.into()]);
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

    fn begin_chunk(&mut self) {
        let (layout, compressor) = (Arc::clone(&self.layout), self.compressor);
        let (head, gathered) = (std::mem::take(&mut self.head), std::mem::take(&mut self.gathered));
        let size = std::mem::take(&mut self.gathered_size);
        self.is_begun = true;
        let room = self.rooms.take();
        let made = spawn_blocking(move || {
            let text = encode(&layout, &head, &gathered, size.likely, room)?;
            Ok(match compressor.member(text.written()) {
                Some(member) => Made::Member(member?, text),
                None => Made::Text(text),
            })
        });
        self.in_work.push_back(Chunk { most: size.most, made });
    }

    /// The chunk that was begun first.
    async fn next(&mut self) -> Result<Bytes> {
        let Some(chunk) = self.in_work.pop_front() else { return Ok(Bytes::new()) };
        let text = match chunk.made.await.map_err(stopped)?? {
            Made::Member(member, text) => {
                self.rooms.give(text);
                return Ok(member.into());
            }
            Made::Text(text) => text,
        };
        let Some(stream) = self.stream.take().map_or_else(|| self.compressor.stream(), |stream| Some(Ok(stream))) else {
            return Ok(self.rooms.lend(text));
        };
        let mut stream = stream?;
        let push = move || stream.push(text.written()).map(|piece| (stream, piece, text));
        let (stream, piece, text) = blocking(push).await?;
        self.stream = Some(stream);
        self.rooms.give(text);
        Ok(piece.into())
    }
}

/// The text of rows that were measured so, in the room of another text.
fn encode(layout: &Layout, head: &[u8], batches: &[RecordBatch], likely: u64, mut text: Buffer) -> Result<Buffer> {
    text.reserve(usize::try_from(likely).unwrap_or_default());
    text.extend(head);
    for batch in batches {
        layout.write(batch, &mut text)?;
    }
    Ok(text)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    spawn_blocking(work).await.map_err(stopped)?
}

fn stopped(error: tokio::task::JoinError) -> Error {
    Error::new(Code::Internal, "encoding the result stopped in the middle").with_source(error)
}

#[cfg(test)]
mod tests;
