//! Deleting: for good, with all versions, and with what was on its way.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use futures::TryStreamExt;
use outflow_core::Code;

use super::error::missing_right;
use super::list::going_on;
use super::{Bucket, Failure};

/// How many objects S3 deletes in one call.
pub(super) const AT_ONCE: usize = 1_000;

impl Bucket {
    /// Deletes all whose keys begin so: objects, their versions, delete markers and uploads. What this process is making there comes to its
    /// end first. Idempotent; when it fails, some may be gone.
    pub(crate) async fn delete_below(&self, prefix: &str) -> Result<(), Failure> {
        self.making.none_below(prefix).await;
        self.abort_uploads(prefix, false).await?;
        match self.delete_versions(prefix).await {
            Err(failure) if failure.is_unknown_call() => self.delete_objects_below(prefix).await,
            deleted => deleted,
        }
    }

    /// Aborts the uploads to keys that begin so, or to that key alone.
    pub(super) async fn abort_uploads(&self, key: &str, is_exact: bool) -> Result<(), Failure> {
        let (mut key_marker, mut id_marker) = (None, None);
        loop {
            let call = self.quick.list_multipart_uploads().bucket(&self.name).prefix(key);
            let page = call.set_key_marker(key_marker).set_upload_id_marker(id_marker).send().await;
            let page = match page.map_err(|error| self.failure("s3:ListBucketMultipartUploads", error)) {
                Err(failure) if failure.is_unknown_call() => return Ok(()),
                page => page?,
            };
            for upload in page.uploads() {
                let Some((found, id)) = upload.key().zip(upload.upload_id()) else { continue };
                if !is_exact || found == key {
                    self.abort(found, id).await?;
                }
            }
            key_marker = going_on(page.is_truncated, page.next_key_marker)?;
            id_marker = page.next_upload_id_marker;
            if key_marker.is_none() {
                return Ok(());
            }
        }
    }

    async fn delete_versions(&self, prefix: &str) -> Result<(), Failure> {
        let (mut key_marker, mut id_marker) = (None, None);
        loop {
            let call = self.quick.list_object_versions().bucket(&self.name).prefix(prefix);
            let page = call.set_key_marker(key_marker).set_version_id_marker(id_marker).send().await;
            let page = page.map_err(|error| self.failure("s3:ListBucketVersions", error))?;
            let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
            let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
            let found = versions.chain(markers).filter_map(|(key, version)| Some((key?.to_owned(), version.map(str::to_owned))));
            self.delete_all(found.collect()).await?;
            key_marker = going_on(page.is_truncated, page.next_key_marker)?;
            id_marker = page.next_version_id_marker;
            if key_marker.is_none() {
                return Ok(());
            }
        }
    }

    async fn delete_objects_below(&self, prefix: &str) -> Result<(), Failure> {
        let mut pages = self.pages(prefix.to_owned(), None);
        while let Some(page) = pages.try_next().await? {
            let keys = page.contents.unwrap_or_default().into_iter().filter_map(|object| Some((object.key?, None)));
            self.delete_all(keys.collect()).await?;
        }
        Ok(())
    }

    /// Deletes objects, by their versions where those are given. What is not there is as good as deleted.
    pub(super) async fn delete_all(&self, objects: Vec<(String, Option<String>)>) -> Result<(), Failure> {
        for some in objects.chunks(AT_ONCE) {
            let identifier = |(key, version): &(String, Option<String>)| {
                ObjectIdentifier::builder().key(key).set_version_id(version.clone()).build()
            };
            let objects = some.iter().map(identifier).collect::<Result<Vec<_>, _>>();
            let delete = objects.and_then(|objects| Delete::builder().quiet(true).set_objects(Some(objects)).build());
            let delete = delete.map_err(|error| Failure::of_ours("what is to be deleted cannot be said to S3", error))?;
            let call = self.quick.delete_objects().bucket(&self.name).delete(delete);
            let deleted = call.send().await.map_err(|error| self.failure("s3:DeleteObject", error))?;
            if let Some(error) = deleted.errors().iter().find(|error| error.code() != Some("NoSuchKey")) {
                return Err(self.not_deleted(error));
            }
        }
        Ok(())
    }

    fn not_deleted(&self, error: &aws_sdk_s3::types::Error) -> Failure {
        let (name, key) = (error.code().unwrap_or("unknown"), error.key().unwrap_or_default());
        let said = error.message().unwrap_or_default().to_owned();
        if name == "AccessDenied" {
            let rights = match missing_right(error.message()) {
                Some(right) => format!("`{right}`"),
                None => "`s3:DeleteObject` and `s3:DeleteObjectVersion`".to_owned(),
            };
            let sentence = format!(
                "S3 refuses to delete `{key}`; allow {rights} on the bucket `{}` to the role or user of the service",
                self.name
            );
            return Failure::said(Code::StorageDenied, sentence, name, said);
        }
        Failure::said(Code::StorageUnavailable, format!("S3 could not delete `{key}` ({name})"), name, said)
    }
}
