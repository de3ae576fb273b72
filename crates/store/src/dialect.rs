//! What differs between SQLite and PostgreSQL in the text of a query, as a few words that the `.sql` files leave open.
//!
//! Everything else is written so that both read it alike: `$1` placeholders, `on conflict`, `returning`, row values.

use crate::record::COLUMNS;

/// Whose SQL is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// SQLite, one process.
    Sqlite,
    /// PostgreSQL, many replicas.
    Postgres,
}

impl Dialect {
    /// The name, as the metrics carry it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// The store's own clock, in microseconds since 1970: what leases are measured by, never a worker's clock.
    fn now(self) -> &'static str {
        match self {
            Self::Sqlite => "cast(unixepoch('subsec') * 1000000 as integer)",
            Self::Postgres => "(extract(epoch from clock_timestamp()) * 1000000)::bigint",
        }
    }

    /// What locks the rows read; one writer needs none.
    fn lock(self, clause: &'static str) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => clause,
        }
    }

    /// A parameter that is a JSON array of texts, opened into a set.
    fn each(self) -> (&'static str, &'static str) {
        match self {
            Self::Sqlite => ("(select value from json_each($", "))"),
            Self::Postgres => ("(select json_array_elements_text($", "::json))"),
        }
    }

    /// The text of a query with the words in braces filled in.
    pub(crate) fn fill_in(self, template: &str) -> String {
        let columns = COLUMNS.map(|column| format!("unload.{column}")).join(", ");
        let (before, after) = self.each();
        let text = template
            .replace("{unload}", &columns)
            .replace("{now}", self.now())
            .replace("{for update}", self.lock("for update"))
            .replace("{for update skip locked}", self.lock("for update skip locked"))
            .replace("{each $", before);
        let text = if text.contains('}') { text.replace('}', after) } else { text };
        debug_assert!(!text.contains('{'), "a word in braces is unknown in `{text}`");
        text
    }
}
