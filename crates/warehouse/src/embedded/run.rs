//! Runs one statement from its text to its manifest.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::physical_plan::{execute_stream, execute_stream_partitioned};
use object_store::ObjectStore;
use outflow_core::warehouse::EmptyResult;
use outflow_core::{Code, Error, Result};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::accept::accept;
use super::arrange;
use super::destination::Destination;
use super::error::from_running;
use super::extent::Extent;
use super::file::{WrittenFile, file_of_nothing};
use super::partition::Partitions;
use super::progress::Meter;
use super::query::in_callers_text;
use super::session::{Plan, Session};
use super::slice::{Slice, Stop, Work};
use super::unload::{self, Unload};

/// What statements run on.
pub(super) struct Runner {
    pub(super) session: Arc<Session>,
    pub(super) buckets: Arc<HashMap<String, Arc<dyn ObjectStore>>>,
    pub(super) slices: usize,
}

impl Runner {
    /// Runs the statement that is the whole of `sql`; gives the number of data rows. The manifest, if one was asked for, is there when
    /// this returns so, and only then. Of no rows there are no files and no manifest.
    pub(super) async fn run(&self, sql: &str, meter: Arc<Meter>, cancel: &CancellationToken) -> Result<u64, Stop> {
        let files = self.run_files(sql, meter, cancel).await?;
        Ok(files.iter().map(|file| file.rows).sum())
    }

    /// The same; gives the files.
    pub(super) async fn run_files(
        &self,
        sql: &str,
        meter: Arc<Meter>,
        cancel: &CancellationToken,
    ) -> Result<Vec<WrittenFile>, Stop> {
        let (work, plan) = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(Stop::Cancelled),
            prepared = Box::pin(self.prepare(sql, meter, cancel)) => prepared?,
        };
        let mut files = self.write(&work, plan, cancel).await?;
        if !work.statement.partition_by.is_empty() {
            files.sort_by(|a, b| a.key.cmp(&b.key));
        }
        if files.is_empty() {
            return Ok(files);
        }
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Stop::Cancelled),
            written = work.destination.write_manifest(&files, &work.columns) => {
                written?;
                Ok(files)
            }
        }
    }

    /// The file of a result without rows.
    pub(super) async fn empty_result(&self, sql: &str) -> Result<EmptyResult> {
        let unload = unload::parse(sql)?;
        let (_, partitions) = self.plan(&unload, &CancellationToken::new()).await?;
        let statement = unload.statement;
        let schema = partitions.files().schema();
        let bytes = file_of_nothing(&statement, schema).await?;
        Ok(EmptyResult { bytes, schema: partitions.files().described() })
    }

    async fn prepare(&self, sql: &str, meter: Arc<Meter>, cancel: &CancellationToken) -> Result<(Arc<Work>, Plan)> {
        let unload = unload::parse(sql)?;
        let destination = Destination::new(&unload, &self.buckets)?;
        let (plan, partitions) = self.plan(&unload, cancel).await?;
        destination.prepare().await?;
        let work = Work {
            destination,
            columns: plan.columns.clone(),
            extent: Extent::new(&unload.statement, partitions.files().schema()),
            partitions,
            text_files: plan.text_files.clone(),
            meter,
            statement: unload.statement,
        };
        Ok((Arc::new(work), plan))
    }

    /// The query's plan, and the folders of its rows; what cannot be written as asked is refused here.
    async fn plan(&self, unload: &Unload, cancel: &CancellationToken) -> Result<(Plan, Partitions)> {
        let text = &unload.statement.query;
        let plan = Box::pin(self.session.plan(text, cancel)).await.map_err(|error| in_callers_text(error, text))?;
        let partitions = Partitions::new(&unload.statement, &plan.columns)?;
        accept(&unload.statement, partitions.files())?;
        Ok((plan, partitions))
    }

    /// Writes the files, each slice its own, all at once.
    async fn write(&self, work: &Arc<Work>, plan: Plan, cancel: &CancellationToken) -> Result<Vec<WrittenFile>, Stop> {
        let failed = |error| from_running(error, &work.text_files);
        let Plan { physical, task, .. } = plan;
        let keys = work.partitions.keys();
        if !work.statement.parallel {
            let physical = arrange::for_one(physical, &keys).map_err(failed)?;
            let rows = execute_stream(physical, task).map_err(failed)?;
            return Slice::new(Arc::clone(work), 0, vec![rows]).run(cancel).await;
        }
        let physical = arrange::for_slices(physical, self.slices, &keys).map_err(failed)?;
        let mut shares: Vec<Vec<_>> = (0..self.slices).map(|_| Vec::new()).collect();
        for (index, rows) in execute_stream_partitioned(physical, task).map_err(failed)?.into_iter().enumerate() {
            shares[index % self.slices].push(rows);
        }
        let stop = cancel.child_token();
        let mut slices = JoinSet::new();
        for (number, streams) in shares.into_iter().enumerate() {
            let (slice, stop) = (Slice::new(Arc::clone(work), number, streams), stop.clone());
            slices.spawn(async move { (number, slice.run(&stop).await) }.in_current_span());
        }
        let mut files: Vec<Vec<WrittenFile>> = (0..self.slices).map(|_| Vec::new()).collect();
        let mut stopped = None;
        while let Some(ended) = slices.join_next().await {
            match ended {
                Ok((number, Ok(written))) => files[number] = written,
                Ok((_, Err(reason))) => stopped = Some(worse(stopped, reason)),
                Err(error) => {
                    let error = Error::new(Code::Internal, "the query stopped in the middle").with_source(error);
                    stopped = Some(worse(stopped, Stop::Failed(error)));
                }
            }
            if stopped.is_some() {
                stop.cancel();
            }
        }
        match stopped {
            Some(reason) => Err(reason),
            None => Ok(files.into_iter().flatten().collect()),
        }
    }
}

/// The reason that is told of two: an error says more than that its fellows were stopped for it.
fn worse(first: Option<Stop>, second: Stop) -> Stop {
    match first {
        Some(Stop::Failed(error)) => Stop::Failed(error),
        _ => second,
    }
}
