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

    /// Which index is read. SQLite keeps no statistics here and would guess; PostgreSQL knows.
    fn index(self) -> (&'static str, &'static str) {
        match self {
            Self::Sqlite => ("indexed by ", ""),
            Self::Postgres => ("/* by ", " */"),
        }
    }

    /// The text of a query with the words in braces filled in.
    pub(crate) fn fill_in(self, template: &str) -> String {
        let columns = COLUMNS.map(|column| format!("unload.{column}")).join(", ");
        let text = template
            .replace("{unload}", &columns)
            .replace("{now}", self.now())
            .replace("{for update}", self.lock("for update"))
            .replace("{for update skip locked}", self.lock("for update skip locked"));
        let text = replace_around(&text, "{each $", self.each());
        let text = replace_around(&text, "{indexed by ", self.index());
        debug_assert!(!text.contains('{'), "a word in braces is unknown in `{text}`");
        text
    }
}

/// Replaces what stands before a word, and the brace after it.
fn replace_around(text: &str, opening: &str, (before, after): (&str, &str)) -> String {
    let mut pieces = text.split(opening);
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + before + &piece.replacen('}', after, 1))
}
