//! One struct for each section, with its defaults. What a key means stands in `docs/configuration.md`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use outflow_core::unload::Orchestrator;
use serde::{Deserialize, Serialize};

use super::redshift::{OneOrMany, SslMode, UnloadEncryption};
use crate::locator::{BusLocator, Locator, StorageLocator, StoreLocator, WarehouseLocator};

/// `[server]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ServerConfig {
    /// Where it listens.
    pub(crate) listen: SocketAddr,
    /// How callers reach it; as it listens when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) public_url: Option<String>,
    /// Where the store, the files and the caches lie unless they are placed elsewhere.
    pub(crate) data_dir: PathBuf,
    /// The names by which callers may call it beside its own; `*` lets every name through.
    pub(crate) allowed_hosts: Vec<String>,
    /// How long an orderly end may take.
    pub(crate) shutdown_seconds: u64,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            data_dir: "outflow-data".into(),
            allowed_hosts: Vec::new(),
            shutdown_seconds: 10,
        }
    }
}

/// `[store]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StoreConfig {
    /// Which state table.
    pub(crate) url: StoreLocator,
    /// The file that holds the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password_file: Option<PathBuf>,
}

impl StoreConfig {
    /// The default, in that data directory.
    pub(crate) fn within(data_dir: &Path) -> Self {
        Self { url: StoreLocator(Locator::Sqlite(data_dir.join("outflow.db"))), password_file: None }
    }
}

/// `[storage]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StorageConfig {
    /// Where files land.
    pub(crate) url: StorageLocator,
    /// The bucket's region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
    /// Another address than AWS's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    /// The address that links lead to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) public_endpoint: Option<String>,
    /// Whether the bucket stands in the path of an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path_style: Option<bool>,
    /// How S3 is asked to encrypt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sse: Option<ServerSideEncryption>,
    /// With which key of KMS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kms_key_id: Option<String>,
    /// Whether downloads go through the service.
    pub(crate) proxy: bool,
}

/// How S3 is asked to encrypt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ServerSideEncryption {
    /// With S3's own keys.
    S3,
    /// With a key of KMS.
    Kms,
}

impl StorageConfig {
    /// The default, in that data directory.
    pub(crate) fn within(data_dir: &Path) -> Self {
        Self {
            url: StorageLocator(Locator::File(data_dir.join("files"))),
            region: None,
            endpoint: None,
            public_endpoint: None,
            path_style: None,
            sse: None,
            kms_key_id: None,
            proxy: false,
        }
    }
}

/// `[warehouse.NAME]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct WarehouseConfig {
    /// Where queries run.
    pub(crate) url: WarehouseLocator,
    /// How many statements may run at once.
    pub(crate) max_running: u32,
    /// The TPC-H scale of the sample tables.
    pub(crate) sample_scale: f64,
    /// Where the sample tables are kept once they are made.
    pub(crate) sample_dir: PathBuf,
    /// How much memory queries may hold before they spill to disk.
    pub(crate) memory_limit_mb: u64,
    /// Where they spill to.
    pub(crate) temp_dir: PathBuf,
    /// How many files a parallel unload writes.
    pub(crate) slices: usize,
    /// Where the Data API is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
    /// Another address of the Data API than AWS's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    /// The secret with the database user's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secret_arn: Option<String>,
    /// The database user of temporary credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) db_user: Option<String>,
    /// The file that holds the database user's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password_file: Option<PathBuf>,
    /// How the connection is encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ssl_mode: Option<SslMode>,
    /// The file of the certificates that are trusted beside the platform's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ssl_root_cert: Option<PathBuf>,
    /// The role that Redshift writes as, or a chain of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) iam_role: Option<OneOrMany>,
    /// Where the bucket is, when that is not where the warehouse is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) s3_region: Option<String>,
    /// How Redshift encrypts what it unloads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) encryption: Option<UnloadEncryption>,
    /// With which key of KMS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kms_key_id: Option<String>,
    /// The query group that statements run in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) query_group: Option<String>,
}

impl WarehouseConfig {
    /// The default, in that data directory.
    pub(crate) fn within(data_dir: &Path) -> Self {
        Self {
            url: WarehouseLocator(Locator::Embedded(None)),
            max_running: 4,
            sample_scale: 0.1,
            sample_dir: data_dir.join("sample"),
            memory_limit_mb: 192,
            temp_dir: data_dir.join("tmp"),
            slices: 2,
            region: None,
            endpoint: None,
            secret_arn: None,
            db_user: None,
            password_file: None,
            ssl_mode: None,
            ssl_root_cert: None,
            iam_role: None,
            s3_region: None,
            encryption: None,
            kms_key_id: None,
            query_group: None,
        }
    }
}

/// `[events]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EventsConfig {
    /// Which bus.
    pub(crate) url: BusLocator,
    /// Where `DONE` is told.
    pub(crate) complete_topic: String,
    /// Where `FAILED` and `CANCELLED` are told.
    pub(crate) failed_topic: String,
    /// Where `EXPIRED` is told.
    pub(crate) expired_topic: String,
    /// Where hints are heard.
    pub(crate) landed_topics: Vec<String>,
    /// The consumer's name.
    pub(crate) group_id: String,
}

impl Default for EventsConfig {
    fn default() -> Self {
        Self {
            url: BusLocator(Locator::Memory),
            complete_topic: "unload-complete".into(),
            failed_topic: "unload-failed".into(),
            expired_topic: "unload-expired".into(),
            landed_topics: vec!["unload-landed".into()],
            group_id: "unload-notifier".into(),
        }
    }
}

/// `[auth]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AuthConfig {
    /// Whether callers must show a key.
    pub(crate) api_keys: bool,
}

/// `[orchestrator]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OrchestratorConfig {
    /// What drives an unload.
    pub(crate) mode: Orchestrator,
    /// How often the reconciler looks for what nobody told it of.
    pub(crate) reconcile_seconds: u64,
    /// How long a worker holds an unload without a heartbeat.
    pub(crate) lease_seconds: u64,
    /// How long a statement that was told to stop may take to end.
    pub(crate) cancel_grace_seconds: u64,
    /// How often the sweeper looks for files to delete.
    pub(crate) sweep_seconds: u64,
    /// How long receipts and history are kept.
    pub(crate) keep_history_days: u64,
}

impl Default for OrchestratorConfig {
    fn default() -> Self {
        Self {
            mode: Orchestrator::Scheduler,
            reconcile_seconds: 60,
            lease_seconds: 30,
            cancel_grace_seconds: 30,
            sweep_seconds: 30,
            keep_history_days: 400,
        }
    }
}

/// `[retry]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RetryConfig {
    /// The most attempts an unload gets.
    pub(crate) max_attempts: u32,
    /// The longest wait after the first failure.
    pub(crate) first_delay_seconds: u64,
    /// The longest wait there is.
    pub(crate) max_delay_seconds: u64,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self { max_attempts: 4, first_delay_seconds: 1, max_delay_seconds: 60 }
    }
}
