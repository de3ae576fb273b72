//! Object stores that misbehave on demand.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions,
    PutPayload, PutResult, Result, UploadPart,
};
use tokio::sync::Semaphore;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The disk is full from the first byte, or from the second part on.
    Full,
    FullLater,
    /// The disk is full after so many files.
    FullAfter(usize),
    /// A defect: it panics.
    Panic,
    /// Parts never arrive.
    Stuck,
}

/// A store in memory with a fault.
#[derive(Debug)]
pub(crate) struct Faulty {
    inner: InMemory,
    fault: Fault,
    seen: Arc<Seen>,
}

/// What was asked of a store.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) parts: AtomicUsize,
    puts: AtomicUsize,
    pub(crate) was_aborted: AtomicBool,
    gate: Semaphore,
}

impl Faulty {
    pub(crate) fn watched(fault: Fault) -> (Arc<dyn ObjectStore>, Arc<Seen>) {
        let seen = Arc::new(Seen {
            parts: AtomicUsize::new(0),
            puts: AtomicUsize::new(0),
            was_aborted: AtomicBool::new(false),
            gate: Semaphore::new(0),
        });
        (Arc::new(Self { inner: InMemory::new(), fault, seen: Arc::clone(&seen) }), seen)
    }
}

fn full() -> object_store::Error {
    object_store::Error::Generic { store: "faulty", source: Box::new(io::Error::from(io::ErrorKind::StorageFull)) }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "faulty store")
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        match self.fault {
            Fault::Full => Err(full()),
            Fault::Panic => panic!("a defect in the store"),
            Fault::FullAfter(files) if self.seen.puts.fetch_add(1, Ordering::SeqCst) >= files => Err(full()),
            Fault::FullLater | Fault::FullAfter(_) | Fault::Stuck => self.inner.put_opts(location, payload, options).await,
        }
    }

    async fn put_multipart_opts(&self, location: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        let upload = self.inner.put_multipart_opts(location, options).await?;
        Ok(Box::new(FaultyUpload { upload, fault: self.fault, seen: Arc::clone(&self.seen) }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[derive(Debug)]
struct FaultyUpload {
    upload: Box<dyn MultipartUpload>,
    fault: Fault,
    seen: Arc<Seen>,
}

#[async_trait]
impl MultipartUpload for FaultyUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let number = self.seen.parts.fetch_add(1, Ordering::SeqCst);
        match self.fault {
            Fault::Full => Box::pin(async { Err(full()) }),
            Fault::FullLater if number > 0 => Box::pin(async { Err(full()) }),
            Fault::Panic => panic!("a defect in the store"),
            Fault::Stuck => {
                let seen = Arc::clone(&self.seen);
                Box::pin(async move {
                    let _never = seen.gate.acquire().await;
                    Ok(())
                })
            }
            Fault::FullLater | Fault::FullAfter(_) => self.upload.put_part(data),
        }
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.upload.complete().await
    }

    async fn abort(&mut self) -> Result<()> {
        self.seen.was_aborted.store(true, Ordering::SeqCst);
        self.upload.abort().await
    }
}
