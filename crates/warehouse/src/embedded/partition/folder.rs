//! The name of a partition's folder: `column=value`, in the convention of Apache Hive.
//!
//! NULL and the empty text are `__HIVE_DEFAULT_PARTITION__`, and what would end or blur the name is written as `%` and two digits, as
//! Hive itself does both. Redshift's documentation says no more than that it follows Hive, of which booleans are `true` and `false`.

use std::fmt::Write;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use chrono::DateTime;
use outflow_core::{Code, Error, Result};

/// The folder of rows that have no value, or none that makes a name.
const DEFAULT: &str = "__HIVE_DEFAULT_PARTITION__";

/// Appends `column=value/`, with the value of that row.
///
/// # Errors
/// `query_failed` for a moment beyond the calendar; `internal` for a type that no folder is named after.
pub(super) fn push(column: &str, values: &dyn Array, row: usize, out: &mut String) -> Result<()> {
    push_escaped(column, out);
    out.push('=');
    match if values.is_null(row) { None } else { Some(text(values, row)?) } {
        Some(text) if !text.is_empty() => push_escaped(&text, out),
        _ => out.push_str(DEFAULT),
    }
    out.push('/');
    Ok(())
}

fn text(values: &dyn Array, row: usize) -> Result<String> {
    let beyond = || Error::new(Code::QueryFailed, "a value of a column of PARTITION BY is beyond the calendar");
    Ok(match values.data_type() {
        DataType::Boolean => values.as_boolean().value(row).to_string(),
        DataType::Int16 => values.as_primitive::<Int16Type>().value(row).to_string(),
        DataType::Int32 => values.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => values.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Decimal128(..) => values.as_primitive::<Decimal128Type>().value_as_string(row),
        DataType::Decimal256(..) => values.as_primitive::<Decimal256Type>().value_as_string(row),
        DataType::Float32 => float(values.as_primitive::<Float32Type>().value(row)),
        DataType::Utf8 => values.as_string::<i32>().value(row).to_owned(),
        DataType::LargeUtf8 => values.as_string::<i64>().value(row).to_owned(),
        DataType::Utf8View => values.as_string_view().value(row).to_owned(),
        DataType::Date32 => {
            let days = i64::from(values.as_primitive::<Date32Type>().value(row));
            let date = DateTime::from_timestamp(days * 86_400, 0).ok_or_else(beyond)?;
            date.format("%Y-%m-%d").to_string()
        }
        DataType::Timestamp(..) => {
            let micros = values.as_primitive::<TimestampMicrosecondType>().value(row);
            let moment = DateTime::from_timestamp_micros(micros).ok_or_else(beyond)?;
            let text = moment.format("%Y-%m-%d %H:%M:%S%.6f").to_string();
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        other => return Err(Error::new(Code::Internal, format!("a folder would be named after a value of the type `{other}`"))),
    })
}

/// The fewest digits that read back as the same number, with an exponent where PostgreSQL has one.
fn float(value: f32) -> String {
    let exponent = if value == 0.0 || !value.is_finite() { 0.0 } else { value.abs().log10().floor() };
    match () {
        () if value.is_nan() => "NaN".to_owned(),
        () if value.is_infinite() => if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        () if (-4.0..6.0).contains(&exponent) => value.to_string(),
        () => {
            let text = format!("{value:e}");
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let (sign, exponent) = exponent.strip_prefix('-').map_or(("+", exponent), |rest| ("-", rest));
            format!("{digits}e{sign}{exponent:0>2}")
        }
    }
}

/// As Hive writes the names of partitions.
fn push_escaped(text: &str, out: &mut String) {
    for character in text.chars() {
        let is_special = character.is_ascii_control()
            || matches!(character, '"' | '#' | '%' | '\'' | '*' | '/' | ':' | '=' | '?' | '\\' | '{' | '[' | ']' | '^');
        if is_special {
            let _ = write!(out, "%{:02X}", u32::from(character));
        } else {
            out.push(character);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float32Array, Int64Array, StringViewArray,
        TimestampMicrosecondArray,
    };

    use super::*;

    fn folder(values: impl Array + 'static) -> String {
        let values: ArrayRef = Arc::new(values);
        let mut out = String::new();
        push("c", values.as_ref(), 0, &mut out).unwrap();
        out.strip_prefix("c=").and_then(|rest| rest.strip_suffix('/')).unwrap().to_owned()
    }

    #[test]
    fn every_type_has_its_text() {
        assert_eq!(folder(Int64Array::from(vec![-12])), "-12");
        assert_eq!(folder(BooleanArray::from(vec![true])), "true");
        assert_eq!(folder(Decimal128Array::from(vec![-5]).with_precision_and_scale(5, 2).unwrap()), "-0.05");
        assert_eq!(folder(Date32Array::from(vec![8_036])), "1992-01-02");
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
        assert_eq!(text(""), DEFAULT);
        assert_eq!(folder(StringViewArray::from(vec![None::<&str>])), DEFAULT);
    }
}
