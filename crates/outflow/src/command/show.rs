//! Answers as a person reads them.

use chrono::Utc;
use outflow_api::{ErrorView, ReceiptView, StatusView, TablesView, UnloadView};
use outflow_core::receipt::ChecksumAlgorithm;
use outflow_core::{Code, Status};

use crate::exit::{CliError, Exit};
use crate::output;

/// Lines of a name and what belongs to it; what is empty is left out.
fn fields(pairs: &[(&str, String)]) -> String {
    let shown = pairs.iter().filter(|(_, value)| !value.is_empty());
    shown.map(|(name, value)| format!("{name:<10} {}\n", output::plain(value))).collect()
}

/// An unload, the parts that somebody asks for.
pub(super) fn unload(view: &UnloadView) -> String {
    let took = view.finished_at.map(|finished| output::duration(finished - view.created_at)).unwrap_or_default();
    let labels: Vec<_> = view.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let phase = view.phase.map(|phase| format!(" ({})", phase.as_str())).unwrap_or_default();
    let attempt = if view.attempt > 1 { format!(", attempt {}", view.attempt) } else { String::new() };
    fields(&[
        ("requestId", view.request_id.to_string()),
        ("status", format!("{}{phase}{attempt}", view.status.as_str())),
        ("result", result(view.file_count, view.row_count, view.byte_count)),
        ("error", view.error.as_ref().map(error).unwrap_or_default()),
        ("created", format!("{} ({})", output::moment(view.created_at), output::ago(view.created_at))),
        ("took", took),
        ("expires", view.expires_at.map(output::moment).unwrap_or_default()),
        ("retry of", view.retry_of.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("labels", labels.join(", ")),
        ("warehouse", view.warehouse.clone()),
        ("address", view.s3_file_url.clone().unwrap_or_default()),
        ("links", view.links.file.clone().unwrap_or_default()),
    ])
}

fn result(files: Option<u32>, rows: Option<u64>, bytes: Option<u64>) -> String {
    let (Some(rows), Some(bytes)) = (rows, bytes) else { return String::new() };
    let files = files.map(|files| format!(" in {}", output::counted(u64::from(files), "file"))).unwrap_or_default();
    format!("{}, {}{files}", output::counted(rows, "row"), output::size(bytes))
}

/// Why something failed, with its code and its place.
pub(super) fn error(view: &ErrorView) -> String {
    let place = match (view.line, view.column) {
        (Some(line), Some(column)) => format!(" (line {line}, column {column})"),
        _ => String::new(),
    };
    format!("{}{place} ({})", view.message, view.code)
}

/// How an unload without files ended, as an error.
pub(super) fn ended(status: &StatusView) -> CliError {
    let id = &status.request_id;
    match (&status.error, status.status) {
        (Some(error), _) => {
            let retry = error.retryable.then(|| format!("the same request may succeed later: `outflow retry {id}`"));
            let told = CliError::new(Exit::Failed, format!("the unload `{id}` failed: {}", output::plain(&plain_error(error))))
                .with_code(error.code);
            retry.into_iter().fold(told, CliError::hint)
        }
        (None, Status::Expired) => {
            CliError::new(Exit::NotFound, format!("the files of `{id}` are gone")).with_code(Code::UnloadExpired)
        }
        (None, Status::Cancelled) => {
            CliError::new(Exit::Failed, format!("the unload `{id}` was cancelled")).with_code(Code::UnloadCancelled)
        }
        (None, status) => CliError::new(Exit::Failed, format!("the unload `{id}` ended {}", status.as_str())),
    }
}

fn plain_error(error: &outflow_api::ErrorView) -> String {
    match (error.line, error.column) {
        (Some(line), Some(column)) => format!("{} (line {line}, column {column})", error.message),
        _ => error.message.clone(),
    }
}

/// A status in one line.
pub(super) fn status_line(status: &StatusView) -> String {
    format!("{} {}{}", status.request_id, crate::progress::word(status), crate::progress::amount(status))
}

/// Unloads, one a line.
pub(super) fn list(views: &[UnloadView]) -> String {
    let row = |view: &UnloadView| {
        let phase = view.phase.map(|phase| format!(" ({})", phase.as_str())).unwrap_or_default();
        let sql: String = output::plain(&view.sql).split_whitespace().collect::<Vec<_>>().join(" ").chars().take(60).collect();
        vec![
            view.request_id.to_string(),
            format!("{}{phase}", view.status.as_str()),
            view.row_count.map(output::count).unwrap_or_default(),
            view.byte_count.map(output::size).unwrap_or_default(),
            output::ago(view.created_at),
            sql,
        ]
    };
    let rows: Vec<_> = views.iter().map(row).collect();
    output::table(&["REQUESTID", "STATUS", "ROWS", "SIZE", "CREATED", "QUERY"], &rows)
}

/// A receipt in short.
pub(super) fn receipt(view: &ReceiptView) -> String {
    let columns: Vec<_> = view.schema.iter().map(|column| format!("{} {}", column.name, column.data_type)).collect();
    let compression = view.options.compression.map(|compression| format!(", {}", compression.as_str())).unwrap_or_default();
    let mut text = fields(&[
        ("requestId", view.request_id.to_string()),
        ("result", result(u32::try_from(view.files.len()).ok(), Some(view.row_count), Some(view.byte_count))),
        ("format", format!("{}{compression}", view.options.format.as_str())),
        ("columns", columns.join(", ")),
        ("query", format!("sha256 {}", view.sql_sha256)),
        ("statement", format!("{} in {}, attempt {}", view.statement_id, view.warehouse, view.attempt)),
        (
            "verified",
            format!(
                "{} ({} after it was asked for)",
                output::moment(view.verified_at),
                output::duration(view.verified_at - view.created_at)
            ),
        ),
    ]);
    for file in &view.files {
        let rows = file.rows.map(|rows| format!(", {}", output::counted(rows, "row"))).unwrap_or_default();
        let algorithm = match file.checksum.algorithm {
            ChecksumAlgorithm::Sha256 => "sha256",
            ChecksumAlgorithm::Crc64Nvme => "crc64nvme",
        };
        let line = format!("{} ({}{rows}, {algorithm} {})", file.name, output::size(file.bytes), file.checksum.value);
        text.push_str(&fields(&[("file", line)]));
    }
    text
}

/// Tables with their columns.
pub(super) fn tables(view: &TablesView) -> String {
    if view.tables.is_empty() {
        return format!("the warehouse `{}` has no tables that it can tell of\n", view.warehouse);
    }
    let mut text = String::new();
    for table in &view.tables {
        text.push_str(&format!("{}\n", output::plain(&table.name)));
        match &table.error {
            Some(why) => text.push_str(&format!("  cannot be read: {}\n", output::plain(why))),
            None => {
                let rows: Vec<_> = table.columns.iter().map(|column| (output::plain(&column.name), &column.data_type)).collect();
                let widest = rows.iter().map(|(name, _)| output::width(name)).max().unwrap_or(0);
                for (name, data_type) in rows {
                    let gap = " ".repeat(widest - output::width(&name) + 2);
                    text.push_str(&format!("  {name}{gap}{data_type}\n"));
                }
            }
        }
    }
    text
}

/// How long a download of it stays possible.
pub(super) fn lifetime(view: &UnloadView) -> String {
    match view.expires_at {
        Some(at) if at > Utc::now() => format!("until {}", output::moment(at)),
        _ => "no longer".to_owned(),
    }
}
