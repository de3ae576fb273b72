//! The columns of a result, as manifest and receipt tell of them.

use serde::{Deserialize, Serialize};

/// One column of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type in Redshift's words, such as `character varying(25)` or `numeric(15,2)`.
    #[serde(rename = "type")]
    pub data_type: String,
}

/// A table that a query may name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name, as a query writes it.
    pub name: String,
    /// Its columns; empty where it cannot be read, and then `error` says why.
    pub columns: Vec<Column>,
    /// Why its columns cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
