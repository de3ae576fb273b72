//! Cursors of a transaction: `DECLARE`, `FETCH` and `CLOSE`, by which clients read a large result in pieces.

use std::collections::HashMap;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use tokio::sync::Mutex;

use crate::engine::reading::Reading;
use crate::error::SqlError;

/// The open cursors of a connection.
#[derive(Debug, Default)]
pub(super) struct Cursors(Mutex<HashMap<String, Cursor>>);

impl Cursors {
    /// Opens one over the rows of its query.
    ///
    /// # Errors
    /// `42P03` when there is one of that name.
    pub(super) async fn open(&self, name: &str, rows: Reading) -> Result<(), SqlError> {
        let mut cursors = self.0.lock().await;
        if cursors.contains_key(name) {
            return Err(SqlError::new("42P03", format!("cursor \"{name}\" already exists")));
        }
        cursors.insert(name.to_owned(), Cursor { rows, rest: None });
        Ok(())
    }

    /// The columns of one.
    ///
    /// # Errors
    /// `34000` when there is none of that name.
    pub(super) async fn schema(&self, name: &str) -> Result<SchemaRef, SqlError> {
        self.0.lock().await.get(name).map(|cursor| cursor.rows.schema().clone()).ok_or_else(|| unknown(name))
    }

    /// Its next rows, at most so many; all that are left without a number. What fails ends the cursor.
    ///
    /// # Errors
    /// `34000` when there is none of that name; the query's own.
    pub(super) async fn fetch(&self, name: &str, count: Option<usize>) -> Result<(SchemaRef, Vec<RecordBatch>), SqlError> {
        let mut cursors = self.0.lock().await;
        let cursor = cursors.get_mut(name).ok_or_else(|| unknown(name))?;
        Ok((cursor.rows.schema().clone(), cursor.take(count.unwrap_or(usize::MAX)).await?))
    }

    /// Closes one.
    ///
    /// # Errors
    /// `34000` when there is none of that name.
    pub(super) async fn close(&self, name: &str) -> Result<(), SqlError> {
        self.0.lock().await.remove(name).map(drop).ok_or_else(|| unknown(name))
    }

    /// Closes all, as the end of a transaction does.
    pub(super) async fn clear(&self) {
        self.0.lock().await.clear();
    }
}

fn unknown(name: &str) -> SqlError {
    SqlError::new("34000", format!("cursor \"{name}\" does not exist"))
}

#[derive(Debug)]
struct Cursor {
    rows: Reading,
    /// What came of the query and was not fetched yet.
    rest: Option<RecordBatch>,
}

impl Cursor {
    async fn take(&mut self, count: usize) -> Result<Vec<RecordBatch>, SqlError> {
        let (mut taken, mut missing) = (Vec::new(), count);
        while missing > 0 {
            let batch = match self.rest.take() {
                Some(rest) => rest,
                None => match self.rows.next().await {
                    Some(batch) => batch?,
                    None => break,
                },
            };
            let now = batch.num_rows().min(missing);
            if now < batch.num_rows() {
                self.rest = Some(batch.slice(now, batch.num_rows() - now));
            }
            missing -= now;
            taken.push(batch.slice(0, now));
        }
        Ok(taken)
    }
}
