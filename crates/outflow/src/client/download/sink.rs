//! Where the bytes of a download go, and the checksum of what has gone there.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use outflow_api::ChecksumView;
use outflow_core::receipt::ChecksumAlgorithm;

use crate::checksum::Running;
use crate::exit::{CliError, Exit, Result};

/// A file that is not whole yet, or a stream, which takes each byte once.
#[derive(Debug)]
pub(super) struct Sink {
    place: Place,
    checksum: Running,
    written: u64,
}

#[derive(Debug)]
enum Place {
    Stdout,
    Stream { file: File, path: PathBuf },
    Part { file: File, path: PathBuf },
}

impl Sink {
    /// Standard output, which cannot be taken back.
    pub(super) fn stdout(algorithm: ChecksumAlgorithm) -> Self {
        Self { place: Place::Stdout, checksum: Running::new(algorithm), written: 0 }
    }

    /// What lies at `path` and is no file: a pipe, a device. It is opened and written to as it is, and waited for until somebody reads.
    pub(super) async fn stream(path: &Path, algorithm: ChecksumAlgorithm) -> Result<Self> {
        let (sender, opened) = tokio::sync::oneshot::channel();
        let named = path.to_owned();
        // A thread of its own: opening a pipe takes until it has a reader, and must not keep the process from ending before.
        std::thread::spawn(move || sender.send(OpenOptions::new().write(true).open(named)));
        let opened = opened.await.unwrap_or_else(|_| Err(io::Error::other("opening it broke off")));
        let file = opened.map_err(|error| CliError::file("write", path, &error))?;
        Ok(Self { place: Place::Stream { file, path: path.to_owned() }, checksum: Running::new(algorithm), written: 0 })
    }

    /// The unfinished file beside `path`, with what it holds from an earlier time. Its name carries the checksum, so that it is never
    /// mistaken for part of another result; it is locked, so that two downloads do not mix in it.
    pub(super) fn part(path: &Path, expected: &ChecksumView) -> Result<Self> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let part = path.with_file_name(format!(".{name}.{}.part", expected.value.get(..12).unwrap_or(&expected.value)));
        let failed = |what: &str, error: &io::Error| CliError::file(what, &part, error);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&part)
            .map_err(|error| failed("write", &error))?;
        if let Err(std::fs::TryLockError::WouldBlock) = file.try_lock() {
            return Err(CliError::new(Exit::Conflict, format!("another process is downloading `{}`", path.display())));
        }
        let mut checksum = Running::new(expected.algorithm);
        let mut buffer = vec![0; 256 * 1024];
        let mut written = 0;
        loop {
            let count = file.read(&mut buffer).map_err(|error| failed("read", &error))?;
            if count == 0 {
                break;
            }
            checksum.update(&buffer[..count]);
            written += count as u64;
        }
        Ok(Self { place: Place::Part { file, path: part }, checksum, written })
    }

    /// How many bytes of the file are there.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// The checksum of what is there, in lowercase hexadecimal.
    pub(super) fn checksum(&self) -> String {
        self.checksum.value()
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.place {
            Place::Stdout => io::stdout().lock().write_all(bytes)?,
            Place::Stream { file, path } => file.write_all(bytes).map_err(|error| match error.kind() {
                // As with standard output.
                io::ErrorKind::BrokenPipe => CliError::from(error),
                _ => CliError::file("write", path, &error),
            })?,
            Place::Part { file, path } => file.write_all(bytes).map_err(|error| CliError::file("write", path, &error))?,
        }
        self.checksum.update(bytes);
        self.written += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        match &mut self.place {
            Place::Stdout => Ok(io::stdout().lock().flush()?),
            Place::Stream { .. } => Ok(()),
            Place::Part { file, path } => file.sync_data().map_err(|error| CliError::file("write", path, &error)),
        }
    }

    /// Prepares for an answer that begins at the first byte. A file begins anew; of a stream, which has its bytes already, it gives how
    /// many to leave out.
    pub(super) fn rewind(&mut self) -> Result<u64> {
        if self.restart()? { Ok(0) } else { Ok(self.written) }
    }

    /// Empties a file; a stream cannot be.
    pub(super) fn restart(&mut self) -> Result<bool> {
        let Place::Part { file, path } = &mut self.place else { return Ok(false) };
        let emptied = file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0)));
        emptied.map_err(|error| CliError::file("write", path, &error))?;
        self.checksum.reset();
        self.written = 0;
        Ok(true)
    }

    /// Removes a file that is of no use.
    pub(super) fn discard(&mut self) {
        if let Place::Part { path, .. } = &self.place {
            // If it stays, the next download finds out by the checksum.
            let _ = std::fs::remove_file(path);
        }
    }

    /// Gives a whole file its name, in one step, and without `force` only if nothing has it. What is no file is never replaced.
    pub(super) fn publish(self, to: &Path, force: bool) -> Result<()> {
        let Place::Part { path, .. } = &self.place else { return Ok(()) };
        if std::fs::symlink_metadata(to).is_ok_and(|found| !found.is_file() && !found.is_symlink()) {
            return Err(CliError::new(Exit::Conflict, format!("`{}` is there and is no file", to.display()))
                .hint("name another with `--out`"));
        }
        let named = if force {
            std::fs::rename(path, to)
        } else {
            match std::fs::hard_link(path, to) {
                Ok(()) => std::fs::remove_file(path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(super::in_the_way(to)),
                // A file system without hard links.
                Err(_) => std::fs::rename(path, to),
            }
        };
        named.map_err(|error| CliError::file("write", to, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello() -> ChecksumView {
        let value = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824".to_owned();
        ChecksumView { algorithm: ChecksumAlgorithm::Sha256, value }
    }

    #[test]
    fn a_part_goes_on_where_it_ended_and_appears_under_its_name_only_when_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.csv");
        let mut first = Sink::part(&path, &hello()).unwrap();
        first.write(b"hel").unwrap();
        drop(first);
        assert!(!path.exists());

        let mut second = Sink::part(&path, &hello()).unwrap();
        assert_eq!(second.written(), 3);
        second.write(b"lo").unwrap();
        assert_eq!(second.checksum(), hello().value);
        second.publish(&path, false).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"hello");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn nothing_is_overwritten_unless_it_is_wished() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.csv");
        std::fs::write(&path, "mine").unwrap();
        let mut sink = Sink::part(&path, &hello()).unwrap();
        sink.write(b"hello").unwrap();
        assert_eq!(sink.publish(&path, false).unwrap_err().exit(), Exit::Conflict);
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
        Sink::part(&path, &hello()).unwrap().publish(&path, true).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"hello");
    }

    #[test]
    fn what_is_no_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.csv");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        for force in [false, true] {
            assert_eq!(Sink::part(&path, &hello()).unwrap().publish(&path, force).unwrap_err().exit(), Exit::Conflict);
        }
        assert!(!std::fs::symlink_metadata(&path).unwrap().is_file());
    }

    #[test]
    fn two_downloads_do_not_mix() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.csv");
        let _first = Sink::part(&path, &hello()).unwrap();
        assert_eq!(Sink::part(&path, &hello()).unwrap_err().exit(), Exit::Conflict);
    }
}
