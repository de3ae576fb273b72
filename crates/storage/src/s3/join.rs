//! Joining inside S3: parts are copied there, and only what is too small for a part of its own passes through us.

mod plan;

use aws_sdk_s3::types::CompletedPart;
use bytes::{Bytes, BytesMut};
use futures::stream::{self, StreamExt, TryStreamExt};

pub(super) use self::plan::MOST_PARTS;
use self::plan::{Part, plan};
pub(crate) use self::plan::{Source, Stretch};
use super::upload::Begun;
use super::{Bucket, Failure};

/// How many parts S3 copies at once.
const COPIES: usize = 8;
/// How many parts pass through us at once; each is at most 10 MiB.
const GATHERED: usize = 2;

/// What a join made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Joined {
    /// An object of so many bytes, of which so many passed through us.
    Made { size: u64, through_us: u64 },
    /// Nothing: it would have more parts than S3 takes.
    TooMany,
}

impl Bucket {
    /// Makes one object of many pieces. An upload to the same key that an earlier run left is aborted first; this one is aborted
    /// whenever it does not come to its end.
    ///
    /// # Errors
    /// What keeps us from it; an object that was replaced meanwhile counts.
    pub(crate) async fn join(&self, sources: Vec<Source>, target: &str) -> Result<Joined, Failure> {
        self.abort_uploads(target, true).await?;
        let size = sources.iter().map(Source::length).sum();
        let parts = plan(sources);
        let through_us = parts.iter().map(Part::through_us).sum();
        if parts.len() > MOST_PARTS {
            return Ok(Joined::TooMany);
        }
        match parts.as_slice() {
            [] => drop(self.write(target, Bytes::new(), None).await?),
            [Part::Gathered(pieces)] => drop(self.write(target, self.gathered(pieces).await?, None).await?),
            parts => {
                let begun = self.begin(target).await?;
                match self.written(&begun, parts).await {
                    Ok(done) => drop(begun.complete(done, size).await?),
                    Err(failure) => {
                        // What could not be aborted here is so when the attempt is joined again or deleted.
                        let _ = begun.abort().await;
                        return Err(failure);
                    }
                }
            }
        }
        Ok(Joined::Made { size, through_us })
    }

    async fn written(&self, begun: &Begun, parts: &[Part]) -> Result<Vec<CompletedPart>, Failure> {
        let numbered = || (1_i32..).zip(parts);
        let copies = numbered().filter_map(|(number, part)| match part {
            Part::Copied(stretch) => Some(begun.copy(number, stretch)),
            Part::Gathered(_) => None,
        });
        let gathered = numbered().filter_map(|(number, part)| match part {
            Part::Copied(_) => None,
            Part::Gathered(pieces) => Some(async move { begun.write(number, self.gathered(pieces).await?).await }),
        });
        // Collected first: the compiler does not see that what borrows from the parts may go to another thread.
        let (copies, gathered): (Vec<_>, Vec<_>) = (copies.collect(), gathered.collect());
        let copies = stream::iter(copies).buffer_unordered(COPIES).try_collect::<Vec<_>>();
        let gathered = stream::iter(gathered).buffer_unordered(GATHERED).try_collect::<Vec<_>>();
        let (mut done, others) = futures::try_join!(copies, gathered)?;
        done.extend(others);
        Ok(done)
    }

    async fn gathered(&self, pieces: &[Source]) -> Result<Bytes, Failure> {
        let mut whole = BytesMut::new();
        for piece in pieces {
            match piece {
                Source::Bytes(bytes) => whole.extend_from_slice(bytes),
                Source::Object(Stretch { key, etag, range, .. }) => {
                    whole.extend_from_slice(&self.bytes(key, range.clone(), etag.clone()).await?);
                }
            }
        }
        Ok(whole.freeze())
    }
}
