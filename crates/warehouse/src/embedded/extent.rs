//! How many bytes rows can become at most, so that a file ends before it is larger than `MAXFILESIZE`.
//!
//! An upper bound, not a size: of text every byte could be quoted or escaped. Near the limit rows are written in ever smaller pieces, so a
//! file misses the limit by about what its last row was overrated.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Schema};
use outflow_core::options::{Compression, Format};
use outflow_core::statement::{MEGABYTE, UnloadStatement};

/// The size at which UNLOAD goes on in the next file when nothing is said.
const DEFAULT_SIZE: u64 = 6_200 * MEGABYTE;
/// Of which Parquet files are a multiple.
const PARQUET_STEP: u64 = 32 * MEGABYTE;
/// The most bytes that one byte of text becomes in JSON: `\u0001`.
const JSON_ESCAPED: u64 = 6;

/// The bound of a statement's files.
#[derive(Debug)]
pub(super) struct Extent {
    /// Where a file ends.
    limit: u64,
    header: u64,
    /// The bytes of a row beside those of its texts.
    per_row: u64,
    /// What a byte of text becomes at most.
    per_byte: u64,
    is_nested: bool,
}

impl Extent {
    /// For the files of a statement with these columns.
    pub(super) fn new(statement: &UnloadStatement, schema: &Schema) -> Self {
        let is_json = statement.format == Format::Json;
        let names = |per_byte: u64| schema.fields().iter().map(|field| per_byte * field.name().len() as u64 + 5).sum::<u64>();
        let null_as = statement.null_as.as_ref().map_or(4, |text| 2 * text.len().max(2) as u64);
        let per_row = match &statement.fixed_width {
            Some(widths) => widths.columns().iter().map(|column| u64::from(column.width)).sum::<u64>() + 1,
            None => {
                let widths = schema.fields().iter().map(|field| width(field.data_type()).max(null_as) + 3);
                widths.sum::<u64>() + 3 + if is_json { names(JSON_ESCAPED) } else { 0 }
            }
        };
        Self {
            limit: limit(statement),
            header: if statement.header { names(2) } else { 0 },
            per_row,
            per_byte: match (&statement.fixed_width, is_json) {
                (Some(_), _) => 0,
                (None, true) => JSON_ESCAPED,
                (None, false) => 2,
            },
            is_nested: statement.fixed_width.is_none() && schema.fields().iter().any(|field| field.data_type().is_nested()),
        }
    }

    /// How many of the rows, from the first on, are sure to fit into a file that has `size` bytes already.
    pub(super) fn fitting(&self, batch: &RecordBatch, size: u64) -> usize {
        let header = if size == 0 { self.header } else { 0 };
        let room = self.limit.saturating_sub(size).saturating_sub(header);
        let mut rows = batch.num_rows();
        // Far from the limit it is not looked at closely.
        if !self.is_nested && self.of_rows(rows).saturating_add(batch.get_array_memory_size() as u64 * self.per_byte) <= room {
            return rows;
        }
        while rows > 0 && self.most(&batch.slice(0, rows)) > room {
            rows /= 2;
        }
        rows
    }

    fn of_rows(&self, rows: usize) -> u64 {
        (rows as u64).saturating_mul(self.per_row)
    }

    fn most(&self, batch: &RecordBatch) -> u64 {
        let texts = batch.columns().iter().map(|array| match array.data_type().is_nested() {
            true => 2 * nested(array.as_ref()),
            false => text_bytes(array.as_ref()).saturating_mul(self.per_byte),
        });
        texts.fold(self.of_rows(batch.num_rows()), u64::saturating_add)
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

/// The most bytes of a value that is no text.
fn width(data_type: &DataType) -> u64 {
    use DataType::*;
    match data_type {
        Boolean => 5,
        Int16 => 6,
        Int32 => 11,
        Int64 => 20,
        Float32 | Float64 => 26,
        Decimal128(..) => 42,
        Decimal256(..) => 80,
        Date32 => 20,
        Time64(_) => 20,
        Timestamp(..) => 40,
        // The quotes.
        _ => 2,
    }
}

/// The bytes of all texts of an array; of binary values twice as many, as they are written.
fn text_bytes(array: &dyn Array) -> u64 {
    let between = |first: Option<u64>, last: Option<u64>| last.unwrap_or(0) - first.unwrap_or(0);
    let small = |offsets: &[i32]| {
        between(offsets.first().map(|first| first.unsigned_abs().into()), offsets.last().map(|last| last.unsigned_abs().into()))
    };
    let large = |offsets: &[i64]| {
        between(offsets.first().map(|first| first.unsigned_abs()), offsets.last().map(|last| last.unsigned_abs()))
    };
    match array.data_type() {
        DataType::Utf8 => small(array.as_string::<i32>().value_offsets()),
        DataType::LargeUtf8 => large(array.as_string::<i64>().value_offsets()),
        DataType::Binary => 2 * small(array.as_binary::<i32>().value_offsets()),
        DataType::LargeBinary => 2 * large(array.as_binary::<i64>().value_offsets()),
        // The length is the lower half of a view.
        DataType::Utf8View => array.as_string_view().views().iter().map(|view| u64::from(*view as u32)).sum(),
        DataType::BinaryView => array.as_binary_view().views().iter().map(|view| 2 * u64::from(*view as u32)).sum(),
        _ => 0,
    }
}

/// The most bytes of lists and structures as JSON.
fn nested(array: &dyn Array) -> u64 {
    let rows = array.len() as u64;
    match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let offsets = list.value_offsets();
            let (first, last) = (offsets.first().copied().unwrap_or(0) as usize, offsets.last().copied().unwrap_or(0) as usize);
            let values = list.values().slice(first, last - first);
            nested(values.as_ref()) + 6 * rows
        }
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns().iter().zip(fields);
            let each =
                columns.map(|(column, field)| nested(column.as_ref()) + rows * (JSON_ESCAPED * field.name().len() as u64 + 4));
            each.sum::<u64>() + 6 * rows
        }
        other => rows * (width(other).max(4) + 3) + JSON_ESCAPED * text_bytes(array),
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
