//! The storages that a test's service can have, and what a test sees of them: keys, never paths.

use std::path::Path;

use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use outflow_core::address::PublicUrl;
use outflow_storage::{LinkKeys, S3Options, Storage, StorageOptions};

use super::TestApp;

/// Which storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TestStorage {
    /// A folder of this machine.
    Folder,
}

impl TestStorage {
    /// The storage of a service that stands on that folder.
    pub(crate) async fn open(self, folder: &Path, public_url: &PublicUrl) -> Storage {
        let options =
            StorageOptions { public_url: public_url.clone(), link_keys: LinkKeys::new([7; 32]), s3: S3Options::default() };
        match self {
            Self::Folder => Storage::open(&format!("file:{}", files(folder).display()), options).await.unwrap(),
        }
    }

    /// Takes it away from the service that uses it.
    pub(crate) fn vanish(self, folder: &Path) {
        match self {
            Self::Folder => std::fs::remove_dir_all(files(folder)).unwrap(),
        }
    }
}

fn files(folder: &Path) -> std::path::PathBuf {
    folder.join("files")
}

impl TestApp {
    /// The keys of everything in storage that belongs to an unload.
    pub(crate) async fn keys(&self, id: &str) -> Vec<String> {
        let prefix = format!("unload-results/{id}").into();
        let found = self.engine.storage().object_store().list(Some(&prefix));
        let mut keys: Vec<_> = found.map_ok(|object| object.location.to_string()).try_collect().await.unwrap();
        keys.sort_unstable();
        keys
    }

    /// The bytes of a key.
    pub(crate) async fn object(&self, key: &str) -> Vec<u8> {
        let found = self.engine.storage().object_store().get(&key.into()).await.unwrap();
        found.bytes().await.unwrap().into()
    }
}
