//! The name of a partition's folder: `column=value`, in the convention of Apache Hive.
//!
//! NULL and the empty text are `__HIVE_DEFAULT_PARTITION__`, and what would end or blur the name is written as `%` and two digits, as
//! Hive itself does both. Redshift's documentation says no more than that it follows Hive, of which booleans are `true` and `false`.

use std::fmt::Write;

use outflow_core::{Code, Error, Result};

use crate::embedded::text::buffer::Buffer;
use crate::embedded::text::{Cells, Values};

/// The folder of rows that have no value, or none that makes a name.
const DEFAULT: &str = "__HIVE_DEFAULT_PARTITION__";

/// Appends `column=value/`, with the value of that row as text has it; `scratch` is room for it.
///
/// # Errors
/// `internal` for a value that is no text.
pub(super) fn push(column: &str, cells: &Cells, row: usize, scratch: &mut Buffer, out: &mut String) -> Result<()> {
    push_escaped(column, out);
    out.push('=');
    scratch.clear();
    if !cells.is_null(row) {
        match cells.values() {
            Values::Boolean(array) => scratch.extend(if array.value(row) { "true" } else { "false" }.as_bytes()),
            _ => cells.write(row, scratch),
        }
    }
    match std::str::from_utf8(scratch.written()) {
        Ok("") => out.push_str(DEFAULT),
        Ok(text) => push_escaped(text, out),
        Err(error) => return Err(Error::new(Code::Internal, "the value of a partition is no text").with_source(error)),
    }
    out.push('/');
    Ok(())
}

/// As Hive writes the names of partitions; control characters beyond ASCII too, which no name of a file in storage has.
fn push_escaped(text: &str, out: &mut String) {
    for character in text.chars() {
        let is_special = character.is_control()
            || matches!(character, '"' | '#' | '%' | '\'' | '*' | '/' | ':' | '=' | '?' | '\\' | '{' | '[' | ']' | '^');
        if is_special {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(out, "%{byte:02X}");
            }
        } else {
            out.push(character);
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        Array, BooleanArray, Date32Array, Decimal128Array, Float32Array, Int64Array, StringViewArray, TimestampMicrosecondArray,
    };

    use super::*;

    fn folder(values: impl Array + 'static) -> String {
        let mut out = String::new();
        push("c", &Cells::new(&values).unwrap(), 0, &mut Buffer::default(), &mut out).unwrap();
        out.strip_prefix("c=").and_then(|rest| rest.strip_suffix('/')).unwrap().to_owned()
    }

    #[test]
    fn every_type_has_its_text() {
        assert_eq!(folder(Int64Array::from(vec![-12])), "-12");
        assert_eq!(folder(BooleanArray::from(vec![true])), "true");
        assert_eq!(folder(Decimal128Array::from(vec![-5]).with_precision_and_scale(5, 2).unwrap()), "-0.05");
        for (days, text) in
            [(8_036, "1992-01-02"), (2_932_897, "10000-01-01"), (-719_529, "0002-12-31 BC"), (i32::MAX, "5881580-07-11")]
        {
            assert_eq!(folder(Date32Array::from(vec![days])), text);
        }
        for (micros, text) in
            [(0, "1970-01-01 00%3A00%3A00"), (1_500_000, "1970-01-01 00%3A00%3A01.5"), (-1, "1969-12-31 23%3A59%3A59.999999")]
        {
            assert_eq!(folder(TimestampMicrosecondArray::from(vec![micros])), text);
        }
        for (value, text) in [
            (0.5, "0.5"),
            (-3.0, "-3"),
            (100_000.0, "100000"),
            (1e6, "1e+06"),
            (2.5e-7, "2.5e-07"),
            (0.0, "0"),
            (999_999.94, "999999.94"),
            (f32::NAN, "NaN"),
        ] {
            assert_eq!(folder(Float32Array::from(vec![value])), text);
        }
    }

    #[test]
    fn texts_are_escaped_as_hive_does_and_nothing_is_the_default_partition() {
        let text = |text: &str| folder(StringViewArray::from(vec![text]));
        assert_eq!(text("Kansas City"), "Kansas City");
        assert_eq!(text("한글~,;&+@!<>|"), "한글~,;&+@!<>|");
        assert_eq!(text("a/b=c:d%e"), "a%2Fb%3Dc%3Ad%25e");
        assert_eq!(text("..\t\n\u{7f}\\\"'*?#{[]^"), "..%09%0A%7F%5C%22%27%2A%3F%23%7B%5B%5D%5E");
        assert_eq!(text("a\u{85}b\u{9f}"), "a%C2%85b%C2%9F");
        assert_eq!(text(""), DEFAULT);
        assert_eq!(folder(StringViewArray::from(vec![None::<&str>])), DEFAULT);
    }
}
