//! What a query may read.

use outflow_core::schema::{Column, Table};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The tables of a warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TablesView {
    /// The warehouse's name in the configuration.
    pub warehouse: String,
    /// Its tables, as far as it can say.
    pub tables: Vec<TableView>,
}

/// A table that a query may name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TableView {
    /// Its name, as a query writes it.
    pub name: String,
    /// Its columns; empty where they cannot be told.
    pub columns: Vec<ColumnView>,
    /// Why its columns cannot be told.
    #[schema(required)]
    pub error: Option<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ColumnView {
    /// Its name.
    pub name: String,
    /// Its type in Redshift's words.
    #[serde(rename = "type")]
    pub data_type: String,
}

impl From<&Table> for TableView {
    fn from(table: &Table) -> Self {
        Self {
            name: table.name.clone(),
            columns: table.columns.iter().map(ColumnView::from).collect(),
            error: table.error.clone(),
        }
    }
}

impl From<&Column> for ColumnView {
    fn from(column: &Column) -> Self {
        Self { name: column.name.clone(), data_type: column.data_type.clone() }
    }
}
