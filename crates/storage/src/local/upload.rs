//! A large file on its way: its parts are written where they belong, in any order, and it gets its name when all are there.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use object_store::{MultipartUpload, PutPayload, PutResult, Result, UploadPart};

use super::durable::Ledger;
use super::staging::Staged;
use super::{blocking, place_in};
use crate::error::to_object_store;

/// An upload into a local folder. Dropped before it is complete, it leaves nothing.
#[derive(Debug)]
pub(super) struct Upload {
    ledger: Arc<Ledger>,
    target: PathBuf,
    staged: Option<Staged>,
    parts: Arc<Parts>,
    begun: u64,
}

/// What the parts, which may be written side by side, share.
#[derive(Debug)]
struct Parts {
    file: Mutex<File>,
    written: AtomicU64,
}

impl Upload {
    pub(super) fn new(ledger: Arc<Ledger>, target: PathBuf, staged: Staged) -> io::Result<Self> {
        let file = Mutex::new(staged.file().try_clone()?);
        Ok(Self { ledger, target, staged: Some(staged), parts: Arc::new(Parts { file, written: AtomicU64::new(0) }), begun: 0 })
    }

    fn over(&self) -> object_store::Error {
        let source = "the upload was completed or aborted before".into();
        object_store::Error::Generic { store: "LocalFolder", source }
    }
}

impl Parts {
    fn write(&self, offset: u64, payload: &PutPayload) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        payload.iter().try_for_each(|chunk| file.write_all(chunk))?;
        self.written.fetch_add(payload.content_length() as u64, Ordering::AcqRel);
        Ok(())
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, payload: PutPayload) -> UploadPart {
        let offset = self.begun;
        self.begun += payload.content_length() as u64;
        let (parts, path) = (Arc::clone(&self.parts), self.target.display().to_string());
        Box::pin(blocking(move || parts.write(offset, &payload).map_err(|error| to_object_store(error, &path))))
    }

    /// Gives the file its name. A part that failed, or was never written, makes this fail: there would be a hole.
    async fn complete(&mut self) -> Result<PutResult> {
        let staged = self.staged.take().ok_or_else(|| self.over())?;
        let written = self.parts.written.load(Ordering::Acquire);
        if written != self.begun {
            let source = format!("{written} of {} bytes were written", self.begun).into();
            return Err(object_store::Error::Generic { store: "LocalFolder", source });
        }
        let (ledger, target) = (Arc::clone(&self.ledger), self.target.clone());
        blocking(move || place_in(&ledger, staged, &target, false)).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.staged.take().map(drop).ok_or_else(|| self.over())
    }
}
