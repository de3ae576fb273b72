//! Reads files back the way a strict reader of each format does, into rows that can be compared.

use std::io::Read;

use chrono::NaiveDateTime;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;

/// A row of the table.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    pub(super) id: usize,
    pub(super) text: Option<String>,
    pub(super) number: Option<i64>,
    /// In ten-thousandths.
    pub(super) exact: Option<i128>,
    /// In microseconds since 1970.
    pub(super) moment: Option<i64>,
}

impl Row {
    /// The row of those cells, the last of which is the literal.
    fn of(cells: Vec<Option<String>>, literal: &str) -> Self {
        let [id, text, number, exact, moment, said]: [Option<String>; 6] = cells.try_into().unwrap();
        assert_eq!(said.as_deref(), Some(literal));
        Self {
            id: id.unwrap().parse().unwrap(),
            text,
            number: number.map(|number| number.parse().unwrap()),
            exact: exact.map(|exact| {
                let (_, fraction) = exact.split_once('.').expect("a decimal has its digits");
                assert_eq!(fraction.len(), 4, "{exact}");
                exact.replace('.', "").parse().unwrap()
            }),
            moment: moment.map(|moment| {
                let read = NaiveDateTime::parse_from_str(&moment.replace('T', " "), "%Y-%m-%d %H:%M:%S%.f");
                read.unwrap_or_else(|error| panic!("{error}: {moment}")).and_utc().timestamp_micros()
            }),
        }
    }
}

pub(super) fn unzipped(bytes: &[u8]) -> Vec<u8> {
    let mut expanded = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut expanded).unwrap();
    expanded
}

/// The rows of a CSV file (RFC 4180), after its header. What stands for NULL does so only without quotes.
pub(super) fn csv(text: &str, delimiter: char, null_as: &str, columns: &[String], literal: &str) -> Vec<Row> {
    let mut records = Vec::new();
    let mut record = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (cell, after) = cell(rest, delimiter);
        let is_null = !cell.is_quoted && cell.text == null_as;
        record.push((!is_null).then_some(cell.text));
        if let Some(next) = after.strip_prefix(delimiter) {
            rest = next;
        } else {
            rest = after.strip_prefix('\n').expect("a line ends with a feed");
            records.push(std::mem::take(&mut record));
        }
    }
    assert!(record.is_empty(), "the last line is whole");
    let mut records = records.into_iter();
    let header: Vec<_> = records.next().expect("there is a header").into_iter().flatten().collect();
    assert_eq!(header, columns);
    in_order(records.map(|cells| Row::of(cells, literal)).collect())
}

struct Cell {
    text: String,
    is_quoted: bool,
}

/// The first cell of a text, and what comes after it.
fn cell(text: &str, delimiter: char) -> (Cell, &str) {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find([delimiter, '\n']).expect("a line ends with a feed");
        assert!(!text[..end].contains('"'), "a quote outside quotes");
        return (Cell { text: text[..end].to_owned(), is_quoted: false }, &text[end..]);
    };
    let mut cell = Cell { text: String::new(), is_quoted: true };
    loop {
        let end = rest.find('"').expect("quotes are closed");
        cell.text.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                cell.text.push('"');
                rest = after;
            }
            None => return (cell, rest),
        }
    }
}

/// The rows of JSON lines.
pub(super) fn json_lines(text: &str, columns: &[String], literal: &str) -> Vec<Row> {
    let row = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        let object = value.as_object().unwrap();
        assert_eq!(object.len(), columns.len());
        let cell = |name: &String| match &object[name.as_str()] {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            Value::Number(number) if name == "exact" => Some(format!("{:.4}", number.as_f64().unwrap())),
            other => Some(other.to_string()),
        };
        Row::of(columns.iter().map(cell).collect(), literal)
    };
    in_order(text.lines().map(row).collect())
}

/// The rows of a Parquet file.
pub(super) fn parquet(bytes: Vec<u8>, columns: &[String], literal: &str) -> Vec<Row> {
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
    let row = |row: Result<parquet::record::Row, _>| {
        let row: parquet::record::Row = row.unwrap();
        let names: Vec<_> = row.get_column_iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(names, columns);
        Row::of(row.get_column_iter().map(|(_, field)| text(field)).collect(), literal)
    };
    reader.get_row_iter(None).unwrap().map(row).collect()
}

fn text(field: &Field) -> Option<String> {
    match field {
        Field::Null => None,
        Field::Str(text) => Some(text.clone()),
        Field::Long(number) => Some(number.to_string()),
        Field::Decimal(decimal) => {
            let is_negative = decimal.data()[0] & 0x80 != 0;
            let start = if is_negative { -1 } else { 0 };
            let units = decimal.data().iter().fold(start, |units: i128, byte| units << 8 | i128::from(*byte));
            let sign = if units < 0 { "-" } else { "" };
            assert_eq!(decimal.scale(), 4);
            Some(format!("{sign}{}.{:04}", units.abs() / 10_000, units.abs() % 10_000))
        }
        Field::TimestampMicros(micros) => Some(chrono::DateTime::from_timestamp_micros(*micros).unwrap().naive_utc().to_string()),
        other => panic!("an unexpected type: {other:?}"),
    }
}

fn in_order(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by_key(|row| row.id);
    rows
}
