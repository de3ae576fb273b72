//! The rows of a query on their way to whoever asked, counted for the history.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use outflow_core::schema::Column;
use outflow_warehouse::embedded::Rows;
use tokio::sync::OwnedSemaphorePermit;

use super::history::History;
use crate::error::SqlError;

/// The rows of a query. Dropping it before its end stops the query, which then counts as cancelled.
#[derive(Debug)]
pub(crate) struct Reading {
    rows: Rows,
    query_id: i64,
    history: Arc<History>,
    count: u64,
    bytes: u64,
    permit: Option<OwnedSemaphorePermit>,
}

impl Reading {
    pub(super) fn new(rows: Rows, query_id: i64, history: Arc<History>, permit: Option<OwnedSemaphorePermit>) -> Self {
        Self { rows, query_id, history, count: 0, bytes: 0, permit }
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        self.rows.schema()
    }

    /// The columns in Redshift's words.
    pub(crate) fn columns(&self) -> Vec<Column> {
        self.rows.columns()
    }

    /// The next rows; `None` when there are no more.
    pub(crate) async fn next(&mut self) -> Option<Result<RecordBatch, SqlError>> {
        match self.rows.next().await {
            Some(Ok(batch)) => {
                self.count += batch.num_rows() as u64;
                self.bytes += batch.get_array_memory_size() as u64;
                Some(Ok(batch))
            }
            Some(Err(error)) => {
                let error = SqlError::from_engine(&error, self.query_id);
                self.end(Err(&error));
                Some(Err(error))
            }
            None => {
                self.end(Ok((self.count, self.bytes)));
                None
            }
        }
    }

    fn end(&mut self, ended: Result<(u64, u64), &SqlError>) {
        self.history.end(self.query_id, ended);
        self.permit = None;
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.history.end(self.query_id, Err(&SqlError::cancelled(self.query_id)));
    }
}
