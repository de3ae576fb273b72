//! The files of an unload with links to them, minted at the very call.

use chrono::{DateTime, Utc};
use outflow_core::RequestId;
use outflow_core::receipt::{Checksum, ChecksumAlgorithm, ReceiptFile};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::schema;

/// A page of the files of an unload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FilesView {
    /// The unload.
    #[schema(value_type = String)]
    pub request_id: RequestId,
    /// How many files there are on all pages.
    pub file_count: u32,
    /// The files of this page, in their order; at most 1,000.
    pub files: Vec<FileView>,
    /// What to send as `cursor` for the next page; null on the last.
    #[schema(required)]
    pub next: Option<String>,
}

/// A file and a link to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileView {
    /// Its place in the list, from 0; stable.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// A signed link that needs nothing else, and dies soon.
    pub url: String,
    /// When the link dies. The address `/api/unload/{id}/files/{index}` gives a new one.
    pub expires_at: DateTime<Utc>,
    /// Its size.
    pub bytes: u64,
    /// How many data rows it holds, where that is known by file.
    #[schema(required)]
    pub rows: Option<u64>,
    /// Its checksum.
    pub checksum: ChecksumView,
    /// Its media type.
    pub content_type: String,
}

/// A checksum of a whole file, of the bytes as they are downloaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChecksumView {
    /// How it was made.
    #[schema(schema_with = schema::algorithm)]
    pub algorithm: ChecksumAlgorithm,
    /// The value, lowercase hexadecimal.
    pub value: String,
}

impl FileView {
    /// The file of a receipt, with a link that lives until `expires_at`.
    pub fn new(file: &ReceiptFile, url: String, expires_at: DateTime<Utc>) -> Self {
        Self {
            index: file.index,
            name: file.name.clone(),
            url,
            expires_at,
            bytes: file.bytes,
            rows: file.rows,
            checksum: ChecksumView::from(&file.checksum),
            content_type: file.content_type.clone(),
        }
    }
}

impl From<&Checksum> for ChecksumView {
    fn from(checksum: &Checksum) -> Self {
        Self { algorithm: checksum.algorithm, value: checksum.value.clone() }
    }
}
