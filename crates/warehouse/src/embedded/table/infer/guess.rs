//! What a column may be, going by its values.

use arrow::datatypes::{DataType, TimeUnit};

/// As many digits as a floating-point number keeps, whatever they are.
const DIGITS_OF_A_FLOAT: usize = 15;

/// What holds the values seen so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Guess {
    /// There were none.
    #[default]
    Nothing,
    Boolean,
    /// Whole numbers that a floating-point number holds as well.
    Integer,
    /// Whole numbers some of which it may round.
    LongInteger,
    Float,
    Date,
    Timestamp,
    Text,
}

impl Guess {
    /// What the text of one value is: only what gives the same value back.
    pub(super) fn of(value: &str) -> Self {
        let digits = value.strip_prefix('-').unwrap_or(value);
        match digits.as_bytes().first() {
            Some(b'0'..=b'9') => {}
            Some(b't' | b'T' | b'f' | b'F') if value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false") => {
                return Self::Boolean;
            }
            _ => return Self::Text,
        }
        if is_integer(digits) {
            match digits.len() {
                1..=DIGITS_OF_A_FLOAT if value != "-0" => Self::Integer,
                _ if value != "-0" && value.parse::<i64>().is_ok() => Self::LongInteger,
                _ => Self::Text,
            }
        } else if is_float(digits) {
            Self::Float
        } else if is_date(value) {
            Self::Date
        } else if is_timestamp(value) {
            Self::Timestamp
        } else {
            Self::Text
        }
    }

    /// What holds the values of both.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (one, another) if one == another => one,
            (Self::Nothing, one) | (one, Self::Nothing) => one,
            (Self::Integer, Self::LongInteger) | (Self::LongInteger, Self::Integer) => Self::LongInteger,
            (Self::Integer, Self::Float) | (Self::Float, Self::Integer) => Self::Float,
            _ => Self::Text,
        }
    }

    /// The type of a column of such values.
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Integer | Self::LongInteger => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Date => DataType::Date32,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Nothing | Self::Text => DataType::Utf8,
        }
    }
}

fn is_integer(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits.len() == 1 || !digits.starts_with('0'))
}

/// A number with a point or an exponent whose digits a floating-point number keeps.
fn is_float(digits: &str) -> bool {
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    if !(is_integer(whole) && is_digits(fraction) && is_digits(exponent)) {
        return false;
    }
    let significant = significant(whole, fraction);
    // Beyond its range a number becomes infinite, or loses digits on its way to zero.
    significant <= DIGITS_OF_A_FLOAT && digits.parse().is_ok_and(|value: f64| value.is_normal() || significant == 0)
}

/// How many digits there are from the first that is not zero to the last.
fn significant(whole: &str, fraction: &str) -> usize {
    let digits = || whole.bytes().chain(fraction.bytes());
    let leading = digits().take_while(|digit| *digit == b'0').count();
    let trailing = digits().rev().take_while(|digit| *digit == b'0').count();
    (whole.len() + fraction.len()).saturating_sub(leading + trailing)
}

/// `2026-01-31`
fn is_date(value: &str) -> bool {
    let bytes = value.as_bytes();
    let number = |from: usize, to: usize| value.get(from..to).and_then(|text| text.parse::<u32>().ok());
    bytes.len() == 10
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && bytes.iter().enumerate().all(|(at, byte)| at == 4 || at == 7 || byte.is_ascii_digit())
        && matches!((number(0, 4), number(5, 7), number(8, 10)), (Some(year), Some(month @ 1..=12), Some(day @ 1..))
            if day <= days_in(year, month))
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// `2026-01-31 23:59:59` or with a `T`, with at most six digits after the second.
fn is_timestamp(value: &str) -> bool {
    let Some((date, time)) = value.split_once([' ', 'T']) else { return false };
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = clock.split(':').map(|part| if part.len() == 2 { part.parse::<u32>().ok() } else { None });
    is_date(date)
        && matches!((parts.next(), parts.next(), parts.next()), (Some(Some(0..24)), Some(Some(0..60)), Some(Some(0..60))))
        && parts.next().is_none()
        && (1..=6).contains(&fraction.len())
        && time.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_only_what_it_survives_as() {
        let cases = [
            ("1", Guess::Integer),
            ("-17", Guess::Integer),
            ("0", Guess::Integer),
            ("007", Guess::Text),
            ("-0", Guess::Text),
            ("+1", Guess::Text),
            ("999999999999999", Guess::Integer),
            ("-9007199254740993", Guess::LongInteger),
            ("9223372036854775807", Guess::LongInteger),
            ("9223372036854775808", Guess::Text),
            ("1.50", Guess::Float),
            ("0.1", Guess::Float),
            ("0.0", Guess::Float),
            ("1e3", Guess::Float),
            ("1.", Guess::Text),
            (".5", Guess::Text),
            ("00.5", Guess::Text),
            ("0.1234567890123456789", Guess::Text),
            ("1234567890123456.5", Guess::Text),
            ("1e999", Guess::Text),
            ("1e-999", Guess::Text),
            ("1.23456789012345e-320", Guess::Text),
            ("True", Guess::Boolean),
            ("t", Guess::Text),
            ("2024-02-29", Guess::Date),
            ("2023-02-29", Guess::Text),
            ("2026-13-01", Guess::Text),
            ("2026-01-01 00:00:00", Guess::Timestamp),
            ("2026-01-01T23:59:59.123456", Guess::Timestamp),
            ("2026-01-01 00:00:00.1234567", Guess::Text),
            ("2026-01-01 24:00:00", Guess::Text),
            ("2026-01-01 00:00:00+09", Guess::Text),
            ("2026-01-01 00:00:00:00", Guess::Text),
            ("010-1234-5678", Guess::Text),
            ("NaN", Guess::Text),
            ("한글", Guess::Text),
            ("-", Guess::Text),
        ];
        for (value, guess) in cases {
            assert_eq!(Guess::of(value), guess, "{value}");
        }
    }

    #[test]
    fn two_are_what_holds_both() {
        assert_eq!(Guess::Integer.and(Guess::Float), Guess::Float);
        assert_eq!(Guess::Integer.and(Guess::LongInteger), Guess::LongInteger);
        assert_eq!(Guess::LongInteger.and(Guess::Float), Guess::Text);
        assert_eq!(Guess::Date.and(Guess::Timestamp), Guess::Text);
        assert_eq!(Guess::Nothing.and(Guess::Boolean), Guess::Boolean);
    }
}
