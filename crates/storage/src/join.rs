//! Joining: many files become one, in the order given, with something before them if need be.
//!
//! Bytes are put behind bytes and nothing is looked into: what may be joined (text, gzip members) is the caller's to know.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use flate2::write::GzEncoder;
use object_store::path::Path;
use outflow_core::key::StorageKey;
use outflow_core::options::Compression;
use outflow_core::{Code, Error, Result};

use crate::error::from_write;
use crate::local::LocalFolder;
use crate::storage::{Storage, path_of};

/// How much is copied between two looks whether the copy is still wanted.
const STRETCH: u64 = 64 * 1024 * 1024;

/// A piece of the file that a join makes.
#[derive(Debug, Clone)]
pub enum JoinPart {
    /// Bytes, compressed already if the file is: a byte order mark and a header, for instance.
    Bytes(Bytes),
    /// A whole file.
    File(StorageKey),
}

impl Storage {
    /// Makes one file of many and gives its size. The parts stay. It is on disk when this answers; a crash, an error or a drop while
    /// it is copied leaves nothing, and repeating it gives the same file.
    ///
    /// # Errors
    /// `not_found` when a part is missing; `storage_full`, `storage_denied`, `storage_unavailable`.
    pub async fn join(&self, parts: &[JoinPart], target: &StorageKey) -> Result<u64> {
        let mut sources = Vec::with_capacity(parts.len());
        for part in parts {
            sources.push(match part {
                JoinPart::Bytes(bytes) => Source::Bytes(bytes.clone()),
                JoinPart::File(key) => {
                    if self.head(key).await?.is_none() {
                        return Err(Error::new(Code::NotFound, format!("`{}`, which is to be joined, is not there", key.path())));
                    }
                    Source::File(path_of(key)?)
                }
            });
        }
        let wanted = Wanted(Arc::new(AtomicBool::new(true)));
        let (folder, flag) = (self.folder.clone(), Arc::clone(&wanted.0));
        let joined = self.folder.publish(&path_of(target)?, move |file| copy(&folder, &sources, file, &flag)).await;
        joined.map_err(|error| from_write(error, &format!("joining {} parts into `{}`", parts.len(), target.path())))
    }
}

/// Compresses bytes so that they can be joined before others of the same compression. The same bytes give the same bytes.
///
/// # Errors
/// `internal`, when the compressor fails.
pub fn compress(bytes: &[u8], compression: Compression) -> Result<Vec<u8>> {
    let compressed = match compression {
        Compression::None => Ok(bytes.to_vec()),
        Compression::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(bytes).and_then(|()| encoder.finish())
        }
        Compression::Zstd => zstd::bulk::compress(bytes, zstd::DEFAULT_COMPRESSION_LEVEL),
    };
    compressed.map_err(|error| {
        Error::new(Code::Internal, format!("compressing with {} failed", compression.as_str())).with_source(error)
    })
}

#[derive(Debug)]
enum Source {
    Bytes(Bytes),
    File(Path),
}

/// Whether anybody waits for the copy: the thread that makes it cannot be stopped from outside.
#[derive(Debug)]
struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

fn copy(folder: &LocalFolder, sources: &[Source], mut target: &File, wanted: &AtomicBool) -> io::Result<u64> {
    let mut size = 0;
    for source in sources {
        match source {
            Source::Bytes(bytes) => {
                target.write_all(bytes)?;
                size += bytes.len() as u64;
            }
            Source::File(path) => {
                let mut file = folder.open_file(path)?;
                loop {
                    if !wanted.load(Ordering::Relaxed) {
                        return Err(io::Error::other("nobody waits for the joined file any more"));
                    }
                    // Between two files, the standard library lets the kernel copy.
                    let copied = io::copy(&mut (&mut file).take(STRETCH), &mut target)?;
                    size += copied;
                    if copied < STRETCH {
                        break;
                    }
                }
            }
        }
    }
    Ok(size)
}

#[cfg(test)]
mod tests;
