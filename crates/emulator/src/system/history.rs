//! The views that tell what ran. Columns that would tell of machines, and that nobody who unloads asks for, are left out.

use chrono::{DateTime, Utc};
use outflow_warehouse::belief::Beliefs;
use outflow_warehouse::embedded::{Given, UnloadedFile};

use super::sheet::Sheet;
use crate::engine::history::{History, Record, Standing, UnloadRecord};

/// The views' names.
pub(super) const VIEWS: [&str; 7] = [
    "sys_query_history",
    "sys_unload_history",
    "sys_unload_detail",
    "stl_unload_log",
    "stl_query",
    "stv_recents",
    "stv_inflight",
];

/// Who every user is, in the views.
const USER_ID: i32 = 100;

/// Gives those of the views that are named.
pub(super) fn add(given: &mut Given, history: &History, beliefs: &Beliefs, names: &[String]) {
    let is_named = |view: &str| names.iter().any(|name| name == view);
    if !VIEWS.iter().any(|view| is_named(view)) {
        return;
    }
    let records = history.records();
    for view in VIEWS.into_iter().filter(|view| is_named(view)) {
        let sheet = match view {
            "sys_query_history" => query_history(&records, beliefs),
            "sys_unload_history" => unload_history(&records),
            "sys_unload_detail" => unload_detail(&records),
            "stl_unload_log" => unload_log(&records),
            "stl_query" => query_log(&records),
            "stv_recents" => recents(&records),
            _ => inflight(&records),
        };
        sheet.give(given, view);
    }
}

fn query_history(records: &[Record], beliefs: &Beliefs) -> Sheet {
    let status = |record: &Record| match record.standing {
        Standing::Queued => "queued",
        Standing::Running => "running",
        Standing::Success => "success",
        Standing::Failed => "failed",
        Standing::Cancelled => beliefs.cancelled_in_record,
    };
    let each = || records.iter();
    Sheet::default()
        .int("user_id", each().map(|_| USER_ID))
        .long("query_id", each().map(|record| record.query_id))
        .text("query_label", each().map(|record| record.label.clone()))
        .long("transaction_id", each().map(|record| record.query_id))
        .int("session_id", each().map(|record| record.pid))
        .text("database_name", each().map(|record| record.database.clone()))
        .text("query_type", each().map(|record| record.kind))
        .text("status", each().map(status))
        .flag("result_cache_hit", each().map(|_| false))
        .moment("start_time", each().map(|record| Some(record.queued_at)))
        .moment("end_time", each().map(|record| record.ended_at))
        .long("elapsed_time", each().map(|record| micros(record.queued_at, record.ended_at)))
        .long("queue_time", each().map(|record| micros(record.queued_at, record.started_at.or(record.ended_at))))
        .long("execution_time", each().map(|record| record.started_at.map_or(0, |started| micros(started, record.ended_at))))
        .text("error_message", each().map(|record| record.error.clone().unwrap_or_default()))
        .long("returned_rows", each().map(|record| count(record.rows)))
        .long("returned_bytes", each().map(|record| count(record.bytes)))
        .text("query_text", each().map(|record| record.text.clone()))
        .text("redshift_version", each().map(|_| "1.0.118943"))
        .text("compute_type", each().map(|_| "primary"))
}

fn unloads(records: &[Record]) -> impl Iterator<Item = (&Record, &UnloadRecord)> + Clone {
    records.iter().filter_map(|record| Some((record, record.unload.as_ref()?)))
}

fn unload_history(records: &[Record]) -> Sheet {
    let status = |record: &Record| match record.standing {
        Standing::Queued | Standing::Running => "running",
        Standing::Success => "completed",
        Standing::Failed | Standing::Cancelled => "aborted",
    };
    let written = |unload: &UnloadRecord, what: fn(&UnloadedFile) -> u64| {
        count(unload.written.iter().flat_map(|written| &written.files).map(what).sum())
    };
    let each = || unloads(records);
    Sheet::default()
        .int("user_id", each().map(|_| USER_ID))
        .long("query_id", each().map(|(record, _)| record.query_id))
        .long("transaction_id", each().map(|(record, _)| record.query_id))
        .int("session_id", each().map(|(record, _)| record.pid))
        .text("database_name", each().map(|(record, _)| record.database.clone()))
        .text("status", each().map(|(record, _)| status(record)))
        .moment("start_time", each().map(|(record, _)| record.started_at))
        .moment("end_time", each().map(|(record, _)| record.ended_at))
        .long("duration", each().map(|(record, _)| record.started_at.map_or(0, |started| micros(started, record.ended_at))))
        .text("file_format", each().map(|(_, unload)| unload.said.format.as_str()))
        .text("compression_type", each().map(|(_, unload)| unload.said.compression.as_str()))
        .text("unloaded_location", each().map(|(_, unload)| unload.said.destination.clone()))
        .long("unloaded_rows", each().map(|(_, unload)| written(unload, |file| file.rows)))
        .long("unloaded_files_count", each().map(|(_, unload)| written(unload, |_| 1)))
        .long("unloaded_files_size", each().map(|(_, unload)| written(unload, |file| file.bytes)))
        .text("error_message", each().map(|(record, _)| record.error.clone().unwrap_or_default()))
}

/// Every file, with the place that its UNLOAD names.
fn files(records: &[Record]) -> impl Iterator<Item = (&Record, String, &UnloadedFile, &'static str)> + Clone {
    unloads(records).flat_map(|(record, unload)| {
        let bucket = unload.said.destination.strip_prefix("s3://").and_then(|place| place.split('/').next()).unwrap_or_default();
        let written = unload.written.iter().flat_map(|written| &written.files);
        written.map(move |file| (record, format!("s3://{bucket}/{}", file.key), file, unload.said.format.as_str()))
    })
}

fn unload_detail(records: &[Record]) -> Sheet {
    let each = || files(records);
    Sheet::default()
        .int("user_id", each().map(|_| USER_ID))
        .long("query_id", each().map(|(record, ..)| record.query_id))
        .int("session_id", each().map(|(record, ..)| record.pid))
        .long("transaction_id", each().map(|(record, ..)| record.query_id))
        .padded("file_name", 1_280, each().map(|(_, name, ..)| name))
        .moment("start_time", each().map(|(record, ..)| record.started_at))
        .moment("end_time", each().map(|(record, ..)| record.ended_at))
        .long("line_count", each().map(|(_, _, file, _)| count(file.rows)))
        .long("transfer_size", each().map(|(_, _, file, _)| count(file.bytes)))
        .padded("file_format", 10, each().map(|(.., format)| format))
}

fn unload_log(records: &[Record]) -> Sheet {
    let each = || files(records);
    Sheet::default()
        .int("userid", each().map(|_| USER_ID))
        .long("query", each().map(|(record, ..)| record.query_id))
        .int("slice", each().map(|_| 0))
        .int("pid", each().map(|(record, ..)| record.pid))
        .padded("path", 1_280, each().map(|(_, name, ..)| name))
        .moment("start_time", each().map(|(record, ..)| record.started_at))
        .moment("end_time", each().map(|(record, ..)| record.ended_at))
        .long("line_count", each().map(|(_, _, file, _)| count(file.rows)))
        .long("transfer_size", each().map(|(_, _, file, _)| count(file.bytes)))
        .padded("file_format", 10, each().map(|(.., format)| format))
}

fn query_log(records: &[Record]) -> Sheet {
    let records: Vec<&Record> = records.iter().filter(|record| record.ended_at.is_some()).collect();
    let each = || records.iter();
    Sheet::default()
        .int("userid", each().map(|_| USER_ID))
        .long("query", each().map(|record| record.query_id))
        .padded("label", 320, each().map(|record| &record.label))
        .long("xid", each().map(|record| record.query_id))
        .int("pid", each().map(|record| record.pid))
        .padded("database", 32, each().map(|record| &record.database))
        .padded("querytxt", 4_000, each().map(|record| &record.text))
        .moment("starttime", each().map(|record| record.started_at.or(Some(record.queued_at))))
        .moment("endtime", each().map(|record| record.ended_at))
        .int("aborted", each().map(|record| i32::from(record.standing != Standing::Success)))
}

fn recents(records: &[Record]) -> Sheet {
    let each = || records.iter();
    Sheet::default()
        .int("userid", each().map(|_| USER_ID))
        .padded("status", 20, each().map(|record| if record.ended_at.is_some() { "Done" } else { "Running" }))
        .moment("starttime", each().map(|record| Some(record.queued_at)))
        .long("duration", each().map(|record| micros(record.queued_at, record.ended_at)))
        .padded("user_name", 50, each().map(|record| &record.user))
        .padded("db_name", 50, each().map(|record| &record.database))
        .padded("query", 600, each().map(|record| record.text.chars().take(600).collect::<String>()))
        .int("pid", each().map(|record| if record.ended_at.is_some() { -1 } else { record.pid }))
}

fn inflight(records: &[Record]) -> Sheet {
    let records: Vec<&Record> = records.iter().filter(|record| record.standing == Standing::Running).collect();
    let each = || records.iter();
    Sheet::default()
        .int("userid", each().map(|_| USER_ID))
        .int("slice", each().map(|_| 0))
        .long("query", each().map(|record| record.query_id))
        .padded("label", 320, each().map(|record| &record.label))
        .long("xid", each().map(|record| record.query_id))
        .int("pid", each().map(|record| record.pid))
        .moment("starttime", each().map(|record| record.started_at))
        .padded("text", 100, each().map(|record| record.text.chars().take(100).collect::<String>()))
        .int("suspended", each().map(|_| 0))
}

/// How long it was, up to now where it has no end.
fn micros(from: DateTime<Utc>, to: Option<DateTime<Utc>>) -> i64 {
    (to.unwrap_or_else(Utc::now) - from).num_microseconds().unwrap_or(i64::MAX).max(0)
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
