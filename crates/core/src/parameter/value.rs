//! One value, checked against its type, and the literal that Redshift, PostgreSQL and DataFusion read alike.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use crate::statement::literal;

/// The types that a parameter can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// `string`, `varchar`
    Varchar,
    /// `integer`, 32 bits
    Integer,
    /// `bigint`, 64 bits
    Bigint,
    /// `decimal`, up to 38 digits
    Decimal,
    /// `double`
    Double,
    /// `boolean`
    Boolean,
    /// `date`
    Date,
    /// `time`, without a zone
    Time,
    /// `timestamp`, without a zone
    Timestamp,
    /// `timestamptz`, with an offset
    Timestamptz,
}

impl Type {
    /// The names that callers use, each with its type.
    pub const NAMES: [(&'static str, Type); 11] = [
        ("string", Type::Varchar),
        ("varchar", Type::Varchar),
        ("integer", Type::Integer),
        ("bigint", Type::Bigint),
        ("decimal", Type::Decimal),
        ("double", Type::Double),
        ("boolean", Type::Boolean),
        ("date", Type::Date),
        ("time", Type::Time),
        ("timestamp", Type::Timestamp),
        ("timestamptz", Type::Timestamptz),
    ];

    /// The name in SQL.
    fn sql(self) -> &'static str {
        match self {
            Self::Varchar => "VARCHAR",
            Self::Integer => "INTEGER",
            Self::Bigint => "BIGINT",
            Self::Decimal => "DECIMAL",
            Self::Double => "DOUBLE PRECISION",
            Self::Boolean => "BOOLEAN",
            Self::Date => "DATE",
            Self::Time => "TIME",
            Self::Timestamp => "TIMESTAMP",
            Self::Timestamptz => "TIMESTAMPTZ",
        }
    }
}

/// A number in digits: an optional `-`, digits, an optional fraction. Nothing else can be in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digits(String);

impl Digits {
    /// The digits, if that is what the text is.
    pub fn parse(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        (all_digits(whole) && all_digits(fraction)).then(|| Self(text.to_owned()))
    }

    /// How many digits are behind the point.
    pub fn scale(&self) -> usize {
        self.0.split_once('.').map_or(0, |(_, fraction)| fraction.len())
    }

    /// How many digits there are, leading zeros left out, at least those behind the point and at least one.
    pub fn precision(&self) -> usize {
        let digits = self.0.bytes().filter(u8::is_ascii_digit).skip_while(|byte| *byte == b'0').count();
        digits.max(self.scale()).max(1)
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// NULL, of a type if one was given.
    Null(Option<Type>),
    /// A string.
    Text(String),
    /// TRUE or FALSE.
    Boolean(bool),
    /// A number of no stated type.
    Number(Digits),
    /// A whole number of 32 bits.
    Integer(i32),
    /// A whole number of 64 bits.
    Bigint(i64),
    /// A number that is exactly that decimal.
    Decimal(Digits),
    /// A binary floating-point number.
    Double(f64),
    /// A day.
    Date(NaiveDate),
    /// A time of day.
    Time(NaiveTime),
    /// A moment without a zone.
    Timestamp(NaiveDateTime),
    /// A moment.
    Timestamptz(DateTime<Utc>),
}

impl Value {
    /// The literal: an expression that keeps its meaning wherever one may stand, so long as no word, number or quoted text touches it.
    ///
    /// A text is a single string to every lexer, and its value to those that un-escape as Redshift does: `'` and `\` are doubled. What has
    /// a stated type is cast to it, since bare digits are of the type that a warehouse likes: `1.5e0` is a `numeric(2,1)` to Redshift.
    pub fn to_sql(&self) -> String {
        match self {
            Self::Null(None) => "NULL".to_owned(),
            Self::Null(Some(of)) => format!("CAST(NULL AS {})", of.sql()),
            Self::Text(text) => literal(text),
            Self::Boolean(true) => "TRUE".to_owned(),
            Self::Boolean(false) => "FALSE".to_owned(),
            Self::Number(digits) => signed(&digits.0),
            Self::Decimal(digits) => {
                format!("CAST('{}' AS DECIMAL({},{}))", digits.0, digits.precision(), digits.scale())
            }
            Self::Integer(number) => format!("CAST('{number}' AS {})", Type::Integer.sql()),
            Self::Bigint(number) => format!("CAST('{number}' AS {})", Type::Bigint.sql()),
            Self::Double(number) => format!("CAST('{number:e}' AS {})", Type::Double.sql()),
            Self::Date(day) => format!("DATE '{day}'"),
            Self::Time(time) => format!("TIME '{}'", time.format("%H:%M:%S%.f")),
            Self::Timestamp(moment) => format!("TIMESTAMP '{}'", moment.format("%Y-%m-%d %H:%M:%S%.f")),
            Self::Timestamptz(moment) => format!("TIMESTAMPTZ '{}+00:00'", moment.format("%Y-%m-%d %H:%M:%S%.f")),
        }
    }
}

/// A negative number stands in parentheses: behind a `-`, its own sign would begin a comment.
fn signed(digits: &str) -> String {
    if digits.starts_with('-') { format!("({digits})") } else { digits.to_owned() }
}
