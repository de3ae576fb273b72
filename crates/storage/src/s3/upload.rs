//! An upload in parts. One that is not completed is aborted, however it ends, since its parts are paid for as long as they lie there.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use object_store::{MultipartUpload, PutPayload, PutResult, UploadPart};

use super::address::ENCODED;
use super::join::MOST_PARTS;
use super::pieces::in_pieces;
use super::store::bytes_of;
use super::{Bucket, Failure, Stretch};

/// An upload that was begun. Dropped before it is completed, it is aborted beside.
pub(super) struct Begun {
    bucket: Bucket,
    key: String,
    id: String,
    is_open: bool,
}

impl Begun {
    pub(super) fn new(bucket: Bucket, key: String, id: String) -> Self {
        Self { bucket, key, id, is_open: true }
    }

    /// Writes a part of what we have.
    pub(super) fn write(&self, number: i32, bytes: Bytes) -> impl Future<Output = Result<CompletedPart, Failure>> + Send + use<> {
        let (bucket, key, id) = (self.bucket.clone(), self.key.clone(), self.id.clone());
        async move {
            let call = bucket.client.upload_part().bucket(&bucket.name).key(key).upload_id(id).part_number(number);
            let written = call.body(in_pieces(bytes)).send().await.map_err(|error| bucket.failure("s3:PutObject", error))?;
            let part = CompletedPart::builder().part_number(number).set_e_tag(written.e_tag);
            let part = part.set_checksum_crc32(written.checksum_crc32).set_checksum_crc32_c(written.checksum_crc32_c);
            let part = part.set_checksum_sha1(written.checksum_sha1).set_checksum_sha256(written.checksum_sha256);
            Ok(part.set_checksum_crc64_nvme(written.checksum_crc64_nvme).build())
        }
    }

    /// Lets S3 copy a part of an object; its bytes do not pass through us.
    pub(super) async fn copy(&self, number: i32, source: &Stretch) -> Result<CompletedPart, Failure> {
        let bucket = &self.bucket;
        let from = percent_encoding::utf8_percent_encode(&source.key, ENCODED);
        let call = bucket.client.upload_part_copy().bucket(&bucket.name).key(&self.key).upload_id(&self.id).part_number(number);
        let call = call.copy_source(format!("{}/{from}", bucket.name)).set_copy_source_if_match(source.etag.clone());
        // Of a small object S3 copies no range, whichever bytes that names.
        let call = call.set_copy_source_range((!source.is_whole()).then(|| bytes_of(&source.range)));
        let copied = call.send().await.map_err(|error| bucket.failure("s3:PutObject", error))?;
        let part = CompletedPart::builder().part_number(number);
        let Some(copied) = copied.copy_part_result else { return Ok(part.build()) };
        let part = part.set_e_tag(copied.e_tag).set_checksum_crc64_nvme(copied.checksum_crc64_nvme);
        Ok(part.set_checksum_crc32(copied.checksum_crc32).set_checksum_sha256(copied.checksum_sha256).build())
    }

    /// Makes the parts one object of so many bytes.
    pub(super) async fn complete(self, parts: Vec<CompletedPart>, size: u64) -> Result<Option<String>, Failure> {
        let (bucket, key) = (self.bucket.clone(), self.key.clone());
        bucket.make(&key, self.completed(parts, size)).await
    }

    async fn completed(mut self, mut parts: Vec<CompletedPart>, size: u64) -> Result<Option<String>, Failure> {
        parts.sort_by_key(CompletedPart::part_number);
        let all = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let call = self.bucket.client.complete_multipart_upload().bucket(&self.bucket.name).key(&self.key);
        match call.upload_id(&self.id).multipart_upload(all).send().await {
            Ok(completed) => {
                self.is_open = false;
                Ok(completed.e_tag)
            }
            Err(error) => {
                let failure = self.bucket.failure("s3:PutObject", error);
                // The answer to an earlier try may have been lost on its way.
                let made = if failure.name.as_deref() == Some("NoSuchUpload") { self.made(size).await } else { None };
                match made {
                    Some(etag) => {
                        self.is_open = false;
                        Ok(etag)
                    }
                    None => {
                        let _ = self.abort().await;
                        Err(failure)
                    }
                }
            }
        }
    }

    /// Gives the upload up, with all that was written.
    pub(super) async fn abort(mut self) -> Result<(), Failure> {
        let aborted = self.bucket.abort(&self.key, &self.id).await;
        self.is_open = aborted.is_err();
        aborted
    }

    async fn made(&self, size: u64) -> Option<Option<String>> {
        let head = self.bucket.quick.head_object().bucket(&self.bucket.name).key(&self.key).send().await.ok()?;
        (head.content_length().and_then(|length| u64::try_from(length).ok()) == Some(size)).then_some(head.e_tag)
    }
}

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun").field("key", &self.key).field("is_open", &self.is_open).finish_non_exhaustive()
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if !self.is_open {
            return;
        }
        let (bucket, key, id) = (self.bucket.clone(), std::mem::take(&mut self.key), std::mem::take(&mut self.id));
        // Without a runtime the process is ending; what is left then goes when its attempt is deleted.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if let Err(failure) = bucket.abort(&key, &id).await {
                tracing::warn!(key, error = %failure, "an upload could not be aborted; it goes when its attempt is deleted");
            }
        });
    }
}

impl Bucket {
    /// Aborts an upload. Idempotent.
    pub(super) async fn abort(&self, key: &str, id: &str) -> Result<(), Failure> {
        let aborted = self.quick.abort_multipart_upload().bucket(&self.name).key(key).upload_id(id).send().await;
        match aborted.map_err(|error| self.failure("s3:AbortMultipartUpload", error)) {
            Err(failure) if failure.name.as_deref() != Some("NoSuchUpload") => Err(failure),
            _ => Ok(()),
        }
    }
}

/// An upload that the object store gave out.
#[derive(Debug)]
pub(super) struct Upload {
    begun: Option<Begun>,
    key: String,
    next: i32,
    size: u64,
    done: Arc<Mutex<Vec<CompletedPart>>>,
}

impl Upload {
    pub(super) fn new(begun: Begun) -> Self {
        let key = begun.key.clone();
        Self { begun: Some(begun), key, next: 1, size: 0, done: Arc::default() }
    }

    fn over(&self) -> object_store::Error {
        let source = "the upload was completed or aborted before".into();
        object_store::Error::Generic { store: "S3", source }
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, payload: PutPayload) -> UploadPart {
        let Some(begun) = &self.begun else {
            let over = self.over();
            return Box::pin(async move { Err(over) });
        };
        if usize::try_from(self.next).is_ok_and(|next| next > MOST_PARTS) {
            let failure = Failure::too_many_parts().into_object_store(&self.key);
            return Box::pin(async move { Err(failure) });
        }
        let bytes = Bytes::from(payload);
        self.size += bytes.len() as u64;
        let (write, key, done) = (begun.write(self.next, bytes), self.key.clone(), Arc::clone(&self.done));
        self.next += 1;
        Box::pin(async move {
            let part = write.await.map_err(|failure| failure.into_object_store(&key))?;
            done.lock().unwrap_or_else(PoisonError::into_inner).push(part);
            Ok(())
        })
    }

    /// A part that failed, or was never written, makes this fail: there would be a hole.
    async fn complete(&mut self) -> object_store::Result<PutResult> {
        let begun = self.begun.take().ok_or_else(|| self.over())?;
        let mut parts = std::mem::take(&mut *self.done.lock().unwrap_or_else(PoisonError::into_inner));
        if i32::try_from(parts.len()).ok() != Some(self.next - 1) {
            let source = format!("{} of {} parts were written", parts.len(), self.next - 1).into();
            return Err(object_store::Error::Generic { store: "S3", source });
        }
        if parts.is_empty() {
            let empty = begun.write(1, Bytes::new()).await.map_err(|failure| failure.into_object_store(&self.key))?;
            parts.push(empty);
        }
        let completed = begun.complete(parts, self.size).await;
        let e_tag = completed.map_err(|failure| failure.into_object_store(&self.key))?;
        Ok(PutResult { e_tag, version: None })
    }

    /// What was aborted, or failed to be completed, is aborted already.
    async fn abort(&mut self) -> object_store::Result<()> {
        let Some(begun) = self.begun.take() else { return Ok(()) };
        begun.abort().await.map_err(|failure| failure.into_object_store(&self.key))
    }
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use outflow_core::Code;

    use super::*;
    use crate::{S3Options, code_of};

    #[tokio::test]
    async fn more_parts_than_s3_takes_are_refused_before_one_is_sent() {
        let credentials = SharedCredentialsProvider::new(Credentials::new("id", "secret", None, None, "test"));
        let endpoint = Some("http://127.0.0.1:1".to_owned());
        let options = S3Options { endpoint, credentials: Some(credentials), ..S3Options::default() };
        let bucket = Bucket::open("results", &options).await.unwrap();
        let mut begun = Begun::new(bucket, "a".to_owned(), "upload".to_owned());
        begun.is_open = false;
        let mut upload = Upload { next: 10_001, ..Upload::new(begun) };
        let error = upload.put_part(PutPayload::from_static(b"x")).await.unwrap_err();
        assert_eq!(code_of(&error), Code::SingleFileTooLarge);
    }
}
