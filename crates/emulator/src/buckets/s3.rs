//! Buckets of S3, or of what speaks S3: the statement's own for its keys and region, the process's for who asks.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::StreamExt;
use object_store::ObjectStore;
use object_store::path::Path;
use outflow_core::Result;
use outflow_core::statement::Encryption as Said;
use outflow_storage::{Encryption, S3Options, from_object_store, open_bucket};
use outflow_warehouse::embedded::UnloadText;

use super::Buckets;

/// How many clients are kept: each has its own connections and credentials.
const KEPT: usize = 32;

/// The buckets that S3 has. They are in the region of the options, unless a statement says `REGION`.
pub struct S3Buckets {
    options: S3Options,
    /// The last ones that were opened, the newest last.
    opened: Mutex<Vec<(Opening, Arc<dyn ObjectStore>)>>,
}

/// What one client is for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Opening {
    bucket: String,
    region: Option<String>,
    encryption: Option<Encryption>,
}

impl S3Buckets {
    /// Those that the options lead to; what they leave open is found as the AWS tools find it.
    pub fn new(options: S3Options) -> Self {
        Self { options, opened: Mutex::default() }
    }

    async fn client(&self, opening: Opening) -> Result<Arc<dyn ObjectStore>> {
        if let Some(store) = self.kept(&opening) {
            return Ok(store);
        }
        let options = S3Options {
            region: opening.region.clone().or_else(|| self.options.region.clone()),
            encryption: opening.encryption.clone(),
            ..self.options.clone()
        };
        let store = open_bucket(&opening.bucket, &options).await?;
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.len() >= KEPT {
            opened.remove(0);
        }
        opened.push((opening, Arc::clone(&store)));
        Ok(store)
    }

    /// The client for that, if there is one; it becomes the newest.
    fn kept(&self, opening: &Opening) -> Option<Arc<dyn ObjectStore>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let found = opened.iter().position(|(of, _)| of == opening).map(|place| opened.remove(place))?;
        let store = Arc::clone(&found.1);
        opened.push(found);
        Some(store)
    }
}

#[async_trait]
impl Buckets for S3Buckets {
    /// Asks for the first page of what lies at the destination, so that a bucket that is not there, or not for us, is told before the query
    /// runs, whatever the statement says of what lies there already.
    async fn open(&self, name: &str, said: &UnloadText) -> Result<Option<Arc<dyn ObjectStore>>> {
        let encryption = match &said.encryption {
            // As the bucket does: all of AWS's encrypt, and not all that speaks S3 can.
            Said::Unsaid | Said::BucketKey => None,
            Said::KmsKey(id) => Some(Encryption::Kms { key_id: Some(id.clone()) }),
        };
        let store = self.client(Opening { bucket: name.to_owned(), region: said.region.clone(), encryption }).await?;
        let key = said.destination.strip_prefix("s3://").and_then(|place| place.split_once('/')).map_or("", |(_, key)| key);
        let folder = key.rsplit_once('/').and_then(|(folder, _)| Path::parse(folder).ok());
        if let Some(Err(error)) = store.list(folder.as_ref()).next().await {
            return Err(from_object_store(error, &format!("looking for files at `{}`", said.destination)));
        }
        Ok(Some(store))
    }

    fn place(&self, name: &str) -> String {
        match &self.options.endpoint {
            Some(endpoint) => format!("`{name}` at `{endpoint}`; make it"),
            None => format!("`{name}`; make it"),
        }
    }
}

impl fmt::Debug for S3Buckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Buckets").field("endpoint", &self.options.endpoint).finish_non_exhaustive()
    }
}
