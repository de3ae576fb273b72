//! The engine: its parts, its settings, and its life from start to an orderly end.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use outflow_core::guard::Guard;
use outflow_core::retry::RetryPolicy;
use outflow_core::statement::StatementSettings;
use outflow_core::store::Store;
use outflow_core::unload::Orchestrator;
use outflow_core::warehouse::Warehouse;
use outflow_core::{Code, Error, Result, Timestamp, UnloadId, WorkerId};
use outflow_storage::Storage;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::watch::WatchHub;

/// A warehouse as the configuration names it.
#[derive(Debug)]
pub struct WarehouseEntry {
    /// Its name in the configuration.
    pub name: String,
    /// The warehouse.
    pub warehouse: Arc<dyn Warehouse>,
    /// What lets its queries through.
    pub guard: Guard,
    /// How many statements may run there at once.
    pub max_running: u32,
    /// What its configuration adds to every statement.
    pub statement_settings: StatementSettings,
}

/// What an engine is made of.
#[derive(Debug)]
pub struct Parts {
    /// The state table.
    pub store: Arc<dyn Store>,
    /// Where files land.
    pub storage: Arc<Storage>,
    /// The warehouses; the first is the default. At least one.
    pub warehouses: Vec<WarehouseEntry>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// How an engine behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What drives the unloads that are accepted from now on.
    pub orchestrator: Orchestrator,
    /// When failed attempts are repeated.
    pub retry: RetryPolicy,
    /// How long a worker holds an unload without a heartbeat; it sends one every third of it.
    pub lease: Duration,
    /// How often the reconciler looks for what nobody told it of.
    pub reconcile_every: Duration,
    /// How often the sweeper looks for files to delete when nobody wakes it.
    pub sweep_every: Duration,
    /// How long receipts and history are kept after an unload's end.
    pub keep_history: Duration,
    /// How long an orderly end waits for what is being written.
    pub shutdown_grace: Duration,
    /// How long after its deadline a statement that was told to stop may take to end.
    pub cancel_grace: Duration,
    /// How long whoever waits for a notice waits before it looks by itself: notices can be lost.
    pub look_every: Duration,
    /// How long a warehouse may take to answer before it is taken to be away.
    pub answer_within: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            orchestrator: Orchestrator::Scheduler,
            retry: RetryPolicy::default(),
            lease: Duration::from_secs(30),
            reconcile_every: Duration::from_secs(60),
            sweep_every: Duration::from_secs(30),
            keep_history: Duration::from_secs(400 * 86_400),
            shutdown_grace: Duration::from_secs(10),
            cancel_grace: Duration::from_secs(30),
            look_every: Duration::from_secs(5),
            answer_within: Duration::from_secs(30),
        }
    }
}

/// Accepts unloads and carries them to their end. Cheap to clone through its `Arc`.
#[derive(Debug)]
pub struct Engine {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) storage: Arc<Storage>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) worker: WorkerId,
    pub(crate) hub: WatchHub,
    pub(crate) stopping: CancellationToken,
    pub(crate) tasks: TaskTracker,
    /// Wakes whoever looks after files that are to be deleted.
    pub(crate) garbage: Notify,
    /// Wakes the reconciler: a deadline may come before it meant to look.
    pub(crate) deadlines: Notify,
    order: Vec<String>,
    warehouses: HashMap<String, Arc<Station>>,
}

/// A warehouse with what wakes its worker.
#[derive(Debug)]
pub(crate) struct Station {
    pub(crate) entry: WarehouseEntry,
    pub(crate) wake: Notify,
}

impl Engine {
    /// An engine of these parts; nothing runs until [`Engine::start`].
    ///
    /// # Errors
    /// `config_invalid` when there is no warehouse, or two of one name.
    pub fn new(parts: Parts, settings: Settings) -> Result<Arc<Self>> {
        let order: Vec<String> = parts.warehouses.iter().map(|entry| entry.name.clone()).collect();
        if order.is_empty() {
            return Err(Error::new(Code::ConfigInvalid, "no warehouse is configured; add a `[warehouse.main]` section"));
        }
        let warehouses: HashMap<_, _> = parts
            .warehouses
            .into_iter()
            .map(|entry| (entry.name.clone(), Arc::new(Station { entry, wake: Notify::new() })))
            .collect();
        if warehouses.len() != order.len() {
            return Err(Error::new(Code::ConfigInvalid, "two warehouses have one name; rename one"));
        }
        Ok(Arc::new(Self {
            hub: WatchHub::new(),
            store: parts.store,
            storage: parts.storage,
            clock: parts.clock,
            settings,
            worker: WorkerId::generate(),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
            garbage: Notify::new(),
            deadlines: Notify::new(),
            order,
            warehouses,
        }))
    }

    /// Starts the background work: a worker for each warehouse, the watch hub, the reconciler and the sweeper. Call it once, inside a
    /// tokio runtime.
    pub fn start(self: &Arc<Self>) {
        self.tasks.spawn(self.hub.run(self.store.changes(), self.stopping.clone()));
        for name in &self.order {
            let station = Arc::clone(&self.warehouses[name]);
            self.tasks.spawn(Arc::clone(self).work(station));
        }
        self.tasks.spawn(Arc::clone(self).reconcile());
        self.tasks.spawn(Arc::clone(self).sweep());
    }

    /// Stops in order: nothing new is claimed, what is being recorded is recorded, leases are given back. Every accepted unload is in
    /// the store and goes on at the next start.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.tasks.close();
        if tokio::time::timeout(self.settings.shutdown_grace, self.tasks.wait()).await.is_err() {
            tracing::warn!("some work did not end in time; it is carried on at the next start");
        }
    }

    /// Looks at an unload now: somebody heard that its files may be there.
    pub fn hint(&self, unload_id: UnloadId) {
        self.hub.nudge(unload_id);
        for station in self.warehouses.values() {
            station.wake.notify_one();
        }
    }

    /// The state table.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Where files land.
    pub fn storage(&self) -> &Arc<Storage> {
        &self.storage
    }

    /// Now, as the engine sees it.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Cancelled as soon as the engine stops: open streams and long polls should end then.
    pub fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// The warehouses' names, the default first.
    pub fn warehouse_names(&self) -> &[String] {
        &self.order
    }

    /// The warehouse of that name; the first without one.
    ///
    /// # Errors
    /// `unknown_warehouse`, naming those that there are.
    pub fn warehouse(&self, name: Option<&str>) -> Result<&WarehouseEntry> {
        self.station(name.unwrap_or(&self.order[0])).map(|station| &station.entry)
    }

    pub(crate) fn station(&self, name: &str) -> Result<&Arc<Station>> {
        self.warehouses.get(name).ok_or_else(|| {
            let known = self.order.join("`, `");
            Error::new(Code::UnknownWarehouse, format!("there is no warehouse `{name}`; there is `{known}`"))
        })
    }
}
