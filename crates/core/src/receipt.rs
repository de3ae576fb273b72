//! The receipt: what Outflow verified and stands for. It lies beside the files as `receipt.json`, written last, and in the store.

use serde::{Deserialize, Serialize};

use crate::schema::Column;
use crate::{Owner, RequestId, StatementId, Timestamp, UnloadId, UnloadOptions};

/// How a checksum was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChecksumAlgorithm {
    /// SHA-256, of bytes that passed through us.
    #[serde(rename = "sha256")]
    Sha256,
    /// CRC-64/NVME, as S3 keeps it.
    #[serde(rename = "crc64nvme")]
    Crc64Nvme,
}

/// A checksum of a whole file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    /// How it was made.
    pub algorithm: ChecksumAlgorithm,
    /// The value, lowercase hexadecimal.
    pub value: String,
}

/// One file of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptFile {
    /// Its place in the list, from 0; stable.
    pub index: u32,
    /// Its name within the attempt's folder.
    pub name: String,
    /// Its size as it lies in storage.
    pub bytes: u64,
    /// How many data rows it holds, header lines not counted; unknown where the warehouse cannot say it by file.
    pub rows: Option<u64>,
    /// Its checksum, of the bytes as they lie in storage.
    pub checksum: Checksum,
    /// Its media type.
    pub content_type: String,
}

/// What was verified of an unload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The form of this document; 1.
    pub version: u32,
    /// The caller's name for the unload.
    pub request_id: RequestId,
    /// Ours.
    pub unload_id: UnloadId,
    /// Whose it is.
    pub owner: Owner,
    /// The attempt that won.
    pub attempt: u32,
    /// The warehouse's name in the configuration.
    pub warehouse: String,
    /// The warehouse's own name for the statement.
    pub statement_id: StatementId,
    /// SHA-256 of the query as sent, lowercase hexadecimal.
    pub sql_sha256: String,
    /// The options that held.
    pub options: UnloadOptions,
    /// The columns, in their order.
    pub schema: Vec<Column>,
    /// The files, in their order.
    pub files: Vec<ReceiptFile>,
    /// The data rows of all files.
    pub row_count: u64,
    /// The bytes of all files.
    pub byte_count: u64,
    /// When the unload was accepted.
    pub created_at: Timestamp,
    /// When the attempt was verified.
    pub verified_at: Timestamp,
}
