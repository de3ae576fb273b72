//! What a service is made of, built from the configuration: the one place that knows which back end a locator chooses.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use outflow_core::address::PublicUrl;
use outflow_core::guard::Guard;
use outflow_core::retry::RetryPolicy;
use outflow_core::store::Store;
use outflow_core::warehouse::Warehouse;
use outflow_core::{Code, Error, Result};
use outflow_engine::{Settings, WarehouseEntry};
use outflow_events::Topics;
use outflow_storage::{Encryption, LinkKeys, S3Options, Storage, StorageOptions, make_private};
use outflow_warehouse::embedded::{Embedded, EmbeddedConfig};
#[cfg(feature = "redshift-data")]
use outflow_warehouse::redshift_data::{RedshiftData, RedshiftDataConfig};
#[cfg(feature = "redshift")]
use outflow_warehouse::redshift_wire::RedshiftWire;
use secrecy::SecretString;

use crate::config::{Config, ServerSideEncryption, StorageConfig, WarehouseConfig};
use crate::locator::{Locator, REDSHIFT_PORT, Server};

/// The file of the keys that links are signed with, in the data directory.
const LINK_KEYS: &str = "link-keys";

/// Opens the state table, brings it to this version and holds it.
pub(crate) async fn store(config: &Config) -> Result<Arc<dyn Store>> {
    let url = match (&config.store.url.0, &config.store.password_file) {
        (Locator::Postgres(server), Some(file)) => {
            let password = read_secret("store.passwordFile", file)?;
            let whole = server.with_password(&password).ok_or_else(|| {
                Error::new(
                    Code::ConfigInvalid,
                    "`store.passwordFile` names a password, and `store.url` no user; write `postgres://user@host/database`",
                )
            })?;
            whole.expose().to_owned()
        }
        (Locator::Postgres(server), None) => server.expose().to_owned(),
        (other, _) => other.to_string(),
    };
    if let Locator::Sqlite(file) = &config.store.url.0
        && let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty())
    {
        // The store makes it too where it is missing, for everybody; an error it tells better.
        let _ = make_private(folder);
    }
    outflow_store::connect(&url, &outflow_store::Options::default()).await
}

/// Opens the storage; links lead to `public_url`.
pub(crate) async fn storage(config: &Config, public_url: &PublicUrl) -> Result<Arc<Storage>> {
    let keys = config.server.data_dir.join(LINK_KEYS);
    let link_keys = tokio::task::spawn_blocking(move || LinkKeys::load(&keys)).await;
    let link_keys =
        link_keys.map_err(|error| Error::new(Code::Internal, "reading the link keys broke off").with_source(error))??;
    let options = StorageOptions { public_url: public_url.clone(), link_keys, s3: s3_options(&config.storage) };
    Ok(Arc::new(Storage::open(&config.storage.url.0.to_string(), options).await?))
}

fn s3_options(config: &StorageConfig) -> S3Options {
    S3Options {
        endpoint: config.endpoint.clone(),
        region: config.region.clone(),
        public_endpoint: config.public_endpoint.clone(),
        path_style: config.path_style,
        encryption: config.sse.map(|sse| match sse {
            ServerSideEncryption::S3 => Encryption::S3,
            ServerSideEncryption::Kms => Encryption::Kms { key_id: config.kms_key_id.clone() },
        }),
        proxy: config.proxy,
        ..S3Options::default()
    }
}

/// The warehouses, in the order of the configuration, writing into that storage.
pub(crate) fn warehouses(config: &Config, storage: &Storage) -> Result<Vec<WarehouseEntry>> {
    config.warehouses.iter().map(|(name, warehouse)| entry(name, warehouse, storage)).collect()
}

fn entry(name: &str, config: &WarehouseConfig, storage: &Storage) -> Result<WarehouseEntry> {
    let (warehouse, guard): (Arc<dyn Warehouse>, Guard) = match &config.url.0 {
        Locator::Embedded(tables) => (Arc::new(embedded(tables.clone(), config, storage)?), Guard::embedded()),
        Locator::RedshiftData { workgroup, cluster, database } => {
            (redshift_data(workgroup.clone(), cluster.clone(), database.clone(), config)?, Guard::redshift())
        }
        Locator::Redshift(server) => (redshift(name, server, config)?, Guard::redshift()),
        other => {
            let scheme = other.scheme();
            return Err(Error::new(
                Code::ConfigInvalid,
                format!("`warehouse.{name}.url` is `{scheme}`, which this version does not have yet"),
            ));
        }
    };
    Ok(WarehouseEntry {
        name: name.to_owned(),
        warehouse,
        guard,
        max_running: config.max_running,
        statement_settings: config.statement_settings(),
    })
}

fn embedded(tables: Option<PathBuf>, config: &WarehouseConfig, storage: &Storage) -> Result<Embedded> {
    Embedded::new(EmbeddedConfig {
        tables,
        sample_scale: config.sample_scale,
        sample_dir: config.sample_dir.clone(),
        buckets: HashMap::from([(storage.bucket().to_owned(), storage.object_store())]),
        slices: config.slices,
        memory_limit: usize::try_from(config.memory_limit_mb << 20).unwrap_or(usize::MAX),
        temp_dir: Some(config.temp_dir.clone()),
    })
}

#[cfg(feature = "redshift-data")]
fn redshift_data(
    workgroup: Option<String>,
    cluster: Option<String>,
    database: String,
    config: &WarehouseConfig,
) -> Result<Arc<dyn Warehouse>> {
    Ok(Arc::new(data_api(workgroup, cluster, database, config)?))
}

#[cfg(feature = "redshift-data")]
fn data_api(
    workgroup: Option<String>,
    cluster: Option<String>,
    database: String,
    config: &WarehouseConfig,
) -> Result<RedshiftData> {
    RedshiftData::new(RedshiftDataConfig {
        workgroup,
        cluster,
        database,
        region: config.region.clone(),
        endpoint: config.endpoint.clone(),
        secret_arn: config.secret_arn.clone(),
        db_user: config.db_user.clone(),
        query_group: config.query_group.clone(),
        ..RedshiftDataConfig::default()
    })
}

/// The Redshift behind a configured warehouse, for who asks it more than a warehouse is asked; none for any other.
///
/// # Errors
/// As for [`warehouses`].
#[cfg(feature = "redshift-data")]
pub(crate) fn through_data_api(config: &WarehouseConfig) -> Result<Option<RedshiftData>> {
    match &config.url.0 {
        Locator::RedshiftData { workgroup, cluster, database } => {
            data_api(workgroup.clone(), cluster.clone(), database.clone(), config).map(Some)
        }
        _ => Ok(None),
    }
}

#[cfg(not(feature = "redshift-data"))]
fn redshift_data(_: Option<String>, _: Option<String>, _: String, _: &WarehouseConfig) -> Result<Arc<dyn Warehouse>> {
    Err(Error::new(Code::ConfigInvalid, "this build leaves `redshift-data://` out; build it with the feature `redshift-data`"))
}

#[cfg(feature = "redshift")]
fn redshift(name: &str, server: &Server, config: &WarehouseConfig) -> Result<Arc<dyn Warehouse>> {
    Ok(Arc::new(wire(name, server, config)?))
}

/// The Redshift behind a configured warehouse that speaks the wire protocol, for who asks it more than a warehouse is asked; none for any
/// other.
///
/// # Errors
/// As for [`warehouses`].
#[cfg(feature = "redshift")]
pub(crate) fn through_wire(name: &str, config: &WarehouseConfig) -> Result<Option<RedshiftWire>> {
    match &config.url.0 {
        Locator::Redshift(server) => wire(name, server, config).map(Some),
        _ => Ok(None),
    }
}

#[cfg(feature = "redshift")]
fn wire(name: &str, server: &Server, config: &WarehouseConfig) -> Result<RedshiftWire> {
    use outflow_warehouse::redshift_wire::{IamLogin, IamPlace, RedshiftConfig, SslMode, Timing};

    use crate::config::SslMode as Chosen;
    use crate::locator::Issuer;

    let wrong = |why: &str| Error::new(Code::ConfigInvalid, format!("`warehouse.{name}.url` {why}"));
    let address = server.address(REDSHIFT_PORT).map_err(wrong)?;
    let file = config.password_file.as_deref();
    let password = file.map(|file| read_secret(&format!("warehouse.{name}.passwordFile"), file)).transpose()?;
    let place = address.issuer.clone().map(|issuer| match issuer {
        Issuer::Workgroup(name) => IamPlace::Workgroup(name),
        Issuer::Cluster(name) => IamPlace::Cluster { name, db_user: config.db_user.clone() },
    });
    let iam = place.map(|place| IamLogin {
        place,
        region: config.region.clone(),
        endpoint: config.endpoint.clone(),
        credentials: None,
    });
    RedshiftWire::new(RedshiftConfig {
        ssl_mode: match config.ssl_mode(&address) {
            Chosen::VerifyFull => SslMode::VerifyFull(config.ssl_root_cert.clone()),
            Chosen::Disable => SslMode::Disable,
        },
        host: address.host,
        port: address.port,
        database: address.database,
        user: address.user,
        password: password.or(address.password),
        iam,
        query_group: config.query_group.clone(),
        max_running: usize::try_from(config.max_running).unwrap_or(usize::MAX),
        timing: Timing::default(),
    })
}

#[cfg(not(feature = "redshift"))]
fn redshift(_: &str, _: &Server, _: &WarehouseConfig) -> Result<Arc<dyn Warehouse>> {
    Err(Error::new(Code::ConfigInvalid, "this build leaves `redshift://` out; build it with the feature `redshift`"))
}

/// How the engine behaves.
pub(crate) fn engine_settings(config: &Config) -> Settings {
    let orchestrator = &config.orchestrator;
    Settings {
        orchestrator: orchestrator.mode,
        retry: RetryPolicy {
            max_attempts: config.retry.max_attempts,
            first_delay: Duration::from_secs(config.retry.first_delay_seconds),
            max_delay: Duration::from_secs(config.retry.max_delay_seconds),
        },
        lease: Duration::from_secs(orchestrator.lease_seconds),
        reconcile_every: Duration::from_secs(orchestrator.reconcile_seconds),
        sweep_every: Duration::from_secs(orchestrator.sweep_seconds),
        keep_history: Duration::from_secs(orchestrator.keep_history_days * 86_400),
        shutdown_grace: Duration::from_secs(config.server.shutdown_seconds),
        cancel_grace: Duration::from_secs(orchestrator.cancel_grace_seconds),
        ..Settings::default()
    }
}

fn read_secret(key: &str, file: &Path) -> Result<SecretString> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Error::new(Code::ConfigInvalid, format!("`{key}`: cannot read `{}`", file.display())).with_source(error)
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).into())
}

/// The topics that announcements go to.
pub(crate) fn topics(config: &Config) -> Topics {
    let events = &config.events;
    Topics { complete: events.complete_topic.clone(), failed: events.failed_topic.clone(), expired: events.expired_topic.clone() }
}
