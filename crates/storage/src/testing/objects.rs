//! The objects, and what `s3s-fs` does not keep: open uploads, versions, the CRC-64/NVME of what S3 made itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use s3s::checksum::ChecksumHasher;
use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;

use super::{State, Version, locked};

/// Of an object that is not larger, S3 copies no range.
const SMALL: u64 = 5 << 20;
/// How many versions, or open uploads, are listed at once. S3 lists 1,000, or fewer if it likes.
const PAGE: usize = 20;

/// The objects of all buckets.
pub(super) struct Objects {
    files: FileSystem,
    root: PathBuf,
    state: Arc<State>,
}

impl Objects {
    pub(super) fn new(files: FileSystem, root: PathBuf, state: Arc<State>) -> Self {
        Self { files, root, state }
    }

    fn crc64nvme(&self, bucket: &str, key: &str) -> Option<String> {
        let bytes = std::fs::read(self.root.join(bucket).join(key)).ok()?;
        let mut hasher = ChecksumHasher { crc64nvme: Some(Default::default()), ..ChecksumHasher::default() };
        hasher.update(&bytes);
        hasher.finalize().checksum_crc64nvme
    }

    fn version(&self, key: &str, is_marker: bool) -> bool {
        let mut versions = locked(&self.state.versions);
        let Some(versions) = versions.as_mut() else { return false };
        let id = format!("v{}", versions.len() + 1);
        versions.push(Version { key: key.to_owned(), id, is_marker });
        true
    }

    fn forget_upload(&self, id: &str) {
        locked(&self.state.uploads).remove(id);
    }
}

#[async_trait::async_trait]
impl S3 for Objects {
    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.files.head_bucket(request).await
    }

    async fn list_objects_v2(&self, request: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        if !self.root.join(&request.input.bucket).is_dir() {
            return Err(s3_error!(NoSuchBucket));
        }
        self.files.list_objects_v2(request).await
    }

    async fn get_object(&self, mut request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        if self.state.ignores_ranges.load(Ordering::Relaxed) {
            request.input.range = None;
        }
        let (content_type, disposition) =
            (request.input.response_content_type.clone(), request.input.response_content_disposition.clone());
        let wanted = request.input.if_match.clone().and_then(|condition| condition.as_etag().cloned());
        let mut answer = self.files.get_object(request).await?;
        if wanted.is_some_and(|wanted| Some(wanted) != answer.output.e_tag) {
            return Err(s3_error!(PreconditionFailed));
        }
        if let Some(content_type) = content_type {
            answer.output.content_type = content_type.parse().ok();
        }
        answer.output.content_disposition = disposition.or(answer.output.content_disposition);
        Ok(answer)
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let (bucket, key) = (request.input.bucket.clone(), request.input.key.clone());
        let is_asked_for = request.input.checksum_mode.is_some();
        let mut answer = self.files.head_object(request).await?;
        if is_asked_for {
            answer.output.checksum_crc64nvme = self.crc64nvme(&bucket, &key);
        }
        Ok(answer)
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let key = request.input.key.clone();
        let answer = self.files.put_object(request).await?;
        self.version(&key, false);
        Ok(answer)
    }

    async fn copy_object(&self, request: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        self.files.copy_object(request).await
    }

    async fn delete_objects(&self, request: S3Request<DeleteObjectsInput>) -> S3Result<S3Response<DeleteObjectsOutput>> {
        for object in &request.input.delete.objects {
            if let Some(id) = &object.version_id {
                if let Some(versions) = locked(&self.state.versions).as_mut() {
                    versions.retain(|version| version.key != object.key || version.id != *id);
                }
            } else {
                self.version(&object.key, true);
            }
        }
        self.files.delete_objects(request).await
    }

    async fn list_object_versions(
        &self,
        request: S3Request<ListObjectVersionsInput>,
    ) -> S3Result<S3Response<ListObjectVersionsOutput>> {
        let versions = locked(&self.state.versions).clone().ok_or_else(|| s3_error!(NotImplemented))?;
        let ListObjectVersionsInput { prefix, key_marker, version_id_marker, .. } = request.input;
        let order = |version: &Version| (version.key.clone(), version.id.clone());
        let found = versions.into_iter().filter(|version| version.key.starts_with(prefix.as_deref().unwrap_or_default()));
        let (page, next) = page(found.map(|version| (order(&version), version)).collect(), key_marker.zip(version_id_marker));
        let (markers, versions): (Vec<_>, Vec<_>) = page.into_iter().partition(|version| version.is_marker);
        let version =
            |version: Version| ObjectVersion { key: Some(version.key), version_id: Some(version.id), ..ObjectVersion::default() };
        let marker = |version: Version| DeleteMarkerEntry {
            key: Some(version.key),
            version_id: Some(version.id),
            ..DeleteMarkerEntry::default()
        };
        let is_truncated = Some(next.is_some());
        let (next_key_marker, next_version_id_marker) = next.unzip();
        let output = ListObjectVersionsOutput {
            versions: Some(versions.into_iter().map(version).collect()),
            delete_markers: Some(markers.into_iter().map(marker).collect()),
            is_truncated,
            next_key_marker,
            next_version_id_marker,
            ..ListObjectVersionsOutput::default()
        };
        Ok(S3Response::new(output))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let key = request.input.key.clone();
        let answer = self.files.create_multipart_upload(request).await?;
        locked(&self.state.uploads).insert(answer.output.upload_id.clone().unwrap_or_default(), key);
        Ok(answer)
    }

    async fn upload_part(&self, request: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        self.files.upload_part(request).await
    }

    async fn upload_part_copy(&self, request: S3Request<UploadPartCopyInput>) -> S3Result<S3Response<UploadPartCopyOutput>> {
        if let (Some(_), CopySource::Bucket { bucket, key, .. }) = (&request.input.copy_source_range, &request.input.copy_source)
            && std::fs::metadata(self.root.join(&**bucket).join(&**key)).is_ok_and(|found| found.len() <= SMALL)
        {
            return Err(s3_error!(InvalidRequest, "The specified copy source is not supported as a byte-range copy source"));
        }
        self.files.upload_part_copy(request).await
    }

    async fn list_parts(&self, request: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        self.files.list_parts(request).await
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let ListMultipartUploadsInput { prefix, key_marker, upload_id_marker, .. } = request.input;
        let uploads = locked(&self.state.uploads).clone();
        let found = uploads.into_iter().filter(|(_, key)| key.starts_with(prefix.as_deref().unwrap_or_default()));
        let upload = |id: &String, key: &String| MultipartUpload {
            key: Some(key.clone()),
            upload_id: Some(id.clone()),
            ..MultipartUpload::default()
        };
        let found = found.map(|(id, key)| (upload(&id, &key), (key, id))).map(|(upload, order)| (order, upload));
        let (page, next) = page(found.collect(), key_marker.zip(upload_id_marker));
        let is_truncated = Some(next.is_some());
        let (next_key_marker, next_upload_id_marker) = next.unzip();
        let output = ListMultipartUploadsOutput {
            uploads: Some(page),
            is_truncated,
            next_key_marker,
            next_upload_id_marker,
            ..ListMultipartUploadsOutput::default()
        };
        Ok(S3Response::new(output))
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let (id, key) = (request.input.upload_id.clone(), request.input.key.clone());
        if !locked(&self.state.uploads).contains_key(&id) {
            return Err(s3_error!(NoSuchUpload));
        }
        let answer = self.files.complete_multipart_upload(request).await?;
        self.forget_upload(&id);
        self.version(&key, false);
        Ok(answer)
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let id = request.input.upload_id.clone();
        // Taken away first: of two that abort it at once, one finds no upload, as in S3.
        let Some(key) = locked(&self.state.uploads).remove(&id) else { return Err(s3_error!(NoSuchUpload)) };
        let answer = self.files.abort_multipart_upload(request).await;
        if answer.is_err() {
            locked(&self.state.uploads).insert(id, key);
        }
        answer
    }
}

/// What comes after a marker, as far as a page goes, and the marker of the next page.
fn page<T>(found: Vec<((String, String), T)>, after: Option<(String, String)>) -> (Vec<T>, Option<(String, String)>) {
    let mut found: Vec<_> = found.into_iter().filter(|(order, _)| after.as_ref().is_none_or(|after| order > after)).collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    let next = (found.len() > PAGE).then(|| found[PAGE - 1].0.clone());
    (found.into_iter().take(PAGE).map(|(_, one)| one).collect(), next)
}
