//! The checksum of a file, of its bytes as they lie in storage.

use std::io::Read;

use futures::TryStreamExt;
use object_store::{GetOptions, GetResultPayload};
use outflow_core::Result;
use outflow_core::key::StorageKey;
use outflow_core::receipt::{Checksum, ChecksumAlgorithm};
use outflow_core::text::hex;
use sha2::{Digest, Sha256};

use crate::error::{from_io, from_object_store};
use crate::storage::{Backend, Storage, stopped};

/// How much is read at a time.
const PIECE: usize = 1024 * 1024;

impl Storage {
    /// The CRC-64/NVME that S3 keeps of a file, lowercase hexadecimal; `None` where it keeps none, and of a folder.
    ///
    /// # Errors
    /// `not_found`, `storage_denied`, `storage_unavailable`.
    pub async fn kept_checksum(&self, key: &StorageKey) -> Result<Option<String>> {
        let Backend::S3(bucket) = &self.backend else { return Ok(None) };
        let kept = bucket.crc64nvme(&self.whole_key(key)).await;
        kept.map_err(|failure| failure.into_error(&format!("looking at the checksum of `{}`", key.path())))
    }

    /// The checksum of a file: SHA-256 where its bytes passed through us, as those of what was written by [`Storage::put`] or through
    /// [`Storage::object_store`] did. Else the CRC-64/NVME that S3 keeps; where it keeps none, the file is read now, in constant memory and
    /// off the threads that answer callers.
    ///
    /// # Errors
    /// `not_found`, `storage_denied`, `storage_unavailable`.
    pub async fn checksum(&self, key: &StorageKey) -> Result<Checksum> {
        let what = format!("summing `{}`", key.path());
        if let Some(sum) = self.sums.get(&self.path_of(key)?)
            && self.head(key).await? == Some(sum.size)
        {
            return Ok(sha256(&sum.digest));
        }
        if let Backend::S3(bucket) = &self.backend {
            let kept = bucket.crc64nvme(&self.whole_key(key)).await.map_err(|failure| failure.into_error(&what))?;
            if let Some(value) = kept {
                return Ok(Checksum { algorithm: ChecksumAlgorithm::Crc64Nvme, value });
            }
        }
        let digest = match self.get(key, GetOptions::new(), &what).await?.payload {
            GetResultPayload::File(file, _) => {
                let summed = tokio::task::spawn_blocking(move || digest_of(file)).await.map_err(stopped)?;
                summed.map_err(|error| from_io(error, &what))?
            }
            GetResultPayload::Stream(mut pieces) => {
                let mut hasher = Sha256::new();
                while let Some(piece) = pieces.try_next().await.map_err(|error| from_object_store(error, &what))? {
                    let update = move || {
                        hasher.update(&piece);
                        hasher
                    };
                    hasher = tokio::task::spawn_blocking(update).await.map_err(stopped)?;
                }
                hasher.finalize().to_vec()
            }
        };
        Ok(sha256(&digest))
    }
}

fn sha256(digest: &[u8]) -> Checksum {
    Checksum { algorithm: ChecksumAlgorithm::Sha256, value: hex(digest) }
}

fn digest_of(mut file: std::fs::File) -> std::io::Result<Vec<u8>> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finalize().to_vec()),
            length => hasher.update(&piece[..length]),
        }
    }
}
