//! Rows on the wire: Redshift's types by their numbers, values in text or in PostgreSQL's binary form.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema, TimeUnit};
use bytes::{BufMut, BytesMut};
use futures::Stream;
use futures::stream::{self, StreamExt, TryStreamExt};
use pgwire::api::Type;
use pgwire::api::portal::Format;
use pgwire::api::results::{FieldFormat, FieldInfo};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::data::DataRow;

use super::fault::told;
use crate::belief;
use crate::engine::reading::Reading;
use crate::value::{Value, Values};

/// Days and microseconds from 1970 to 2000, where PostgreSQL begins to count.
const DAYS_TO_2000: i32 = 10_957;
const MICROS_TO_2000: i64 = 946_684_800_000_000;

/// The columns of a result, in the formats that were asked for.
pub(super) fn fields(schema: &Schema, format: &Format) -> Vec<FieldInfo> {
    let field = |(index, field): (usize, &Arc<arrow::datatypes::Field>)| {
        let (data_type, size, modifier) = type_of(field.data_type());
        FieldInfo::new(field.name().clone(), None, None, data_type, format.format_for(index))
            .with_type_size(size)
            .with_type_modifier(modifier)
    };
    schema.fields().iter().enumerate().map(field).collect()
}

/// The type on the wire, its size and its modifier.
pub(super) fn type_of(data_type: &DataType) -> (Type, i16, i32) {
    match data_type {
        DataType::Boolean => (Type::BOOL, 1, -1),
        DataType::Int16 => (Type::INT2, 2, -1),
        DataType::Int32 => (Type::INT4, 4, -1),
        DataType::Int64 => (Type::INT8, 8, -1),
        DataType::Float32 => (Type::FLOAT4, 4, -1),
        DataType::Float64 => (Type::FLOAT8, 8, -1),
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            (Type::NUMERIC, -1, ((i32::from(*precision) << 16) | i32::from(*scale)) + 4)
        }
        DataType::Date32 => (Type::DATE, 4, -1),
        DataType::Time64(_) => (Type::TIME, 8, -1),
        DataType::Timestamp(TimeUnit::Microsecond, None) => (Type::TIMESTAMP, 8, -1),
        DataType::Timestamp(..) => (Type::TIMESTAMPTZ, 8, -1),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => (own("varbyte", belief::VARBYTE_OID), -1, -1),
        DataType::List(_) | DataType::Struct(_) => (own("super", belief::SUPER_OID), -1, -1),
        _ => (Type::VARCHAR, -1, 65_535 + 4),
    }
}

/// A type that PostgreSQL does not have.
fn own(name: &str, oid: u32) -> Type {
    Type::new(name.to_owned(), oid, postgres_types::Kind::Simple, "pg_catalog".to_owned())
}

/// The rows as they are sent.
pub(super) fn rows(reading: Reading, fields: Arc<Vec<FieldInfo>>) -> impl Stream<Item = PgWireResult<DataRow>> + Send {
    let batches = stream::unfold(reading, |mut reading| async move {
        let batch = reading.next().await?;
        Some((batch.map_err(|error| PgWireError::UserError(Box::new(told(&error, None)))), reading))
    });
    encoded(batches, fields)
}

/// Rows in their form on the wire.
pub(super) fn encoded(
    batches: impl Stream<Item = PgWireResult<RecordBatch>> + Send + 'static,
    fields: Arc<Vec<FieldInfo>>,
) -> impl Stream<Item = PgWireResult<DataRow>> + Send {
    batches
        .map_ok(move |batch| {
            let rows = match Values::of(&batch) {
                Ok(mut values) => (0..batch.num_rows()).map(|row| encode(&mut values, row, &fields)).collect(),
                Err(error) => vec![Err(PgWireError::UserError(Box::new(told(&error, None))))],
            };
            stream::iter(rows)
        })
        .try_flatten()
        .boxed()
}

fn encode(values: &mut Values<'_>, row: usize, fields: &[FieldInfo]) -> PgWireResult<DataRow> {
    let mut data = BytesMut::new();
    for (column, field) in fields.iter().enumerate() {
        let Some(value) = values.at(column, row) else {
            data.put_i32(-1);
            continue;
        };
        let place = data.len();
        data.put_i32(0);
        match (field.format(), value) {
            (FieldFormat::Text, _) | (FieldFormat::Binary, Value::Text) => {
                data.put_slice(values.text(column, row).unwrap_or_default().as_bytes());
            }
            (FieldFormat::Binary, Value::Numeric) => numeric(values.text(column, row).unwrap_or_default(), &mut data),
            (FieldFormat::Binary, value) => binary(&value, &mut data),
        }
        let length = i32::try_from(data.len() - place - 4).map_err(|error| PgWireError::ApiError(Box::new(error)))?;
        data[place..place + 4].copy_from_slice(&length.to_be_bytes());
    }
    let count = i16::try_from(fields.len()).map_err(|error| PgWireError::ApiError(Box::new(error)))?;
    Ok(DataRow::new(data, count))
}

/// A value whose binary form is not that of its text.
fn binary(value: &Value<'_>, data: &mut BytesMut) {
    match value {
        Value::Bool(value) => data.put_u8(u8::from(*value)),
        Value::Short(value) => data.put_i16(*value),
        Value::Int(value) => data.put_i32(*value),
        Value::Long(value) => data.put_i64(*value),
        Value::Real(value) => data.put_f32(*value),
        Value::Double(value) => data.put_f64(*value),
        Value::Bytes(bytes) => data.put_slice(bytes),
        Value::Date(days) => data.put_i32(days.saturating_sub(DAYS_TO_2000)),
        Value::Time(micros) => data.put_i64(*micros),
        Value::Timestamp(micros) => data.put_i64(micros.saturating_sub(MICROS_TO_2000)),
        Value::Numeric | Value::Text => {}
    }
}

/// A number in digits, in groups of four as PostgreSQL keeps it.
fn numeric(text: &str, data: &mut BytesMut) {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (0x4000, digits),
        None => (0, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = format!("{}{whole}", "0".repeat((4 - whole.len() % 4) % 4));
    let padded = format!("{fraction}{}", "0".repeat((4 - fraction.len() % 4) % 4));
    let mut weight = (whole.len() / 4) as i16 - 1;
    let mut groups: Vec<u16> = (whole + &padded)
        .as_bytes()
        .chunks(4)
        .map(|group| group.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')))
        .collect();
    while groups.last() == Some(&0) {
        groups.pop();
    }
    let zeros = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..zeros);
    weight -= zeros as i16;
    data.put_u16(groups.len() as u16);
    data.put_i16(if groups.is_empty() { 0 } else { weight });
    data.put_u16(if groups.is_empty() { 0 } else { sign });
    data.put_u16(fraction.len() as u16);
    groups.into_iter().for_each(|group| data.put_u16(group));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_as_postgresql_keeps_them() {
        let encoded = |text: &str| {
            let mut data = BytesMut::new();
            numeric(text, &mut data);
            data.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect::<Vec<_>>()
        };
        assert_eq!(encoded("12345.678"), [3, 1, 0, 3, 1, 2_345, 6_780]);
        assert_eq!(encoded("-0.0001"), [1, 0xFFFF, 0x4000, 4, 1]);
        assert_eq!(encoded("0.00"), [0, 0, 0, 2]);
        assert_eq!(encoded("10000"), [1, 1, 0, 0, 1]);
    }
}
