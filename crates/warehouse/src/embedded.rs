//! The embedded warehouse: DataFusion over a folder of files, or over sample tables, given the very text that Redshift would get.
//!
//! It parses the UNLOAD text, runs the query in it and writes what Redshift would write: names, partitions' folders, sizes, manifests.
//! Where Redshift leaves a choice or a gap, the modules `delimited`, `fixed`, `json` and `text` say what is done. Statements live in this
//! process and die with it. It does not guard: what the query may do at all is decided before it gets here, though the engine is set up so that it
//! can only read the tables.

mod accept;
mod adapt;
mod arithmetic;
mod arrange;
mod cast;
mod chunks;
mod column;
mod compress;
mod delimited;
mod destination;
mod direct;
mod encode;
mod error;
mod extent;
mod file;
mod fixed;
mod growth;
mod identifier;
mod json;
mod literal;
mod measure;
mod moment;
mod name;
mod partition;
mod pattern;
mod progress;
mod query;
mod registry;
mod resolve;
mod row_groups;
mod run;
mod session;
mod slice;
mod stoppable;
mod sum;
mod table;
mod text;
mod unfolding;
mod unload;
mod upload;
mod wider;
mod word;

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use object_store::ObjectStore;
use outflow_core::schema::Table;
use outflow_core::statement::UnloadStatement;
use outflow_core::warehouse::{Capabilities, EmptyResult, Progress, Warehouse};
use outflow_core::{AttemptToken, Code, Error, Result, StatementId};
use tokio::runtime::{Builder, Runtime};
use tracing::Instrument;

pub use self::direct::{Given, Rows, Texts, UnloadText, Unloaded, UnloadedFile};
use self::progress::{Meter, Standing};
use self::registry::{Begun, Registry, statement_id};
use self::run::Runner;
use self::session::Session;
use self::slice::Stop;
use self::table::{Folder, Sample, Tables};

/// The memory for sorting, joining and grouping when nothing else is said.
pub const DEFAULT_MEMORY_LIMIT: usize = 192 << 20;

/// How many threads do what takes a processor or waits for a disk, at least.
const BLOCKING_THREADS: usize = 8;
/// The stack of a thread that plans queries: a query may be a chain of thousands of operators. Only what is touched takes memory.
const STACK: usize = 64 << 20;

/// What an embedded warehouse is made of.
#[derive(Debug, Clone)]
pub struct EmbeddedConfig {
    /// The folder whose files are the tables; without one there are the sample tables.
    pub tables: Option<PathBuf>,
    /// The scale of the sample tables: 1 is a gigabyte of text.
    pub sample_scale: f64,
    /// Where the sample tables are kept once they are made.
    pub sample_dir: PathBuf,
    /// Where results may go, by the bucket's name; the local folder is the bucket `local`. What a store says is written must be durable
    /// as far as it can ever be: the warehouse adds nothing to it.
    pub buckets: HashMap<String, Arc<dyn ObjectStore>>,
    /// How many files a parallel unload writes at once, and how many threads run queries.
    pub slices: usize,
    /// The memory that all queries together may take for sorting, joining and grouping, in bytes; beyond it they use temporary files.
    pub memory_limit: usize,
    /// Where temporary files go; `None` is where the system keeps them.
    pub temp_dir: Option<PathBuf>,
}

impl Default for EmbeddedConfig {
    fn default() -> Self {
        Self {
            tables: None,
            sample_scale: 0.1,
            sample_dir: PathBuf::from("outflow-data/sample"),
            buckets: HashMap::new(),
            slices: 2,
            memory_limit: DEFAULT_MEMORY_LIMIT,
            temp_dir: None,
        }
    }
}

/// The embedded warehouse. Queries run on threads of its own, so that whoever waits for them stays responsive.
pub struct Embedded {
    config: EmbeddedConfig,
    buckets: Arc<HashMap<String, Arc<dyn ObjectStore>>>,
    session: Mutex<Option<Arc<Session>>>,
    registry: Arc<Registry>,
    runtime: Option<Runtime>,
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Embedded {
    /// A warehouse of that kind. Cheap: neither the tables nor the engine are touched before the first query.
    ///
    /// # Errors
    /// `config_invalid` when the folder of tables is none or a number makes no sense.
    pub fn new(config: EmbeddedConfig) -> Result<Self> {
        let invalid = |message: String| Error::new(Code::ConfigInvalid, message);
        if let Some(folder) = &config.tables
            && !folder.is_dir()
        {
            return Err(invalid(format!("the folder of tables `{}` is not there; make it, or name another", folder.display())));
        }
        if !(config.sample_scale > 0.0 && config.sample_scale <= 1_000.0) {
            return Err(invalid(format!(
                "the scale of the sample tables is {}; it must be more than 0 and at most 1000",
                config.sample_scale
            )));
        }
        if !(1..=100).contains(&config.slices) {
            return Err(invalid(format!("the number of slices is {}; it must be from 1 to 100", config.slices)));
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(config.slices)
            // What is encoded, compressed and written: more threads would not be faster, and each keeps memory.
            .max_blocking_threads(BLOCKING_THREADS.max(2 * config.slices))
            .thread_name("outflow-query")
            .thread_stack_size(STACK)
            .enable_all()
            .build()
            .map_err(|error| invalid("the threads that run queries cannot be started".to_owned()).with_source(error))?;
        let buckets = Arc::new(config.buckets.clone());
        Ok(Self { config, buckets, session: Mutex::default(), registry: Arc::default(), runtime: Some(runtime) })
    }

    /// Starts a statement that came as text, as [`Warehouse::start`] starts one of ours. Whoever sends it decides over more: with
    /// `CLEANPATH` it deletes, with `ALLOWOVERWRITE` it overwrites what is at its destination.
    ///
    /// # Errors
    /// Never on account of the statement: what is wrong with it, `poll` tells.
    pub async fn start_text(&self, sql: String, token: &AttemptToken) -> Result<StatementId> {
        let statement_id = statement_id(token);
        let runner = self.runner()?;
        if let Some(begun) = self.registry.begin(statement_id.clone()) {
            let statement = supervise(runner, sql, begun, Arc::clone(&self.registry));
            self.runtime().spawn(statement.in_current_span());
        }
        Ok(statement_id)
    }

    fn session(&self) -> Result<Arc<Session>> {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = session.as_ref() {
            return Ok(Arc::clone(session));
        }
        let EmbeddedConfig { slices, memory_limit, temp_dir, .. } = &self.config;
        let made = Arc::new(Session::new(self.table_source(), *slices, *memory_limit, temp_dir.clone())?);
        *session = Some(Arc::clone(&made));
        Ok(made)
    }

    fn table_source(&self) -> Tables {
        match &self.config.tables {
            Some(folder) => Tables::Folder(Folder::new(folder.clone())),
            None => Tables::Sample(Box::new(Sample::new(self.config.sample_scale, &self.config.sample_dir))),
        }
    }

    fn runner(&self) -> Result<Runner> {
        Ok(Runner { session: self.session()?, buckets: Arc::clone(&self.buckets), slices: self.config.slices })
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("the runtime is taken by drop alone")
    }

    /// Does something on the threads for queries; a panic there is an error here.
    async fn on_runtime<T: Send + 'static>(&self, work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
        match self.runtime().spawn(work).await {
            Ok(done) => done,
            Err(error) => Err(Error::new(Code::Internal, "the query engine stopped in the middle").with_source(error)),
        }
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.registry.cancel_all();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[async_trait]
impl Warehouse for Embedded {
    fn capabilities(&self) -> Capabilities {
        Capabilities { outlives_worker: false, cancel_anywhere: false, failed_start_sent_nothing: true }
    }

    /// Never fails on account of the statement: what is wrong with it, `poll` tells.
    async fn start(&self, statement: &UnloadStatement, token: &AttemptToken) -> Result<StatementId> {
        self.start_text(statement.to_sql(), token).await
    }

    async fn find(&self, token: &AttemptToken) -> Result<Option<StatementId>> {
        let statement_id = statement_id(token);
        Ok(self.registry.find(&statement_id).map(|_| statement_id))
    }

    async fn poll(&self, statement_id: &StatementId, wait: Duration) -> Result<Progress> {
        let Some(handle) = self.registry.find(statement_id) else {
            let message =
                format!("the embedded warehouse knows no statement `{statement_id}`; it forgets them when the process ends");
            return Err(Error::new(Code::StatementLost, message));
        };
        let mut standing = handle.standing.subscribe();
        let is_over = standing.borrow_and_update().is_over();
        if !is_over {
            // That the time is over does not change what is told.
            let _ = tokio::time::timeout(wait, standing.changed()).await;
        }
        let progress = handle.standing.borrow().progress();
        Ok(progress)
    }

    async fn cancel(&self, statement_id: &StatementId) -> Result<()> {
        self.registry.cancel(statement_id);
        Ok(())
    }

    async fn empty_result(&self, statement: &UnloadStatement) -> Result<EmptyResult> {
        let (runner, sql) = (self.runner()?, statement.to_sql());
        self.on_runtime(async move { runner.empty_result(&sql).await }).await
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        let session = self.session()?;
        self.on_runtime(async move { session.list_tables().await }).await
    }

    async fn check(&self) -> Result<()> {
        self.table_source().check()
    }
}

/// Runs a statement and says how it ended, however it ended.
async fn supervise(runner: Runner, sql: String, begun: Begun, registry: Arc<Registry>) {
    if !begun.take_up() {
        return;
    }
    let Begun { statement_id, standing, cancel, .. } = begun;
    let meter = Arc::new(Meter::new(standing.clone()));
    let run = AssertUnwindSafe(Box::pin(runner.run(&sql, meter, &cancel))).catch_unwind();
    let ended = match run.await {
        Ok(Ok(rows)) => Standing::Finished(rows),
        Ok(Err(Stop::Cancelled)) => Standing::Cancelled,
        Ok(Err(Stop::Failed(error))) => Standing::failed(&error),
        Err(panic) => Standing::failed(
            &Error::new(Code::Internal, "the query engine met a defect of its own").with_source(said(panic.as_ref())),
        ),
    };
    tracing::debug!(%statement_id, standing = ?ended, "statement ended");
    registry.end(statement_id);
    standing.send_replace(ended);
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panicked".to_owned())
}
