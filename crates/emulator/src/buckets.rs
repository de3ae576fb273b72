//! Where UNLOAD writes: buckets by their names.

mod s3;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use outflow_core::{Code, Error, Result};
use outflow_warehouse::embedded::UnloadText;

pub use self::s3::S3Buckets;

/// Opens buckets.
#[async_trait]
pub trait Buckets: Send + Sync + std::fmt::Debug {
    /// The bucket of that name, for what an UNLOAD says; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be opened. What S3 itself says lies in the error.
    async fn open(&self, name: &str, said: &UnloadText) -> Result<Option<Arc<dyn ObjectStore>>>;

    /// Where a bucket of that name would be, for whoever looks for it.
    fn place(&self, name: &str) -> String;
}

/// Folders below a folder: each is the bucket of its name, in every region.
#[derive(Debug)]
pub struct Folders(PathBuf);

impl Folders {
    /// Below that folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

#[async_trait]
impl Buckets for Folders {
    async fn open(&self, name: &str, _: &UnloadText) -> Result<Option<Arc<dyn ObjectStore>>> {
        // A bucket's name has no slash, and none begins with a dot: nothing above the folder can be meant.
        let folder = self.folder(name);
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\']) || !folder.is_dir() {
            return Ok(None);
        }
        let store = LocalFileSystem::new_with_prefix(&folder).map_err(|error| {
            let message = format!("`{}` cannot be opened", folder.display());
            Error::new(Code::StorageUnavailable, message).with_source(error)
        })?;
        Ok(Some(Arc::new(store)))
    }

    fn place(&self, name: &str) -> String {
        format!("the folder `{}`; make it", self.folder(name).display())
    }
}

#[async_trait]
impl Buckets for HashMap<String, Arc<dyn ObjectStore>> {
    async fn open(&self, name: &str, _: &UnloadText) -> Result<Option<Arc<dyn ObjectStore>>> {
        Ok(self.get(name).cloned())
    }

    fn place(&self, _: &str) -> String {
        "one of those that the emulator was given".to_owned()
    }
}
