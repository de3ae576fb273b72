//! Small queries of ours, whose rows are wanted here: the columns of a result, the tables there are.

use std::time::Duration;

use aws_sdk_redshiftdata::types::{ColumnMetadata, Field};
use outflow_core::warehouse::Progress;
use outflow_core::{Code, Error, Result, StatementId};
use tokio::time::Instant;

use super::client::DataApi;
use super::error::Refusal;
use super::watch::Watches;
use crate::redshift::Row;

/// The first and the longest rest before something is tried again.
const REST: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(4));
/// How often one call is made at most.
const TRIES: u32 = 5;
/// The most pages that are read.
const PAGES: usize = 1_000;

/// What a query gave.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Its columns.
    pub(super) columns: Vec<ColumnMetadata>,
    /// Its rows, each value as text.
    pub(super) rows: Vec<Row>,
}

/// Runs a query to its end and fetches what it gave. `name` is what it is called in the lists of the Data API.
///
/// # Errors
/// The query's; or `warehouse_unavailable` when it has not ended `within` so long, and then it is told to stop.
pub(super) async fn run(api: &DataApi, watches: &Watches, sql: &str, name: &str, within: Duration) -> Result<Answer> {
    let until = Instant::now() + within;
    let id = patiently(|| api.execute(sql, name)).await?;
    let statement_id = StatementId::new(&id);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match watches.poll(&statement_id, left.max(Duration::from_secs(1))).await? {
            Progress::Finished { .. } => break,
            Progress::Failed(error) => return Err(error),
            Progress::Cancelled => {
                return Err(Error::new(Code::WarehouseUnavailable, format!("somebody stopped the query `{name}`")));
            }
            Progress::Running(_) if left.is_zero() => {
                if let Err(refusal) = api.cancel(&id).await {
                    tracing::debug!(error = refusal.error.chain(), "a query that took too long could not be stopped");
                }
                let message =
                    format!("the query `{name}` has not ended within {} s; the warehouse may be busy", within.as_secs());
                return Err(Error::new(Code::WarehouseUnavailable, message));
            }
            Progress::Running(_) => {}
        }
    }
    fetch(api, &id).await
}

async fn fetch(api: &DataApi, id: &str) -> Result<Answer> {
    let mut answer = Answer::default();
    let mut next: Option<String> = None;
    for _ in 0..PAGES {
        let page = patiently(|| api.result(id, next.clone())).await?;
        if answer.columns.is_empty() {
            answer.columns = page.column_metadata.unwrap_or_default();
        }
        answer.rows.extend(page.records.into_iter().map(|row| row.into_iter().map(text).collect()));
        next = page.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(answer);
        }
    }
    Err(Error::new(Code::WarehouseUnavailable, "the result of a query of ours has no end"))
}

/// Makes a call that is harmless to repeat, until it is answered or that has no sense any more.
async fn patiently<T, F: Future<Output = Result<T, Refusal>>>(call: impl Fn() -> F) -> Result<T> {
    let mut rest = REST.0;
    let mut tries = 1;
    loop {
        match call().await {
            Ok(answer) => return Ok(answer),
            Err(refusal) if refusal.error.kind().is_retryable() && tries < TRIES => {
                tokio::time::sleep(rest).await;
                rest = (rest * 2).min(REST.1);
                tries += 1;
            }
            Err(refusal) => return Err(refusal.error),
        }
    }
}

fn text(field: Field) -> Option<String> {
    match field {
        Field::StringValue(text) => Some(text),
        Field::LongValue(number) => Some(number.to_string()),
        Field::DoubleValue(number) => Some(number.to_string()),
        Field::BooleanValue(value) => Some(value.to_string()),
        _ => None,
    }
}
