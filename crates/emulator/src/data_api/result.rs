//! The result of a query as the API keeps it: whole, and told in pages.

use arrow::array::RecordBatch;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use outflow_core::field::FieldStyle;
use outflow_core::schema::Column;
use serde_json::{Value as Json, json};

use crate::belief;
use crate::engine::reading::Reading;
use crate::error::SqlError;
use crate::value::{Value, Values};

/// What an array, or a column, takes beside its values, about.
const FRAME: usize = 256;

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
            Values::of(&batch)?;
            result.rows += batch.num_rows();
            result.bytes += size(&batch);
            if result.bytes > belief::RESULT_BYTES {
                return Err(SqlError::new("XX000", "Query result size exceeded the limit of 500 MB"));
            }
            result.batches.push(batch);
        }
        Ok(result)
    }

    /// A result of those rows.
    #[cfg(test)]
    pub(super) fn of(batches: Vec<RecordBatch>) -> Self {
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        let bytes = batches.iter().map(size).sum();
        Self { columns: Vec::new(), batches, rows, bytes }
    }

    /// What it takes in memory, about.
    pub(super) fn weight(&self) -> usize {
        let frames = self.batches.iter().map(|batch| FRAME * (1 + batch.num_columns())).sum::<usize>();
        self.bytes + frames + FRAME * (1 + self.columns.len())
    }

    /// The page that begins at a row, and where the next one does.
    pub(super) fn page(&self, from: usize) -> (Vec<Vec<Json>>, Option<usize>) {
        let mut records = Vec::new();
        self.each(from, |values, row| records.push((0..values.columns()).map(|column| field(values, column, row)).collect()));
        (records, self.next(from))
    }

    /// The same as CSV.
    pub(super) fn page_of_csv(&self, from: usize) -> (String, Option<usize>) {
        let style = FieldStyle::csv(',');
        let mut text = Vec::new();
        if from == 0 {
            for (index, column) in self.columns.iter().enumerate() {
                text.extend((index > 0).then_some(b','));
                style.push(column.name.as_bytes(), &mut text);
            }
            text.extend(b"\r\n");
        }
        self.each(from, |values, row| {
            for column in 0..values.columns() {
                text.extend((column > 0).then_some(b','));
                style.push(values.text(column, row).unwrap_or_default().as_bytes(), &mut text);
            }
            text.extend(b"\r\n");
        });
        (String::from_utf8(text).unwrap_or_default(), self.next(from))
    }

    fn next(&self, from: usize) -> Option<usize> {
        Some(from + belief::PAGE_ROWS).filter(|next| *next < self.rows)
    }

    fn each(&self, from: usize, mut row: impl FnMut(&mut Values<'_>, usize)) {
        let (mut skip, mut left) = (from, belief::PAGE_ROWS);
        for batch in &self.batches {
            if skip >= batch.num_rows() {
                skip -= batch.num_rows();
                continue;
            }
            let rows = skip..batch.num_rows().min(skip + left);
            left -= rows.len();
            skip = 0;
            // It was held against what can be told when it was read.
            if let Ok(mut values) = Values::of(batch) {
                rows.for_each(|at| row(&mut values, at));
            }
            if left == 0 {
                return;
            }
        }
    }

    /// The columns as the API tells of them.
    pub(super) fn metadata(&self) -> Vec<Json> {
        self.columns.iter().map(|column| metadata(column, "")).collect()
    }
}

fn size(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(|column| column.get_buffer_memory_size()).sum()
}

fn field(values: &mut Values<'_>, column: usize, row: usize) -> Json {
    match values.at(column, row) {
        None => json!({ "isNull": true }),
        Some(Value::Bool(value)) => json!({ "booleanValue": value }),
        Some(Value::Short(value)) => json!({ "longValue": value }),
        Some(Value::Int(value)) => json!({ "longValue": value }),
        Some(Value::Long(value)) => json!({ "longValue": value }),
        Some(Value::Real(value)) if value.is_finite() => json!({ "doubleValue": f64::from(value) }),
        Some(Value::Double(value)) if value.is_finite() => json!({ "doubleValue": value }),
        Some(Value::Bytes(bytes)) => json!({ "blobValue": BASE64_STANDARD.encode(bytes) }),
        Some(_) => json!({ "stringValue": values.text(column, row) }),
    }
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
