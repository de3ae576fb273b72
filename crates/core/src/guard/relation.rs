//! Which tables may be read: everything but the catalogs, which show what other people's data is and does.

use crate::parameter::shown;
use crate::{Code, Error, Result};

/// What may be read. Today one rule for everybody; an owner's own list of tables will be another variant.
#[derive(Debug, Clone, Default)]
pub(crate) enum RelationPolicy {
    /// Any table but the warehouse's own catalogs and logs.
    #[default]
    NoCatalogs,
}

impl RelationPolicy {
    /// Checks the parts of a name, folded as the warehouse compares them.
    pub(crate) fn check(&self, parts: &[String]) -> Result<()> {
        let Self::NoCatalogs = self;
        let whole = shown(&parts.join("."));
        if parts.len() > 3 {
            return Err(refused(&whole, "has more than three parts; write it as database.schema.table or shorter"));
        }
        if parts.iter().any(|part| part.is_empty()) {
            return Err(refused(&whole, "has an empty part; name the table"));
        }
        if parts.iter().rev().take(2).any(|part| is_catalog(part)) {
            return Err(refused(
                &whole,
                "belongs to the warehouse's own catalog, which nobody reads through Outflow; name a table of data",
            ));
        }
        if parts.iter().any(|part| is_file(part)) {
            return Err(refused(&whole, "names a file; name the table that was made of it"));
        }
        Ok(())
    }
}

fn refused(whole: &str, why: &str) -> Error {
    Error::new(Code::SqlRelationNotAllowed, format!("`{whole}` {why}"))
}

/// A schema or a table of the catalog; a database may be called what it likes.
fn is_catalog(part: &str) -> bool {
    const PREFIXES: [&str; 7] = ["pg_", "stl_", "stv_", "svl_", "svv_", "svcs_", "sys_"];
    let part = part.to_lowercase();
    part == "information_schema" || PREFIXES.iter().any(|prefix| part.starts_with(prefix))
}

fn is_file(part: &str) -> bool {
    const ENDINGS: [&str; 14] = [
        ".parquet", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".avro", ".arrow", ".orc", ".gz", ".zst", ".bz2", ".xz", ".txt",
    ];
    let part = part.to_lowercase();
    part.contains(['/', '\\']) || part.contains("://") || ENDINGS.iter().any(|ending| part.ends_with(ending))
}
