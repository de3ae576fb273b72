//! The result of a query as the API keeps it: whole, and told in pages.

use arrow::array::RecordBatch;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use outflow_core::schema::Column;
use serde_json::{Value as Json, json};

use crate::belief;
use crate::engine::reading::Reading;
use crate::error::SqlError;
use crate::value::Value;

/// A result.
#[derive(Debug)]
pub(super) struct ResultSet {
    columns: Vec<Column>,
    batches: Vec<RecordBatch>,
    pub(super) rows: usize,
    pub(super) bytes: usize,
}

impl ResultSet {
    /// Reads a result to its end.
    ///
    /// # Errors
    /// The query's own; one that is too big.
    pub(super) async fn read(mut reading: Reading) -> Result<Self, SqlError> {
        let mut result = Self { columns: reading.columns(), batches: Vec::new(), rows: 0, bytes: 0 };
        while let Some(batch) = reading.next().await {
            let batch = batch?;
            result.rows += batch.num_rows();
            result.bytes += batch.columns().iter().map(|column| column.get_buffer_memory_size()).sum::<usize>();
            if result.bytes > belief::RESULT_BYTES {
                return Err(SqlError::new("XX000", "Query result size exceeded the limit of 500 MB"));
            }
            result.batches.push(batch);
        }
        Ok(result)
    }

    /// The page that begins at a row, and where the next one does.
    pub(super) fn page(&self, from: usize) -> (Vec<Vec<Json>>, Option<usize>) {
        let mut records = Vec::new();
        self.each(from, |values| records.push(values.iter().map(|value| field(value.as_ref())).collect()));
        (records, self.next(from))
    }

    /// The same as CSV.
    pub(super) fn page_of_csv(&self, from: usize) -> (String, Option<usize>) {
        let mut text = String::new();
        if from == 0 {
            text.push_str(&self.columns.iter().map(|column| in_csv(&column.name)).collect::<Vec<_>>().join(","));
            text.push_str("\r\n");
        }
        self.each(from, |values| {
            let line: Vec<String> =
                values.iter().map(|value| value.as_ref().map(|value| in_csv(&value.text())).unwrap_or_default()).collect();
            text.push_str(&line.join(","));
            text.push_str("\r\n");
        });
        (text, self.next(from))
    }

    fn next(&self, from: usize) -> Option<usize> {
        Some(from + belief::PAGE_ROWS).filter(|next| *next < self.rows)
    }

    fn each(&self, from: usize, mut row: impl FnMut(Vec<Option<Value>>)) {
        let (mut skip, mut left) = (from, belief::PAGE_ROWS);
        for batch in &self.batches {
            if skip >= batch.num_rows() {
                skip -= batch.num_rows();
                continue;
            }
            for at in skip..batch.num_rows() {
                if left == 0 {
                    return;
                }
                row((0..batch.num_columns()).map(|column| Value::at(batch, column, at)).collect());
                left -= 1;
            }
            skip = 0;
        }
    }

    /// The columns as the API tells of them.
    pub(super) fn metadata(&self) -> Vec<Json> {
        self.columns.iter().map(|column| metadata(column, "")).collect()
    }
}

fn field(value: Option<&Value>) -> Json {
    match value {
        None => json!({ "isNull": true }),
        Some(Value::Bool(value)) => json!({ "booleanValue": value }),
        Some(Value::Short(value)) => json!({ "longValue": value }),
        Some(Value::Int(value)) => json!({ "longValue": value }),
        Some(Value::Long(value)) => json!({ "longValue": value }),
        Some(Value::Real(value)) if value.is_finite() => json!({ "doubleValue": f64::from(*value) }),
        Some(Value::Double(value)) if value.is_finite() => json!({ "doubleValue": value }),
        Some(Value::Bytes(bytes)) => json!({ "blobValue": BASE64_STANDARD.encode(bytes) }),
        Some(other) => json!({ "stringValue": other.text() }),
    }
}

fn in_csv(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// A column as the API tells of it.
pub(super) fn metadata(column: &Column, table: &str) -> Json {
    let (base, dimensions) = match column.data_type.split_once('(') {
        Some((base, dimensions)) => (base, dimensions.trim_end_matches(')')),
        None => (column.data_type.as_str(), ""),
    };
    let mut numbers = dimensions.split(',').map(|number| number.trim().parse::<i32>().unwrap_or(0));
    let (first, second) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let (type_name, precision, is_signed) = match base {
        "boolean" => ("bool", 1, false),
        "smallint" => ("int2", 5, true),
        "integer" => ("int4", 10, true),
        "bigint" => ("int8", 19, true),
        "real" => ("float4", 8, true),
        "double precision" => ("float8", 17, true),
        "numeric" => ("numeric", first, true),
        "date" => ("date", 13, false),
        "time without time zone" => ("time", 15, false),
        "timestamp without time zone" => ("timestamp", 29, false),
        "timestamp with time zone" => ("timestamptz", 35, false),
        "character varying" => ("varchar", first, false),
        other => (other, 0, false),
    };
    json!({
        "isCaseSensitive": base == "character varying",
        "isCurrency": false,
        "isSigned": is_signed,
        "label": column.name,
        "length": if base == "character varying" { first } else { 0 },
        "name": column.name,
        "nullable": 1,
        "precision": precision,
        "scale": if base == "numeric" { second } else { 0 },
        "schemaName": if table.is_empty() { "" } else { "public" },
        "tableName": table,
        "typeName": type_name,
    })
}
