//! Reading: whole, in part, and what there is. Never more in memory than a piece or a given limit.

use std::io::SeekFrom;
use std::ops::Range;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{GetOptions, GetRange, GetResult, GetResultPayload, ObjectMeta};
use outflow_core::key::{AttemptPlace, StorageKey};
use outflow_core::{Code, Error, Result, Timestamp};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use crate::error::{from_io, from_object_store};
use crate::storage::{Backend, Storage};

/// How much of a file is in memory at a time, while it is handed out.
const PIECE: usize = 256 * 1024;

/// What is known of a file without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStat {
    /// Its bytes.
    pub size: u64,
    /// When it was last written.
    pub last_modified: Timestamp,
    /// A strong validator, quoted as a header has it: it changes whenever the bytes do.
    pub etag: String,
}

impl Storage {
    /// What is known of a file; `None` when there is none.
    ///
    /// # Errors
    /// `storage_denied`, `storage_unavailable`: then it is not known whether there is one.
    pub async fn stat(&self, key: &StorageKey) -> Result<Option<FileStat>> {
        match self.objects.get_opts(&self.path_of(key)?, GetOptions::new().with_head(true)).await {
            Ok(result) => Ok(Some(self.stat_of(&result.meta))),
            Err(error) => match from_object_store(error, &format!("looking at `{}`", key.path())) {
                missing if missing.code() == Code::NotFound => Ok(None),
                error => Err(error),
            },
        }
    }

    /// The size of a file; `None` when there is none.
    ///
    /// # Errors
    /// As [`stat`](Self::stat).
    pub async fn head(&self, key: &StorageKey) -> Result<Option<u64>> {
        Ok(self.stat(key).await?.map(|stat| stat.size))
    }

    /// A whole, small file.
    ///
    /// # Errors
    /// `not_found`; `verification_failed` when it has more than `limit` bytes; else as [`stat`](Self::stat).
    pub async fn read(&self, key: &StorageKey, limit: u64) -> Result<Bytes> {
        let what = format!("reading `{}`", key.path());
        let result = self.get(key, GetOptions::new(), &what).await?;
        if result.meta.size > limit {
            let message =
                format!("`{}` has {} bytes, and no more than {limit} are read of such a file", key.path(), result.meta.size);
            return Err(Error::new(Code::VerificationFailed, message));
        }
        result.bytes().await.map_err(|error| from_object_store(error, &what))
    }

    /// The files of an attempt, by their names in its folder, in the order of the names. None at all is an empty list; what could not
    /// be listed is an error and never one.
    ///
    /// # Errors
    /// `storage_denied`, `storage_unavailable`.
    pub async fn list(&self, place: &AttemptPlace) -> Result<Vec<(String, u64)>> {
        let folder = StorageKey::Attempt(place.clone());
        let prefix = self.path_of(&folder)?;
        let listed = self.objects.list(Some(&prefix)).try_collect::<Vec<_>>().await;
        let found = listed.map_err(|error| from_object_store(error, &format!("listing `{}`", folder.path())))?;
        let name = |meta: &ObjectMeta| {
            meta.location.as_ref().strip_prefix(prefix.as_ref()).map(|name| name.trim_start_matches('/').to_owned())
        };
        let mut files: Vec<_> = found.iter().filter_map(|meta| Some((name(meta)?, meta.size))).collect();
        files.sort_unstable();
        Ok(files)
    }

    /// The bytes of a part of a file, or all of it, a piece at a time. Goes on when the file is deleted meanwhile.
    ///
    /// # Errors
    /// `not_found`, also when the file is not the one of `stat` any more; else as [`stat`](Self::stat). An item of the stream is an
    /// error when the file ends too early: what came before it is not the whole.
    pub async fn open_range(
        &self,
        key: &StorageKey,
        stat: &FileStat,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let what = format!("reading `{}`", key.path());
        if range.is_empty() {
            return Ok(stream::empty().boxed());
        }
        let result = self.get(key, GetOptions::new().with_range(Some(GetRange::Bounded(range.clone()))), &what).await?;
        if self.stat_of(&result.meta) != *stat {
            return Err(Error::new(Code::NotFound, format!("{what}: the file was replaced meanwhile; ask again")));
        }
        let length = range.end.saturating_sub(range.start);
        let pieces = match result.payload {
            GetResultPayload::File(file, _) => {
                let mut file = tokio::fs::File::from_std(file);
                file.seek(SeekFrom::Start(range.start)).await.map_err(|error| from_io(error, &what))?;
                let said = what.clone();
                ReaderStream::with_capacity(file.take(length), PIECE).map_err(move |error| from_io(error, &said)).boxed()
            }
            GetResultPayload::Stream(pieces) => {
                let said = what.clone();
                let pieces = pieces.map_err(move |error| from_object_store(error, &said));
                pieces.map_ok(|piece| stream::iter(cut(piece).map(Ok))).try_flatten().boxed()
            }
        };
        Ok(whole(pieces, length, what))
    }

    /// Deletes a single file, as the parts of one that was joined. Idempotent.
    ///
    /// # Errors
    /// `storage_denied`, `storage_unavailable`.
    pub async fn delete(&self, key: &StorageKey) -> Result<()> {
        let path = self.path_of(key)?;
        let deleted = self.objects.delete_stream(stream::once(async move { Ok(path) }).boxed()).try_collect::<Vec<_>>().await;
        match deleted.map_err(|error| from_object_store(error, &format!("deleting `{}`", key.path()))) {
            Err(error) if error.code() != Code::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn stat_of(&self, meta: &ObjectMeta) -> FileStat {
        let written = || format!("\"{:x}-{:x}\"", meta.size, meta.last_modified.timestamp_nanos_opt().unwrap_or_default());
        let etag = match (&self.backend, &meta.e_tag) {
            (Backend::S3(_), Some(etag)) => etag.clone(),
            _ => written(),
        };
        FileStat { size: meta.size, last_modified: meta.last_modified, etag }
    }

    pub(crate) async fn get(&self, key: &StorageKey, options: GetOptions, what: &str) -> Result<GetResult> {
        self.objects.get_opts(&self.path_of(key)?, options).await.map_err(|error| from_object_store(error, what))
    }
}

/// A connection gives as much at a time as it likes.
fn cut(bytes: Bytes) -> impl Iterator<Item = Bytes> {
    let starts = (0..bytes.len()).step_by(PIECE);
    starts.map(move |start| bytes.slice(start..bytes.len().min(start + PIECE)))
}

/// The same pieces, and an error at the end when they are fewer bytes than announced: a download that breaks off is seen to.
fn whole(pieces: BoxStream<'static, Result<Bytes>>, length: u64, what: String) -> BoxStream<'static, Result<Bytes>> {
    let counted = stream::unfold((pieces, Some(length), what), |(mut pieces, missing, what)| async move {
        let missing = missing?;
        match pieces.next().await {
            Some(Ok(piece)) => {
                let missing = missing.saturating_sub(piece.len() as u64);
                Some((Ok(piece), (pieces, Some(missing), what)))
            }
            Some(Err(error)) => Some((Err(error), (pieces, None, what))),
            None if missing == 0 => None,
            None => {
                let error = Error::new(Code::StorageUnavailable, format!("{what}: it ends {missing} bytes too early"));
                Some((Err(error), (pieces, None, what)))
            }
        }
    });
    counted.boxed()
}

#[cfg(test)]
mod tests;
