//! The listener: hears hints from a bus that it does not know, and applies each once.
//!
//! A message's offset is committed only after its transaction, or after it was laid aside as a dead letter. A hint decides nothing: the
//! engine looks at the unload that it names, and believes the warehouse.

use std::sync::Arc;
use std::time::Duration;

use outflow_core::UnloadId;
use outflow_core::bus::{EventBus, EventSource, Message};
use outflow_core::event::Landed;
use outflow_core::store::{HintOutcome, Store};
use outflow_core::text::hex;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::outbox::TYPE_PREFIX;

/// Where messages go that can never be applied.
const DEAD_LETTERS: &str = "unload-landed-dlt";
/// The shortest and the longest rest while the store or the bus is away.
const REST: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// Hears hints.
pub struct Listener {
    /// The state table with its inbox.
    pub store: Arc<dyn Store>,
    /// Where dead letters go.
    pub bus: Arc<dyn EventBus>,
    /// Under which name the inbox knows this consumer.
    pub consumer: String,
    /// Told of each unload that a hint names.
    pub on_hint: Arc<dyn Fn(UnloadId) + Send + Sync>,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener").field("consumer", &self.consumer).finish_non_exhaustive()
    }
}

impl Listener {
    /// Listens until it is stopped or the bus has closed.
    pub async fn run(self, mut source: Box<dyn EventSource>, stopping: CancellationToken) {
        let mut rest = REST.0;
        loop {
            let heard = tokio::select! {
                () = stopping.cancelled() => return,
                heard = source.next() => heard,
            };
            match heard {
                Ok(None) => return,
                Ok(Some(message)) => {
                    rest = REST.0;
                    let is_settled = tokio::select! {
                        () = stopping.cancelled() => false,
                        () = self.settle(&message) => true,
                    };
                    if !is_settled {
                        return;
                    }
                    if let Err(error) = source.commit().await {
                        tracing::warn!(error = error.chain(), "the message may come again");
                    }
                }
                Err(error) => {
                    tracing::warn!(error = error.chain(), "cannot hear the bus");
                    tokio::select! {
                        () = stopping.cancelled() => return,
                        () = tokio::time::sleep(rest) => rest = (rest * 2).min(REST.1),
                    }
                }
            }
        }
    }

    /// Deals with a message for good: applied, ignored, or laid aside. Waits for as long as the store or the bus is away.
    async fn settle(&self, message: &Message) {
        if is_own(message) {
            count("own");
            return;
        }
        match serde_json::from_slice::<Landed>(&message.value) {
            Ok(hint) => self.apply(message, &hint).await,
            Err(error) => self.lay_aside(message, &error.to_string()).await,
        }
    }

    async fn apply(&self, message: &Message, hint: &Landed) {
        let message_id = message_id(message);
        let mut rest = REST.0;
        loop {
            match self.store.record_hint(&self.consumer, &message_id, hint).await {
                Ok(HintOutcome::Applied(unload_id)) => {
                    count("applied");
                    tracing::info!(%unload_id, request_id = %hint.request_id, "heard that files may be there");
                    (self.on_hint)(unload_id);
                    return;
                }
                Ok(HintOutcome::Duplicate) => return count("duplicate"),
                Ok(HintOutcome::Ignored(why)) => {
                    count("ignored");
                    tracing::info!(request_id = %hint.request_id, why, "a hint was ignored");
                    return;
                }
                Err(error) if error.kind().is_retryable() => {
                    tracing::warn!(error = error.chain(), "a hint waits for the state table");
                    tokio::time::sleep(rest).await;
                    rest = (rest * 2).min(REST.1);
                }
                Err(error) => return self.lay_aside(message, &error.chain()).await,
            }
        }
    }

    /// Publishes a message that can never be applied where somebody will look at it, with its cause.
    async fn lay_aside(&self, message: &Message, cause: &str) {
        count("dead");
        tracing::warn!(topic = message.topic, key = message.key, cause, "a message cannot be understood and is laid aside");
        let mut letter = Message { topic: DEAD_LETTERS.to_owned(), ..message.clone() };
        letter.headers.push(("outflow-original-topic".to_owned(), message.topic.clone()));
        letter.headers.push(("outflow-cause".to_owned(), cause.to_owned()));
        let mut rest = REST.0;
        while let Some(Err(error)) = self.bus.publish(std::slice::from_ref(&letter)).await.pop() {
            tracing::warn!(error = error.chain(), "a dead letter waits for the bus");
            tokio::time::sleep(rest).await;
            rest = (rest * 2).min(REST.1);
        }
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("outflow_hints_total", "outcome" => outcome).increment(1);
}

/// Our own announcements, heard on a topic that they share with hints.
fn is_own(message: &Message) -> bool {
    header(message, "ce_type").is_some_and(|kind| kind.starts_with(TYPE_PREFIX))
}

/// What a repetition of the very same message is known by: a digest of topic and of the sender's `ce_source` and `ce_id`, which are unique
/// together, or of topic, key and value where it sends none.
fn message_id(message: &Message) -> String {
    let told = match (header(message, "ce_source"), header(message, "ce_id")) {
        (source, Some(id)) => [source.unwrap_or_default().as_bytes(), id.as_bytes()],
        (_, None) => [message.key.as_bytes(), &message.value[..]],
    };
    let mut digest = Sha256::new();
    for part in [message.topic.as_bytes(), told[0], told[1]] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    hex(&digest.finalize())
}

fn header<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    message.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}
