//! A page of the caller's history.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::UnloadView;

/// A page of unloads, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ListView {
    /// The unloads of this page.
    pub items: Vec<UnloadView>,
    /// What to send as `cursor`, with the same filters, for the next page; null on the last.
    #[schema(required)]
    pub next: Option<String>,
}
