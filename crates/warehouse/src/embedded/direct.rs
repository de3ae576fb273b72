//! The engine asked directly, as a database is: a query for its rows, and an UNLOAD to its end with what it wrote.
//!
//! This is for whoever stands in for a database; the service itself uses the trait `Warehouse` alone.

mod texts;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::datasource::MemTable;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::ScalarUDF;
use datafusion::physical_plan::execute_stream;
use futures::StreamExt;
use object_store::ObjectStore;
use outflow_core::options::{Compression, Format};
use outflow_core::schema::Column;
use outflow_core::statement::{Encryption, StatementSettings};
use outflow_core::{Code, Error, Result};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::Instrument;

use super::Embedded;
use super::column::Columns;
use super::error::from_running;
use super::progress::{Meter, Standing};
use super::run::Runner;
use super::slice::Stop;
use super::unload::{self, ManifestKind, Unload};

pub use self::texts::Texts;

/// How many batches of rows wait for the one who reads them.
const AHEAD: usize = 2;

/// What a query finds beside the warehouse's own tables and functions.
#[derive(Debug, Clone, Default)]
pub struct Given {
    tables: HashMap<String, RecordBatch>,
    functions: Vec<Arc<ScalarUDF>>,
}

impl Given {
    /// Adds a table. `name` is in lower case; `schema.name` is found only with its schema, a bare name with any.
    pub fn add_table(&mut self, name: impl Into<String>, rows: RecordBatch) {
        self.tables.insert(name.into(), rows);
    }

    /// Adds a function, which comes before the engine's own of that name.
    pub fn add_function(&mut self, function: ScalarUDF) {
        self.functions.push(Arc::new(function));
    }

    pub(super) fn functions(&self) -> impl Iterator<Item = Arc<ScalarUDF>> {
        self.functions.iter().cloned()
    }

    /// The table that a query means.
    ///
    /// # Errors
    /// `internal` when its rows are none.
    pub(super) fn table(&self, schema: Option<&str>, name: &str) -> Result<Option<Arc<MemTable>>> {
        let qualified = schema.and_then(|schema| self.tables.get(&format!("{schema}.{name}")));
        let Some(rows) = qualified.or_else(|| self.tables.get(name)) else { return Ok(None) };
        let table = MemTable::try_new(rows.schema(), vec![vec![rows.clone()]]);
        table.map(|table| Some(Arc::new(table))).map_err(|error| from_running(error, &[]))
    }
}

/// What an UNLOAD's text says, as far as it is told to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnloadText {
    /// The place after `TO`.
    pub destination: String,
    /// The format of its files.
    pub format: Format,
    /// How they are compressed.
    pub compression: Compression,
    /// `REGION`, the bucket's.
    pub region: Option<String>,
    /// How they are encrypted.
    pub encryption: Encryption,
}

/// What an UNLOAD wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unloaded {
    /// The data rows in all files.
    pub rows: u64,
    /// The files, in their order; the manifest is not among them.
    pub files: Vec<UnloadedFile>,
    /// The manifest's key in the bucket, if one was written.
    pub manifest: Option<String>,
}

/// A file that an UNLOAD wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnloadedFile {
    /// Its key in the bucket.
    pub key: String,
    /// Its data rows.
    pub rows: u64,
    /// Its bytes, as they lie in storage.
    pub bytes: u64,
}

/// The rows of a query, as they come. Dropping it stops the query.
#[derive(Debug)]
pub struct Rows {
    columns: Columns,
    batches: Receiver<Result<RecordBatch>>,
    work: Option<JoinHandle<()>>,
    _stop: DropGuard,
}

impl Rows {
    /// The columns, in the types that files have them in.
    pub fn schema(&self) -> &SchemaRef {
        self.columns.schema()
    }

    /// The columns in Redshift's words.
    pub fn columns(&self) -> Vec<Column> {
        self.columns.described()
    }

    /// The next rows; `None` when there are no more. Safe to drop while it waits.
    ///
    /// # Errors
    /// The query's own; `cancelled`.
    pub async fn next(&mut self) -> Option<Result<RecordBatch>> {
        if let Some(batch) = self.batches.recv().await {
            return Some(batch);
        }
        match self.work.take()?.await {
            Ok(()) => None,
            Err(error) => Some(Err(Error::new(Code::Internal, "the query engine met a defect of its own").with_source(error))),
        }
    }
}

impl Embedded {
    /// What an UNLOAD's text says; nothing runs.
    ///
    /// # Errors
    /// `sql_syntax` and `query_invalid`, as for running it.
    pub fn read_unload(sql: &str) -> Result<UnloadText> {
        let statement = unload::parse(sql)?.statement;
        let (format, compression) = (statement.format, statement.compression);
        let StatementSettings { region, encryption, .. } = statement.settings;
        Ok(UnloadText { destination: statement.destination, format, compression, region, encryption })
    }

    /// Runs an UNLOAD that may write to those buckets, whatever the warehouse's own are, to its end. It goes on when the future is
    /// dropped; `cancel` stops it.
    ///
    /// # Errors
    /// The statement's own; `cancelled`.
    pub async fn unload(
        &self,
        sql: String,
        buckets: HashMap<String, Arc<dyn ObjectStore>>,
        cancel: CancellationToken,
    ) -> Result<Unloaded> {
        let runner = Runner { session: self.session()?, buckets: Arc::new(buckets), slices: self.config.slices };
        let key = manifest_key(&unload::parse(&sql)?);
        let run = async move {
            let meter = Arc::new(Meter::new(tokio::sync::watch::Sender::new(Standing::Running(Default::default()))));
            let files = Box::pin(runner.run_files(&sql, meter, &cancel)).await.map_err(reason)?;
            let files: Vec<UnloadedFile> = files
                .into_iter()
                .map(|file| UnloadedFile { key: file.key.into(), rows: file.rows, bytes: file.meta.content_length })
                .collect();
            let manifest = key.filter(|_| !files.is_empty());
            Ok(Unloaded { rows: files.iter().map(|file| file.rows).sum(), files, manifest })
        };
        self.on_runtime(run.in_current_span()).await
    }

    /// Begins a query; one with an outer `LIMIT` too.
    ///
    /// # Errors
    /// The query's own as far as they are known before it runs; `cancelled`.
    pub async fn query(&self, sql: String, given: Given, cancel: &CancellationToken) -> Result<Rows> {
        let (session, stop) = (self.session()?, cancel.child_token());
        let token = stop.clone();
        let planned = self.on_runtime(async move {
            let plan = tokio::select! {
                biased;
                () = token.cancelled() => return Err(cancelled()),
                plan = Box::pin(session.plan_rows(&sql, &given, &token)) => plan?,
            };
            let rows = execute_stream(plan.physical, plan.task).map_err(|error| from_running(error, &plan.text_files))?;
            Ok((rows, plan.columns, plan.text_files))
        });
        let (rows, columns, text_files) = planned.await?;
        let (sender, batches) = channel(AHEAD);
        let work = hand_over(rows, columns.clone(), text_files, sender, stop.clone());
        let work = Some(self.runtime().spawn(work.in_current_span()));
        Ok(Rows { columns, batches, work, _stop: stop.drop_guard() })
    }

    /// The columns of a query's rows; nothing runs.
    ///
    /// # Errors
    /// The query's own.
    pub async fn describe(&self, sql: String, given: Given) -> Result<SchemaRef> {
        let session = self.session()?;
        let planned = self.on_runtime(async move {
            let plan = Box::pin(session.plan_rows(&sql, &given, &CancellationToken::new())).await?;
            Ok(Arc::clone(plan.columns.schema()))
        });
        planned.await
    }

    /// The types of a query's parameters (`$1`, …) as far as the query tells them, each by its name.
    ///
    /// # Errors
    /// The query's own.
    pub async fn parameter_types(&self, sql: String, given: Given) -> Result<HashMap<String, DataType>> {
        let session = self.session()?;
        self.on_runtime(async move { session.parameter_types(&sql, &given).await }).await
    }
}

async fn hand_over(
    mut rows: SendableRecordBatchStream,
    columns: Columns,
    text_files: Vec<String>,
    sender: Sender<Result<RecordBatch>>,
    stop: CancellationToken,
) {
    loop {
        let batch = tokio::select! {
            biased;
            () = stop.cancelled() => Some(Err(cancelled())),
            batch = rows.next() => batch.map(|batch| {
                batch.map_err(|error| if stop.is_cancelled() { cancelled() } else { from_running(error, &text_files) })
            }),
        };
        let Some(batch) = batch else { return };
        let batch = batch.and_then(|batch| columns.bring(batch));
        let is_last = batch.is_err();
        if sender.send(batch).await.is_err() || is_last {
            return;
        }
    }
}

/// Where an UNLOAD writes its manifest, if it was asked for one.
fn manifest_key(unload: &Unload) -> Option<String> {
    let prefix = unload.statement.destination.strip_prefix("s3://")?.split_once('/')?.1;
    let is_in_folder = !unload.statement.partition_by.is_empty() && !prefix.is_empty() && !prefix.ends_with('/');
    let slash = if is_in_folder { "/" } else { "" };
    (unload.manifest != ManifestKind::None).then(|| format!("{prefix}{slash}manifest"))
}

fn reason(stop: Stop) -> Error {
    match stop {
        Stop::Cancelled => cancelled(),
        Stop::Failed(error) => error,
    }
}

fn cancelled() -> Error {
    Error::new(Code::UnloadCancelled, "the statement was cancelled")
}
