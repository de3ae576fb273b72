//! Where UNLOAD writes: buckets by their names.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;

/// Opens buckets.
pub trait Buckets: Send + Sync + std::fmt::Debug {
    /// The bucket of that name; `None` when there is none.
    ///
    /// # Errors
    /// In words, when it is there and cannot be opened.
    fn open(&self, name: &str) -> Result<Option<Arc<dyn ObjectStore>>, String>;

    /// Where a bucket of that name would be, for whoever looks for it.
    fn place(&self, name: &str) -> String;
}

/// Folders below a folder: each is the bucket of its name.
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

impl Buckets for Folders {
    fn open(&self, name: &str) -> Result<Option<Arc<dyn ObjectStore>>, String> {
        // A bucket's name has no slash, and none begins with a dot: nothing above the folder can be meant.
        let folder = self.folder(name);
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\']) || !folder.is_dir() {
            return Ok(None);
        }
        let store = LocalFileSystem::new_with_prefix(&folder);
        store.map(|store| Some(Arc::new(store) as _)).map_err(|error| format!("`{}` cannot be opened: {error}", folder.display()))
    }

    fn place(&self, name: &str) -> String {
        format!("the folder `{}`; make it", self.folder(name).display())
    }
}

impl Buckets for HashMap<String, Arc<dyn ObjectStore>> {
    fn open(&self, name: &str) -> Result<Option<Arc<dyn ObjectStore>>, String> {
        Ok(self.get(name).cloned())
    }

    fn place(&self, _: &str) -> String {
        "one of those that the emulator was given".to_owned()
    }
}
