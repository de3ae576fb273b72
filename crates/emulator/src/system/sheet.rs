//! A small table, made column by column.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Int16Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use chrono::{DateTime, Utc};
use outflow_warehouse::embedded::Given;

/// The columns so far.
#[derive(Debug, Default)]
pub(crate) struct Sheet(Vec<(&'static str, ArrayRef)>);

impl Sheet {
    fn with(mut self, name: &'static str, values: ArrayRef) -> Self {
        self.0.push((name, values));
        self
    }

    pub(super) fn text<T: Into<String>>(self, name: &'static str, values: impl IntoIterator<Item = T>) -> Self {
        let values = values.into_iter().map(|value| Some(value.into()));
        self.with(name, Arc::new(values.collect::<StringArray>()))
    }

    pub(super) fn maybe_text<T: Into<String>>(self, name: &'static str, values: impl IntoIterator<Item = Option<T>>) -> Self {
        let values = values.into_iter().map(|value| value.map(Into::into));
        self.with(name, Arc::new(values.collect::<StringArray>()))
    }

    pub(super) fn maybe_int(self, name: &'static str, values: impl IntoIterator<Item = Option<i32>>) -> Self {
        self.with(name, Arc::new(values.into_iter().collect::<Int32Array>()))
    }

    /// CHAR of that width: blanks follow.
    pub(super) fn padded<T: AsRef<str>>(self, name: &'static str, width: usize, values: impl IntoIterator<Item = T>) -> Self {
        self.text(name, values.into_iter().map(|value| format!("{:width$}", value.as_ref())))
    }

    pub(super) fn long(self, name: &'static str, values: impl IntoIterator<Item = i64>) -> Self {
        self.with(name, Arc::new(values.into_iter().map(Some).collect::<Int64Array>()))
    }

    pub(super) fn int(self, name: &'static str, values: impl IntoIterator<Item = i32>) -> Self {
        self.with(name, Arc::new(values.into_iter().map(Some).collect::<Int32Array>()))
    }

    pub(super) fn short(self, name: &'static str, values: impl IntoIterator<Item = i16>) -> Self {
        self.with(name, Arc::new(values.into_iter().map(Some).collect::<Int16Array>()))
    }

    pub(super) fn flag(self, name: &'static str, values: impl IntoIterator<Item = bool>) -> Self {
        self.with(name, Arc::new(values.into_iter().map(Some).collect::<BooleanArray>()))
    }

    pub(super) fn moment(self, name: &'static str, values: impl IntoIterator<Item = Option<DateTime<Utc>>>) -> Self {
        let micros = values.into_iter().map(|value| value.map(|value| value.timestamp_micros()));
        self.with(name, Arc::new(micros.collect::<TimestampMicrosecondArray>()))
    }

    /// Gives it to a query under that name.
    pub(crate) fn give(self, given: &mut Given, name: &str) {
        // Columns of one length, each of its own name: these make a table.
        if let Ok(rows) = RecordBatch::try_from_iter(self.0) {
            given.add_table(name, rows);
        }
    }
}
