//! What one slice of the warehouse writes: its share of the rows, in one file after the other.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use futures::stream::{SelectAll, select_all};
use outflow_core::statement::UnloadStatement;
use outflow_core::{Error, Result};
use tokio_util::sync::CancellationToken;

use super::column::Columns;
use super::destination::Destination;
use super::error::from_running;
use super::extent::Extent;
use super::file::{FileWriter, WrittenFile};
use super::partition::Partitions;
use super::progress::Meter;

/// Why a slice ended without its files.
#[derive(Debug)]
pub(super) enum Stop {
    /// It was told to.
    Cancelled,
    /// It could not go on.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What the slices of a statement have in common.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) statement: UnloadStatement,
    pub(super) destination: Destination,
    pub(super) columns: Columns,
    pub(super) partitions: Partitions,
    pub(super) extent: Extent,
    /// The text files that are read, for errors which do not name theirs.
    pub(super) text_files: Vec<String>,
    pub(super) meter: Arc<Meter>,
}

/// One slice.
pub(super) struct Slice {
    work: Arc<Work>,
    number: usize,
    rows: SelectAll<SendableRecordBatchStream>,
    /// The file that is under way, and the folder that it is in.
    current: Option<(String, FileWriter)>,
    /// How many files there are in each folder already.
    parts: HashMap<String, usize>,
    written: Vec<WrittenFile>,
}

impl Slice {
    /// A slice that writes the rows of these streams.
    pub(super) fn new(work: Arc<Work>, number: usize, streams: Vec<SendableRecordBatchStream>) -> Self {
        Self { work, number, rows: select_all(streams), current: None, parts: HashMap::new(), written: Vec::new() }
    }

    /// Writes everything; gives the files, none if there were no rows. When it fails or is told to stop, the file that was under way is
    /// given up; files that were done before stay, and no manifest tells of them.
    pub(super) async fn run(mut self, stop: &CancellationToken) -> Result<Vec<WrittenFile>, Stop> {
        let ended = tokio::select! {
            biased;
            () = stop.cancelled() => Err(Stop::Cancelled),
            ended = self.write_all() => ended.map_err(|error| if stop.is_cancelled() { Stop::Cancelled } else { Stop::Failed(error) }),
        };
        // The query is stopped before its files are, which may wait for storage.
        self.rows.clear();
        match (ended, self.current.take()) {
            (Err(stop), Some((_, mut unfinished))) => {
                unfinished.abort().await;
                Err(stop)
            }
            (Err(stop), None) => Err(stop),
            (Ok(()), _) => Ok(self.written),
        }
    }

    async fn write_all(&mut self) -> Result<()> {
        while let Some(batch) = self.rows.next().await {
            let batch = batch.map_err(|error| from_running(error, &self.work.text_files))?;
            if batch.num_rows() > 0 {
                // The column that `arrange` put behind the others is left behind here.
                for (folder, rows) in self.work.partitions.split(self.work.columns.bring(batch)?)? {
                    self.write(&folder, rows).await?;
                }
            }
        }
        self.end_file().await
    }

    /// Writes rows into a folder, as many into each file as fit. A row that is too long for any file has one to itself.
    async fn write(&mut self, folder: &str, mut rows: RecordBatch) -> Result<()> {
        if self.current.as_ref().is_some_and(|(current, _)| current != folder) {
            self.end_file().await?;
        }
        while rows.num_rows() > 0 {
            let extent = &self.work.extent;
            let measured = extent.measure(&rows);
            let mut size = self.current.as_ref().map_or(0, |(_, file)| file.size());
            if extent.has_room(size, measured) {
                return self.file(folder).await?.write(&rows, measured).await;
            }
            if let Some((_, file)) = &mut self.current {
                file.settle().await?;
                size = file.size();
            }
            let fitting = match extent.fitting(&rows, size) {
                0 if self.current.is_some() => {
                    self.end_file().await?;
                    continue;
                }
                fitting => rows.slice(0, fitting.max(1)),
            };
            let measured = extent.measure(&fitting);
            self.file(folder).await?.write(&fitting, measured).await?;
            rows = rows.slice(fitting.num_rows(), rows.num_rows() - fitting.num_rows());
        }
        Ok(())
    }

    /// The file that is under way; a new one, if there is none.
    async fn file(&mut self, folder: &str) -> Result<&mut FileWriter> {
        let (_, file) = match self.current.take() {
            Some(current) => self.current.insert(current),
            None => {
                let Work { statement, destination, partitions, meter, .. } = self.work.as_ref();
                destination.prepare_folder(folder).await?;
                let key = destination.key(folder, self.number, self.parts.get(folder).copied().unwrap_or(0))?;
                let (store, schema) = (Arc::clone(destination.store()), partitions.files().schema());
                let file = FileWriter::new(store, key, statement, schema, Arc::clone(meter))?;
                self.current.insert((folder.to_owned(), file))
            }
        };
        Ok(file)
    }

    async fn end_file(&mut self) -> Result<()> {
        if let Some((folder, file)) = &mut self.current {
            self.written.push(file.finish().await?);
            *self.parts.entry(std::mem::take(folder)).or_default() += 1;
            self.current = None;
        }
        Ok(())
    }
}
