//! The columns of a result, as manifest and receipt tell of them.

use serde::{Deserialize, Serialize};
use sqlparser::keywords::ALL_KEYWORDS;

/// One column of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type in Redshift's words, such as `character varying(25)` or `numeric(15,2)`.
    #[serde(rename = "type")]
    pub data_type: String,
}

/// The place of a name among those of columns: exactly that name, or the only one that is the same once both are `folded`.
pub fn place_of_column<'a>(
    names: impl IntoIterator<Item = &'a str> + Clone,
    name: &str,
    folded: impl Fn(&str) -> String,
) -> Option<usize> {
    if let Some(place) = names.clone().into_iter().position(|column| column == name) {
        return Some(place);
    }
    let wanted = folded(name);
    let mut alike = names.into_iter().enumerate().filter(|(_, column)| folded(column) == wanted);
    match (alike.next(), alike.next()) {
        (Some((place, _)), None) => Some(place),
        _ => None,
    }
}

/// Whether a query must quote that word as a name: SQL has it for something.
pub fn is_keyword(word: &str) -> bool {
    ALL_KEYWORDS.binary_search(&word.to_uppercase().as_str()).is_ok()
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
