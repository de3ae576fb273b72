//! What a power cut would still take away: files and folders that have a name and are not known to be on disk.
//!
//! A file that is written through the object store is not synced by itself: it is written down here, and [`Ledger::settle`] syncs all of
//! a folder at once, so that the file system makes one commit of them (measured on ext4: a third of the time that syncing each costs).
//! Nobody trusts such a file before that: what the service stands for begins with a receipt, and putting it settles its folder first.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use super::staging::ignore_missing;

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
    /// Folders with names of such files in them, and the folder itself.
    named: BTreeSet<PathBuf>,
    /// Folders above them with names of folders in them that may be new.
    above: BTreeSet<PathBuf>,
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

    /// Brings on disk all that lies in a folder, and the folder itself. Repeating it is cheap and changes nothing. Blocks.
    ///
    /// # Errors
    /// When something could not be written: then it is lost, and every later call for that folder fails too until it is removed.
    pub(super) fn settle(&self, folder: &Path) -> io::Result<()> {
        self.settle_around(folder, || Ok(()))
    }

    /// As [`settle`](Self::settle), with one more step: `last` runs when every file in the folder is on disk, and the names in it,
    /// those that `last` makes too, are brought there after it.
    pub(super) fn settle_around(&self, folder: &Path, last: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let work = self.work(folder)?;
        let lost = |error: io::Error| {
            self.state().broken.insert(folder.to_owned(), error.to_string());
            error
        };
        // One behind the other: the first makes the file system's commit, which has the others in it.
        work.files.iter().try_for_each(|(file, _)| ignore_missing(sync(file))).map_err(lost)?;
        work.above.iter().try_for_each(|above| sync(above)).map_err(lost)?;
        last()?;
        work.named.iter().try_for_each(|named| sync(named)).map_err(lost)?;
        let mut state = self.state();
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
        let mut work = Work { named: BTreeSet::from([folder.to_owned()]), ..Work::default() };
        for file in below(state.unsynced.range(folder.to_owned()..).map(|(file, _)| file), folder) {
            work.named.extend(file.parent().map(Path::to_owned));
            work.files.push((file.clone(), state.unsynced[&file]));
        }
        for named in &work.named {
            for unlinked in named.ancestors().take_while(|above| above.starts_with(&self.root) && !state.linked.contains(*above))
            {
                work.above.extend(unlinked.parent().map(Path::to_owned));
                work.linked.push(unlinked.to_owned());
            }
        }
        work.above.retain(|above| !work.named.contains(above));
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
    File::open(path)?.sync_all()?;
    #[cfg(test)]
    SYNCED.with_borrow_mut(|synced| synced.push(path.to_owned()));
    Ok(())
}

#[cfg(test)]
thread_local! {
    /// What this thread brought on disk, in its order.
    pub(super) static SYNCED: std::cell::RefCell<Vec<PathBuf>> = const { std::cell::RefCell::new(Vec::new()) };
}

#[cfg(test)]
impl Ledger {
    /// Whether something in that folder is not on disk.
    pub(super) fn is_unsettled(&self, folder: &Path) -> bool {
        let work = self.work(folder).unwrap();
        !work.files.is_empty() || !work.linked.is_empty()
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

    #[test]
    fn settling_takes_a_folder_with_all_above_it_and_spares_others() {
        let root = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(root.path().to_owned());
        let (one, other) = (folder(root.path(), "r/id/u-1"), folder(root.path(), "r/id/u-11"));
        for file in [one.join("a"), folder(&one, "p=1").join("b"), other.join("c")] {
            fs::write(&file, "x").unwrap();
            ledger.written(file);
        }
        let work = ledger.work(&one).unwrap();
        let paths = |names: &[&str]| {
            names.iter().map(|name| root.path().join(name).components().collect()).collect::<BTreeSet<PathBuf>>()
        };
        assert_eq!((work.above, work.named), (paths(&["", "r", "r/id"]), paths(&["r/id/u-1", "r/id/u-1/p=1"])));
        assert_eq!(work.files.len(), 2);
        ledger.settle(&one).unwrap();
        assert_eq!(unsynced(&ledger), [other.join("c")]);
        assert!(!ledger.is_unsettled(&one), "the second time there is nothing to do");
    }

    #[test]
    fn what_is_written_while_it_is_synced_stays_unsynced() {
        let root = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(root.path().to_owned());
        let one = folder(root.path(), "u-1");
        fs::write(one.join("a"), "x").unwrap();
        ledger.written(one.join("a"));
        ledger.written(one.join("b"));
        let again = || {
            ledger.written(one.join("a"));
            Ok(())
        };
        ledger.settle_around(&one, again).unwrap();
        assert_eq!(unsynced(&ledger), [one.join("a")]);
    }

    #[test]
    fn a_last_step_that_fails_loses_nothing() {
        let root = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(root.path().to_owned());
        ledger.written(root.path().join("a"));
        ledger.settle_around(root.path(), || Err(io::ErrorKind::StorageFull.into())).unwrap_err();
        assert_eq!(unsynced(&ledger), [root.path().join("a")]);
        ledger.settle(root.path()).unwrap();
    }

    #[test]
    fn a_folder_that_lost_something_never_settles_until_it_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(root.path().to_owned());
        let gone = root.path().join("r/u-1");
        ledger.settle(&gone).unwrap_err();
        fs::create_dir_all(&gone).unwrap();
        let error = ledger.settle(&gone).unwrap_err();
        assert!(error.to_string().contains("before"), "{error}");
        ledger.forget(&gone);
        ledger.settle(&gone).unwrap();
    }

    #[test]
    fn a_removed_file_is_not_missed() {
        let root = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(root.path().to_owned());
        ledger.written(root.path().join("removed"));
        ledger.settle(root.path()).unwrap();
        assert!(unsynced(&ledger).is_empty());
    }
}
