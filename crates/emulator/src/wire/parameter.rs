//! Parameters of prepared statements, put into the text as literals.

use std::sync::Arc;

use arrow::array::{Date32Array, TimestampMicrosecondArray};
use bytes::Bytes;
use pgwire::api::Type;
use pgwire::api::portal::Portal;

use super::prepared::Prepared;
use crate::error::SqlError;
use crate::sql::{self, Kind};
use crate::value::text_of;

/// The text of a portal with its parameters in their places.
///
/// # Errors
/// `08P01` for a parameter that was not sent; `22P03` for a value that is none of its type; `0A000` for a type without a binary form here.
pub(super) fn bound(portal: &Portal<Prepared>) -> Result<String, SqlError> {
    let prepared = &portal.statement.statement;
    if prepared.parameters.is_empty() {
        return Ok(prepared.text.clone());
    }
    sql::replaced(&prepared.text, |kind, said| {
        if kind != Kind::Placeholder {
            return Ok(None);
        }
        let index = place(said).ok_or_else(|| SqlError::new("42P02", format!("there is no parameter {said}")))?;
        let value = portal
            .parameters
            .get(index)
            .ok_or_else(|| SqlError::new("08P01", format!("there is no value for the parameter {said}")))?;
        let told = portal.statement.parameter_types.get(index).cloned().flatten();
        let data_type = told.filter(|told| *told != Type::UNKNOWN).or_else(|| prepared.parameters.get(index).cloned());
        let data_type = data_type.unwrap_or(Type::VARCHAR);
        let Some(value) = value else { return Ok(Some("NULL".to_owned())) };
        let text = if portal.parameter_format.is_binary(index) { of_binary(value, &data_type)? } else { of_text(value)? };
        Ok(Some(literal(&text, &data_type)?))
    })
}

/// The place of `$n` among the parameters.
pub(super) fn place(said: &str) -> Option<usize> {
    said.strip_prefix('$')?.parse::<usize>().ok()?.checked_sub(1)
}

fn of_text(value: &Bytes) -> Result<String, SqlError> {
    String::from_utf8(value.to_vec()).map_err(|_| SqlError::new("22021", "a parameter is no UTF-8"))
}

fn of_binary(value: &Bytes, data_type: &Type) -> Result<String, SqlError> {
    let wrong = || SqlError::new("22P03", format!("incorrect binary data format of a parameter of type {data_type}"));
    let value: &[u8] = value;
    Ok(match *data_type {
        Type::BOOL => (value.first().ok_or_else(wrong)? != &0).to_string(),
        Type::INT2 => i16::from_be_bytes(value.try_into().map_err(|_| wrong())?).to_string(),
        Type::INT4 => i32::from_be_bytes(value.try_into().map_err(|_| wrong())?).to_string(),
        Type::OID => u32::from_be_bytes(value.try_into().map_err(|_| wrong())?).to_string(),
        Type::INT8 => i64::from_be_bytes(value.try_into().map_err(|_| wrong())?).to_string(),
        Type::FLOAT4 => f32::from_be_bytes(value.try_into().map_err(|_| wrong())?).to_string(),
        Type::FLOAT8 => f64::from_be_bytes(value.try_into().map_err(|_| wrong())?).to_string(),
        Type::DATE => {
            let days = i32::from_be_bytes(value.try_into().map_err(|_| wrong())?).saturating_add(10_957);
            text_of(Arc::new(Date32Array::from(vec![days])))
        }
        Type::TIMESTAMP | Type::TIMESTAMPTZ => {
            let micros = i64::from_be_bytes(value.try_into().map_err(|_| wrong())?).saturating_add(946_684_800_000_000);
            text_of(Arc::new(TimestampMicrosecondArray::from(vec![micros])))
        }
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => {
            String::from_utf8(value.to_vec()).map_err(|_| wrong())?
        }
        _ => return Err(SqlError::new("0A000", format!("binary parameters of type {data_type} are not taken; send text"))),
    })
}

fn literal(text: &str, data_type: &Type) -> Result<String, SqlError> {
    let wrong = || SqlError::new("22P02", format!("invalid input syntax for type {data_type}: \"{text}\""));
    Ok(match *data_type {
        Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => {
            let number: i64 = text.trim().parse().map_err(|_| wrong())?;
            format!("({number})")
        }
        Type::FLOAT4 | Type::FLOAT8 => {
            let number: f64 = text.trim().parse().map_err(|_| wrong())?;
            format!("(CAST('{number}' AS DOUBLE PRECISION))")
        }
        Type::NUMERIC if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-') => format!("({text})"),
        Type::NUMERIC => return Err(wrong()),
        Type::BOOL => match text.trim().to_ascii_lowercase().as_str() {
            "t" | "true" | "y" | "yes" | "on" | "1" => "TRUE".to_owned(),
            "f" | "false" | "n" | "no" | "off" | "0" => "FALSE".to_owned(),
            _ => return Err(wrong()),
        },
        // PostgreSQL takes a zone where the type has none, as JDBC sends it, and forgets it.
        Type::DATE => format!("CAST({} AS DATE)", sql::literal(text.split_whitespace().next().unwrap_or_default())),
        Type::TIMESTAMP => format!("CAST({} AS TIMESTAMP)", sql::literal(without_zone(text))),
        Type::TIMESTAMPTZ => format!("CAST({} AS TIMESTAMP)", sql::literal(text)),
        _ => sql::literal(text),
    })
}

/// A moment without the zone after its time.
fn without_zone(text: &str) -> &str {
    let text = text.trim();
    let time = text.find(':').unwrap_or(text.len());
    text[time..].find(['+', '-', 'Z']).map_or(text, |zone| text[..time + zone].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_literals_and_nothing_else() {
        assert_eq!(literal("5", &Type::INT4).unwrap(), "(5)");
        assert_eq!(literal("2024-02-29 +09", &Type::DATE).unwrap(), "CAST('2024-02-29' AS DATE)");
        let moment = "CAST('2024-02-29 01:02:03.5' AS TIMESTAMP)";
        for text in ["2024-02-29 01:02:03.5", "2024-02-29 01:02:03.5+09", "2024-02-29 01:02:03.5 -03:30"] {
            assert_eq!(literal(text, &Type::TIMESTAMP).unwrap(), moment);
        }
        assert_eq!(literal("TRUE", &Type::BOOL).unwrap(), "TRUE");
        assert_eq!(literal("n", &Type::BOOL).unwrap(), "FALSE");
        assert_eq!(literal("a'b\\", &Type::VARCHAR).unwrap(), "'a''b\\\\'");
        assert_eq!(literal("1; drop", &Type::INT8).unwrap_err().state, "22P02");
        assert_eq!(literal("1 or 1", &Type::NUMERIC).unwrap_err().state, "22P02");
        assert_eq!(of_binary(&Bytes::from_static(&[0, 0, 0, 7]), &Type::INT4).unwrap(), "7");
        assert_eq!(of_binary(&Bytes::from_static(&[0]), &Type::INT4).unwrap_err().state, "22P03");
    }
}
