//! A value of a result, as both protocols tell it.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
};
use arrow::json::LineDelimitedWriter;
use chrono::{DateTime, Days, NaiveDate, NaiveTime};
use outflow_core::text::hex;

/// A value that is not null.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    Short(i16),
    Int(i32),
    Long(i64),
    Real(f32),
    Double(f64),
    /// A number in digits.
    Numeric(String),
    Text(String),
    Bytes(Vec<u8>),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 1970.
    Timestamp(i64),
    /// The same, at UTC.
    TimestampTz(i64),
}

impl Value {
    /// The value at that place; `None` is null. SUPER is JSON in text.
    pub(crate) fn at(batch: &RecordBatch, column: usize, row: usize) -> Option<Self> {
        let array = batch.column(column);
        if array.is_null(row) {
            return None;
        }
        Some(match array.data_type() {
            DataType::Boolean => Self::Bool(array.as_boolean().value(row)),
            DataType::Int16 => Self::Short(array.as_primitive::<Int16Type>().value(row)),
            DataType::Int32 => Self::Int(array.as_primitive::<Int32Type>().value(row)),
            DataType::Int64 => Self::Long(array.as_primitive::<Int64Type>().value(row)),
            DataType::Float32 => Self::Real(array.as_primitive::<Float32Type>().value(row)),
            DataType::Float64 => Self::Double(array.as_primitive::<Float64Type>().value(row)),
            DataType::Decimal128(..) => Self::Numeric(array.as_primitive::<Decimal128Type>().value_as_string(row)),
            DataType::Decimal256(..) => Self::Numeric(array.as_primitive::<Decimal256Type>().value_as_string(row)),
            DataType::Utf8 => Self::Text(array.as_string::<i32>().value(row).to_owned()),
            DataType::LargeUtf8 => Self::Text(array.as_string::<i64>().value(row).to_owned()),
            DataType::Utf8View => Self::Text(array.as_string_view().value(row).to_owned()),
            DataType::Binary => Self::Bytes(array.as_binary::<i32>().value(row).to_vec()),
            DataType::LargeBinary => Self::Bytes(array.as_binary::<i64>().value(row).to_vec()),
            DataType::BinaryView => Self::Bytes(array.as_binary_view().value(row).to_vec()),
            DataType::Date32 => Self::Date(array.as_primitive::<Date32Type>().value(row)),
            DataType::Time64(TimeUnit::Microsecond) => Self::Time(array.as_primitive::<Time64MicrosecondType>().value(row)),
            DataType::Timestamp(TimeUnit::Microsecond, zone) => {
                let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
                if zone.is_some() { Self::TimestampTz(micros) } else { Self::Timestamp(micros) }
            }
            _ => Self::Text(json(batch, column, row)),
        })
    }

    /// As Redshift writes it for a person.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Bool(true) => "t".to_owned(),
            Self::Bool(false) => "f".to_owned(),
            Self::Short(number) => number.to_string(),
            Self::Int(number) => number.to_string(),
            Self::Long(number) => number.to_string(),
            Self::Real(number) => float(f64::from(*number), number.to_string()),
            Self::Double(number) => float(*number, number.to_string()),
            Self::Numeric(text) | Self::Text(text) => text.clone(),
            Self::Bytes(bytes) => hex(bytes),
            Self::Date(days) => date(*days).map_or_else(|| days.to_string(), |date| date.to_string()),
            Self::Time(micros) => time(*micros),
            Self::Timestamp(micros) => timestamp(*micros),
            Self::TimestampTz(micros) => format!("{}+00", timestamp(*micros)),
        }
    }
}

fn float(number: f64, written: String) -> String {
    if number.is_infinite() { if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned() } else { written }
}

fn date(days: i32) -> Option<NaiveDate> {
    let epoch = NaiveDate::default();
    match u64::try_from(days) {
        Ok(days) => epoch.checked_add_days(Days::new(days)),
        Err(_) => epoch.checked_sub_days(Days::new(days.unsigned_abs().into())),
    }
}

fn time(micros: i64) -> String {
    let seconds = u32::try_from(micros.div_euclid(1_000_000)).unwrap_or_default();
    let nanos = u32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap_or_default();
    NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos)
        .map(|time| time.format("%H:%M:%S%.f").to_string())
        .unwrap_or_default()
}

fn timestamp(micros: i64) -> String {
    let moment = DateTime::from_timestamp_micros(micros);
    let text = moment.map(|moment| moment.format("%Y-%m-%d %H:%M:%S%.6f").to_string()).unwrap_or_default();
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A nested value as JSON.
fn json(batch: &RecordBatch, column: usize, row: usize) -> String {
    let mut line = Vec::new();
    let written = batch.project(&[column]).and_then(|alone| LineDelimitedWriter::new(&mut line).write(&alone.slice(row, 1)));
    let object: serde_json::Map<String, serde_json::Value> = match written {
        Ok(()) => serde_json::from_slice(&line).unwrap_or_default(),
        Err(_) => return String::new(),
    };
    object.into_iter().next().map(|(_, value)| value.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_redshift_writes_them() {
        assert_eq!(Value::Bool(true).text(), "t");
        assert_eq!(Value::Date(-1).text(), "1969-12-31");
        assert_eq!(Value::Timestamp(1_500_000).text(), "1970-01-01 00:00:01.5");
        assert_eq!(Value::Timestamp(0).text(), "1970-01-01 00:00:00");
        assert_eq!(Value::TimestampTz(10_000_000).text(), "1970-01-01 00:00:10+00");
        assert_eq!(Value::Time(3_600_000_001).text(), "01:00:00.000001");
        assert_eq!(Value::Double(f64::INFINITY).text(), "Infinity");
        assert_eq!(Value::Bytes(vec![0, 255]).text(), "00ff");
    }
}
