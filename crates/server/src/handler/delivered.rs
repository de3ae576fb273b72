//! What a call that wants files or a receipt says of an unload that has none.

use outflow_core::key::{AttemptPlace, StorageKey};
use outflow_core::receipt::{Receipt, ReceiptFile};
use outflow_core::state::ExpiryReason;
use outflow_core::{Code, State, Unload};
use outflow_storage::LinkTarget;
use outflow_storage::disposition::download_name;

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::handler::COME_BACK;

/// The receipt of an unload whose files are there.
pub(super) async fn files_of(app: &App, unload: &Unload) -> ApiResult<Receipt> {
    match &unload.state {
        State::Expired { reason, .. } => Err(expired(unload, *reason)),
        _ => receipt_of(app, unload).await,
    }
}

/// The receipt of an unload that was `DONE`.
pub(super) async fn receipt_of(app: &App, unload: &Unload) -> ApiResult<Receipt> {
    match &unload.state {
        State::Done { .. } | State::Expired { .. } => {
            let receipt = app.engine.store().receipt(unload.unload_id()).await?;
            receipt.ok_or_else(|| ApiError::new(Code::NotFound, "the receipt of the unload is not kept any more"))
        }
        State::Failed { failure, .. } => {
            Err(ApiError::new(Code::UnloadFailed, format!("the unload failed: {}", failure.message)))
        }
        State::Cancelled { .. } => Err(ApiError::new(Code::UnloadCancelled, "the unload was cancelled; it has no files")),
        _ => {
            let message = format!("the unload is `{}`; its files are there once it is `DONE`", unload.status().as_str());
            Err(ApiError::new(Code::NotReady, message).retry_after(COME_BACK))
        }
    }
}

/// Why the files of an unload are gone.
pub(super) fn expired(unload: &Unload, reason: ExpiryReason) -> ApiError {
    let when = unload.expires_at.map(|at| format!(" at {}", at.to_rfc3339())).unwrap_or_default();
    let message = match reason {
        ExpiryReason::Deleted => format!("the files were deleted{when}; the receipt is still there"),
        ExpiryReason::Retention => {
            format!(
                "the {} days for which the files were kept ended{when}; retry the unload to have them again",
                unload.asked.options.retention_days
            )
        }
    };
    ApiError::new(Code::UnloadExpired, message)
}

/// What a link to a file of a receipt leads to.
pub(super) fn link_target(receipt: &Receipt, file: &ReceiptFile) -> LinkTarget {
    let place = AttemptPlace { request_id: receipt.request_id.clone(), unload_id: receipt.unload_id, attempt: receipt.attempt };
    LinkTarget {
        key: StorageKey::File(place, file.name.clone()),
        download_name: download_name(&receipt.request_id, &receipt.options, &file.name, file.index, receipt.files.len()),
        content_type: file.content_type.clone(),
    }
}
