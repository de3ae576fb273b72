//! The values of rows as text.

use std::fmt;

use arrow::array::ArrayRef;
use outflow_core::Result;

use super::super::text::Cells;
use super::super::text::buffer::Buffer;

/// Columns of rows whose values are wanted as text, as UNLOAD writes them into delimited text; lists and structures are JSON.
pub struct Texts<'a> {
    cells: Vec<Cells<'a>>,
    room: Buffer,
}

impl<'a> Texts<'a> {
    /// The values of columns, such as those of a batch of [`Rows`](super::Rows).
    ///
    /// # Errors
    /// `internal` for a type that no result has.
    pub fn of(columns: &'a [ArrayRef]) -> Result<Self> {
        let cells = columns.iter().map(|column| Cells::new(column.as_ref())).collect::<Result<_>>()?;
        Ok(Self { cells, room: Buffer::default() })
    }

    /// The value at that place; `None` is NULL.
    ///
    /// # Panics
    /// When there is no such column or row.
    pub fn get(&mut self, column: usize, row: usize) -> Option<&str> {
        let cells = &self.cells[column];
        if cells.is_null(row) {
            return None;
        }
        self.room.clear();
        cells.write(row, &mut self.room);
        Some(std::str::from_utf8(self.room.written()).unwrap_or_default())
    }
}

impl fmt::Debug for Texts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Texts").field("columns", &self.cells.len()).finish_non_exhaustive()
    }
}
