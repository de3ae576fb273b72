//! The options of a request as flags, and their way into the request that the service gets.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use outflow_api::UnloadRequest;
use outflow_core::options::{Compression, Format};
use serde_json::Value;

use super::value;
use crate::exit::{CliError, Result};

/// More than the service takes, so that it is the service that says what is too long.
const LONGEST_QUERY: u64 = 4 * 1024 * 1024;

/// A query and what is wanted of its result.
#[derive(Debug, Args)]
pub(crate) struct RequestArgs {
    /// One read-only query; `-` reads it from standard input, `@FILE` from a file
    #[arg(value_name = "QUERY")]
    pub(crate) query: String,
    /// How rows become bytes [default: csv, or what the name of --out says]
    #[arg(long, value_parser = word(&Format::ALL, Format::as_str))]
    format: Option<Format>,
    /// How the file is compressed [default: gzip, or what the name of --out says; none for `--out -`]
    #[arg(long, value_parser = word(&Compression::ALL, Compression::as_str))]
    compression: Option<Compression>,
    /// No line with the column names (CSV, text)
    #[arg(long)]
    no_header: bool,
    /// What stands between fields (CSV, text); `tab` for a tab
    #[arg(long, value_name = "CHARACTER", value_parser = value::delimiter)]
    delimiter: Option<String>,
    /// What stands for NULL (CSV, text)
    #[arg(long, value_name = "TEXT")]
    null_as: Option<String>,
    /// Begin with a byte order mark, which spreadsheets want (CSV)
    #[arg(long)]
    bom: bool,
    /// Put every field in double quotes (text)
    #[arg(long)]
    quote_all: bool,
    /// Put a backslash before delimiters, backslashes and line ends in values, and before quotes with --quote-all (text)
    #[arg(long)]
    escape: bool,
    /// Columns of fixed widths in bytes, such as `id:10,name:25` (text)
    #[arg(long, value_name = "LABEL:WIDTH,…")]
    fixed_width: Option<String>,
    /// Several files instead of one, written in parallel
    #[arg(long)]
    multiple_files: bool,
    /// Write in parallel, and join the parts if one file is wanted
    #[arg(long, conflicts_with = "no_parallel")]
    parallel: bool,
    /// Do not write in parallel
    #[arg(long)]
    no_parallel: bool,
    /// Begin another file when one has that many millions of bytes, 5 to 6200
    #[arg(long, value_name = "MB")]
    max_file_size_mb: Option<u32>,
    /// How large a row group gets, 32 to 128 (Parquet)
    #[arg(long, value_name = "MB")]
    row_group_size_mb: Option<u32>,
    /// Put the files into folders by the values of this column; a list, or repeated, for folders in folders
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    partition_by: Vec<String>,
    /// Keep the columns of --partition-by in the files too
    #[arg(long)]
    partition_include: bool,
    /// What the names of the files end with, such as `txt.gz`
    #[arg(long, value_name = "TEXT")]
    extension: Option<String>,
    /// What `:name` in the query stands for; may be repeated. TYPE is string, number, boolean, null, date, timestamp, …
    #[arg(long = "param", value_name = "NAME[:TYPE]=VALUE", value_parser = value::parameter)]
    parameters: Vec<(String, Value)>,
    /// Something to find the unload by; may be repeated
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = value::label)]
    labels: Vec<(String, String)>,
    /// The warehouse to run in [default: the first configured]
    #[arg(long, value_name = "NAME")]
    warehouse: Option<String>,
    /// How long the unload may take: seconds, or with `s`, `m`, `h`, `d` [default: 1d]
    #[arg(long, value_name = "TIME", value_parser = value::seconds)]
    timeout: Option<u64>,
    /// How many days the files are kept [default: 7]
    #[arg(long, value_name = "DAYS")]
    retention_days: Option<u32>,
}

/// Takes the names of the domain, so that none can be forgotten.
fn word<T: Copy + Send + Sync + 'static>(all: &'static [T], name: fn(T) -> &'static str) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.iter().map(|word| name(*word)))
        .try_map(move |text| all.iter().copied().find(|word| name(*word) == text).ok_or("no such word"))
}

impl RequestArgs {
    /// The request as it is sent: what no flag names, and the file's name does not tell, is left to the service.
    pub(crate) fn to_request(&self, out: Option<&Path>) -> Result<UnloadRequest> {
        let (named_format, named_compression) = out.map_or((None, None), told_by_name);
        let format = self.format.or(named_format);
        let for_a_pipe = (out.is_some_and(is_stream) && format != Some(Format::Parquet)).then_some(Compression::None);
        // A name that tells the compression of another format than the one asked for tells nothing.
        let named_compression = named_compression.filter(|_| self.format.is_none() || self.format == named_format);
        let compression = self.compression.or(named_compression).or(for_a_pipe);
        let parameters: serde_json::Map<_, _> = unique("--param", &self.parameters)?.into_iter().collect();
        let labels: BTreeMap<_, _> = unique("--label", &self.labels)?.into_iter().collect();
        Ok(UnloadRequest {
            sql: Some(self.sql()?),
            parameters: (!parameters.is_empty()).then_some(parameters),
            warehouse: self.warehouse.clone(),
            format: format.map(|format| format.as_str().to_owned()),
            compression: compression.map(|compression| compression.as_str().to_owned()),
            header: self.no_header.then_some(false),
            delimiter: self.delimiter.clone(),
            null_as: self.null_as.clone(),
            bom: self.bom.then_some(true),
            quote_all: self.quote_all.then_some(true),
            escape: self.escape.then_some(true),
            fixed_width: self.fixed_width.clone(),
            single_file: self.multiple_files.then_some(false),
            parallel: if self.parallel { Some(true) } else { self.no_parallel.then_some(false) },
            max_file_size_mb: self.max_file_size_mb,
            row_group_size_mb: self.row_group_size_mb,
            partition_by: (!self.partition_by.is_empty()).then(|| self.partition_by.clone()),
            partition_include: self.partition_include.then_some(true),
            extension: self.extension.clone(),
            retention_days: self.retention_days,
            timeout_seconds: self.timeout,
            labels: (!labels.is_empty()).then_some(labels),
            ..UnloadRequest::default()
        })
    }

    /// The flag by which several files may come, where there is one.
    pub(crate) fn asks_for_several(&self) -> Option<&'static str> {
        if self.multiple_files {
            Some("--multiple-files")
        } else if !self.partition_by.is_empty() {
            Some("--partition-by")
        } else {
            self.max_file_size_mb.map(|_| "--max-file-size-mb")
        }
    }

    fn sql(&self) -> Result<String> {
        let mut bytes = Vec::new();
        match self.query.strip_prefix('@') {
            _ if self.query == "-" => std::io::stdin()
                .take(LONGEST_QUERY)
                .read_to_end(&mut bytes)
                .map_err(|error| CliError::file("read the query from", Path::new("standard input"), &error))?,
            Some(path) => {
                std::fs::File::open(path).and_then(|file| file.take(LONGEST_QUERY).read_to_end(&mut bytes)).map_err(|error| {
                    CliError::file("read the query from", Path::new(path), &error).exiting(crate::exit::Exit::Usage)
                })?
            }
            None => return Ok(self.query.clone()),
        };
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
            let line = valid.lines().count().max(1);
            CliError::usage(format!("the query is not UTF-8 (line {line})")).hint("save it as UTF-8")
        })?;
        Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).trim_end().to_owned())
    }
}

/// Whether it is standard output, or lies there and is neither a file nor a folder: a pipe, a device.
pub(crate) fn is_stream(out: &Path) -> bool {
    out == Path::new("-") || std::fs::metadata(out).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// What the name of a file says of what shall be in it.
fn told_by_name(path: &Path) -> (Option<Format>, Option<Compression>) {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let (stem, compression) = if let Some(stem) = name.strip_suffix(".gz") {
        (stem, Compression::Gzip)
    } else if let Some(stem) = name.strip_suffix(".zst") {
        (stem, Compression::Zstd)
    } else if let Some(stem) = name.strip_suffix(".bz2") {
        (stem, Compression::Bzip2)
    } else {
        (name.as_str(), Compression::None)
    };
    match stem.rsplit_once('.').map(|(_, extension)| extension) {
        Some("csv" | "tsv") => (Some(Format::Csv), Some(compression)),
        Some("txt") => (Some(Format::Text), Some(compression)),
        Some("json" | "jsonl" | "ndjson") => (Some(Format::Json), Some(compression)),
        Some("parquet" | "pq") if compression == Compression::None => (Some(Format::Parquet), None),
        _ => (None, None),
    }
}

fn unique<T: Clone>(flag: &str, pairs: &[(String, T)]) -> Result<Vec<(String, T)>> {
    for (at, (name, _)) in pairs.iter().enumerate() {
        if pairs[..at].iter().any(|(other, _)| other == name) {
            return Err(CliError::usage(format!("`{flag}` gives `{name}` twice")));
        }
    }
    Ok(pairs.to_vec())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        request: RequestArgs,
    }

    fn request(flags: &[&str], out: Option<&str>) -> UnloadRequest {
        let line = ["outflow", "SELECT 1"].into_iter().chain(flags.iter().copied());
        Line::try_parse_from(line).unwrap().request.to_request(out.map(Path::new)).unwrap()
    }

    fn kind(flags: &[&str], out: Option<&str>) -> (Option<String>, Option<String>) {
        let request = request(flags, out);
        (request.format, request.compression)
    }

    #[test]
    fn a_query_alone_is_sent_alone() {
        assert_eq!(request(&[], None).canonical(), serde_json::json!({ "sql": "SELECT 1" }));
    }

    #[test]
    fn every_flag_has_its_field() {
        let flags = "--format csv --compression none --no-header --delimiter tab --null-as NA --bom --multiple-files --no-parallel \
            --param a=1 --param b:date=2026-01-01 --label team=x --warehouse main --timeout 2h --retention-days 3";
        let expected = serde_json::json!({
            "sql": "SELECT 1", "format": "csv", "compression": "none", "header": false, "delimiter": "\t", "nullAs": "NA", "bom": true,
            "singleFile": false, "parallel": false, "parameters": {"a": "1", "b": {"type": "date", "value": "2026-01-01"}},
            "labels": {"team": "x"}, "warehouse": "main", "timeoutSeconds": 7200, "retentionDays": 3
        });
        assert_eq!(request(&flags.split_whitespace().collect::<Vec<_>>(), None).canonical(), expected);

        let flags = "--format text --compression bzip2 --quote-all --escape --fixed-width a:3,b:4 --max-file-size-mb 100 \
            --row-group-size-mb 64 --partition-by year,month --partition-by day --partition-include --extension txt.bz2";
        let expected = serde_json::json!({
            "sql": "SELECT 1", "format": "text", "compression": "bzip2", "quoteAll": true, "escape": true, "fixedWidth": "a:3,b:4",
            "maxFileSizeMb": 100, "rowGroupSizeMb": 64, "partitionBy": ["year", "month", "day"], "partitionInclude": true,
            "extension": "txt.bz2"
        });
        assert_eq!(request(&flags.split_whitespace().collect::<Vec<_>>(), None).canonical(), expected);
    }

    #[test]
    fn the_name_of_the_file_tells_what_goes_into_it_unless_a_flag_does() {
        let pair = |format: &str, compression: Option<&str>| (Some(format.to_owned()), compression.map(str::to_owned));
        assert_eq!(kind(&[], Some("a/b.csv")), pair("csv", Some("none")));
        assert_eq!(kind(&[], Some("b.csv.gz")), pair("csv", Some("gzip")));
        assert_eq!(kind(&[], Some("B.JSONL.ZST")), pair("json", Some("zstd")));
        assert_eq!(kind(&[], Some("b.parquet")), pair("parquet", None));
        assert_eq!(kind(&[], Some("b.txt.bz2")), pair("text", Some("bzip2")));
        assert_eq!(kind(&[], Some("b.dat")), (None, None));
        assert_eq!(kind(&["--format", "json"], Some("b.csv")), pair("json", None));
        assert_eq!(kind(&["--compression", "zstd"], Some("b.csv")), pair("csv", Some("zstd")));
        assert_eq!(kind(&[], Some("-")), (None, Some("none".to_owned())));
        assert_eq!(kind(&["--format", "parquet"], Some("-")), pair("parquet", None));
    }

    #[test]
    fn a_name_twice_is_refused() {
        let line = ["outflow", "SELECT 1", "--param", "a=1", "--param", "a=2"];
        let error = Line::try_parse_from(line).unwrap().request.to_request(None).unwrap_err();
        assert!(error.to_string().contains("`--param` gives `a` twice"), "{error}");
    }
}
