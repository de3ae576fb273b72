//! A bus that takes everything, and can be down.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use outflow_core::bus::{EventBus, Message};
use outflow_core::{Code, Error, Result};

#[derive(Debug, Default)]
pub(crate) struct TestBus {
    is_down: AtomicBool,
}

impl TestBus {
    pub(crate) fn go_down(&self) {
        self.is_down.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl EventBus for TestBus {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<()>> {
        messages.iter().map(|_| Ok(())).collect()
    }

    async fn check(&self) -> Result<()> {
        if self.is_down.load(Ordering::Relaxed) {
            return Err(Error::new(Code::BusUnavailable, "the bus is down for a test").with_source("the secret cause"));
        }
        Ok(())
    }
}
