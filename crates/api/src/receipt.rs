//! The receipt as the API shows it: the same document as `receipt.json` beside the files.

use chrono::{DateTime, Utc};
use outflow_core::receipt::{Receipt, ReceiptFile};
use outflow_core::{Owner, RequestId, StatementId, UnloadId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ChecksumView, ColumnView, OptionsView};

/// What was verified of an unload, and what Outflow stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptView {
    /// The form of this document; 1.
    pub version: u32,
    /// The caller's name for the unload.
    #[schema(value_type = String)]
    pub request_id: RequestId,
    /// Outflow's own.
    #[schema(value_type = String, format = Uuid)]
    pub unload_id: UnloadId,
    /// Whose it is.
    #[schema(value_type = String)]
    pub owner: Owner,
    /// The attempt that won.
    pub attempt: u32,
    /// The warehouse's name in the configuration.
    pub warehouse: String,
    /// The warehouse's own name for the statement.
    #[schema(value_type = String)]
    pub statement_id: StatementId,
    /// SHA-256 of the query as sent, lowercase hexadecimal.
    pub sql_sha256: String,
    /// The options that held.
    pub options: OptionsView,
    /// The columns, in their order.
    pub schema: Vec<ColumnView>,
    /// The files, in their order.
    pub files: Vec<ReceiptFileView>,
    /// The data rows of all files.
    pub row_count: u64,
    /// The bytes of all files.
    pub byte_count: u64,
    /// When the unload was accepted.
    pub created_at: DateTime<Utc>,
    /// When the attempt was verified.
    pub verified_at: DateTime<Utc>,
}

/// One file of a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptFileView {
    /// Its place in the list, from 0; stable.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its size as it lies in storage.
    pub bytes: u64,
    /// How many data rows it holds, header lines not counted, where that is known by file.
    #[schema(required)]
    pub rows: Option<u64>,
    /// Its checksum.
    pub checksum: ChecksumView,
    /// Its media type.
    pub content_type: String,
}

impl From<&Receipt> for ReceiptView {
    fn from(receipt: &Receipt) -> Self {
        Self {
            version: receipt.version,
            request_id: receipt.request_id.clone(),
            unload_id: receipt.unload_id,
            owner: receipt.owner.clone(),
            attempt: receipt.attempt,
            warehouse: receipt.warehouse.clone(),
            statement_id: receipt.statement_id.clone(),
            sql_sha256: receipt.sql_sha256.clone(),
            options: OptionsView::from(&receipt.options),
            schema: receipt.schema.iter().map(ColumnView::from).collect(),
            files: receipt.files.iter().map(ReceiptFileView::from).collect(),
            row_count: receipt.row_count,
            byte_count: receipt.byte_count,
            created_at: receipt.created_at,
            verified_at: receipt.verified_at,
        }
    }
}

impl From<&ReceiptFile> for ReceiptFileView {
    fn from(file: &ReceiptFile) -> Self {
        Self {
            index: file.index,
            name: file.name.clone(),
            bytes: file.bytes,
            rows: file.rows,
            checksum: ChecksumView::from(&file.checksum),
            content_type: file.content_type.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use outflow_core::options::{Format, Requested};
    use outflow_core::receipt::{Checksum, ChecksumAlgorithm};
    use outflow_core::schema::Column;
    use outflow_core::{Timestamp, UnloadOptions};

    use super::*;

    #[test]
    fn the_view_is_the_document_that_lies_beside_the_files() {
        let partitioned = Requested { partition_by: Some(vec!["a".into()]), max_file_size_mb: Some(5), ..Requested::default() };
        let fixed = Requested { format: Some(Format::Text), fixed_width: Some("a:3".into()), ..Requested::default() };
        for options in [UnloadOptions::default(), partitioned.resolve().unwrap(), fixed.resolve().unwrap()] {
            check(options);
        }
    }

    fn check(options: UnloadOptions) {
        let receipt = Receipt {
            version: 1,
            request_id: RequestId::parse("abc").unwrap(),
            unload_id: UnloadId::parse("01990000-0000-7000-8000-000000000001").unwrap(),
            owner: Owner::local(),
            attempt: 2,
            warehouse: "main".into(),
            statement_id: StatementId::new("s-1"),
            sql_sha256: "00".into(),
            options,
            schema: vec![Column { name: "n".into(), data_type: "bigint".into() }],
            files: vec![ReceiptFile {
                index: 0,
                name: "output000.csv.gz".into(),
                bytes: 5,
                rows: None,
                checksum: Checksum { algorithm: ChecksumAlgorithm::Sha256, value: "ab".into() },
                content_type: "application/gzip".into(),
            }],
            row_count: 1,
            byte_count: 5,
            created_at: Timestamp::default(),
            verified_at: Timestamp::default(),
        };
        let view = ReceiptView::from(&receipt);
        assert_eq!(serde_json::to_value(&view).unwrap(), serde_json::to_value(&receipt).unwrap());
        assert_eq!(serde_json::from_value::<Receipt>(serde_json::to_value(&view).unwrap()).unwrap(), receipt);
    }
}
