//! Who waits for an unload hears of its changes: one task listens to the store, and hands each notice to those who watch.
//!
//! Notices can be lost, so a watcher also looks at the row at a bounded interval; the row is the truth.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use outflow_core::store::{ChangeNotice, Store};
use outflow_core::{Result, Unload, UnloadId};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;

/// How many changes a watcher may lag behind before it reads the row instead.
const BACKLOG: usize = 16;

type Notice = Option<Arc<Unload>>;

/// Those who watch, by unload.
#[derive(Debug, Clone, Default)]
pub(crate) struct WatchHub {
    watched: Arc<Mutex<HashMap<UnloadId, broadcast::Sender<Notice>>>>,
}

impl WatchHub {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Hands on what the store tells until the end.
    pub(crate) fn run(
        &self,
        mut changes: BoxStream<'static, ChangeNotice>,
        stopping: CancellationToken,
    ) -> impl Future<Output = ()> + Send + 'static {
        let hub = self.clone();
        async move {
            loop {
                tokio::select! {
                    () = stopping.cancelled() => return,
                    notice = changes.next() => match notice {
                        Some(notice) => hub.tell(notice.unload_id, notice.unload),
                        None => return,
                    },
                }
            }
        }
    }

    /// Makes whoever watches look again.
    pub(crate) fn nudge(&self, unload_id: UnloadId) {
        self.tell(unload_id, None);
    }

    /// Notices of one unload, from now on.
    pub(crate) fn subscribe(&self, unload_id: UnloadId) -> Subscription {
        let receiver = match self.lock().entry(unload_id) {
            Entry::Occupied(entry) => entry.get().subscribe(),
            Entry::Vacant(entry) => entry.insert(broadcast::Sender::new(BACKLOG)).subscribe(),
        };
        Subscription { unload_id, hub: self.clone(), receiver: Some(receiver) }
    }

    fn tell(&self, unload_id: UnloadId, unload: Notice) {
        if let Some(sender) = self.lock().get(&unload_id) {
            // No receiver is left only for the moment until the last subscription has removed the entry.
            let _ = sender.send(unload);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<UnloadId, broadcast::Sender<Notice>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One watcher's share; removes itself from the hub when the last of an unload goes.
#[derive(Debug)]
pub(crate) struct Subscription {
    unload_id: UnloadId,
    hub: WatchHub,
    receiver: Option<broadcast::Receiver<Notice>>,
}

impl Subscription {
    /// The next notice; nothing in it means: look at the row. Safe to drop while it waits.
    pub(crate) async fn notice(&mut self) -> Notice {
        match self.receiver.as_mut() {
            Some(receiver) => receiver.recv().await.ok().flatten(),
            None => None,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut watched = self.hub.lock();
        self.receiver = None;
        if watched.get(&self.unload_id).is_some_and(|sender| sender.receiver_count() == 0) {
            watched.remove(&self.unload_id);
        }
    }
}

/// An unload's states, one after the other: the present one first, then every change.
#[derive(Debug)]
pub struct Watch {
    store: Arc<dyn Store>,
    subscription: Subscription,
    unload_id: UnloadId,
    look_every: Duration,
    seen: i64,
}

impl Watch {
    /// The next state with a version above the last one given; waits for it. `None` once the unload is gone from the store. Safe to drop
    /// while it waits.
    ///
    /// # Errors
    /// A store error; asking again may work.
    pub async fn next(&mut self) -> Result<Option<Arc<Unload>>> {
        loop {
            if self.seen == 0 {
                return self.look().await;
            }
            let noticed = tokio::time::timeout(self.look_every, self.subscription.notice()).await;
            match noticed {
                Ok(Some(unload)) if unload.version > self.seen => {
                    self.seen = unload.version;
                    return Ok(Some(unload));
                }
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => match self.store.unload_by_id(self.unload_id).await? {
                    None => return Ok(None),
                    Some(unload) if unload.version > self.seen => {
                        self.seen = unload.version;
                        return Ok(Some(Arc::new(unload)));
                    }
                    Some(_) => {}
                },
            }
        }
    }

    async fn look(&mut self) -> Result<Option<Arc<Unload>>> {
        let found = self.store.unload_by_id(self.unload_id).await?;
        if let Some(unload) = &found {
            self.seen = unload.version;
        }
        Ok(found.map(Arc::new))
    }
}

impl Engine {
    /// Watches an unload. The caller has found it in the store and may see it.
    pub fn watch(&self, unload_id: UnloadId) -> Watch {
        Watch {
            store: Arc::clone(&self.store),
            subscription: self.hub.subscribe(unload_id),
            unload_id,
            look_every: self.settings.look_every,
            seen: 0,
        }
    }

    /// The unload once it is terminal, or its version is above `version` where one is given, or `wait` has passed; `None` when there is
    /// none.
    ///
    /// # Errors
    /// A store error.
    pub async fn wait(&self, unload_id: UnloadId, version: Option<i64>, wait: Duration) -> Result<Option<Arc<Unload>>> {
        let deadline = tokio::time::Instant::now() + wait;
        let mut watch = self.watch(unload_id);
        let mut latest = watch.next().await?;
        while let Some(unload) = &latest {
            let is_enough = unload.status().is_terminal() || version.is_some_and(|version| unload.version > version);
            if is_enough || self.stopping.is_cancelled() {
                break;
            }
            tokio::select! {
                next = tokio::time::timeout_at(deadline, watch.next()) => match next {
                    Ok(next) => latest = next?,
                    Err(_) => break,
                },
                () = self.stopping.cancelled() => break,
            }
        }
        Ok(latest)
    }
}
