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
fn exact(number: &Number) -> Result<Digits, String> {
    const CERTAIN: usize = 15;
    let text = match number.as_f64() {
        Some(float) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    };
    let significant = text.bytes().filter(u8::is_ascii_digit).skip_while(|byte| *byte == b'0').count();
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
        Type::Integer => Digits::parse(&text).filter(|_| text.parse::<i32>().is_ok()).map(Value::Number),
        Type::Bigint => Digits::parse(&text).filter(|_| text.parse::<i64>().is_ok()).map(Value::Number),
        Type::Decimal => Digits::parse(&text).filter(|digits| digits.precision() <= 38).map(Value::Decimal),
        Type::Double => text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Double),
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

fn date(text: &str) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (text.len() == 10 && (1..=9999).contains(&day.year())).then_some(day)
}

/// To the microsecond, as finely as warehouses keep it; no leap second, which they do not keep at all.
fn time(text: &str) -> Option<NaiveTime> {
    let time = NaiveTime::parse_from_str(text, "%H:%M:%S%.f").ok()?;
    (text.len() >= 8 && time.nanosecond() < 1_000_000_000 && time.nanosecond() % 1_000 == 0).then_some(time)
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
