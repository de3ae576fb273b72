//! Joining: many files become one, in the order given, with something before them if need be.
//!
//! Bytes are put behind bytes: what may be joined (text, gzip members) is the caller's to know. Only a file whose header line is to be left
//! out is looked into, as far as that line's gzip member goes.

mod bucket;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use bzip2::write::BzEncoder;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use object_store::path::Path;
use outflow_core::key::StorageKey;
use outflow_core::options::Compression;
use outflow_core::{Code, Error, Result};

use crate::error::from_write;
use crate::local::LocalFolder;
use crate::storage::{Backend, Storage};

/// How much is copied between two looks whether the copy is still wanted.
const STRETCH: u64 = 64 * 1024 * 1024;

/// A piece of the file that a join makes.
#[derive(Debug, Clone)]
pub enum JoinPart {
    /// Bytes, compressed already if the file is: a byte order mark and a header, for instance.
    Bytes(Bytes),
    /// A whole file.
    File(StorageKey),
    /// A file without the text that it begins with, which is that of the first file again.
    Rest {
        /// The file.
        key: StorageKey,
        /// What it begins with, as text.
        head: Bytes,
        /// How the file is compressed: gzip or not at all.
        compression: Compression,
    },
}

impl Storage {
    /// Makes one file of many and gives its size. The parts stay. It is on disk when this answers; a crash, an error or a drop while
    /// it is copied leaves nothing, and repeating it gives the same file. Inside S3 it is S3 that copies: what passes through us is in
    /// `s3`, the module.
    ///
    /// # Errors
    /// `not_found` when a part is missing; `verification_failed` when one does not begin with what is to be left out; `single_file_too_large`
    /// when S3 takes no file of so many parts or of that size; `storage_full`, `storage_denied`, `storage_unavailable`.
    pub async fn join(&self, parts: &[JoinPart], target: &StorageKey) -> Result<u64> {
        self.sums.forget(&self.path_of(target)?);
        match &self.backend {
            Backend::Folder(folder) => self.join_in_folder(folder, parts, target).await,
            Backend::S3(bucket) => self.join_in_bucket(bucket, parts, target).await,
        }
    }

    async fn join_in_folder(&self, folder: &LocalFolder, parts: &[JoinPart], target: &StorageKey) -> Result<u64> {
        let mut sources = Vec::with_capacity(parts.len());
        for part in parts {
            sources.push(match part {
                JoinPart::Bytes(bytes) => Source::Bytes(bytes.clone()),
                JoinPart::File(key) => Source::File(self.path_of_part(key).await?),
                JoinPart::Rest { compression: compression @ (Compression::Zstd | Compression::Bzip2), .. } => {
                    return Err(not_without_its_beginning(*compression));
                }
                JoinPart::Rest { key, head, compression } => Source::Rest {
                    path: self.path_of_part(key).await?,
                    head: head.clone(),
                    is_gzip: *compression == Compression::Gzip,
                },
            });
        }
        let wanted = Wanted(Arc::new(AtomicBool::new(true)));
        let (reads, flag) = (folder.clone(), Arc::clone(&wanted.0));
        let joined = folder.publish(&self.path_of(target)?, move |file| copy(&reads, &sources, file, &flag)).await;
        joined.map_err(|error| match error.get_ref().and_then(|inner| inner.downcast_ref::<OtherHead>()) {
            Some(other) => Error::new(Code::VerificationFailed, other.to_string()),
            None => from_write(error, &format!("joining {} parts into `{}`", parts.len(), target.path())),
        })
    }

    async fn path_of_part(&self, key: &StorageKey) -> Result<Path> {
        match self.head(key).await? {
            Some(_) => self.path_of(key),
            None => Err(missing(key)),
        }
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
        Compression::Bzip2 => {
            let mut encoder = BzEncoder::new(Vec::new(), bzip2::Compression::best());
            encoder.write_all(bytes).and_then(|()| encoder.finish())
        }
    };
    compressed.map_err(|error| {
        Error::new(Code::Internal, format!("compressing with {} failed", compression.as_str())).with_source(error)
    })
}

fn missing(key: &StorageKey) -> Error {
    Error::new(Code::NotFound, format!("`{}`, which is to be joined, is not there", key.path()))
}

fn not_without_its_beginning(compression: Compression) -> Error {
    Error::new(Code::Internal, format!("a {} file cannot be joined without its beginning", compression.as_str()))
}

#[derive(Debug)]
enum Source {
    Bytes(Bytes),
    File(Path),
    Rest { path: Path, head: Bytes, is_gzip: bool },
}

/// A file does not begin with what is to be left out.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` does not begin with the header of the first part, so it cannot be joined to it")]
struct OtherHead(Path);

/// Whether anybody waits for the copy: the thread that makes it cannot be stopped from outside.
#[derive(Debug)]
struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

fn copy(folder: &LocalFolder, sources: &[Source], mut target: &File, wanted: &AtomicBool) -> io::Result<u64> {
    for source in sources {
        match source {
            Source::Bytes(bytes) => target.write_all(bytes)?,
            Source::File(path) => in_stretches(&mut folder.open_file(path)?, &mut target, wanted)?,
            Source::Rest { path, head, is_gzip: false } => {
                let mut file = folder.open_file(path)?;
                skip(&mut file, head, path)?;
                in_stretches(&mut file, &mut target, wanted)?;
            }
            Source::Rest { path, head, is_gzip: true } => {
                let mut file = BufReader::with_capacity(1 << 20, folder.open_file(path)?);
                shorten(&mut file, &mut target, head, path, wanted)?;
            }
        }
    }
    Ok(target.metadata()?.len())
}

/// Copies a gzip file without the text that it begins with: its first member is compressed anew.
fn shorten(file: &mut impl BufRead, target: &mut impl Write, head: &[u8], path: &Path, wanted: &AtomicBool) -> io::Result<()> {
    let mut member = GzDecoder::new(&mut *file);
    skip(&mut member, head, path)?;
    let mut shorter = GzEncoder::new(&mut *target, flate2::Compression::default());
    in_stretches(&mut member, &mut shorter, wanted)?;
    shorter.finish()?;
    in_stretches(file, target, wanted)
}

/// Copies all that is left, looking before, now and then, and after whether it is still wanted. Between two files the standard library lets the kernel copy.
fn in_stretches(source: &mut impl Read, target: &mut impl Write, wanted: &AtomicBool) -> io::Result<()> {
    let is_wanted = || match wanted.load(Ordering::Relaxed) {
        true => Ok(()),
        false => Err(io::Error::other("nobody waits for the joined file any more")),
    };
    is_wanted()?;
    while io::copy(&mut source.take(STRETCH), target)? == STRETCH {
        is_wanted()?;
    }
    is_wanted()
}

fn skip(source: &mut impl Read, head: &[u8], path: &Path) -> io::Result<()> {
    let mut begun = Vec::with_capacity(head.len());
    source.take(head.len() as u64).read_to_end(&mut begun)?;
    if begun == head { Ok(()) } else { Err(io::Error::other(OtherHead(path.clone()))) }
}

#[cfg(test)]
mod tests;
