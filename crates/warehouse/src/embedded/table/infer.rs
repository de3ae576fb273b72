//! The columns of text files and their types, from a look at all that is in them.
//!
//! A type is taken only when every value survives it: `007`, a number of twenty digits, and a long number beside one with a fraction stay
//! text. Files are read as streams, a row at a time; nothing of them is kept but what the columns are and how large rows get.

mod csv;
mod guess;
mod json;
mod rows;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::error::DataFusionError;
use outflow_core::{Code, Error, Result};
use tokio_util::sync::CancellationToken;

use super::super::error::from_reading;

pub(super) use self::csv::csv;
pub(super) use self::json::json_lines;
pub(super) use self::rows::{MOST_ROWS, rows_of};

/// The largest row that is read, in bytes. Without a bound, a quote that is never closed would make a row of all the rest.
const MAX_ROW: usize = 64 << 20;

/// How many rows are looked at between two looks at whether anybody still waits.
const ROWS_BETWEEN_LOOKS: u64 = 1_024;

/// What a look at a table's files tells.
#[derive(Debug)]
pub(super) struct Inferred {
    pub(super) schema: SchemaRef,
    /// How many rows are to be read at once, so that memory stays bounded.
    pub(super) batch_rows: usize,
}

/// Text files of one table.
#[derive(Debug)]
pub(super) struct TextFiles {
    pub(super) paths: Vec<PathBuf>,
    /// As messages name them.
    pub(super) names: Vec<String>,
    pub(super) compression: FileCompressionType,
    /// Set when nobody waits any more.
    pub(super) stop: CancellationToken,
}

impl TextFiles {
    fn iter(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.paths.iter().map(PathBuf::as_path).zip(self.names.iter().map(String::as_str))
    }

    fn open(&self, path: &Path, name: &str) -> Result<BufReader<Box<dyn Read + Send>>> {
        let opened = File::open(path).map_err(DataFusionError::from);
        let read = opened.and_then(|file| self.compression.convert_read(BufReader::new(file)));
        Ok(BufReader::with_capacity(64 << 10, read.map_err(|error| from_reading(error, name))?))
    }

    /// Fails when nobody waits any more; looks at every so many rows alone.
    fn look(&self, row: u64) -> Result<()> {
        if row.is_multiple_of(ROWS_BETWEEN_LOOKS) && self.stop.is_cancelled() {
            return Err(Error::new(Code::WarehouseUnavailable, "looking at the table's files was given up"));
        }
        Ok(())
    }
}

/// What to say of a file with that problem.
pub(super) fn unreadable(name: &str, problem: impl AsRef<str>) -> Error {
    Error::new(Code::TableUnreadable, format!("`{name}` cannot be read: {}", problem.as_ref()))
}

/// What to say of a line that is not UTF-8; `start` is the beginning of it.
fn not_utf8(line: u64, start: &[u8]) -> String {
    match start {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it is in UTF-16; save it as UTF-8".to_owned(),
        _ => format!("line {line} is not UTF-8; save the file as UTF-8"),
    }
}

#[cfg(test)]
mod tests;
