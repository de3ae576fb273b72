//! What lies at a destination before anything is written to it.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use outflow_core::{Code, Error, Result};
use outflow_storage::from_object_store;

use super::path;

/// Refuses a prefix at which there is something.
///
/// # Errors
/// `query_failed` naming what is there; storage's when it cannot be told.
pub(super) async fn refuse(store: &Arc<dyn ObjectStore>, prefix: &str) -> Result<()> {
    let failed = |error| from_object_store(error, &format!("looking for files at `{prefix}`"));
    let mut objects = store.list(folder(prefix)?.as_ref());
    while let Some(object) = objects.try_next().await.map_err(failed)? {
        if object.location.as_ref().starts_with(prefix) {
            let message = format!("the destination is not empty: `{}` is there; unload to another prefix", object.location);
            return Err(Error::new(Code::QueryFailed, message));
        }
    }
    Ok(())
}

/// Deletes all whose keys begin with the prefix, for good. What is deleted when it fails stays deleted.
///
/// # Errors
/// Storage's.
pub(super) async fn delete(store: &Arc<dyn ObjectStore>, prefix: &str) -> Result<()> {
    let failed = |error| from_object_store(error, &format!("deleting the files at `{prefix}`"));
    let objects = store.list(folder(prefix)?.as_ref());
    let found: Vec<Path> = objects
        .map_ok(|object| object.location)
        .try_filter(|location| futures::future::ready(location.as_ref().starts_with(prefix)))
        .try_collect()
        .await
        .map_err(failed)?;
    let mut deletions =
        futures::stream::iter(found).map(|location| async move { store.delete(&location).await }).buffer_unordered(8);
    while let Some(deleted) = deletions.next().await {
        match deleted {
            // Another was quicker, and that is what was wanted.
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(())
}

/// The folder in which all keys with the prefix are.
fn folder(prefix: &str) -> Result<Option<Path>> {
    prefix.rsplit_once('/').map(|(folder, _)| path(folder)).transpose()
}
