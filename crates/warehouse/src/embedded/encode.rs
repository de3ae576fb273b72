//! Rows become bytes: one encoder for each format, the same for every file of a statement.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use outflow_core::options::Format;
use outflow_core::statement::UnloadStatement;
use outflow_core::{Code, Error, Result};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::csv::Csv;
use super::json;

/// A row group is closed when it has so many bytes, as UNLOAD's default `ROWGROUPSIZE` says.
const ROW_GROUP: usize = 32 << 20;

/// What a Parquet file begins with, in bytes; it leaves with the first row group, which need not be copied behind it then.
const MAGIC: usize = 4;

/// Encodes one file.
pub(super) enum Encoder {
    Csv { csv: Csv, header: bool, is_begun: bool },
    Json,
    Parquet(Box<ArrowWriter<Vec<u8>>>),
}

impl Encoder {
    /// For a file of that statement.
    ///
    /// # Errors
    /// `query_invalid` for a column that Parquet has no type for.
    pub(super) fn new(statement: &UnloadStatement, schema: &SchemaRef) -> Result<Self> {
        Ok(match statement.format {
            Format::Csv | Format::Text => {
                let csv = Csv::new(statement.delimiter, statement.null_as.clone());
                Self::Csv { csv, header: statement.header, is_begun: false }
            }
            Format::Json => Self::Json,
            Format::Parquet => {
                let properties = WriterProperties::builder()
                    .set_compression(Compression::SNAPPY)
                    // Statistics of pages stay in memory until the end of the file; such a result is read from its beginning to its end.
                    .set_statistics_enabled(EnabledStatistics::Chunk)
                    .set_offset_index_disabled(true)
                    .set_created_by(format!("outflow {}", env!("CARGO_PKG_VERSION")))
                    .build();
                let writer = ArrowWriter::try_new(Vec::new(), SchemaRef::clone(schema), Some(properties)).map_err(|error| {
                    Error::new(Code::QueryInvalid, "a column has a type that Parquet cannot hold; cast it to another")
                        .with_source(error)
                })?;
                Self::Parquet(Box::new(writer))
            }
        })
    }

    /// Appends the rows to `out`, as far as they are encoded already.
    ///
    /// # Errors
    /// Only `internal`.
    pub(super) fn write(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::Csv { csv, header, is_begun } => {
                if *header && !*is_begun {
                    csv.write_header(batch.schema_ref(), out);
                }
                *is_begun = true;
                csv.write(batch, out)
            }
            Self::Json => json::write_batch(batch, out),
            Self::Parquet(writer) => {
                writer.write(batch).map_err(failed)?;
                if writer.in_progress_size() >= ROW_GROUP {
                    writer.flush().map_err(failed)?;
                }
                // The writer ends a row group by itself after a million rows, however few bytes they are.
                if writer.inner().len() > MAGIC {
                    take_written(writer, out);
                }
                Ok(())
            }
        }
    }

    /// Appends what ends the file.
    ///
    /// # Errors
    /// Only `internal`.
    pub(super) fn finish(&mut self, schema: &SchemaRef, out: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::Csv { csv, header: true, is_begun: false } => csv.write_header(schema, out),
            Self::Csv { .. } | Self::Json => {}
            Self::Parquet(writer) => {
                writer.finish().map_err(failed)?;
                take_written(writer, out);
            }
        }
        Ok(())
    }

    /// How many bytes are held back in the encoder.
    pub(super) fn held_back(&self) -> usize {
        match self {
            Self::Csv { .. } | Self::Json => 0,
            Self::Parquet(writer) => writer.in_progress_size(),
        }
    }

    /// The lines before the first row, which the manifest counts as records.
    pub(super) fn header_records(&self) -> u64 {
        match self {
            Self::Csv { header, .. } => u64::from(*header),
            Self::Json | Self::Parquet(_) => 0,
        }
    }
}

/// Moves what the writer has written; copies only behind what is there already.
fn take_written(writer: &mut ArrowWriter<Vec<u8>>, out: &mut Vec<u8>) {
    // Room for the next row group at once: growing by doubling would hold it twice and a half.
    let mut written = std::mem::replace(writer.inner_mut(), Vec::with_capacity(ROW_GROUP + ROW_GROUP / 4));
    if out.is_empty() {
        *out = written;
    } else {
        out.append(&mut written);
    }
}

fn failed(error: ParquetError) -> Error {
    Error::new(Code::Internal, "the rows could not be written as Parquet").with_source(error)
}
