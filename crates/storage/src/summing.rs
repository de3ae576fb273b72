//! A store that sums what is written through it, so that a file which passed through this process need not be read again for its
//! checksum. A sum is that of the bytes as they were handed over, and counts only while the file has that size.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions,
    PutPayload, PutResult, RenameOptions, Result, UploadPart,
};
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

/// How many sums are remembered; the file of a forgotten one is read again.
const REMEMBERED: usize = 16_384;
/// Up to here a file is summed at once: handing it to another thread would take longer.
const AT_ONCE: usize = 64 << 10;

/// The SHA-256 of files that were written, by their places.
#[derive(Debug, Default)]
pub(crate) struct Sums(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Each with its number among all that were ever remembered.
    sums: HashMap<Path, (u64, Sum)>,
    /// Just those that are in `sums`.
    by_number: BTreeMap<u64, Path>,
    next: u64,
}

impl Known {
    fn forget(&mut self, location: &Path) {
        if let Some((number, _)) = self.sums.remove(location) {
            self.by_number.remove(&number);
        }
    }
}

/// What is known of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Its SHA-256.
    pub(crate) digest: [u8; 32],
}

impl Sums {
    /// What was written there last, if it is remembered.
    pub(crate) fn get(&self, location: &Path) -> Option<Sum> {
        self.known().sums.get(location).map(|(_, sum)| *sum)
    }

    /// Forgets what was written there: it is about to be written by other means.
    pub(crate) fn forget(&self, location: &Path) {
        self.known().forget(location);
    }

    /// Forgets what was written into that folder: it is deleted.
    pub(crate) fn forget_below(&self, folder: &Path) {
        let mut known = self.known();
        let Known { sums, by_number, .. } = &mut *known;
        by_number.retain(|_, location| {
            let stays = !location.prefix_matches(folder);
            if !stays {
                sums.remove(location);
            }
            stays
        });
    }

    fn remember(&self, location: &Path, sum: Sum) {
        let mut known = self.known();
        known.forget(location);
        let number = known.next;
        known.next += 1;
        known.sums.insert(location.clone(), (number, sum));
        known.by_number.insert(number, location.clone());
        while known.by_number.len() > REMEMBERED
            && let Some((_, oldest)) = known.by_number.pop_first()
        {
            known.sums.remove(&oldest);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A store whose written files are summed.
#[derive(Debug)]
pub(crate) struct Summing<S> {
    store: S,
    sums: Arc<Sums>,
}

impl<S> Summing<S> {
    /// Sums what is written to `store` through this.
    pub(crate) fn new(store: S, sums: Arc<Sums>) -> Self {
        Self { store, sums }
    }
}

impl<S: fmt::Display> fmt::Display for Summing<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

#[async_trait]
impl<S: ObjectStore> ObjectStore for Summing<S> {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.sums.forget(location);
        let written = payload.clone();
        let sum = async {
            Ok(if written.content_length() <= AT_ONCE {
                whole(&written)
            } else {
                spawn_blocking(move || whole(&written)).await?
            })
        };
        let (put, sum) = futures::try_join!(self.store.put_opts(location, payload, options), sum)?;
        self.sums.remember(location, sum);
        Ok(put)
    }

    async fn put_multipart_opts(&self, location: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.sums.forget(location);
        let upload = self.store.put_multipart_opts(location, options).await?;
        Ok(Box::new(Upload { upload, location: location.clone(), begun: 0, parts: Arc::default(), sums: Arc::clone(&self.sums) }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.store.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.store.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.store.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.store.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.sums.forget(to);
        self.store.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.sums.forget(to);
        self.store.rename_opts(from, to, options).await
    }
}

/// A large file on its way.
#[derive(Debug)]
struct Upload {
    upload: Box<dyn MultipartUpload>,
    location: Path,
    begun: u64,
    parts: Arc<Mutex<Parts>>,
    sums: Arc<Sums>,
}

/// Its parts, which may come in any order and are summed in theirs.
#[derive(Debug, Default)]
struct Parts {
    hasher: Sha256,
    summed: u64,
    size: u64,
    waiting: BTreeMap<u64, PutPayload>,
}

impl Parts {
    fn add(&mut self, number: u64, payload: PutPayload) {
        self.waiting.insert(number, payload);
        while let Some(payload) = self.waiting.remove(&self.summed) {
            payload.iter().for_each(|chunk| self.hasher.update(chunk));
            self.size += payload.content_length() as u64;
            self.summed += 1;
        }
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    /// A part is done when it is written and summed: so no more parts are held than the caller allows.
    fn put_part(&mut self, payload: PutPayload) -> UploadPart {
        let (number, parts, summed) = (self.begun, Arc::clone(&self.parts), payload.clone());
        self.begun += 1;
        let put = self.upload.put_part(payload);
        Box::pin(async move {
            let add = spawn_blocking(move || parts.lock().unwrap_or_else(PoisonError::into_inner).add(number, summed));
            let (put, added) = futures::join!(put, add);
            added?;
            put
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let put = self.upload.complete().await?;
        let parts = std::mem::take(&mut *self.parts.lock().unwrap_or_else(PoisonError::into_inner));
        if parts.summed == self.begun {
            self.sums.remember(&self.location, Sum { size: parts.size, digest: parts.hasher.finalize().into() });
        }
        Ok(put)
    }

    async fn abort(&mut self) -> Result<()> {
        self.upload.abort().await
    }
}

fn whole(payload: &PutPayload) -> Sum {
    let mut hasher = Sha256::new();
    payload.iter().for_each(|chunk| hasher.update(chunk));
    Sum { size: payload.content_length() as u64, digest: hasher.finalize().into() }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    use super::*;

    fn of(bytes: &[u8]) -> Sum {
        Sum { size: bytes.len() as u64, digest: Sha256::digest(bytes).into() }
    }

    #[tokio::test]
    async fn what_is_written_is_summed_and_what_is_written_over_is_summed_anew() {
        let sums = Arc::new(Sums::default());
        let store = Summing::new(InMemory::new(), Arc::clone(&sums));
        let place = Path::from("a");
        for bytes in [vec![], b"abc".to_vec(), vec![7; AT_ONCE + 1]] {
            store.put(&place, bytes.clone().into()).await.unwrap();
            assert_eq!(sums.get(&place), Some(of(&bytes)));
        }
        store.copy(&Path::from("a"), &Path::from("b")).await.unwrap();
        store.put(&place, PutPayload::from_static(b"x")).await.unwrap();
        store.copy(&Path::from("b"), &place).await.unwrap();
        assert_eq!((sums.get(&place), sums.get(&Path::from("b"))), (None, None));
    }

    #[tokio::test]
    async fn parts_are_summed_in_their_order_whichever_is_written_first() {
        let sums = Arc::new(Sums::default());
        let store = Summing::new(InMemory::new(), Arc::clone(&sums));
        let place = Path::from("a");
        let mut upload = store.put_multipart(&place).await.unwrap();
        let parts: Vec<UploadPart> = (0..5_u8).map(|part| upload.put_part(vec![part; 10].into())).collect();
        for part in parts.into_iter().rev() {
            part.await.unwrap();
        }
        assert_eq!(sums.get(&place), None, "it is not there yet");
        upload.complete().await.unwrap();
        let bytes: Vec<u8> = (0..5_u8).flat_map(|part| [part; 10]).collect();
        assert_eq!(sums.get(&place), Some(of(&bytes)));
    }

    #[tokio::test]
    async fn an_upload_that_is_given_up_leaves_no_sum() {
        let sums = Arc::new(Sums::default());
        let store = Summing::new(InMemory::new(), Arc::clone(&sums));
        let place = Path::from("a");
        store.put(&place, PutPayload::from_static(b"x")).await.unwrap();
        let mut upload = store.put_multipart(&place).await.unwrap();
        upload.put_part(vec![1; 10].into()).await.unwrap();
        upload.abort().await.unwrap();
        assert_eq!(sums.get(&place), None);
    }

    #[test]
    fn the_oldest_sums_are_forgotten() {
        let sums = Sums::default();
        for number in 0..=REMEMBERED {
            sums.remember(&Path::from(format!("{number}")), of(b""));
        }
        assert_eq!((sums.get(&Path::from("0")), sums.get(&Path::from("1"))), (None, Some(of(b""))));
    }

    #[test]
    fn what_was_forgotten_and_written_again_is_as_young_as_that() {
        let (sums, place) = (Sums::default(), Path::from("a"));
        sums.remember(&place, of(b"1"));
        sums.forget(&place);
        for number in 1..REMEMBERED {
            sums.remember(&Path::from(format!("{number}")), of(b""));
        }
        sums.remember(&place, of(b"2"));
        sums.remember(&Path::from("b"), of(b""));
        assert_eq!((sums.get(&place), sums.get(&Path::from("1"))), (Some(of(b"2")), None));
    }

    #[test]
    fn a_folder_is_forgotten_as_a_whole() {
        let sums = Sums::default();
        for place in ["a/1/x", "a/1/y/z", "a/10/x", "b/1/x"] {
            sums.remember(&Path::from(place), of(b""));
        }
        sums.forget_below(&Path::from("a/1"));
        let left = ["a/1/x", "a/1/y/z", "a/10/x", "b/1/x"].map(|place| sums.get(&Path::from(place)).is_some());
        assert_eq!(left, [false, false, true, true]);
        assert_eq!(sums.known().by_number.len(), 2);
    }
}
