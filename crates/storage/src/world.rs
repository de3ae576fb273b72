//! What the tests of this crate share: a storage in a folder or a bucket of its own, and one whose reading fails.

use std::fmt;
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions,
    PutPayload, PutResult, Result,
};
use outflow_core::address::PublicUrl;
use outflow_core::key::{AttemptPlace, StorageKey};
use outflow_core::{RequestId, UnloadId};
use tempfile::TempDir;

use crate::testing::S3Server;
use crate::{LinkKeys, S3Options, Storage, StorageOptions};

pub(crate) fn options() -> StorageOptions {
    StorageOptions {
        public_url: PublicUrl::parse("http://127.0.0.1:8080").unwrap(),
        link_keys: LinkKeys::new([7; 32]),
        s3: S3Options::default(),
    }
}

pub(crate) async fn storage() -> (TempDir, Storage) {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(&format!("file:{}", folder.path().display()), options()).await.unwrap();
    (folder, storage)
}

/// Which backend a test runs on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Folder,
    S3,
}

/// A storage, and what holds it.
pub(crate) struct World {
    pub(crate) storage: Storage,
    _folder: Option<TempDir>,
    _server: Option<S3Server>,
}

/// A storage of that kind; that in a bucket has a prefix.
pub(crate) async fn world(kind: Kind) -> World {
    match kind {
        Kind::Folder => {
            let (folder, storage) = storage().await;
            World { storage, _folder: Some(folder), _server: None }
        }
        Kind::S3 => {
            let server = S3Server::start("results").await;
            let options = StorageOptions { s3: server.options(), ..options() };
            let storage = Storage::open("s3://results/some/where", options).await.unwrap();
            World { storage, _folder: None, _server: Some(server) }
        }
    }
}

pub(crate) fn place(attempt: u32) -> AttemptPlace {
    let unload_id = UnloadId::parse("01990000-0000-7000-8000-000000000001").unwrap();
    AttemptPlace { request_id: RequestId::parse("abc123").unwrap(), unload_id, attempt }
}

pub(crate) fn file(name: &str) -> StorageKey {
    StorageKey::File(place(1), name.to_owned())
}

/// Every file below a folder, staged ones included.
pub(crate) fn files_below(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// The same storage, read through an object store that fails with that kind.
pub(crate) fn failing(storage: &Storage, kind: io::ErrorKind) -> Storage {
    let mut failing = storage.clone();
    failing.objects = Arc::new(Failing(kind));
    failing
}

#[derive(Debug)]
struct Failing(io::ErrorKind);

impl Failing {
    fn error(&self) -> object_store::Error {
        object_store::Error::Generic { store: "Failing", source: Box::new(io::Error::from(self.0)) }
    }
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Failing")
    }
}

#[async_trait]
impl ObjectStore for Failing {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(self.error())
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(self.error())
    }

    async fn get_opts(&self, _: &Path, _: GetOptions) -> Result<GetResult> {
        Err(self.error())
    }

    fn delete_stream(&self, _: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        stream::iter([Err(self.error())]).boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        stream::iter([Err(self.error())]).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(self.error())
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(self.error())
    }
}
