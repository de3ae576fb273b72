//! Values as sent: what each type takes. An error goes on where "the parameter `name`" left off.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};
use serde_json::{Map, Number, Value as Json};

use super::shown;
use super::value::{Digits, Type, Value};

/// Reads one value.
pub(super) fn value(sent: &Json) -> Result<Value, String> {
    match sent {
        Json::Null => Ok(Value::Null(None)),
        Json::Bool(value) => Ok(Value::Boolean(*value)),
        Json::String(text) => plain_text(text),
        Json::Number(number) => exact(number).map(Value::Number),
        Json::Object(fields) => typed(fields),
        Json::Array(_) => Err("is a list; send one parameter for each element".to_owned()),
    }
}

fn plain_text(text: &str) -> Result<Value, String> {
    match text.chars().find(|c| c.is_control() && !matches!(c, '\t' | '\n')) {
        None => Ok(Value::Text(text.to_owned())),
        Some(bad) => Err(format!("holds the control character U+{:04X}; leave it out", u32::from(bad))),
    }
}

/// JSON numbers reach us as 64-bit integers or as floating point, of which 15 digits are certain to be the caller's own.
///
/// Zeros at the end of a whole number are no digits of it, as long as it could have been sent in 64 bits: then the caller wrote `1e15`.
/// A greater one may have been sent in digits that are gone.
fn exact(number: &Number) -> Result<Digits, String> {
    const CERTAIN: usize = 15;
    let text = match number.as_f64() {
        Some(float) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    };
    let is_small = number.as_f64().is_some_and(|float| float.abs() < 2_f64.powi(64));
    let written = if is_small && !text.contains('.') { text.trim_end_matches('0') } else { &text };
    let significant = written.bytes().filter(u8::is_ascii_digit).skip_while(|byte| *byte == b'0').count();
    match Digits::parse(&text) {
        Some(digits) if !number.is_f64() || significant <= CERTAIN => Ok(digits),
        _ => Err(format!(
            "has more than the {CERTAIN} digits that a JSON number is certain to keep; send it as text, {{\"type\": \"decimal\", \"value\": \"…\"}}, or as a double"
        )),
    }
}

fn typed(fields: &Map<String, Json>) -> Result<Value, String> {
    if let Some(unknown) = fields.keys().find(|key| !matches!(key.as_str(), "type" | "value")) {
        return Err(format!("has the unknown field `{}`; the fields are `type` and `value`", shown(unknown)));
    }
    let (Some(Json::String(name)), Some(value)) = (fields.get("type"), fields.get("value")) else {
        return Err("is not of the form {\"type\": \"date\", \"value\": \"2026-01-31\"}".to_owned());
    };
    let Some((name, of)) = Type::NAMES.iter().find(|(known, _)| known == name) else {
        let known: Vec<&str> = Type::NAMES.iter().map(|(known, _)| *known).collect();
        return Err(format!("has the unknown type `{}`; the types are {}", shown(name), known.join(", ")));
    };
    let text = match value {
        Json::Null => return Ok(Value::Null(Some(*of))),
        Json::String(text) => text.clone(),
        Json::Number(number) if *of == Type::Double => number.to_string(),
        Json::Number(number) => exact(number)?.as_str().to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Array(_) | Json::Object(_) => return Err("has a `value` that is neither text, number, boolean nor null".to_owned()),
    };
    let read = match of {
        Type::Varchar if value.is_string() => return plain_text(&text),
        Type::Varchar => None,
        Type::Boolean => text.parse().ok().map(Value::Boolean),
        Type::Integer => Digits::parse(&text).and_then(|_| text.parse().ok()).map(Value::Integer),
        Type::Bigint => Digits::parse(&text).and_then(|_| text.parse().ok()).map(Value::Bigint),
        Type::Decimal => Digits::parse(&text).filter(|digits| digits.precision() <= 38).map(Value::Decimal),
        Type::Double => double(&text).map(Value::Double),
        Type::Date => date(&text).map(Value::Date),
        Type::Time => time(&text).map(Value::Time),
        Type::Timestamp => timestamp(&text).map(Value::Timestamp),
        Type::Timestamptz => timestamptz(&text).map(Value::Timestamptz),
    };
    read.ok_or_else(|| format!("is not of type `{name}`: `{}`; write it like {}", shown(&text), example(*of)))
}

fn example(of: Type) -> &'static str {
    match of {
        Type::Varchar => "\"text\"",
        Type::Boolean => "true",
        Type::Integer => "-42, within 32 bits",
        Type::Bigint => "-42, within 64 bits",
        Type::Decimal => "\"-1234.50\", with at most 38 digits",
        Type::Double => "1.5e-3",
        Type::Date => "\"2026-01-31\"",
        Type::Time => "\"13:45:00\" or \"13:45:00.123456\"",
        Type::Timestamp => "\"2026-01-31 13:45:00\", without a zone",
        Type::Timestamptz => "\"2026-01-31T13:45:00+09:00\"",
    }
}

/// A finite number that is not so small that nothing is left of it.
fn double(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    let digits = text.split(['e', 'E']).next().unwrap_or_default();
    let is_lost = number == 0.0 && digits.contains(|digit| matches!(digit, '1'..='9'));
    (number.is_finite() && !is_lost).then_some(number)
}

fn date(text: &str) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(shaped(text, "0000-00-00")?, "%Y-%m-%d").ok()?;
    (text.len() == 10 && day.year() >= 1).then_some(day)
}

/// To the microsecond, as finely as warehouses keep it; no leap second, which they do not keep at all.
fn time(text: &str) -> Option<NaiveTime> {
    let time = NaiveTime::parse_from_str(shaped(text, "00:00:00")?, "%H:%M:%S%.f").ok()?;
    (time.nanosecond() < 1_000_000_000 && time.nanosecond() % 1_000 == 0).then_some(time)
}

/// The text, if it begins with a digit for every `0` of the shape and with everything else of it as it is: chrono takes blanks and signs.
fn shaped<'a>(text: &'a str, shape: &str) -> Option<&'a str> {
    let fits = |(of, byte): (u8, &u8)| if of == b'0' { byte.is_ascii_digit() } else { *byte == of };
    (text.len() >= shape.len() && shape.bytes().zip(text.as_bytes()).all(fits)).then_some(text)
}

fn timestamp(text: &str) -> Option<NaiveDateTime> {
    let (day, rest) = text.split_at_checked(10)?;
    Some(date(day)?.and_time(time(rest.strip_prefix(['T', ' '])?)?))
}

fn timestamptz(text: &str) -> Option<DateTime<Utc>> {
    let moment = DateTime::parse_from_rfc3339(text).ok()?;
    timestamp(&moment.format("%Y-%m-%d %H:%M:%S%.f").to_string())?;
    let utc = moment.with_timezone(&Utc);
    (1..=9999).contains(&utc.year()).then_some(utc)
}
