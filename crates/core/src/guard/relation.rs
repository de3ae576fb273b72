//! Which tables nobody may read: the catalogs, which show what other people's data is and does, and files. Who may read which of the others
//! is for a policy to say.
//!
//! A catalog is known by its schema. Redshift finds its catalogs and logs by their bare names too.

use crate::parameter::shown;
use crate::{Code, Error, Result};

/// How a warehouse finds its catalogs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Catalogs {
    /// In `information_schema` and `pg_catalog` alone: a table `pg_stuff` is somebody's data.
    BySchema,
    /// By the names that Redshift keeps for its catalogs and logs.
    ByName,
}

impl Catalogs {
    /// Checks the parts of a name, folded as the warehouse compares them.
    pub(crate) fn check(&self, parts: &[String]) -> Result<()> {
        let whole = shown(&parts.join("."));
        if parts.len() > 3 {
            return Err(refused(&whole, "has more than three parts; write it as database.schema.table or shorter"));
        }
        if parts.iter().any(|part| part.is_empty()) {
            return Err(refused(&whole, "has an empty part; name the table"));
        }
        let is_catalog = match self {
            Self::BySchema => parts.iter().rev().nth(1).is_some_and(|schema| is_catalog_schema(schema)),
            Self::ByName => parts.iter().rev().take(2).any(|part| is_catalog_name(part)),
        };
        if is_catalog {
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

fn is_catalog_schema(schema: &str) -> bool {
    matches!(schema.to_lowercase().as_str(), "information_schema" | "pg_catalog")
}

/// A schema or a table of the catalog; a database may be called what it likes.
fn is_catalog_name(part: &str) -> bool {
    const PREFIXES: [&str; 9] = ["padb_", "pg_", "stl_", "stv_", "svcs_", "svl_", "svv_", "sys_", "systable_"];
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
