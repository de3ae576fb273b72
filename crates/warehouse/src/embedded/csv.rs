//! Rows as CSV (RFC 4180), as UNLOAD writes them.
//!
//! A field is quoted only when it must be: when it holds the delimiter, a quote, a line feed or a carriage return; and, so that it is not
//! taken for NULL, when a text equals the text that stands for NULL. With the default NULL AS, the empty text, NULL is therefore an empty
//! field and an empty text is `""`; with another, NULL is that text and an empty text is an empty field. A NULL AS that itself needs
//! quotes gets them, and then a text equal to it cannot be told from NULL. Lines end with a line feed. Lists and structures are JSON, their
//! NULL is `null`.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use outflow_core::Result;

use super::text::Cells;

/// How fields are separated and what stands for NULL.
#[derive(Debug)]
pub(super) struct Csv {
    delimiter: u8,
    null: Vec<u8>,
    null_as: String,
}

impl Csv {
    /// CSV with that delimiter (a comma if none is given) and text for NULL.
    pub(super) fn new(delimiter: Option<char>, null_as: Option<String>) -> Self {
        let delimiter = delimiter.and_then(|delimiter| u8::try_from(delimiter).ok()).unwrap_or(b',');
        let null_as = null_as.unwrap_or_default();
        let mut csv = Self { delimiter, null: Vec::new(), null_as };
        let mut null = Vec::new();
        csv.push_field(csv.null_as.as_bytes(), false, &mut null);
        csv.null = null;
        csv
    }

    /// Writes the line of names.
    pub(super) fn write_header(&self, schema: &Schema, out: &mut Vec<u8>) {
        for (index, field) in schema.fields().iter().enumerate() {
            if index > 0 {
                out.push(self.delimiter);
            }
            self.push_field(field.name().as_bytes(), false, out);
        }
        out.push(b'\n');
    }

    /// Writes a line for each row.
    ///
    /// # Errors
    /// Only `internal`.
    pub(super) fn write(&self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        let columns: Vec<Cells<'_>> = batch.columns().iter().map(|column| Cells::new(column.as_ref())).collect::<Result<_>>()?;
        let mut scratch = Vec::new();
        for row in 0..batch.num_rows() {
            for (index, cells) in columns.iter().enumerate() {
                if index > 0 {
                    out.push(self.delimiter);
                }
                if cells.is_null(row) {
                    let null: &[u8] = if cells.is_nested() { b"null" } else { &self.null };
                    out.extend_from_slice(null);
                } else if let Some(text) = cells.text(row) {
                    self.push_field(text.as_bytes(), text == self.null_as, out);
                } else {
                    scratch.clear();
                    cells.write(row, &mut scratch);
                    self.push_field(&scratch, scratch == self.null_as.as_bytes(), out);
                }
            }
            out.push(b'\n');
        }
        Ok(())
    }

    fn push_field(&self, field: &[u8], is_quoted: bool, out: &mut Vec<u8>) {
        let needs_quotes = |byte: &u8| *byte == self.delimiter || matches!(byte, b'"' | b'\n' | b'\r');
        if !is_quoted && !field.iter().any(needs_quotes) {
            out.extend_from_slice(field);
            return;
        }
        out.push(b'"');
        for part in field.split_inclusive(|byte| *byte == b'"') {
            out.extend_from_slice(part);
            if part.ends_with(b"\"") {
                out.push(b'"');
            }
        }
        out.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, BooleanArray, Int64Array, StringArray};

    use super::*;

    fn written(csv: &Csv, columns: Vec<(&str, ArrayRef)>) -> String {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut out = Vec::new();
        csv.write_header(&batch.schema(), &mut out);
        csv.write(&batch, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn texts(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    #[test]
    fn fields_are_quoted_only_when_they_must_be() {
        let values = texts(&[
            Some("plain"),
            Some("a,b"),
            Some("say \"hi\""),
            Some("two\nlines"),
            Some("\r"),
            Some(" sp ace "),
            Some("한글😀"),
        ]);
        let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true, false, true, false, true, false, true]));
        assert_eq!(
            written(&Csv::new(None, None), vec![("text, \"x\"", values), ("flag", flags)]),
            "\"text, \"\"x\"\"\",flag\nplain,t\n\"a,b\",f\n\"say \"\"hi\"\"\",t\n\"two\nlines\",f\n\"\r\",t\n sp ace ,f\n한글😀,t\n"
        );
    }

    #[test]
    fn null_and_empty_stay_apart() {
        let values = || texts(&[None, Some(""), Some("NULL")]);
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(-3)]));
        assert_eq!(
            written(&Csv::new(None, None), vec![("a", values()), ("b", Arc::clone(&numbers))]),
            "a,b\n,1\n\"\",\nNULL,-3\n"
        );
        assert_eq!(
            written(&Csv::new(Some('|'), Some("NULL".into())), vec![("a", values()), ("b", numbers)]),
            "a|b\nNULL|1\n|NULL\n\"NULL\"|-3\n"
        );
    }

    #[test]
    fn a_number_that_equals_the_text_for_null_is_quoted() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(-1), None]));
        assert_eq!(written(&Csv::new(None, Some("-1".into())), vec![("a", numbers)]), "a\n\"-1\"\n-1\n");
    }
}
