//! JSON lines as the engine reads them. Its own reader neither passes over a byte order mark nor gives numbers as text with the digits that
//! they are written with.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::json::ReaderBuilder;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{GetExt, Statistics};
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::listing::{FileRange, PartitionedFile};
use datafusion::datasource::physical_plan::{FileOpenFuture, FileOpener, FileScanConfig, FileScanConfigBuilder, FileSource};
use datafusion::datasource::projection::{ProjectionOpener, SplitProjection};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::{DataFusionError, Result};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::{ExecutionPlan, apply_expression_roots};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{GetOptions, GetResultPayload, ObjectMeta, ObjectStore};

/// The format; files are on this machine.
#[derive(Debug)]
pub(super) struct JsonLines(pub(super) FileCompressionType);

#[async_trait]
impl FileFormat for JsonLines {
    fn get_ext(&self) -> String {
        "json".to_owned()
    }

    fn get_ext_with_compression(&self, compression: &FileCompressionType) -> Result<String> {
        Ok(format!("{}{}", self.get_ext(), compression.get_ext()))
    }

    fn compression_type(&self) -> Option<FileCompressionType> {
        Some(self.0)
    }

    async fn infer_schema(&self, _: &dyn Session, _: &Arc<dyn ObjectStore>, _: &[ObjectMeta]) -> Result<SchemaRef> {
        Err(DataFusionError::Internal("the columns of JSON lines are told when the table is opened".to_owned()))
    }

    async fn infer_stats(
        &self,
        _: &dyn Session,
        _: &Arc<dyn ObjectStore>,
        schema: SchemaRef,
        _: &ObjectMeta,
    ) -> Result<Statistics> {
        Ok(Statistics::new_unknown(&schema))
    }

    async fn create_physical_plan(&self, _: &dyn Session, config: FileScanConfig) -> Result<Arc<dyn ExecutionPlan>> {
        let config = FileScanConfigBuilder::from(config).with_file_compression_type(self.0).build();
        Ok(DataSourceExec::from_data_source(config))
    }

    fn file_source(&self, table: TableSchema) -> Arc<dyn FileSource> {
        Arc::new(Source {
            projection: SplitProjection::unprojected(&table),
            table,
            batch_rows: 0,
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

#[derive(Clone)]
struct Source {
    table: TableSchema,
    projection: SplitProjection,
    batch_rows: usize,
    metrics: ExecutionPlanMetricsSet,
}

impl FileSource for Source {
    fn create_file_opener(
        &self,
        store: Arc<dyn ObjectStore>,
        config: &FileScanConfig,
        _partition: usize,
    ) -> Result<Arc<dyn FileOpener>> {
        let schema = Arc::new(self.table.file_schema().project(&self.projection.file_indices)?);
        let opener = Opener { store, schema, batch_rows: self.batch_rows, compression: config.file_compression_type };
        ProjectionOpener::try_new(self.projection.clone(), Arc::new(opener), self.table.file_schema())
    }

    fn table_schema(&self) -> &TableSchema {
        &self.table
    }

    fn with_batch_size(&self, batch_rows: usize) -> Arc<dyn FileSource> {
        Arc::new(Self { batch_rows, ..self.clone() })
    }

    fn projection(&self) -> Option<&ProjectionExprs> {
        Some(&self.projection.source)
    }

    fn try_pushdown_projection(&self, projection: &ProjectionExprs) -> Result<Option<Arc<dyn FileSource>>> {
        let merged = self.projection.source.try_merge(projection)?;
        let projection = SplitProjection::new(self.table.file_schema(), &merged);
        Ok(Some(Arc::new(Self { projection, ..self.clone() })))
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        &self.metrics
    }

    fn file_type(&self) -> &str {
        "json"
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        apply_expression_roots(self.projection.source.iter(), visit)
    }
}

struct Opener {
    store: Arc<dyn ObjectStore>,
    schema: SchemaRef,
    batch_rows: usize,
    compression: FileCompressionType,
}

impl FileOpener for Opener {
    fn open(&self, file: PartitionedFile) -> Result<FileOpenFuture> {
        let (store, schema, compression) = (Arc::clone(&self.store), Arc::clone(&self.schema), self.compression);
        let builder = ReaderBuilder::new(schema).with_batch_size(self.batch_rows).with_coerce_primitive(true);
        Ok(Box::pin(async move {
            let found = store.get_opts(&file.object_meta.location, GetOptions::default()).await?;
            let GetResultPayload::File(opened, _) = found.payload else {
                return Err(DataFusionError::Internal("a table's file is not on this machine".to_owned()));
            };
            let batches = builder.build(lines(opened, file.range.as_ref(), compression)?)?;
            Ok(stream::iter(batches).map_err(DataFusionError::from).boxed())
        }))
    }
}

/// The lines that begin within that range of the file, or all, without a byte order mark.
fn lines(mut file: File, range: Option<&FileRange>, compression: FileCompressionType) -> Result<Box<dyn BufRead + Send>> {
    let Some(range) = range else {
        let mut reader = BufReader::new(compression.convert_read(file)?);
        skip_mark(&mut reader)?;
        return Ok(Box::new(reader));
    };
    let (start, end) = (first_line(&mut file, range.start)?, first_line(&mut file, range.end)?);
    file.seek(SeekFrom::Start(start))?;
    let mut reader = BufReader::new(file).take(end.saturating_sub(start));
    if start == 0 {
        skip_mark(&mut reader)?;
    }
    Ok(Box::new(reader))
}

fn skip_mark(reader: &mut impl BufRead) -> std::io::Result<()> {
    let mark = "\u{feff}".as_bytes();
    if reader.fill_buf()?.starts_with(mark) {
        reader.consume(mark.len());
    }
    Ok(())
}

/// Where the first line begins that does not begin before `at`.
fn first_line(file: &mut File, at: i64) -> std::io::Result<u64> {
    let Some(before) = u64::try_from(at).ok().and_then(|at| at.checked_sub(1)) else { return Ok(0) };
    file.seek(SeekFrom::Start(before))?;
    Ok(before + BufReader::new(file).skip_until(b'\n')? as u64)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn ranges_of_a_file_have_each_line_once() {
        let text = "\u{feff}{\"a\":1}\n\n{\"a\":\"두 줄\"}\n{\"a\":3}";
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let read = |range: Option<FileRange>| {
            let mut file = file.try_clone().unwrap();
            file.rewind().unwrap();
            let mut read = String::new();
            lines(file, range.as_ref(), FileCompressionType::UNCOMPRESSED).unwrap().read_to_string(&mut read).unwrap();
            read
        };
        let whole = text.trim_start_matches('\u{feff}');
        assert_eq!(read(None), whole);
        let length = text.len() as i64;
        for cut in 1..length {
            let halves = [read(Some(FileRange { start: 0, end: cut })), read(Some(FileRange { start: cut, end: length }))];
            assert_eq!(halves.concat(), whole, "cut at {cut}");
            assert!(halves[0].is_empty() || halves[0].ends_with('\n') || halves[1].is_empty(), "cut at {cut}");
        }
    }
}
