//! How many bytes rows become: about, so that chunks are of one size; and at most, so that a file ends before it is larger than
//! `MAXFILESIZE`.

use arrow::array::{Array, AsArray, OffsetSizeTrait, RecordBatch};
use arrow::datatypes::{DataType, Schema};
use outflow_core::options::Format;
use outflow_core::statement::UnloadStatement;

/// What a value is taken to become beside its text.
const VALUE: u64 = 8;
/// The most bytes that one byte of text becomes in JSON: `\u0001`.
const JSON_ESCAPED: u64 = 6;

/// Measures the rows of a statement.
#[derive(Debug, Clone)]
pub(super) struct Measure {
    /// The bytes of a row beside those of its texts, about and at most.
    row: Size,
    /// What a byte of text becomes at most; nothing where texts fill widths that rows have anyway.
    per_byte: u64,
    /// What stands for NULL.
    null: u64,
}

/// A number of bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// About so many.
    pub(super) likely: u64,
    /// At most so many.
    pub(super) most: u64,
}

impl std::ops::AddAssign for Size {
    fn add_assign(&mut self, other: Self) {
        self.likely = self.likely.saturating_add(other.likely);
        self.most = self.most.saturating_add(other.most);
    }
}

impl Measure {
    /// For the rows of a statement with these columns.
    pub(super) fn new(statement: &UnloadStatement, schema: &Schema) -> Self {
        if let Some(widths) = &statement.fixed_width {
            let row = widths.columns().iter().map(|column| u64::from(column.width)).sum::<u64>() + 1;
            return Self { row: Size { likely: row, most: row }, per_byte: 0, null: 0 };
        }
        let is_json = statement.format == Format::Json;
        let null = statement.null_as.as_ref().map_or(0, |text| text.len() as u64);
        let names = |per_byte: u64| match is_json {
            true => schema.fields().iter().map(|field| per_byte * field.name().len() as u64 + 4).sum::<u64>() + 2,
            false => 0,
        };
        let widths = schema.fields().iter().map(|field| width(field.data_type()).max(2 * null).max(4) + 3);
        Self {
            row: Size {
                likely: schema.fields().len() as u64 * VALUE + names(1),
                most: widths.sum::<u64>() + 3 + names(JSON_ESCAPED),
            },
            per_byte: if is_json { JSON_ESCAPED } else { 2 },
            null,
        }
    }

    /// The size of rows as they are written.
    pub(super) fn of(&self, batch: &RecordBatch) -> Size {
        let rows = batch.num_rows() as u64;
        let mut size = Size { likely: rows.saturating_mul(self.row.likely), most: rows.saturating_mul(self.row.most) };
        if self.per_byte == 0 {
            return size;
        }
        for array in batch.columns() {
            let nulls = self.null * array.null_count() as u64;
            size += match array.data_type().is_nested() {
                // In CSV the quotes of JSON are doubled.
                true => Size { likely: nested(array.as_ref()) / 2, most: 2 * nested(array.as_ref()) },
                false => {
                    let texts = text_bytes(array.as_ref());
                    Size { likely: texts + nulls, most: texts.saturating_mul(self.per_byte) }
                }
            };
        }
        size
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
    let sum = |lengths: &mut dyn Iterator<Item = u32>| lengths.map(u64::from).sum::<u64>();
    match array.data_type() {
        DataType::Utf8 => spanned(array.as_string::<i32>().value_offsets()),
        DataType::LargeUtf8 => spanned(array.as_string::<i64>().value_offsets()),
        DataType::Binary => 2 * spanned(array.as_binary::<i32>().value_offsets()),
        DataType::LargeBinary => 2 * spanned(array.as_binary::<i64>().value_offsets()),
        DataType::Utf8View => sum(&mut array.as_string_view().lengths()),
        DataType::BinaryView => 2 * sum(&mut array.as_binary_view().lengths()),
        _ => 0,
    }
}

fn spanned<O: OffsetSizeTrait>(offsets: &[O]) -> u64 {
    match (offsets.first(), offsets.last()) {
        (Some(first), Some(last)) => (last.as_usize() - first.as_usize()) as u64,
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
            nested(list.values().slice(first, last - first).as_ref()) + 6 * rows
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

    use arrow::array::{ArrayRef, Int64Array, StringViewArray, UInt32Array};
    use arrow::compute::take;

    use super::*;

    fn measured(statement: &UnloadStatement, columns: Vec<(&str, ArrayRef)>) -> Size {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        Measure::new(statement, &batch.schema()).of(&batch)
    }

    #[test]
    fn texts_that_share_their_bytes_count_for_each_row() {
        let one: ArrayRef = Arc::new(StringViewArray::from(vec!["x".repeat(1_000)]));
        let many = take(&one, &UInt32Array::from(vec![0; 500]), None).unwrap();
        let csv = UnloadStatement { format: Format::Csv, ..UnloadStatement::plain("", "") };
        let size = measured(&csv, vec![("a", many)]);
        assert!(size.likely >= 500_000 && size.most >= 1_000_000, "{size:?}");
    }

    #[test]
    fn fixed_widths_count_whatever_is_in_them() {
        let fixed = UnloadStatement { fixed_width: Some("a:65535".parse().unwrap()), ..UnloadStatement::plain("", "") };
        let size = measured(&fixed, vec![("a", Arc::new(Int64Array::from(vec![1, 2])))]);
        assert_eq!(size, Size { likely: 131_072, most: 131_072 });
    }

    #[test]
    fn what_stands_for_null_counts() {
        let nulls: ArrayRef = Arc::new(Int64Array::from(vec![None; 10]));
        let text = UnloadStatement { null_as: Some("n".repeat(100)), ..UnloadStatement::plain("", "") };
        let size = measured(&text, vec![("a", nulls)]);
        assert!(size.likely >= 1_000 && size.most >= 1_000, "{size:?}");
    }
}
