//! A look at Parquet files.

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::datasource::listing::{ListingOptions, ListingTableUrl};
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use outflow_core::{Code, Error, Result};
use parquet::file::metadata::ParquetMetaDataReader;
use tokio::task::spawn_blocking;

use super::super::error::from_reading;
use super::infer::{Inferred, MOST_ROWS, rows_of, unreadable};

/// The columns of all these files.
///
/// # Errors
/// `table_unreadable` naming the file.
pub(super) async fn columns(
    options: &ListingOptions,
    urls: &[ListingTableUrl],
    files: Vec<PathBuf>,
    names: &[String],
    state: &SessionState,
) -> Result<Inferred> {
    let mut merged: Option<Schema> = None;
    for (url, name) in urls.iter().zip(names) {
        let schema = options.infer_schema(state, url).await.map_err(|error| from_reading(error, name))?;
        if schema.fields().is_empty() {
            // What the engine says of a file of no bytes, which it passes over.
            return Err(unreadable(name, "it is empty"));
        }
        let schema = Schema::new(schema.fields().clone());
        merged = Some(match merged {
            None => schema,
            Some(merged) => {
                Schema::try_merge([merged, schema]).map_err(|error| from_reading(DataFusionError::from(error), name))?
            }
        });
    }
    let names = names.to_vec();
    let rows = spawn_blocking(move || {
        let mut rows = files.iter().zip(&names).map(|(file, name)| batch_rows(file, name));
        rows.try_fold(MOST_ROWS, |least, rows| Ok::<_, Error>(least.min(rows?)))
    });
    let batch_rows =
        rows.await.map_err(|error| Error::new(Code::Internal, "a table's files could not be looked at").with_source(error))??;
    Ok(Inferred { schema: Arc::new(merged.unwrap_or_else(Schema::empty)), batch_rows })
}

/// Checks the names of a file's columns; tells how many rows are to be read at once, by the row group with the largest rows.
fn batch_rows(file: &Path, name: &str) -> Result<usize> {
    let opened = File::open(file).map_err(|error| from_reading(error.into(), name))?;
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&opened).map_err(|error| from_reading(error.into(), name))?;
    let mut seen = HashSet::new();
    let columns = metadata.file_metadata().schema_descr().root_schema().get_fields();
    if let Some(twice) = columns.iter().find(|column| !seen.insert(column.name())) {
        // The engine would find one of them under the name, and say nothing.
        return Err(unreadable(name, format!("it has two columns `{}`", twice.name())));
    }
    let averages = metadata.row_groups().iter().map(|group| {
        let bytes = u64::try_from(group.total_byte_size()).unwrap_or_default();
        bytes / u64::try_from(group.num_rows()).unwrap_or_default().max(1)
    });
    Ok(averages.max().map_or(MOST_ROWS, rows_of))
}
