//! The columns of text files and their types, from a look at their first rows.
//!
//! A type is taken only when every value that was seen survives it: `007` and a number of twenty digits stay text. A CSV field that is
//! empty is NULL. Later rows that do not fit make a query fail, with the file and the line.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Format;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use arrow::json::reader::infer_json_schema_from_iterator;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::error::DataFusionError;
use outflow_core::{Code, Error, Result};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::super::error::from_reading;

/// How many rows of a file are looked at.
const ROWS: usize = 100_000;

/// The columns that all these CSV files have.
///
/// # Errors
/// `table_unreadable` naming the file.
pub(super) fn csv(files: &[PathBuf], names: &[String], compression: FileCompressionType) -> Result<SchemaRef> {
    let mut table: Option<(Vec<String>, Vec<Guess>)> = None;
    for (file, name) in files.iter().zip(names) {
        let (header, guesses) = csv_file(file, name, compression)?;
        table = Some(match table {
            None => (header, guesses),
            Some((first, before)) if first == header => {
                (first, before.into_iter().zip(guesses).map(|(before, guess)| before.and(guess)).collect())
            }
            Some(_) => {
                let message =
                    format!("`{name}` cannot be read: its header is not that of `{}`, which is in the same table", names[0]);
                return Err(Error::new(Code::TableUnreadable, message));
            }
        });
    }
    let (header, guesses) = table.unwrap_or_default();
    let fields = header.into_iter().zip(guesses).map(|(name, guess)| Field::new(name, guess.data_type(), true));
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

fn csv_file(file: &Path, name: &str, compression: FileCompressionType) -> Result<(Vec<String>, Vec<Guess>)> {
    let failed = |error: ArrowError| from_reading(DataFusionError::from(error), name);
    let format = Format::default().with_header(true);
    let (schema, _) = format.infer_schema(open(file, name, compression)?, Some(0)).map_err(failed)?;
    let mut seen = HashSet::new();
    let mut header = Vec::new();
    for (index, field) in schema.fields().iter().enumerate() {
        let column = match field.name().trim_start_matches('\u{feff}') {
            "" => format!("column{}", index + 1),
            column => column.to_owned(),
        };
        if !seen.insert(column.clone()) {
            let message = format!("`{name}` cannot be read: its header has the column `{column}` twice");
            return Err(Error::new(Code::TableUnreadable, message));
        }
        header.push(column);
    }
    if header.is_empty() {
        return Err(Error::new(Code::TableUnreadable, format!("`{name}` cannot be read: it has no header line")));
    }
    let texts: Vec<Field> = header.iter().map(|column| Field::new(column, DataType::Utf8, true)).collect();
    let reader = ReaderBuilder::new(Arc::new(Schema::new(texts))).with_header(true).with_bounds(0, ROWS);
    let mut guesses = vec![Guess::Nothing; header.len()];
    for batch in reader.build(open(file, name, compression)?).map_err(failed)? {
        let batch = batch.map_err(failed)?;
        for (guess, column) in guesses.iter_mut().zip(batch.columns()) {
            let column = column.as_string::<i32>();
            for value in column.iter().flatten() {
                if *guess == Guess::Text {
                    break;
                }
                *guess = guess.and(Guess::of(value));
            }
        }
    }
    Ok((header, guesses))
}

/// What a column may be, going by the values that were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guess {
    Nothing,
    Boolean,
    Integer,
    Float,
    Date,
    Timestamp,
    Text,
}

impl Guess {
    fn of(value: &str) -> Self {
        let digits = value.strip_prefix('-').unwrap_or(value);
        let first = digits.as_bytes().first().copied().unwrap_or_default();
        if value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false") {
            Self::Boolean
        } else if !first.is_ascii_digit() {
            Self::Text
        } else if is_integer(digits) {
            if value.parse::<i64>().is_ok() && value != "-0" { Self::Integer } else { Self::Text }
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
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (one, another) if one == another => one,
            (Self::Nothing, one) | (one, Self::Nothing) => one,
            (Self::Integer, Self::Float) | (Self::Float, Self::Integer) => Self::Float,
            _ => Self::Text,
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Integer => DataType::Int64,
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
    let significant = format!("{whole}{fraction}");
    is_integer(whole)
        && is_digits(fraction)
        && is_digits(exponent)
        && significant.trim_start_matches('0').trim_end_matches('0').len() <= 15
        && digits.parse::<f64>().is_ok_and(f64::is_finite)
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
    let parts: Vec<Option<u32>> = clock.split(':').map(|part| if part.len() == 2 { part.parse().ok() } else { None }).collect();
    is_date(date)
        && matches!(parts.as_slice(), [Some(0..24), Some(0..60), Some(0..60)])
        && (1..=6).contains(&fraction.len())
        && time.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'))
}

/// The columns of all these files of JSON objects, one a line, in the order in which they first appear.
///
/// # Errors
/// `table_unreadable` naming the file, and the line.
pub(super) fn json_lines(files: &[PathBuf], names: &[String], compression: FileCompressionType) -> Result<SchemaRef> {
    let mut order = Vec::new();
    let mut seen = HashSet::new();
    let mut schemas = Vec::new();
    for (file, name) in files.iter().zip(names) {
        let mut lines = BufReader::new(open(file, name, compression)?).lines().enumerate();
        let rows = std::iter::from_fn(|| {
            loop {
                let (index, line) = lines.next()?;
                let row = match line {
                    Ok(line) if line.trim().is_empty() => continue,
                    Ok(line) => object(line.trim_start_matches('\u{feff}')).map_err(|error| error.to_string()),
                    Err(error) => Err(error.to_string()),
                };
                return Some(row.map_err(|error| ArrowError::JsonError(format!("line {}: {error}", index + 1))));
            }
        });
        let values = rows.take(ROWS).map(|row| {
            let row = row?;
            for (key, _) in &row {
                if seen.insert(key.clone()) {
                    order.push(key.clone());
                }
            }
            Ok(Value::Object(row.into_iter().collect::<Map<_, _>>()))
        });
        let schema = infer_json_schema_from_iterator(values).map_err(|error| from_reading(DataFusionError::from(error), name))?;
        schemas.push((schema, name));
    }
    let fields: Result<Vec<Field>> = order.iter().map(|column| merged(column, &schemas)).collect();
    let fields = fields?;
    if fields.is_empty() {
        return Err(Error::new(
            Code::TableUnreadable,
            format!("`{}` cannot be read: it has no rows to tell the columns", names.join("`, `")),
        ));
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// A column with the type that holds what each of the files has in it.
fn merged(column: &str, schemas: &[(Schema, &String)]) -> Result<Field> {
    let mut found: Option<(DataType, &String)> = None;
    for (schema, name) in schemas {
        let Ok(field) = schema.field_with_name(column) else { continue };
        found = Some(match found {
            None => (field.data_type().clone(), name),
            Some((before, first)) => match (&before, field.data_type()) {
                (one, another) if one == another => (before, first),
                (DataType::Null, another) => (another.clone(), name),
                (_, DataType::Null) => (before, first),
                (DataType::Int64, DataType::Float64) | (DataType::Float64, DataType::Int64) => (DataType::Float64, first),
                _ => {
                    let message =
                        format!("`{name}` cannot be read: its column `{column}` is not of the type that it has in `{first}`");
                    return Err(Error::new(Code::TableUnreadable, message));
                }
            },
        });
    }
    let data_type = match found {
        Some((DataType::Null, _)) | None => DataType::Utf8,
        Some((data_type, _)) => data_type,
    };
    Ok(Field::new(column, data_type, true))
}

/// The members of an object in their order, which `Value` does not keep.
fn object(line: &str) -> serde_json::Result<Vec<(String, Value)>> {
    struct Members;

    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, Value)>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }

    let mut deserializer = serde_json::Deserializer::from_str(line);
    let members = deserializer.deserialize_map(Members)?;
    deserializer.end()?;
    Ok(members)
}

fn open(file: &Path, name: &str, compression: FileCompressionType) -> Result<Box<dyn Read + Send>> {
    let opened = File::open(file).map_err(DataFusionError::from).and_then(|file| compression.convert_read(BufReader::new(file)));
    opened.map_err(|error| from_reading(error, name))
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
            ("9223372036854775807", Guess::Integer),
            ("9223372036854775808", Guess::Text),
            ("1.50", Guess::Float),
            ("0.1", Guess::Float),
            ("1e3", Guess::Float),
            ("1.", Guess::Text),
            (".5", Guess::Text),
            ("00.5", Guess::Text),
            ("0.1234567890123456789", Guess::Text),
            ("1e999", Guess::Text),
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
            ("010-1234-5678", Guess::Text),
            ("NaN", Guess::Text),
            ("한글", Guess::Text),
            ("-", Guess::Text),
        ];
        for (value, guess) in cases {
            assert_eq!(Guess::of(value), guess, "{value}");
        }
        assert_eq!(Guess::Integer.and(Guess::Float), Guess::Float);
        assert_eq!(Guess::Date.and(Guess::Timestamp), Guess::Text);
        assert_eq!(Guess::Nothing.and(Guess::Boolean), Guess::Boolean);
    }

    fn schema_of(
        texts: &[&str],
        read: fn(&[PathBuf], &[String], FileCompressionType) -> Result<SchemaRef>,
    ) -> Result<Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<String> = (0..texts.len()).map(|index| format!("f{index}")).collect();
        let files: Vec<PathBuf> = names.iter().map(|name| folder.path().join(name)).collect();
        for (file, text) in files.iter().zip(texts) {
            std::fs::write(file, text).unwrap();
        }
        let schema = read(&files, &names, FileCompressionType::UNCOMPRESSED)?;
        Ok(schema.fields().iter().map(|field| format!("{} {}", field.name(), field.data_type())).collect())
    }

    #[test]
    fn the_columns_of_csv_files() {
        assert_eq!(
            schema_of(&["\u{feff}id,zip,,n\n1,007,x,\n2,123,,\n", "id,zip,,n\n1.5,1,,\n"], csv).unwrap(),
            ["id Float64", "zip Utf8", "column3 Utf8", "n Utf8"]
        );
        for (texts, said) in [
            (vec!["a,a\n1,2\n"], "column `a` twice"),
            (vec![""], "no header line"),
            (vec!["a,b\n1\n"], "line 2"),
            (vec!["a,b\n", "b,a\n"], "`f1` cannot be read: its header is not that of `f0`"),
        ] {
            let error = schema_of(&texts, csv).unwrap_err();
            assert_eq!(error.code(), Code::TableUnreadable);
            assert!(error.message().contains(said), "{error}");
        }
    }

    #[test]
    fn the_columns_of_json_files_come_in_their_order() {
        let texts = ["{\"z\":1,\"a\":null}\n\n{\"m\":\"x\",\"z\":2.5}\n", "{\"a\":true}\n"];
        assert_eq!(schema_of(&texts, json_lines).unwrap(), ["z Float64", "a Boolean", "m Utf8"]);
        for (texts, said) in [
            (vec!["{\"a\":1}\n{\"a\":\n"], "line 2"),
            (vec!["[1]\n"], "line 1"),
            (vec!["\n"], "no rows"),
            (vec!["{\"a\":1}\n", "{\"a\":\"x\"}\n"], "`f1` cannot be read: its column `a`"),
        ] {
            let error = schema_of(&texts, json_lines).unwrap_err();
            assert_eq!(error.code(), Code::TableUnreadable);
            assert!(error.message().contains(said), "{error}");
        }
    }
}
