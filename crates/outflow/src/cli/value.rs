//! How single values are written at the command line.

use chrono::{TimeDelta, Utc};
use outflow_core::{Status, Timestamp};
use serde_json::{Value, json};

use crate::config::nearest;

/// `KEY=VALUE`
pub(crate) fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as `key=value`".to_owned()),
    }
}

/// `NAME=VALUE`, a string, or `NAME:TYPE=VALUE`; what the types are, the service knows.
pub(crate) fn parameter(text: &str) -> Result<(String, Value), String> {
    let form = "write it as `name=value` for a string, or as `name:type=value`";
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, value),
        None if text.ends_with(":null") => (text, ""),
        None => return Err(form.to_owned()),
    };
    let (name, kind) = name.split_once(':').unwrap_or((name, "string"));
    if name.is_empty() || kind.is_empty() {
        return Err(form.to_owned());
    }
    let value = match kind {
        "string" => json!(value),
        "null" => Value::Null,
        "number" => match serde_json::from_str(value) {
            Ok(Value::Number(number)) => Value::Number(number),
            _ => return Err(format!("`{value}` is not a number")),
        },
        "boolean" | "bool" => json!(value.parse::<bool>().map_err(|_| format!("`{value}` is not `true` or `false`"))?),
        _ => json!({ "type": kind, "value": value }),
    };
    Ok((name.to_owned(), value))
}

/// Seconds, or a number with `s`, `m`, `h` or `d` after it.
pub(crate) fn seconds(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let scale = match unit {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        _ => None,
    };
    let seconds = scale.and_then(|scale: u64| number.parse::<u64>().ok()?.checked_mul(scale));
    seconds.ok_or_else(|| "write seconds, or a number with `s`, `m`, `h` or `d` after it, such as `90s` or `2h`".to_owned())
}

/// One character; a tab can be written `\t` or `tab`.
pub(crate) fn delimiter(text: &str) -> Result<String, String> {
    Ok(match text {
        "\\t" | "tab" => "\t".to_owned(),
        _ => text.to_owned(),
    })
}

/// An IP address and a port.
pub(crate) fn address(text: &str) -> Result<std::net::SocketAddr, String> {
    text.parse().map_err(|_| "write an IP address and a port, such as `127.0.0.1:8080`".to_owned())
}

/// `http://` or `https://` and what follows, without a user.
pub(crate) fn web_address(text: &str) -> Result<String, String> {
    let parsed = outflow_core::address::PublicUrl::parse(text);
    parsed
        .map(|_| text.trim_end_matches('/').to_owned())
        .map_err(|_| "write an address such as `http://127.0.0.1:9000`".to_owned())
}

/// A status, in any case.
pub(crate) fn status(text: &str) -> Result<Status, String> {
    Status::parse(&text.to_uppercase()).ok_or_else(|| {
        let known = Status::ALL.map(Status::as_str);
        let near = nearest(text, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        format!("it must be one of {}{near}", known.join(", "))
    })
}

/// A moment, or how long ago.
pub(crate) fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(moment) = chrono::DateTime::parse_from_rfc3339(text) {
        return Ok(moment.with_timezone(&Utc));
    }
    if let Ok(day) = text.parse::<chrono::NaiveDate>() {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    let ago = seconds(text).ok().filter(|_| text.ends_with(|c: char| c.is_ascii_alphabetic()));
    let ago = ago.and_then(|seconds| TimeDelta::try_seconds(i64::try_from(seconds).ok()?));
    ago.and_then(|ago| Utc::now().checked_sub_signed(ago)).ok_or_else(|| {
        "write a day (`2026-01-31`), a moment (`2026-01-31T12:00:00Z`), or how long ago (`30m`, `2h`, `7d`)".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_strings_unless_they_say_otherwise() {
        let value = |text: &str| parameter(text).map(|(name, value)| format!("{name} {value}"));
        assert_eq!(value("zip=00501").unwrap(), r#"zip "00501""#);
        assert_eq!(value("a=b=c").unwrap(), r#"a "b=c""#);
        assert_eq!(value("n:number=1.50").unwrap(), "n 1.5");
        assert_eq!(value("n:bool=true").unwrap(), "n true");
        assert_eq!(value("n:null").unwrap(), "n null");
        assert_eq!(value("d:date=2026-01-01").unwrap(), r#"d {"type":"date","value":"2026-01-01"}"#);
        for wrong in ["n", "=1", ":date=1", "n:=1", "n:number=x", "n:bool=1"] {
            assert!(value(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_are_read_in_their_units() {
        assert_eq!(["90", "90s", "15m", "2h", "1d"].map(|text| seconds(text).unwrap()), [90, 90, 900, 7_200, 86_400]);
        for wrong in ["", "s", "1w", "1.5h", "-1", "99999999999999999999d"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
        assert_eq!(moment("2026-01-31").unwrap().to_rfc3339(), "2026-01-31T00:00:00+00:00");
        assert!(moment("1h").unwrap() < Utc::now());
        assert!(moment("12").is_err() && moment("yesterday").is_err());
    }

    #[test]
    fn a_web_address_has_a_scheme_and_no_user() {
        assert_eq!(web_address("http://127.0.0.1:9000/").unwrap(), "http://127.0.0.1:9000");
        for wrong in ["127.0.0.1:9000", "s3://bucket", "http://key:secret@127.0.0.1", ""] {
            assert!(web_address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_status_is_read_in_any_case_and_suggested() {
        assert_eq!(status("done").unwrap(), Status::Done);
        assert!(status("canceled").unwrap_err().contains("did you mean `CANCELLED`?"));
    }
}
