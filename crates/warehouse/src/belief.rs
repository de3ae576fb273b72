//! What is believed of Redshift and could not be read in its documentation, each in this one place.
//!
//! The conformance kit (`outflow doctor --conformance`) holds a real cluster against it, and the emulator does as it says. A finding on a
//! cluster changes a value here; the design does not rest on any of them but where the probe says so. What the emulator follows by reading
//! the value is marked so; the rest is written in the embedded engine, and the kit's test fails when the two come apart.

#[cfg(any(feature = "redshift", feature = "redshift-data"))]
mod found;

use std::time::Duration;

#[cfg(all(test, any(feature = "redshift", feature = "redshift-data")))]
pub(crate) use self::found::check;
#[cfg(any(feature = "redshift", feature = "redshift-data"))]
pub(crate) use self::found::{DIGITS, Probe, Safety};
#[cfg(any(feature = "redshift", feature = "redshift-data"))]
pub use self::found::{Found, Verdict};

/// What is believed of Redshift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beliefs {
    /// In a string a backslash takes the next character as it is, and two are one.
    pub backslash_escapes: bool,
    /// UNLOAD takes its query between `$$` too.
    pub takes_dollar_quotes: bool,
    /// UNLOAD refuses an outer `LIMIT`.
    pub refuses_outer_limit: bool,
    /// Parameters of the Data API are found inside UNLOAD's query.
    pub binds_inside_unload: bool,
    /// What UNLOAD leaves of no rows, whatever the format and with or without `PARALLEL`.
    pub of_no_rows: &'static str,
    /// The same of CSV with `HEADER`.
    pub of_no_rows_with_header: &'static str,
    /// The names of files for `TO '…/output'`, every digit written as `0`.
    pub names: Names,
    /// The manifest is written after the last file.
    pub manifest_is_last: bool,
    /// The keys of a verbose manifest, in the order of the alphabet.
    pub manifest_keys: &'static str,
    /// The types of columns in a manifest, each with the keys of its dimensions.
    pub manifest_types: &'static str,
    /// A manifest's `record_count` counts the header lines.
    pub header_is_a_record: bool,
    /// A line of CSV that has NULL, an empty text, and `x`.
    pub csv_null_and_empty: &'static str,
    /// The same as delimited text.
    pub text_null_and_empty: &'static str,
    /// A line of CSV that has true and false.
    pub csv_booleans: &'static str,
    /// A CSV file from its first byte on: quotes, delimiters and letters beyond ASCII; no byte order mark; how lines end.
    pub csv_bytes: &'static str,
    /// A line of CSV that has a date, a timestamp with and without a fraction, and a numeric.
    pub csv_times: &'static str,
    /// S3 keeps a CRC-64/NVME of what UNLOAD wrote.
    pub keeps_crc64nvme: bool,
    /// UNLOAD refuses a prefix at which files are.
    pub refuses_existing: bool,
    /// `DescribeStatement` after an UNLOAD: `ResultRows` says how many rows were unloaded. If not, it says that it cannot tell. The
    /// emulator reads it.
    pub result_rows_count_unloaded: bool,
    /// What becomes of a `ClientToken` that comes again with another text. The emulator reads it.
    pub token_reused: TokenReused,
    /// How long a `ClientToken` is remembered. The emulator reads it.
    pub token_window: Duration,
    /// `ListStatements` takes the name that it is asked for as a beginning. The emulator reads it.
    pub lists_by_prefix: bool,
    /// Within what time a statement is listed after it was accepted.
    pub listed_within: Duration,
    /// `DescribeStatement` takes `WaitTimeSeconds`. The emulator reads it.
    pub takes_wait_time: bool,
    /// `CancelStatement` of a statement that has ended is refused. The emulator reads it.
    pub refuses_cancel_of_ended: bool,
    /// The name of the error of a statement that the Data API does not know.
    pub unknown_statement: &'static str,
    /// The name of the error of who asks for the result of a statement that has none: it failed, it runs, or it gives no rows. The emulator
    /// reads it.
    pub no_result: &'static str,
    /// The status of a statement that was cancelled.
    pub cancelled_status: &'static str,
    /// What an UNLOAD that was cancelled leaves at its prefix.
    pub cancel_leaves: &'static str,
    /// `SYS_UNLOAD_HISTORY` says how many rows an UNLOAD wrote, header lines not counted.
    pub history_counts_rows: bool,
    /// The types of a query's columns as the Data API names them.
    pub column_types: &'static str,
    /// A statement's text in `SYS_QUERY_HISTORY` begins with the comment that the statement begins with; if not, it is without it. The emulator
    /// reads it.
    pub record_keeps_tag: bool,
    /// Within what time a statement is in `SYS_QUERY_HISTORY` after Redshift read it.
    pub recorded_within: Duration,
    /// Whether it is there before its end.
    pub recorded_while_running: bool,
    /// Its `session_id` is what `pg_cancel_backend` takes. The emulator reads it.
    pub session_is_backend: bool,
    /// The status there of a statement that was cancelled. The emulator reads it.
    pub cancelled_in_record: &'static str,
    /// What becomes of a statement whose client is gone without a word.
    pub of_dropped_client: &'static str,
}

/// The names that UNLOAD gives to files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// `PARALLEL OFF GZIP`
    pub serial: &'static str,
    /// `PARALLEL ON GZIP`
    pub parallel: &'static str,
    /// `PARALLEL OFF GZIP EXTENSION 'csv.gz'`
    pub extension: &'static str,
    /// `PARALLEL OFF GZIP EXTENSION 'csv'`
    pub bare_extension: &'static str,
    /// `FORMAT PARQUET PARALLEL OFF`
    pub parquet_serial: &'static str,
    /// `FORMAT PARQUET PARALLEL ON`
    pub parquet_parallel: &'static str,
    /// `PARTITION BY`, the manifest among them
    pub partition: &'static str,
}

/// What becomes of a token that comes again with another text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenReused {
    /// It is refused, with this name.
    Refused,
    /// It is taken for the first statement.
    First,
}

/// What is believed.
pub const BELIEVED: Beliefs = Beliefs {
    backslash_escapes: true,
    takes_dollar_quotes: true,
    refuses_outer_limit: true,
    binds_inside_unload: false,
    of_no_rows: "no file, no manifest",
    of_no_rows_with_header: "no file, no manifest",
    names: Names {
        serial: "output000.gz",
        parallel: "output0000_part_00.gz",
        extension: "output000.csv.gz",
        bare_extension: "output000.csv",
        parquet_serial: "output000.parquet",
        parquet_parallel: "output0000_part_00.parquet",
        partition: "output/manifest, output/y=0/000",
    },
    manifest_is_last: true,
    manifest_keys: "author.name author.version entries[].meta.content_length entries[].meta.record_count entries[].url \
         meta.content_length meta.record_count schema.elements[].name schema.elements[].type.base",
    manifest_types: "smallint, integer, bigint, numeric precision=10 scale=2, real, double precision, boolean, date, \
         timestamp without time zone, character varying max_length",
    header_is_a_record: true,
    csv_null_and_empty: ",\"\",x",
    text_null_and_empty: "||x",
    csv_booleans: "t,f",
    csv_bytes: "\"a\"\"b\",\"c,d\",é\\n",
    csv_times: "2026-01-02,2026-01-02 03:04:05,2026-01-02 03:04:05.25,1.50",
    keeps_crc64nvme: true,
    refuses_existing: true,
    result_rows_count_unloaded: false,
    token_reused: TokenReused::Refused,
    token_window: Duration::from_secs(8 * 3_600),
    lists_by_prefix: true,
    listed_within: Duration::from_secs(3),
    takes_wait_time: true,
    refuses_cancel_of_ended: true,
    unknown_statement: "ResourceNotFoundException",
    no_result: "ResourceNotFoundException",
    cancelled_status: "ABORTED",
    cancel_leaves: "files, no manifest",
    history_counts_rows: true,
    column_types: "int2, int4, int8, numeric, float4, float8, bool, date, timestamp, varchar",
    record_keeps_tag: true,
    recorded_within: Duration::from_secs(15),
    recorded_while_running: true,
    session_is_backend: true,
    cancelled_in_record: "canceled",
    of_dropped_client: "it goes on",
};

impl Default for Beliefs {
    fn default() -> Self {
        BELIEVED
    }
}
