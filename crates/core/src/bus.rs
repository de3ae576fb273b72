//! The event bus: where announcements go and hints come from. In-process embedded, Kafka for real.

use async_trait::async_trait;

use crate::Result;

/// One message on the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The topic.
    pub topic: String,
    /// The key; messages of one key keep their order within a topic.
    pub key: String,
    /// Headers, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub value: Vec<u8>,
}

/// Where announcements are published.
#[async_trait]
pub trait EventBus: Send + Sync + std::fmt::Debug {
    /// Publishes messages, and answers for each in its place once the bus has acknowledged it. A message that failed may have been
    /// published all the same: receivers know it again by its id.
    async fn publish(&self, messages: &[Message]) -> Vec<Result<()>>;

    /// Whether the bus can be reached.
    ///
    /// # Errors
    /// `bus_unavailable`, saying what could not be reached.
    async fn check(&self) -> Result<()>;
}

/// Messages that come in, one consumer's share of them.
#[async_trait]
pub trait EventSource: Send + std::fmt::Debug {
    /// The next message; `None` when the bus has closed. Waits for it. Safe to drop while it waits.
    ///
    /// # Errors
    /// `bus_unavailable`; asking again later may work.
    async fn next(&mut self) -> Result<Option<Message>>;

    /// Says that everything handed out so far has taken effect and need not come again.
    ///
    /// # Errors
    /// `bus_unavailable`; the messages may come again.
    async fn commit(&mut self) -> Result<()>;
}
