//! The one recorder of the process, and what is only known when somebody asks.

use std::sync::OnceLock;

use metrics::{describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use outflow_core::{Result, Status};
use outflow_engine::Engine;

/// From a commit to the longest unload there is.
const SECONDS: [f64; 17] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1_800.0, 14_400.0];
/// How much goes together.
const SIZES: [f64; 10] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0];

/// The recorder of this process, installed at the first call. Several servers of one process share it.
pub(crate) fn recorder() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(install).clone()
}

fn install() -> PrometheusHandle {
    let buckets = |builder: PrometheusBuilder, suffix: &str, values: &[f64]| {
        builder.set_buckets_for_metric(Matcher::Suffix(suffix.to_owned()), values).expect("there are buckets")
    };
    let builder = buckets(PrometheusBuilder::new(), "_seconds", &SECONDS);
    let recorder = buckets(builder, "_size", &SIZES).build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("another metrics recorder is installed in this process; `/metrics` stays empty");
    }
    describe();
    handle
}

/// Says what every number of the process means, those of the other crates too: whoever reads them reads them here.
fn describe() {
    describe_counter!("outflow_unloads_accepted_total", "Unloads accepted, by warehouse.");
    describe_counter!("outflow_unloads_ended_total", "Unloads ended, by status and warehouse.");
    describe_histogram!("outflow_unload_seconds", "Time from acceptance to the end, by status and warehouse.");
    describe_counter!("outflow_delivered_rows_total", "Rows of unloads that were delivered, by warehouse.");
    describe_counter!("outflow_delivered_bytes_total", "Bytes of unloads that were delivered, by warehouse.");
    describe_counter!("outflow_attempts_failed_total", "Attempts that failed, by code.");
    describe_gauge!("outflow_unloads", "Unloads that have not ended, by warehouse and status.");
    describe_gauge!("outflow_queue_depth", "Unloads that wait for a worker, by warehouse.");
    describe_gauge!("outflow_outbox_entries", "Announcements that are not published yet.");
    describe_gauge!("outflow_outbox_age_seconds", "Age of the oldest announcement that is not published yet.");
    describe_counter!("outflow_events_published_total", "Announcements that the bus took.");
    describe_counter!("outflow_events_failed_total", "Announcements that the bus did not take; they are offered again.");
    describe_counter!("outflow_hints_total", "Messages heard, by what became of them.");
    describe_histogram!("outflow_store_commit_seconds", "Time of a commit to the state table.");
    describe_histogram!("outflow_store_batch_size", "How many writes share a commit.");
    describe_histogram!("outflow_http_request_duration_seconds", "Time to the head of the answer, by method, path and status.");
    describe_counter!("outflow_http_refused_total", "Requests turned away because too many were there, by what was full.");
    describe_gauge!("outflow_waiting_callers", "Long polls, event streams and sockets that are open.");
    describe_counter!("outflow_downloads_total", "Downloads begun, by kind.");
}

/// Reads from the store what nobody counts along the way.
pub(crate) async fn refresh(engine: &Engine) -> Result<()> {
    let statistics = engine.store().statistics().await?;
    for warehouse in engine.warehouse_names() {
        for status in Status::ALL.into_iter().filter(|status| !status.is_terminal()) {
            let count: u64 =
                statistics.active.iter().filter(|(name, of, _)| name == warehouse && *of == status).map(|(.., n)| n).sum();
            gauge!("outflow_unloads", "warehouse" => warehouse.clone(), "status" => status.as_str()).set(count as f64);
            if status == Status::Pending {
                gauge!("outflow_queue_depth", "warehouse" => warehouse.clone()).set(count as f64);
            }
        }
    }
    gauge!("outflow_outbox_entries").set(statistics.outbox_count as f64);
    let age = statistics.outbox_oldest.map_or(0, |oldest| (engine.now() - oldest).num_milliseconds().max(0));
    gauge!("outflow_outbox_age_seconds").set(age as f64 / 1_000.0);
    Ok(())
}
