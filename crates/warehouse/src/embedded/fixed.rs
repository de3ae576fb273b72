//! Rows as lines of columns of fixed widths, as `FIXEDWIDTH` says: values on the left, spaces behind them, nothing cut off.
//!
//! Widths are bytes, as the lengths of texts are in Redshift. NULL is spaces, or the text that NULL AS names; where that is longer than
//! the column, spaces for what is no text, and an error for a text.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema};
use outflow_core::options::{FixedColumn, FixedWidth};
use outflow_core::{Code, Error, Result};

use super::text::Cells;
use super::text::buffer::Buffer;

/// The columns and their widths.
#[derive(Debug)]
pub(super) struct Fixed {
    columns: Vec<FixedColumn>,
    null_as: Vec<u8>,
}

impl Fixed {
    /// The widths of a result's columns.
    ///
    /// # Errors
    /// `query_invalid` when there are more or fewer widths than columns, or for a column that is binary.
    pub(super) fn new(widths: &FixedWidth, null_as: Option<&str>, schema: &Schema) -> Result<Self> {
        let columns = widths.columns().to_vec();
        if columns.len() != schema.fields().len() {
            let message = format!(
                "FIXEDWIDTH has {} widths, and the result has {} columns; give each column a width, in their order",
                columns.len(),
                schema.fields().len()
            );
            return Err(Error::new(Code::QueryInvalid, message));
        }
        let is_binary =
            |data_type: &DataType| matches!(data_type, DataType::Binary | DataType::LargeBinary | DataType::BinaryView);
        if let Some(field) = schema.fields().iter().find(|field| is_binary(field.data_type())) {
            let message = format!("the column `{}` is binary, which FIXEDWIDTH does not take; cast it to text", field.name());
            return Err(Error::new(Code::QueryInvalid, message));
        }
        Ok(Self { columns, null_as: null_as.unwrap_or_default().as_bytes().to_vec() })
    }

    /// Writes a line for each row.
    ///
    /// # Errors
    /// `query_failed` for a value that is longer than its column; else only `internal`.
    pub(super) fn write(&self, batch: &RecordBatch, out: &mut Buffer) -> Result<()> {
        let cells = batch.columns().iter().map(|column| Cells::new(column.as_ref()));
        let columns: Vec<(Cells<'_>, &FixedColumn)> =
            cells.zip(&self.columns).map(|(cells, column)| Ok((cells?, column))).collect::<Result<_>>()?;
        for row in 0..batch.num_rows() {
            for (index, (cells, column)) in columns.iter().enumerate() {
                let (start, width) = (out.len(), column.width as usize);
                match cells.is_null(row) {
                    true if self.null_as.len() <= width || cells.is_text() => out.extend(&self.null_as),
                    true => {}
                    false => cells.write(row, out),
                }
                let length = out.len() - start;
                if length > width {
                    return Err(too_long(batch.schema_ref().field(index).name(), length, width));
                }
                out.spaces(width - length);
            }
            out.push(b'\n');
        }
        Ok(())
    }
}

fn too_long(column: &str, length: usize, width: usize) -> Error {
    let message = format!(
        "a value of the column `{column}` has {length} bytes, and FIXEDWIDTH gives it {width}; nothing is cut off, so make it wider"
    );
    Error::new(Code::QueryFailed, message)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, BinaryArray, Int64Array, StringArray};

    use super::*;

    fn rows() -> RecordBatch {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(-30)]));
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a b"), Some("한"), None]));
        RecordBatch::try_from_iter([("n", numbers), ("t", texts)]).unwrap()
    }

    fn written(widths: &str, null_as: Option<&str>) -> Result<String> {
        let rows = rows();
        let mut out = Buffer::default();
        Fixed::new(&widths.parse().unwrap(), null_as, &rows.schema())?.write(&rows, &mut out)?;
        Ok(String::from_utf8(out.into_bytes()).unwrap())
    }

    #[test]
    fn values_stand_on_the_left_of_their_bytes() {
        assert_eq!(written("n:4,t:5", None).unwrap(), "1   a b  \n    한  \n-30      \n");
    }

    #[test]
    fn null_is_spaces_or_its_text_where_that_fits() {
        assert_eq!(written("n:3,t:5", Some("null")).unwrap(), "1  a b  \n   한  \n-30null \n");
        assert_eq!(written("n:3,t:3", Some("null")).unwrap_err().code(), Code::QueryFailed);
    }

    #[test]
    fn nothing_is_cut_off() {
        let error = written("n:3,t:2", None).unwrap_err();
        assert_eq!(error.code(), Code::QueryFailed);
        assert!(error.message().contains("`t` has 3 bytes, and FIXEDWIDTH gives it 2"), "{error}");
    }

    #[test]
    fn every_column_has_a_width_and_none_is_binary() {
        assert_eq!(written("n:3", None).unwrap_err().code(), Code::QueryInvalid);
        let binary: ArrayRef = Arc::new(BinaryArray::from(vec![b"x".as_slice()]));
        let rows = RecordBatch::try_from_iter([("b", binary)]).unwrap();
        let error = Fixed::new(&"b:9".parse().unwrap(), None, &rows.schema()).unwrap_err();
        assert!(error.message().contains("`b` is binary"), "{error}");
    }
}
