//! Rows as lines of fields: CSV (RFC 4180) and UNLOAD's delimited text.
//!
//! In CSV a field is quoted only when it must be: when it holds the delimiter, a quote, a line feed or a carriage return; and, so that it is
//! not taken for NULL, when a text equals the text that stands for NULL. With the default NULL AS, the empty text, NULL is therefore an empty
//! field and an empty text is `""`, as a binary value without bytes is; with another, NULL is that text and an empty text is an empty field. A NULL AS that itself needs
//! quotes gets them, and then a text equal to it cannot be told from NULL.
//!
//! In delimited text ADDQUOTES puts every field in quotes but NULL, and ESCAPE puts a backslash before what is special in texts. With
//! neither, a field is written as it is.
//!
//! Lines end with a line feed. Lists and structures are JSON, their NULL is `null`.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use outflow_core::Result;
use outflow_core::field::FieldStyle;
use outflow_core::statement::UnloadStatement;

use super::text::Cells;
use super::text::buffer::Buffer;
use super::text::scan::Scan;

/// How fields are separated and what stands for NULL.
#[derive(Debug)]
pub(super) struct Delimited {
    style: FieldStyle,
    /// What stands for NULL, as it is written.
    null: Vec<u8>,
    null_as: String,
    /// Finds what makes a text more than itself; none where every text is.
    scan: Option<Scan>,
    /// Whether what is simple is written as it is: it holds nothing special and is not taken for NULL.
    is_plain: bool,
}

impl Delimited {
    /// As a statement says.
    pub(super) fn new(statement: &UnloadStatement) -> Self {
        let style = FieldStyle::of_statement(statement);
        let null_as = statement.null_as.clone().unwrap_or_default();
        let mut null = null_as.clone().into_bytes();
        if style.is_csv() {
            null.clear();
            style.push(null_as.as_bytes(), &mut null);
        }
        let values = b"+-.: abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        let is_plain = !style.is_special(values) && (null_as.is_empty() || !style.is_csv());
        let scan = (!style.is_quoted()).then(|| Scan::for_bytes(&style.special_bytes()));
        Self { style, null, null_as, scan, is_plain }
    }

    /// Writes the line of names.
    pub(super) fn write_header(&self, schema: &Schema, out: &mut Vec<u8>) {
        self.style.push_header(schema.fields().iter().map(|field| field.name().as_str()), out);
    }

    /// Writes a line for each row.
    ///
    /// # Errors
    /// Only `internal`.
    pub(super) fn write(&self, batch: &RecordBatch, out: &mut Buffer) -> Result<()> {
        let columns: Vec<Cells<'_>> = batch.columns().iter().map(|column| Cells::new(column.as_ref())).collect::<Result<_>>()?;
        let mut scratch = Scratch::default();
        let delimiter = self.style.delimiter();
        for row in 0..batch.num_rows() {
            for (index, cells) in columns.iter().enumerate() {
                if index > 0 {
                    out.push(delimiter);
                }
                self.write_field(cells, row, &mut scratch, out);
            }
            out.push(b'\n');
        }
        Ok(())
    }

    #[inline]
    fn write_field(&self, cells: &Cells<'_>, row: usize, scratch: &mut Scratch, out: &mut Buffer) {
        if cells.is_null(row) {
            out.extend(if cells.is_nested() { b"null" } else { &self.null });
        } else if let Some(text) = cells.text(row) {
            self.write_text(text.as_bytes(), scratch, out);
        } else if self.is_plain && cells.is_simple() {
            cells.write(row, out);
        } else {
            let mut value = std::mem::take(&mut scratch.value);
            value.clear();
            cells.write(row, &mut value);
            self.write_text(value.written(), scratch, out);
            scratch.value = value;
        }
    }

    #[inline]
    fn write_text(&self, text: &[u8], scratch: &mut Scratch, out: &mut Buffer) {
        let looks_like_null = self.style.is_csv() && text == self.null_as.as_bytes();
        if looks_like_null || self.scan.is_none_or(|scan| scan.finds(text)) {
            scratch.field.clear();
            self.style.push_special(text, &mut scratch.field);
            out.extend(&scratch.field);
        } else {
            out.extend(text);
        }
    }
}

/// Room for what is not written straight away.
#[derive(Default)]
struct Scratch {
    value: Buffer,
    field: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, BinaryArray, BooleanArray, Decimal128Array, Int64Array, StringArray};
    use outflow_core::options::Format;

    use super::*;

    fn statement(format: Format) -> UnloadStatement {
        UnloadStatement { format, ..UnloadStatement::plain("", "") }
    }

    fn written(statement: &UnloadStatement, columns: Vec<(&str, ArrayRef)>) -> String {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let lines = Delimited::new(statement);
        let mut head = Vec::new();
        lines.write_header(&batch.schema(), &mut head);
        let mut out = Buffer::default();
        lines.write(&batch, &mut out).unwrap();
        String::from_utf8(head).unwrap() + std::str::from_utf8(out.written()).unwrap()
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
            written(&statement(Format::Csv), vec![("text, \"x\"", values), ("flag", flags)]),
            "\"text, \"\"x\"\"\",flag\nplain,t\n\"a,b\",f\n\"say \"\"hi\"\"\",t\n\"two\nlines\",f\n\"\r\",t\n sp ace ,f\n한글😀,t\n"
        );
    }

    #[test]
    fn null_and_empty_stay_apart() {
        let values = || texts(&[None, Some(""), Some("NULL")]);
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(-3)]));
        assert_eq!(
            written(&statement(Format::Csv), vec![("a", values()), ("b", Arc::clone(&numbers))]),
            "a,b\n,1\n\"\",\nNULL,-3\n"
        );
        let with_null = UnloadStatement { delimiter: Some('|'), null_as: Some("NULL".into()), ..statement(Format::Csv) };
        assert_eq!(written(&with_null, vec![("a", values()), ("b", numbers)]), "a|b\nNULL|1\n|NULL\n\"NULL\"|-3\n");
    }

    #[test]
    fn a_number_that_holds_something_special_is_quoted() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(-1), None]));
        let with_null = UnloadStatement { null_as: Some("-1".into()), ..statement(Format::Csv) };
        assert_eq!(written(&with_null, vec![("a", numbers)]), "a\n\"-1\"\n-1\n");
        let amounts: ArrayRef = Arc::new(Decimal128Array::from(vec![125]).with_precision_and_scale(5, 2).unwrap());
        let dotted = UnloadStatement { delimiter: Some('.'), ..statement(Format::Csv) };
        assert_eq!(written(&dotted, vec![("a", amounts)]), "a\n\"1.25\"\n");
    }

    #[test]
    fn a_binary_value_without_bytes_is_not_taken_for_null() {
        let values = || -> ArrayRef { Arc::new(BinaryArray::from(vec![None, Some(b"".as_slice()), Some(b"\xff")])) };
        let with_null = |format| UnloadStatement { null_as: Some("NULL".into()), ..statement(format) };
        for (statement, expected) in [
            (statement(Format::Csv), "\n\"\"\nff\n"),
            (with_null(Format::Csv), "NULL\n\nff\n"),
            // Nothing tells them apart here, nor an empty text.
            (statement(Format::Text), "\n\nff\n"),
            (with_null(Format::Text), "NULL\n\nff\n"),
            (UnloadStatement { quote_all: true, ..statement(Format::Text) }, "\n\"\"\n\"ff\"\n"),
        ] {
            let written = written(&statement, vec![("b", values())]);
            assert_eq!(written.split_once('\n').unwrap().1, expected, "{statement:?}");
        }
    }

    #[test]
    fn text_is_written_as_it_is_unless_it_is_quoted_or_escaped() {
        let columns = || {
            let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
            vec![("n", numbers), ("t|t", texts(&[Some("a|b\\\n\"'"), Some("")]))]
        };
        let text = statement(Format::Text);
        assert_eq!(written(&text, columns()), "n|t|t\n1|a|b\\\n\"'\n|\n");
        let quoted = UnloadStatement { quote_all: true, delimiter: Some(','), ..text.clone() };
        assert_eq!(written(&quoted, columns()), "\"n\",\"t|t\"\n\"1\",\"a|b\\\n\"'\"\n,\"\"\n");
        let escaped = UnloadStatement { escape: true, null_as: Some("nil".into()), ..text.clone() };
        assert_eq!(written(&escaped, columns()), "n|t\\|t\n1|a\\|b\\\\\\\n\"'\nnil|\n");
        let both = UnloadStatement { escape: true, quote_all: true, ..text };
        assert_eq!(written(&both, columns()), "\"n\"|\"t\\|t\"\n\"1\"|\"a\\|b\\\\\\\n\\\"\\'\"\n|\"\"\n");
    }
}
