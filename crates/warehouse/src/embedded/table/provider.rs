//! Makes a table that the engine can read out of files of one kind.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::datasource::file_format::FileFormat as EngineFormat;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use outflow_core::{Code, Error, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::super::error::from_reading;
use super::Found;
use super::file_kind::{FileFormat, FileKind};
use super::infer::{self, Inferred, TextFiles};
use super::json_lines::JsonLines;
use super::parquet;

/// What a path keeps in a URL.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The table of these files, which lie under `root`. Text files are read from their beginning to their end, which is given up when this
/// is dropped.
///
/// # Errors
/// `table_unreadable` naming the file that cannot be read, and why.
pub(super) async fn open(kind: FileKind, files: Vec<PathBuf>, root: &Path, state: &SessionState) -> Result<Found> {
    let names: Vec<String> = files.iter().map(|file| file.strip_prefix(root).unwrap_or(file).display().to_string()).collect();
    let urls = files.iter().zip(&names).map(|(file, name)| url(file).map_err(|error| from_reading(error, name)));
    let urls: Vec<ListingTableUrl> = urls.collect::<Result<_>>()?;
    let format: Arc<dyn EngineFormat> = match kind.format {
        FileFormat::Parquet => Arc::new(ParquetFormat::default().with_options(state.table_options().parquet.clone())),
        // A quoted line feed would be taken for the end of a row where a file is split between readers.
        FileFormat::Csv => Arc::new(
            CsvFormat::default().with_has_header(true).with_newlines_in_values(true).with_file_compression_type(kind.compression),
        ),
        FileFormat::JsonLines => Arc::new(JsonLines(kind.compression)),
    };
    let options = ListingOptions::new(format).with_file_extension("");
    let Inferred { schema, batch_rows } = match kind.format {
        FileFormat::Parquet => parquet::columns(&options, &urls, files, &names, state).await?,
        FileFormat::Csv | FileFormat::JsonLines => text_columns(kind, files, names.clone()).await?,
    };
    let config = ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options).with_schema(schema);
    let table = ListingTable::try_new(config).map_err(|error| from_reading(error, &names.join("`, `")))?;
    let table = table.with_cache(state.runtime_env().cache_manager.get_file_statistic_cache());
    let text_files = match kind.format {
        FileFormat::Parquet => Vec::new(),
        FileFormat::Csv | FileFormat::JsonLines => names.iter().map(|name| format!("`{name}`")).collect(),
    };
    Ok(Found { provider: Arc::new(table), text_files, batch_rows })
}

async fn text_columns(kind: FileKind, paths: Vec<PathBuf>, names: Vec<String>) -> Result<Inferred> {
    let stop = CancellationToken::new();
    let _guard = stop.clone().drop_guard();
    let files = TextFiles { paths, names, compression: kind.compression, stop };
    let inferred = spawn_blocking(move || match kind.format {
        FileFormat::Csv => infer::csv(&files),
        _ => infer::json_lines(&files),
    });
    inferred.await.map_err(|error| Error::new(Code::Internal, "a table's files could not be looked at").with_source(error))?
}

/// The address of a file. Not parsed from a path, since that would read `*` and `?` in a name as a pattern.
fn url(file: &Path) -> Result<ListingTableUrl, DataFusionError> {
    let file = std::path::absolute(file)?;
    let encoded = percent_encode(file.as_os_str().as_encoded_bytes(), PATH);
    ListingTableUrl::parse(format!("file://{encoded}"))
}
