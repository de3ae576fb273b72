//! A Redshift emulated in this process with its files in S3, also in this process: what the doctor and the conformance kit are held against.

use std::collections::HashMap;
use std::sync::Arc;

use outflow_core::address::PublicUrl;
use outflow_emulator::{Emulator, EmulatorConfig, Fault};
use outflow_storage::testing::{ACCESS_KEY, S3Server, SECRET_KEY};
use outflow_storage::{LinkKeys, Storage, StorageOptions};
use outflow_warehouse::belief::Beliefs;
use outflow_warehouse::embedded::EmbeddedConfig;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::support::{Ended, Place, finish};

/// The one bucket.
pub(crate) const BUCKET: &str = "results";

/// A place with a configuration for both.
pub(crate) struct Cloud {
    pub(crate) place: Place,
    pub(crate) server: S3Server,
    pub(crate) storage: Storage,
    pub(crate) endpoint: String,
    /// The port of the wire protocol.
    pub(crate) port: u16,
    pub(crate) runtime: Runtime,
    _emulator: Arc<Emulator>,
}

impl Cloud {
    /// A Redshift that is as those beliefs say; `more` stands in the section of the warehouse.
    pub(crate) fn new(beliefs: Beliefs, more: &str) -> Self {
        Self::with_faults(beliefs, more, &[])
    }

    /// The same, spoken to over the wire protocol.
    pub(crate) fn over_wire(beliefs: Beliefs, faults: &[Fault]) -> Self {
        let cloud = Self::with_faults(beliefs, "", faults);
        let file = cloud.place.path("outflow.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let (before, _) = text.split_once("[warehouse.main]").unwrap();
        let warehouse = format!("[warehouse.main]\nurl = \"redshift://me@127.0.0.1:{}/dev\"\n", cloud.port);
        std::fs::write(&file, format!("{before}{warehouse}")).unwrap();
        cloud
    }

    fn with_faults(beliefs: Beliefs, more: &str, faults: &[Fault]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let place = Place::new();
        let (server, storage, endpoint, port, emulator) = runtime.block_on(async {
            let server = S3Server::start(BUCKET).await;
            let public_url = PublicUrl::parse("http://127.0.0.1:8080").unwrap();
            let options = StorageOptions { public_url, link_keys: LinkKeys::new([7; 32]), s3: server.options() };
            let storage = Storage::open(&format!("s3://{BUCKET}/team"), options).await.unwrap();
            let engine = EmbeddedConfig { tables: Some(place.root().to_owned()), ..EmbeddedConfig::default() };
            let buckets = HashMap::from([(BUCKET.to_owned(), storage.object_store())]);
            let faults = faults.to_vec();
            let config = EmulatorConfig { user: "me".to_owned(), faults, ..EmulatorConfig::new(engine, Arc::new(buckets)) };
            let emulator = Arc::new(Emulator::with_beliefs(config, beliefs).unwrap());
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let endpoint = format!("http://{}", listener.local_addr().unwrap());
            let serving = Arc::clone(&emulator);
            tokio::spawn(async move { serving.serve_data_api(listener, CancellationToken::new()).await });
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let serving = Arc::clone(&emulator);
            tokio::spawn(async move { serving.serve_wire(listener, CancellationToken::new()).await });
            (server, storage, endpoint, port, emulator)
        });
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[storage]\nurl = \"s3://{BUCKET}/team\"\nendpoint = \"{}\"\nregion = \"eu-west-1\"\n\
             [warehouse.main]\nurl = \"redshift-data://wg/dev\"\nendpoint = \"{endpoint}\"\nregion = \"eu-west-1\"\n{more}",
            server.endpoint()
        );
        std::fs::write(place.path("outflow.toml"), text).unwrap();
        Self { place, server, storage, endpoint, port, runtime, _emulator: emulator }
    }

    /// From now on, the configuration names another Data API.
    pub(crate) fn point_at(&self, endpoint: &str) {
        let file = self.place.path("outflow.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace(&self.endpoint, endpoint)).unwrap();
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = self.place.command(arguments);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        command.envs([("AWS_ACCESS_KEY_ID", ACCESS_KEY), ("AWS_SECRET_ACCESS_KEY", SECRET_KEY)]);
        finish(command, None)
    }

    /// The names of all objects.
    pub(crate) fn objects(&self) -> Vec<String> {
        let (mut found, mut folders) = (Vec::new(), vec![self.server.files(BUCKET)]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { found.push(path.display().to_string()) }
            }
        }
        found
    }
}
