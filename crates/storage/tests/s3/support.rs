//! A storage in a bucket, and what is put into it.

use outflow_core::address::PublicUrl;
use outflow_core::key::{AttemptPlace, StorageKey};
use outflow_core::{RequestId, UnloadId};
use outflow_storage::testing::S3Server;
use outflow_storage::{LinkKeys, S3Options, Storage, StorageOptions};

pub(crate) const BUCKET: &str = "results";
pub(crate) const MIB: usize = 1 << 20;

pub(crate) struct World {
    pub(crate) server: S3Server,
    pub(crate) storage: Storage,
}

impl World {
    pub(crate) async fn new() -> Self {
        let server = S3Server::start(BUCKET).await;
        let storage = Storage::open("s3://results/deep/er", options(server.options())).await.unwrap();
        Self { server, storage }
    }

    /// Puts files into the first attempt; gives their keys.
    pub(crate) async fn put(&self, files: &[(&str, Vec<u8>)]) -> Vec<StorageKey> {
        let mut keys = Vec::new();
        for (name, bytes) in files {
            self.storage.put(&file(name), bytes.clone().into()).await.unwrap();
            keys.push(file(name));
        }
        keys
    }
}

pub(crate) fn options(s3: S3Options) -> StorageOptions {
    StorageOptions { public_url: PublicUrl::parse("http://127.0.0.1:8080").unwrap(), link_keys: LinkKeys::new([7; 32]), s3 }
}

pub(crate) fn place(attempt: u32) -> AttemptPlace {
    let unload_id = UnloadId::parse("01990000-0000-7000-8000-000000000001").unwrap();
    AttemptPlace { request_id: RequestId::parse("abc123").unwrap(), unload_id, attempt }
}

pub(crate) fn file(name: &str) -> StorageKey {
    StorageKey::File(place(1), name.to_owned())
}

/// Bytes that differ from place to place.
pub(crate) fn noise(seed: usize, length: usize) -> Vec<u8> {
    (0..length).map(|at| (seed.wrapping_mul(31) + at + at / 251) as u8).collect()
}

/// Waits for something that happens by itself.
pub(crate) async fn until(what: impl Fn() -> bool) {
    let waited = tokio::time::timeout(std::time::Duration::from_secs(30), async {
        while !what() {
            tokio::task::yield_now().await;
        }
    });
    waited.await.unwrap();
}
