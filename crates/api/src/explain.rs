//! What a request would run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::OptionsView;

/// The guard's verdict on a query that it lets through, and what would run. (What it refuses is answered as a problem.)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExplainView {
    /// Always true: the request would be accepted as it is.
    pub allowed: bool,
    /// The warehouse that it would run in.
    pub warehouse: String,
    /// The tables that the query reads.
    pub tables: Vec<String>,
    /// Whether the query has an outer `ORDER BY`, which the result would keep.
    pub ordered: bool,
    /// Whether the query has an outer `LIMIT` or `TOP`, which would be wrapped.
    pub limited: bool,
    /// The options that would hold.
    pub options: OptionsView,
    /// The labels that it would carry.
    pub labels: BTreeMap<String, String>,
    /// The text that the warehouse would get. The identifiers in its destination are made anew for each unload.
    pub statement: String,
}
