//! Rows as JSON, one object a line, as UNLOAD writes them.
//!
//! Numbers are exact: integers and decimals with all their digits, floating-point numbers with the fewest that read back. What JSON has no
//! number for (`NaN`, `Infinity`) is a string. Booleans are `true` and `false`: the documentation's bare `t` and `f` would be no JSON.
//! Dates and moments are strings as in CSV, binary values are hexadecimal strings, NULL is `null`.

use std::io::Write;

use arrow::array::RecordBatch;
use outflow_core::Result;

use super::text::Cells;

/// Writes a line for each row.
///
/// # Errors
/// Only `internal`.
pub(super) fn write_batch(batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
    let schema = batch.schema_ref();
    let columns = schema.fields().iter().zip(batch.columns()).map(|(field, column)| {
        let mut key = Vec::new();
        push_string(field.name(), &mut key);
        key.push(b':');
        Ok((key, Cells::new(column.as_ref())?))
    });
    let columns: Vec<(Vec<u8>, Cells<'_>)> = columns.collect::<Result<_>>()?;
    for row in 0..batch.num_rows() {
        for (index, (key, cells)) in columns.iter().enumerate() {
            out.push(if index == 0 { b'{' } else { b',' });
            out.extend_from_slice(key);
            write(cells, row, out);
        }
        out.extend_from_slice(b"}\n");
    }
    Ok(())
}

/// Writes one value.
pub(super) fn write(cells: &Cells<'_>, row: usize, out: &mut Vec<u8>) {
    if cells.is_null(row) {
        out.extend_from_slice(b"null");
        return;
    }
    match cells {
        Cells::Boolean(array) => out.extend_from_slice(if array.value(row) { b"true" } else { b"false" }),
        Cells::Int16(_) | Cells::Int32(_) | Cells::Int64(_) | Cells::Decimal128(..) | Cells::Decimal256(..) => {
            cells.write(row, out)
        }
        Cells::Float32(array) if array.value(row).is_finite() => cells.write(row, out),
        Cells::Float64(array) if array.value(row).is_finite() => cells.write(row, out),
        Cells::Utf8(_) | Cells::LargeUtf8(_) | Cells::Utf8View(_) => push_string(cells.text(row).unwrap_or_default(), out),
        Cells::List(array, values) => {
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
        Cells::Struct(_, fields) => {
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
fn push_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\')) {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => {
                let _ = write!(out, "\\u{control:04x}");
            }
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
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
        let mut out = Vec::new();
        write_batch(&RecordBatch::try_from_iter(columns).unwrap(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
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
