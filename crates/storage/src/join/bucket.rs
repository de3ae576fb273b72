//! Joining in a bucket: what S3 is to copy, and what must be looked into first.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::GetOptions;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use outflow_core::key::StorageKey;
use outflow_core::options::Compression;
use outflow_core::{Code, Error, Result};
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::{JoinPart, OtherHead, Wanted, missing, not_without_its_beginning, shorten};
use crate::error::from_object_store;
use crate::read::FileStat;
use crate::s3::{Bucket, Joined, Source, Stretch};
use crate::storage::{Storage, stopped};

/// How many parts are looked at side by side.
const LOOKS: usize = 16;

/// A part that was looked at.
enum Looked<'a> {
    /// S3 can join it as it is.
    Ready(Source),
    /// It must be written anew before, without what it begins with.
    Anew { key: &'a StorageKey, head: &'a Bytes },
}

impl Storage {
    pub(super) async fn join_in_bucket(&self, bucket: &Bucket, parts: &[JoinPart], target: &StorageKey) -> Result<u64> {
        let what = format!("joining {} parts into `{}`", parts.len(), target.path());
        let mut shortened = Vec::new();
        let joined = match self.sources(bucket, parts, &mut shortened).await {
            Ok(sources) => bucket.join(sources, &self.whole_key(target)).await.map_err(|failure| failure.into_error(&what)),
            Err(error) => Err(error),
        };
        for rest in shortened {
            if let Err(error) = self.delete(&rest).await {
                tracing::warn!(error = error.chain(), "a copy without its header stays until its attempt is deleted");
            }
        }
        match joined? {
            Joined::Made { size, through_us } => {
                let found = self.head(target).await?;
                if found != Some(size) {
                    let found = found.map_or_else(|| "is not there".to_owned(), |found| format!("has {found} bytes"));
                    return Err(Error::new(Code::VerificationFailed, format!("{what}: it {found}, and its parts have {size}")));
                }
                tracing::info!(parts = parts.len(), size, through_us, "joined");
                Ok(size)
            }
            Joined::TooMany => {
                let message = format!("{what}: S3 takes no file of so many parts; send `singleFile` false");
                Err(Error::new(Code::SingleFileTooLarge, message))
            }
        }
    }

    /// What S3 is to join. Copies without their headers that are made for it are told as soon as they are there, whatever comes after.
    async fn sources(&self, bucket: &Bucket, parts: &[JoinPart], shortened: &mut Vec<StorageKey>) -> Result<Vec<Source>> {
        // Collected first: the compiler does not see that what borrows from the parts may go to another thread.
        let looks: Vec<_> = parts.iter().map(|part| self.look(bucket, part)).collect();
        let looked: Vec<Looked<'_>> = stream::iter(looks).buffered(LOOKS).try_collect().await?;
        let mut sources = Vec::with_capacity(parts.len());
        for piece in looked {
            sources.push(match piece {
                Looked::Ready(source) => source,
                Looked::Anew { key, head } => {
                    let rest = self.without_head(key, head.clone()).await?;
                    shortened.push(rest.clone());
                    Source::Object(self.stretch(&rest, 0).await?)
                }
            });
        }
        Ok(sources)
    }

    async fn look<'a>(&self, bucket: &Bucket, part: &'a JoinPart) -> Result<Looked<'a>> {
        Ok(Looked::Ready(match part {
            JoinPart::Bytes(bytes) => Source::Bytes(bytes.clone()),
            JoinPart::File(key) => Source::Object(self.stretch(key, 0).await?),
            JoinPart::Rest { key, head, compression: Compression::None } => {
                self.begins_with(bucket, key, head).await?;
                Source::Object(self.stretch(key, head.len() as u64).await?)
            }
            JoinPart::Rest { key, head, compression: Compression::Gzip } => return Ok(Looked::Anew { key, head }),
            JoinPart::Rest { compression, .. } => return Err(not_without_its_beginning(*compression)),
        }))
    }

    async fn stretch(&self, key: &StorageKey, from: u64) -> Result<Stretch> {
        let FileStat { size, etag, .. } = self.stat(key).await?.ok_or_else(|| missing(key))?;
        Ok(Stretch { key: self.whole_key(key), etag: Some(etag), range: from..size, size })
    }

    async fn begins_with(&self, bucket: &Bucket, key: &StorageKey, head: &Bytes) -> Result<()> {
        let other = || Error::new(Code::VerificationFailed, OtherHead(Path::from(key.path())).to_string());
        let stretch = self.stretch(key, 0).await?;
        if stretch.range.end < head.len() as u64 {
            return Err(other());
        }
        let begun = bucket.bytes(&stretch.key, 0..head.len() as u64, stretch.etag).await;
        let begun = begun.map_err(|failure| failure.into_error(&format!("reading `{}`", key.path())))?;
        if begun == *head { Ok(()) } else { Err(other()) }
    }

    /// Writes a gzip file without the text that it begins with, beside it. All of it passes through us, piece by piece. Nothing is written
    /// once nobody waits for it.
    async fn without_head(&self, key: &StorageKey, head: Bytes) -> Result<StorageKey> {
        let what = format!("leaving the header out of `{}`", key.path());
        let StorageKey::File(place, name) = key else { return Err(missing(key)) };
        let rest = StorageKey::File(place.clone(), format!("{name}.rest"));
        let result = self.get(key, GetOptions::new(), &what).await?;
        let source = SyncIoBridge::new(StreamReader::new(result.into_stream()));
        let mut target = SyncIoBridge::new(BufWriter::new(self.object_store(), self.path_of(&rest)?));
        let shown = self.path_of(key)?;
        let wanted = Wanted(Arc::new(AtomicBool::new(true)));
        let flag = Arc::clone(&wanted.0);
        let written = tokio::task::spawn_blocking(move || {
            let mut source = io::BufReader::with_capacity(1 << 20, source);
            shorten(&mut source, &mut target, &head, &shown, &flag)?;
            target.shutdown()
        });
        written.await.map_err(stopped)?.map_err(|error| {
            match error.get_ref().and_then(|inner| inner.downcast_ref::<OtherHead>()) {
                Some(other) => Error::new(Code::VerificationFailed, other.to_string()),
                None => {
                    let error = object_store::Error::Generic { store: "S3", source: Box::new(error) };
                    from_object_store(error, &what)
                }
            }
        })?;
        Ok(rest)
    }
}
