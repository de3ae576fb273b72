//! The body of a Parquet file: the columns of a row group are encoded and compressed side by side, on threads of their own.
//!
//! Rows are gathered to blocks; while a block is encoded, the next is gathered. Memory is bounded by two blocks and two row groups, of which one is hardly begun.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, SchemaRef};
use bytes::Bytes;
use outflow_core::statement::UnloadStatement;
use outflow_core::{Code, Error, Result};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::Compression;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use tokio::task::{JoinHandle, spawn_blocking};

use super::measure::Size;

/// A row group is closed when it has so many MiB, unless `ROWGROUPSIZE` says otherwise.
const ROW_GROUP_MB: u32 = 32;
/// A row group has no more rows than this, however few bytes they are.
const ROW_GROUP_ROWS: usize = 1 << 20;
/// How many bytes of rows are encoded at once, and how many rows.
const BLOCK: usize = 16 << 20;
const BLOCK_ROWS: usize = 1 << 16;
/// How many threads share the columns of a block.
const SIDE_BY_SIDE: usize = 2;

/// What a Parquet file begins with, in bytes; it leaves with the first row group.
const MAGIC: usize = 4;

/// The body of one file.
pub(super) struct RowGroups {
    file: SerializedFileWriter<Vec<u8>>,
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    /// How many bytes a row group gets.
    size: usize,
    /// The row group that is open: its columns, unless they are in work.
    columns: Vec<Column>,
    rows: usize,
    begun: usize,
    gathered: Vec<RecordBatch>,
    gathered_size: usize,
    gathered_rows: usize,
    in_work: Vec<JoinHandle<ParquetResult<Vec<Column>>>>,
    in_work_size: usize,
    /// The row group before, which is closed while rows of the next are encoded already.
    closing: Vec<JoinHandle<ParquetResult<Vec<Closed>>>>,
    closing_size: usize,
}

/// The number of a column and what became of it.
type Closed = (usize, Vec<ArrowColumnChunk>);

/// One column of a row group.
struct Column {
    number: usize,
    field: Arc<Field>,
    /// The writers of its leaves, which are several where it is nested.
    leaves: Vec<ArrowColumnWriter>,
    /// How long it took to encode so far.
    took: Duration,
}

impl RowGroups {
    /// The body of a file of that statement.
    ///
    /// # Errors
    /// `query_invalid` for a column that Parquet has no type for.
    pub(super) fn new(statement: &UnloadStatement, schema: &SchemaRef) -> Result<Self> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            // Statistics of pages stay in memory until the end of the file; such a result is read from its beginning to its end.
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_created_by(format!("outflow {}", env!("CARGO_PKG_VERSION")))
            .build();
        let writer = ArrowWriter::try_new(Vec::new(), SchemaRef::clone(schema), Some(properties));
        let (file, factory) = writer.and_then(ArrowWriter::into_serialized_writer).map_err(|error| {
            Error::new(Code::QueryInvalid, "a column has a type that Parquet cannot hold; cast it to another").with_source(error)
        })?;
        let size = statement.row_group_size_mb.unwrap_or(ROW_GROUP_MB) as usize;
        Ok(Self {
            file,
            factory,
            schema: SchemaRef::clone(schema),
            size: size << 20,
            columns: Vec::new(),
            rows: 0,
            begun: 0,
            gathered: Vec::new(),
            gathered_size: 0,
            gathered_rows: 0,
            in_work: Vec::new(),
            in_work_size: 0,
            closing: Vec::new(),
            closing_size: 0,
        })
    }

    /// Takes rows of that size; gives what is ready.
    ///
    /// # Errors
    /// Only `internal`.
    pub(super) async fn push(&mut self, batch: &RecordBatch, size: Size) -> Result<Vec<Bytes>> {
        self.gathered_size += usize::try_from(size.likely).unwrap_or(BLOCK);
        self.gathered_rows += batch.num_rows();
        self.gathered.push(batch.clone());
        if self.gathered_size < BLOCK && self.gathered_rows < BLOCK_ROWS {
            return Ok(Vec::new());
        }
        let ready = self.settle().await?;
        self.begin_block().map_err(failed)?;
        Ok(ready)
    }

    /// How many bytes may still come of what was taken, about at most.
    pub(super) fn held_back(&self) -> u64 {
        (self.open_size() + self.in_work_size + self.gathered_size + self.closing_size) as u64
    }

    /// Encodes all that was taken so far; gives what is ready. What is in the open row group is known then, but stays.
    ///
    /// # Errors
    /// Only `internal`.
    pub(super) async fn flush(&mut self) -> Result<Vec<Bytes>> {
        let mut ready = self.settle().await?;
        if !self.gathered.is_empty() {
            self.begin_block().map_err(failed)?;
            ready.append(&mut self.settle().await?);
        }
        Ok(ready)
    }

    /// Gives what is left, and what ends the file.
    ///
    /// # Errors
    /// Only `internal`.
    pub(super) async fn finish(&mut self) -> Result<Vec<Bytes>> {
        let mut ready = self.flush().await?;
        if !self.columns.is_empty() {
            self.begin_closing();
        }
        ready.extend(self.closed().await?);
        self.file.finish().map_err(failed)?;
        ready.push(std::mem::take(self.file.inner_mut()).into());
        Ok(ready)
    }

    fn open_size(&self) -> usize {
        self.columns.iter().flat_map(|column| &column.leaves).map(ArrowColumnWriter::get_estimated_total_bytes).sum()
    }

    /// Hands what is gathered to the columns of the open row group.
    fn begin_block(&mut self) -> ParquetResult<()> {
        if self.columns.is_empty() {
            self.columns = columns(&self.schema, self.factory.create_column_writers(self.begun)?);
            self.begun += 1;
            self.rows = 0;
        }
        self.rows += std::mem::take(&mut self.gathered_rows);
        self.in_work_size = std::mem::take(&mut self.gathered_size) + self.open_size();
        let block = Arc::new(std::mem::take(&mut self.gathered));
        let mut columns = std::mem::take(&mut self.columns);
        // Those that take longest first: one that is begun last would be waited for alone.
        columns.sort_by_key(|column| Reverse(column.took));
        self.in_work = side_by_side(columns, move |mut column| {
            let begun = Instant::now();
            for batch in block.iter() {
                let leaves = compute_leaves(&column.field, batch.column(column.number))?;
                leaves.iter().zip(&mut column.leaves).try_for_each(|(leaf, writer)| writer.write(leaf))?;
            }
            column.took += begun.elapsed();
            Ok(column)
        });
        Ok(())
    }

    /// Waits for the block that is in work, and begins to close the row group if that made it full.
    async fn settle(&mut self) -> Result<Vec<Bytes>> {
        if self.in_work.is_empty() {
            return Ok(Vec::new());
        }
        let ready = self.closed().await?;
        self.columns = joined(&mut self.in_work).await?;
        self.columns.sort_unstable_by_key(|column| column.number);
        self.in_work_size = 0;
        if self.open_size() >= self.size || self.rows >= ROW_GROUP_ROWS {
            self.begin_closing();
        }
        Ok(ready.into_iter().collect())
    }

    fn begin_closing(&mut self) {
        self.closing_size = self.open_size();
        self.closing = side_by_side(std::mem::take(&mut self.columns), |column| {
            let chunks: ParquetResult<Vec<_>> = column.leaves.into_iter().map(ArrowColumnWriter::close).collect();
            Ok((column.number, chunks?))
        });
    }

    /// The row group that was being closed, if there is one, as it stands in the file.
    async fn closed(&mut self) -> Result<Option<Bytes>> {
        if self.closing.is_empty() {
            return Ok(None);
        }
        let mut closed = joined(&mut self.closing).await?;
        self.closing_size = 0;
        closed.sort_unstable_by_key(|(number, _)| *number);
        let mut append = || {
            let mut row_group = self.file.next_row_group()?;
            for chunk in closed.drain(..).flat_map(|(_, chunks)| chunks) {
                chunk.append_to_row_group(&mut row_group)?;
            }
            row_group.close().map(|_| ())
        };
        append().map_err(failed)?;
        // Room for the next row group at once: growing by doubling would hold it twice and a half.
        let room = Vec::with_capacity(self.size + self.size / 4);
        let written = std::mem::replace(self.file.inner_mut(), room);
        Ok((written.len() > MAGIC).then(|| written.into()))
    }
}

/// The writers of a row group by columns.
fn columns(schema: &SchemaRef, writers: Vec<ArrowColumnWriter>) -> Vec<Column> {
    let mut writers = writers.into_iter();
    let fields = schema.fields().iter().enumerate();
    fields
        .map(|(number, field)| {
            let leaves = writers.by_ref().take(leaves(field.data_type())).collect();
            Column { number, field: Arc::clone(field), leaves, took: Duration::ZERO }
        })
        .collect()
}

fn leaves(data_type: &DataType) -> usize {
    match data_type {
        DataType::List(item) => leaves(item.data_type()),
        DataType::Struct(fields) => fields.iter().map(|field| leaves(field.data_type())).sum(),
        _ => 1,
    }
}

/// Does the same to each column, on a few threads that take one after the other.
fn side_by_side<T: Send + 'static>(
    columns: Vec<Column>,
    work: impl Fn(Column) -> ParquetResult<T> + Send + Sync + 'static,
) -> Vec<JoinHandle<ParquetResult<Vec<T>>>> {
    let waiting = Arc::new(Mutex::new(VecDeque::from(columns)));
    let work = Arc::new(work);
    let threads = (0..SIDE_BY_SIDE).map(|_| {
        let (waiting, work) = (Arc::clone(&waiting), Arc::clone(&work));
        spawn_blocking(move || {
            let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            std::iter::from_fn(next).map(|column| work(column)).collect()
        })
    });
    threads.collect()
}

async fn joined<T>(threads: &mut Vec<JoinHandle<ParquetResult<Vec<T>>>>) -> Result<Vec<T>> {
    let mut done = Vec::new();
    for thread in threads.drain(..) {
        let part = thread
            .await
            .map_err(|error| Error::new(Code::Internal, "encoding the result stopped in the middle").with_source(error))?;
        done.append(&mut part.map_err(failed)?);
    }
    Ok(done)
}

fn failed(error: ParquetError) -> Error {
    Error::new(Code::Internal, "the rows could not be written as Parquet").with_source(error)
}

#[cfg(test)]
mod tests;
