//! Listing, page by page. What could not be listed is an error, and never an empty list.

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::Object;
use futures::TryStreamExt;
use futures::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{ListResult, ObjectMeta};
use outflow_core::Code;

use super::store::moment;
use super::{Bucket, Failure};

impl Bucket {
    /// Every page of the objects whose keys begin so; with a delimiter, those below it as one.
    pub(super) fn pages(
        &self,
        prefix: String,
        delimiter: Option<&'static str>,
    ) -> BoxStream<'static, Result<ListObjectsV2Output, Failure>> {
        let bucket = self.clone();
        let pages = stream::try_unfold(Some(None::<String>), move |next| {
            let (bucket, prefix) = (bucket.clone(), prefix.clone());
            async move {
                let Some(token) = next else { return Ok(None) };
                let call = bucket.quick.list_objects_v2().bucket(&bucket.name).prefix(prefix);
                let page = call.set_delimiter(delimiter.map(str::to_owned)).set_continuation_token(token).send().await;
                let page = page.map_err(|error| bucket.failure("s3:ListBucket", error))?;
                let next = going_on(page.is_truncated, page.next_continuation_token.clone())?;
                Ok(Some((page, next.map(Some))))
            }
        });
        pages.boxed()
    }

    pub(super) fn list_objects(&self, folder: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        let prefix = prefix_of(folder);
        let shown = prefix.clone();
        let pages = self.pages(prefix, None).map_err(move |failure| failure.into_object_store(&shown));
        pages.map_ok(|page| stream::iter(page.contents.unwrap_or_default().into_iter().filter_map(meta))).try_flatten().boxed()
    }

    pub(super) async fn list_folder(&self, folder: Option<&Path>) -> object_store::Result<ListResult> {
        let prefix = prefix_of(folder);
        let mut listed = ListResult { common_prefixes: Vec::new(), objects: Vec::new() };
        let mut pages = self.pages(prefix.clone(), Some("/"));
        while let Some(page) = pages.try_next().await.map_err(|failure| failure.into_object_store(&prefix))? {
            for object in page.contents.unwrap_or_default().into_iter().filter_map(meta) {
                listed.objects.push(object?);
            }
            for folder in page.common_prefixes.unwrap_or_default().into_iter().filter_map(|folder| folder.prefix) {
                listed.common_prefixes.push(Path::parse(folder)?);
            }
        }
        Ok(listed)
    }
}

/// Where a list goes on, if it does. One that does and says not where is none: what is missing of it would be taken for not there.
pub(super) fn going_on<M>(is_truncated: Option<bool>, marker: Option<M>) -> Result<Option<M>, Failure> {
    match (is_truncated, marker) {
        (Some(true), None) => {
            let sentence =
                "what answers as S3 lists a part of what there is, and does not say how to ask for the rest".to_owned();
            Err(Failure::said(Code::StorageUnavailable, sentence, "", "a page is truncated and names no next one".to_owned()))
        }
        (Some(true), marker) => Ok(marker),
        _ => Ok(None),
    }
}

/// A slash at its end keeps `a/b` from standing for `a/bc` too.
fn prefix_of(folder: Option<&Path>) -> String {
    folder.filter(|folder| !folder.as_ref().is_empty()).map(|folder| format!("{folder}/")).unwrap_or_default()
}

/// A key that ends in a slash is what consoles make of a folder.
fn meta(object: Object) -> Option<object_store::Result<ObjectMeta>> {
    let key = object.key.filter(|key| !key.ends_with('/'))?;
    let size = object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
    let last_modified = moment(object.last_modified.as_ref());
    let parsed = Path::parse(key).map_err(object_store::Error::from);
    Some(parsed.map(|location| ObjectMeta { location, last_modified, size, e_tag: object.e_tag, version: None }))
}
