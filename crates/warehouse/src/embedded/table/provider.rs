//! Makes a table that the engine can read out of files of one kind.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::datasource::file_format::FileFormat as EngineFormat;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::json::JsonFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use outflow_core::{Code, Error, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use tokio::task::spawn_blocking;

use super::super::error::from_reading;
use super::Found;
use super::file_kind::{FileFormat, FileKind};
use super::infer;

/// What a path keeps in a URL.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The table of these files, which lie under `root`.
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
        FileFormat::JsonLines => Arc::new(JsonFormat::default().with_file_compression_type(kind.compression)),
    };
    let options = ListingOptions::new(format).with_file_extension("");
    let schema = match kind.format {
        FileFormat::Parquet => parquet_schema(&options, &urls, &names, state).await?,
        FileFormat::Csv | FileFormat::JsonLines => text_schema(kind, files, names.clone()).await?,
    };
    let config = ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options).with_schema(schema);
    let table = ListingTable::try_new(config).map_err(|error| from_reading(error, &names.join("`, `")))?;
    let table = table.with_cache(state.runtime_env().cache_manager.get_file_statistic_cache());
    let text_files = match kind.format {
        FileFormat::Parquet => Vec::new(),
        FileFormat::Csv | FileFormat::JsonLines => names.iter().map(|name| format!("`{name}`")).collect(),
    };
    Ok(Found { provider: Arc::new(table), text_files })
}

async fn parquet_schema(
    options: &ListingOptions,
    urls: &[ListingTableUrl],
    names: &[String],
    state: &SessionState,
) -> Result<SchemaRef> {
    let mut merged: Option<Schema> = None;
    for (url, name) in urls.iter().zip(names) {
        let schema = options.infer_schema(state, url).await.map_err(|error| from_reading(error, name))?;
        if schema.fields().is_empty() {
            // What the engine says of a file of no bytes, which it passes over.
            return Err(Error::new(Code::TableUnreadable, format!("`{name}` cannot be read: it is empty")));
        }
        let schema = Schema::new(schema.fields().clone());
        merged = Some(match merged {
            None => schema,
            Some(merged) => {
                Schema::try_merge([merged, schema]).map_err(|error| from_reading(DataFusionError::from(error), name))?
            }
        });
    }
    Ok(Arc::new(merged.unwrap_or_else(Schema::empty)))
}

async fn text_schema(kind: FileKind, files: Vec<PathBuf>, names: Vec<String>) -> Result<SchemaRef> {
    let inferred = spawn_blocking(move || match kind.format {
        FileFormat::Csv => infer::csv(&files, &names, kind.compression),
        _ => infer::json_lines(&files, &names, kind.compression),
    });
    inferred.await.map_err(|error| Error::new(Code::Internal, "a table's files could not be looked at").with_source(error))?
}

/// The address of a file. Not parsed from a path, since that would read `*` and `?` in a name as a pattern.
fn url(file: &Path) -> Result<ListingTableUrl, DataFusionError> {
    let file = std::path::absolute(file)?;
    let encoded = percent_encode(file.as_os_str().as_encoded_bytes(), PATH);
    ListingTableUrl::parse(format!("file://{encoded}"))
}
