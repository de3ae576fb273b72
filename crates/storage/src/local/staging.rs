//! Files on their way: they are written in a folder of their own and moved into place whole, so that nothing half-written has a name.
//!
//! Each is locked by its writer for as long as it is written. A crash frees the lock and leaves the file, and the next start sweeps it;
//! what another process is writing it leaves alone. File systems without locks keep what is left until its attempt is deleted.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Its name in the root of the storage. No key begins with it.
pub(super) const FOLDER: &str = ".staging";

/// Where files are written before they have a name.
#[derive(Debug)]
pub(super) struct Staging {
    folder: PathBuf,
    process: String,
    next: AtomicU64,
}

/// A file that is being written. Dropped before it is in its place, it is removed.
#[derive(Debug)]
pub(super) struct Staged {
    path: PathBuf,
    file: Option<File>,
}

impl Staging {
    /// Makes the folder in `root`, if it is not there.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let folder = root.join(FOLDER);
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, process: format!("{:016x}", rand::random::<u64>()), next: AtomicU64::new(0) })
    }

    /// A new, empty file for something below the attempt's folder of that name.
    pub(super) fn create(&self, attempt: &str) -> io::Result<Staged> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        // A name that ends in `#` and digits is one that object_store never lists.
        let path = self.folder.join(format!("{attempt}.{}-{number}#0", self.process));
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        let staged = Staged { path, file: Some(file) };
        match staged.file().try_lock() {
            Err(TryLockError::WouldBlock) => Err(io::Error::other("somebody else locked a file that was just made")),
            // Where there are no locks, nobody sweeps either.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(staged),
        }
    }

    /// Removes what dead processes left, and gives how many files that were.
    pub(super) fn sweep(&self) -> io::Result<usize> {
        let mut swept = 0;
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let Ok(file) = OpenOptions::new().write(true).open(&path) else { continue };
            if file.try_lock().is_ok() && fs::remove_file(&path).is_ok() {
                swept += 1;
            }
        }
        Ok(swept)
    }

    /// Removes what is on its way into that attempt's folder, whoever writes it: it will not find its file again and fail.
    pub(super) fn discard(&self, attempt: &str) -> io::Result<()> {
        let prefix = format!("{attempt}.");
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix)) {
                ignore_missing(fs::remove_file(entry.path()))?;
            }
        }
        Ok(())
    }
}

impl Staged {
    /// The file, to write to.
    pub(super) fn file(&self) -> &File {
        self.file.as_ref().expect("the file is there until it is moved")
    }

    /// Moves it to `target`, over whatever is there. From now on it has a name; whether it outlasts a power cut is not decided here.
    pub(super) fn rename(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.file = None;
        Ok(())
    }

    /// Removes it at once; to drop it may leave that to another thread.
    pub(super) fn discard(mut self) -> io::Result<()> {
        self.file = None;
        fs::remove_file(&self.path)
    }

    /// Moves it to `target` unless something is there.
    pub(super) fn rename_new(self, target: &Path) -> io::Result<()> {
        fs::hard_link(&self.path, target)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        let Some(file) = self.file.take() else { return };
        let path = std::mem::take(&mut self.path);
        let remove = move || {
            // What cannot be removed now is swept at the next start.
            let _ = fs::remove_file(&path);
            drop(file);
        };
        // Removing a large file takes its time, and this may be the drop of a future.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(remove)),
            Err(_) => remove(),
        }
    }
}

/// Nothing to remove is as good as removed.
pub(super) fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn names(root: &Path) -> Vec<String> {
        fs::read_dir(root.join(FOLDER)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn what_is_dropped_is_removed_and_what_is_moved_stays() {
        let root = tempfile::tempdir().unwrap();
        let staging = Staging::open(root.path()).unwrap();
        let staged = staging.create("a-1").unwrap();
        staged.file().write_all(b"whole").unwrap();
        drop(staging.create("a-1").unwrap());
        staged.rename(&root.path().join("file")).unwrap();
        assert_eq!(fs::read(root.path().join("file")).unwrap(), b"whole");
        assert!(names(root.path()).is_empty());
    }

    #[test]
    fn only_what_nobody_writes_is_swept() {
        let root = tempfile::tempdir().unwrap();
        let staging = Staging::open(root.path()).unwrap();
        let alive = staging.create("a-1").unwrap();
        fs::write(root.path().join(FOLDER).join("b-1.dead-0#0"), "left by a crash").unwrap();
        // Another process at the same folder.
        let other = Staging::open(root.path()).unwrap();
        assert_eq!(other.sweep().unwrap(), 1);
        alive.rename(&root.path().join("file")).unwrap();
        assert!(names(root.path()).is_empty());
    }

    #[test]
    fn discarding_an_attempt_spares_the_one_whose_name_begins_alike() {
        let root = tempfile::tempdir().unwrap();
        let staging = Staging::open(root.path()).unwrap();
        let (first, eleventh) = (staging.create("a-1").unwrap(), staging.create("a-11").unwrap());
        staging.discard("a-1").unwrap();
        assert_eq!(first.rename(&root.path().join("first")).unwrap_err().kind(), io::ErrorKind::NotFound);
        eleventh.rename(&root.path().join("eleventh")).unwrap();
    }

    #[test]
    fn a_new_file_never_replaces_another() {
        let root = tempfile::tempdir().unwrap();
        let staging = Staging::open(root.path()).unwrap();
        let target = root.path().join("file");
        staging.create("a-1").unwrap().rename_new(&target).unwrap();
        assert_eq!(staging.create("a-1").unwrap().rename_new(&target).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert!(names(root.path()).is_empty());
    }
}
