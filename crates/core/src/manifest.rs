//! The manifest that UNLOAD writes with `MANIFEST VERBOSE`: what the warehouse says that it wrote.
//!
//! Read leniently, since the documentation's own example is not valid JSON and the keys of a column's dimensions are not documented.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::schema::Column;
use crate::{Code, Error, Result};

/// A manifest, as far as Outflow relies on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The files.
    pub entries: Vec<Entry>,
    /// The columns.
    #[serde(default)]
    pub schema: Option<Schema>,
    /// The sums.
    #[serde(default)]
    pub meta: Option<Meta>,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Author>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its address, `s3://bucket/key`.
    pub url: String,
    /// Its numbers.
    #[serde(default)]
    pub meta: Option<Meta>,
}

/// Bytes and records; a header line counts as a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// Bytes as they lie in storage.
    pub content_length: u64,
    /// Records, header lines counted.
    pub record_count: u64,
}

/// The columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// In their order.
    pub elements: Vec<Element>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Element {
    /// Its name.
    pub name: String,
    /// Its type: an object with `base` and dimensions.
    #[serde(rename = "type")]
    pub data_type: Value,
}

/// Who wrote a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// The program.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// `verification_failed` when it is no manifest.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        serde_json::from_slice(bytes)
            .map_err(|error| Error::new(Code::VerificationFailed, "the manifest cannot be read").with_source(error))
    }

    /// The columns, their types in words.
    pub fn columns(&self) -> Vec<Column> {
        let elements = self.schema.iter().flat_map(|schema| &schema.elements);
        elements.map(|element| Column { name: element.name.clone(), data_type: type_name(&element.data_type) }).collect()
    }
}

/// `{"base": "numeric", "precision": 15, "scale": 2}` as `numeric(15,2)`.
fn type_name(data_type: &Value) -> String {
    let base = data_type.get("base").and_then(Value::as_str).or_else(|| data_type.as_str()).unwrap_or("unknown");
    let dimension = |name: &str| data_type.get(name).and_then(Value::as_u64);
    match (dimension("precision"), dimension("scale"), dimension("max_length")) {
        (Some(precision), Some(scale), _) => format!("{base}({precision},{scale})"),
        (Some(size), None, _) | (None, _, Some(size)) => format!("{base}({size})"),
        _ => base.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verbose_manifest_is_read() {
        let text = r#"{"entries":[{"url":"s3://b/k000","meta":{"content_length":10,"record_count":3}}],
            "schema":{"elements":[{"name":"a","type":{"base":"numeric","precision":15,"scale":2}},{"name":"b","type":{"base":"character varying","max_length":25}},
            {"name":"c","type":{"base":"bigint"}}]},"meta":{"content_length":10,"record_count":3},"author":{"name":"Amazon Redshift","version":"1.0.0"}}"#;
        let manifest = Manifest::parse(text.as_bytes()).unwrap();
        let types: Vec<_> = manifest.columns().into_iter().map(|column| column.data_type).collect();
        assert_eq!(types, ["numeric(15,2)", "character varying(25)", "bigint"]);
        assert_eq!(manifest.entries[0].meta.unwrap().record_count, 3);
    }

    #[test]
    fn a_plain_manifest_is_read_and_rubbish_is_not() {
        assert_eq!(Manifest::parse(br#"{"entries":[{"url":"s3://b/k000"}]}"#).unwrap().entries.len(), 1);
        assert_eq!(Manifest::parse(b"{").unwrap_err().code(), Code::VerificationFailed);
    }
}
