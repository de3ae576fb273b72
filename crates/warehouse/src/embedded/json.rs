//! Rows as JSON, one object a line, as UNLOAD writes them.
//!
//! Numbers are exact: integers and decimals with all their digits, floating-point numbers with the fewest that read back. What JSON has no
//! number for (`NaN`, `Infinity`) is a string. Booleans are `true` and `false`: the documentation's bare `t` and `f` would be no JSON.
//! Dates and moments are strings as in CSV, binary values are hexadecimal strings, NULL is `null`.

use arrow::array::RecordBatch;
use outflow_core::Result;

use super::text::buffer::Buffer;
use super::text::scan::Scan;
use super::text::{Cells, Values};

/// Writes a line for each row.
///
/// # Errors
/// Only `internal`.
pub(super) fn write_batch(batch: &RecordBatch, out: &mut Buffer) -> Result<()> {
    let schema = batch.schema_ref();
    let columns = schema.fields().iter().zip(batch.columns()).enumerate().map(|(index, (field, column))| {
        let mut key = Buffer::default();
        key.push(if index == 0 { b'{' } else { b',' });
        push_string(field.name(), &mut key);
        key.push(b':');
        Ok((key.into_bytes(), Cells::new(column.as_ref())?))
    });
    let columns: Vec<(Vec<u8>, Cells<'_>)> = columns.collect::<Result<_>>()?;
    for row in 0..batch.num_rows() {
        for (key, cells) in &columns {
            out.extend(key);
            write(cells, row, out);
        }
        out.extend(b"}\n");
    }
    Ok(())
}

/// Writes one value.
#[inline]
pub(super) fn write(cells: &Cells<'_>, row: usize, out: &mut Buffer) {
    if cells.is_null(row) {
        out.extend(b"null");
        return;
    }
    match cells.values() {
        Values::Boolean(array) => out.extend(if array.value(row) { b"true" } else { b"false" }),
        Values::Int16(_) | Values::Int32(_) | Values::Int64(_) | Values::Decimal128(..) | Values::Decimal256(..) => {
            cells.write(row, out)
        }
        Values::Float32(values) if values[row].is_finite() => cells.write(row, out),
        Values::Float64(values) if values[row].is_finite() => cells.write(row, out),
        Values::Utf8(array) => push_string(array.value(row), out),
        Values::LargeUtf8(array) => push_string(array.value(row), out),
        Values::Utf8View(array) => push_string(array.value(row), out),
        Values::List(array, values) => {
            let (start, end) = (array.value_offsets()[row] as usize, array.value_offsets()[row + 1] as usize);
            out.push(b'[');
            for item in start..end {
                if item > start {
                    out.push(b',');
                }
                write(values, item, out);
            }
            out.push(b']');
        }
        Values::Struct(fields) => {
            out.push(b'{');
            for (index, (name, values)) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_string(name, out);
                out.push(b':');
                write(values, row, out);
            }
            out.push(b'}');
        }
        _ => {
            out.push(b'"');
            cells.write(row, out);
            out.push(b'"');
        }
    }
}

/// A string with what JSON demands escaped, and nothing more.
#[inline]
fn push_string(text: &str, out: &mut Buffer) {
    out.push(b'"');
    if Scan::for_json().finds(text.as_bytes()) {
        push_escaped(text.as_bytes(), out)
    } else {
        out.extend(text.as_bytes())
    }
    out.push(b'"');
}

fn push_escaped(text: &[u8], out: &mut Buffer) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in text {
        match byte {
            b'"' => out.extend(b"\\\""),
            b'\\' => out.extend(b"\\\\"),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            0..0x20 => out.put([b'\\', b'u', b'0', b'0', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]], 6),
            _ => out.push(*byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int32Array, Int64Array, ListArray, StringArray, StructArray,
    };
    use arrow::datatypes::{DataType, Field, Int32Type};
    use serde_json::Value;

    use super::*;

    fn written(columns: Vec<(&str, ArrayRef)>) -> String {
        let mut out = Buffer::default();
        write_batch(&RecordBatch::try_from_iter(columns).unwrap(), &mut out).unwrap();
        String::from_utf8(out.into_bytes()).unwrap()
    }

    #[test]
    fn every_digit_is_kept() {
        let decimals =
            Decimal128Array::from(vec![Some(-1_234_567_890_123_456_789_012), None]).with_precision_and_scale(38, 4).unwrap();
        let text = written(vec![
            ("id", Arc::new(Int64Array::from(vec![i64::MAX, i64::MIN]))),
            ("amount", Arc::new(decimals)),
            ("x", Arc::new(Float64Array::from(vec![0.1, f64::NAN]))),
            ("ok", Arc::new(BooleanArray::from(vec![Some(true), Some(false)]))),
        ]);
        assert_eq!(
            text,
            "{\"id\":9223372036854775807,\"amount\":-123456789012345678.9012,\"x\":0.1,\"ok\":true}\n\
             {\"id\":-9223372036854775808,\"amount\":null,\"x\":\"NaN\",\"ok\":false}\n"
        );
    }

    #[test]
    fn strings_read_back_as_themselves() {
        let values = ["\"quoted\" \\ \u{1}\u{1f}\u{7f}", "two\r\n\tlines", "", "한글 한글 😀 \u{2028}"];
        let text = written(vec![("키 \"a\"", Arc::new(StringArray::from(values.to_vec())))]);
        let read: Vec<Value> =
            text.split('\n').filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read.iter().map(|row| row["키 \"a\""].as_str().unwrap()).collect::<Vec<_>>(), values);
    }

    #[test]
    fn lists_and_structures_are_json() {
        let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None, Some(3)]), None, Some(vec![])]);
        let inner: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]));
        let structure = StructArray::from(vec![(Arc::new(Field::new("a", DataType::Int32, true)), inner)]);
        assert_eq!(
            written(vec![("l", Arc::new(list)), ("s", Arc::new(structure))]),
            "{\"l\":[1,null,3],\"s\":{\"a\":1}}\n{\"l\":null,\"s\":{\"a\":null}}\n{\"l\":[],\"s\":{\"a\":3}}\n"
        );
    }
}
