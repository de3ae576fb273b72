//! What a caller sends to `POST /api/unload`, and its way into the domain.
//!
//! Fields are kept as sent: an absent one stays absent, since two requests are the same when their fields are, whatever the defaults
//! of the day. Nothing is checked here but the form; the domain checks the rest.

mod entries;
mod field;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use outflow_core::options::{Compression, Format, Requested};
use outflow_core::parameter::Parameters;
use outflow_core::submission::Submission;
use outflow_core::{Code, Error, RequestId, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::schema;

/// A query to run, and what is wanted of its result. With `sql` alone it means: CSV, gzip, one file, kept for seven days.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(example = json!({"requestId": "orders-2026-01", "sql": "SELECT * FROM orders WHERE o_orderdate >= :from", "parameters": {"from": {"type": "date", "value": "1996-01-01"}}}))]
pub struct UnloadRequest {
    /// The caller's name for the unload: 1 to 64 of `A-Za-z0-9_-`, unique, single-use; made when it is absent. `status`, `file` and
    /// `explain` are reserved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]{1,64}$")]
    pub request_id: Option<String>,
    /// One read-only query, at most 64 KiB. Required, unless it is sent as `query`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sql: Option<String>,
    /// Another name for `sql`; sending both is an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub query: Option<String>,
    /// What `:name` in the query stands for: strings, numbers, booleans and null as such, or
    /// `{"type": "date", "value": "2026-01-01"}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::parameters)]
    pub parameters: Option<Map<String, Value>>,
    /// The name of a configured warehouse; the first configured when it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub warehouse: Option<String>,
    /// How rows become bytes; `csv` when it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::format)]
    pub format: Option<String>,
    /// How the files are compressed; `gzip` when it is absent. Not for Parquet, which is Snappy inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::compression)]
    pub compression: Option<String>,
    /// Whether a line with the column names comes first in each file; true when it is absent. CSV, and text without `fixedWidth`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub header: Option<bool>,
    /// What stands between fields, one ASCII character; a comma in CSV and `|` in text when it is absent. CSV, and text without
    /// `fixedWidth`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 1)]
    pub delimiter: Option<String>,
    /// What stands for NULL; nothing when it is absent, and spaces in columns of a fixed width. CSV and text only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 100)]
    pub null_as: Option<String>,
    /// Whether the file begins with a byte order mark, which spreadsheets want; false when it is absent. CSV only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub bom: Option<bool>,
    /// Whether every field is put in double quotes (`ADDQUOTES`); false when it is absent. Text without `fixedWidth` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub quote_all: Option<bool>,
    /// Whether a backslash stands before each delimiter, backslash and line's end in a value, and with `quoteAll` before each quote
    /// (`ESCAPE`); false when it is absent. Text without `fixedWidth` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub escape: Option<bool>,
    /// The widths of the columns in bytes, from 1 to 65,535, as `label:width` for each column in their order. Text only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "id:10,name:25")]
    pub fixed_width: Option<String>,
    /// Whether the result is exactly one file; when it is absent, true unless `partitionBy` or `maxFileSizeMb` is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub single_file: Option<bool>,
    /// Whether the warehouse may write several files at once; the opposite of `singleFile` when it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub parallel: Option<bool>,
    /// How large a file gets before the next is begun, in millions of bytes; 6,200 when it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 5, maximum = 6_200)]
    pub max_file_size_mb: Option<u32>,
    /// How large a row group gets, in MiB; 32 when it is absent. Parquet only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 32, maximum = 128)]
    pub row_group_size_mb: Option<u32>,
    /// Columns of the query by whose values the files are put into folders, `output/column=value/`, outermost first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::partition_by)]
    pub partition_by: Option<Vec<String>>,
    /// Whether the columns of `partitionBy` stay in the files too; false when it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub partition_include: Option<bool>,
    /// What the names of the files end with, without its first dot; made of format and compression when it is absent. It changes nothing
    /// in the files: a `.gz` is to be said too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 32,
        pattern = "^[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)*$",
        example = "txt.gz"
    )]
    pub extension: Option<String>,
    /// How many days the files are kept; 7 when it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 365)]
    pub retention_days: Option<u32>,
    /// How many seconds the unload may take; a day when it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 86_400)]
    pub timeout_seconds: Option<u64>,
    /// Whom to tell. Not offered yet: only an empty list is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::notify)]
    pub notify: Option<Vec<Value>>,
    /// Whatever the caller wants to find the unload by: at most 16.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub labels: Option<BTreeMap<String, String>>,
}

/// What a caller may send to `POST /api/unload/{id}/retry`; nothing at all is fine too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RetryRequest {
    /// The new unload's name; made of the old one's when it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]{1,64}$")]
    pub request_id: Option<String>,
}

impl UnloadRequest {
    /// Reads a request from the bytes of a JSON document.
    ///
    /// # Errors
    /// `invalid_request`, naming the field and the place, for what is no JSON, an unknown field, a name sent twice, or a wrong type.
    pub fn from_json(body: &[u8]) -> Result<Self> {
        let text = field::text(body)?;
        field::check_names(text)?;
        field::read(text)
    }

    /// The request in the form that two requests are compared in: the fields as sent in the order of their names, `query` as `sql`,
    /// without `requestId`.
    pub fn canonical(&self) -> Value {
        let unnamed =
            Self { request_id: None, query: None, sql: self.sql.clone().or_else(|| self.query.clone()), ..self.clone() };
        let mut value = serde_json::to_value(unnamed).expect("a request is plain JSON");
        value.sort_all_objects();
        value
    }

    /// The request that [`UnloadRequest::canonical`] gave, to be sent again.
    ///
    /// # Errors
    /// `internal` when the store holds something else.
    pub fn from_canonical(stored: &Value) -> Result<Self> {
        Self::deserialize(stored)
            .map_err(|error| Error::new(Code::Internal, "the stored request cannot be read any more").with_source(error))
    }

    /// The submission that the domain checks; `retry_of` names the unload that it repeats.
    ///
    /// # Errors
    /// `invalid_request`, `invalid_request_id`, `illegal_option` or `parameter_invalid`, naming the field.
    pub fn into_submission(self, retry_of: Option<RequestId>) -> Result<Submission> {
        let request = self.canonical();
        if self.notify.is_some_and(|receivers| !receivers.is_empty()) {
            return Err(illegal("`notify` is not offered yet; leave it out, and watch `/api/unload/{id}/events` instead"));
        }
        let sql = match (self.sql, self.query) {
            (Some(_), Some(_)) => return Err(invalid("`sql` and `query` mean the same; send one of them")),
            (None, None) => return Err(invalid("`sql` is missing: send the query to run")),
            (Some(sql), None) | (None, Some(sql)) => sql,
        };
        Ok(Submission {
            request_id: self.request_id.as_deref().map(RequestId::parse).transpose()?,
            sql,
            parameters: Parameters::from_json(&self.parameters.unwrap_or_default())?,
            warehouse: self.warehouse,
            requested: Requested {
                format: self.format.as_deref().map(parse_format).transpose()?,
                compression: self.compression.as_deref().map(parse_compression).transpose()?,
                header: self.header,
                delimiter: self.delimiter,
                null_as: self.null_as,
                bom: self.bom,
                quote_all: self.quote_all,
                escape: self.escape,
                fixed_width: self.fixed_width,
                single_file: self.single_file,
                parallel: self.parallel,
                max_file_size_mb: self.max_file_size_mb,
                row_group_size_mb: self.row_group_size_mb,
                partition_by: self.partition_by,
                partition_include: self.partition_include,
                extension: self.extension,
                retention_days: self.retention_days,
                timeout_seconds: self.timeout_seconds,
            },
            labels: self.labels.unwrap_or_default(),
            request,
            retry_of,
        })
    }
}

impl RetryRequest {
    /// Reads what was sent; no bytes at all are an empty request.
    ///
    /// # Errors
    /// `invalid_request`, naming the field and the place.
    pub fn from_json(body: &[u8]) -> Result<Self> {
        let text = field::text(body)?;
        if text.trim().is_empty() { Ok(Self::default()) } else { field::read(text) }
    }
}

fn parse_format(text: &str) -> Result<Format> {
    let known = Format::ALL.into_iter().find(|format| format.as_str() == text);
    known.ok_or_else(|| unknown_word("format", text, &Format::ALL.map(Format::as_str)))
}

fn parse_compression(text: &str) -> Result<Compression> {
    let known = Compression::ALL.into_iter().find(|compression| compression.as_str() == text);
    known.ok_or_else(|| unknown_word("compression", text, &Compression::ALL.map(Compression::as_str)))
}

fn unknown_word(field: &str, text: &str, known: &[&str]) -> Error {
    let shown: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    illegal(format!("`{field}` is `{shown}`; it must be one of `{}`", known.join("`, `")))
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidRequest, message)
}

fn illegal(message: impl Into<String>) -> Error {
    Error::new(Code::IllegalOption, message)
}
