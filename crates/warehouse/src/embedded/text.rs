//! Values as text, exactly: what Redshift prints for them, in delimited text and inside JSON alike.

pub(super) mod buffer;
mod moment;
mod number;
pub(super) mod rooms;
pub(super) mod scan;

use arrow::array::{
    Array, AsArray, BooleanArray, GenericBinaryArray, GenericStringArray, ListArray, StringViewArray, StructArray,
};
use arrow::array::{BinaryViewArray, PrimitiveArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{ArrowPrimitiveType, DataType, Decimal256Type};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType,
};
use outflow_core::{Code, Error, Result};

use self::buffer::Buffer;

/// One column of a batch, ready to be written value by value. Holds only the types that `Columns` lets through.
pub(super) struct Cells<'a> {
    nulls: Option<&'a NullBuffer>,
    values: Values<'a>,
}

/// The values of a column, each kind in the form from which it is written fastest.
pub(super) enum Values<'a> {
    Boolean(&'a BooleanArray),
    Int16(&'a [i16]),
    Int32(&'a [i32]),
    Int64(&'a [i64]),
    Float32(&'a [f32]),
    Float64(&'a [f64]),
    Decimal128(&'a [i128], usize),
    Decimal256(&'a PrimitiveArray<Decimal256Type>, usize),
    Date(&'a [i32]),
    Time(&'a [i64]),
    Timestamp(&'a [i64], bool),
    Utf8(&'a GenericStringArray<i32>),
    LargeUtf8(&'a GenericStringArray<i64>),
    Utf8View(&'a StringViewArray),
    Binary(&'a GenericBinaryArray<i32>),
    LargeBinary(&'a GenericBinaryArray<i64>),
    BinaryView(&'a BinaryViewArray),
    List(&'a ListArray, Box<Cells<'a>>),
    Struct(Vec<(String, Cells<'a>)>),
}

impl<'a> Cells<'a> {
    /// The values of an array.
    ///
    /// # Errors
    /// `internal` for a type that no result has.
    pub(super) fn new(array: &'a dyn Array) -> Result<Self> {
        let values = match array.data_type() {
            DataType::Boolean => Values::Boolean(array.as_boolean()),
            DataType::Int16 => Values::Int16(numbers::<Int16Type>(array)),
            DataType::Int32 => Values::Int32(numbers::<Int32Type>(array)),
            DataType::Int64 => Values::Int64(numbers::<Int64Type>(array)),
            DataType::Float32 => Values::Float32(numbers::<Float32Type>(array)),
            DataType::Float64 => Values::Float64(numbers::<Float64Type>(array)),
            DataType::Decimal128(_, scale) => {
                Values::Decimal128(numbers::<Decimal128Type>(array), usize::from(scale.unsigned_abs()))
            }
            DataType::Decimal256(_, scale) => Values::Decimal256(array.as_primitive(), usize::from(scale.unsigned_abs())),
            DataType::Date32 => Values::Date(numbers::<Date32Type>(array)),
            DataType::Time64(_) => Values::Time(numbers::<Time64MicrosecondType>(array)),
            DataType::Timestamp(_, zone) => Values::Timestamp(numbers::<TimestampMicrosecondType>(array), zone.is_some()),
            DataType::Utf8 => Values::Utf8(array.as_string()),
            DataType::LargeUtf8 => Values::LargeUtf8(array.as_string()),
            DataType::Utf8View => Values::Utf8View(array.as_string_view()),
            DataType::Binary => Values::Binary(array.as_binary()),
            DataType::LargeBinary => Values::LargeBinary(array.as_binary()),
            DataType::BinaryView => Values::BinaryView(array.as_binary_view()),
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                Values::List(list, Box::new(Self::new(list.values().as_ref())?))
            }
            DataType::Struct(fields) => Values::Struct(structure(fields, array.as_struct())?),
            other => return Err(Error::new(Code::Internal, format!("a result has the type `{other}`, which is never written"))),
        };
        Ok(Self { nulls: array.nulls().filter(|nulls| nulls.null_count() > 0), values })
    }

    /// The values, whatever of them are NULL.
    pub(super) fn values(&self) -> &Values<'a> {
        &self.values
    }

    /// Whether the value is NULL.
    #[inline]
    pub(super) fn is_null(&self, row: usize) -> bool {
        self.nulls.is_some_and(|nulls| nulls.is_null(row))
    }

    /// The text itself, of a column of text.
    #[inline]
    pub(super) fn text(&self, row: usize) -> Option<&'a str> {
        match &self.values {
            Values::Utf8(array) => Some(array.value(row)),
            Values::LargeUtf8(array) => Some(array.value(row)),
            Values::Utf8View(array) => Some(array.value(row)),
            _ => None,
        }
    }

    /// Whether it holds texts.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.values, Values::Utf8(_) | Values::LargeUtf8(_) | Values::Utf8View(_))
    }

    /// Whether it holds lists or structures, which are written as JSON everywhere.
    pub(super) fn is_nested(&self) -> bool {
        matches!(self.values, Values::List(..) | Values::Struct(..))
    }

    /// Whether a value of it is a few letters, digits and signs, and at least one: no text, and nothing that may be empty or long.
    #[inline]
    pub(super) fn is_simple(&self) -> bool {
        use Values::*;
        !matches!(
            self.values,
            Utf8(_) | LargeUtf8(_) | Utf8View(_) | Binary(_) | LargeBinary(_) | BinaryView(_) | List(..) | Struct(..)
        )
    }

    /// Writes a value that is not NULL.
    #[inline]
    pub(super) fn write(&self, row: usize, out: &mut Buffer) {
        match &self.values {
            Values::Boolean(array) => out.push(if array.value(row) { b't' } else { b'f' }),
            Values::Int16(values) => number::integer(i64::from(values[row]), out),
            Values::Int32(values) => number::integer(i64::from(values[row]), out),
            Values::Int64(values) => number::integer(values[row], out),
            Values::Float32(values) => number::float32(values[row], out),
            Values::Float64(values) => number::float64(values[row], out),
            Values::Decimal128(values, scale) => number::decimal(values[row], *scale, out),
            Values::Decimal256(array, scale) => number::long_decimal(&array.value(row).to_string(), *scale, out),
            Values::Date(values) => moment::date(i64::from(values[row]), out),
            Values::Time(values) => moment::time(values[row], out),
            Values::Timestamp(values, has_zone) => moment::timestamp(values[row], *has_zone, out),
            Values::Utf8(array) => out.extend(array.value(row).as_bytes()),
            Values::LargeUtf8(array) => out.extend(array.value(row).as_bytes()),
            Values::Utf8View(array) => out.extend(array.value(row).as_bytes()),
            Values::Binary(array) => hexadecimal(array.value(row), out),
            Values::LargeBinary(array) => hexadecimal(array.value(row), out),
            Values::BinaryView(array) => hexadecimal(array.value(row), out),
            Values::List(..) | Values::Struct(..) => super::json::write(self, row, out),
        }
    }
}

fn numbers<T: ArrowPrimitiveType>(array: &dyn Array) -> &[T::Native] {
    array.as_primitive::<T>().values()
}

fn structure<'a>(fields: &arrow::datatypes::Fields, columns: &'a StructArray) -> Result<Vec<(String, Cells<'a>)>> {
    fields.iter().zip(columns.columns()).map(|(field, column)| Ok((field.name().clone(), Cells::new(column)?))).collect()
}

fn hexadecimal(bytes: &[u8], out: &mut Buffer) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.put([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]], 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_values_are_hexadecimal() {
        let mut out = Buffer::default();
        hexadecimal(&[0, 255, 16], &mut out);
        assert_eq!(out.written(), b"00ff10");
    }
}
