//! What one slice of the warehouse writes: its share of the rows, in one file after the other.

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
use super::file::{FileWriter, WrittenFile};
use super::progress::Meter;

/// The size at which UNLOAD goes on in the next file, its default `MAXFILESIZE`, less what may still be on its way when that is seen.
pub(super) const MAX_FILE_SIZE: u64 = 6_200_000_000 - (128 << 20);

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
    /// The text files that are read, for errors which do not name theirs.
    pub(super) text_files: Vec<String>,
    pub(super) meter: Arc<Meter>,
    pub(super) max_file_size: u64,
}

/// One slice.
pub(super) struct Slice {
    work: Arc<Work>,
    number: usize,
    rows: SelectAll<SendableRecordBatchStream>,
    current: Option<FileWriter>,
    written: Vec<WrittenFile>,
}

impl Slice {
    /// A slice that writes the rows of these streams.
    pub(super) fn new(work: Arc<Work>, number: usize, streams: Vec<SendableRecordBatchStream>) -> Self {
        Self { work, number, rows: select_all(streams), current: None, written: Vec::new() }
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
            (Err(stop), Some(mut unfinished)) => {
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
                self.write(self.work.columns.bring(batch)?).await?;
            }
        }
        self.end_file().await
    }

    async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        if self.current.as_ref().is_some_and(|file| file.size() >= self.work.max_file_size) {
            self.end_file().await?;
        }
        let file = match &mut self.current {
            Some(file) => file,
            None => {
                let Work { statement, destination, columns, meter, .. } = self.work.as_ref();
                let key = destination.key(self.number, self.written.len())?;
                let store = Arc::clone(destination.store());
                self.current.insert(FileWriter::new(store, key, statement, columns.schema(), Arc::clone(meter))?)
            }
        };
        file.write(&batch).await
    }

    async fn end_file(&mut self) -> Result<()> {
        if let Some(file) = self.current.take() {
            self.written.push(file.finish().await?);
        }
        Ok(())
    }
}
