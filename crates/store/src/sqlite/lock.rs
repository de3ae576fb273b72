//! The lock file beside a database: one service at a time, whatever the database's own locks would allow.
//!
//! The lock belongs to the open file and so ends with the process, however it ends; the file itself stays and means nothing.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use outflow_core::{Code, Error, Result};

/// How long a store of this very process may take to let go of the file after it was dropped.
const OWN_PATIENCE: Duration = Duration::from_secs(2);

/// Held as long as the value lives.
#[derive(Debug)]
pub(super) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Takes the lock of the database at `path`.
    ///
    /// # Errors
    /// `store_locked`, naming the file and the process that holds it.
    pub(super) async fn acquire(path: &Path) -> Result<Self> {
        let lock_path = beside(path);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&lock_path).map_err(|error| {
                let reason = error.kind();
                let message = format!(
                    "the lock file `{}` cannot be written: {reason}; look at the folder's permissions",
                    lock_path.display()
                );
                super::unusable(message).with_source(error)
            })?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {
                    let holder = holder(&mut file);
                    let is_own = holder == Some(std::process::id());
                    if !is_own || began.elapsed() > OWN_PATIENCE {
                        return Err(locked(path, holder));
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Err(TryLockError::Error(error)) => {
                    let message = format!("the lock file `{}` cannot be locked; is it on a network drive", lock_path.display());
                    return Err(super::unusable(message).with_source(error));
                }
            }
        }
        sign(&mut file).map_err(|error| {
            super::unusable(format!("the lock file `{}` cannot be written", lock_path.display())).with_source(error)
        })?;
        Ok(Self { _file: file })
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

fn sign(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "{}", std::process::id())
}

/// The process that signed, if it has got that far.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn locked(path: &Path, holder: Option<u32>) -> Error {
    let who = holder.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
    let file = path.display();
    Error::new(
        Code::StoreLocked,
        format!("the state table `{file}` is in use by {who}; stop it, or give this service another file"),
    )
}
