//! An unload as the API shows it: whole, or only where it stands.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use outflow_core::address::PublicUrl;
use outflow_core::options::{Compression, FixedWidth, Format};
use outflow_core::unload::{Amount, Orchestrator};
use outflow_core::{Code, Failure, Owner, Phase, RequestId, State, StatementId, Status, Unload, UnloadId, UnloadOptions};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::schema;

/// The whole unload. What does not apply yet is null, never missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnloadView {
    /// The caller's name for it.
    #[schema(value_type = String)]
    pub request_id: RequestId,
    /// Outflow's own name for it, a UUIDv7.
    #[schema(value_type = String, format = Uuid)]
    pub unload_id: UnloadId,
    /// Whose it is.
    #[schema(value_type = String)]
    pub owner: Owner,
    /// Counts every change, from 1; the `ETag`.
    pub version: i64,
    /// Where it stands.
    #[schema(schema_with = schema::status)]
    pub status: Status,
    /// What it does just now, while it runs.
    #[schema(schema_with = schema::phase, required)]
    pub phase: Option<Phase>,
    /// The present or last attempt; 0 before the first.
    pub attempt: u32,
    /// The plain address of the one file, not signed; of several files, that of `receipt.json` beside them. Null before `DONE`.
    #[schema(required)]
    pub s3_file_url: Option<String>,
    /// How many files there are, once `DONE`.
    #[schema(required)]
    pub file_count: Option<u32>,
    /// Data rows: of the result once `DONE`, until then as far as the present attempt has come.
    #[schema(required)]
    pub row_count: Option<u64>,
    /// Bytes: of the result once `DONE`, until then as far as the present attempt has come.
    #[schema(required)]
    pub byte_count: Option<u64>,
    /// The query as sent.
    pub sql: String,
    /// The options that hold.
    pub options: OptionsView,
    /// The caller's labels.
    pub labels: BTreeMap<String, String>,
    /// The warehouse's name in the configuration.
    pub warehouse: String,
    /// The warehouse's own name for the last statement.
    #[schema(value_type = Option<String>, required)]
    pub statement_id: Option<StatementId>,
    /// What drives it.
    #[schema(schema_with = schema::orchestrator)]
    pub orchestrator: Orchestrator,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When its first attempt began.
    #[schema(required)]
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[schema(required)]
    pub finished_at: Option<DateTime<Utc>>,
    /// When its files go; once `EXPIRED`, when they went.
    #[schema(required)]
    pub expires_at: Option<DateTime<Utc>>,
    /// The `requestId` of the unload that this one repeats.
    #[schema(value_type = Option<String>, required)]
    pub retry_of: Option<RequestId>,
    /// Why it failed, or why it waits for another attempt.
    #[schema(required)]
    pub error: Option<ErrorView>,
    /// Where to go from here.
    pub links: Links,
}

/// Where an unload stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatusView {
    /// The caller's name for it.
    #[schema(value_type = String)]
    pub request_id: RequestId,
    /// Where it stands.
    #[schema(schema_with = schema::status)]
    pub status: Status,
    /// What it does just now, while it runs.
    #[schema(schema_with = schema::phase, required)]
    pub phase: Option<Phase>,
    /// Counts every change, from 1.
    pub version: i64,
    /// The present or last attempt; 0 before the first.
    pub attempt: u32,
    /// Data rows so far, or of the result.
    #[schema(required)]
    pub row_count: Option<u64>,
    /// Bytes so far, or of the result.
    #[schema(required)]
    pub byte_count: Option<u64>,
    /// How many are taken up before it, while it is `PENDING`; counted up to 10,000.
    #[schema(required)]
    pub queue_position: Option<u64>,
    /// Why it failed, or why it waits for another attempt.
    #[schema(required)]
    pub error: Option<ErrorView>,
}

/// Why an unload, or its last attempt, failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorView {
    /// What went wrong, for a program.
    #[schema(schema_with = schema::code)]
    pub code: Code,
    /// What went wrong, for a person.
    pub message: String,
    /// Whether the same request, sent again, may succeed.
    pub retryable: bool,
    /// The line in the caller's own text, from 1.
    #[schema(required)]
    pub line: Option<u64>,
    /// The column in the caller's own text, in characters, from 1.
    #[schema(required)]
    pub column: Option<u64>,
}

/// The options that hold for an unload; what its format does not take is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OptionsView {
    /// How rows become bytes.
    #[schema(schema_with = schema::format)]
    pub format: Format,
    /// How the file is compressed.
    #[schema(schema_with = schema::compression_or_null, required)]
    pub compression: Option<Compression>,
    /// Whether a line with the column names comes first in each file.
    #[schema(required)]
    pub header: Option<bool>,
    /// What stands between fields.
    #[schema(value_type = Option<String>, required)]
    pub delimiter: Option<char>,
    /// What stands for NULL.
    #[schema(required)]
    pub null_as: Option<String>,
    /// Whether the file begins with a byte order mark.
    #[schema(required)]
    pub bom: Option<bool>,
    /// Whether every field is put in double quotes.
    #[schema(required)]
    pub quote_all: Option<bool>,
    /// Whether a backslash stands before what could be taken for something else.
    #[schema(required)]
    pub escape: Option<bool>,
    /// The widths of the columns in bytes, `label:width` for each.
    #[schema(value_type = Option<String>, required)]
    pub fixed_width: Option<FixedWidth>,
    /// Whether the result is exactly one file.
    pub single_file: bool,
    /// Whether the warehouse may write several files at once.
    pub parallel: bool,
    /// How large a file gets before the next is begun, in millions of bytes; null for what the warehouse does by itself.
    #[schema(required)]
    pub max_file_size_mb: Option<u32>,
    /// How large a row group gets, in MiB; null for what the warehouse does by itself.
    #[schema(required)]
    pub row_group_size_mb: Option<u32>,
    /// The columns by whose values the files are put into folders.
    #[schema(required)]
    pub partition_by: Option<Vec<String>>,
    /// Whether those columns stay in the files too.
    #[schema(required)]
    pub partition_include: Option<bool>,
    /// What the names of the files end with, where it was sent.
    #[schema(required)]
    pub extension: Option<String>,
    /// How many days the files are kept.
    pub retention_days: u32,
    /// How many seconds the unload may take.
    pub timeout_seconds: u64,
}

/// Where to go from here. What does not apply yet is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Links {
    /// The unload.
    #[serde(rename = "self")]
    pub this: String,
    /// Where it stands.
    pub status: String,
    /// Its download links, while the files are there.
    #[schema(required)]
    pub file: Option<String>,
    /// Its receipt, once there is one.
    #[schema(required)]
    pub receipt: Option<String>,
    /// Its changes as they happen.
    pub events: String,
    /// Where to send it again, once it has ended without files.
    #[schema(required)]
    pub retry: Option<String>,
}

impl UnloadView {
    /// The unload as the API of the service at `base` shows it.
    pub fn new(unload: &Unload, base: &PublicUrl) -> Self {
        let asked = &unload.asked;
        let amount = amount(unload);
        Self {
            request_id: asked.request_id.clone(),
            unload_id: asked.unload_id,
            owner: asked.owner.clone(),
            version: unload.version,
            status: unload.status(),
            phase: unload.state.phase(),
            attempt: unload.state.attempt(),
            s3_file_url: unload.file_url.clone(),
            file_count: unload.file_count,
            row_count: amount.map(|amount| amount.rows),
            byte_count: amount.map(|amount| amount.bytes),
            sql: asked.sql.clone(),
            options: OptionsView::from(&asked.options),
            labels: asked.labels.clone(),
            warehouse: asked.warehouse.clone(),
            statement_id: unload.statement_id.clone(),
            orchestrator: asked.orchestrator,
            created_at: asked.created_at,
            started_at: unload.started_at,
            finished_at: unload.finished_at,
            expires_at: unload.expires_at,
            retry_of: asked.retry_of.clone(),
            error: unload.state.failure().map(ErrorView::from),
            links: Links::new(unload, base),
        }
    }
}

impl StatusView {
    /// Where the unload stands.
    pub fn new(unload: &Unload, queue_position: Option<u64>) -> Self {
        let amount = amount(unload);
        Self {
            request_id: unload.asked.request_id.clone(),
            status: unload.status(),
            phase: unload.state.phase(),
            version: unload.version,
            attempt: unload.state.attempt(),
            row_count: amount.map(|amount| amount.rows),
            byte_count: amount.map(|amount| amount.bytes),
            queue_position,
            error: unload.state.failure().map(ErrorView::from),
        }
    }
}

impl From<&Failure> for ErrorView {
    fn from(failure: &Failure) -> Self {
        Self {
            code: failure.code,
            message: failure.message.clone(),
            retryable: failure.retryable,
            line: failure.position.map(|position| position.line),
            column: failure.position.map(|position| position.column),
        }
    }
}

impl From<&UnloadOptions> for OptionsView {
    fn from(options: &UnloadOptions) -> Self {
        Self {
            format: options.format,
            compression: options.compression,
            header: options.header,
            delimiter: options.delimiter,
            null_as: options.null_as.clone(),
            bom: options.bom,
            quote_all: options.quote_all,
            escape: options.escape,
            fixed_width: options.fixed_width.clone(),
            single_file: options.single_file,
            parallel: options.parallel,
            max_file_size_mb: options.max_file_size_mb,
            row_group_size_mb: options.row_group_size_mb,
            partition_by: options.partition_by.clone(),
            partition_include: options.partition_include,
            extension: options.extension.clone(),
            retention_days: options.retention_days,
            timeout_seconds: options.timeout_seconds,
        }
    }
}

impl Links {
    fn new(unload: &Unload, base: &PublicUrl) -> Self {
        let id = unload.request_id();
        let this = base.unload(id);
        let status = unload.status();
        let has_receipt = matches!(status, Status::Done | Status::Expired);
        let has_ended_without_files = matches!(status, Status::Failed | Status::Cancelled | Status::Expired);
        Self {
            status: format!("{base}/api/unload/status/{id}"),
            file: (status == Status::Done).then(|| format!("{base}/api/unload/file/{id}")),
            receipt: has_receipt.then(|| base.receipt(id)),
            events: format!("{this}/events"),
            retry: has_ended_without_files.then(|| format!("{this}/retry")),
            this,
        }
    }
}

/// The numbers that mean something where the unload stands.
fn amount(unload: &Unload) -> Option<Amount> {
    match unload.state {
        State::Executing { .. } | State::Finalizing { .. } | State::Done { .. } | State::Expired { .. } => Some(unload.amount),
        _ => None,
    }
}
