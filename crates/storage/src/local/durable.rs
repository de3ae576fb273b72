//! What a power cut would still take away: files and folders that have a name and are not known to be on disk.
//!
//! A file that is written through the object store is not synced one by one: it is written down here, and [`Ledger::settle`] syncs all
//! of a folder at once, side by side, so that the file system makes one commit of them. Nobody trusts such a file before that: what
//! the service stands for begins with a receipt, and putting it settles its folder first.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use futures::{StreamExt, TryStreamExt, stream};

/// How many syncs of one folder run side by side.
const AT_ONCE: usize = 16;
/// How many folders are remembered as linked. Forgetting one costs a sync, nothing else.
const REMEMBERED: usize = 16_384;

/// What is not known to be on disk, below one root.
#[derive(Debug)]
pub(super) struct Ledger {
    root: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Files that were written and not synced, each with the number of its writing.
    unsynced: BTreeMap<PathBuf, u64>,
    writings: u64,
    /// Folders whose own entry, and that of all above them, is on disk.
    linked: BTreeSet<PathBuf>,
    /// Folders that lost something: after a failed sync the kernel forgets what it could not write, and the next sync would lie.
    broken: BTreeMap<PathBuf, String>,
}

/// What is to be synced for a folder.
#[derive(Debug, Default)]
struct Work {
    files: Vec<(PathBuf, u64)>,
    folders: BTreeSet<PathBuf>,
    linked: Vec<PathBuf>,
}

impl Ledger {
    /// A ledger for what lies below `root`, which is on disk itself.
    pub(super) fn new(root: PathBuf) -> Self {
        let state = State { linked: BTreeSet::from([root.clone()]), ..State::default() };
        Self { root, state: Mutex::new(state) }
    }

    /// Writes down that a file was written and has its name.
    pub(super) fn written(&self, file: PathBuf) {
        let mut state = self.state();
        state.writings += 1;
        let writing = state.writings;
        state.unsynced.insert(file, writing);
    }

    /// Forgets all that lies in a folder, which is about to be removed.
    pub(super) fn forget(&self, folder: &Path) {
        let mut state = self.state();
        for file in below(state.unsynced.range(folder.to_owned()..).map(|(file, _)| file), folder) {
            state.unsynced.remove(&file);
        }
        for broken in below(state.broken.range(folder.to_owned()..).map(|(broken, _)| broken), folder) {
            state.broken.remove(&broken);
        }
        for linked in below(state.linked.range(folder.to_owned()..), folder) {
            state.linked.remove(&linked);
        }
    }

    /// Forgets that a folder's own entry is on disk, because the folder may be about to be removed, and made again by somebody else.
    pub(super) fn forget_link(&self, folder: &Path) {
        self.state().linked.remove(folder);
    }

    /// Brings on disk all that lies in a folder, and the folder itself. Repeating it is cheap and changes nothing.
    ///
    /// # Errors
    /// When something could not be written: then it is lost, and every later call for that folder fails too until it is removed.
    pub(super) async fn settle(&self, folder: &Path) -> io::Result<()> {
        let work = self.work(folder)?;
        let files = work.files.iter().map(|(file, _)| (file.clone(), true));
        let folders = work.folders.iter().map(|folder| (folder.clone(), false));
        // Collected: a stream over the borrowing iterator would make the future of whoever waits for this not `Send`.
        let syncs = files.chain(folders).map(|(path, is_file)| async move {
            match tokio::task::spawn_blocking(move || sync(&path)).await.map_err(io::Error::other)? {
                // A file that was removed need not outlast anything.
                Err(error) if is_file && error.kind() == io::ErrorKind::NotFound => Ok(()),
                other => other,
            }
        });
        let syncs: Vec<_> = syncs.collect();
        let synced = stream::iter(syncs).buffer_unordered(AT_ONCE).try_collect::<()>().await;
        let mut state = self.state();
        if let Err(error) = synced {
            state.broken.insert(folder.to_owned(), error.to_string());
            return Err(error);
        }
        for (file, writing) in work.files {
            if state.unsynced.get(&file) == Some(&writing) {
                state.unsynced.remove(&file);
            }
        }
        if state.linked.len() + work.linked.len() > REMEMBERED {
            state.linked.clear();
            state.linked.insert(self.root.clone());
        }
        state.linked.extend(work.linked);
        Ok(())
    }

    fn work(&self, folder: &Path) -> io::Result<Work> {
        let state = self.state();
        let broken = state.broken.iter().find(|(broken, _)| broken.starts_with(folder) || folder.starts_with(broken));
        if let Some((_, cause)) = broken {
            return Err(io::Error::other(format!("a file of this folder could not be brought on disk before: {cause}")));
        }
        let mut work = Work::default();
        for file in below(state.unsynced.range(folder.to_owned()..).map(|(file, _)| file), folder) {
            work.files.push((file.clone(), state.unsynced[&file]));
            work.folders.extend(file.parent().map(Path::to_owned));
        }
        let leaves: Vec<_> = work.folders.iter().cloned().chain([folder.to_owned()]).collect();
        for leaf in leaves {
            let unlinked = leaf.ancestors().take_while(|above| above.starts_with(&self.root) && !state.linked.contains(*above));
            for above in unlinked {
                work.folders.extend(above.parent().map(Path::to_owned));
                work.linked.push(above.to_owned());
            }
        }
        Ok(work)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Of paths in their order, from a folder on, those that lie in it or are it.
fn below<'a>(paths: impl Iterator<Item = &'a PathBuf>, folder: &Path) -> Vec<PathBuf> {
    paths.take_while(|path| path.starts_with(folder)).cloned().collect()
}

/// Brings a file's bytes, or a folder's entries, on disk.
pub(super) fn sync(path: &Path) -> io::Result<()> {
    if cfg!(windows) && path.is_dir() {
        // There a folder cannot be opened, and NTFS keeps its own journal of names.
        return Ok(());
    }
    File::open(path)?.sync_all()
}

#[cfg(test)]
impl Ledger {
    /// Whether something in that folder is not on disk.
    pub(super) fn is_unsettled(&self, folder: &Path) -> bool {
        let work = self.work(folder).unwrap();
        !work.files.is_empty() || !work.folders.is_empty()
    }

    /// As after a failed sync.
    pub(super) fn lose(&self, folder: &Path) {
        self.state().broken.insert(folder.to_owned(), "lost in a test".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder(root: &Path, name: &str) -> PathBuf {
        let folder = root.join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn unsynced(ledger: &Ledger) -> Vec<PathBuf> {
        ledger.state().unsynced.keys().cloned().collect()
    }

    #[tokio::test]
    async fn settling_takes_a_folder_with_all_above_it_and_spares_others() {
        let root = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(root.path().to_owned());
        let (one, other) = (folder(root.path(), "r/id/u-1"), folder(root.path(), "r/id/u-11"));
        for file in [one.join("a"), folder(&one, "p=1").join("b"), other.join("c")] {
            fs::write(&file, "x").unwrap();
            ledger.written(file);
        }
        let work = ledger.work(&one).unwrap();
        let expected =
            ["", "r", "r/id", "r/id/u-1", "r/id/u-1/p=1"].map(|name| root.path().join(name).components().collect::<PathBuf>());
        assert_eq!(work.folders.iter().cloned().collect::<Vec<_>>(), expected);
        assert_eq!(work.files.len(), 2);
        ledger.settle(&one).await.unwrap();
        assert_eq!(unsynced(&ledger), [other.join("c")]);
        assert!(ledger.work(&one).unwrap().folders.is_empty(), "the second time there is nothing to do");
    }

    #[tokio::test]
    async fn what_is_written_while_it_is_synced_stays_unsynced() {
        let root = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(root.path().to_owned());
        let one = folder(root.path(), "u-1");
        fs::write(one.join("a"), "x").unwrap();
        ledger.written(one.join("a"));
        let settling = ledger.settle(&one);
        futures::pin_mut!(settling);
        assert!(futures::poll!(settling.as_mut()).is_pending(), "the work is taken, the answer outstanding");
        ledger.written(one.join("a"));
        settling.await.unwrap();
        assert_eq!(unsynced(&ledger), [one.join("a")]);
    }

    #[tokio::test]
    async fn a_folder_that_lost_something_never_settles_until_it_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(root.path().to_owned());
        let gone = root.path().join("r/u-1");
        ledger.settle(&gone).await.unwrap_err();
        fs::create_dir_all(&gone).unwrap();
        let error = ledger.settle(&gone).await.unwrap_err();
        assert!(error.to_string().contains("before"), "{error}");
        ledger.forget(&gone);
        ledger.settle(&gone).await.unwrap();
    }

    #[tokio::test]
    async fn a_removed_file_is_not_missed() {
        let root = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(root.path().to_owned());
        ledger.written(root.path().join("removed"));
        ledger.settle(root.path()).await.unwrap();
        assert!(unsynced(&ledger).is_empty());
    }
}
