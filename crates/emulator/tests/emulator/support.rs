//! An emulator in a folder of its own, and clients of it.

use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_redshiftdata::Client;
use aws_sdk_redshiftdata::config::retry::RetryConfig;
use aws_sdk_redshiftdata::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_redshiftdata::operation::describe_statement::DescribeStatementOutput;
use outflow_emulator::{Emulator, EmulatorConfig, Fault, Folders, Tls};
use outflow_warehouse::embedded::EmbeddedConfig;
use tokio::net::TcpListener;
use tokio_postgres::NoTls;
use tokio_util::sync::{CancellationToken, DropGuard};

/// No step of a test takes longer, however slow the machine; a test that meets it has failed.
pub(crate) const AT_MOST: Duration = Duration::from_secs(60);

/// A query that runs for longer than any test, in little memory. It has no quotes.
pub(crate) const ENDLESS: &str =
    "SELECT count(*) AS n FROM numbers a, numbers b, numbers c WHERE length(md5(CAST(a.n + b.n + c.n AS varchar))) = 0";

pub(crate) struct Place {
    folder: tempfile::TempDir,
    pub(crate) data_api: SocketAddr,
    pub(crate) pg: SocketAddr,
    _shutdown: DropGuard,
}

impl Place {
    pub(crate) async fn new() -> Self {
        Self::made(|_| ()).await
    }

    pub(crate) async fn with_faults(faults: &[Fault]) -> Self {
        Self::with(faults, None, None).await
    }

    pub(crate) async fn with(faults: &[Fault], password: Option<&str>, tls: Option<Tls>) -> Self {
        Self::made(|config| {
            config.faults = faults.to_vec();
            config.password = password.map(Into::into);
            config.tls = tls;
        })
        .await
    }

    /// An emulator that is as others but for what the change changes.
    pub(crate) async fn made(change: impl FnOnce(&mut EmulatorConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tables = folder.path().join("tables");
        std::fs::create_dir_all(folder.path().join("buckets/lake")).unwrap();
        std::fs::create_dir(&tables).unwrap();
        std::fs::write(tables.join("fruit.csv"), "id,name,price\n1,apple,1.50\n2,배,2.25\n3,\"a \"\"b\"\"\",\n").unwrap();
        let numbers: String = (0..2_000).map(|n| format!("{n}\n")).collect();
        std::fs::write(tables.join("numbers.csv"), format!("n\n{numbers}")).unwrap();
        let engine = EmbeddedConfig { tables: Some(tables), ..EmbeddedConfig::default() };
        let mut config = EmulatorConfig::new(engine, Arc::new(Folders::new(folder.path().join("buckets"))));
        change(&mut config);
        let emulator = Arc::new(Emulator::new(config).unwrap());
        let (data_api, pg) = (listener().await, listener().await);
        let addresses = (data_api.local_addr().unwrap(), pg.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let (one, other) = (Arc::clone(&emulator), emulator);
        let (until, until_too) = (shutdown.clone(), shutdown.clone());
        tokio::spawn(async move { one.serve_data_api(data_api, until).await });
        tokio::spawn(async move { other.serve_wire(pg, until_too).await });
        Self { folder, data_api: addresses.0, pg: addresses.1, _shutdown: shutdown.drop_guard() }
    }

    /// The AWS SDK, as it comes; it tries once.
    pub(crate) fn sdk(&self) -> Client {
        self.sdk_that_tries(1)
    }

    pub(crate) fn sdk_that_tries(&self, times: u32) -> Client {
        let config = aws_sdk_redshiftdata::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(format!("http://{}", self.data_api))
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::for_tests())
            .retry_config(RetryConfig::standard().with_max_attempts(times).with_initial_backoff(Duration::from_millis(10)))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        Client::from_conf(config)
    }

    /// A connection of a PostgreSQL driver.
    pub(crate) async fn connect(&self) -> tokio_postgres::Client {
        let address = self.pg;
        let config = format!("host={} port={} user=awsuser dbname=dev", address.ip(), address.port());
        let (client, connection) = tokio_postgres::connect(&config, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// A file of the bucket.
    pub(crate) fn file(&self, key: &str) -> PathBuf {
        self.folder.path().join("buckets/lake").join(key)
    }

    /// The names below a folder of the bucket, in order.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.file(folder)) else { return Vec::new() };
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The text of a compressed file of the bucket.
    pub(crate) fn gunzipped(&self, key: &str) -> String {
        let mut text = String::new();
        let file = std::fs::File::open(self.file(key)).unwrap();
        flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
        text
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// Submits a statement and waits until it has ended.
pub(crate) async fn run(sdk: &Client, sql: &str) -> DescribeStatementOutput {
    let submitted = sdk.execute_statement().workgroup_name("wg").database("dev").sql(sql).send().await.unwrap();
    ended(sdk, submitted.id().unwrap()).await
}

/// Waits until a statement has ended.
pub(crate) async fn ended(sdk: &Client, id: &str) -> DescribeStatementOutput {
    let described = sdk.describe_statement().id(id).wait_time_seconds(30).send().await.unwrap();
    let status = described.status().unwrap().as_str().to_owned();
    assert!(["FINISHED", "FAILED", "ABORTED"].contains(&status.as_str()), "{described:?}");
    described
}

/// Waits for something to come true.
pub(crate) async fn until<F: Future<Output = bool>>(mut is_true: impl FnMut() -> F) {
    let waited = tokio::time::timeout(AT_MOST, async {
        while !is_true().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.expect("it never came true");
}
