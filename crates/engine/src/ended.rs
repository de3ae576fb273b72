//! What is said in the log and the metrics when an unload has ended, whoever ended it.

use outflow_core::{Status, Unload};
use tracing::Span;

use crate::engine::Engine;

/// What every line of an unload's life stands in.
pub(crate) fn span(unload: &Unload) -> Span {
    let attempt = unload.state.attempt();
    // At the level of the worst line: a log that shows only warnings names the unload too.
    tracing::error_span!("unload", unload_id = %unload.unload_id(), request_id = %unload.request_id(), attempt)
}

impl Engine {
    /// Tells of the end of an unload whose change was just recorded here, and wakes whoever deletes what it leaves. One that has not ended
    /// is not told of. The caller is in the unload's span. Lost with a crash right after the change, so the metrics count a few less then.
    pub(crate) fn note_end(&self, unload: &Unload) {
        if !unload.status().is_terminal() {
            return;
        }
        let status = unload.status().as_str();
        let seconds = (self.clock.now() - unload.asked.created_at).as_seconds_f64();
        tracing::info!(
            status,
            seconds,
            rows = unload.amount.rows,
            bytes = unload.amount.bytes,
            code = unload.state.failure().map(|failure| failure.code.as_str()),
            "the unload has ended"
        );
        let warehouse = unload.asked.warehouse.clone();
        metrics::histogram!("outflow_unload_seconds", "status" => status, "warehouse" => warehouse.clone()).record(seconds);
        metrics::counter!("outflow_unloads_ended_total", "status" => status, "warehouse" => warehouse.clone()).increment(1);
        if unload.status() == Status::Done {
            metrics::counter!("outflow_delivered_rows_total", "warehouse" => warehouse.clone()).increment(unload.amount.rows);
            metrics::counter!("outflow_delivered_bytes_total", "warehouse" => warehouse).increment(unload.amount.bytes);
        } else {
            self.garbage.notify_one();
        }
    }
}
