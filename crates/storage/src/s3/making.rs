//! Objects that are being made: whoever deletes waits for them, since what S3 was told once it does to its end.

use std::sync::Arc;

use tokio::sync::watch;

use super::error::broken_off;
use super::{Bucket, Failure};

/// The keys of objects that this process is making.
#[derive(Debug, Clone, Default)]
pub(super) struct Making(Arc<watch::Sender<Vec<String>>>);

impl Making {
    fn begin(&self, key: &str) -> One {
        self.0.send_modify(|keys| keys.push(key.to_owned()));
        One { making: self.clone(), key: key.to_owned() }
    }

    /// Waits until nothing is being made whose key begins so.
    pub(super) async fn none_below(&self, prefix: &str) {
        let is_none = |keys: &Vec<String>| !keys.iter().any(|key| key.starts_with(prefix));
        // The sender is here, so that this does not fail.
        let _ = self.0.subscribe().wait_for(is_none).await;
    }
}

/// One of them, until this is dropped.
#[derive(Debug)]
struct One {
    making: Making,
    key: String,
}

impl Drop for One {
    fn drop(&mut self) {
        self.making.0.send_modify(|keys| {
            if let Some(place) = keys.iter().position(|key| *key == self.key) {
                keys.swap_remove(place);
            }
        });
    }
}

impl Bucket {
    /// Does what makes an object to its end, also when nobody waits for it any more.
    pub(super) async fn make<T: Send + 'static>(
        &self,
        key: &str,
        what: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        let one = self.making.begin(key);
        let made = tokio::spawn(async move {
            let made = what.await;
            drop(one);
            made
        });
        made.await.unwrap_or_else(|error| Err(broken_off(error)))
    }
}
