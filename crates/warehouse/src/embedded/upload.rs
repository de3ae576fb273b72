//! A file on its way into an object store: put at once when it is small, else part by part. It shows whole or not at all, and can be given
//! up at any moment, also while it ends.

use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload, Result};
use tokio::task::{JoinHandle, JoinSet};

/// The size of a part, well over the 5 MiB that S3 demands; all but the last are of one size, which some stores want.
const PART: usize = 8 << 20;
/// How many parts are on their way at once.
const PARTS_AT_ONCE: usize = 2;

/// An upload. Dropped before it is finished or aborted, it leaves what the store itself must forget.
pub(super) struct Upload {
    store: Arc<dyn ObjectStore>,
    key: Path,
    buffered: Vec<Bytes>,
    length: usize,
    parts: Option<Parts>,
    /// The last step, in a task of its own: nobody who stops waiting for it stops it.
    ending: Option<JoinHandle<Result<()>>>,
}

struct Parts {
    upload: Box<dyn MultipartUpload>,
    on_their_way: JoinSet<Result<()>>,
}

impl Upload {
    /// An upload to that key, of which nothing is sent yet.
    pub(super) fn new(store: Arc<dyn ObjectStore>, key: Path) -> Self {
        Self { store, key, buffered: Vec::new(), length: 0, parts: None, ending: None }
    }

    /// Takes bytes, and waits while too many parts are on their way.
    ///
    /// # Errors
    /// The store's, also of parts that were sent before.
    pub(super) async fn put(&mut self, mut bytes: Bytes) -> Result<()> {
        while self.length + bytes.len() >= PART {
            let rest = bytes.split_off(PART - self.length);
            self.buffer(std::mem::replace(&mut bytes, rest));
            self.send().await?;
        }
        self.buffer(bytes);
        Ok(())
    }

    /// Ends the file: after this it is there.
    ///
    /// # Errors
    /// The store's; then it is not there, and is to be aborted.
    pub(super) async fn finish(&mut self) -> Result<()> {
        if self.parts.is_some() && self.length > 0 {
            self.send().await?;
        }
        if let Some(parts) = &mut self.parts {
            parts.wait(0).await?;
        }
        let (store, key, payload) = (Arc::clone(&self.store), self.key.clone(), self.take());
        let parts = self.parts.take();
        let ending = self.ending.insert(tokio::spawn(async move {
            match parts {
                None => store.put(&key, payload).await.map(|_| ()),
                Some(Parts { mut upload, .. }) => match upload.complete().await {
                    Ok(_) => Ok(()),
                    Err(error) => {
                        abort(upload.as_mut(), &key).await;
                        Err(error)
                    }
                },
            }
        }));
        let ended = ending.await?;
        self.ending = None;
        ended
    }

    /// Gives the file up: it is not there when this returns. What the store cannot be told now, it must forget by itself.
    pub(super) async fn abort(&mut self) {
        if let Some(Parts { mut upload, mut on_their_way }) = self.parts.take() {
            on_their_way.shutdown().await;
            abort(upload.as_mut(), &self.key).await;
        }
        if let Some(ending) = self.ending.take()
            && let Ok(Ok(())) = ending.await
            && let Err(error) = self.store.delete(&self.key).await
        {
            tracing::warn!(key = %self.key, %error, "a file that was given up while it ended could not be deleted");
        }
    }

    fn buffer(&mut self, bytes: Bytes) {
        self.length += bytes.len();
        self.buffered.push(bytes);
    }

    fn take(&mut self) -> PutPayload {
        self.length = 0;
        std::mem::take(&mut self.buffered).into_iter().collect()
    }

    /// Sends what is buffered as a part.
    async fn send(&mut self) -> Result<()> {
        let payload = self.take();
        let parts = match &mut self.parts {
            Some(parts) => parts,
            None => {
                let upload = self.store.put_multipart(&self.key).await?;
                self.parts.insert(Parts { upload, on_their_way: JoinSet::new() })
            }
        };
        parts.wait(PARTS_AT_ONCE - 1).await?;
        parts.on_their_way.spawn(parts.upload.put_part(payload));
        Ok(())
    }
}

impl Parts {
    /// Waits until no more than so many are on their way.
    async fn wait(&mut self, most: usize) -> Result<()> {
        while self.on_their_way.len() > most {
            if let Some(sent) = self.on_their_way.join_next().await {
                sent??;
            }
        }
        Ok(())
    }
}

async fn abort(upload: &mut dyn MultipartUpload, key: &Path) {
    if let Err(error) = upload.abort().await {
        tracing::warn!(%key, %error, "an upload could not be aborted");
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    async fn stored(store: &Arc<dyn ObjectStore>, key: &Path) -> Option<Bytes> {
        match store.get(key).await {
            Ok(found) => Some(found.bytes().await.unwrap()),
            Err(object_store::Error::NotFound { .. }) => None,
            Err(error) => panic!("{error}"),
        }
    }

    #[tokio::test]
    async fn small_and_large_files_are_there_whole() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        for lengths in [vec![], vec![0], vec![5, 6], vec![PART], vec![PART - 1, 1, 1], vec![3 * PART + 7], vec![PART / 3; 10]] {
            let key = Path::from("a/b");
            let mut upload = Upload::new(Arc::clone(&store), key.clone());
            let mut expected = Vec::new();
            for (number, length) in lengths.iter().enumerate() {
                let piece = vec![number as u8; *length];
                expected.extend_from_slice(&piece);
                upload.put(piece.into()).await.unwrap();
                assert_eq!(stored(&store, &key).await, None);
            }
            upload.finish().await.unwrap();
            assert!(stored(&store, &key).await.unwrap() == expected, "{lengths:?}");
            store.delete(&key).await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_is_given_up_is_not_there_whenever_that_is() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        for length in [5, 2 * PART + 5] {
            let key = Path::from("a/b");
            let mut upload = Upload::new(Arc::clone(&store), key.clone());
            upload.put(vec![1; length].into()).await.unwrap();
            upload.abort().await;
            assert_eq!(stored(&store, &key).await, None);
            // Nobody waits for the end any more; it comes nevertheless.
            let mut upload = Upload::new(Arc::clone(&store), key.clone());
            upload.put(vec![1; length].into()).await.unwrap();
            {
                let mut finish = std::pin::pin!(upload.finish());
                assert!(futures::poll!(finish.as_mut()).is_pending());
            }
            upload.abort().await;
            assert_eq!(stored(&store, &key).await, None);
        }
    }
}
