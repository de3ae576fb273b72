//! Where a file ends, so that it is not larger than `MAXFILESIZE`.
//!
//! By an upper bound, not a size: of text every byte could be quoted or escaped. Near the limit rows are written in ever smaller pieces, so a
//! file misses the limit by about what its last row was overrated.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use outflow_core::options::{Compression, Format};
use outflow_core::statement::{MEGABYTE, UnloadStatement};

use super::measure::{Measure, Size};

/// The size at which UNLOAD goes on in the next file when nothing is said.
const DEFAULT_SIZE: u64 = 6_200 * MEGABYTE;
/// Of which Parquet files are a multiple.
const PARQUET_STEP: u64 = 32 * MEGABYTE;

/// The bound of a statement's files.
#[derive(Debug)]
pub(super) struct Extent {
    /// Where a file ends.
    limit: u64,
    header: u64,
    measure: Measure,
}

impl Extent {
    /// For the files of a statement with these columns.
    pub(super) fn new(statement: &UnloadStatement, schema: &Schema) -> Self {
        let names = schema.fields().iter().map(|field| 2 * field.name().len() as u64 + 5);
        Self {
            limit: limit(statement),
            header: if statement.header { names.sum() } else { 0 },
            measure: Measure::new(statement, schema),
        }
    }

    /// The size of rows as they are written.
    pub(super) fn measure(&self, rows: &RecordBatch) -> Size {
        self.measure.of(rows)
    }

    /// Whether rows of that size are sure to fit into a file that has `size` bytes already.
    pub(super) fn has_room(&self, size: u64, rows: Size) -> bool {
        rows.most <= self.room(size)
    }

    /// How many of the rows, from the first on, are sure to fit.
    pub(super) fn fitting(&self, batch: &RecordBatch, size: u64) -> usize {
        let mut rows = batch.num_rows();
        while rows > 0 && !self.has_room(size, self.measure(&batch.slice(0, rows))) {
            rows /= 2;
        }
        rows
    }

    fn room(&self, size: u64) -> u64 {
        let header = if size == 0 { self.header } else { 0 };
        self.limit.saturating_sub(size).saturating_sub(header)
    }
}

/// The size at which a file of the statement ends.
fn limit(statement: &UnloadStatement) -> u64 {
    let asked = statement.max_file_size.unwrap_or(DEFAULT_SIZE);
    match (statement.format, statement.compression) {
        (Format::Parquet, _) => (asked / PARQUET_STEP).max(1) * PARQUET_STEP,
        (_, Compression::None) => asked,
        // What cannot be compressed becomes a little larger.
        _ => asked - asked / 64 - (64 << 10),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray, StringViewArray};

    use super::*;

    fn statement(format: Format, compression: Compression, megabytes: Option<u64>) -> UnloadStatement {
        let max_file_size = megabytes.map(|megabytes| megabytes * MEGABYTE);
        UnloadStatement { format, compression, max_file_size, ..UnloadStatement::plain("", "") }
    }

    #[test]
    fn a_file_ends_where_it_is_said() {
        let cases = [
            (statement(Format::Csv, Compression::None, None), 6_200),
            (statement(Format::Text, Compression::None, Some(5)), 5),
            (statement(Format::Parquet, Compression::None, Some(200)), 192),
            (statement(Format::Parquet, Compression::None, Some(5)), 32),
            (statement(Format::Parquet, Compression::None, None), 6_176),
        ];
        for (statement, megabytes) in cases {
            assert_eq!(limit(&statement), megabytes * MEGABYTE, "{statement:?}");
        }
        let gzip = limit(&statement(Format::Csv, Compression::Gzip, Some(5)));
        assert!(gzip < 5 * MEGABYTE && gzip > 4_800_000, "{gzip}");
    }

    #[test]
    fn rows_fit_until_they_do_not() {
        let texts: Vec<String> = (0..1_000).map(|_| "x".repeat(10_000)).collect();
        for column in [Arc::new(StringArray::from(texts.clone())) as ArrayRef, Arc::new(StringViewArray::from(texts))] {
            let numbers = Arc::new(Int64Array::from_iter_values(0..1_000));
            let batch = RecordBatch::try_from_iter([("a", column), ("b", numbers as ArrayRef)]).unwrap();
            let extent = Extent::new(&statement(Format::Csv, Compression::None, Some(5)), &batch.schema());
            let first = extent.fitting(&batch, 0);
            assert!((120..=250).contains(&first), "{first}");
            assert_eq!(extent.fitting(&batch.slice(0, 10), 0), 10);
            assert_eq!(extent.fitting(&batch.slice(990, 10), 0), 10);
            assert_eq!(extent.fitting(&batch, 5 * MEGABYTE - 30_000), 1);
            assert_eq!(extent.fitting(&batch, 5 * MEGABYTE - 20_000), 0);
            assert_eq!(extent.fitting(&batch, 6 * MEGABYTE), 0);
        }
    }
}
