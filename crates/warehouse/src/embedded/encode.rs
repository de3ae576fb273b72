//! Rows become text: one layout for all files of a statement, and the same for each batch, so that batches are encoded side by side.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use outflow_core::Result;
use outflow_core::options::Format;
use outflow_core::statement::UnloadStatement;

use super::delimited::Delimited;
use super::fixed::Fixed;
use super::json;
use super::text::buffer::Buffer;

/// How the rows of a text file are laid out.
#[derive(Debug)]
pub(super) enum Layout {
    /// CSV and delimited text.
    Delimited {
        /// How a line is made.
        lines: Box<Delimited>,
        /// Whether the names of the columns come first.
        has_header: bool,
    },
    /// Columns of fixed widths.
    Fixed(Fixed),
    /// One JSON object a line.
    Json,
}

impl Layout {
    /// The layout of a statement's files; none for Parquet, which is no text.
    pub(super) fn new(statement: &UnloadStatement) -> Option<Self> {
        Some(match (statement.format, &statement.fixed_width) {
            (Format::Parquet, _) => return None,
            (Format::Json, _) => Self::Json,
            (Format::Text, Some(widths)) => Self::Fixed(Fixed::new(widths, statement.null_as.as_deref())),
            (Format::Csv | Format::Text, _) => {
                Self::Delimited { lines: Box::new(Delimited::new(statement)), has_header: statement.header }
            }
        })
    }

    /// What comes before the first row.
    pub(super) fn head(&self, schema: &Schema) -> Vec<u8> {
        let mut head = Vec::new();
        if let Self::Delimited { lines, has_header: true } = self {
            lines.write_header(schema, &mut head);
        }
        head
    }

    /// The lines before the first row, which the manifest counts as records.
    pub(super) fn header_records(&self) -> u64 {
        match self {
            Self::Delimited { has_header, .. } => u64::from(*has_header),
            Self::Fixed(_) | Self::Json => 0,
        }
    }

    /// Writes rows.
    ///
    /// # Errors
    /// `query_failed` for a value that is longer than its fixed width; else only `internal`.
    pub(super) fn write(&self, batch: &RecordBatch, out: &mut Buffer) -> Result<()> {
        match self {
            Self::Delimited { lines, .. } => lines.write(batch, out),
            Self::Fixed(fixed) => fixed.write(batch, out),
            Self::Json => json::write_batch(batch, out),
        }
    }
}
