//! The buses that a test's service can have.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use outflow_core::bus::{EventBus, EventSource, Message};
use outflow_core::{Code, Error, Result};
use outflow_events::MemoryBus;

/// Which bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TestBus {
    /// The one inside the process.
    Memory,
}

impl TestBus {
    pub(crate) fn open(self) -> Arc<Bus> {
        match self {
            Self::Memory => Arc::new(Bus { inner: MemoryBus::new(), is_down: AtomicBool::new(false) }),
        }
    }
}

/// A bus that can be down.
#[derive(Debug)]
pub(crate) struct Bus {
    inner: MemoryBus,
    is_down: AtomicBool,
}

impl Bus {
    pub(crate) fn go_down(&self) {
        self.is_down.store(true, Ordering::Relaxed);
    }

    /// What is published from now on to that topic, as heard by a group.
    pub(crate) fn subscribe(&self, topic: &str, group: &str) -> Box<dyn EventSource> {
        Box::new(self.inner.subscribe(&[topic.to_owned()], group))
    }
}

#[async_trait]
impl EventBus for Bus {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<()>> {
        match self.check().await {
            Ok(()) => self.inner.publish(messages).await,
            Err(_) => messages.iter().map(|_| Err(down())).collect(),
        }
    }

    async fn check(&self) -> Result<()> {
        if self.is_down.load(Ordering::Relaxed) { Err(down()) } else { Ok(()) }
    }
}

fn down() -> Error {
    Error::new(Code::BusUnavailable, "the bus is down for a test").with_source("the secret cause")
}
