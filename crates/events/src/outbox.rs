//! The relay: publishes what the outbox holds, and marks it only after the bus's word.
//!
//! A crash, or a lost answer, in between publishes an entry again, under the same `ce_id`. No transaction is open while the bus is asked.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use outflow_core::address::PublicUrl;
use outflow_core::bus::{EventBus, Message};
use outflow_core::event::OutboxEntry;
use outflow_core::state::Announced;
use outflow_core::store::{ChangeNotice, Store};
use outflow_core::{Result, Status};
use tokio_util::sync::CancellationToken;

/// How many entries are published at once.
const BATCH: u32 = 200;
/// How long the relay holds entries: those of a relay that died are offered again after it. A bus that takes longer to answer gets an
/// entry twice.
const HOLD: Duration = Duration::from_secs(60);
/// After how many batches in a row of which the bus took nothing a round ends.
const MOST_REFUSED: u32 = 5;
/// The longest rest while the bus or the store is away.
const LONGEST_REST: Duration = Duration::from_secs(15);
/// How long the last round may take once it is told to stop.
const FAREWELL: Duration = Duration::from_secs(5);

/// How long a relay rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rests {
    /// How often it looks when no notice comes.
    pub look_every: Duration,
    /// How long what the bus refused is left alone, so that it does not stand before what the bus would take.
    pub refused: Duration,
}

impl Default for Rests {
    fn default() -> Self {
        Self { look_every: Duration::from_secs(1), refused: Duration::from_secs(10) }
    }
}

/// The topics of the announcements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics {
    /// Where `DONE` is told.
    pub complete: String,
    /// Where `FAILED` and `CANCELLED` are told.
    pub failed: String,
    /// Where `EXPIRED` is told.
    pub expired: String,
}

impl Default for Topics {
    fn default() -> Self {
        Self { complete: "unload-complete".to_owned(), failed: "unload-failed".to_owned(), expired: "unload-expired".to_owned() }
    }
}

/// The message of an outbox entry: the announcement with its links as JSON, and the binary headers of CloudEvents 1.0
/// (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md>).
///
/// # Errors
/// `internal`, when the announcement cannot be written as JSON.
pub fn message(entry: &OutboxEntry, topics: &Topics, public_url: &PublicUrl) -> Result<Message> {
    let mut announcement = entry.announcement.clone();
    let request_id = announcement.request_id.clone();
    announcement.receipt_link = announcement.file_count.map(|_| public_url.receipt(&request_id));
    let is_one_file = announcement.status == Status::Done && announcement.file_count == Some(1);
    announcement.file_link = is_one_file.then(|| public_url.file(&request_id, 0));
    let (topic, kind) = match entry.announced {
        Announced::Complete => (&topics.complete, "complete"),
        Announced::Failed => (&topics.failed, "failed"),
        Announced::Expired => (&topics.expired, "expired"),
    };
    let header = |name: &str, value: String| (name.to_owned(), value);
    let value = serde_json::to_vec(&announcement).map_err(|error| {
        outflow_core::Error::new(outflow_core::Code::Internal, "the announcement cannot be written").with_source(error)
    })?;
    Ok(Message {
        topic: topic.clone(),
        key: request_id.to_string(),
        headers: vec![
            header("ce_specversion", "1.0".to_owned()),
            header("ce_id", entry.event_id.clone()),
            header("ce_type", format!("{TYPE_PREFIX}{kind}")),
            header("ce_source", public_url.to_string()),
            header("ce_subject", request_id.to_string()),
            header("ce_time", announcement.occurred_at.to_rfc3339()),
            header("content-type", "application/json".to_owned()),
        ],
        value,
    })
}

/// What the types of our own events begin with.
pub(crate) const TYPE_PREFIX: &str = "outflow.unload.";

/// Publishes the outbox.
#[derive(Debug)]
pub struct Relay {
    /// The state table with its outbox.
    pub store: Arc<dyn Store>,
    /// Where to publish.
    pub bus: Arc<dyn EventBus>,
    /// Under which names.
    pub topics: Topics,
    /// Where links lead.
    pub public_url: PublicUrl,
    /// How long it rests.
    pub rests: Rests,
}

impl Relay {
    /// Publishes until it is stopped, and what is there once more before it ends.
    pub async fn run(self, stopping: CancellationToken) {
        let mut changes = self.store.changes();
        let mut rest = self.rests.look_every;
        loop {
            let drained = tokio::select! {
                drained = self.drain() => drained,
                () = said_farewell(&stopping) => return,
            };
            match drained {
                Ok(()) => rest = self.rests.look_every,
                Err(error) => {
                    tracing::warn!(error = error.chain(), "announcements wait in the outbox");
                    rest = (rest * 2).min(LONGEST_REST).mul_f64(0.75 + rand::random::<f64>() / 4.0);
                }
            }
            if stopping.is_cancelled() {
                return;
            }
            let is_calm = rest == self.rests.look_every;
            tokio::select! {
                () = stopping.cancelled() => {}
                () = tokio::time::sleep(rest) => {}
                // While the bus is away a notice is no reason to ask it again at once.
                () = ended(&mut changes), if is_calm => {}
            }
        }
    }

    /// Offers what waits to the bus. What it refuses is offered again a little later, and stops nothing else; when it refuses several
    /// batches one after the other, or so slowly that the first would come again, the rest is left for the next round.
    ///
    /// # Errors
    /// The store's; the bus's when it took nothing at all. What was published is marked.
    pub async fn drain(&self) -> Result<()> {
        let (mut taken, mut refusal, mut refused_whole) = (0, None, 0);
        let begun = tokio::time::Instant::now();
        while refused_whole < MOST_REFUSED && (refusal.is_none() || begun.elapsed() < self.rests.refused) {
            let entries = self.store.outbox_claim(BATCH, HOLD).await?;
            if entries.is_empty() {
                break;
            }
            let messages: Vec<Message> =
                entries.iter().map(|entry| message(entry, &self.topics, &self.public_url)).collect::<Result<_>>()?;
            let answers = self.bus.publish(&messages).await;
            let mut published = Vec::with_capacity(entries.len());
            let mut refused = Vec::new();
            for (entry, answer) in entries.iter().zip(answers) {
                match answer {
                    Ok(()) => published.push(entry.event_id.clone()),
                    Err(error) => {
                        refused.push(entry.event_id.clone());
                        refusal = Some(error);
                    }
                }
            }
            metrics::counter!("outflow_events_published_total").increment(published.len() as u64);
            metrics::counter!("outflow_events_failed_total").increment(refused.len() as u64);
            if !published.is_empty() {
                die_when_published();
            }
            self.store.outbox_published(&published).await?;
            self.store.outbox_release(&refused, self.rests.refused).await?;
            taken += published.len();
            refused_whole = if published.is_empty() { refused_whole + 1 } else { 0 };
        }
        match refusal {
            Some(error) if taken == 0 => Err(error),
            Some(error) => {
                tracing::warn!(error = error.chain(), "the bus refuses some announcements; they wait in the outbox");
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// Where a crash test makes the process die: the engine's `Boundary::Published`.
fn die_when_published() {
    fail::fail_point!("published", |_| {
        tracing::error!(boundary = "published", "the failpoint fired: the process dies here");
        std::process::abort();
    });
}

/// Waits until the relay was told to stop and has had its time for a last round.
async fn said_farewell(stopping: &CancellationToken) {
    stopping.cancelled().await;
    tokio::time::sleep(FAREWELL).await;
}

/// Waits for a change that may have written to the outbox.
async fn ended(changes: &mut futures::stream::BoxStream<'static, ChangeNotice>) {
    loop {
        match changes.next().await {
            Some(ChangeNotice { unload: Some(unload), .. }) if !unload.status().is_terminal() => {}
            Some(_) => return,
            None => return std::future::pending().await,
        }
    }
}
