//! Rows as lines of columns of fixed widths, as `FIXEDWIDTH` says: values on the left, spaces behind them, nothing cut off.
//!
//! Widths are bytes, as the lengths of texts are in Redshift. NULL is spaces, or the text that NULL AS names; where that is longer than
//! the column, spaces for what is no text, and an error for a text.

use arrow::array::RecordBatch;
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
    /// The widths of a result's columns, as [`accept`](super::accept::accept) let them through.
    pub(super) fn new(widths: &FixedWidth, null_as: Option<&str>) -> Self {
        Self { columns: widths.columns().to_vec(), null_as: null_as.unwrap_or_default().as_bytes().to_vec() }
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

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn rows() -> RecordBatch {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(-30)]));
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a b"), Some("한"), None]));
        RecordBatch::try_from_iter([("n", numbers), ("t", texts)]).unwrap()
    }

    fn written(widths: &str, null_as: Option<&str>) -> Result<String> {
        let rows = rows();
        let mut out = Buffer::default();
        Fixed::new(&widths.parse().unwrap(), null_as).write(&rows, &mut out)?;
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
}
