//! A local folder as an object store: what is written is visible whole or not at all, and a failed or forgotten write leaves nothing.
//!
//! `object_store`'s own `LocalFileSystem` never syncs, shows a half-written folder as an empty one, and leaves what a crash interrupts.
//! It reads for us; writing, listing and removing are done here. It knows paths and folders, not unloads.

mod durable;
mod staging;
mod upload;

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryFutureExt, stream};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

use self::durable::{Ledger, sync};
use self::staging::{Staged, Staging, ignore_missing};
use self::upload::Upload;
use crate::error::to_object_store;

/// A folder that holds objects.
#[derive(Debug, Clone)]
pub(crate) struct LocalFolder {
    root: PathBuf,
    results: PathBuf,
    reads: Arc<LocalFileSystem>,
    staging: Arc<Staging>,
    ledger: Arc<Ledger>,
}

impl LocalFolder {
    /// Opens the folder, makes it and `results` in it if they are not there, proves that it can be written to, and sweeps what a crash
    /// left. A folder that it makes is its user's alone, since results are nobody else's business. Blocks.
    pub(crate) fn open(root: &FilePath, results: &str) -> io::Result<Self> {
        // Of a relative path the first folder would have none above it.
        let root = std::path::absolute(root)?;
        let made: Vec<_> = root.ancestors().take_while(|above| !above.exists()).map(FilePath::to_owned).collect();
        make_private(&root)?;
        let root = root.canonicalize()?;
        let staging = Staging::open(&root)?;
        let swept = staging.sweep()?;
        if swept > 0 {
            tracing::info!(files = swept, "removed half-written files that a former process left");
        }
        let results = root.join(results);
        fs::create_dir_all(&results)?;
        sync(&root)?;
        for folder in made {
            sync(&parent(&folder.canonicalize()?)?)?;
        }
        let reads = Arc::new(LocalFileSystem::new_with_prefix(&root).map_err(io::Error::other)?);
        let folder = Self { ledger: Arc::new(Ledger::new(results.clone())), root, results, reads, staging: Arc::new(staging) };
        folder.check()?;
        Ok(folder)
    }

    /// Whether the folder is there and can be written to. A folder that was unmounted is not taken for an empty one. Blocks.
    pub(crate) fn check(&self) -> io::Result<()> {
        self.present()?;
        let staged = self.staging.create("check")?;
        staged.file().write_all(b"outflow")?;
        staged.discard()
    }

    /// Makes a file durably: what `write` writes, and everything else in its folder, is on disk before it gets its name, and its name
    /// is before this returns. Over whatever was there. A crash or an error leaves the former file or none; dropped, it is finished beside.
    pub(crate) async fn publish<T: Send + 'static>(
        &self,
        location: &Path,
        write: impl FnOnce(&File) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let (this, location) = (self.clone(), location.clone());
        spawn(move || {
            let target = this.reads.path_to_filesystem(&location).map_err(io::Error::other)?;
            let folder = parent(&target)?;
            let staged = this.stage(&folder)?;
            let written = write(staged.file())?;
            staged.file().sync_all()?;
            this.ledger.settle_around(&folder, || staged.rename(&target))?;
            Ok(written)
        })
        .await
    }

    /// Brings on disk what was written into a folder through the object store.
    pub(crate) async fn settle(&self, location: &Path) -> io::Result<()> {
        let (this, folder) = (self.clone(), self.directory(location));
        spawn(move || if folder.try_exists()? { this.ledger.settle(&folder) } else { this.present() }).await
    }

    /// Removes a folder with all that is in it or on its way into it, and the one above if it is empty then. That they are gone is on
    /// disk when this returns. Idempotent. Blocks.
    pub(crate) fn remove(&self, location: &Path) -> io::Result<()> {
        self.present()?;
        let folder = self.directory(location);
        self.ledger.forget(&folder);
        self.staging.discard(&self.staging_name(&folder))?;
        ignore_missing(fs::remove_dir_all(&folder))?;
        let above = parent(&folder)?;
        if above != self.results && above.starts_with(&self.results) {
            // Another attempt may be made in it at this very moment: then it is not empty, or that attempt makes it anew.
            self.ledger.forget_link(&above);
            let _ = fs::remove_dir(&above);
        }
        self.sync_nearest(&above)
    }

    /// Brings the names in a folder on disk, or those in the nearest one above it that is there.
    fn sync_nearest(&self, folder: &FilePath) -> io::Result<()> {
        for folder in folder.ancestors().take_while(|folder| folder.starts_with(&self.root)) {
            match sync(folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                synced => return synced,
            }
        }
        self.present()
    }

    /// An open file, and where it is written to: for those who copy within the folder. Blocks.
    pub(crate) fn open_file(&self, location: &Path) -> io::Result<File> {
        File::open(self.reads.path_to_filesystem(location).map_err(io::Error::other)?)
    }

    fn present(&self) -> io::Result<()> {
        if self.results.is_dir() {
            return Ok(());
        }
        let message =
            format!("the folder `{}` is not there; was it unmounted or removed while the service runs", self.results.display());
        Err(io::Error::new(io::ErrorKind::NotConnected, message))
    }

    fn directory(&self, location: &Path) -> PathBuf {
        let mut path = self.root.clone();
        path.extend(location.parts().map(|part| part.as_ref().to_owned()));
        path
    }

    /// A file on its way into a folder, which is made if it is not there.
    fn stage(&self, folder: &FilePath) -> io::Result<Staged> {
        self.present()?;
        let mut tries = 0;
        // Somebody may remove the folder above, empty as it is, between its making and that of the folder in it.
        while let Err(error) = fs::create_dir_all(folder) {
            tries += 1;
            if error.kind() != io::ErrorKind::NotFound || tries == 10 {
                return Err(error);
            }
        }
        self.staging.create(&self.staging_name(folder))
    }

    /// What staged files of a folder are called by: the folder of their attempt, which is the third from the root.
    fn staging_name(&self, folder: &FilePath) -> String {
        let below = folder.strip_prefix(&self.results).ok();
        let attempt = below.and_then(|below| below.iter().nth(1)).and_then(|name| name.to_str());
        attempt.unwrap_or("other").to_owned()
    }

    fn write(&self, location: &Path, payload: &PutPayload, is_new: bool) -> Result<PutResult> {
        let target = self.target(location)?;
        let write = || {
            let staged = self.stage(&parent(&target)?)?;
            payload.iter().try_for_each(|chunk| staged.file().write_all(chunk))?;
            Ok(staged)
        };
        let staged = write().map_err(|error| to_object_store(error, location.as_ref()))?;
        place_in(&self.ledger, staged, &target, is_new)
    }

    fn target(&self, location: &Path) -> Result<PathBuf> {
        let target = self.reads.path_to_filesystem(location)?;
        if target.starts_with(self.root.join(staging::FOLDER)) {
            let source = "the folder holds files on their way and nothing else".into();
            return Err(object_store::Error::PermissionDenied { path: location.to_string(), source });
        }
        Ok(target)
    }

    /// Every file in a folder, at any depth. A folder that is not there is an empty one; one that cannot be read is an error.
    fn walk(&self, prefix: Option<&Path>) -> io::Result<Vec<ObjectMeta>> {
        self.present()?;
        let top = prefix.map_or_else(|| self.root.clone(), |prefix| self.directory(prefix));
        let (mut found, mut folders) = (Vec::new(), vec![top]);
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries?,
            };
            for entry in entries {
                let path = entry?.path();
                let Some(metadata) = found_or_gone(fs::symlink_metadata(&path))? else { continue };
                if metadata.is_dir() && path != self.root.join(staging::FOLDER) {
                    folders.push(path);
                } else if metadata.is_file() {
                    let below = path.strip_prefix(&self.root).map_err(io::Error::other)?;
                    let names: Option<Vec<_>> = below.iter().map(|name| name.to_str()).collect();
                    // What is not UTF-8 is nothing of ours.
                    let Some(Ok(location)) = names.map(|names| Path::parse(names.join("/"))) else { continue };
                    let last_modified = metadata.modified()?.into();
                    found.push(ObjectMeta { location, last_modified, size: metadata.len(), e_tag: None, version: None });
                }
            }
        }
        found.sort_unstable_by(|a, b| a.location.cmp(&b.location));
        Ok(found)
    }
}

impl fmt::Display for LocalFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalFolder({})", self.root.display())
    }
}

/// Written files are atomic; they are durable once their folder is settled.
#[async_trait]
impl ObjectStore for LocalFolder {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let is_new = match options.mode {
            PutMode::Overwrite => false,
            PutMode::Create => true,
            PutMode::Update(_) => return Err(self.not_implemented("`put_opts` with `PutMode::Update`")),
        };
        if !options.attributes.is_empty() {
            return Err(self.not_implemented("`put_opts` with attributes"));
        }
        let (this, location) = (self.clone(), location.clone());
        blocking(move || this.write(&location, &payload, is_new)).await
    }

    async fn put_multipart_opts(&self, location: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        if !options.attributes.is_empty() {
            return Err(self.not_implemented("`put_multipart_opts` with attributes"));
        }
        let (this, location) = (self.clone(), location.clone());
        blocking(move || {
            let target = this.target(&location)?;
            let begin = || Upload::new(Arc::clone(&this.ledger), target.clone(), this.stage(&parent(&target)?)?);
            let upload = begin().map_err(|error| to_object_store(error, location.as_ref()))?;
            Ok(Box::new(upload) as Box<dyn MultipartUpload>)
        })
        .await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.reads.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.reads.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.reads.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (this, prefix) = (self.clone(), prefix.cloned());
        let shown = prefix.as_ref().map(ToString::to_string).unwrap_or_default();
        let found = blocking(move || this.walk(prefix.as_ref()).map_err(|error| to_object_store(error, &shown)));
        found.map_ok(|found| stream::iter(found.into_iter().map(Ok))).try_flatten_stream().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let mut listed = self.reads.list_with_delimiter(prefix).await?;
        listed.common_prefixes.retain(|folder| folder.as_ref() != staging::FOLDER);
        Ok(listed)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let target = self.target(to)?;
        self.reads.copy_opts(from, to, options).await?;
        self.ledger.written(target);
        Ok(())
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let target = self.target(to)?;
        self.reads.rename_opts(from, to, options).await?;
        self.ledger.written(target);
        Ok(())
    }
}

impl LocalFolder {
    fn not_implemented(&self, operation: &str) -> object_store::Error {
        object_store::Error::NotImplemented { operation: operation.to_owned(), implementer: self.to_string() }
    }
}

/// Gives a staged file its name, and writes down that it has to be brought on disk.
fn place_in(ledger: &Ledger, staged: Staged, target: &FilePath, is_new: bool) -> Result<PutResult> {
    let placed = if is_new { staged.rename_new(target) } else { staged.rename(target) };
    placed.map_err(|error| to_object_store(error, &target.display().to_string()))?;
    ledger.written(target.to_owned());
    Ok(PutResult { e_tag: None, version: None })
}

/// Makes a folder, and those above it that are missing; only their owner may look into them, where the system knows owners. What is there
/// already keeps the rights that it has.
///
/// # Errors
/// The system's.
pub fn make_private(folder: &FilePath) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn parent(path: &FilePath) -> io::Result<PathBuf> {
    path.parent().map(FilePath::to_owned).ok_or_else(|| io::Error::other("the root has no folder above it"))
}

fn found_or_gone<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn spawn<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await?
}

#[cfg(test)]
mod tests;
