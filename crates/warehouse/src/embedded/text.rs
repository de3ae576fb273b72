//! Values as text, exactly: what Redshift prints for them, in CSV and inside JSON alike.
//!
//! Numbers are never rounded: floating-point numbers get the fewest digits that read back as the same number. A moment has as many
//! digits after the second as it needs, up to six.

use std::io::Write;

use arrow::array::types::ByteArrayType;
use arrow::array::{
    Array, AsArray, BinaryViewArray, BooleanArray, GenericByteArray, ListArray, PrimitiveArray, StringViewArray, StructArray,
};
use arrow::datatypes::{
    ArrowPrimitiveType, BinaryType, DataType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int16Type,
    Int32Type, Int64Type, LargeBinaryType, LargeUtf8Type, Time64MicrosecondType, TimestampMicrosecondType, Utf8Type,
};
use outflow_core::{Code, Error, Result};

/// One column of a batch, ready to be written value by value. Holds only the types that `Columns` lets through.
pub(super) enum Cells<'a> {
    Boolean(&'a BooleanArray),
    Int16(&'a PrimitiveArray<Int16Type>),
    Int32(&'a PrimitiveArray<Int32Type>),
    Int64(&'a PrimitiveArray<Int64Type>),
    Float32(&'a PrimitiveArray<Float32Type>),
    Float64(&'a PrimitiveArray<Float64Type>),
    Decimal128(&'a PrimitiveArray<Decimal128Type>, usize),
    Decimal256(&'a PrimitiveArray<Decimal256Type>, usize),
    Date(&'a PrimitiveArray<Date32Type>),
    Time(&'a PrimitiveArray<Time64MicrosecondType>),
    Timestamp(&'a PrimitiveArray<TimestampMicrosecondType>, bool),
    Utf8(&'a GenericByteArray<Utf8Type>),
    LargeUtf8(&'a GenericByteArray<LargeUtf8Type>),
    Utf8View(&'a StringViewArray),
    Binary(&'a GenericByteArray<BinaryType>),
    LargeBinary(&'a GenericByteArray<LargeBinaryType>),
    BinaryView(&'a BinaryViewArray),
    List(&'a ListArray, Box<Cells<'a>>),
    Struct(&'a StructArray, Vec<(String, Cells<'a>)>),
}

impl<'a> Cells<'a> {
    /// The values of an array.
    ///
    /// # Errors
    /// `internal` for a type that no result has.
    pub(super) fn new(array: &'a dyn Array) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::Boolean => Self::Boolean(array.as_boolean()),
            DataType::Int16 => Self::Int16(array.as_primitive()),
            DataType::Int32 => Self::Int32(array.as_primitive()),
            DataType::Int64 => Self::Int64(array.as_primitive()),
            DataType::Float32 => Self::Float32(array.as_primitive()),
            DataType::Float64 => Self::Float64(array.as_primitive()),
            DataType::Decimal128(_, scale) => Self::Decimal128(array.as_primitive(), usize::from(scale.unsigned_abs())),
            DataType::Decimal256(_, scale) => Self::Decimal256(array.as_primitive(), usize::from(scale.unsigned_abs())),
            DataType::Date32 => Self::Date(array.as_primitive()),
            DataType::Time64(_) => Self::Time(array.as_primitive()),
            DataType::Timestamp(_, zone) => Self::Timestamp(array.as_primitive(), zone.is_some()),
            DataType::Utf8 => Self::Utf8(array.as_string()),
            DataType::LargeUtf8 => Self::LargeUtf8(array.as_string()),
            DataType::Utf8View => Self::Utf8View(array.as_string_view()),
            DataType::Binary => Self::Binary(array.as_binary()),
            DataType::LargeBinary => Self::LargeBinary(array.as_binary()),
            DataType::BinaryView => Self::BinaryView(array.as_binary_view()),
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                Self::List(list, Box::new(Self::new(list.values().as_ref())?))
            }
            DataType::Struct(fields) => {
                let columns = array.as_struct();
                let cells =
                    fields.iter().zip(columns.columns()).map(|(field, column)| Ok((field.name().clone(), Self::new(column)?)));
                Self::Struct(columns, cells.collect::<Result<_>>()?)
            }
            other => return Err(Error::new(Code::Internal, format!("a result has the type `{other}`, which is never written"))),
        })
    }

    /// Whether the value is NULL.
    pub(super) fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Boolean(array) => array.is_null(row),
            Self::Int16(array) => array.is_null(row),
            Self::Int32(array) => array.is_null(row),
            Self::Int64(array) => array.is_null(row),
            Self::Float32(array) => array.is_null(row),
            Self::Float64(array) => array.is_null(row),
            Self::Decimal128(array, _) => array.is_null(row),
            Self::Decimal256(array, _) => array.is_null(row),
            Self::Date(array) => array.is_null(row),
            Self::Time(array) => array.is_null(row),
            Self::Timestamp(array, _) => array.is_null(row),
            Self::Utf8(array) => array.is_null(row),
            Self::LargeUtf8(array) => array.is_null(row),
            Self::Utf8View(array) => array.is_null(row),
            Self::Binary(array) => array.is_null(row),
            Self::LargeBinary(array) => array.is_null(row),
            Self::BinaryView(array) => array.is_null(row),
            Self::List(array, _) => array.is_null(row),
            Self::Struct(array, _) => array.is_null(row),
        }
    }

    /// The text itself, of a column of text.
    pub(super) fn text(&self, row: usize) -> Option<&'a str> {
        match self {
            Self::Utf8(array) => Some(value(array, row)),
            Self::LargeUtf8(array) => Some(value(array, row)),
            Self::Utf8View(array) => Some(array.value(row)),
            _ => None,
        }
    }

    /// Whether it holds lists or structures, which are written as JSON everywhere.
    pub(super) fn is_nested(&self) -> bool {
        matches!(self, Self::List(..) | Self::Struct(..))
    }

    /// Writes a value that is neither NULL, nor text, nor nested.
    pub(super) fn write(&self, row: usize, out: &mut Vec<u8>) {
        match self {
            Self::Boolean(array) => out.push(if array.value(row) { b't' } else { b'f' }),
            Self::Int16(array) => integer(array.value(row), out),
            Self::Int32(array) => integer(array.value(row), out),
            Self::Int64(array) => integer(array.value(row), out),
            Self::Float32(array) => float32(primitive(array, row), out),
            Self::Float64(array) => float64(primitive(array, row), out),
            Self::Decimal128(array, scale) => decimal(itoa::Buffer::new().format(array.value(row)), *scale, out),
            Self::Decimal256(array, scale) => decimal(&array.value(row).to_string(), *scale, out),
            Self::Date(array) => date(i64::from(array.value(row)), out),
            Self::Time(array) => time(array.value(row), out),
            Self::Timestamp(array, has_zone) => timestamp(array.value(row), *has_zone, out),
            Self::Binary(array) => hexadecimal(array.value(row), out),
            Self::LargeBinary(array) => hexadecimal(array.value(row), out),
            Self::BinaryView(array) => hexadecimal(array.value(row), out),
            Self::Utf8(_) | Self::LargeUtf8(_) | Self::Utf8View(_) => {
                out.extend_from_slice(self.text(row).unwrap_or_default().as_bytes());
            }
            Self::List(..) | Self::Struct(..) => super::json::write(self, row, out),
        }
    }
}

fn value<T: ByteArrayType>(array: &GenericByteArray<T>, row: usize) -> &T::Native {
    array.value(row)
}

fn primitive<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, row: usize) -> T::Native {
    array.value(row)
}

fn integer(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

fn float32(value: f32, out: &mut Vec<u8>) {
    match special(f64::from(value)) {
        Some(text) => out.extend_from_slice(text.as_bytes()),
        None => scientific(&format!("{value:e}"), 6, out),
    }
}

fn float64(value: f64, out: &mut Vec<u8>) {
    match special(value) {
        Some(text) => out.extend_from_slice(text.as_bytes()),
        None => scientific(&format!("{value:e}"), 15, out),
    }
}

fn special(value: f64) -> Option<&'static str> {
    match value {
        value if value.is_nan() => Some("NaN"),
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        _ => None,
    }
}

/// Lays out `-1.25e3` as PostgreSQL does: plain while the exponent is from -4 to below `digits`, else with an exponent of two digits.
fn scientific(shortest: &str, digits: i32, out: &mut Vec<u8>) {
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    out.extend_from_slice(sign.as_bytes());
    if !(-4..digits).contains(&exponent) {
        out.extend_from_slice(mantissa.as_bytes());
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "e{sign}{:02}", exponent.unsigned_abs());
    } else if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + (exponent.unsigned_abs() as usize - 1), b'0');
        out.extend_from_slice(whole.as_bytes());
        out.extend_from_slice(fraction.as_bytes());
    } else {
        let point = exponent as usize;
        out.extend_from_slice(whole.as_bytes());
        for place in 0..point {
            out.push(fraction.as_bytes().get(place).copied().unwrap_or(b'0'));
        }
        if fraction.len() > point {
            out.push(b'.');
            out.extend_from_slice(&fraction.as_bytes()[point..]);
        }
    }
}

/// Puts the point into the digits of a decimal.
fn decimal(digits: &str, scale: usize, out: &mut Vec<u8>) {
    let digits = match digits.strip_prefix('-') {
        Some(rest) => {
            out.push(b'-');
            rest
        }
        None => digits,
    };
    if scale == 0 {
        out.extend_from_slice(digits.as_bytes());
        return;
    }
    if digits.len() <= scale {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + (scale - digits.len()), b'0');
        out.extend_from_slice(digits.as_bytes());
    } else {
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        out.extend_from_slice(whole.as_bytes());
        out.push(b'.');
        out.extend_from_slice(fraction.as_bytes());
    }
}

/// The date so many days after 1970-01-01; `BC` follows the years before 1.
fn date(days: i64, out: &mut Vec<u8>) {
    // Civil from days: the year begins in March, so that a leap day is its last.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let shown = if year > 0 { year } else { 1 - year };
    padded(shown, 4, out);
    out.push(b'-');
    padded(month, 2, out);
    out.push(b'-');
    padded(day, 2, out);
    if year <= 0 {
        out.extend_from_slice(b" BC");
    }
}

fn time(micros: i64, out: &mut Vec<u8>) {
    let seconds = micros / 1_000_000;
    padded(seconds / 3_600, 2, out);
    out.push(b':');
    padded(seconds / 60 % 60, 2, out);
    out.push(b':');
    padded(seconds % 60, 2, out);
    let mut fraction = micros % 1_000_000;
    if fraction > 0 {
        let mut width = 6;
        while fraction % 10 == 0 {
            fraction /= 10;
            width -= 1;
        }
        out.push(b'.');
        padded(fraction, width, out);
    }
}

fn timestamp(micros: i64, has_zone: bool, out: &mut Vec<u8>) {
    const DAY: i64 = 86_400_000_000;
    let start = out.len();
    date(micros.div_euclid(DAY), out);
    let is_before_christ = out.ends_with(b" BC");
    if is_before_christ {
        out.truncate(out.len() - 3);
    }
    debug_assert!(out.len() > start);
    out.push(b' ');
    time(micros.rem_euclid(DAY), out);
    if has_zone {
        out.extend_from_slice(b"+00");
    }
    if is_before_christ {
        out.extend_from_slice(b" BC");
    }
}

fn padded(value: i64, width: usize, out: &mut Vec<u8>) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value);
    out.resize(out.len() + width.saturating_sub(digits.len()), b'0');
    out.extend_from_slice(digits.as_bytes());
}

fn hexadecimal(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn floating_point_numbers_read_back_as_themselves() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (0.1, "0.1"),
            (1.0, "1"),
            (-1234.5678, "-1234.5678"),
            (1e14, "100000000000000"),
            (1e15, "1e+15"),
            (1.5e300, "1.5e+300"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (123456789012345.6, "123456789012345.6"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
            (5e-324, "5e-324"),
        ];
        for (value, text) in cases {
            assert_eq!(made(|out| float64(value, out)), text);
            if !value.is_nan() {
                assert_eq!(text.replace("Infinity", "inf").parse::<f64>().unwrap(), value);
            }
        }
        assert_eq!(made(|out| float32(0.1, out)), "0.1");
        assert_eq!(made(|out| float32(1e6, out)), "1e+06");
    }

    #[test]
    fn decimals_keep_every_digit() {
        let cases = [("12345", 2, "123.45"), ("-5", 2, "-0.05"), ("0", 4, "0.0000"), ("7", 0, "7"), ("-100", 3, "-0.100")];
        for (digits, scale, text) in cases {
            assert_eq!(made(|out| decimal(digits, scale, out)), text);
        }
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        let cases = [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (19_782, "2024-02-29"),
            (2_932_896, "9999-12-31"),
            (2_932_897, "10000-01-01"),
            (-719_162, "0001-01-01"),
            (-719_163, "0001-12-31 BC"),
        ];
        for (days, text) in cases {
            assert_eq!(made(|out| date(days, out)), text);
        }
    }

    #[test]
    fn moments_have_as_many_digits_as_they_need() {
        assert_eq!(made(|out| timestamp(1_767_225_600_000_000, false, out)), "2026-01-01 00:00:00");
        assert_eq!(made(|out| timestamp(1_767_225_600_120_000, false, out)), "2026-01-01 00:00:00.12");
        assert_eq!(made(|out| timestamp(-1, true, out)), "1969-12-31 23:59:59.999999+00");
        assert_eq!(made(|out| timestamp(-62_135_596_800_000_001, true, out)), "0001-12-31 23:59:59.999999+00 BC");
        assert_eq!(made(|out| time(45_296_000_700, out)), "12:34:56.0007");
        assert_eq!(made(|out| hexadecimal(&[0, 255, 16], out)), "00ff10");
    }
}
