//! The values of a result, as both protocols tell them: as text, or in the type that they have.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType, TimeUnit,
    TimestampMicrosecondType,
};
use outflow_warehouse::embedded::Texts;

use crate::error::SqlError;

/// A value that is not null, in its type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Bool(bool),
    Short(i16),
    Int(i32),
    Long(i64),
    Real(f32),
    Double(f64),
    Bytes(&'a [u8]),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 1970, with a zone or without.
    Timestamp(i64),
    /// A number in digits, as its text has them.
    Numeric,
    /// What is text itself, or is told as text alone: SUPER is JSON.
    Text,
}

/// The values of a batch.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    batch: &'a RecordBatch,
    texts: Texts<'a>,
}

impl<'a> Values<'a> {
    /// # Errors
    /// `XX000` for a type that no result has.
    pub(crate) fn of(batch: &'a RecordBatch) -> Result<Self, SqlError> {
        let texts = Texts::of(batch.columns()).map_err(|error| SqlError::from_engine(&error, 0))?;
        Ok(Self { batch, texts })
    }

    /// How many columns there are.
    pub(crate) fn columns(&self) -> usize {
        self.batch.num_columns()
    }

    /// The value at that place as UNLOAD would write it; `None` is null.
    pub(crate) fn text(&mut self, column: usize, row: usize) -> Option<&str> {
        self.texts.get(column, row)
    }

    /// The value at that place; `None` is null.
    pub(crate) fn at(&self, column: usize, row: usize) -> Option<Value<'a>> {
        let array: &'a ArrayRef = self.batch.column(column);
        if array.is_null(row) {
            return None;
        }
        Some(match array.data_type() {
            DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
            DataType::Int16 => Value::Short(array.as_primitive::<Int16Type>().value(row)),
            DataType::Int32 => Value::Int(array.as_primitive::<Int32Type>().value(row)),
            DataType::Int64 => Value::Long(array.as_primitive::<Int64Type>().value(row)),
            DataType::Float32 => Value::Real(array.as_primitive::<Float32Type>().value(row)),
            DataType::Float64 => Value::Double(array.as_primitive::<Float64Type>().value(row)),
            DataType::Decimal128(..) | DataType::Decimal256(..) => Value::Numeric,
            DataType::Binary => Value::Bytes(array.as_binary::<i32>().value(row)),
            DataType::LargeBinary => Value::Bytes(array.as_binary::<i64>().value(row)),
            DataType::BinaryView => Value::Bytes(array.as_binary_view().value(row)),
            DataType::Date32 => Value::Date(array.as_primitive::<Date32Type>().value(row)),
            DataType::Time64(TimeUnit::Microsecond) => Value::Time(array.as_primitive::<Time64MicrosecondType>().value(row)),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Value::Timestamp(array.as_primitive::<TimestampMicrosecondType>().value(row))
            }
            _ => Value::Text,
        })
    }
}

/// The first value of an array as UNLOAD would write it; nothing for null.
pub(crate) fn text_of(array: ArrayRef) -> String {
    let columns = [array];
    Texts::of(&columns).ok().and_then(|mut texts| texts.get(0, 0).map(str::to_owned)).unwrap_or_default()
}
